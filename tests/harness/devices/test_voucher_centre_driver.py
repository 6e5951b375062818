"""The driver of a voucher centre: one frame a message, errors by blame, calls that wait."""

import pickle
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from harness.clock import BenchClock
from harness.devices.voucher_centre import CentreSilent, CentreSpeaksNonsense, VoucherCentre
from harness.errors import ConfigError
from harness.line.address import parse_address
from harness.line.client import Disconnected
from harness.line.record import Direction, Kind
from harness.line.tape import Tape
from harness.wire import voucher_calls as calls
from harness.wire.voucher_calls import Holder

CALL = calls.show_code(Holder(channel="wechat", id_no="639999198503127031", name="测试甲"))
BODY = '{"code":980003,"message":"凭证未激活","success":false,"data":{}}'.encode()
GOOD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json;charset=UTF-8\r\ncontent-length: %d\r\n\r\n" % len(BODY) + BODY
)


@contextmanager
def scripted(*answers: bytes, hold: bool = False, given: threading.Event | None = None) -> Iterator[str]:
    """A server that gives these answers, one a request, each in two pieces; with `hold` it then says nothing more.

    It sets `given` when it has given all.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            for answer in answers:
                received = b""
                while b"\r\n\r\n" not in received:
                    if not (piece := connection.recv(65536)):
                        return
                    received += piece
                connection.sendall(answer[:40])
                connection.sendall(answer[40:])
            if given is not None:
                given.set()
            if hold:
                done.wait(60)

    worker = threading.Thread(target=serve, daemon=True)
    worker.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        done.set()
        worker.join(60)
        listener.close()


def test_each_message_is_one_frame_with_its_head() -> None:
    with scripted(GOOD, GOOD) as at, Tape(BenchClock()) as tape:
        with VoucherCentre(parse_address(at), tape=tape) as centre:
            for _ in range(2):
                assert centre.ask(CALL).code == 980003
        frames = [record for record in tape.recent() if record.kind is Kind.FRAME]
    assert [frame.direction for frame in frames] == [Direction.RECEIVED, Direction.SENT] * 2
    assert {frame.channel for frame in frames} == {"client.http#1"}
    assert frames[0].data.startswith(b"POST /ebus/channel/api/cfc/nationcfc/ec/qrcode HTTP/1.1\r\n")
    assert "测试甲".encode() in frames[0].data
    assert frames[1].data == GOOD


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n" + b"x" * 40,
    ],
    ids=["gateway", "html", "no-code", "no-http"],
)
def test_what_is_no_answer_is_the_centres_violation(answer: bytes) -> None:
    with scripted(answer) as at, VoucherCentre(parse_address(at)) as centre, pytest.raises(CentreSpeaksNonsense):
        centre.ask(CALL)


def test_silence_is_not_an_answer_and_the_connection_is_given_up() -> None:
    silent = pytest.raises(CentreSilent, match=r"ec\.qrcode within 0\.05 s")
    with scripted(hold=True) as at, VoucherCentre(parse_address(at), timeout_s=0.05) as centre, silent as caught:
        centre.ask(CALL)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_half_an_answer_is_recorded_before_the_error() -> None:
    given = threading.Event()
    with scripted(GOOD[:60], hold=True, given=given) as at, Tape(BenchClock()) as tape:
        with VoucherCentre(parse_address(at), timeout_s=0.2, tape=tape) as centre:
            held = centre.begin(CALL)
            assert given.wait(60)
            with pytest.raises(CentreSilent):
                held.answer()
        assert tape.recent()[-1].data == GOOD[:60]


def test_nobody_there_is_the_labs_matter() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with VoucherCentre(parse_address(f"http://127.0.0.1:{port}")) as centre, pytest.raises(Disconnected):
        centre.ask(CALL)


def test_a_call_that_waits_has_a_connection_of_its_own() -> None:
    with scripted(GOOD) as at, Tape(BenchClock()) as tape:
        with VoucherCentre(parse_address(at), tape=tape) as centre:
            held = centre.begin(CALL)
            assert held.answer().code == 980003
        assert {record.channel for record in tape.recent()} == {"client.http#1"}


def test_another_kind_of_address_is_refused() -> None:
    with pytest.raises(ConfigError, match="no address of a voucher centre"):
        VoucherCentre(parse_address("tcp:127.0.0.1:9"))
