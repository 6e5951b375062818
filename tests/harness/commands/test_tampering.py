"""A run's folder after somebody's visit with an editor: judging it again names what was changed, whatever it was."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.clock import BenchClock
from harness.commands.judging import judge_run
from harness.errors import BenchError, ExitStatus
from harness.evidence import UNCHECKED, read_evidence
from harness.judge.differences import How
from harness.judge.history import CaseHistory
from harness.judge.plan import RuleTerms, Severity, load_plan
from harness.judge.verdict import CaseVerdict, Verdict, judge_case
from harness.line.folder import CASES, MANIFEST, TAPE, VERDICT
from harness.line.record import Kind, Record
from harness.line.tape import Tape, read_tape
from harness.wire.profile import load_profile

ORDINALS = ("first", "second", "third")
TERMS = RuleTerms(severity=Severity.MINOR, clause="another")
MANIFEST_MEMBERS = (
    *("liantiao", "versions", "plan", "title", "bench", "profile", "profile_sm3", "seed", "clock", "started"),
    *("devices", "subject", "adapter", "again", "cases", "cases_sm3", "demanded", "left_out", "plan_differs"),
    *("settings", "rules", "rules_sm3"),
)
VERDICT_MEMBERS = (
    *("verdict", "plan", "scope", "cases", "tape_head", "certified", "restricted", "left_out", "plan_differs"),
)
CASE_MEMBERS = (
    *("case", "title", "verdict", "requirements", "first_seq", "last_seq", "findings", "inconclusive", "faults"),
    "elapsed_ms",
)


def cut(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])


def drop_last_line(path: Path) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    content = json.loads(path.read_bytes())
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def altered(value: Any) -> Any:
    """What somebody might make of a value with an editor."""
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str():
            return f"{value}x"
        case list():
            return value[1:] or ["x"]
        case dict() if value:
            return dict(list(value.items())[1:])
        case _:
            return {"x": []}


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in a JSON value that holds no other."""
    inner = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())
    for name, one in inner:
        yield from leaves(one, (*path, name))
    if not inner:
        yield path


def again_without(path: Path, target: Path, wanted: Callable[[Record], bool]) -> str:
    """A tape written anew, sound, with the wanted records alone; returns its head."""
    with Tape(BenchClock(), target) as tape:
        for record in read_tape(path).records:
            if record.name == "run" and not wanted(record):
                tape.event(record.channel, "run", plan="pharmacy", seed=20201014, profile="qinghai")
            elif not wanted(record):
                continue
            elif record.kind is Kind.FRAME:
                tape.frame(record.channel, record.direction, record.data)
            else:
                fields = {name: value for name, value in record.event.items() if name != "event"}
                tape.event(record.channel, record.name, **fields)
        return tape.head


def make_older(folder: Path) -> None:
    """Make the folder one of a version whose tapes did not say by which rules."""
    again_without(folder / TAPE, folder / "older.bin", lambda record: record.name not in {"run", "judged", "run-end"})
    (folder / "older.bin").replace(folder / TAPE)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda f: (f / CASES).unlink(), "cases.jsonl is missing"),
        (lambda f: drop_last_line(f / CASES), "cases.jsonl, my/third is on the tape and is missing here"),
        (lambda f: cut(f / CASES, 100), "cases.jsonl, line 1 is cut short or damaged"),
        (
            lambda f: (f / CASES).write_bytes((f / CASES).read_bytes().replace(b'":', b'": ', 1)),
            "cases.jsonl, line 1 (my/first), its spelling is not what the tape says",
        ),
        (
            lambda f: (f / CASES).write_bytes((f / CASES).read_bytes() + b'{"case":"my/fourth"}\n'),
            "cases.jsonl, line 4 is not on the tape",
        ),
        (lambda f: (f / VERDICT).unlink(), "verdict.json is missing"),
        (lambda f: cut(f / VERDICT, 10), "verdict.json is cut short or damaged"),
        (lambda f: (f / VERDICT).write_text("[1]"), "verdict.json is cut short or damaged"),
        (
            lambda f: (f / VERDICT).write_text((f / VERDICT).read_text().replace("{", '{"certified": true,', 1)),
            "verdict.json is cut short or damaged",
        ),
        (lambda f: (f / MANIFEST).unlink(), "manifest.json is missing"),
        (lambda f: cut(f / MANIFEST, 100), "manifest.json is cut short or damaged"),
        (lambda f: (f / MANIFEST).write_text("[" * 9999), "manifest.json is cut short or damaged"),
    ],
)
def test_what_a_file_lacks_or_cannot_be_read_is_named(
    folder: Path, damage: Callable[[Path], object], says: str
) -> None:
    damage(folder)
    again = judge_run(folder)
    assert any(says in difference.en for difference in again.differences)
    assert again.status is ExitStatus.INCONCLUSIVE
    assert again.verdict is Verdict.PASSED, "the tape still says so"


def test_the_members_above_are_all_that_there_are(folder: Path) -> None:
    assert sorted(json.loads((folder / MANIFEST).read_bytes())) == sorted(MANIFEST_MEMBERS)
    assert sorted(json.loads((folder / VERDICT).read_bytes())) == sorted(VERDICT_MEMBERS)
    for line in (folder / CASES).read_bytes().splitlines():
        assert sorted(json.loads(line)) == sorted(CASE_MEMBERS)


@pytest.mark.parametrize("how", ["changed", "removed"])
@pytest.mark.parametrize(
    ("name", "member"),
    [*((MANIFEST, member) for member in MANIFEST_MEMBERS), *((VERDICT, member) for member in VERDICT_MEMBERS)],
)
def test_whatever_is_changed_with_an_editor_is_noticed(folder: Path, name: str, member: str, how: str) -> None:
    content = json.loads((folder / name).read_bytes())
    value = content.pop(member)
    (folder / name).write_text(json.dumps({**content, **({member: altered(value)} if how == "changed" else {})}))
    again = judge_run(folder)
    assert again.differences
    assert all(found.file == name for found in again.differences)
    assert all(found.place.partition(".")[0].partition("[")[0] == member for found in again.differences)
    assert all(found.expected and found.seen and found.expected != found.seen for found in again.differences)
    assert (again.status, again.certified) == (ExitStatus.INCONCLUSIVE, False)


@pytest.mark.parametrize("member", CASE_MEMBERS)
@pytest.mark.parametrize("line", [0, 1, 2])
def test_whatever_is_changed_in_a_case_is_noticed(folder: Path, member: str, line: int) -> None:
    lines = [json.loads(text) for text in (folder / CASES).read_bytes().splitlines()]
    lines[line][member] = altered(lines[line][member])
    (folder / CASES).write_text("".join(json.dumps(one, separators=(",", ":")) + "\n" for one in lines))
    again = judge_run(folder)
    assert [found.place for found in again.differences] == [f"line {line + 1} (my/{ORDINALS[line]}).{member}"]
    assert again.status is ExitStatus.INCONCLUSIVE


@pytest.mark.parametrize("name", [MANIFEST, VERDICT])
def test_every_leaf_counts(folder: Path, name: str) -> None:
    whole = json.loads((folder / name).read_bytes())
    for path in leaves(whole):
        content = place = json.loads(json.dumps(whole))
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = altered(place[path[-1]])
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
        assert any(found.file == name for found in read_evidence(folder).differences), path


def test_a_forged_certificate_is_none(folder: Path) -> None:
    edit(folder / MANIFEST, lambda c: c.update(rules=altered(c["rules"]), demanded=[], profile="jiangsu"))
    edit(folder / VERDICT, lambda c: c.update(certified=True, scope="whole-plan"))
    again = judge_run(folder)
    named = {found.place.partition(".")[0] for found in again.differences}
    assert named == {"rules", "demanded", "profile", "certified", "scope"}
    assert again.status is ExitStatus.INCONCLUSIVE


def test_a_cut_plan_is_named_and_so_is_another_profile(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = load_plan("pharmacy")
    assert judge_run(folder).plan_gap is None
    more = replace(shipped, cases=(*shipped.cases, "pharmacy/new"), rules={**shipped.rules, "case-holds": TERMS})
    monkeypatch.setattr("harness.judge.shipped.load_plan", lambda _: more)
    monkeypatch.setattr("harness.evidence.load_profile", lambda _: load_profile("jiangsu"))
    again = judge_run(folder)
    cases, rules = len(shipped.cases), len(shipped.rules)
    assert again.plan_gap is not None
    assert again.plan_gap.en == (
        f"differs from the shipped plan: {cases} of {cases + 1} cases, {rules - 1} of {rules} rules"
    )
    assert again.notes == ("the profile qinghai differs from the shipped one",)
    assert again.status is ExitStatus.CERTIFIED


def test_of_an_older_run_it_is_said_what_cannot_be_checked(folder: Path) -> None:
    make_older(folder)
    again = judge_run(folder)
    assert (again.verdict, again.unchecked, again.certified) == (Verdict.PASSED, UNCHECKED, False)
    assert again.status is ExitStatus.INCONCLUSIVE


@pytest.mark.parametrize(
    "content", [None, "", '{"rul', "[1]", "[" * 9999, "{}", '{"rules": {}}', '{"rules": 3}', '{"rules": {"a": {}}}']
)
def test_without_a_manifest_nobody_knows_the_rules_of_an_older_run(folder: Path, content: str | None) -> None:
    make_older(folder)
    (folder / MANIFEST).unlink()
    if content is not None:
        (folder / MANIFEST).write_text(content)
    with pytest.raises(BenchError, match="nobody knows by which rules"):
        judge_run(folder)


def test_a_rule_of_another_version_is_named(folder: Path) -> None:
    make_older(folder)
    terms = {"severity": "major", "clause": "x"}
    edit(folder / MANIFEST, lambda c: c.update(liantiao="9.9", rules={"rule-to-come": terms}))
    with pytest.raises(BenchError, match="rule-to-come") as caught:
        judge_run(folder)
    assert "version 9.9" in caught.value.cause


def test_a_tape_whose_end_was_cut_off_between_two_records_is_not_whole(folder: Path) -> None:
    head = again_without(folder / TAPE, folder / "cut.bin", lambda record: record.name != "run-end")
    (folder / "cut.bin").replace(folder / TAPE)
    edit(folder / VERDICT, lambda c: c.update(tape_head=head))
    again = judge_run(folder)
    assert any(found.how is How.ENDLESS for found in again.differences)
    assert again.status is ExitStatus.INCONCLUSIVE


def test_a_verdict_on_the_tape_that_judging_again_does_not_give_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stricter(history: CaseHistory, terms: Mapping[str, RuleTerms]) -> CaseVerdict:
        return replace(judge_case(history, terms), verdict=Verdict.FAILED)

    monkeypatch.setattr("harness.commands.judging.judge_case", stricter)
    again = judge_run(folder)
    assert [found.place for found in again.differences if found.file == TAPE] == [
        f"judged line {number} (my/{name}).verdict" for number, name in enumerate(ORDINALS, start=1)
    ]
    assert again.status is ExitStatus.INCONCLUSIVE
