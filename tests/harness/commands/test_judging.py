"""Judging again: the same tape gives the same bytes anywhere; whatever was changed or lost is named."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.commands.judging import Judgement, judge_run
from harness.errors import BenchError, ConfigError, ExitStatus
from harness.judge.verdict import Verdict
from harness.line.folder import CASES, MANIFEST, TAPE, VERDICT


def cut(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])


def drop_last_line(path: Path) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def edit(path: Path, change: Callable[[dict[str, object]], None]) -> None:
    content = json.loads(path.read_bytes())
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def test_a_copy_elsewhere_is_judged_byte_for_byte_the_same(folder: Path) -> None:
    again = judge_run(folder)
    assert again.text.encode() == (folder / CASES).read_bytes()
    assert (again.verdict, again.missing, again.differences, again.broken) == (Verdict.PASSED, (), (), None)
    assert again.status is ExitStatus.CERTIFIED


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda f: (f / CASES).unlink(), "cases.jsonl is missing; the tape holds 3 cases"),
        (lambda f: drop_last_line(f / CASES), "cases.jsonl ends before my/third"),
        (lambda f: cut(f / CASES, 100), "line 1 of cases.jsonl is cut short or was changed"),
        (
            lambda f: (f / CASES).write_bytes((f / CASES).read_bytes().replace(b"passed", b"failed", 1)),
            "line 1 of cases.jsonl is cut short or was changed",
        ),
        (
            lambda f: (f / CASES).write_bytes((f / CASES).read_bytes() + b"{}\n"),
            "the tape ends before line 4 of cases.jsonl",
        ),
        (lambda f: (f / VERDICT).unlink(), "verdict.json is missing"),
        (lambda f: cut(f / VERDICT, 10), "verdict.json is cut short or damaged"),
        (lambda f: (f / VERDICT).write_text("[1]"), "was given for another tape"),
        (
            lambda f: edit(f / VERDICT, lambda c: c.update(verdict="failed")),
            "says verdict 'failed', the tape and manifest.json say 'passed'",
        ),
        (lambda f: edit(f / VERDICT, lambda c: c.update(certified=True)), "says certified True"),
        (lambda f: edit(f / VERDICT, lambda c: c.update(cases={"demanded": 78})), "says cases {'demanded': 78}"),
        (lambda f: edit(f / VERDICT, lambda c: c.update(tape_head="0" * 64)), "was given for another tape"),
    ],
)
def test_what_a_file_lacks_or_says_otherwise_is_named(
    folder: Path, damage: Callable[[Path], object], says: str
) -> None:
    damage(folder)
    again = judge_run(folder)
    assert any(says in difference for difference in again.differences)
    assert again.status is ExitStatus.INCONCLUSIVE


@pytest.mark.parametrize(
    "content", [None, "", '{"rul', "[1]", "[" * 9999, "{}", '{"rules": {}}', '{"rules": 3}', '{"rules": {"a": {}}}']
)
def test_without_a_manifest_nobody_knows_the_rules(folder: Path, content: str | None) -> None:
    (folder / MANIFEST).unlink()
    if content is not None:
        (folder / MANIFEST).write_text(content)
    with pytest.raises(BenchError, match="nobody knows by which rules"):
        judge_run(folder)


def test_a_rule_of_another_version_is_named(folder: Path) -> None:
    terms = {"severity": "major", "clause": "x"}
    edit(folder / MANIFEST, lambda c: c.update(liantiao="9.9", rules={"rule-to-come": terms}))
    with pytest.raises(BenchError, match="rule-to-come") as caught:
        judge_run(folder)
    assert "version 9.9" in caught.value.cause


@pytest.mark.parametrize("where", ["nowhere", "."])
def test_a_folder_of_something_else_is_the_users_affair(tmp_path: Path, where: str) -> None:
    with pytest.raises(ConfigError, match="is not the folder of a run"):
        judge_run(tmp_path / where)


def sound(again: Judgement) -> bool:
    return again.broken is None and not again.differences


def test_a_tape_cut_anywhere_is_never_taken_for_whole(folder: Path) -> None:
    whole = (folder / TAPE).read_bytes()
    for size in random.Random(1).sample(range(len(whole)), 25):
        (folder / TAPE).write_bytes(whole[:size])
        again = judge_run(folder)
        assert not sound(again)
        assert again.status is ExitStatus.INCONCLUSIVE


def test_a_byte_changed_anywhere_is_found(folder: Path) -> None:
    whole = (folder / TAPE).read_bytes()
    for place in random.Random(2).sample(range(len(whole)), 25):
        changed = bytearray(whole)
        changed[place] ^= 1 << (place % 8)
        (folder / TAPE).write_bytes(changed)
        again = judge_run(folder)
        assert again.broken is not None
        assert again.status is ExitStatus.INCONCLUSIVE


def test_a_run_that_was_ended_between_two_cases_is_not_passed(folder: Path) -> None:
    edit(folder / MANIFEST, lambda c: c.update(demanded=["my/first", "my/second", "my/third", "my/fourth"]))
    again = judge_run(folder)
    assert (again.verdict, again.missing) == (Verdict.INCONCLUSIVE, ("my/fourth",))
