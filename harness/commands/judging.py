"""`liantiao judge RUN`: the verdicts again, from the tape alone, compared with what the run wrote down."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from harness.errors import BenchError, ConfigError, ExitStatus
from harness.judge.history import read_histories
from harness.judge.plan import RuleTerms, Severity
from harness.judge.verdict import CaseVerdict, Verdict, judge_case, plan_verdict
from harness.line.folder import CASES, MANIFEST, TAPE, VERDICT
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
    """Over the cases that the run's manifest demands."""
    missing: tuple[str, ...]
    """Demanded cases that the tape does not hold."""
    broken: ChainBreak | None
    differences: tuple[str, ...]
    """How the run's own files differ from this judgement, each in a sentence."""

    @property
    def text(self) -> str:
        """The verdicts as `cases.jsonl` has them."""
        return "".join(verdict.line() for verdict in self.verdicts)

    @property
    def status(self) -> ExitStatus:
        """What the command returns: a run that is damaged or at odds with itself proves nothing."""
        sound = self.broken is None and not self.differences
        return STATUS[self.verdict] if sound else ExitStatus.INCONCLUSIVE


def judge_run(folder: Path) -> Judgement:
    """Judge a run's tape again, by the rules of its manifest. Raises ConfigError when the folder holds no run."""
    manifest = _manifest(folder)
    terms = _terms(folder, manifest)
    reading = read_tape(folder / TAPE)
    verdicts = tuple(judge_case(history, terms) for history in read_histories(reading.records))
    demanded = _texts(manifest.get("demanded"))
    verdict, counts = plan_verdict(demanded or tuple(case.case for case in verdicts), verdicts)
    certified = verdict is Verdict.PASSED and demanded == _texts(manifest.get("cases"))
    said = {"verdict": verdict.value, "cases": counts, "certified": certified}
    return Judgement(
        verdicts=verdicts,
        verdict=verdict,
        missing=tuple(counts["missing"]),
        broken=reading.broken,
        differences=(*_case_differences(folder, verdicts), *_verdict_differences(folder, said, reading)),
    )


def _manifest(folder: Path) -> Mapping[str, Any]:
    if not (folder / MANIFEST).is_file() and not (folder / TAPE).is_file():
        raise ConfigError(
            f"{folder} is not the folder of a run.",
            cause="it holds neither a manifest nor a tape, or it does not exist",
            remedy="name a folder below runs/, e.g. the one that `liantiao certify` printed last",
        )
    try:
        found = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        missing = isinstance(error, FileNotFoundError)
        raise _no_rules(folder, f"{MANIFEST} is {'missing' if missing else 'cut short or damaged'}") from error
    if not isinstance(found, dict):
        raise _no_rules(folder, f"{MANIFEST} is damaged")
    return found


def _terms(folder: Path, manifest: Mapping[str, Any]) -> dict[str, RuleTerms]:
    try:
        terms = {
            str(name): RuleTerms(severity=Severity(said["severity"]), clause=str(said["clause"]))
            for name, said in manifest["rules"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _no_rules(folder, f"{MANIFEST} does not list the rules as it should") from error
    if not terms:
        raise _no_rules(folder, f"{MANIFEST} lists no rule")
    strange = sorted(terms.keys() - all_rules().keys())
    if strange:
        raise BenchError(
            f"{folder} was judged by {', '.join(strange)}, of which this version of Liantiao knows nothing.",
            cause=f"the run was made by version {manifest.get('liantiao')}, or its {MANIFEST} was changed",
            remedy="judge it again with the version that made it",
        )
    return terms


def _no_rules(folder: Path, what: str) -> BenchError:
    return BenchError(
        f"{folder}: {what}, so nobody knows by which rules the run was judged.",
        cause="the run was cut short before its first case, or the folder was changed afterwards",
        remedy="`liantiao tape` and `liantiao report` still show what is there",
    )


def _case_differences(folder: Path, verdicts: tuple[CaseVerdict, ...]) -> tuple[str, ...]:
    try:
        written = (folder / CASES).read_bytes().splitlines(keepends=True)
    except OSError:
        return (f"{CASES} is missing; the tape holds {len(verdicts)} cases",) if verdicts else ()
    mine = [verdict.line().encode() for verdict in verdicts]
    for number, (theirs, ours) in enumerate(zip_longest(written, mine), start=1):
        if theirs == ours:
            continue
        if theirs is None:
            return (f"{CASES} ends before {verdicts[number - 1].case}, which is on the tape",)
        if ours is None:
            return (f"the tape ends before line {number} of {CASES}",)
        case = verdicts[number - 1].case
        return (f"line {number} of {CASES} is cut short or was changed: judged again, {case} gives something else",)
    return ()


def _verdict_differences(folder: Path, mine: Mapping[str, object], reading: TapeReading) -> tuple[str, ...]:
    try:
        found = json.loads((folder / VERDICT).read_bytes())
    except FileNotFoundError:
        return (f"{VERDICT} is missing: the run was ended before it was written",)
    except (OSError, ValueError, RecursionError):
        return (f"{VERDICT} is cut short or damaged",)
    said = found if isinstance(found, dict) else {}
    differences = []
    if said.get("tape_head") != reading.head:
        differences.append(f"{VERDICT} was given for another tape: the head digests differ")
    differences += [
        f"{VERDICT} says {name} {said.get(name)!r}, the tape and {MANIFEST} say {value!r}"
        for name, value in mine.items()
        if said.get(name) != value
    ]
    return tuple(differences)


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()
