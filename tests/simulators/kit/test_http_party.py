"""An HTTP party: both doors open and close, calls to peers say who calls, garbage and crowds do no harm."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from harness.bench.plugin import Endpoints, SimulatorContext
from harness.clock import BenchClock, Clock, SystemClock
from harness.errors import BenchError
from harness.faults.schedule import FaultSchedule
from harness.line.record import Kind
from harness.line.tape import Tape
from simulators.kit.http_party import HttpParty


async def agent(request: Request) -> Response:
    return JSONResponse({"agent": request.headers["user-agent"]})


def party(*, port: int = 0, clock: Clock | None = None) -> HttpParty:
    clock = clock or BenchClock()
    tape = Tape(clock)
    context = SimulatorContext(name="box", clock=clock, tape=tape, seed=1, faults=FaultSchedule("box", tape), port=port)

    async def reset(_: int) -> None:
        pass

    app = Starlette(routes=[Route("/agent", agent, methods=["GET", "POST"])])
    return HttpParty(context, app, name_of=lambda path, _: path, state=dict, reset=reset)


def serving(body: Callable[[HttpParty, Endpoints], Awaitable[None]]) -> None:
    async def run() -> None:
        box = party()
        try:
            await body(box, await box.start())
        finally:
            await box.stop()
            await box.stop()

    asyncio.run(run())


def test_both_doors_answer_and_calls_to_peers_say_who_calls() -> None:
    async def body(box: HttpParty, ends: Endpoints) -> None:
        assert (await box.client.get(f"{ends.at}/agent")).json() == {"agent": "liantiao-box"}
        assert (await box.client.get(f"{ends.also['control']}/state")).json() == {}

    serving(body)


@pytest.mark.parametrize(("clock", "connections"), [(BenchClock(), 3), (SystemClock(), 1)], ids=["bench", "system"])
def test_connections_to_peers_are_kept_where_no_tape_must_repeat(clock: Clock, connections: int) -> None:
    async def run() -> None:
        box = party(clock=clock)
        ends = await box.start()
        try:
            for _ in range(3):
                await box.client.get(f"{ends.at}/agent")
            channels = {record.channel for record in box._context.tape.recent() if record.kind is Kind.FRAME}
            assert len(channels) == connections
        finally:
            await box.stop()

    asyncio.run(run())


def test_after_stop_nobody_answers() -> None:
    async def run() -> None:
        box = party()
        ends = await box.start()
        await box.stop()
        async with httpx.AsyncClient(trust_env=False) as client:
            for address in (ends.at, ends.also["control"]):
                with pytest.raises(httpx.ConnectError):
                    await client.get(address)

    asyncio.run(run())


def test_a_failed_start_can_be_stopped() -> None:
    async def run() -> None:
        first = party()
        ends = await first.start()
        second = party(port=int(ends.at.rpartition(":")[2]))
        with pytest.raises(BenchError, match="cannot listen"):
            await second.start()
        await second.stop()
        await first.stop()

    asyncio.run(run())


@pytest.mark.parametrize("door", ["at", "control"])
def test_garbage_slow_clients_and_a_crowd_do_no_harm(door: str) -> None:
    async def body(_: HttpParty, ends: Endpoints) -> None:
        address = ends.at if door == "at" else ends.also["control"]
        host, _colon, port = address.removeprefix("http://").partition(":")
        slow = [await asyncio.open_connection(host, int(port)) for _ in range(30)]
        for _reader, writer in slow:
            writer.write(b"POST /agent HTTP/1.1\r\ncontent-len")
        for raw in (
            b"\x00\x01garbage\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"POST / HTTP/1.1\r\ncontent-length: -5\r\n\r\n",
        ):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(raw)
            with contextlib.suppress(ConnectionError):
                await reader.read(100)
            writer.close()
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            path = "/agent" if door == "at" else "/state"
            replies = await asyncio.gather(*(client.get(address + path) for _ in range(50)))
            assert {reply.status_code for reply in replies} == {200}
            assert (await client.post(address + path, content=b"x" * 5_000_000)).status_code in {200, 405}
        for _reader, writer in slow:
            writer.close()

    serving(body)
