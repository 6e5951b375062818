"""The bench's loop: work goes in from any thread, results and errors come out, and nothing is left running."""

import asyncio
import socket
import threading

import pytest

from harness.bench.loop import LoopThread
from harness.errors import SimulatorDefect


async def answer() -> int:
    await asyncio.sleep(0)
    return 42


def test_a_result_and_an_error_come_back() -> None:
    loop = LoopThread()

    async def fail() -> None:
        raise ValueError("as it should")

    assert loop.call(answer()) == 42
    with pytest.raises(ValueError, match="as it should"):
        loop.call(fail())
    loop.close()


def test_work_that_never_ends_is_a_defect_and_is_cancelled() -> None:
    loop, cancelled = LoopThread(), threading.Event()

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    with pytest.raises(SimulatorDefect, match="did not end within"):
        loop.call(forever(), timeout=0.05)
    assert cancelled.wait(60)
    loop.close()


def test_closing_ends_what_runs_and_the_thread_and_may_be_repeated() -> None:
    before = set(threading.enumerate())
    loop, cancelled = LoopThread(), threading.Event()

    async def stay() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async def start() -> asyncio.Task[None]:
        return asyncio.create_task(stay())

    loop.call(start())
    loop.settle()
    loop.close()
    loop.close()
    assert cancelled.is_set()
    assert set(threading.enumerate()) == before


def test_a_callback_runs_in_the_loops_thread() -> None:
    loop, seen = LoopThread(), []
    loop.soon(lambda: seen.append(threading.current_thread().name))
    loop.settle()
    loop.close()
    assert seen == ["bench"]


def test_what_nobody_closed_does_not_keep_a_loop_from_closing() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    bench = LoopThread()
    bench.call(bench.loop.create_connection(asyncio.Protocol, *listening.getsockname()))
    bench.close()
    assert bench.loop.is_closed()
    listening.close()
