"""The open loop: arrivals do not wait for answers, and nothing that waits is hidden."""

import asyncio
import time

import pytest

from harness.load.open_loop import replay
from harness.load.results import Attempt, Outcome, Sample

DONE = Attempt(outcome=Outcome.ACCEPTED)


def test_customers_are_sent_out_although_nobody_is_answered() -> None:
    """With a closed loop the first stuck customer would keep all others from coming: the stall would be one sample."""
    came: list[int] = []

    async def run() -> list[Sample]:
        freed = asyncio.Event()

        async def stuck(k: int) -> Attempt:
            came.append(k)
            if len(came) == 20:
                freed.set()
            await freed.wait()
            return DONE

        return await replay([k * 0.005 for k in range(20)], stuck)

    samples = asyncio.run(run())
    assert came == list(range(20))
    assert [s.number for s in samples] == list(range(20))
    latencies = [s.latency_s for s in samples]
    assert latencies[0] > 0.09, "the first waited for the whole stall"
    assert latencies[0] > latencies[10] > latencies[19], "who came later waited less"


def test_latency_counts_from_the_trace_also_when_the_driver_was_blocked() -> None:
    async def blocked(k: int) -> Attempt:
        if k == 0:  # the driver itself is kept from working, as by a busy machine
            until = time.perf_counter() + 0.1
            while time.perf_counter() < until:
                pass
        return DONE

    samples = asyncio.run(replay([0.0, 0.02, 0.04], blocked))
    assert samples[1].late_s > 0.07
    assert samples[1].latency_s >= samples[1].late_s


def test_a_trace_without_arrivals_is_over_at_once() -> None:
    async def nobody(_: int) -> Attempt:
        raise AssertionError

    assert asyncio.run(replay([], nobody)) == []


def test_what_a_customer_raises_ends_the_replay() -> None:
    async def broken(k: int) -> Attempt:
        if k == 1:
            raise RuntimeError("a defect of the driver")
        await asyncio.Event().wait()
        return DONE

    with pytest.raises(RuntimeError, match="a defect of the driver"):
        asyncio.run(replay([0.0, 0.0, 0.0], broken))


def test_who_comes_back_is_told() -> None:
    told: list[tuple[int, int]] = []

    async def quick(_: int) -> Attempt:
        return DONE

    asyncio.run(replay([0.0, 0.001, 0.002], quick, told=lambda back, of: told.append((back, of))))
    assert told == [(1, 3), (2, 3), (3, 3)]
