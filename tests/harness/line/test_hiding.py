"""A secret is hidden in each spelling, and nothing else is changed."""

import base64

import pytest

from harness.clock import BenchClock
from harness.line.hiding import HidingRecorder
from harness.line.record import Direction
from harness.line.tape import Tape

PIN = b"73951846"


@pytest.mark.parametrize("spelled", [PIN, base64.b64encode(PIN), PIN.hex().encode(), b"NzM5NTE4NDY%3D"])
def test_a_secret_is_hidden_however_it_is_spelled(spelled: bytes) -> None:
    tape = Tape(BenchClock())
    HidingRecorder(tape, (PIN,)).frame("client.svs#1", Direction.RECEIVED, b'{"a":"' + spelled + b'"}')
    (record,) = tape.recent()
    assert record.data == b'{"a":"' + b"*" * len(spelled) + b'"}'


def test_without_a_secret_everything_is_kept() -> None:
    tape = Tape(BenchClock())
    HidingRecorder(tape, (b"",)).frame("client.svs#1", Direction.SENT, b"\x00*\xff")
    assert [record.data for record in tape.recent()] == [b"\x00*\xff"]
