"""One HTTP connection of the bench: kept while both sides are done, with every message one frame."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from harness.clock import BenchClock
from harness.devices.http_line import HttpLine, NoHttp, Silent
from harness.line.address import parse_address
from harness.line.record import Direction
from harness.line.tape import Tape

GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\ncontent-length: 2\r\n\r\nok"


@contextmanager
def answering(*answers: bytes, given: threading.Event | None = None) -> Iterator[str]:
    """A server that gives these answers on one connection and then keeps it open; sets `given` when it has."""
    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            for answer in answers:
                if not connection.recv(65536):
                    return
                connection.sendall(answer)
            if given is not None:
                given.set()
            done.wait(60)

    worker = threading.Thread(target=serve, daemon=True)
    worker.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/gateway"
    finally:
        done.set()
        worker.join(60)
        listener.close()


def test_two_requests_share_a_connection_below_the_addresss_own_path() -> None:
    with answering(GOOD, GOOD) as at, Tape(BenchClock()) as tape:
        with HttpLine(parse_address(at), tape=tape, channel="client.http#1") as line:
            for _ in range(2):
                line.send("POST", "/x", "application/json", b"{}")
                answer = line.receive(timeout_s=60)
                assert (answer.status, answer.content_type, answer.body) == (200, "text/plain", b"ok")
                assert line.reusable
        frames = list(tape.recent())
    assert [frame.direction for frame in frames] == [Direction.RECEIVED, Direction.SENT] * 2
    assert frames[0].data.startswith(b"POST /gateway/x HTTP/1.1\r\n")
    assert frames[1].data == GOOD


def test_no_whole_answer_in_time_is_silence_and_what_came_is_on_the_tape() -> None:
    given = threading.Event()
    with answering(GOOD[:-1], given=given) as at, Tape(BenchClock()) as tape:
        with HttpLine(parse_address(at), tape=tape, channel="client.http#1") as line:
            line.send("GET", "/x", "", b"")
            assert given.wait(60)
            with pytest.raises(Silent):
                line.receive(timeout_s=0.1)
            assert not line.reusable
        assert list(tape.recent())[-1].data == GOOD[:-1]


def test_what_is_no_http_is_named() -> None:
    with (
        answering(b"SSH-2.0-OpenSSH_9.6\r\n\r\n" + b"x" * 40) as at,
        HttpLine(parse_address(at), tape=None, channel="x") as line,
    ):
        line.send("GET", "/x", "", b"")
        with pytest.raises(NoHttp, match="no HTTP"):
            line.receive(timeout_s=60)
