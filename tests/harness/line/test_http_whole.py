"""Requests under a known head: the same answers, frames and order as the long way, whatever comes, however cut."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from harness.clock import BenchClock
from harness.line.http import TapedServer
from harness.line.http_connection import connection_of
from harness.line.http_whole import LONGEST_HEAD, MOST_HEADS, Heads, answer_head
from harness.line.tape import Tape
from simulators.kit.handed_server import HandedServer
from simulators.kit.quick_paths import answer, whole_body

TURNS = 12
"""Of the loop, until all that has come is answered."""


def message(path: str, body: bytes = b"", *, method: str = "POST", more: str = "", version: str = "1.1") -> bytes:
    length = f"Content-Length: {len(body)}\r\n" if method == "POST" else ""
    return f"{method} {path} HTTP/{version}\r\nHost: x\r\n{more}{length}\r\n".encode() + body


REQUESTS = [
    message("/echo", b"hello"),
    message("/echo", b"other"),
    message("/echo?x=%20y", b"hello"),
    message("/echo", b"hello", more="Connection: keep-alive\r\nContent-Type: application/json\r\n"),
    message("/plain", b"four"),
    message("/plain", method="GET"),
    message("/plain", method="HEAD"),
    message("/slow", b"hello"),
    message("/stream", b"x"),
    message("/nothing", b"x"),
    message("/no-content", b"x"),
    message("/own-head", b"x"),
    message("/other", b"x"),
    message("/echo", b"wait", more="Expect: 100-continue\r\n"),
    b"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"\r\n" + message("/echo", b"hello"),
]
"""What leaves the connection open."""
LAST = [
    message("/fails", b"x"),
    message("/fails-late", b"x"),
    message("/says-nothing", b"x"),
    message("/plain", b"four", more="Connection: close\r\n"),
    message("/plain", b"four", version="1.0"),
    message("/closes", b"four"),
    b"\x16\x03 no HTTP\r\n\r\n",
    message("/echo", b"hello") + b"rubbish\r\n\r\n",
]
"""What closes it."""


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    await answer(send, await whole_body(receive) + scope["query_string"], content_type=b"text/plain")


async def slow(scope: Scope, receive: Receive, send: Send) -> None:
    del scope
    body = await whole_body(receive)
    for _ in range(3):
        await asyncio.sleep(0)
    await answer(send, body * 2, content_type=b"text/plain")


async def fails(scope: Scope, receive: Receive, send: Send) -> None:
    del scope, receive, send
    raise LookupError("no such thing")


async def fails_late(scope: Scope, receive: Receive, send: Send) -> None:
    del scope, receive
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"3")]})
    raise LookupError("no such thing")


async def says_nothing(scope: Scope, receive: Receive, send: Send) -> None:
    del scope, receive, send


async def plain(_: Request) -> Response:
    return PlainTextResponse("here", headers={"X-Own": "Yes"})


async def stream(request: Request) -> Response:
    await request.body()

    async def parts() -> AsyncIterator[bytes]:
        yield b"one"
        await asyncio.sleep(0)
        yield b"two"

    return StreamingResponse(parts())


def always(response: Callable[[], Response]) -> Callable[[Request], Awaitable[Response]]:
    async def give(_: Request) -> Response:
        return response()

    return give


ROUTES: list[Route] = [
    *(Route(f"/{name}", app) for name, app in (("plain", plain), ("stream", stream))),
    Route("/plain", plain, methods=["POST"]),
    Route("/stream", stream, methods=["POST"]),
    Route("/nothing", always(lambda: Response(b"")), methods=["POST"]),
    Route("/no-content", always(lambda: Response(status_code=204)), methods=["POST"]),
    Route("/own-head", always(lambda: Response(b"y", 418, {"x-a": "b"})), methods=["POST"]),
    Route("/closes", always(lambda: PlainTextResponse("bye", headers={"Connection": "close"})), methods=["POST"]),
]
FRAMEWORK = Starlette(routes=ROUTES)
BARE = {"/echo": echo, "/slow": slow, "/fails": fails, "/fails-late": fails_late, "/says-nothing": says_nothing}


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    await BARE.get(scope["path"], FRAMEWORK)(scope, receive, send)


@dataclass
class Wire:
    """A transport that keeps what is written."""

    written: bytes = b""
    closed: bool = False
    said: list[str] = field(default_factory=list)

    def write(self, data: bytes) -> None:
        if not self.closed:  # as uvloop's
            self.written += data

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    abort = close

    def get_extra_info(self, name: str, default: object = None) -> object:
        return {"peername": ("127.0.0.1", 5), "sockname": ("127.0.0.1", 6)}.get(name, default)

    def pause_reading(self) -> None:
        self.said.append("pause")

    def resume_reading(self) -> None:
        self.said.append("resume")


class NoHeads(Heads):
    """Knows none, ever."""

    def learn(self, data: bytes, scope: Scope) -> None:
        """Nothing."""


class CountingHeads(Heads):
    """Counts what it found."""

    found = 0

    def find(self, data: bytes) -> Any:
        """As ever."""
        head = super().find(data)
        self.found += head is not None
        return head


class Door:
    """A server, and clients without sockets."""

    def __init__(self, heads: Heads) -> None:
        self.tape = Tape(BenchClock())
        self.server = HandedServer(app, name="party", tape=self.tape)
        self.server.heads = heads
        self.wires: list[Wire] = []

    def dial(self) -> tuple[Any, Wire]:
        protocol, wire = self.server.protocol(), Wire()
        protocol.connection_made(wire)  # type: ignore[arg-type]
        self.wires.append(wire)
        return protocol, wire

    def frames(self) -> list[tuple[str, str, bytes]]:
        return [(r.channel, r.direction.name, r.data) for r in self.tape.recent()]


async def settle() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)


def with_door(heads: Heads, work: Callable[[Door], Any]) -> Any:
    async def run() -> Any:
        door = Door(heads)
        await door.server.start()
        try:
            return await work(door)
        finally:
            await door.server.stop()

    return asyncio.run(run())


def told(heads: Heads, pieces: list[list[bytes]]) -> tuple[list[tuple[str, str, bytes]], list[tuple[bytes, bool]]]:
    """What is on the tape, and what each client got, when these pieces come, those of one list in the same turn."""

    async def work(door: Door) -> Any:
        protocol, wire = door.dial()
        for together in pieces:
            for piece in together:
                if wire.closed:
                    protocol.connection_lost(None)
                    protocol, wire = door.dial()
                protocol.data_received(piece)
            await settle()
        if not wire.closed:
            protocol.connection_lost(None)
            await settle()
        return door.frames(), [(wire.written, wire.closed) for wire in door.wires]

    found: tuple[list[tuple[str, str, bytes]], list[tuple[bytes, bool]]] = with_door(heads, work)
    return found


@pytest.mark.parametrize("request_", [*REQUESTS, *LAST])
def test_twice_the_same_is_answered_as_the_long_way(request_: bytes) -> None:
    pieces = [[request_], [request_], [request_]]
    assert told(Heads(), pieces) == told(NoHeads(), pieces)


@pytest.mark.parametrize(
    "pieces",
    [
        [[REQUESTS[0] + b"\r\n"]] * 3,
        [[REQUESTS[0]], [b"\r\n"], [REQUESTS[0]], [b"\r\n", REQUESTS[0]]],
        [[REQUESTS[0]], [REQUESTS[0], b"\x16\x03 no HTTP\r\n\r\n"]],
        [[REQUESTS[0]], [REQUESTS[0], REQUESTS[0][:30]], [REQUESTS[0][30:]], [REQUESTS[0]]],
        [[REQUESTS[0]], [b"POST /plain HTTP/1.1\r\nX-Own: "], [REQUESTS[0]]],
    ],
)
def test_what_stands_around_a_known_request_does_not_matter(pieces: list[list[bytes]]) -> None:
    assert told(Heads(), pieces) == told(NoHeads(), pieces)


@pytest.mark.parametrize("seed", range(40))
def test_whatever_comes_however_it_is_cut(seed: int) -> None:
    drawn = random.Random(seed)
    pieces: list[list[bytes]] = [[REQUESTS[0]], [REQUESTS[0]]]
    for _ in range(25):
        together = [drawn.choice(REQUESTS) for _ in range(drawn.choice([1, 1, 1, 1, 2, 3]))]
        if drawn.random() < 0.1:
            together.append(drawn.choice(LAST))
        data = b"".join(together)
        match drawn.choice(["whole", "whole", "joined", "cut", "turns", "torn"]):
            case "whole":
                pieces.append(together)
            case "joined":
                pieces.append([data])
            case "torn":
                at = drawn.randrange(1, len(data))
                pieces += [[data[:at]], [data[at:]]]
            case "turns":
                pieces += [[one] for one in together]
            case _:
                cuts = sorted(drawn.sample(range(1, len(data)), 3))
                pieces.append([data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)])
    heads = CountingHeads()
    assert told(heads, pieces) == told(NoHeads(), pieces)
    assert heads.found


def test_a_known_head_does_without_the_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(door: Door) -> None:
        protocol, wire = door.dial()
        protocol.data_received(REQUESTS[0])
        await settle()
        other, second = door.dial()
        other.parser = None
        other.data_received(REQUESTS[1])
        await settle()
        assert second.written == wire.written.replace(b"hello", b"other")
        assert [frame[0] for frame in door.frames()] == ["party.http#1"] * 2 + ["party.http#2"] * 2

    with_door(Heads(), work)


def test_what_is_behind_a_request_under_way_waits() -> None:
    async def work(door: Door) -> None:
        protocol, wire = door.dial()
        slow_one = message("/slow", b"hello")
        protocol.data_received(slow_one)
        await settle()
        protocol.data_received(slow_one)
        protocol.data_received(REQUESTS[0])
        await settle()
        assert [body for body in (b"hellohello", b"hello\r\n", b"HTTP/1.1 200") if body in wire.written]
        assert wire.written.count(b"HTTP/1.1 200") == 3
        assert wire.written.endswith(b"\r\n\r\nhello")
        assert wire.said == ["pause", "resume"]

    with_door(Heads(), work)


def test_who_hangs_up_gets_no_answer() -> None:
    async def work(door: Door) -> None:
        protocol, wire = door.dial()
        slow_one = message("/slow", b"hello")
        protocol.data_received(slow_one)
        await settle()
        before = wire.written
        protocol.data_received(slow_one)
        await asyncio.sleep(0)
        protocol.connection_lost(None)
        await settle()
        assert wire.written == before
        assert [frame[1] for frame in door.frames()] == ["RECEIVED", "SENT", "RECEIVED"]

    with_door(Heads(), work)


def test_what_is_answered_goes_out_though_the_line_is_cut_in_that_very_turn() -> None:
    async def work(door: Door) -> None:
        protocol, wire = door.dial()
        protocol.data_received(REQUESTS[0])
        await settle()
        connection = protocol.taped
        before = len(wire.written)
        connection.send_whole(b"late")
        connection.abort()
        assert wire.written[before:] == b"late"

    with_door(Heads(), work)


def test_what_was_written_before_an_answer_stays_before_it() -> None:
    async def work(door: Door) -> None:
        protocol, wire = door.dial()
        protocol.taped.write(b"first ")
        protocol.taped.send_whole(b"second")
        await settle()
        assert wire.written == b"first second"
        assert door.frames() == [("party.http#1", "SENT", b"first second")]

    with_door(Heads(), work)


def test_a_quiet_line_is_closed_and_a_busy_one_is_not() -> None:
    async def work(door: Door) -> None:
        protocol, wire = door.dial()
        for _ in range(2):
            protocol.data_received(REQUESTS[0])
            await settle()
        first = protocol.timeout_keep_alive_task
        protocol.timeout_keep_alive_handler()
        assert not wire.closed
        assert protocol.timeout_keep_alive_task is not first
        protocol.data_received(message("/slow", b"hello"))
        await settle()
        protocol.data_received(message("/slow", b"hello"))
        protocol.timeout_keep_alive_handler()
        protocol.timeout_keep_alive_handler()
        assert not wire.closed
        await settle()
        protocol.timeout_keep_alive_handler()
        protocol.timeout_keep_alive_handler()
        assert wire.closed

    with_door(Heads(), work)


def test_an_application_may_wait_for_the_end_of_its_request() -> None:
    seen: list[str] = []

    async def asks_twice(scope: Scope, receive: Receive, send: Send) -> None:
        await whole_body(receive)
        waiting = asyncio.ensure_future(receive())
        await asyncio.sleep(0)
        assert not waiting.done()
        await answer(send, b"done", content_type=b"text/plain")
        seen.append((await waiting)["type"])
        assert connection_of(scope).channel == "party.http#1"

    async def run() -> None:
        server = HandedServer(asks_twice, name="party", tape=Tape(BenchClock()))
        await server.start()
        protocol: Any = server.protocol()
        protocol.connection_made(Wire())
        for _ in range(2):
            protocol.data_received(REQUESTS[0])
            await settle()
        await server.stop()

    asyncio.run(run())
    assert seen == ["http.disconnect"] * 2


def test_only_so_many_heads_are_remembered() -> None:
    heads = Heads()

    def learnt(number: int) -> bytes:
        data = b"POST /%d HTTP/1.1\r\nContent-Length: 1\r\n\r\nx" % number
        scope = {"http_version": "1.1", "method": "POST", "headers": [(b"content-length", b"1")]}
        heads.learn(data, scope)
        return data

    first = learnt(0)
    assert heads.find(first) is not None
    last = [learnt(number) for number in range(1, MOST_HEADS + 1)]
    assert heads.find(first) is None
    assert all(heads.find(data) is not None for data in last)
    assert heads.find(last[0] + b"y") is None
    assert heads.find(last[0][:-1]) is None


def test_a_long_head_is_not_remembered() -> None:
    heads = Heads()
    data = b"GET / HTTP/1.1\r\nX: " + b"x" * LONGEST_HEAD + b"\r\n\r\n"
    heads.learn(data, {"http_version": "1.1", "method": "GET", "headers": []})
    assert heads.find(data) is None


@pytest.mark.parametrize(
    "headers",
    [
        [(b"content-length", b"2")],
        [],
        [(b"content-length", b"1"), (b"connection", b"close")],
        [(b"content-length", b"1"), (b"x", b"a\r\nb: c")],
        [(b"content-length", b"1"), (b"a b", b"c")],
        [(b"Content-Length", b"1")],
        [(b"transfer-encoding", b"chunked")],
    ],
)
def test_what_is_not_plain_is_left_to_uvicorn(headers: list[tuple[bytes, bytes]]) -> None:
    start = {"type": "http.response.start", "status": 200, "headers": headers}
    assert answer_head(start, {"type": "http.response.body", "body": b"x"}) is None


def test_servers_do_not_share_what_they_know() -> None:
    tape = Tape(BenchClock())
    assert TapedServer(app, name="a", tape=tape).heads is not TapedServer(app, name="b", tape=tape).heads
