"""Verdicts: what the rules say of a case's history, and what the cases say of a plan. Pure functions.

A case passed only if its tape is whole, every fault that it scheduled happened, nothing of ours broke, and no rule
found anything. A finding outranks an inconclusive reason, and that outranks passing.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from harness.judge.history import CaseHistory
from harness.judge.plan import RuleTerms
from harness.judge.tills import tills_of
from harness.rules.registry import Observation, Rule, all_rules

NS_PER_MS = 1_000_000
OURS = frozenset({"BenchError", "SimulatorDefect", "ConfigError", "NotOffered", "case"})
"""Problems that are no finding about the system under test."""


class Verdict(StrEnum):
    """The three outcomes of a case, and of a plan."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"


RANK = {Verdict.PASSED: 0, Verdict.INCONCLUSIVE: 1, Verdict.FAILED: 2}
"""Which verdict outranks which."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A rule that did not hold at a place on the tape."""

    rule: str
    sentence: str
    severity: str
    clause: str
    seq: int
    expected: str
    seen: str


@dataclass(frozen=True, kw_only=True)
class CaseVerdict:
    """What came of a case; a line of `cases.jsonl`."""

    case: str
    title: str
    verdict: Verdict
    requirements: tuple[str, ...]
    first_seq: int
    last_seq: int
    findings: tuple[Finding, ...]
    inconclusive: tuple[str, ...]
    faults: tuple[Mapping[str, Any], ...]
    elapsed_ms: int

    def line(self) -> str:
        """The verdict as one line of JSON; the same history gives the same bytes."""
        content = {
            "case": self.case,
            "title": self.title,
            "verdict": self.verdict.value,
            "requirements": list(self.requirements),
            "first_seq": self.first_seq,
            "last_seq": self.last_seq,
            "findings": [vars(finding) for finding in self.findings],
            "inconclusive": list(self.inconclusive),
            "faults": [dict(fault) for fault in self.faults],
            "elapsed_ms": self.elapsed_ms,
        }
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n"


def judge_case(history: CaseHistory, terms: Mapping[str, RuleTerms]) -> CaseVerdict:
    """Apply every rule that `terms` names. Raises KeyError for a rule that does not exist.

    To a case that the tape breaks off none is applied: what an answer lacks that had no time to come is nobody's fault.
    """
    rules = all_rules()
    tills = tills_of(history)
    findings = []
    for name, said in terms.items() if history.ended else ():
        rule = rules[name]
        findings += [
            Finding(
                rule=name,
                sentence=rule.sentence,
                severity=said.severity.value,
                clause=said.clause,
                seq=observation.seq,
                expected=observation.expected,
                seen=observation.seen,
            )
            for observation in _observed(rule, history, tills)
        ]
    faults = _faults(history)
    doubts = _doubts(history, faults)
    return CaseVerdict(
        case=history.case,
        title=history.title,
        verdict=Verdict.FAILED if findings else Verdict.INCONCLUSIVE if doubts else Verdict.PASSED,
        requirements=history.requirements,
        first_seq=history.records[0].seq,
        last_seq=history.records[-1].seq,
        findings=tuple(sorted(findings, key=lambda f: (f.seq, f.rule, f.expected, f.seen))),
        inconclusive=tuple(doubts),
        faults=tuple(faults),
        elapsed_ms=(history.records[-1].real_ns - history.records[0].real_ns) // NS_PER_MS,
    )


def _observed(rule: Rule, history: CaseHistory, tills: Sequence[CaseHistory]) -> Iterable[Observation]:
    """What a rule finds at each till, or in the whole; once what both tills' histories show."""
    found = [observation for view in ((history,) if rule.whole else tills) for observation in rule.check(view)]
    return dict.fromkeys(found) if len(tills) > 1 else found


def explain(verdict: CaseVerdict) -> str:
    """Why a case did not pass, for a terminal."""
    lines = [f"{verdict.case} is {verdict.verdict.value}"]
    for finding in verdict.findings:
        lines += [
            f"  {finding.rule} ({finding.severity}; {finding.clause}), record {finding.seq}",
            f"    expected: {finding.expected}",
            f"    seen:     {finding.seen}",
        ]
    lines += [f"  inconclusive: {reason}" for reason in verdict.inconclusive]
    return "\n".join(lines)


def plan_verdict(demanded: Sequence[str], cases: Iterable[CaseVerdict]) -> tuple[Verdict, dict[str, Any]]:
    """The verdict of a plan and its counts: failed by any finding; passed only if every demanded case passed.

    Of a case that ran more than once the worst verdict counts.
    """
    by_id: dict[str, CaseVerdict] = {}
    for case in cases:
        if case.case not in by_id or RANK[case.verdict] > RANK[by_id[case.case].verdict]:
            by_id[case.case] = case
    counts = {v.value: sum(case.verdict is v for case in by_id.values()) for v in Verdict}
    missing = [case for case in demanded if case not in by_id]
    summary = {"demanded": len(demanded), **counts, "missing": missing}
    if counts["failed"]:
        return Verdict.FAILED, summary
    if counts["inconclusive"] or missing or not by_id:
        return Verdict.INCONCLUSIVE, summary
    return Verdict.PASSED, summary


def _faults(history: CaseHistory) -> list[Mapping[str, Any]]:
    fired = [json.dumps({**event.fields, "event": ""}, sort_keys=True) for event in history.named("fault-fired")]
    faults: list[Mapping[str, Any]] = []
    for event in history.named("fault-scheduled"):
        key = json.dumps({**event.fields, "event": ""}, sort_keys=True)
        happened = key in fired
        if happened:
            fired.remove(key)
        faults.append({**{k: v for k, v in event.fields.items() if k != "event"}, "fired": happened})
    return faults


def _doubts(history: CaseHistory, faults: Iterable[Mapping[str, Any]]) -> list[str]:
    doubts = [
        f"the fault {fault['effect']} on {fault['party']} {fault['message']} #{fault['nth']} never happened"
        for fault in faults
        if not fault["fired"]
    ]
    doubts += [
        f"the fault {event['effect']} on {event.device} {event['message']} changed nothing there"
        for event in history.named("fault-without-effect")
    ]
    doubts += [f"{event['blame']}: {event['problem']}" for event in history.named("problem") if event["blame"] in OURS]
    if not history.ended:
        doubts.append("the tape ends before the case does")
    return doubts
