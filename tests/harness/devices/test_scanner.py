"""The driver of scanner boxes, against the virtual one and against a bare pty that plays a bad one."""

import os
import threading
import tty
from collections.abc import Iterator

import pytest

from harness.clock import BenchClock
from harness.devices.scanner import NoAnswer, NoScan, Scanner, Shown, VirtualStage
from harness.errors import BenchError, ConfigError, PeerViolation
from harness.line.client import Disconnected
from harness.line.record import Direction
from harness.line.tape import Tape
from harness.wire.scanner.framing import ScanFraming
from harness.wire.scanner.newland import Query
from tests.simulators.scanner_rig import DIGITS, StartScanner, qr, scanners


@pytest.fixture
def start_scanner() -> Iterator[StartScanner]:
    with scanners() as start:
        yield start


@pytest.fixture
def bare() -> Iterator[tuple[int, str]]:
    master, slave = os.openpty()
    tty.setraw(slave)
    yield master, f"serial:{os.ttyname(slave)}"
    for fd in (master, slave):
        try:
            os.close(fd)
        except OSError:
            continue


@pytest.mark.parametrize("line", ["pty", "tcp"])
def test_trigger_and_read(start_scanner: StartScanner, line: str) -> None:
    box = start_scanner(line=line, mode="level")
    stage = VirtualStage(box.ends.also["control"])
    assert stage.show(qr()) == Shown(read=False, why="the box waits for its trigger")
    with Scanner.open(box.ends.at) as scanner:
        for _ in range(3):
            scanner.trigger()
            assert scanner.read(60).text == DIGITS
        scanner.command_trigger()
        assert scanner.read(60).text == DIGITS


def test_a_pedestal_reads_what_its_stage_shows(start_scanner: StartScanner) -> None:
    box = start_scanner()
    stage = VirtualStage(box.ends.also["control"])
    with Scanner.open(box.ends.at) as scanner:
        assert stage.show(qr()) == Shown(read=True, text=DIGITS, symbology="qr")
        assert scanner.read(60).text == DIGITS
        assert stage.show(qr()).why == "the same code is locked out"
        stage.blank()
        with pytest.raises(NoScan, match=r"0\.01 s"):
            scanner.read(0.01)


def test_without_a_suffix_the_idle_gap_ends_the_scan(start_scanner: StartScanner) -> None:
    box = start_scanner()
    stage = VirtualStage(box.ends.also["control"])
    stage.configure({"suffix": "none"})
    with Scanner.open(box.ends.at, framing=ScanFraming(suffix=b"", idle_s=0.02)) as scanner:
        stage.show(qr())
        assert scanner.read(60).text == DIGITS


def test_settings_are_written_and_read_back(start_scanner: StartScanner) -> None:
    box = start_scanner()
    with Scanner.open(box.ends.at) as scanner:
        scanner.configure({"RRDENA": "1", "RRDDUR": "3000", "SCNMOD": "0"})
        assert scanner.query("RRDDUR") == "3000"
        assert scanner.query("RRDDUR", Query.FACTORY) == "1500"
        assert scanner.query("RRDDUR", Query.RANGE) == "1-3600000"
        assert "newland" in scanner.query("QRYSYS", None)


def test_many_settings_go_in_batches_that_a_box_takes(start_scanner: StartScanner) -> None:
    box = start_scanner()
    values = {"CPRSET": "41" * 11, "RRDDUR": "3600000", "GRDDUR": "3600000", "ORTSET": "3600000", "TSUSET": "0D0A"}
    switches = dict.fromkeys(
        ("SCNENA", "RRDENA", "GRDENA", "CIDENA", "TSUENA", "CPRENA", "ILLSCN", "AMLENA", "GRBENA"), "1"
    )
    with Scanner.open(box.ends.at) as scanner:
        scanner.configure({**values, **switches, "GRBVLL": "20", "EXPLVL": "2", "SCNMOD": "0"})
        assert scanner.query("SCNMOD") == "0"
        assert scanner.query("CPRSET") == "41" * 11
    received = [r.data for r in box.tape.recent() if r.direction is Direction.RECEIVED]
    assert max(map(len, received)) <= 200 + 9


def test_a_scan_that_comes_during_a_command_is_kept(start_scanner: StartScanner) -> None:
    box = start_scanner()
    with Scanner.open(box.ends.at) as scanner:
        box.show(qr())
        assert scanner.query("SCNMOD") == "2"
        assert scanner.read(0).text == DIGITS


@pytest.mark.parametrize(
    "settings",
    [{"ABCDEF": "1"}, {"SCNMOD": "9"}, {"SCNMOD": "1;"}, {"SCN": "1"}],
    ids=["tag", "value", "semicolon", "short"],
)
def test_what_the_box_refuses_is_the_callers_to_mend(start_scanner: StartScanner, settings: dict[str, str]) -> None:
    box = start_scanner()
    with Scanner.open(box.ends.at) as scanner:
        with pytest.raises(ConfigError):
            scanner.configure(settings)
        assert scanner.query("SCNMOD") == "2"


@pytest.mark.usefixtures("hurried")
def test_a_box_that_does_not_answer(bare: tuple[int, str]) -> None:
    with Scanner.open(bare[1]) as scanner, pytest.raises(NoAnswer, match="SCNMOD"):
        scanner.query("SCNMOD")


def test_an_answer_to_something_else_breaks_the_protocol(bare: tuple[int, str]) -> None:
    with Scanner.open(bare[1]) as scanner:
        os.write(bare[0], b"\x02\x010000#RRDDUR1\x06;\x03")
        with pytest.raises(PeerViolation, match="RRDDUR1"):
            scanner.query("SCNMOD")


@pytest.mark.usefixtures("hurried")
def test_an_answer_that_came_too_late_is_not_taken_for_the_next_one(bare: tuple[int, str]) -> None:
    with Scanner.open(bare[1]) as scanner:
        os.write(bare[0], b"\x02\x010000#SCNMOD3\x06;\x03")
        with pytest.raises(NoScan):
            scanner.read(0.01)
        with pytest.raises(NoAnswer):
            scanner.query("SCNMOD")


def test_what_has_begun_is_awaited_for_the_idle_gap_alone() -> None:
    waits: list[float] = []

    class Line:
        def read(self, timeout: float) -> bytes:
            waits.append(timeout)
            return b"62012345" if len(waits) == 1 else b""

        def write(self, data: bytes) -> None:
            raise NotImplementedError

        def close(self) -> None:
            return

    scanner = Scanner(Line(), framing=ScanFraming(suffix=b"", idle_s=0.02))
    assert scanner.read(60).text == "62012345"
    assert waits == [60, 0.02]


def test_a_scan_without_its_suffix_breaks_the_protocol_and_the_next_one_is_read(bare: tuple[int, str]) -> None:
    with Scanner.open(bare[1]) as scanner:
        os.write(bare[0], b"62012345")
        with pytest.raises(PeerViolation, match="suffix"):
            scanner.read(1)
        os.write(bare[0], b"123\r456\r")
        assert [scanner.read(1).text, scanner.read(1).text] == ["123", "456"]


def test_a_scan_in_pieces_is_one_scan(bare: tuple[int, str]) -> None:
    with Scanner.open(bare[1], framing=ScanFraming(idle_s=5)) as scanner:
        os.write(bare[0], b"620123")
        rest = threading.Timer(0.05, os.write, (bare[0], b"45\r"))
        rest.start()
        assert scanner.read(60).text == "62012345"
        rest.join()


def test_a_line_that_never_falls_silent_does_not_hold_the_driver(bare: tuple[int, str]) -> None:
    with Scanner.open(bare[1], framing=ScanFraming(max_length=8, idle_s=0.01)) as scanner:
        os.write(bare[0], b"x" * 4000)
        with pytest.raises(PeerViolation, match="longer than 8"):
            scanner.read(1)
        with pytest.raises(NoScan):
            scanner.read(0)


def test_a_box_that_is_unplugged(bare: tuple[int, str]) -> None:
    with Scanner.open(bare[1]) as scanner:
        os.close(bare[0])
        with pytest.raises(Disconnected):
            scanner.read(60)
        with pytest.raises(Disconnected):
            scanner.trigger()


def test_a_real_box_is_recorded_from_the_hosts_side(bare: tuple[int, str]) -> None:
    tape = Tape(BenchClock())
    with Scanner.open(bare[1], tape, name="left") as scanner:
        scanner.trigger()
        os.write(bare[0], b"1\r")
        scanner.read(60)
    frames = [(r.channel, r.direction, r.data) for r in tape.recent()]
    assert frames == [("left.serial", Direction.RECEIVED, b"\x01T\x04"), ("left.serial", Direction.SENT, b"1\r")]


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "virtual", "visa:TCPIP::h::1::SOCKET", "nonsense"])
def test_an_address_that_is_no_line_is_the_users_to_mend(address: str) -> None:
    with pytest.raises(ConfigError):
        Scanner.open(address)


def test_the_stage_says_who_is_to_blame(start_scanner: StartScanner) -> None:
    box = start_scanner()
    stage = VirtualStage(box.ends.also["control"])
    with pytest.raises(ConfigError, match="no PNG"):
        stage.show(b"no picture")
    with pytest.raises(ConfigError, match="colour"):
        stage.configure({"colour": "red"})
    box.stop()
    with pytest.raises(BenchError, match="does not answer"):
        stage.show(qr())
