"""Clocks: a bench clock stands still until it is stepped, and wakes in order whoever waited."""

import asyncio
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from harness.clock import BEIJING, BENCH_ORIGIN, NS, BenchClock, Clock, SystemClock, local_time


def test_a_bench_clock_stands_still_at_its_origin() -> None:
    clock = BenchClock()
    assert clock.now_ns() == clock.now_ns()
    assert local_time(clock) == datetime(2020, 10, 14, 8, 30, tzinfo=BEIJING)
    assert local_time(clock).utcoffset() == timedelta(hours=8)
    assert clock.steppable


def test_steps_add_up_and_may_go_back() -> None:
    clock = BenchClock()
    start = clock.now_ns()
    assert clock.step(seconds=0.000_001) == start + 1000
    assert clock.step(seconds=86_400) == start + 86_400 * NS + 1000
    assert clock.step(seconds=-86_401) == clock.now_ns() == start - NS + 1000
    assert local_time(clock) == BENCH_ORIGIN - timedelta(seconds=1, microseconds=-1)
    clock.rewind()
    assert clock.now_ns() == start


def test_an_origin_needs_a_time_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        BenchClock(datetime(2020, 10, 14))  # noqa: DTZ001 - the point


def test_sleepers_wake_in_the_order_of_their_times() -> None:
    async def run() -> list[str]:
        clock, woken = BenchClock(), list[str]()

        async def sleeper(name: str, seconds: float) -> None:
            await clock.sleep(seconds)
            woken.append(name)

        tasks = [asyncio.create_task(sleeper(name, after)) for name, after in (("c", 3), ("a", 1), ("b", 2), ("a2", 1))]
        await asyncio.sleep(0)
        clock.step(seconds=0.5)
        await asyncio.sleep(0)
        assert woken == []
        clock.step(seconds=1.5)
        await asyncio.wait(tasks[1:])
        assert woken == ["a", "a2", "b"]
        assert not tasks[0].done()
        clock.step(seconds=1)
        await tasks[0]
        return woken

    assert asyncio.run(run()) == ["a", "a2", "b", "c"]


def test_a_step_back_makes_sleepers_wait_longer() -> None:
    async def run() -> None:
        clock = BenchClock()
        sleeping = asyncio.create_task(clock.sleep(10))
        await asyncio.sleep(0)
        clock.step(seconds=-5)
        clock.step(seconds=10)
        await asyncio.sleep(0)
        assert not sleeping.done()
        clock.step(seconds=5)
        await sleeping

    asyncio.run(run())


@pytest.mark.parametrize("seconds", [0, -1])
def test_no_time_is_over_at_once(seconds: float) -> None:
    asyncio.run(asyncio.wait_for(BenchClock().sleep(seconds), 60))


def test_a_step_from_another_thread_wakes() -> None:
    clock = BenchClock()

    async def run() -> None:
        sleeping = asyncio.create_task(clock.sleep(60))
        await asyncio.sleep(0)
        stepping = threading.Thread(target=lambda: clock.step(seconds=61))
        stepping.start()
        await asyncio.wait_for(sleeping, 60)
        stepping.join()

    asyncio.run(run())


def test_a_timer_is_not_prolonged_by_a_step_back() -> None:
    async def run() -> None:
        clock = BenchClock()
        timer = asyncio.create_task(clock.elapse(60))
        sleeper = asyncio.create_task(clock.sleep(60))
        await asyncio.sleep(0)
        clock.step(seconds=-3600)
        clock.step(seconds=59)
        await asyncio.sleep(0)
        assert not timer.done(), "too early"
        clock.step(seconds=1)
        await timer
        assert not sleeper.done(), "a sleeper waits until the clock says so"
        clock.step(seconds=3600)
        await sleeper
        assert clock.elapsed_ns() == 3660 * NS

    asyncio.run(run())


def test_what_has_elapsed_never_goes_back() -> None:
    clock = BenchClock()
    for seconds, elapsed in ((5, 5), (-100, 5), (1, 6)):
        clock.step(seconds=seconds)
        assert clock.elapsed_ns() == elapsed * NS
    clock.rewind()
    assert clock.elapsed_ns() == 6 * NS
    assert SystemClock().elapsed_ns() <= SystemClock().elapsed_ns()


def test_rewinding_wakes_whoever_still_waits() -> None:
    async def run() -> None:
        clock = BenchClock()
        sleeping = asyncio.create_task(clock.sleep(60))
        await asyncio.sleep(0)
        clock.rewind()
        await asyncio.wait_for(sleeping, 60)

    asyncio.run(run())


def test_a_cancelled_sleeper_leaves_nothing_behind() -> None:
    clock = BenchClock()

    async def run() -> None:
        first, second = (asyncio.create_task(clock.sleep(seconds)) for seconds in (5, 10))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        assert len(clock._waiting) == 1
        clock.step(seconds=10)
        await second

    asyncio.run(run())
    assert clock._waiting == []
    clock.step(seconds=100)


def test_a_sleeper_whose_loop_is_gone_does_not_disturb_a_step() -> None:
    clock = BenchClock()
    loop = asyncio.new_event_loop()
    sleeping = loop.create_task(clock.sleep(1))
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    assert clock.step(seconds=2) == clock.now_ns()
    sleeping._log_destroy_pending = False  # type: ignore[attr-defined]  # abandoned on purpose


def test_the_system_clock_is_the_machines() -> None:
    clock: Clock = SystemClock()
    assert not clock.steppable
    before, now, after = time.time_ns(), clock.now_ns(), time.time_ns()
    assert before <= now <= after
    assert abs(local_time(clock) - datetime.now(UTC)) < timedelta(seconds=30)
    asyncio.run(asyncio.wait_for(clock.sleep(-1), 60))
    began = time.monotonic()
    asyncio.run(clock.sleep(0.02))
    assert time.monotonic() - began >= 0.015
