"""What hands a second till its codes: a line that a till opens like a scanner box's."""

import socket
from collections.abc import Iterator

import pytest

from harness.bench.loop import LoopThread
from harness.clock import BenchClock
from harness.counter import handed_codes
from harness.counter.handed_codes import HandedCodes
from harness.errors import BenchError
from harness.gm import sm3
from harness.line.tape import Tape

DIGITS = "4241234567890123456789012345"
PICTURE = b"a picture"


@pytest.fixture
def tape() -> Tape:
    return Tape(BenchClock())


@pytest.fixture
def codes(tape: Tape) -> Iterator[HandedCodes]:
    thread = LoopThread()
    found = HandedCodes("scanner-2", tape=tape, loop=thread.loop)
    yield found
    found.close()
    found.close()
    thread.close()


def connected(codes: HandedCodes) -> socket.socket:
    codes.start()
    host, port = codes.address.removeprefix("tcp:").split(":")
    return socket.create_connection((host, int(port)), timeout=60)


def test_what_the_phone_has_shown_is_sent_and_on_the_tape(codes: HandedCodes, tape: Tape) -> None:
    with connected(codes) as till:
        tape.event("phone", "code-shown", digits=DIGITS, image_sm3=sm3(PICTURE).hex())
        codes.configure({"suffix": "LF"})
        codes.show(PICTURE)
        read = b""
        while not read.endswith(b"\r"):
            read += till.recv(100)
    assert read == DIGITS.encode() + b"\r"
    assert [(r.channel, r.data) for r in tape.recent() if not r.name] == [("scanner-2.tcp", read)]


def test_a_picture_that_nobody_has_shown_is_the_labs_problem(codes: HandedCodes) -> None:
    codes.start()
    with pytest.raises(BenchError, match="Nobody knows"):
        codes.show(PICTURE)


def test_a_till_that_never_opens_the_line_is_not_waited_for(
    codes: HandedCodes, tape: Tape, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes.start()
    monkeypatch.setattr(handed_codes, "HAND_S", 0.01)
    tape.event("phone", "code-shown", digits=DIGITS, image_sm3=sm3(PICTURE).hex())
    with pytest.raises(BenchError, match="has not opened"):
        codes.show(PICTURE)


def test_it_is_nowhere_before_it_listens(codes: HandedCodes) -> None:
    with pytest.raises(BenchError, match="Nothing hands codes yet"):
        _ = codes.address
