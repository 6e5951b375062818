"""The taped HTTP server: every byte of every message, one frame each, also when it is no HTTP."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from harness.clock import BenchClock
from harness.errors import BenchError
from harness.line.http import TapedServer
from harness.line.http_connection import Connection, connection_of
from harness.line.record import Direction
from harness.line.tape import Tape

REQUEST = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"


async def echo(request: Request) -> Response:
    return JSONResponse({"got": (await request.body()).decode()})


async def stream(_: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"

    return StreamingResponse(parts())


async def hold(request: Request) -> Response:
    await connection_of(request.scope).gone.wait()
    return JSONResponse({})


def app() -> Starlette:
    routes = [
        Route("/echo", echo, methods=["POST"]),
        Route("/stream", stream),
        Route("/hold", hold, methods=["POST"]),
    ]
    return Starlette(routes=routes)


def serving(body: Callable[[TapedServer, Tape], Awaitable[None]]) -> None:
    async def run() -> None:
        tape = Tape(BenchClock())
        server = TapedServer(app(), name="platform", tape=tape)
        await server.start()
        try:
            await body(server, tape)
        finally:
            await server.stop()

    asyncio.run(run())


async def talk(server: TapedServer, *pieces: bytes) -> bytes:
    host, port = server.address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0)
    answer = await reader.readuntil(b"\r\n\r\n")
    length = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    answer += await reader.readexactly(length)
    writer.close()
    await writer.wait_closed()
    return answer


def test_request_and_reply_are_on_the_tape_byte_for_byte() -> None:
    async def body(server: TapedServer, tape: Tape) -> None:
        answer = await talk(server, REQUEST)
        assert answer.startswith(b"HTTP/1.1 200")
        assert answer.endswith(b'{"got":"hello"}')
        received, sent = tape.recent()
        assert (received.direction, received.data) == (Direction.RECEIVED, REQUEST)
        assert (sent.direction, sent.data) == (Direction.SENT, answer)
        assert received.channel == sent.channel == "platform.http#1"

    serving(body)


def test_a_request_in_pieces_is_one_frame() -> None:
    async def body(server: TapedServer, tape: Tape) -> None:
        await talk(server, REQUEST[:10], REQUEST[10:50], REQUEST[50:])
        assert tape.recent()[0].data == REQUEST

    serving(body)


def test_what_is_no_http_is_recorded_too() -> None:
    async def body(server: TapedServer, tape: Tape) -> None:
        host, port = server.address.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"\x16\x03\x01 this is TLS\r\n\r\n")
        assert b"400" in await reader.read()
        writer.close()
        await writer.wait_closed()
        frames = tape.recent()
        assert frames[0].data == b"\x16\x03\x01 this is TLS\r\n\r\n"
        assert frames[1].data.startswith(b"HTTP/1.1 400")

    serving(body)


def test_connections_are_counted_anew_in_each_case() -> None:
    async def body(server: TapedServer, tape: Tape) -> None:
        await talk(server, REQUEST)
        await talk(server, REQUEST)
        server.renumber()
        await talk(server, REQUEST)
        assert [r.channel for r in tape.recent()][::2] == ["platform.http#1", "platform.http#2", "platform.http#1"]

    serving(body)


def test_a_handler_can_wait_for_the_client_to_give_up() -> None:
    async def body(server: TapedServer, tape: Tape) -> None:
        host, port = server.address.removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(REQUEST.replace(b"/echo", b"/hold"))
        await writer.drain()
        while not tape.recent():
            await asyncio.sleep(0)
        writer.close()
        await writer.wait_closed()
        while server.connections:
            await asyncio.sleep(0)
        assert [r.direction for r in tape.recent()] == [Direction.RECEIVED]

    serving(body)


def test_stopping_cuts_what_is_held_and_frees_the_port() -> None:
    async def run() -> None:
        server = TapedServer(app(), name="platform", tape=Tape(BenchClock()))
        await server.start()
        host, port = server.address.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(REQUEST.replace(b"/echo", b"/hold"))
        await writer.drain()
        await asyncio.wait_for(server.stop(), 60)
        with pytest.raises((ConnectionError, OSError)):
            await asyncio.open_connection(host, int(port))
        writer.close()
        del reader

    asyncio.run(run())


def test_a_taken_port_is_a_clear_error() -> None:
    async def run() -> None:
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", 0))
            holder.listen()
            port = holder.getsockname()[1]
            server = TapedServer(app(), name="platform", tape=Tape(BenchClock()), port=port)
            with pytest.raises(BenchError, match=f"platform cannot listen on 127.0.0.1:{port}"):
                await server.start()

    asyncio.run(run())


def test_a_streamed_reply_is_one_frame() -> None:
    async def body(server: TapedServer, tape: Tape) -> None:
        host, port = server.address.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /stream HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        assert b"one" in answer
        assert b"two" in answer
        assert [r.data for r in tape.recent()][1] == answer

    serving(body)


def test_an_application_that_fails_leaves_a_problem_on_the_tape() -> None:
    async def broken(_: Request) -> Response:
        raise LookupError("no such thing")

    async def run() -> None:
        tape = Tape(BenchClock())
        server = TapedServer(Starlette(routes=[Route("/echo", broken, methods=["POST"])]), name="platform", tape=tape)
        await server.start()
        try:
            host, port = server.address.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(REQUEST.replace(b"Host: x", b"Host: x\r\nConnection: close"))
            assert (await reader.read()).startswith(b"HTTP/1.1 500")
            writer.close()
            await writer.wait_closed()
        finally:
            await server.stop()
        (problem,) = [record.event for record in tape.recent() if record.name == "problem"]
        assert problem["blame"] == "SimulatorDefect"
        assert "platform failed to answer POST /echo: LookupError: no such thing" in str(problem["problem"])

    asyncio.run(run())


def test_the_head_of_an_answer_goes_out_with_its_body() -> None:
    written: list[bytes] = []

    class Wire:
        def write(self, data: bytes) -> None:
            written.append(data)

    async def body(server: TapedServer, tape: Tape) -> None:
        connection = Connection(server, Wire())  # type: ignore[arg-type]  # all that it needs of a transport
        connection.holds = True
        connection.write(b"head")
        assert written == []
        connection.holds = False
        connection.write(b"body")
        connection.write(b"more")
        assert written == [b"headbody", b"more"]
        connection.record_sent()
        assert tape.recent()[-1].data == b"headbodymore"

    serving(body)


def test_an_answer_is_on_the_tape_before_its_reader_can_have_it() -> None:
    on_tape_at_write: list[bytes] = []

    async def body(server: TapedServer, tape: Tape) -> None:
        class Watched:
            def __init__(self, inner: asyncio.Transport) -> None:
                self._inner = inner

            def write(self, data: bytes) -> None:
                if any(record.direction is Direction.SENT for record in tape.recent()):
                    on_tape_at_write.append(data)
                self._inner.write(data)

            def __getattr__(self, name: str) -> object:
                return getattr(self._inner, name)

        made = server.connection
        server.connection = lambda transport: made(Watched(transport))  # type: ignore[method-assign,arg-type]
        host, port = server.address.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(REQUEST)
        answer = await reader.readuntil(b"\r\n\r\n")
        assert on_tape_at_write
        assert on_tape_at_write[0].startswith(answer)
        writer.close()
        await writer.wait_closed()

    serving(body)


def test_a_head_without_a_body_goes_out_all_the_same() -> None:
    async def body(server: TapedServer, tape: Tape) -> None:
        host, port = server.address.removeprefix("http://").split(":")
        for connection in (b"close", b"keep-alive"):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(b"HEAD /stream HTTP/1.1\r\nHost: x\r\nConnection: " + connection + b"\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            assert tape.recent()[-1].data == head
            writer.close()
            await writer.wait_closed()

    serving(body)
