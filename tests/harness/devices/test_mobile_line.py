"""The bench's connections to a mobile-payment centre: recorded, kept, several at once; errors by blame."""

import pickle
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from harness.clock import BenchClock
from harness.devices.mobile_line import MobileLine, PaymentSilent, PaymentSpeaksNonsense
from harness.devices.mobile_payment import is_doubt
from harness.errors import ConfigError
from harness.line.address import parse_address
from harness.line.client import Disconnected
from harness.line.tape import Tape
from harness.wire.mobile_payment.refusals import Pain, refused


def reply(body: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


@contextmanager
def scripted(*answers: bytes, hold: bool = False) -> Iterator[str]:
    """A server that gives these answers, one a request, whichever connection that comes on."""
    listener = socket.create_server(("127.0.0.1", 0))
    done, left, lock = threading.Event(), list(answers), threading.Lock()

    def talk(connection: socket.socket) -> None:
        with connection:
            while True:
                received = b""
                while b"\r\n\r\n{}" not in received:
                    if not (piece := connection.recv(65536)):
                        return
                    received += piece
                with lock:
                    answer = left.pop(0) if left else b""
                if not answer:
                    if hold:
                        done.wait(60)
                    return
                connection.sendall(answer)

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        done.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def test_a_connection_is_kept_and_each_message_is_one_frame() -> None:
    with scripted(reply(b'{"code":0}'), reply(b'{"code":1}')) as at, Tape(BenchClock()) as tape:
        with MobileLine(parse_address(at), tape=tape) as line:
            assert [line.post_json("/x", {})["code"] for _ in range(2)] == [0, 1]
        assert [record.channel for record in tape.recent()] == ["client.http#1"] * 4


def test_several_under_way_have_connections_of_their_own() -> None:
    with scripted(reply(b'{"code":0}'), reply(b'{"code":0}')) as at, MobileLine(parse_address(at)) as line:
        begun = [line.begin("/x", b"{}") for _ in range(2)]
        assert [one.channel for one in begun] == ["client.http#1", "client.http#2"]
        assert [one.answer() for one in begun] == [{"code": 0}] * 2


@pytest.mark.parametrize(
    "answer",
    [reply(b"", "502 Bad Gateway"), reply(b"<html>"), reply(b"[]"), b"SSH-2.0-OpenSSH_9.6\r\n\r\n" + b"x" * 40],
    ids=["gateway", "html", "array", "no-http"],
)
def test_nonsense_is_the_peers_fault_and_no_end(answer: bytes) -> None:
    with scripted(answer) as at, MobileLine(parse_address(at)) as line:
        with pytest.raises(PaymentSpeaksNonsense) as raised:
            line.post_json("/x", {})
        assert is_doubt(raised.value)


def test_silence_is_an_error_of_its_own_and_the_next_request_connects_anew() -> None:
    seen: list[str] = []
    with (
        scripted(b"", reply(b'{"code":0}'), hold=True) as at,
        MobileLine(parse_address(at), timeout_s=0.1, seen=seen.append) as line,
    ):
        with pytest.raises(PaymentSilent) as raised:
            line.post_json("/x", {})
        again: PaymentSilent = pickle.loads(pickle.dumps(raised.value))
        assert (again.call, is_doubt(again)) == ("POST /x", True)
        line._timeout_s = 60
        assert line.post_json("/x", {}) == {"code": 0}
    assert seen == ["client.http#1", "client.http#2"], "also of what had no answer"


def test_hung_up_on_is_no_end_either() -> None:
    with scripted(b"") as at, MobileLine(parse_address(at)) as line, pytest.raises(Disconnected) as raised:
        line.post_json("/x", {})
    assert is_doubt(raised.value)


def test_a_refusal_is_an_end() -> None:
    assert not is_doubt(refused(Pain.REFUSED, "982012"))
    assert is_doubt(refused(Pain.SIGNATURE_WRONG))


def test_another_kind_of_address_is_your_configuration() -> None:
    with pytest.raises(ConfigError, match="no address of a mobile-payment centre"):
        MobileLine(parse_address("tcp:127.0.0.1:9"))
