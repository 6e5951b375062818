"""What the driver's client costs, as a ratio inside one run: its processor time for a request against httpx's.

Both ask the same server, a bare asyncio protocol in a thread of its own, with the same 32 requests under way. Times are
printed and never asserted; the ratio is, far below what is measured, since the host is used by others, too.
"""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from harness.bench.loop import LoopThread, new_loop
from harness.load.http import HttpPool

pytestmark = pytest.mark.slow

REQUESTS, CLIENTS, ROUNDS = 2000, 32, 5
ASSERTED = 4.0
REPLY = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
BODY = b'{"infno":"2102"}'


class Echo(asyncio.Protocol):
    """Says ok to every request that arrives whole in one piece, as they do on loopback."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(REPLY * data.count(b" HTTP/1.1\r\n"))  # type: ignore[attr-defined]  # a stream's transport


@contextmanager
def server() -> Iterator[str]:
    thread = LoopThread()

    async def listen() -> asyncio.Server:
        return await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0)

    async def close() -> None:
        listening.close()

    listening = thread.call(listen())
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        thread.call(close())
        thread.close()


def cost(session: Callable[[], Awaitable[None]]) -> float:
    """Processor seconds of this thread."""
    before = time.clock_gettime(time.CLOCK_THREAD_CPUTIME_ID)
    with asyncio.Runner(loop_factory=new_loop) as runner:

        async def run() -> None:
            await session()

        runner.run(run())
    return time.clock_gettime(time.CLOCK_THREAD_CPUTIME_ID) - before


async def together(ask: Callable[[], Awaitable[object]]) -> None:
    async def one() -> None:
        for _ in range(REQUESTS // CLIENTS):
            await ask()

    await asyncio.gather(*(one() for _ in range(CLIENTS)))


def test_the_lean_client_against_httpx(benchmark: BenchmarkFixture) -> None:
    assert threading.current_thread() is threading.main_thread()
    with server() as origin:

        async def lean() -> None:
            async with HttpPool(origin, connections=CLIENTS, reply_s=30) as pool:
                await together(lambda: pool.ask("POST", "/x", BODY))

        async def fat() -> None:
            async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
                await together(lambda: client.post(f"{origin}/x", content=BODY))

        ours: list[float] = []
        theirs: list[float] = []

        def one_round() -> None:
            ours.append(cost(lean))
            theirs.append(cost(fat))

        benchmark.pedantic(one_round, rounds=ROUNDS)  # type: ignore[no-untyped-call]
    ratio = sorted(b / a for a, b in zip(ours, theirs, strict=True))[len(ours) // 2]
    each = 1e6 / REQUESTS
    print(f"\nlean {min(ours) * each:.0f} us, httpx {min(theirs) * each:.0f} us a request; ratio {ratio:.1f}")
    assert ratio >= ASSERTED
