"""Percentiles of all samples, outcomes kept apart, and when a run may be believed."""

import math

import pytest

from harness.load.results import (
    Attempt,
    Check,
    Outcome,
    Sample,
    Step,
    Verdict,
    figures,
    judged,
    late_limit,
    percentile,
    summary,
)

GOOD = Check(name="books", good=True, text="all is well", figures={})
BAD = Check(name="books", good=False, text="a fen is missing", figures={})


def sample(number: int, *, due: float, late: float = 0.0, took: float = 0.01, outcome: str = "accepted") -> Sample:
    attempt = Attempt(outcome=Outcome(outcome), steps=(Step(name="2102", began_s=0.0, took_s=took),))
    return Sample(number=number, due_s=due, started_s=due + late, ended_s=due + late + took, attempt=attempt)


@pytest.mark.parametrize(("point", "value"), [(50, 50), (95, 95), (99, 99), (99.9, 100), (1, 1), (0, 1), (100, 100)])
def test_percentiles_are_nearest_rank(point: float, value: int) -> None:
    assert percentile([float(k) for k in range(1, 101)], point) == value


def test_of_nothing_there_is_no_figure() -> None:
    assert math.isnan(percentile([], 50))
    assert figures([])["p99"] is None


def test_latency_counts_from_when_the_customer_was_due() -> None:
    late = sample(0, due=1.0, late=0.3, took=0.1)
    assert late.latency_s == pytest.approx(0.4)
    assert late.late_s == pytest.approx(0.3)


def test_every_sample_is_in_the_figures_whatever_its_outcome() -> None:
    samples = [
        sample(0, due=0.0, took=0.1),
        sample(1, due=0.5, took=0.2, outcome="refused"),
        sample(2, due=1.5, took=10.0, outcome="unknown"),
    ]
    found = summary(samples)
    assert found["outcomes"] == {"accepted": 1, "refused": 1, "unknown": 1}
    latency = found["latency_ms"]
    assert isinstance(latency, dict)
    assert latency["all"]["count"] == 3
    assert latency["all"]["max"] == pytest.approx(10_000)
    assert latency["accepted"]["max"] == pytest.approx(100)
    by_second = found["by_second"]
    assert isinstance(by_second, list)
    assert [row["arrivals"] for row in by_second] == [2, 1]


def test_a_good_run_passes() -> None:
    samples = [sample(k, due=k / 10) for k in range(100)]
    assert judged(samples, [GOOD], late_limit_s=0.005, unresolved=0) == (Verdict.PASSED, [])


def test_a_driver_that_ran_late_makes_it_inconclusive() -> None:
    samples = [sample(k, due=k / 10, late=0.02 if k > 90 else 0.0) for k in range(100)]
    verdict, reasons = judged(samples, [GOOD], late_limit_s=0.005, unresolved=0)
    assert verdict is Verdict.INCONCLUSIVE
    assert "20.0 ms" in reasons[0]


def test_a_finding_outranks_a_late_driver() -> None:
    samples = [sample(0, due=0, late=1)]
    assert judged(samples, [BAD], late_limit_s=0.005, unresolved=0) == (Verdict.FAILED, ["a fen is missing"])


def test_what_stays_unknown_is_a_finding() -> None:
    assert judged([sample(0, due=0)], [GOOD], late_limit_s=1, unresolved=2)[0] is Verdict.FAILED


@pytest.mark.parametrize("samples", [[], [sample(0, due=0, outcome="refused")]], ids=["nobody", "nobody accepted"])
def test_nothing_to_judge_is_inconclusive(samples: list[Sample]) -> None:
    assert judged(samples, [GOOD], late_limit_s=1, unresolved=0)[0] is Verdict.INCONCLUSIVE


def test_long_latencies_allow_a_later_driver_up_to_a_limit() -> None:
    quick, slow, stuck = ([sample(0, due=0, took=took)] for took in (0.01, 0.1, 10.0))
    assert late_limit(quick) == 0.005
    assert late_limit(slow) == pytest.approx(0.01)
    assert late_limit(stuck) == 0.02
    assert late_limit([]) == 0.005
