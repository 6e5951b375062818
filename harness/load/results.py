"""What came of a load: one sample a customer, percentiles of all of them, and whether the driver may be believed.

Accepted, refused and unknown are kept apart; an unknown outcome is reconciled at the end and stays what it was in the
figures. No sample is dropped: whoever never got an answer counts with the time after which they gave up.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

LATE_LIMIT_S = 0.005
"""The driver's lateness (99th percentile) up to which latencies stand as measured, unless they are long."""
LATE_SHARE, LATE_MOST_S = 0.1, 0.02
"""Long latencies allow for this share of their median, and never for more than this."""
POINTS = (50.0, 90.0, 95.0, 99.0, 99.9)


class Outcome(StrEnum):
    """How a customer's business ended."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """Somebody said no, or nothing that books was sent: surely nothing has happened."""
    UNKNOWN = "unknown"
    """What books was sent and no answer came: it may or may not have happened."""


class Verdict(StrEnum):
    """What a run of load says."""

    PASSED = "passed"
    FAILED = "failed"
    """The books disagree with what was acknowledged, or something stayed unknown."""
    INCONCLUSIVE = "inconclusive"
    """The driver ran late, or there was nothing to judge."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One request of a customer: when it was sent and how long its answer took, in seconds."""

    name: str
    began_s: float
    took_s: float


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What a customer did; `reason` says why it was not accepted, `key` names it to who was asked (e.g. the msgid)."""

    outcome: Outcome
    reason: str = ""
    key: str = ""
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A customer: due, sent out and back again, in seconds from the beginning of the trace."""

    number: int
    due_s: float
    started_s: float
    ended_s: float
    attempt: Attempt

    @property
    def latency_s(self) -> float:
        """From when it was due."""
        return self.ended_s - self.due_s

    @property
    def late_s(self) -> float:
        """How late the driver sent it out."""
        return self.started_s - self.due_s


@dataclass(frozen=True, kw_only=True)
class Check:
    """A comparison at the end: what it was, whether it held, and what was found in words."""

    name: str
    good: bool
    text: str
    figures: Mapping[str, int]


def percentile(ordered: Sequence[float], point: float) -> float:
    """The nearest-rank percentile of values in ascending order: the least that `point` % do not exceed; NaN of none."""
    if not ordered:
        return math.nan
    return ordered[min(len(ordered), max(1, math.ceil(point / 100 * len(ordered) - 1e-9))) - 1]


def figures(values: Iterable[float]) -> dict[str, float | int | None]:
    """Count, mean, least, greatest and percentiles, in the values' own unit; null where there are none."""
    ordered = sorted(values)
    if not ordered:
        return {"count": 0, "mean": None, "min": None, **{_name(point): None for point in POINTS}, "max": None}
    return {
        "count": len(ordered),
        "mean": math.fsum(ordered) / len(ordered),
        "min": ordered[0],
        **{_name(point): percentile(ordered, point) for point in POINTS},
        "max": ordered[-1],
    }


def late_limit(samples: Sequence[Sample], *, least_s: float = LATE_LIMIT_S) -> float:
    """How late the driver may have been (99th percentile) for this run to be believed, in seconds."""
    median = percentile(sorted(sample.latency_s for sample in samples), 50)
    return max(least_s, min(LATE_SHARE * median, LATE_MOST_S)) if samples else least_s


def judged(
    samples: Sequence[Sample], checks: Sequence[Check], *, late_limit_s: float, unresolved: int
) -> tuple[Verdict, list[str]]:
    """The verdict with its reasons. A finding outranks a doubt, a doubt outranks passing."""
    findings = [check.text for check in checks if not check.good]
    if unresolved:
        findings.append(f"{unresolved} outcomes stayed unknown after reconciliation")
    if findings:
        return Verdict.FAILED, findings
    doubts = []
    if not samples:
        doubts.append("no customer was sent out")
    late = percentile(sorted(sample.late_s for sample in samples), 99)
    if samples and late > late_limit_s:
        doubts.append(
            f"the driver itself ran late: {late * 1000:.1f} ms (99th percentile), {late_limit_s * 1000:.1f} ms allowed"
        )
    if samples and not any(sample.attempt.outcome is Outcome.ACCEPTED for sample in samples):
        doubts.append("nothing was accepted")
    return (Verdict.INCONCLUSIVE if doubts else Verdict.PASSED), doubts


def summary(samples: Sequence[Sample]) -> dict[str, object]:
    """The figures of a run: outcomes, throughput, latencies and lateness in milliseconds, by step, by second."""
    by_outcome = {
        outcome.value: [s.latency_s * 1000 for s in samples if s.attempt.outcome is outcome] for outcome in Outcome
    }
    names = list(dict.fromkeys(step.name for sample in samples for step in sample.attempt.steps))
    end = max((sample.ended_s for sample in samples), default=0.0)
    reasons = Counter(s.attempt.reason for s in samples if s.attempt.outcome is not Outcome.ACCEPTED)
    return {
        "outcomes": {name: len(values) for name, values in by_outcome.items()},
        "why": dict(reasons.most_common()),
        "elapsed_s": end,
        "throughput": len(by_outcome[Outcome.ACCEPTED.value]) / end if end else 0.0,
        "latency_ms": {
            "all": figures(sample.latency_s * 1000 for sample in samples),
            **{name: figures(values) for name, values in by_outcome.items()},
        },
        "late_ms": figures(sample.late_s * 1000 for sample in samples),
        "steps_ms": {
            name: figures(step.took_s * 1000 for s in samples for step in s.attempt.steps if step.name == name)
            for name in names
        },
        "by_second": _by_second(samples),
    }


def _by_second(samples: Sequence[Sample]) -> list[dict[str, float | int | None]]:
    found: dict[int, list[Sample]] = {}
    for sample in samples:
        found.setdefault(int(sample.due_s), []).append(sample)
    return [
        {
            "second": second,
            "arrivals": len(mine),
            "p50_ms": percentile(sorted(s.latency_s * 1000 for s in mine), 50),
            "max_ms": max(s.latency_s * 1000 for s in mine),
            "late_max_ms": max(s.late_s * 1000 for s in mine),
            "not_accepted": sum(s.attempt.outcome is not Outcome.ACCEPTED for s in mine),
        }
        for second, mine in sorted(found.items())
    ]


def _name(point: float) -> str:
    return f"p{point:g}"
