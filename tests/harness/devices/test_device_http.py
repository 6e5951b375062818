"""The drivers' HTTP client: whose fault is what, and that a kept connection is kept."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from harness.devices.http import HttpClient, Refused
from harness.errors import BenchError, ConfigError, PeerViolation


class Peer:
    """Answers each request on a connection with the next of `answers`; closes it where an answer is None."""

    def __init__(self, answers: list[bytes | None]) -> None:
        self._answers = iter(answers)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.requests: list[bytes] = []
        self.connections = 0
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(60)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                self._converse(connection)

    def _converse(self, connection: socket.socket) -> None:
        stream = connection.makefile("rb")
        while request := stream.readline():
            while not request.endswith(b"\r\n\r\n"):
                request += stream.readline()
            length = re.search(rb"Content-Length: (\d+)", request)
            self.requests.append(request + (stream.read(int(length[1])) if length else b""))
            answer = next(self._answers, None)
            if answer is None:
                return
            connection.sendall(answer)


def _json(body: bytes, status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\ncontent-length: %d\r\n\r\n%s" % (status, len(body), body)


@contextmanager
def _client(*answers: bytes | None, timeout_s: float = 60) -> Iterator[tuple[HttpClient, Peer]]:
    peer = Peer(list(answers))
    client = HttpClient(peer.address, party="the peer", timeout_s=timeout_s)
    try:
        yield client, peer
    finally:
        client.close()
        peer.close()


def test_requests_share_one_connection_and_say_who_asks() -> None:
    with _client(_json(b"{}"), _json(b'{"a": 1}')) as (client, peer):
        assert client.get_object("/x", {"name": "测 试"}) == {}
        assert client.post_json("/y", {"text": "药"}) == {"a": 1}
    assert peer.connections == 1
    assert peer.requests[0].startswith(b"GET /x?name=%E6%B5%8B+%E8%AF%95 HTTP/1.1\r\n")
    assert b"User-Agent: liantiao-bench\r\n" in peer.requests[0]
    assert peer.requests[1].endswith('\r\n{"text": "药"}'.encode())


def test_nobody_there_is_the_benchs_problem() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with HttpClient(f"http://127.0.0.1:{port}", party="the peer") as client, pytest.raises(BenchError) as caught:
        client.get("/")
    assert f"127.0.0.1:{port}" in caught.value.problem
    assert "GET /" in caught.value.problem


def test_silence_is_the_benchs_problem() -> None:
    with _client(b"HTTP/1.1 200 OK\r\n", timeout_s=0.2) as (client, _), pytest.raises(BenchError, match="no answer"):
        client.get("/")


def test_a_no_is_told_apart_and_carries_what_was_said() -> None:
    with _client(_json(b'{"error": "no prompt"}', b"409 Conflict")) as (client, _), pytest.raises(Refused) as caught:
        client.post_json("/confirm", {})
    assert (caught.value.http_status, caught.value.answer) == (409, {"error": "no prompt"})
    assert "no prompt" in caught.value.problem


@pytest.mark.parametrize(
    "answer",
    [
        _json(b"<html>it works</html>"),
        _json(b"<html>502</html>", b"502 Bad Gateway"),
        _json(b"[1]", b"500 Oops"),
        _json(b"[1]"),
        _json(b""),
        _json(b"\xff\xfe"),
    ],
)
def test_nonsense_is_the_peers_fault(answer: bytes) -> None:
    with _client(answer) as (client, _), pytest.raises(PeerViolation, match="the peer answered GET /state"):
        client.get_object("/state")


def test_what_is_no_http_is_an_error_that_says_so() -> None:
    with _client(b"SSH-2.0-OpenSSH_9.2\r\n\r\n") as (client, _), pytest.raises(BenchError, match="no answer"):
        client.get("/")


def test_a_kept_connection_that_was_closed_meanwhile_does_not_fail_a_question() -> None:
    with _client(_json(b"{}"), None, _json(b'{"again": true}')) as (client, peer):
        client.get_object("/")
        assert client.get_object("/") == {"again": True}
        assert peer.connections == 2


def test_an_order_is_never_given_twice() -> None:
    with _client(_json(b"{}"), None, _json(b"{}")) as (client, peer):
        client.get_object("/")
        with pytest.raises(BenchError):
            client.post_json("/clock", {"step_s": 60})
        assert len(peer.requests) == 2
        assert client.get_object("/") == {}


@pytest.mark.parametrize("address", ["tcp:127.0.0.1:4001", "http://127.0.0.1", "127.0.0.1:80", "http://h:port", ""])
def test_an_address_of_another_kind_is_your_configuration(address: str) -> None:
    with pytest.raises(ConfigError, match="no address of the phone"):
        HttpClient(address, party="the phone")


Call = Callable[[HttpClient], object]


@pytest.mark.parametrize(
    "call", [lambda c: c.get_json("/"), lambda c: c.post_json("/", {}), lambda c: c.delete_json("/")]
)
def test_every_verb_reads_json(call: Call) -> None:
    with _client(_json(b'{"a": [1]}')) as (client, _):
        assert call(client) == {"a": [1]}
