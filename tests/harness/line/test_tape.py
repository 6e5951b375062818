"""The tape: its chain, damage, crashes, full disks, interrupts, threads, and waiting for what will be recorded."""

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from harness.clock import BenchClock
from harness.errors import BenchError
from harness.line import tape as tape_module
from harness.line.record import CHAIN_SIZE, LENGTH, MAGIC, ORIGIN, Direction, Kind, Record, chain
from harness.line.tape import KEPT_WITHOUT_FILE, Tape, read_tape


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tape.bin"


@pytest.fixture
def tape(path: Path) -> Iterator[Tape]:
    with Tape(BenchClock(), path) as tape:
        yield tape


def fill(tape: Tape) -> None:
    tape.frame("scanner.serial", Direction.SENT, b"6901234567892\r")
    tape.event("phone", "code-shown", person="P001", digits="28")
    tape.frame("platform.http#1", Direction.RECEIVED, b"")
    tape.event("bench", "clock-step", seconds=61)


def bounds(path: Path) -> list[int]:
    """Where each record begins in the file, and its end."""
    stored, found = path.read_bytes(), [len(MAGIC)]
    while found[-1] < len(stored):
        found.append(found[-1] + LENGTH.size + LENGTH.unpack_from(stored, found[-1])[0] + CHAIN_SIZE)
    return found


def test_what_is_recorded_is_read_back(tape: Tape, path: Path) -> None:
    fill(tape)
    reading = read_tape(path)
    assert reading.broken is None
    assert reading.head == tape.head
    assert list(reading.records) == tape.recent()
    first, second, third, fourth = reading.records
    assert [record.seq for record in reading.records] == [0, 1, 2, 3]
    assert (first.channel, first.direction, first.data) == ("scanner.serial", Direction.SENT, b"6901234567892\r")
    assert (second.kind, second.direction, second.name) == (Kind.EVENT, Direction.NONE, "code-shown")
    assert third.data == b""
    assert fourth.event == {"event": "clock-step", "seconds": 61}
    assert list(reading.records) == sorted(reading.records, key=lambda record: record.real_ns)


def test_the_head_is_the_chain_over_all_bodies(tape: Tape) -> None:
    assert tape.head == ORIGIN.hex()
    fill(tape)
    digest = ORIGIN
    for record in tape.recent():
        digest = chain(digest, record.body())
    assert tape.head == digest.hex()


def test_a_record_that_was_asked_for_is_the_same_one_later(tape: Tape) -> None:
    fill(tape)
    last = tape.recent(since=3)
    fill(tape)
    assert tape.recent()[3] is last[0]
    assert [record.seq for record in tape.recent(since=2)] == [2, 3, 4, 5, 6, 7]


def test_records_bear_the_time_of_the_bench(path: Path) -> None:
    clock = BenchClock()
    with Tape(clock, path) as tape:
        tape.event("bench", "before")
        clock.step(seconds=61)
        tape.event("bench", "after")
    before, after = read_tape(path).records
    assert after.at_ns - before.at_ns == 61_000_000_000
    assert 0 <= before.real_ns <= after.real_ns < 60_000_000_000


@pytest.mark.parametrize("change", [0x01, 0x80, 0xFF])
def test_one_byte_changed_anywhere_is_found_where_it_is(tape: Tape, path: Path, change: int) -> None:
    fill(tape)
    whole, edges, records = path.read_bytes(), bounds(path), tape.recent()
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= change
        path.write_bytes(damaged)
        reading = read_tape(path)
        record = sum(edge <= position for edge in edges[1:])
        assert reading.broken is not None, position
        assert not reading.broken.cut_short, position
        assert reading.broken.seq == record, position
        assert reading.broken.offset == (0 if position < len(MAGIC) else edges[record]), position
        assert list(reading.records) == records[:record], position


def test_any_length_field_is_found_out(tape: Tape, path: Path) -> None:
    fill(tape)
    whole, edges = path.read_bytes(), bounds(path)
    for record, edge in enumerate(edges[:-1]):
        for length in {0, 1, 27, 1 << 16, (1 << 32) - 1, edges[-1] - edge - LENGTH.size - CHAIN_SIZE} - {
            LENGTH.unpack_from(whole, edge)[0]
        }:
            path.write_bytes(whole[:edge] + LENGTH.pack(length) + whole[edge + LENGTH.size :])
            broken = read_tape(path).broken
            assert broken is not None
            assert (broken.seq, broken.offset, broken.cut_short) == (record, edge, False)
            assert str(broken) == f"the chain breaks at record {record}, byte {edge} of the file"


def test_a_tape_cut_short_is_read_up_to_the_cut(tape: Tape, path: Path) -> None:
    fill(tape)
    whole, edges, records = path.read_bytes(), bounds(path), tape.recent()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        reading = read_tape(path)
        complete = sum(edge <= size for edge in edges[1:])
        assert list(reading.records) == records[:complete]
        if size in edges:
            assert reading.broken is None
        else:
            assert reading.broken is not None
            assert reading.broken.cut_short
            assert (reading.broken.seq, reading.broken.offset) == (complete, edges[complete] if size > 16 else 0)
            assert str(reading.broken).startswith(f"the tape ends in the middle of record {complete}, byte ")


def test_a_record_taken_out_left_in_twice_or_moved_is_found(tape: Tape, path: Path) -> None:
    fill(tape)
    whole, edges = path.read_bytes(), bounds(path)
    pieces = [whole[start:end] for start, end in itertools.pairwise(edges)]
    for order, broken_at in (((0, 2, 3), 1), ((0, 1, 1, 2, 3), 2), ((1, 0, 2, 3), 0), ((0, 1, 3, 2), 2)):
        path.write_bytes(MAGIC + b"".join(pieces[index] for index in order))
        broken = read_tape(path).broken
        assert broken is not None
        assert (broken.seq, broken.cut_short) == (broken_at, False)


@pytest.mark.parametrize("forged", [b"", b"\x07" * 40, b"seq"], ids=["empty", "no record", "number"])
def test_a_proper_chain_over_nonsense_is_a_break_too(tape: Tape, path: Path, forged: bytes) -> None:
    fill(tape)
    body = tape.recent()[0].body() if forged == b"seq" else forged
    with path.open("ab") as file:
        file.write(LENGTH.pack(len(body)) + body + chain(bytes.fromhex(tape.head), body))
    reading = read_tape(path)
    assert reading.broken is not None
    assert (reading.broken.seq, reading.broken.cut_short) == (4, False)
    assert len(reading.records) == 4


def test_a_tape_is_never_written_over(tape: Tape, path: Path) -> None:
    fill(tape)
    with pytest.raises(BenchError, match="File exists"):
        Tape(BenchClock(), path)
    assert len(read_tape(path).records) == 4


def test_a_tape_that_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="cannot be read"):
        read_tape(tmp_path / "tape.bin")
    with pytest.raises(BenchError, match="cannot be read"):
        read_tape(tmp_path)
    with pytest.raises(BenchError, match="cannot be written"):
        Tape(BenchClock(), tmp_path / "absent" / "tape.bin")


def test_a_closed_tape_takes_nothing_more(path: Path) -> None:
    with Tape(BenchClock(), path) as tape:
        fill(tape)
    tape.close()
    with pytest.raises(BenchError, match="closed"):
        tape.event("bench", "late")
    assert tape.seq == 4
    assert read_tape(path).head == tape.head


def test_a_tape_without_a_file_remembers_the_last_records() -> None:
    tape = Tape(BenchClock())
    for _ in range(KEPT_WITHOUT_FILE + 10):
        tape.event("bench", "tick")
    kept = tape.recent()
    assert KEPT_WITHOUT_FILE // 2 <= len(kept) <= KEPT_WITHOUT_FILE
    assert [record.seq for record in kept] == list(range(tape.seq - len(kept), tape.seq))
    assert tape.recent(since=tape.seq - 1) == kept[-1:]
    assert tape.recent(since=3) == kept
    assert len(tape.head) == 64
    tape.close()


def test_what_is_forgotten_stays_in_the_file(tape: Tape, path: Path) -> None:
    fill(tape)
    tape.forget()
    assert tape.recent() == []
    number = tape.event("bench", "next case")
    assert number == 4
    assert [record.seq for record in tape.recent()] == [4]
    assert tape.recent(since=5) == []
    assert len(read_tape(path).records) == 5


WRITER = """
import sys
from pathlib import Path
from harness.clock import BenchClock
from harness.line.record import Direction
from harness.line.tape import Tape
tape = Tape(BenchClock(), Path(sys.argv[1]))
while True:
    print(tape.frame("scanner.serial", Direction.SENT, b"x" * 100), flush=True)
"""


def test_a_killed_process_leaves_all_that_it_had_recorded(path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for line in writer.stdout:
            if int(line) >= 300:
                break
        os.kill(writer.pid, signal.SIGKILL)
        told = [int(line) for line in writer.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    reading = read_tape(path)
    assert reading.broken is None
    assert len(reading.records) >= max(told, default=300) + 1
    assert {record.data for record in reading.records} == {b"x" * 100}


FULL = """
import resource, sys
from pathlib import Path
from harness.clock import BenchClock
from harness.errors import BenchError
from harness.line.tape import Tape
tape = Tape(BenchClock(), Path(sys.argv[1]))
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), hard))
for attempt in range(100):
    try:
        tape.event("bench", "tick", number=attempt)
    except BenchError as error:
        refused = error
        break
for _ in range(3):
    try:
        tape.event("bench", "still full")
    except BenchError as error:
        assert str(error) == str(refused)
    else:
        raise AssertionError("it was full")
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
tape.event("bench", "space again")
print(attempt, tape.seq, tape.head)
print(refused)
tape.close()
"""


@pytest.mark.parametrize("limit", [1000, 1001, 1040, 1090])
def test_a_full_disk_is_an_error_and_leaves_a_whole_tape(path: Path, limit: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path), str(limit)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    counts, *said = done.stdout.splitlines()
    recorded, seq, head = counts.split()
    reading = read_tape(path)
    assert reading.broken is None
    assert (str(len(reading.records)), reading.head) == (seq, head)
    assert int(seq) == int(recorded) + 1 >= 5
    assert [record.name for record in reading.records] == ["tick"] * int(recorded) + ["space again"]
    assert "cannot be written" in said[0]
    assert "the disk is full" in said[1]


def test_a_disk_too_full_for_the_first_bytes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "write", lambda _file, _data: 3)
    with pytest.raises(BenchError, match="No space left"):
        Tape(BenchClock(), path)


def _strike(tape: Tape, nth: int) -> bool:
    """Record a frame with Ctrl-C before the n-th line of the tape's code; whether it came to that."""
    lines = itertools.count(1)

    def at_line(frame: FrameType, what: str, _: object) -> Any:
        if what == "line" and next(lines) == nth:
            raise KeyboardInterrupt
        return at_line

    def at_call(frame: FrameType, _what: str, _: object) -> Any:
        return at_line if frame.f_code.co_filename == tape_module.__file__ else None

    before = sys.gettrace()
    sys.settrace(at_call)
    try:
        tape.frame("scanner.serial", Direction.SENT, b"struck")
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


@pytest.mark.parametrize("kept", [True, False], ids=["file", "memory"])
def test_ctrl_c_at_any_point_leaves_chain_numbers_and_memory_right(tmp_path: Path, kept: bool) -> None:
    struck = 0
    for nth in itertools.count(1):
        path = tmp_path / f"{nth}.bin"
        with Tape(BenchClock(), path if kept else None) as tape:
            tape.event("bench", "before")
            interrupted = _strike(tape, nth)
            head, seq = tape.head, tape.seq
            tape.event("bench", "after")
            recent = tape.recent()
        assert [record.seq for record in recent] == list(range(len(recent)))
        assert len(recent) == tape.seq == seq + 1
        if kept:
            reading = read_tape(path)
            assert reading.broken is None
            assert list(reading.records) == recent
            assert reading.head == tape.head
            assert head == chain_of(recent[:-1])
        struck += interrupted
        if not interrupted:
            assert len(recent) == 3
            break
    assert struck > 10


def test_ctrl_c_in_the_middle_of_a_write_leaves_no_half_record(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write

    def half(file: int, data: bytes) -> int:
        monkeypatch.undo()
        write(file, data[: len(data) // 2])
        raise KeyboardInterrupt

    with Tape(BenchClock(), path) as tape:
        tape.event("bench", "before")
        monkeypatch.setattr(os, "write", half)
        with pytest.raises(KeyboardInterrupt):
            tape.event("bench", "struck")
        tape.event("bench", "after")
    reading = read_tape(path)
    assert reading.broken is None
    assert [record.name for record in reading.records] == ["before", "after"]


def chain_of(records: list[Record]) -> str:
    digest = ORIGIN
    for record in records:
        digest = chain(digest, record.body())
    return digest.hex()


def test_many_threads_make_one_order(tape: Tape, path: Path) -> None:
    def record(thread: int) -> None:
        for number in range(200):
            tape.event(f"device{thread}", "tick", number=number)

    threads = [threading.Thread(target=record, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    reading = read_tape(path)
    assert reading.broken is None
    assert list(reading.records) == tape.recent()
    assert [record.seq for record in reading.records] == list(range(1600))
    for device in range(8):
        own = [record.event["number"] for record in reading.records if record.channel == f"device{device}"]
        assert own == list(range(200))


def test_waiting_finds_what_is_there_from_a_number_on(tape: Tape) -> None:
    fill(tape)
    for since, seq in ((0, 0), (1, 2), (2, 2)):
        found = tape.wait_for(lambda record: record.kind is Kind.FRAME, since=since, timeout=0)
        assert found is not None
        assert found.seq == seq
    assert tape.wait_for(lambda record: record.kind is Kind.FRAME, since=3, timeout=0) is None
    assert tape.wait_for(lambda record: True, since=4, timeout=0.01) is None


def test_waiting_sees_each_record_once_and_returns_when_it_comes(tape: Tape) -> None:
    fill(tape)
    seen: list[int] = []
    asked = threading.Event()

    def wanted(record: Record) -> bool:
        seen.append(record.seq)
        asked.set()
        return record.name == "come"

    def later() -> None:
        assert asked.wait(60)
        for _ in range(50):
            tape.event("bench", "go")
        tape.event("bench", "come")

    device, began = threading.Thread(target=later), time.monotonic()
    device.start()
    found = tape.wait_for(wanted, since=2, timeout=60)
    assert time.monotonic() - began < 20, "it was woken, not timed out"
    device.join()
    assert found is not None
    assert found.seq == 54
    assert seen == list(range(2, 55))


def test_a_record_from_before_is_not_waited_for_when_a_case_begins(tape: Tape) -> None:
    fill(tape)
    tape.forget()
    assert tape.wait_for(lambda record: True, since=0, timeout=0) is None
    tape.event("bench", "fresh")
    found = tape.wait_for(lambda record: True, since=0, timeout=0)
    assert found is not None
    assert found.name == "fresh"


def test_waiting_for_the_future_passes_over_what_comes_before(tape: Tape) -> None:
    def later() -> None:
        while not tape._waiting:
            os.sched_yield()
        for number in range(20):
            tape.event("bench", "tick", number=number)

    fill(tape)
    device = threading.Thread(target=later)
    device.start()
    found = tape.wait_for(lambda record: record.name == "tick", since=10, timeout=60)
    device.join()
    assert found is not None
    assert found.seq == 10


def test_whoever_waits_may_record(tape: Tape) -> None:
    def wanted(record: Record) -> bool:
        if record.name == "clock-step":
            tape.event("bench", "seen")
        return record.name == "seen"

    fill(tape)
    found = tape.wait_for(wanted, since=0, timeout=60)
    assert found is not None
    assert found.seq == 4
