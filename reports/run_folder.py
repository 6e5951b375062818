"""A run's folder, read into frozen dataclasses; what a crash left out or cut short is named in `gaps`.

    run = read_run_folder(Path("runs/20201014-083000-pharmacy"))
    run.verdict.word, run.cases, run.gaps

Only a folder that holds nothing of a run at all is an error: after a crash every complete line and record is read.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.errors import ConfigError
from harness.evidence import UNCHECKED, UNCHECKED_ZH, Evidence, plain_bytes, read_evidence
from harness.judge.charter import read_terms
from harness.judge.differences import NOTHING, Difference
from harness.judge.history import CaseHistory, read_histories
from harness.judge.problems import Problem, read_problems
from harness.judge.shipped import PlanGap, plan_gap
from harness.judge.signed import Signing
from harness.judge.verdict import Finding, Verdict
from harness.line.folder import CASES, MANIFEST, TAPE, VERDICT
from harness.line.tape import TapeReading
from reports.run_verdict import RunVerdict, Text, Word, run_verdict

__all__ = ["CaseResult", "DeviceNote", "Manifest", "RunFolder", "RunVerdict", "Text", "Word", "read_run_folder"]


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
    again: tuple[str, ...] = ()
    """The words of the command line that run the same cases on the same bench (`harness.again`)."""

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
    signing: Signing | None = None
    """Who signed it, where the signature holds; whether they are to be trusted is for the reader to know."""

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """What the cases ran into, with likely causes and what to try; empty without a tape."""
        return read_problems(self.tape.records) if self.tape else ()

    def problem_at(self, seq: int) -> Problem | None:
        """The problem that is the record of a finding, if it is one."""
        return next((problem for problem in self.problems if problem.seq == seq), None)

    def problem_of(self, case: CaseResult, doubt: str) -> Problem | None:
        """The problem that makes a case inconclusive for this reason, if one does."""
        mine = (p for p in self.problems if case.first_seq <= p.seq <= case.last_seq)
        return next((problem for problem in mine if problem.doubt == doubt), None)

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
    """Read a run's folder: what its tape says, and in `gaps` where a file beside it says something else.

    Raises ConfigError when it holds nothing of a run.
    """
    if not any((path / name).is_file() for name in (MANIFEST, CASES, VERDICT, TAPE)):
        raise ConfigError(
            f"{path} is not the folder of a run.",
            cause="it holds neither a manifest nor a tape, or it does not exist",
            remedy="name a folder below runs/, e.g. the one that `liantiao certify` printed last",
        )
    gaps: list[Text] = []
    evidence = read_evidence(path)
    _about_tape(evidence, gaps)
    if evidence.charter is not None:
        manifest = _manifest(evidence.charter.manifest)
        cases = tuple(_case(json.loads(verdict.line())) for verdict in evidence.judged)
        gaps += [_gap(difference) for difference in evidence.differences]
        content, gap = evidence.content, evidence.plan_gap
    else:
        told = _object(path / MANIFEST, gaps)
        manifest, gap = _manifest(told), _older_gap(told)
        cases = _cases(path / CASES, gaps)
        content = _counted(_object(path / VERDICT, gaps), manifest, cases)
        gaps.append(Text(en=UNCHECKED, zh=UNCHECKED_ZH))
    verdict = run_verdict(content, gap, sound=not gaps, of=len(manifest.cases))
    return RunFolder(path, manifest, cases, verdict, evidence.reading, tuple(gaps), evidence.signing)


def _older_gap(manifest: Mapping[str, Any]) -> PlanGap | None:
    """How the plan of an older run's manifest differs from the one that ships; None when it lists no rules."""
    try:
        rules = read_terms(manifest["rules"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return plan_gap(str(manifest.get("plan")), cases=_texts(manifest.get("cases")), left_out={}, rules=rules)


def _gap(difference: Difference) -> Text:
    if not difference.expected and not difference.seen:
        return Text(en=f"{difference.en}.", zh=f"{difference.zh}。")
    return Text(
        en=f"{difference.en}: expected {difference.expected}, seen {difference.seen}.",
        zh=f"{difference.zh}：应为 {_or_none(difference.expected)}，实为 {_or_none(difference.seen)}。",
    )


def _or_none(value: str) -> str:
    return "无" if value == NOTHING else value


def _object(path: Path, gaps: list[Text]) -> Mapping[str, Any]:
    try:
        found = json.loads(plain_bytes(path))
    except FileNotFoundError:
        gaps.append(Text(en=f"{path.name} is missing: the run ended before it was written.", zh=f"缺少 {path.name}。"))
        return {}
    except (OSError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        gaps.append(Text(en=f"{path.name} is cut short or damaged.", zh=f"{path.name} 不完整或已损坏。"))
    return _mapping(found)


def _about_tape(evidence: Evidence, gaps: list[Text]) -> None:
    reading = evidence.reading
    if reading is None:
        gaps.append(Text(en="tape.bin is missing: no frame can be shown.", zh="缺少 tape.bin，无法显示报文。"))
    elif reading.broken is not None:
        where = f"{reading.broken.seq} / {reading.broken.offset}"
        zh = "录带在记录中途结束" if reading.broken.cut_short else "录带校验链断裂"
        gaps.append(Text(en=f"About tape.bin: {reading.broken}.", zh=f"tape.bin：{zh}（记录号/字节位置 {where}）。"))


def _cases(path: Path, gaps: list[Text]) -> tuple[CaseResult, ...]:
    try:
        lines = plain_bytes(path).splitlines()
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
        again=_texts(found.get("again")),
        rules=tuple(
            RuleNote(id=name, severity=str(_mapping(r).get("severity", "")), clause=str(_mapping(r).get("clause", "")))
            for name, r in sorted(_mapping(found.get("rules")).items())
        ),
    )


def _counted(stored: Mapping[str, Any], manifest: Manifest, cases: tuple[CaseResult, ...]) -> Mapping[str, Any]:
    """What a verdict.json says; where it is silent, what can be counted from the cases."""
    by = {outcome.value: sum(case.outcome is outcome for case in cases) for outcome in Verdict}
    done = {case.case for case in cases}
    counted = {
        "demanded": len(done | set(manifest.cases)),
        **by,
        "missing": [name for name in manifest.cases if name not in done],
    }
    return {**stored, "cases": {**counted, **_mapping(stored.get("cases"))}}


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
