"""A run's folder, read into frozen dataclasses; what a crash left out or cut short is named in `gaps`.

    run = read_run_folder(Path("runs/20201014-083000-pharmacy"))
    run.verdict.word, run.cases, run.gaps

Only a folder that holds nothing of a run at all is an error: after a crash every complete line and record is read.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.errors import ConfigError
from harness.judge.history import CaseHistory, read_histories
from harness.judge.verdict import Finding, Verdict
from harness.line.folder import CASES, MANIFEST, TAPE, VERDICT
from harness.line.tape import TapeReading, read_tape


class Word(StrEnum):
    """What came of a run: only the first yields a certificate."""

    CERTIFIED = "certified"
    PASSED = "passed"
    """Every case that ran passed, but only a part of the plan ran."""
    FINDINGS = "findings"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, kw_only=True)
class Text:
    """A text for people, in English and Chinese."""

    en: str
    zh: str


@dataclass(frozen=True, kw_only=True)
class DeviceNote:
    """A device of the bench as the manifest names it."""

    name: str
    kind: str
    at: str
    virtual: bool


@dataclass(frozen=True, kw_only=True)
class RuleNote:
    """How the plan weighs a rule, and the clause that asks for it."""

    id: str
    severity: str
    clause: str


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a run is made of."""

    version: str = ""
    plan: str = ""
    title: str = ""
    bench: str = ""
    profile: str = ""
    seed: int | None = None
    started: str = ""
    devices: tuple[DeviceNote, ...] = ()
    subject_name: str = ""
    subject_version: str = ""
    adapter_command: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    cases_sm3: str = ""
    rules: tuple[RuleNote, ...] = ()

    @property
    def all_virtual(self) -> bool:
        """Whether every device is a simulator of ours, so that all personal data is synthetic; False when unknown."""
        return bool(self.devices) and all(device.virtual for device in self.devices)


@dataclass(frozen=True, kw_only=True)
class FaultNote:
    """A fault of a case, and whether the tape witnesses it."""

    party: str
    message: str
    effect: str
    nth: int
    fired: bool


@dataclass(frozen=True, kw_only=True)
class CaseResult:
    """One line of cases.jsonl."""

    case: str
    title: str
    outcome: Verdict
    requirements: tuple[str, ...]
    first_seq: int
    last_seq: int
    findings: tuple[Finding, ...]
    inconclusive: tuple[str, ...]
    faults: tuple[FaultNote, ...]
    elapsed_ms: float


@dataclass(frozen=True, kw_only=True)
class RunVerdict:
    """The verdict of a run; for a run that never got to one, what can be said from its cases."""

    word: Word
    certified: bool
    demanded: int
    passed: int
    failed: int
    inconclusive: int
    missing: tuple[str, ...]
    tape_head: str
    given: bool
    """Whether verdict.json was there; else this was counted from what is."""


@dataclass(frozen=True)
class RunFolder:
    """All that a run left behind."""

    path: Path
    manifest: Manifest
    cases: tuple[CaseResult, ...]
    verdict: RunVerdict
    tape: TapeReading | None
    gaps: tuple[Text, ...] = field(default=())
    """What is missing, cut short or at odds, each in a sentence."""

    @cached_property
    def _histories(self) -> Mapping[int, CaseHistory]:
        return {h.records[0].seq: h for h in read_histories(self.tape.records)} if self.tape else {}

    def history(self, case: CaseResult) -> CaseHistory | None:
        """The case's part of the tape; None when the tape does not reach that far."""
        found = self._histories.get(case.first_seq)
        if found is not None and found.case == case.case:
            return found
        named = [h for h in self._histories.values() if h.case == case.case]
        return named[0] if named else None


def read_run_folder(path: Path) -> RunFolder:
    """Read a run's folder. Raises ConfigError when it holds nothing of a run."""
    if not any((path / name).is_file() for name in (MANIFEST, CASES, VERDICT, TAPE)):
        raise ConfigError(
            f"{path} is not the folder of a run.",
            cause="it holds neither a manifest nor a tape, or it does not exist",
            remedy="name a folder below runs/, e.g. the one that `liantiao certify` printed last",
        )
    gaps: list[Text] = []
    manifest = _manifest(_object(path / MANIFEST, gaps))
    cases = _cases(path / CASES, gaps)
    stored = _object(path / VERDICT, gaps)
    tape = _tape(path / TAPE, gaps)
    verdict = _verdict(stored, manifest, cases)
    if tape is not None and verdict.tape_head and verdict.tape_head != tape.head:
        gaps.append(
            Text(
                en="The tape is not the one that was judged: its head digest differs from that in the verdict.",
                zh="录带与判定时不一致：其链头摘要与判定书所载不符。",
            )
        )
    return RunFolder(path, manifest, cases, verdict, tape, tuple(gaps))


def _object(path: Path, gaps: list[Text]) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        gaps.append(Text(en=f"{path.name} is missing: the run ended before it was written.", zh=f"缺少 {path.name}。"))
        return {}
    except (OSError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        gaps.append(Text(en=f"{path.name} is cut short or damaged.", zh=f"{path.name} 不完整或已损坏。"))
    return _mapping(found)


def _tape(path: Path, gaps: list[Text]) -> TapeReading | None:
    if not path.is_file():
        gaps.append(Text(en="tape.bin is missing: no frame can be shown.", zh="缺少 tape.bin，无法显示报文。"))
        return None
    reading = read_tape(path)
    if reading.broken is not None:
        where = f"{reading.broken.seq} / {reading.broken.offset}"
        zh = "录带在记录中途结束" if reading.broken.cut_short else "录带校验链断裂"
        gaps.append(Text(en=f"About the tape: {reading.broken}.", zh=f"{zh}（记录号/字节位置 {where}）。"))
    return reading


def _cases(path: Path, gaps: list[Text]) -> tuple[CaseResult, ...]:
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        gaps.append(
            Text(en="cases.jsonl is missing: no case was judged.", zh="缺少 cases.jsonl，没有任何用例判定结果。")
        )
        return ()
    cases = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            cases.append(_case(_mapping(json.loads(line))))
        except (ValueError, RecursionError):
            gaps.append(
                Text(
                    en=f"Line {number} of cases.jsonl is cut short or damaged.",
                    zh=f"cases.jsonl 第 {number} 行不完整或已损坏。",
                )
            )
    return tuple(cases)


def _case(line: Mapping[str, Any]) -> CaseResult:
    return CaseResult(
        case=str(line.get("case", "")),
        title=str(line.get("title", "")),
        outcome=Verdict(line.get("verdict", "")),
        requirements=_texts(line.get("requirements")),
        first_seq=_whole(line.get("first_seq")),
        last_seq=_whole(line.get("last_seq")),
        findings=tuple(_finding(_mapping(f)) for f in _sequence(line.get("findings"))),
        inconclusive=_texts(line.get("inconclusive")),
        faults=tuple(_fault(_mapping(f)) for f in _sequence(line.get("faults"))),
        elapsed_ms=_number(line.get("elapsed_ms")),
    )


def _finding(found: Mapping[str, Any]) -> Finding:
    return Finding(
        rule=str(found.get("rule", "")),
        sentence=str(found.get("sentence", "")),
        severity=str(found.get("severity", "")),
        clause=str(found.get("clause", "")),
        seq=_whole(found.get("seq")),
        expected=str(found.get("expected", "")),
        seen=str(found.get("seen", "")),
    )


def _fault(found: Mapping[str, Any]) -> FaultNote:
    return FaultNote(
        party=str(found.get("party", "")),
        message=str(found.get("message", "")),
        effect=str(found.get("effect", "")),
        nth=_whole(found.get("nth", 1)),
        fired=found.get("fired") is True,
    )


def _manifest(found: Mapping[str, Any]) -> Manifest:
    adapter = _mapping(found.get("adapter"))
    subject = _mapping(found.get("subject")) or adapter
    seed = found.get("seed")
    return Manifest(
        version=str(found.get("liantiao", "")),
        plan=str(found.get("plan") or ""),
        title=str(found.get("title") or ""),
        bench=str(found.get("bench") or ""),
        profile=str(found.get("profile") or ""),
        seed=seed if isinstance(seed, int) else None,
        started=str(found.get("started") or ""),
        devices=tuple(
            DeviceNote(
                name=str(d.get("name", "")),
                kind=str(d.get("kind", "")),
                at=str(d.get("at", "")),
                virtual=d.get("virtual") is True,
            )
            for d in map(_mapping, _sequence(found.get("devices")))
        ),
        subject_name=str(subject.get("name") or ""),
        subject_version=str(subject.get("version") or ""),
        adapter_command=_texts(adapter.get("command")),
        cases=_texts(found.get("cases")),
        cases_sm3=str(found.get("cases_sm3") or ""),
        rules=tuple(
            RuleNote(id=name, severity=str(_mapping(r).get("severity", "")), clause=str(_mapping(r).get("clause", "")))
            for name, r in sorted(_mapping(found.get("rules")).items())
        ),
    )


def _verdict(stored: Mapping[str, Any], manifest: Manifest, cases: tuple[CaseResult, ...]) -> RunVerdict:
    counts = _mapping(stored.get("cases"))
    by = {outcome: sum(case.outcome is outcome for case in cases) for outcome in Verdict}
    done = {case.case for case in cases}
    missing = tuple(name for name in manifest.cases if name not in done)
    certified = stored.get("certified") is True
    match stored.get("verdict"):
        case Verdict.PASSED:
            word = Word.CERTIFIED if certified else Word.PASSED
        case Verdict.FAILED:
            word = Word.FINDINGS
        case _:
            word = Word.FINDINGS if by[Verdict.FAILED] else Word.INCONCLUSIVE
    return RunVerdict(
        word=word,
        certified=word is Word.CERTIFIED,
        demanded=_whole(counts.get("demanded", len(done | set(manifest.cases)))),
        passed=_whole(counts.get("passed", by[Verdict.PASSED])),
        failed=_whole(counts.get("failed", by[Verdict.FAILED])),
        inconclusive=_whole(counts.get("inconclusive", by[Verdict.INCONCLUSIVE])),
        missing=_texts(counts["missing"]) if "missing" in counts else missing,
        tape_head=str(stored.get("tape_head") or ""),
        given=bool(stored),
    )


def _mapping(value: Any) -> Mapping[str, Any]:  # noqa: ANN401 - whatever JSON held
    return value if isinstance(value, dict) else {}


def _sequence(value: Any) -> list[Any]:  # noqa: ANN401 - whatever JSON held
    return value if isinstance(value, list) else []


def _texts(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - whatever JSON held
    return tuple(str(item) for item in _sequence(value))


def _whole(value: Any) -> int:  # noqa: ANN401 - whatever JSON held
    return value if isinstance(value, int) else -1


def _number(value: Any) -> float:  # noqa: ANN401 - whatever JSON held
    return float(value) if isinstance(value, int | float) else 0.0
