"""The verdict of a case as its own run gave it, on the tape right behind the case, and the end of a run.

Whoever judges the tape again does not look at it but to compare; a report shows it, chained as it is, instead of what a
file beside the tape says.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from harness.judge.history import CASE
from harness.judge.verdict import NS_PER_MS, CaseVerdict, Finding, Verdict
from harness.line.record import JsonValue, Record

JUDGED, RUN_END = "judged", "run-end"
"""The records' names."""


def judged_fields(verdict: CaseVerdict) -> dict[str, JsonValue]:
    """What the record `judged` holds: what cannot be read from the case's own records without judging."""
    return {
        "case": verdict.case,
        "verdict": verdict.verdict.value,
        "findings": [dict(vars(finding)) for finding in verdict.findings],
        "inconclusive": list(verdict.inconclusive),
        "faults": [dict(fault) for fault in verdict.faults],
    }


def read_judged(records: Iterable[Record]) -> tuple[CaseVerdict, ...]:
    """The verdicts that a run gave, in order; a case that it could not end has none."""
    found = []
    first: Record | None = None
    last: Record | None = None
    for record in records:
        if record.channel != CASE:
            continue
        match record.name:
            case "case-start":
                first, last = record, None
            case "case-end" if first is not None:
                last = record
            case "judged" if first is not None and last is not None:
                with suppress(KeyError, TypeError, ValueError, AttributeError):  # somebody made the tape up
                    found.append(_verdict(first, last, record.event))
                first = last = None
    return tuple(found)


def has_ended(records: Iterable[Record]) -> bool:
    """Whether the tape holds the end of its run, so that nothing was cut off behind it."""
    return any(record.channel == "bench" and record.name == RUN_END for record in records)


def _verdict(first: Record, last: Record, judged: Mapping[str, Any]) -> CaseVerdict:
    head = first.event
    required = head.get("requirements")
    return CaseVerdict(
        case=str(head.get("case", "")),
        title=str(head.get("title", "")),
        verdict=Verdict(str(judged["verdict"])),
        requirements=tuple(map(str, required)) if isinstance(required, list) else (),
        first_seq=first.seq,
        last_seq=last.seq,
        findings=tuple(Finding(**finding) for finding in judged["findings"]),
        inconclusive=tuple(judged["inconclusive"]),
        faults=tuple({**_but(fault, "fired"), "fired": fault["fired"]} for fault in judged["faults"]),
        elapsed_ms=(last.real_ns - first.real_ns) // NS_PER_MS,
    )


def _but(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The fields without one; it stands last where a verdict is written down."""
    return {key: value for key, value in fields.items() if key != name}
