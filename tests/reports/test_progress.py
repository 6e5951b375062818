"""What a terminal, a pipe and a machine hear while a run goes, and after it."""

import contextlib
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from reports.progress import ProgressView, print_summary, progress_view
from reports.run_folder import read_run_folder
from reports.summary import findings_table
from tests.reports.conftest import CASES, plan_of


def play(view: ProgressView) -> None:
    with view:
        view.began(3)
        view.case_started("a/good", "Good")
        view.case_ended("a/good", "passed", 0, 12)
        view.case_started("a/bad", "Bad")
        view.case_ended("a/bad", "failed", 2, 13)
        view.case_started("a/doubt\x1b[2J", "Doubtful\x1b[31m")
        view.case_ended("a/doubt\x1b[2J", "inconclusive", 0, 14)


def test_a_pipe_hears_of_problems_alone() -> None:
    out = io.StringIO()
    play(progress_view(out=out))
    lines = out.getvalue().splitlines()
    assert lines == [
        "✗ failed 不通过  a/bad  2 findings 个问题",
        "? inconclusive 无法判定  a/doubt\ufffd[2J",
    ]


def test_a_machine_hears_everything_as_json_lines() -> None:
    out = io.StringIO()
    play(progress_view(as_json=True, out=out))
    events = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [event["event"] for event in events] == ["began", *["case-started", "case-ended"] * 3]
    assert events[4] == {"event": "case-ended", "case": "a/bad", "verdict": "failed", "findings": 2, "elapsed_ms": 13}


def test_a_terminal_keeps_problems_and_puts_the_rest_away() -> None:
    out = io.StringIO()
    play(progress_view(console=Console(file=out, force_terminal=True, width=90, color_system=None)))
    text = out.getvalue()
    assert "✗ failed 不通过  a/bad  2 findings" in text
    assert "1 passed 通过   1 failed 不通过   1 inconclusive 无法判定" in text
    assert "3/3" in text
    assert "\x1b[31m" not in text
    assert text.rstrip().endswith("\x1b[2K")


def test_a_live_view_is_put_away_when_the_run_breaks() -> None:
    out = io.StringIO()
    view = progress_view(console=Console(file=out, force_terminal=True, width=90))
    with contextlib.suppress(RuntimeError), view:
        view.began(3)
        raise RuntimeError
    assert "\x1b[?25l" in out.getvalue()
    assert "\x1b[?25l" not in out.getvalue().partition("\x1b[?25h")[2]
    assert "\x1b[?25h" in out.getvalue()


def summary(folder: Path, *, as_json: bool = False) -> str:
    out = io.StringIO()
    print_summary(folder, Console(file=out, width=120, color_system=None), as_json=as_json)
    return out.getvalue()


def test_the_summary_of_a_bad_run(run_folder: Path) -> None:
    (run_folder / "report.html").touch()
    text = summary(run_folder)
    for part in (
        "FINDINGS 存在问题  pharmacy",
        "5 demanded",
        "1 failed",
        "settled-at-most-once",
        "a second 2102 with medfee_sumamt 25.00",
        "? pharmacy/byte-dropped: the fault drop-byte",
        "– pharmacy/refund: not run",
        f"report 报告: {run_folder / 'report.html'}",
        "replay 重放: liantiao certify pharmacy --case pharmacy/crash --seed 7",
    ):
        assert part in text


def test_the_summary_of_a_good_run_is_short(good_folder: Path) -> None:
    assert summary(good_folder).splitlines()[0] == "CERTIFIED 通过认证  pharmacy"
    assert "replay" not in summary(good_folder)


def test_the_summary_says_what_a_certificate_does_not_cover(write_good: Callable[..., Path]) -> None:
    folder = write_good(plan=plan_of(CASES[:1], {"pharmacy/face": ("terminal",)}))
    first, counts, left, differs, *_ = summary(folder).splitlines()
    assert first == "RESTRICTED CERTIFICATE 受限证书  pharmacy"
    assert counts.endswith("1 left out 未包含")
    assert left == "! 1 left out: no terminal on the bench 未包含 1 项：测试台没有医保综合服务终端"
    assert differs.startswith("! differs from the shipped plan: ")
    told = json.loads(summary(folder, as_json=True))
    assert (told["certified"], told["restricted"]) == (True, True)
    assert told["left_out"] == {"no terminal on the bench": ["pharmacy/face"]}


@pytest.mark.parametrize(
    ("cases", "says"),
    [
        (CASES[:2], "only a part of the plan was asked for"),
        (CASES[1:2], "own cases: no certificate 自编用例"),
    ],
)
def test_a_part_of_a_plan_and_own_cases_are_told_apart(
    write_good: Callable[..., Path], cases: tuple[str, ...], says: str
) -> None:
    first = summary(write_good(plan=plan_of(cases), demanded=CASES[:1])).splitlines()[0]
    assert first.startswith("PASSED 通过 (")
    assert says in first


def test_the_summary_for_machines_is_one_line(run_folder: Path) -> None:
    (line,) = summary(run_folder, as_json=True).splitlines()
    told = json.loads(line)
    assert (told["verdict"], told["cases"]["failed"], len(told["findings"])) == ("findings", 1, 2)
    assert told["findings"][0]["case"] == "pharmacy/crash"
    assert told["inconclusive"][0]["case"] == "pharmacy/byte-dropped"


def test_a_finding_cannot_steer_the_terminal(write_bad: Callable[..., Path]) -> None:
    run_folder = write_bad(seen="\x1b[2J\x07")
    assert "[2J" in summary(run_folder)
    assert "\x1b" not in summary(run_folder)


def test_a_line_that_was_edited_cannot_steer_the_terminal(run_folder: Path) -> None:
    cases = run_folder / "cases.jsonl"
    cases.write_text(cases.read_text(encoding="utf-8").replace("a second 2102", "\\u001b[2J\\u0007"), encoding="utf-8")
    assert "\x1b" not in summary(run_folder)


def test_a_long_number_is_not_cut_on_a_narrow_terminal(run_folder: Path) -> None:
    msgid = "P6399990000120201014083000000417"
    run = read_run_folder(run_folder)
    case = next(case for case in run.cases if case.findings)
    told = replace(case, findings=(replace(case.findings[0], expected=f"a 2601 naming {msgid}"),))
    out = io.StringIO()
    Console(file=out, width=60, color_system=None).print(findings_table(replace(run, cases=(told,))))
    last_column = "".join(line.split("│")[-2].strip() for line in out.getvalue().splitlines() if line.count("│") > 3)
    assert msgid in last_column
