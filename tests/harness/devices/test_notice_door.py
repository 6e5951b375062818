"""The hospital's door for notices: takes all, unless it is told how to answer the next ones."""

from collections.abc import Iterator

import httpx
import pytest

from harness.bench.loop import LoopThread
from harness.clock import BenchClock
from harness.devices.notice_door import ERROR, GARBLED, REFUSED, SILENT, TAKEN, NoticeDoor
from harness.line.record import Direction
from harness.line.tape import Tape


class Rig:
    """A door that serves."""

    def __init__(self) -> None:
        self.loop, self.tape = LoopThread(), Tape(BenchClock())
        self.seen: list[tuple[str, bytes]] = []
        self.door = NoticeDoor(tape=self.tape, seen=lambda channel, body: self.seen.append((channel, body)))
        self.loop.call(self.door.start())

    def post(self, body: bytes = b"{}", *, timeout: float = 5) -> httpx.Response:
        """A notice."""
        return httpx.post(self.door.url, content=body, timeout=timeout, trust_env=False)

    def close(self) -> None:
        self.loop.call(self.door.stop())
        self.loop.close()
        self.tape.close()


@pytest.fixture
def rig() -> Iterator[Rig]:
    made = Rig()
    yield made
    made.close()


def test_a_notice_is_taken_and_stands_on_the_tape(rig: Rig) -> None:
    assert rig.post(b'{"a":1}').json()["code"] == 0
    frames = [record for record in rig.tape.recent() if record.channel == "hospital.http#1"]
    assert [frame.direction for frame in frames] == [Direction.RECEIVED, Direction.SENT]
    assert frames[0].data.endswith(b'\r\n\r\n{"a":1}')
    assert rig.seen == [("hospital.http#1", b'{"a":1}')]


def test_the_next_ones_are_answered_as_told_and_then_taken(rig: Rig) -> None:
    rig.door.answer_next(ERROR, REFUSED, GARBLED)
    assert [rig.post().status_code for _ in range(4)] == [500, 200, 200, 200]
    assert rig.post().content == TAKEN.body


def test_a_silent_one_ends_when_the_other_side_hangs_up(rig: Rig) -> None:
    rig.door.answer_next(SILENT)
    with pytest.raises(httpx.ReadTimeout):
        rig.post(timeout=0.1)
    assert rig.post().status_code == 200


def test_a_new_case_begins_with_taking_all(rig: Rig) -> None:
    rig.post()
    rig.door.answer_next(ERROR)
    rig.loop.call(rig.door.as_new())
    rig.tape.forget()
    assert rig.post().status_code == 200
    assert {record.channel for record in rig.tape.recent()} == {"hospital.http#1"}
