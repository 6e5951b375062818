"""When a virtual box has heard that its scan came, however answer, scan and acknowledgement fell together."""

import threading

import pytest

from harness.clock import BenchClock
from harness.line.record import Direction
from harness.line.tape import Tape
from harness.scenarios.scanner_stage import await_acknowledgement
from harness.wire.scanner import ssi

DIGITS = "6217001234567890123456789012"
BOX = "scanner.serial"
ANSWER = ssi.acknowledge().replace(b"\xd0\x04", b"\xd0\x00")
SCAN = b"!\xf3\x00\x00\x1c" + DIGITS.encode() + b"\xf9\x1f"


@pytest.fixture
def tape() -> Tape:
    tape = Tape(BenchClock())
    tape.frame(BOX, Direction.RECEIVED, ssi.acknowledge())  # of an earlier scan
    tape.frame(BOX, Direction.SENT, ANSWER)
    tape.frame(BOX, Direction.SENT, SCAN)
    tape.frame("client.serial", Direction.SENT, ssi.acknowledge())
    return tape


def test_what_was_heard_before_anybody_asked_is_not_waited_for(tape: Tape) -> None:
    tape.frame(BOX, Direction.RECEIVED, ssi.acknowledge())
    assert await_acknowledgement(tape, DIGITS, patience_s=0)


def test_what_is_heard_later_is_waited_for(tape: Tape) -> None:
    later = threading.Timer(0.05, tape.frame, (BOX, Direction.RECEIVED, b"\x00" + ssi.acknowledge()))
    later.start()
    assert await_acknowledgement(tape, DIGITS, patience_s=60)
    later.join()


@pytest.mark.parametrize("text", [DIGITS, "another scan"])
def test_neither_an_earlier_one_nor_what_was_only_sent_counts(tape: Tape, text: str) -> None:
    tape.frame(BOX, Direction.RECEIVED, ANSWER)
    assert not await_acknowledgement(tape, text, patience_s=0)
