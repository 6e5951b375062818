"""`liantiao judge RUN`: the verdicts again, from the tape alone, compared with what the run wrote down."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import BenchError, ConfigError, ExitStatus
from harness.evidence import (
    UNCHECKED,
    Evidence,
    content_of,
    file_differences,
    plain_bytes,
    read_evidence,
    verdict_differences,
)
from harness.judge.charter import Charter, read_terms, texts
from harness.judge.differences import Difference
from harness.judge.history import read_histories
from harness.judge.plan import RuleTerms
from harness.judge.problems import Problem, read_problems
from harness.judge.shipped import PlanGap, plan_gap
from harness.judge.signed import Signing
from harness.judge.verdict import CaseVerdict, Verdict, judge_case, plan_verdict
from harness.line.folder import MANIFEST, TAPE
from harness.line.tape import ChainBreak, TapeReading, read_tape
from harness.rules.registry import all_rules

STATUS = {
    Verdict.PASSED: ExitStatus.CERTIFIED,
    Verdict.FAILED: ExitStatus.FINDINGS,
    Verdict.INCONCLUSIVE: ExitStatus.INCONCLUSIVE,
}


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What judging a tape again gave."""

    verdicts: tuple[CaseVerdict, ...]
    verdict: Verdict
    """Over the cases that the run's tape demands."""
    missing: tuple[str, ...]
    """Demanded cases that the tape does not hold."""
    broken: ChainBreak | None
    differences: tuple[Difference, ...]
    """How the run's own files, and the verdicts on its tape, differ from this judgement."""
    content: Mapping[str, Any]
    """What `verdict.json` must hold; of a run of an older version verdict and counts alone."""
    plan_gap: PlanGap | None = None
    """How the run's plan differs from the one that ships."""
    unchecked: str = ""
    """What cannot be checked, of a run of an older version."""
    notes: tuple[str, ...] = ()
    """What else differs from what ships; no reason to doubt the evidence."""
    demandable: int = 0
    """How many cases the plan demands of the run's bench."""
    problems: tuple[Problem, ...] = ()
    """What the cases ran into, with likely causes and what to try."""
    signing: Signing | None = None
    """Who signed the run, where the signature holds."""

    @property
    def text(self) -> str:
        """The verdicts as `cases.jsonl` has them."""
        return "".join(verdict.line() for verdict in self.verdicts)

    @property
    def sound(self) -> bool:
        """Whether the evidence is whole and agrees with itself."""
        return self.broken is None and not self.differences

    @property
    def certified(self) -> bool:
        """Whether this is a certificate."""
        return self.sound and self.content.get("certified") is True

    @property
    def status(self) -> ExitStatus:
        """What the command returns: a run that is damaged, at odds with itself or unchecked proves nothing good."""
        if not self.sound or (self.unchecked and self.verdict is Verdict.PASSED):
            return ExitStatus.INCONCLUSIVE
        return STATUS[self.verdict]


def judge_run(folder: Path) -> Judgement:
    """Judge a run's tape again, by the rules that it names. Raises ConfigError when the folder holds no run.

    A tape of an older version names none; then those of its manifest are taken, and `unchecked` says so.
    """
    if not (folder / MANIFEST).is_file() and not (folder / TAPE).is_file():
        raise ConfigError(
            f"{folder} is not the folder of a run.",
            cause="it holds neither a manifest nor a tape, or it does not exist",
            remedy="name a folder below runs/, e.g. the one that `liantiao certify` printed last",
        )
    evidence = read_evidence(folder)
    reading = evidence.reading or read_tape(folder / TAPE)
    if evidence.charter is None:
        return _older(folder, reading)
    return _by_charter(evidence, evidence.charter, reading)


def _by_charter(evidence: Evidence, charter: Charter, reading: TapeReading) -> Judgement:
    folder = evidence.folder
    terms = _known(folder, _terms(folder, charter.told, TAPE), str(charter.told.get("liantiao")), TAPE)
    histories = read_histories(reading.records)
    verdicts = tuple(judge_case(history, terms) for history in histories)
    ended = [verdict for verdict, history in zip(verdicts, histories, strict=True) if history.ended]
    content = content_of(charter, verdicts, reading)
    profile = str(charter.told.get("profile"))
    notes = (f"the profile {profile} differs from the shipped one",) if evidence.profile_differs else ()
    return Judgement(
        verdicts=verdicts,
        verdict=Verdict(content["verdict"]),
        missing=tuple(content["cases"]["missing"]),
        broken=reading.broken,
        differences=(
            *verdict_differences(evidence.judged, ended),
            *file_differences(folder, charter, verdicts, reading),
        ),
        content=content,
        plan_gap=evidence.plan_gap,
        notes=notes,
        demandable=len(charter.cases),
        problems=read_problems(reading.records),
        signing=evidence.signing,
    )


def _older(folder: Path, reading: TapeReading) -> Judgement:
    """The judgement of a tape that does not say by which rules; nothing but the tape's own chain can be checked."""
    manifest = _manifest(folder)
    terms = _known(folder, _terms(folder, manifest, MANIFEST), str(manifest.get("liantiao")), MANIFEST)
    verdicts = tuple(judge_case(history, terms) for history in read_histories(reading.records))
    names = texts(manifest.get("demanded"))
    verdict, counts = plan_verdict(names or tuple(case.case for case in verdicts), verdicts)
    return Judgement(
        verdicts=verdicts,
        verdict=verdict,
        missing=tuple(counts["missing"]),
        broken=reading.broken,
        differences=(),
        content={"verdict": verdict.value, "cases": counts},
        plan_gap=plan_gap(str(manifest.get("plan")), cases=texts(manifest.get("cases")), left_out={}, rules=terms),
        unchecked=UNCHECKED,
        problems=read_problems(reading.records),
    )


def _manifest(folder: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(plain_bytes(folder / MANIFEST))
    except (OSError, ValueError, RecursionError) as error:
        missing = isinstance(error, FileNotFoundError)
        raise _no_rules(folder, f"{MANIFEST} is {'missing' if missing else 'cut short or damaged'}") from error
    if not isinstance(found, dict):
        raise _no_rules(folder, f"{MANIFEST} is damaged")
    return found


def _terms(folder: Path, told: Mapping[str, Any], source: str) -> dict[str, RuleTerms]:
    try:
        terms = read_terms(told["rules"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _no_rules(folder, f"{source} does not list the rules as it should") from error
    if not terms:
        raise _no_rules(folder, f"{source} lists no rule")
    return terms


def _known(folder: Path, terms: dict[str, RuleTerms], version: str, source: str) -> dict[str, RuleTerms]:
    strange = sorted(terms.keys() - all_rules().keys())
    if strange:
        raise BenchError(
            f"{folder} was judged by {', '.join(strange)}, of which this version of Liantiao knows nothing.",
            cause=f"the run was made by version {version}, or its {source} was changed",
            remedy="judge it again with the version that made it",
        )
    return terms


def _no_rules(folder: Path, what: str) -> BenchError:
    return BenchError(
        f"{folder}: {what}, so nobody knows by which rules the run was judged.",
        cause="the run was cut short before its first case, or the folder was changed afterwards",
        remedy="`liantiao tape` and `liantiao report` still show what is there",
    )
