"""Clients that are broken, slow or hostile: an error or a clean end, all on the tape, and the next one is served."""

import gc
import os
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from harness.bench.loop import LoopThread
from harness.clock import BenchClock
from harness.faults.schedule import FaultSchedule
from harness.line import http_connection
from harness.line.address import parse_address
from harness.line.http import TapedServer
from harness.line.http_connection import split_messages
from harness.line.record import Direction, Kind
from harness.line.tape import Tape
from simulators.kit.faulty import FaultyApp

BODY = b'{"infno":"9001"}'
HEAD = b"POST /act HTTP/1.1\r\nHost: party\r\n"
GOOD = HEAD + b"Content-Length: 16\r\n\r\n" + BODY
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
HTTP_10 = b"POST /act HTTP/1.0\r\nContent-Length: 16\r\n\r\n" + BODY
REFUSED = [400]


class Party:
    """A party as the kit puts one together, in a loop of its own."""

    def __init__(self) -> None:
        self.tape = Tape(BenchClock())
        self.acted = 0
        app = FaultyApp(
            Starlette(routes=[Route("/act", self._act, methods=["POST"])]),
            faults=FaultSchedule("party", self.tape),
            name_of=lambda path, _: path,
        )
        self.server = TapedServer(app, name="party", tape=self.tape)
        self.loop = LoopThread()
        self.loop.call(self.server.start())
        address = parse_address(self.server.address)
        self.address = (address.host, address.port)

    async def _act(self, request: Request) -> Response:
        body = await request.body()
        self.acted += 1
        return JSONResponse({"times": self.acted, "got": len(body)})

    def dial(self) -> socket.socket:
        """A connection."""
        return socket.create_connection(self.address, 60)

    def hear(self, line: socket.socket, answers: int) -> bytes:
        """What comes until there are so many answers with what belongs to them, or the line is closed."""
        came = b""
        while came.count(b"HTTP/1.1 ") < answers or not came.endswith((b"}", b"Found", b"received.")):
            piece = line.recv(65536)
            if not piece:
                break
            came += piece
        return came

    def frames(self, direction: Direction) -> list[bytes]:
        """What was recorded of one direction, once what is under way is."""
        self.loop.settle()
        return [r.data for r in self.tape.recent() if r.kind is Kind.FRAME and r.direction is direction]

    def serves(self) -> None:
        """The next client is served."""
        with self.dial() as line:
            line.sendall(GOOD)
            assert self.hear(line, 1).startswith(b"HTTP/1.1 200")

    def close(self) -> None:
        """Stop it."""
        self.loop.call(self.server.stop())
        self.loop.close()


@pytest.fixture
def party() -> Iterator[Party]:
    found = Party()
    yield found
    found.close()


@pytest.mark.parametrize("behind", [b"\0", b"garbage\r\n\r\n", b"}"], ids=["nul", "garbage", "length-too-short"])
@pytest.mark.parametrize("before", [0, 2])
def test_what_is_no_http_behind_a_request_does_not_take_its_answer(party: Party, before: int, behind: bytes) -> None:
    with party.dial() as line:
        for _ in range(before):  # its head is known then
            line.sendall(GOOD)
            party.hear(line, 1)
        line.sendall(GOOD + behind)
        came = party.hear(line, 1)
        assert statuses(came) == [200]
        assert b'"times":%d' % (before + 1) in came
        assert line.recv(1) == b""
    assert party.acted == before + 1
    party.serves()


def statuses(came: bytes) -> list[int]:
    return [int(part[:3]) for part in came.split(b"HTTP/1.1 ")[1:]]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(HTTP_10, [200], id="http-1.0"),
        pytest.param(CHUNKED + b"10\r\n" + BODY + b"\r\n0\r\n\r\n", [200], id="chunked"),
        pytest.param(CHUNKED + b"ZZ\r\n" + BODY + b"\r\n0\r\n\r\n", REFUSED, id="chunk-size-no-number"),
        pytest.param(CHUNKED + b"5\r\n" + BODY + b"\r\n0\r\n\r\n", REFUSED, id="chunk-longer-than-said"),
        pytest.param(CHUNKED + b"f" * 20 + b"\r\n" + BODY, REFUSED, id="chunk-size-beyond-all-bounds"),
        pytest.param(HEAD + b"X: " + b"a" * 65536 + b"\r\nContent-Length: 16\r\n\r\n" + BODY, [200], id="64k-header"),
        pytest.param(b"GET /" + b"a" * 65536 + b" HTTP/1.1\r\nHost: x\r\n\r\n", REFUSED, id="64k-path"),
        pytest.param(HEAD + b"Content-Length: 16\r\n" * 2 + b"\r\n" + BODY, REFUSED, id="length-twice"),
        pytest.param(HEAD + b"Content-Length: 16\r\nContent-Length: 4\r\n\r\n" + BODY, REFUSED, id="two-lengths"),
        pytest.param(
            HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n" + BODY + b"\r\n0\r\n\r\n",
            REFUSED,
            id="length-and-chunks",
        ),
        pytest.param(HEAD + b"Content-Length: -5\r\n\r\n" + BODY, REFUSED, id="length-below-zero"),
        pytest.param(
            HEAD + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 16\r\n\r\n" + BODY, [200], id="upgrade"
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", [404], id="web-socket"
        ),
        pytest.param(
            b"POST http://elsewhere:1/act HTTP/1.1\r\nHost: x\r\nContent-Length: 16\r\n\r\n" + BODY,
            [200],
            id="absolute-uri",
        ),
        pytest.param(b"CONNECT elsewhere:1 HTTP/1.1\r\nHost: x\r\n\r\n", REFUSED, id="connect"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", REFUSED, id="http-2"),
        pytest.param(bytes.fromhex("16030100a5010000a1") + b"x" * 100, REFUSED, id="tls-to-a-plain-port"),
        pytest.param(b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n", REFUSED, id="strange-method"),
        pytest.param(HEAD + b"X: a\0b\r\nContent-Length: 16\r\n\r\n" + BODY, REFUSED, id="nul-in-a-header"),
        pytest.param(b"\r\n\r\n" + GOOD, [200], id="empty-lines-first"),
        pytest.param("GET /医保 HTTP/1.1\r\nHost: x\r\n\r\n".encode(), REFUSED, id="path-not-encoded"),
    ],
)
def test_a_strange_message_gets_its_answer(party: Party, raw: bytes, expected: list[int]) -> None:
    with party.dial() as line:
        line.sendall(raw)
        came = party.hear(line, len(expected))
        assert statuses(came) == expected
        assert party.frames(Direction.SENT) == [came]
        if expected == REFUSED:
            assert line.recv(1) == b""
    assert party.frames(Direction.RECEIVED) == [raw]
    assert party.acted == expected.count(200)
    party.serves()


def test_who_asks_whether_to_send_the_body_is_told_to(party: Party) -> None:
    head = HEAD + b"Expect: 100-continue\r\nContent-Length: 16\r\n\r\n"
    with party.dial() as line:
        line.sendall(head)
        assert line.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        line.sendall(BODY)
        assert statuses(party.hear(line, 1)) == [200]
    assert party.frames(Direction.RECEIVED) == [head + BODY]
    assert [statuses(frame) for frame in party.frames(Direction.SENT)] == [[100, 200]]
    party.serves()


@pytest.mark.parametrize("size", [len(GOOD), 40, 7, 3 * len(GOOD)])
def test_requests_one_behind_the_other_are_a_frame_each(party: Party, size: int) -> None:
    everything = GOOD + CHUNKED + b"10\r\n" + BODY + b"\r\n0\r\n\r\n" + GOOD
    with party.dial() as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(everything), size):
            line.sendall(everything[at : at + size])
        assert statuses(party.hear(line, 3)) == [200, 200, 200]
    received = party.frames(Direction.RECEIVED)
    assert [received[0], received[-1]] == [GOOD, GOOD]
    assert b"".join(received) == everything
    assert [statuses(frame) for frame in party.frames(Direction.SENT)] == [[200], [200], [200]]


def test_what_follows_the_last_request_is_recorded_at_the_end(party: Party) -> None:
    with party.dial() as line:
        line.sendall(GOOD + GOOD + b"POST /act HT")
        assert statuses(party.hear(line, 2)) == [200, 200]
    party.tape.wait_for(lambda record: record.data.endswith(b" HT"), since=0, timeout=60)
    assert party.frames(Direction.RECEIVED) == [GOOD, GOOD, b"POST /act HT"]


def test_messages_are_told_apart_wherever_the_bytes_are_cut() -> None:
    assert split_messages(GOOD) == [GOOD, b""]
    assert split_messages(GOOD[:-1]) == [GOOD[:-1]]
    assert split_messages(GOOD + GOOD + b"POS") == [GOOD, GOOD, b"POS"]
    assert split_messages(b"\0nonsense") == [b"\0nonsense", b""]
    assert split_messages(b"") == [b""]


@pytest.mark.parametrize(("raw", "answered"), [(GOOD, True), (GOOD[:-3], False), (b"POST", False)])
def test_a_client_that_says_no_more_is_answered_if_it_has_said_all(party: Party, raw: bytes, *, answered: bool) -> None:
    with party.dial() as line:
        line.sendall(raw)
        line.shutdown(socket.SHUT_WR)
        came = b"".join(iter(lambda: line.recv(65536), b""))
    assert (statuses(came) == [200]) is answered
    assert party.frames(Direction.RECEIVED) == [raw]
    party.serves()


def test_slow_clients_keep_nobody_waiting(party: Party) -> None:
    slow = [party.dial() for _ in range(200)]
    for line in slow:
        line.sendall(b"POST /act HTTP/1.1\r\nX: ")
    party.serves()
    for line in slow:
        line.sendall(b"a")
    party.serves()
    for line in slow:
        line.close()
    party.serves()
    assert party.acted == 3


def until(holds: Callable[[], bool]) -> None:
    """Look again until it holds: who has hung up is noticed in the party's own time."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline


def open_files() -> int:
    gc.collect()
    return len(list(Path("/dev/fd").iterdir()))


def test_connections_that_come_and_go_leave_nothing(party: Party) -> None:
    _come_and_go(party, 600)


@pytest.mark.slow
def test_ten_thousand_connections_that_come_and_go_leave_nothing(party: Party) -> None:
    party.serves()
    _come_and_go(party, 1000)
    before = _resident_kib()
    _come_and_go(party, 10_000)
    assert _resident_kib() - before < 8192


def _come_and_go(party: Party, count: int) -> None:
    party.serves()
    before, frames = open_files(), len(party.frames(Direction.RECEIVED))
    for number in range(count):
        line = party.dial()
        if number % 3 == 0:  # closing then resets
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if number % 5 == 0:
            line.sendall(b"POST /act")
        line.close()
    party.serves()
    until(lambda: not party.server.connections and open_files() <= before)
    whole = [frame for frame in party.frames(Direction.RECEIVED)[frames:] if frame == GOOD]
    assert len(whole) == 1


def _resident_kib() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


def test_a_message_without_end_is_cut_off(party: Party, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connection, "LONGEST", 100_000)
    with party.dial() as line:
        line.sendall(HEAD)
        with suppress(ConnectionError):
            for _ in range(10_000):
                line.sendall((b"X: " + b"a" * 70 + b"\r\n") * 20)
    (told,) = [record for record in party.tape.recent() if record.name == "message-too-long"]
    assert told.event["channel"] == "party.http#1"
    party.serves()
