"""A run's folder as evidence: what its tape says of itself, and where the files beside the tape say something else.

    evidence = read_evidence(folder)         # never judges anew; `liantiao judge` does
    evidence.charter, evidence.judged, evidence.differences

Reads whatever is there: after a crash, or after somebody's visit with a text editor.
"""

import errno
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.errors import BenchError
from harness.judge.certificate import gap_of, verdict_content
from harness.judge.charter import Charter, digest_of, read_charter
from harness.judge.differences import NOTHING, Difference, How, brief, differences, same
from harness.judge.judged import has_ended, read_judged
from harness.judge.shipped import PlanGap
from harness.judge.signed import Signing, certificate_content
from harness.judge.verdict import CaseVerdict
from harness.line.folder import CASES, MANIFEST, TAPE, VERDICT
from harness.line.tape import TapeReading, read_tape
from harness.signature import CERTIFICATE, EVIDENCE, SIGNATURE, Seal, SealState, digests, parse, read_signature
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
    def seal(self) -> Seal | None:
        """The certificate with its signature; None when the run is not signed."""
        return read_signature(self.folder)

    @property
    def signing(self) -> Signing | None:
        """Who signed it and when, where the signature holds; whether they are to be trusted is another question."""
        return self.seal.signing if self.seal is not None and self.seal.state is SealState.HOLDS else None

    @cached_property
    def plan_gap(self) -> PlanGap | None:
        """How the run's plan differs from the one that ships now."""
        return gap_of(self.charter) if self.charter is not None and self.charter.lists_rules else None

    @property
    def profile_differs(self) -> bool:
        """Whether the run's province profile is another one than ships now under its name."""
        if self.charter is None:
            return False
        name, digest = str(self.charter.told.get("profile")), self.charter.told.get("profile_sm3")
        return name not in offered_profiles() or digest != digest_of(load_profile(name).for_adapter())


def read_evidence(folder: Path) -> Evidence:
    """Read a run's tape. Raises BenchError when there is one that cannot be read."""
    tape = folder / TAPE
    if os.path.lexists(tape) and not tape.is_file():
        raise BenchError(
            f"The tape {tape} is no plain file.",
            cause="a folder, a pipe or a link to nothing stands in its place",
            remedy="get the folder again from where the run was made",
        )
    reading = read_tape(tape) if tape.is_file() else None
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
    if not charter.lists_rules:
        yield Difference(file=TAPE, how=How.DAMAGED, place="rules")
    content = content_of(charter, verdicts, reading)
    yield from _object_differences(folder / VERDICT, content)
    yield from seal_differences(folder, charter, content)


def seal_differences(folder: Path, charter: Charter, content: Mapping[str, Any]) -> Iterator[Difference]:
    """Where a certificate, if there is one, says something else than the tape, the files, and what was judged."""
    seal = read_signature(folder)
    if seal is None:
        return
    match seal.state:
        case SealState.HALF:
            yield Difference(file=CERTIFICATE if seal.stored is None else SIGNATURE, how=How.MISSING)
        case SealState.DAMAGED:
            yield Difference(file=CERTIFICATE, how=How.DAMAGED)
        case SealState.STRANGE:
            yield Difference(file=CERTIFICATE, how=How.STRANGE)
        case SealState.BROKEN:
            yield Difference(file=SIGNATURE, how=How.FORGED)
        case SealState.HOLDS if seal.signing is not None and charter.lists_rules:
            yield from _certificate_differences(seal.content, folder, charter, content, seal.signing)


def _certificate_differences(
    seen: Mapping[str, Any], folder: Path, charter: Charter, content: Mapping[str, Any], signing: Signing
) -> Iterator[Difference]:
    files, signed = digests(folder), seen.get("files")
    listed = signed if isinstance(signed, Mapping) else {}
    for name in EVIDENCE if listed else ():
        one, other = listed.get(name), files.get(name)
        if not same(one, other):
            yield Difference(file=name, how=How.EXCHANGED, expected=_told(one), seen=_told(other))
    if listed and set(listed) <= set(EVIDENCE):
        seen = {**seen, "files": files}
    yield from differences(CERTIFICATE, certificate_content(charter, content, files=files, signing=signing), seen)


def _told(digest: object) -> str:
    match digest:
        case None:
            return NOTHING
        case {"sm3": str(digits), "bytes": int(size)}:
            return f"SM3 {digits}, {size} bytes"
        case _:
            return brief(digest)


def verdict_differences(given: Sequence[CaseVerdict], again: Sequence[CaseVerdict]) -> Iterator[Difference]:
    """Where the verdicts that a run gave, on its own tape, are not those that judging it again gives."""
    yield from _aligned(TAPE, [_line(verdict) for verdict in again], [_line(verdict) for verdict in given], "judged ")


def _object_differences(path: Path, expected: Mapping[str, Any]) -> Iterator[Difference]:
    try:
        seen = parse(plain_bytes(path))
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
        lines = plain_bytes(path).splitlines(keepends=True)
    except OSError:
        if verdicts or os.path.lexists(path):
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


def plain_bytes(path: Path) -> bytes:
    """What a plain file holds. Raises OSError for what is none: to read from a pipe would be to wait for ever."""
    if os.path.lexists(path) and not path.is_file():
        raise OSError(errno.EINVAL, "it is no plain file", str(path))
    return path.read_bytes()


def _object(line: bytes) -> Mapping[str, Any]:
    try:
        found = parse(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
