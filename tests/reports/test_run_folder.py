"""A run's folder is read as far as it goes, and what is missing is said."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.clock import BenchClock
from harness.commands.judging import judge_run
from harness.errors import ConfigError
from harness.evidence import UNCHECKED
from harness.judge.verdict import Verdict
from harness.line.tape import Tape
from reports.judgement import judgement_lines
from reports.run_folder import Word, read_run_folder
from tests.reports.conftest import CASES, plan_of

Change = Callable[[Path, Callable[[dict[str, Any]], dict[str, Any]]], None]


def test_a_whole_folder_has_no_gaps(run_folder: Path) -> None:
    run = read_run_folder(run_folder)
    assert run.gaps == ()
    assert run.verdict.word is Word.FINDINGS
    assert [case.outcome for case in run.cases][:3] == [Verdict.PASSED, Verdict.FAILED, Verdict.INCONCLUSIVE]
    assert run.cases[1].findings[0].rule == "settled-at-most-once"
    assert run.cases[1].faults[0].fired
    assert not run.cases[2].faults[0].fired
    assert run.verdict.missing == ("pharmacy/refund",)
    assert all(run.history(case) is not None for case in run.cases)


def test_a_certificate_is_certified(good_folder: Path) -> None:
    assert read_run_folder(good_folder).verdict.word is Word.CERTIFIED


def test_a_passed_part_of_a_plan_is_no_certificate(write_good: Callable[..., Path]) -> None:
    folder = write_good(plan=plan_of(CASES[:2]), demanded=CASES[:1])
    verdict = read_run_folder(folder).verdict
    assert verdict.word is Word.PASSED
    assert verdict.headline == (
        "PASSED 通过 (only a part of the plan was asked for, 1 of 2 cases: no certificate "
        "仅执行计划 2 个用例中的 1 个，不予认证)"
    )
    assert verdict.sentence.en.endswith("only a part of the plan was asked for: 1 of 2 cases.")
    assert verdict.sentence.zh.endswith("2 个用例中的 1 个。")
    assert verdict.headline in list(judgement_lines(judge_run(folder)))


def test_a_run_of_an_older_version_is_never_certified_since_nobody_can_check_it(good_folder: Path) -> None:
    with Tape(BenchClock(), good_folder / "older.bin") as older:
        older.event("bench", "run", plan="pharmacy", seed=7, profile="qinghai")
    (good_folder / "older.bin").replace(good_folder / "tape.bin")
    run = read_run_folder(good_folder)
    assert [gap.en for gap in run.gaps] == [UNCHECKED]
    assert run.verdict.word is Word.INCONCLUSIVE
    assert run.verdict.passed == 1


@pytest.mark.parametrize("name", ["manifest.json", "cases.jsonl", "verdict.json", "tape.bin"])
def test_each_missing_file_is_named(run_folder: Path, name: str) -> None:
    (run_folder / name).unlink()
    run = read_run_folder(run_folder)
    assert [gap for gap in run.gaps if name in gap.en and name in gap.zh]


@pytest.mark.parametrize("name", ["manifest.json", "cases.jsonl", "verdict.json", "tape.bin"])
@pytest.mark.parametrize("part", [0.0, 0.3, 0.7, 0.99])
def test_each_file_may_be_cut_short(run_folder: Path, name: str, part: float) -> None:
    whole = (run_folder / name).read_bytes()
    (run_folder / name).write_bytes(whole[: int(len(whole) * part)])
    run = read_run_folder(run_folder)
    assert run.gaps or (name == "cases.jsonl" and len(run.cases) < 4)


def test_without_a_verdict_a_run_is_never_certified(good_folder: Path) -> None:
    (good_folder / "verdict.json").unlink()
    verdict = read_run_folder(good_folder).verdict
    assert verdict.word is Word.INCONCLUSIVE
    assert (verdict.demanded, verdict.passed, verdict.missing) == (1, 1, ())


def test_without_a_verdict_what_is_missing_is_counted(run_folder: Path) -> None:
    (run_folder / "verdict.json").unlink()
    verdict = read_run_folder(run_folder).verdict
    assert verdict.word is Word.FINDINGS
    assert (verdict.demanded, verdict.missing) == (5, ("pharmacy/refund",))


def test_a_tape_that_is_not_the_judged_one_is_reported(run_folder: Path, change: Change) -> None:
    change(run_folder / "verdict.json", lambda v: {**v, "tape_head": "00" * 32})
    assert "tape_head is not what the tape says" in read_run_folder(run_folder).gaps[0].en


def test_a_folder_of_something_else_is_your_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not the folder of a run"):
        read_run_folder(tmp_path)


def test_lines_of_the_wrong_shape_do_no_harm(run_folder: Path) -> None:
    (run_folder / "cases.jsonl").write_text('[]\nnull\n{"verdict": "passed", "findings": 3, "faults": [1]}\n')
    (run_folder / "manifest.json").write_text('{"devices": {"a": 1}, "seed": "x", "rules": [], "adapter": null}')
    assert len(read_run_folder(run_folder).cases) == 4, "the tape's"
    (run_folder / "tape.bin").unlink()
    run = read_run_folder(run_folder)
    assert len(run.cases) == 1
    assert run.manifest.seed is None
    assert not run.manifest.all_virtual
