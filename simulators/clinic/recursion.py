"""Waits by recursion, without events: the exact answer that a simulated queue must give on the same numbers.

`waits` is the server-free heap (Kiefer and Wolfowitz): first come first served, identical servers, their number fixed,
nobody leaves and nobody overtakes. For one server it is Lindley's recursion. Times are seconds, or any one unit.
"""

from collections.abc import Sequence
from heapq import heapreplace


def waits(arrivals: Sequence[float], services: Sequence[float], servers: int) -> list[float]:
    """How long each customer waits; arrivals in order. Raises ValueError for no server or unequal lengths."""
    return [start - arrival for start, arrival in zip(starts(arrivals, services, servers), arrivals, strict=True)]


def starts(arrivals: Sequence[float], services: Sequence[float], servers: int) -> list[float]:
    """When each customer's service begins."""
    if servers < 1:
        raise ValueError(f"a queue needs at least one server, not {servers}")
    free = [float("-inf")] * servers
    begun = []
    for arrival, service in zip(arrivals, services, strict=True):
        start = free[0] if free[0] > arrival else arrival
        heapreplace(free, start + service)
        begun.append(start)
    return begun


def lindley(arrivals: Sequence[float], services: Sequence[float]) -> list[float]:
    """The waits at one server, by W' = max(0, W + S - A)."""
    waited = []
    wait, before, service_before = 0.0, arrivals[0] if arrivals else 0.0, 0.0
    for arrival, service in zip(arrivals, services, strict=True):
        wait = max(0.0, wait + service_before - (arrival - before))
        waited.append(wait)
        before, service_before = arrival, service
    return waited


def tandem_starts(
    arrivals: Sequence[float], services: Sequence[Sequence[float]], servers: Sequence[int]
) -> list[list[float]]:
    """Stations in a row: when each customer begins at each. The k-th *begin* at a station takes its k-th service time.

    Returns one list a station, by the customer's number. Customers that reach a station at the same moment keep the
    order in which they left the one before.
    """
    order = list(range(len(arrivals)))
    reach = list(arrivals)
    begun_at: list[list[float]] = []
    for times, count in zip(services, servers, strict=True):
        order.sort(key=lambda customer: reach[customer])
        begun = starts([reach[customer] for customer in order], times, count)
        mine = [0.0] * len(arrivals)
        for place, customer in enumerate(order):
            mine[customer] = begun[place]
            reach[customer] = begun[place] + times[place]
        begun_at.append(mine)
    return begun_at
