"""The formulas against published values, and the engine against the formulas within its confidence interval.

Fixed seeds; a case is accepted when the mean lies within 3.3 standard errors of theory and the error is small enough to
say something (2 % of theory).
"""

import math
from collections.abc import Callable

import numpy as np
import pytest

from simulators.clinic import oracles
from simulators.clinic.queueing import pass_through
from simulators.clinic.recursion import waits
from simulators.clinic.statistics import standard_error

Draw = Callable[[np.random.Generator, int], np.ndarray[tuple[int, ...], np.dtype[np.float64]]]
SURE = 3.3
SHARP = 0.02


def exponential(mean: float) -> Draw:
    return lambda stream, count: stream.exponential(mean, count)


def fixed(mean: float) -> Draw:
    return lambda _, count: np.full(count, mean)


def lognormal(mean: float, cv: float) -> Draw:
    variance = math.log1p(cv * cv)
    return lambda stream, count: stream.lognormal(math.log(mean) - variance / 2, math.sqrt(variance), count)


def mean_waits(
    rate: float, service: Draw, servers: int, *, replications: int, count: int, by_model: bool = False
) -> list[float]:
    """The mean wait of each replication, after a fifth is cut off: a steady state is asked here."""
    means = []
    for k in range(replications):
        stream = np.random.default_rng(np.random.SeedSequence(11, spawn_key=(k,)))
        arrivals = np.cumsum(stream.exponential(1 / rate, count)).tolist()
        services = service(stream, count).tolist()
        if by_model:
            begun = pass_through(arrivals, [services], [servers]).starts[0]
            found = [start - arrival for start, arrival in zip(begun, arrivals, strict=True)]
        else:
            found = waits(arrivals, services, servers)
        means.append(float(np.mean(found[count // 5 :])))
    return means


def agrees(means: list[float], theory: float) -> None:
    error = standard_error(means)
    assert error <= SHARP * theory, "the test is too short to say anything"
    assert abs(float(np.mean(means)) - theory) <= SURE * error


def test_erlang_b_and_c_are_those_of_the_tables() -> None:
    assert oracles.erlang_b(10, 10) == pytest.approx(0.21458, abs=1e-5)
    assert oracles.erlang_b(1, 1) == pytest.approx(0.5)
    assert oracles.erlang_c(8, 10) == pytest.approx(0.40918, abs=1e-5)
    assert oracles.erlang_c(0.7, 1) == pytest.approx(0.7)


def test_mm_1_is_the_textbook() -> None:
    queue = oracles.mm_c(0.8, 1.0, 1)
    assert (queue.wait, queue.sojourn, queue.queue, queue.present) == pytest.approx((4.0, 5.0, 3.2, 4.0))
    assert queue.present == pytest.approx(oracles.little(0.8, queue.sojourn))
    assert oracles.mm_c_wait_exceeds(0.8, 1.0, 1, 0.0) == pytest.approx(0.8)


def test_the_formulas_meet_where_they_must() -> None:
    assert oracles.md_1(0.8, 1.0).wait == pytest.approx(oracles.mm_c(0.8, 1.0, 1).wait / 2)
    assert oracles.mg_1(0.8, 1.0, 1.0).wait == pytest.approx(oracles.mm_c(0.8, 1.0, 1).wait)
    assert oracles.kingman(0.8, 1.0, 1.0, 1.0) == pytest.approx(oracles.mm_c(0.8, 1.0, 1).wait)
    assert oracles.allen_cunneen(8.0, 1.0, 10, 1.0, 1.0) == pytest.approx(oracles.mm_c(8.0, 1.0, 10).wait)
    assert oracles.customers_for_precision(0.8, 0.01) == pytest.approx(4.7e6, rel=0.03)


@pytest.mark.slow
@pytest.mark.parametrize(("load", "expected"), [(0.24 * 2.1, 3), (0.24 * 8.4, 6), (0.24 * 47, 18)])
def test_workers_for_a_probability_of_waiting_below_five_percent(load: float, expected: int) -> None:
    assert oracles.servers_for_wait(load, mean=0.24, seconds=0.0, share=0.05) == expected


@pytest.mark.parametrize(
    ("name", "rate", "service", "servers", "theory"),
    [
        ("M/M/1", 0.8, exponential(1.0), 1, oracles.mm_c(0.8, 1.0, 1).wait),
        ("M/M/10", 7.0, exponential(1.0), 10, oracles.mm_c(7.0, 1.0, 10).wait),
        ("M/D/1", 0.8, fixed(1.0), 1, oracles.md_1(0.8, 1.0).wait),
        ("M/LN/1", 0.5, lognormal(1.0, 1.5), 1, oracles.mg_1(0.5, 1.0, 2.25).wait),
    ],
    ids=["M-M-1", "M-M-10", "M-D-1", "M-LN-1"],
)
def test_the_recursion_agrees_with_theory(name: str, rate: float, service: Draw, servers: int, theory: float) -> None:
    agrees(mean_waits(rate, service, servers, replications=60, count=20_000), theory)


@pytest.mark.parametrize(
    ("rate", "service", "servers", "theory"),
    [
        (0.5, exponential(1.0), 1, oracles.mm_c(0.5, 1.0, 1).wait),
        (0.5, fixed(1.0), 1, oracles.md_1(0.5, 1.0).wait),
        (2.1, exponential(1.0), 3, oracles.mm_c(2.1, 1.0, 3).wait),
    ],
    ids=["M-M-1", "M-D-1", "M-M-3"],
)
def test_the_model_agrees_with_theory(rate: float, service: Draw, servers: int, theory: float) -> None:
    agrees(mean_waits(rate, service, servers, replications=26, count=14_000, by_model=True), theory)


@pytest.mark.slow
def test_a_tandem_is_jacksons() -> None:
    rate, means, servers = 0.7, (1.0, 2.0), (2, 3)
    theory = oracles.tandem(rate, means, servers)
    found: list[list[float]] = [[], []]
    for k in range(20):
        stream = np.random.default_rng(np.random.SeedSequence(23, spawn_key=(k,)))
        count = 12_000
        arrivals = np.cumsum(stream.exponential(1 / rate, count)).tolist()
        services = [stream.exponential(mean, count).tolist() for mean in means]
        passage = pass_through(arrivals, services, servers)
        first = np.array(passage.starts[0])
        second = np.array(passage.starts[1])
        leave_first = np.array([0.0] * count)
        order = np.argsort(first, kind="stable")
        leave_first[order] = first[order] + np.array(services[0])
        found[0].append(float(np.mean((first - arrivals)[count // 5 :])))
        found[1].append(float(np.mean((second - leave_first)[count // 5 :])))
    for means_found, queue in zip(found, theory, strict=True):
        error = standard_error(means_found)
        assert error <= 0.04 * queue.wait
        assert abs(float(np.mean(means_found)) - queue.wait) <= SURE * error


def test_the_approximations_are_near_and_no_more_than_that() -> None:
    simulated = float(np.mean(mean_waits(8.0, lognormal(1.0, 1.5), 10, replications=20, count=20_000)))
    assert oracles.allen_cunneen(8.0, 1.0, 10, 1.0, 2.25) == pytest.approx(simulated, rel=0.15)
    assert oracles.kingman(0.8, 1.0, 1.0, 2.25) == pytest.approx(oracles.mg_1(0.8, 1.0, 2.25).wait, rel=1e-9)


@pytest.mark.parametrize(
    "call",
    [
        lambda: oracles.erlang_b(-1, 3),
        lambda: oracles.erlang_b(1, 0),
        lambda: oracles.erlang_c(3, 3),
        lambda: oracles.mm_c(-1, 1, 1),
        lambda: oracles.mg_1(1, 1, 0),
        lambda: oracles.kingman(1, 1, 1, 1),
        lambda: oracles.allen_cunneen(1, 1, 2, -1, 1),
        lambda: oracles.servers_for_wait(1, mean=1, seconds=1, share=0),
    ],
    ids=["b-load", "b-servers", "c-full", "rate", "pk-full", "kingman-full", "ac-variation", "share"],
)
def test_what_theory_does_not_cover_is_refused(call: Callable[[], object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each says its own
        call()
