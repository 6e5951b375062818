"""Plain queues on the model's own engine, to be held against theory and against the recursion.

They use the same `Kernel` and `Station` as the clinic, fed with arrivals and service times that were drawn before.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from simulators.clinic.kernel import PARKED, Kernel, Process, Station, Steps


@dataclass(frozen=True, kw_only=True)
class Passage:
    """What happened in stations in a row; lists by station, then by customer."""

    starts: list[list[float]]
    """When each customer's service began."""
    ends: list[float]
    """When each customer left the last station."""
    busy_seconds: list[float]
    queue_seconds: list[float]
    """Accounts of each station, kept independently of the customers' times."""


def pass_through(arrivals: Sequence[float], services: Sequence[Sequence[float]], servers: Sequence[int]) -> Passage:
    """Send customers through stations in a row; the k-th *begin* at a station takes its k-th service time."""
    kernel = Kernel()
    stations = [Station(kernel, count) for count in servers]
    draws = [iter(times) for times in services]
    begun = [[0.0] * len(arrivals) for _ in servers]
    ends = [0.0] * len(arrivals)
    row = list(zip(stations, draws, begun, strict=True))

    def customer(me: Process) -> Steps:
        for station, times, mine in row:
            if not station.seize(me):
                yield PARKED
            mine[me.key] = kernel.now
            yield next(times)
            station.release()
        ends[me.key] = kernel.now

    def begin(k: int) -> None:
        process = Process(k)
        kernel.start(process, customer(process))

    kernel.feed(arrivals, begin)
    kernel.run()
    return Passage(
        starts=begun,
        ends=ends,
        busy_seconds=[station.busy_seconds for station in stations],
        queue_seconds=[station.queue_seconds for station in stations],
    )
