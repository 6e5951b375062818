"""The bench as the model sees it, to predict what a replay of a trace will measure.

A bench's virtual parties live on one event loop, so they are one station with one server. A purchase is five requests
after one another; each is some time on the way (client, kernel, wake-ups), and work at the station in as many turns as
the parties call one another: a party that waits for another gives the loop away. Same kernel as the clinic's day.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.clinic.calibration_fit import Law
from simulators.clinic.kernel import PARKED, Kernel, Process, Station, Steps

Floats = NDArray[np.float64]
POINTS = ("mean", "p50", "p95", "p99")
LEVEL = (2.5, 97.5)


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What calibration measured: one row a purchase, one column a step, in seconds."""

    steps: tuple[str, ...]
    work: Floats
    """On the station."""
    way: Floats
    """Elsewhere."""
    turns: tuple[int, ...]
    """How many pieces a step's work comes in."""


@dataclass(frozen=True, kw_only=True)
class Predicted:
    """A figure over replications: mean and 95 % interval of what one run may show, in seconds."""

    mean: float
    low: float
    high: float


def latencies(
    at_s: Sequence[float], work: Floats, way: Floats, turns: Sequence[int], *, servers: int = 1
) -> list[float]:
    """The latency of each customer of a trace whose work and ways are given: one path, without any chance."""
    kernel = Kernel()
    station = Station(kernel, servers)
    ended = [math.nan] * len(at_s)
    demand, delay = work.tolist(), way.tolist()

    def customer(me: Process, k: int) -> Steps:
        for step, count in enumerate(turns):
            before = delay[k][step] / 2
            if before:
                yield before
            piece = demand[k][step] / count
            for _ in range(count):
                if not station.seize(me):
                    yield PARKED
                yield piece
                station.release()
            if before:
                yield before
        ended[k] = kernel.now

    def begin(k: int) -> None:
        me = Process(k)
        kernel.start(me, customer(me, k))

    kernel.feed(list(at_s), begin)
    kernel.run()
    return [end - at for end, at in zip(ended, at_s, strict=True)]


def predict(
    at_s: Sequence[float],
    recorded: Recorded,
    *,
    laws: Sequence[tuple[Law, Law]] | None,
    replications: int,
    seed: int,
) -> tuple[dict[str, Predicted], Floats]:
    """Replications on one trace: figures, and every latency. Without laws the recorded rows are drawn again, whole.

    `laws` are those of work and way by step, drawn independently.
    """
    count = len(at_s)
    values = np.empty((replications, count))
    for replication in range(replications):
        stream = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(replication,)))
        if laws is None:
            rows = stream.integers(0, len(recorded.work), count)
            work, way = recorded.work[rows], recorded.way[rows]
        else:
            work = np.column_stack([law.draw(stream, count) for law, _ in laws])
            way = np.column_stack([law.draw(stream, count) for _, law in laws])
        values[replication] = latencies(at_s, work, way, recorded.turns)
    figures = {name: [_figure(run, name) for run in values] for name in POINTS}
    return {
        name: Predicted(
            mean=float(np.mean(found)),
            low=float(np.percentile(found, LEVEL[0])),
            high=float(np.percentile(found, LEVEL[1])),
        )
        for name, found in figures.items()
    }, values


def without_queue(recorded: Recorded) -> float:
    """The mean latency if nobody ever waited: the null model, which a prediction must beat to be worth anything."""
    return float((recorded.work + recorded.way).sum(axis=1).mean())


def _figure(values: Floats, name: str) -> float:
    """As the driver counts: the mean, or the nearest rank."""
    if name == "mean":
        return float(values.mean())
    ordered = np.sort(values)
    rank = math.ceil(float(name.removeprefix("p")) / 100 * len(ordered) - 1e-9)
    return float(ordered[max(0, rank - 1)])
