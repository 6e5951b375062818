"""A run's folder as evidence: what its tape says of itself, and where the files beside the tape say something else.

    evidence = read_evidence(folder)         # never judges anew; `liantiao judge` does
    evidence.charter, evidence.judged, evidence.differences

Reads whatever is there: after a crash, or after somebody's visit with a text editor.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.judge.certificate import gap_of, verdict_content
from harness.judge.charter import Charter, digest_of, read_charter
from harness.judge.differences import NOTHING, Difference, How, brief, differences
from harness.judge.judged import has_ended, read_judged
from harness.judge.shipped import PlanGap
from harness.judge.verdict import CaseVerdict
from harness.line.folder import CASES, MANIFEST, TAPE, VERDICT
from harness.line.tape import TapeReading, read_tape
from harness.wire.profile import load_profile, offered_profiles

UNCHECKED = (
    "The tape does not hold what the run was asked for, as those of older versions did not: plan, rules, demanded "
    f"cases, devices and profile are taken from {MANIFEST}, and nobody can check whether that was changed."
)
"""What is said of a run whose tape has no charter."""
UNCHECKED_ZH = (
    "录带未载明运行的依据（旧版本的运行）：计划、规则、应执行用例、设备与省份配置均取自 "
    f"{MANIFEST}，无法核对其是否被改动。"
)


@dataclass(frozen=True)
class Evidence:
    """What stands on the tape of a run."""

    folder: Path
    reading: TapeReading | None
    """None without a tape."""
    charter: Charter | None
    """None for a tape of an older version, and for one that breaks before it."""

    @cached_property
    def judged(self) -> tuple[CaseVerdict, ...]:
        """The verdicts that the run gave, from the tape."""
        return read_judged(self.reading.records) if self.reading is not None else ()

    @cached_property
    def content(self) -> Mapping[str, Any]:
        """What `verdict.json` must hold, by the run's own verdicts; empty without a charter."""
        return content_of(self.charter, self.judged, self.reading) if self.charter and self.reading else {}

    @cached_property
    def differences(self) -> tuple[Difference, ...]:
        """Where manifest, cases and verdict say something else than the tape; none without a charter."""
        if self.charter is None or self.reading is None:
            return ()
        return tuple(file_differences(self.folder, self.charter, self.judged, self.reading))

    @cached_property
    def plan_gap(self) -> PlanGap | None:
        """How the run's plan differs from the one that ships now."""
        return gap_of(self.charter) if self.charter is not None else None

    @property
    def profile_differs(self) -> bool:
        """Whether the run's province profile is another one than ships now under its name."""
        if self.charter is None:
            return False
        name, digest = str(self.charter.told.get("profile")), self.charter.told.get("profile_sm3")
        return name not in offered_profiles() or digest != digest_of(load_profile(name).for_adapter())


def read_evidence(folder: Path) -> Evidence:
    """Read a run's tape. Raises BenchError when there is one that cannot be read."""
    reading = read_tape(folder / TAPE) if (folder / TAPE).is_file() else None
    return Evidence(folder, reading, read_charter(reading.records) if reading is not None else None)


def content_of(charter: Charter, verdicts: Sequence[CaseVerdict], reading: TapeReading) -> dict[str, Any]:
    """What `verdict.json` must hold by these verdicts."""
    demanded = charter.demanded or tuple(verdict.case for verdict in verdicts)
    return verdict_content(charter, verdicts, demanded=demanded, tape_head=reading.head)


def file_differences(
    folder: Path, charter: Charter, verdicts: Sequence[CaseVerdict], reading: TapeReading
) -> Iterator[Difference]:
    """Where the files beside a tape say something else than it and these verdicts do."""
    if reading.broken is None and not has_ended(reading.records):
        yield Difference(file=TAPE, how=How.ENDLESS)
    yield from _object_differences(folder / MANIFEST, charter.manifest)
    yield from _case_differences(folder / CASES, verdicts)
    yield from _object_differences(folder / VERDICT, content_of(charter, verdicts, reading))


def verdict_differences(given: Sequence[CaseVerdict], again: Sequence[CaseVerdict]) -> Iterator[Difference]:
    """Where the verdicts that a run gave, on its own tape, are not those that judging it again gives."""
    yield from _aligned(TAPE, [_line(verdict) for verdict in again], [_line(verdict) for verdict in given], "judged ")


def _object_differences(path: Path, expected: Mapping[str, Any]) -> Iterator[Difference]:
    try:
        seen = parse(path.read_bytes())
    except FileNotFoundError:
        yield Difference(file=path.name, how=How.MISSING)
        return
    except (OSError, ValueError, RecursionError):
        seen = None
    if isinstance(seen, dict):
        yield from differences(path.name, expected, seen)
    else:
        yield Difference(file=path.name, how=How.DAMAGED)


def _case_differences(path: Path, verdicts: Sequence[CaseVerdict]) -> Iterator[Difference]:
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except OSError:
        if verdicts:
            yield Difference(file=path.name, how=How.MISSING)
        return
    yield from _aligned(path.name, [_line(verdict) for verdict in verdicts], lines, "")


def _aligned(file: str, expected: Sequence[bytes], seen: Sequence[bytes], word: str) -> Iterator[Difference]:
    """The differences of lines of JSON, each beside the one that is of the same case."""
    ours, theirs = [_object(line) for line in expected], [_object(line) for line in seen]
    names, others = ([str(one.get("case", "")) for one in many] for many in (ours, theirs))
    for how, start, end, first, last in SequenceMatcher(None, names, others, autojunk=False).get_opcodes():
        if how == "equal" or end - start == last - first:
            for mine, other in zip(range(start, end), range(first, last), strict=True):
                place = f"{word}line {other + 1} ({names[mine]})"
                if not theirs[other]:
                    yield Difference(file=file, how=How.DAMAGED, place=place)
                elif found := list(differences(file, ours[mine], theirs[other], place)):
                    yield from found
                elif expected[mine] != seen[other]:
                    yield Difference(file=file, how=How.CHANGED, place=f"{place}, its spelling")
            continue
        for mine in range(start, end):
            verdict = brief(ours[mine].get("verdict"))
            yield Difference(file=file, how=How.LACKING, place=f"{word}{names[mine]}", expected=verdict, seen=NOTHING)
        for other in range(first, last):
            place = f"{word}line {other + 1}"
            if theirs[other]:
                name = brief(theirs[other].get("case"))
                yield Difference(file=file, how=How.ADDED, place=place, expected=NOTHING, seen=name)
            else:
                yield Difference(file=file, how=How.DAMAGED, place=place)


def _line(verdict: CaseVerdict) -> bytes:
    return verdict.line().encode()


def _object(line: bytes) -> Mapping[str, Any]:
    try:
        found = parse(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def parse(text: bytes) -> Any:  # noqa: ANN401 - whatever JSON holds
    """A JSON value; raises ValueError also for a member that is there twice, of which readers see one or the other."""
    return json.loads(text, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a member is there twice")
    return found
