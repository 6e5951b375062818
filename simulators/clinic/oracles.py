"""Queueing theory as functions: what a simulation must agree with where theory knows the answer.

`rate` is arrivals a second, `mean` the mean service time in seconds, `servers` their number, `cv2` a squared
coefficient of variation (variance by squared mean): 1 for exponential times, 0 for fixed ones. Offered load is
a = rate * mean erlang, utilisation rho = a / servers. Every function raises ValueError outside of its range;
steady-state means need rho < 1.

Exact: Erlang B and C, M/M/c, M/G/1 (Pollaczek and Khinchine) with M/D/1 in it, Jackson's tandem, Little's law.
Approximations, for sanity checks only: Kingman (G/G/1), Allen and Cunneen (G/G/c).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Queue:
    """The steady state of a queue: means over customers and over time."""

    utilisation: float
    wait: float
    """Mean seconds in the queue (Wq)."""
    sojourn: float
    """Mean seconds in the system (W)."""
    queue: float
    """Mean number in the queue (Lq)."""
    present: float
    """Mean number in the system (L)."""


def erlang_b(load: float, servers: int) -> float:
    """The share of calls lost by `servers` lines without a queue, offered `load` erlang."""
    _check(load >= 0, f"the offered load cannot be {load}")
    _check(servers >= 1, f"there must be at least one server, not {servers}")
    blocked = 1.0
    for k in range(1, servers + 1):
        blocked = load * blocked / (k + load * blocked)
    return blocked


def erlang_c(load: float, servers: int) -> float:
    """The share of customers that must wait in M/M/c."""
    blocked = erlang_b(load, servers)
    rho = load / servers
    _check(rho < 1, f"{load:g} erlang are too much for {servers} servers")
    return blocked / (1 - rho * (1 - blocked))


def mm_c(rate: float, mean: float, servers: int) -> Queue:
    """M/M/c: Poisson arrivals, exponential service."""
    _check(rate > 0 and mean > 0, "rate and mean must be positive")
    wait = erlang_c(rate * mean, servers) / (servers / mean - rate)
    return _queue(rate, mean, servers, wait)


def mm_c_wait_exceeds(rate: float, mean: float, servers: int, seconds: float) -> float:
    """P(wait > seconds) in M/M/c."""
    _check(seconds >= 0, f"a wait cannot be {seconds}")
    return erlang_c(rate * mean, servers) * math.exp(-(servers / mean - rate) * seconds)


def mg_1(rate: float, mean: float, cv2: float) -> Queue:
    """M/G/1 by Pollaczek and Khinchine."""
    _check(rate > 0 and mean > 0 and cv2 >= 0, "rate and mean must be positive, cv2 not negative")
    rho = rate * mean
    _check(rho < 1, f"{rho:g} erlang are too much for one server")
    return _queue(rate, mean, 1, rho * mean * (1 + cv2) / (2 * (1 - rho)))


def md_1(rate: float, mean: float) -> Queue:
    """M/D/1: fixed service time."""
    return mg_1(rate, mean, 0.0)


def tandem(rate: float, means: Sequence[float], servers: Sequence[int]) -> tuple[Queue, ...]:
    """Jackson's tandem: exponential stations in a row behave as if each were alone with Poisson arrivals."""
    return tuple(mm_c(rate, mean, count) for mean, count in zip(means, servers, strict=True))


def kingman(rate: float, mean: float, arrival_cv2: float, service_cv2: float) -> float:
    """Approximate mean wait in G/G/1."""
    _check(rate > 0 and mean > 0 and arrival_cv2 >= 0 and service_cv2 >= 0, "rates and variations must be positive")
    rho = rate * mean
    _check(rho < 1, f"{rho:g} erlang are too much for one server")
    return rho / (1 - rho) * (arrival_cv2 + service_cv2) / 2 * mean


def allen_cunneen(rate: float, mean: float, servers: int, arrival_cv2: float, service_cv2: float) -> float:
    """Approximate mean wait in G/G/c."""
    _check(arrival_cv2 >= 0 and service_cv2 >= 0, "variations cannot be negative")
    return mm_c(rate, mean, servers).wait * (arrival_cv2 + service_cv2) / 2


def little(rate: float, sojourn: float) -> float:
    """The mean number present, L = rate * W; holds for every system that neither creates nor loses customers."""
    return rate * sojourn


def servers_for_wait(load: float, *, mean: float, seconds: float, share: float) -> int:
    """The fewest servers of M/M/c at which at most `share` of the customers wait longer than `seconds`."""
    _check(load >= 0 and mean > 0 and seconds >= 0 and 0 < share < 1, "load, mean, seconds or share out of range")
    servers = max(1, math.floor(load) + 1)
    while load > 0 and mm_c_wait_exceeds(load / mean, mean, servers, seconds) > share:
        servers += 1
    return servers


def customers_for_precision(rho: float, half_width: float) -> int:
    """Customers that M/M/1 needs for a 95 % interval of the mean wait of +/- `half_width` (relative).

    The asymptotic variance is Daley's (1968), with the mean service time as unit.
    """
    _check(0 < rho < 1 and half_width > 0, "rho must be between 0 and 1, the half-width positive")
    variance = rho * (2 + 5 * rho - 4 * rho**2 + rho**3) / (1 - rho) ** 4
    wait = rho / (1 - rho)
    return math.ceil((1.96 / half_width) ** 2 * variance / wait**2)


def _queue(rate: float, mean: float, servers: int, wait: float) -> Queue:
    return Queue(
        utilisation=rate * mean / servers,
        wait=wait,
        sojourn=wait + mean,
        queue=little(rate, wait),
        present=little(rate, wait + mean),
    )


def _check(holds: bool, problem: str) -> None:
    if not holds:
        raise ValueError(problem)
