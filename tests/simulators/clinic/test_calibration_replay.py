"""The bench's model: exact on given numbers, and a device of the bench under virtual time takes the same path."""

import asyncio
import ctypes
import random
import selectors
from collections.abc import Mapping
from functools import partial

import numpy as np
import pytest

from simulators.clinic.calibration_fit import fit
from simulators.clinic.recursion import waits
from simulators.clinic.replay import Recorded, latencies, predict, without_queue
from simulators.scanner import attach_pacing

UNIT_S = 2.0**-10
"""A byte's time; a power of two, so that every sum of it is exact."""


def customers(seed: int, count: int = 3000) -> tuple[list[float], list[int]]:
    """Arrivals, in whole units and none at one moment, and how many units each takes: the line is busy for a while."""
    dice = random.Random(seed)
    at, arrivals, sizes = 0, [], []
    for _ in range(count):
        at += 1 + int(dice.expovariate(1 / 33))
        arrivals.append(at * UNIT_S)
        sizes.append(dice.choice((20, 28, 29, 35)))
    return arrivals, sizes


def column(values: list[float]) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    return np.asarray(values)[:, None]


@pytest.mark.parametrize("servers", [1, 3])
def test_one_visit_in_one_piece_is_the_recursions_path(servers: int) -> None:
    arrivals, sizes = customers(3)
    work = [size * UNIT_S for size in sizes]
    found = latencies(arrivals, column(work), column([0.0] * len(work)), (1,), servers=servers)
    expected = [wait + own for wait, own in zip(waits(arrivals, work, servers), work, strict=True)]
    assert found == pytest.approx(expected, abs=1e-9)
    assert max(expected) > 3 * max(work) or servers > 1, "there was something to wait for"


def test_alone_a_customer_takes_its_work_and_its_way() -> None:
    work, way = np.asarray([[0.003, 0.005]]), np.asarray([[0.001, 0.002]])
    assert latencies([7.0], work, way, (1, 5)) == pytest.approx([0.011])


def test_work_in_pieces_is_done_in_turn() -> None:
    """A party that waits for another gives the loop away: two customers then go on side by side."""
    work, way = np.asarray([[1.0], [1.0]]), np.zeros((2, 1))
    assert latencies([0.0, 0.05], work, way, (1,)) == pytest.approx([1.0, 1.95])
    first, second = latencies([0.0, 0.05], work, way, (10,))
    assert first == pytest.approx(1.9)
    assert second == pytest.approx(1.95)


def test_a_prediction_covers_a_run_of_its_own_model() -> None:
    stream = np.random.default_rng(1)
    work, way = stream.gamma(20.0, 0.0005, (500, 2)), stream.gamma(5.0, 0.0002, (500, 2))
    recorded = Recorded(steps=("a", "b"), work=work, way=way, turns=(1, 3))
    at = np.cumsum(stream.exponential(1 / 35, 800)).tolist()
    laws = []
    for step in range(2):
        of_work, of_way = fit("w", work[:, step].tolist()), fit("y", way[:, step].tolist())
        assert of_work is not None
        assert of_way is not None
        laws.append((of_work.law, of_way.law))
    real = np.asarray(latencies(at, stream.gamma(20.0, 0.0005, (800, 2)), stream.gamma(5.0, 0.0002, (800, 2)), (1, 3)))
    for chosen in (laws, None):
        found, values = predict(at, recorded, laws=chosen, replications=20, seed=1)
        assert values.shape == (20, 800)
        assert found["mean"].mean == pytest.approx(real.mean(), rel=0.05)
        assert found["mean"].low <= real.mean() * 1.03
        assert found["p95"].mean == pytest.approx(np.percentile(real, 95), rel=0.10)
        again, _ = predict(at, recorded, laws=chosen, replications=20, seed=1)
        assert again == found
    assert without_queue(recorded) < 0.8 * real.mean(), "the null model knows nothing of waiting"


class _Jump(selectors.DefaultSelector):
    """Waits for nothing: whoever waits on the clock is at once at that moment."""

    loop: "VirtualTimeLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "everybody waits, and nobody on the clock"
        self.loop.jump()
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose time goes from one timer to the next, exactly."""

    def __init__(self) -> None:
        self._at = 0.0
        selector = _Jump()
        super().__init__(selector)
        selector.loop = self

    def time(self) -> float:
        return self._at

    def jump(self) -> None:
        """Go to the next timer, unless something is to be done now."""
        ready: object = self._ready  # type: ignore[attr-defined]  # asyncio's own queues are not in its stubs
        scheduled: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]  # the same
        if not ready and scheduled:
            self._at = max(self._at, scheduled[0].when())


def passed(arrivals: list[float], sizes: list[int], monkeypatch: pytest.MonkeyPatch) -> Mapping[int, float]:
    """When the last byte of each code has passed the scanner's wire, by the device's own code in virtual time."""
    loop = VirtualTimeLoop()

    class Clock:
        monotonic = staticmethod(loop.time)

    monkeypatch.setattr(attach_pacing, "time", Clock)
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: None)  # no timer of the real kernel
    ended: dict[int, float] = {}
    ends = {sum(sizes[: k + 1]): k for k in range(len(sizes))}
    count = 0

    async def run() -> None:
        def put(data: bytes) -> None:
            nonlocal count
            count += len(data)
            if count in ends:
                ended[ends[count]] = loop.time()

        wire = attach_pacing.Pacer(put)
        for at, size in zip(arrivals, sizes, strict=True):
            loop.call_at(at, partial(wire.send, bytes(size), unit_s=UNIT_S))
        last = loop.create_future()
        loop.call_at(arrivals[-1] + UNIT_S / 2, last.set_result, None)
        await last
        await wire.drained()
        wire.close()

    try:
        loop.run_until_complete(run())
    finally:
        loop.close()
    return ended


def test_the_scanners_wire_in_virtual_time_takes_the_models_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wire is a queue with one server that takes so long for each byte: the same end for every single code."""
    arrivals, sizes = customers(11, count=800)
    ended = passed(arrivals, sizes, monkeypatch)
    work = [size * UNIT_S for size in sizes]
    model = latencies(arrivals, column(work), column([0.0] * len(work)), (1,))
    assert [ended[k] for k in range(len(sizes))] == [at + took for at, took in zip(arrivals, model, strict=True)]
    assert max(model) > 3 * max(work), "codes did queue for the wire"
