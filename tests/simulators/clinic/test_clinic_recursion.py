"""The model's engine against the recursion: the same waits, patient by patient, to the last bit."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.clinic.queueing import pass_through
from simulators.clinic.recursion import lindley, starts, tandem_starts, waits


def drawn(seed: int, count: int, rate: float, cv: float) -> tuple[list[float], list[float]]:
    lot = random.Random(seed)
    at, arrivals = 0.0, []
    for _ in range(count):
        at += lot.expovariate(rate)
        arrivals.append(at)
    return arrivals, [lot.lognormvariate(0, cv) for _ in range(count)]


@pytest.mark.parametrize("servers", [1, 2, 10, 48])
def test_one_station_gives_exactly_the_recursion(servers: int) -> None:
    arrivals, services = drawn(servers, 20_000, 0.55 * servers, 1.0)
    passage = pass_through(arrivals, [services], [servers])
    assert passage.starts[0] == starts(arrivals, services, servers)


def test_five_stations_in_a_row_give_exactly_the_recursion() -> None:
    arrivals, _ = drawn(5, 10_000, 1.0, 1.0)
    services = [drawn(k, 10_000, 1.0, 0.3 * k)[1] for k in range(1, 6)]
    servers = [2, 3, 2, 4, 5]
    passage = pass_through(arrivals, services, servers)
    assert passage.starts == tandem_starts(arrivals, services, servers)


def test_one_server_is_lindley() -> None:
    arrivals, services = drawn(7, 5000, 0.5, 1.0)
    assert waits(arrivals, services, 1) == pytest.approx(lindley(arrivals, services), abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(
    gaps=st.lists(st.integers(0, 5), min_size=1, max_size=40),
    times=st.lists(st.integers(0, 9), min_size=40, max_size=40),
    servers=st.integers(1, 4),
)
def test_ties_and_empty_services_agree_too(gaps: list[int], times: list[int], servers: int) -> None:
    at, arrivals = 0.0, []
    for gap in gaps:
        at += gap
        arrivals.append(at)
    services = [float(time) for time in times[: len(arrivals)]]
    passage = pass_through(arrivals, [services], [servers])
    assert passage.starts[0] == starts(arrivals, services, servers)


def test_little_and_the_accounts_hold_exactly_on_a_drained_run() -> None:
    arrivals, services = drawn(3, 20_000, 1.7, 1.2)
    passage = pass_through(arrivals, [services], [4])
    queued = sum(start - arrival for start, arrival in zip(passage.starts[0], arrivals, strict=True))
    assert passage.queue_seconds[0] == pytest.approx(queued, rel=1e-9)
    assert passage.busy_seconds[0] == pytest.approx(sum(services), rel=1e-9)
    points = sorted([(at, 1) for at in arrivals] + [(at, -1) for at in passage.ends])
    present, before, area = 0, 0.0, 0.0
    for at, change in points:
        area += present * (at - before)
        present, before = present + change, at
    sojourns = sum(end - arrival for end, arrival in zip(passage.ends, arrivals, strict=True))
    assert area == pytest.approx(sojourns, rel=1e-9)
    assert present == 0


def test_no_server_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one server"):
        waits([0.0], [1.0], 0)
