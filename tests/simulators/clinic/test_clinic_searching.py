"""Searching the smallest capacity: the words, and the search itself on a law that is known."""

import math
from collections.abc import Sequence

import pytest

from harness.errors import ConfigError
from simulators.clinic.scenario import Scenario, load_scenario
from simulators.clinic.searching import read_wish, search
from simulators.clinic.statistics import Estimate


@pytest.mark.parametrize(
    ("text", "key", "measure", "limit"),
    [
        ("machines for p95 < 3 s", "bank.machines", "response.p95", 3.0),
        ("windows for wait p95 < 10 min", "hospital.windows", "wait.window.p95", 600.0),
        ("windows for p95 < 500 ms", "hospital.windows", "wait.window.p95", 0.5),
        ("workers for response p99 <= 5 s", "platform.workers", "response.p99", 5.0),
        ("sessions for time_outs < 1", "bank.platform_sessions", "time_outs", 1.0),
        ("hospital.his_pool for response.mean < 1 s", "hospital.his_pool", "response.mean", 1.0),
        ("kiosks for within >= 95 %", "hospital.kiosks", "wait.kiosk.within", 0.95),
    ],
)
def test_a_wish_is_read(text: str, key: str, measure: str, limit: float) -> None:
    wish = read_wish(text)
    assert (wish.key, wish.measure) == (key, measure)
    assert wish.limit == pytest.approx(limit)
    assert wish.below == ("<" in text)


@pytest.mark.parametrize(
    "text", ["machines", "machines for p95", "machins for p95 < 3 s", "step.scan.mean for p95 < 3 s", "x for p95 < . s"]
)
def test_what_is_no_wish_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError) as error:
        read_wish(text)
    assert error.value.remedy


def law(scenarios: Sequence[Scenario]) -> list[Estimate]:
    return [Estimate(mean=30 / one.whole("bank.machines"), half=0.1, count=5) for one in scenarios]


@pytest.mark.parametrize("limit", [40.0, 29.0, 3.0, 1.0, 0.5])
def test_the_smallest_is_found_with_its_interval_on_the_right_side(limit: float) -> None:
    found = search(load_scenario("peak-hour"), read_wish(f"machines for p95 < {limit} s"), law)
    assert found.capacity == next(n for n in range(1, 1000) if 30 / n + 0.1 <= limit)
    assert len(found.tried) <= 2 * math.log2(found.capacity) + 2


def test_what_no_capacity_can_do_ends_and_says_so() -> None:
    def never(scenarios: Sequence[Scenario]) -> list[Estimate]:
        return [Estimate(mean=9.0, half=0.0, count=2) for _ in scenarios]

    found = search(load_scenario("peak-hour"), read_wish("machines for p95 < 3 s"), never)
    assert found.capacity is None
    assert len(found.tried) < 8
