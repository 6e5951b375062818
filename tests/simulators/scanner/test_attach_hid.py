"""Boxes that type and boxes that send reports, read by the host's ends."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.devices.scanner import NoScan, Scanner
from harness.errors import BenchError
from harness.line.address import hid_address
from harness.line.client import Disconnected
from harness.line.hid import HidClient
from harness.line.hid_pos import PosLayout, encode_scan
from harness.line.tape import Tape
from harness.line.wedge import WedgeClient
from harness.line.wedge_keys import Country
from harness.line.wedge_reading import HostKeyboard
from harness.line.wedge_typing import Typist
from simulators.scanner.attach_hid import PosAttachment, WedgeAttachment
from simulators.scanner.attach_protocol import Label, Report
from tests.simulators.attach_rig import Attached, StartAttached, attachments

DIGITS = "6201234567890123456789012345"
SCAN = DIGITS.encode() + b"\r"


@pytest.fixture
def start() -> Iterator[StartAttached]:
    with attachments() as starter:
        yield starter


def wedge(start: StartAttached, *, reports: bool = False, typist: Typist | None = None, pace: bool = False) -> Attached:
    def make(tape: Tape, report: Report) -> WedgeAttachment:
        return WedgeAttachment(
            tape=tape, channel="box.hid", report=report, typist=typist, reports=reports, pace=pace, interval_ms=3
        )

    return start(make)


def pos(start: StartAttached, layout: PosLayout = PosLayout.NEWLAND, link: Path | None = None) -> Attached:
    def make(tape: Tape, report: Report) -> PosAttachment:
        return PosAttachment(tape=tape, channel="box.hid", report=report, layout=layout, pace=False, link=link)

    return start(make)


@pytest.mark.parametrize("reports", [False, True], ids=["events", "boot-reports"])
def test_what_a_wedge_types_is_a_scan(start: StartAttached, reports: bool) -> None:
    box = wedge(start, reports=reports)
    assert box.at.startswith("hid:" if reports else "wedge:")
    with Scanner.open(box.at) as scanner:
        if reports:  # a connection is accepted in the loop
            box.loop.settle()
        for _ in range(3):
            box.send(SCAN)
            assert scanner.read(60).text == DIGITS
    assert [len(frame) for frame in box.sent()] == [58 * 8] * 3


def test_a_whole_scan_takes_its_reports_time(start: StartAttached) -> None:
    box = wedge(start, pace=True)
    with Scanner.open(box.at) as scanner:
        began = time.monotonic()
        box.send(SCAN)
        assert scanner.read(60).text == DIGITS
        assert time.monotonic() - began >= 57 * 0.003


def test_the_wrong_layout_and_caps_lock_at_the_host(start: StartAttached) -> None:
    box = wedge(start, typist=Typist(country=Country.FR))
    host = HostKeyboard(country=Country.US, caps_lock=True)
    with WedgeClient.open(box.box.address, channel="box.keys", host=host) as client:
        box.send(b"12a\r")
        box.drained()
        got = b""
        while not got.endswith(b"\r"):
            got += client.read(60)
        assert got == b"!@Q\r"


def test_a_lost_release_loses_the_next_equal_digit(start: StartAttached) -> None:
    box = wedge(start)
    assert isinstance(box.box, WedgeAttachment)
    with Scanner.open(box.at) as scanner:
        box.loop.soon(box.box.lose, [1])
        box.send(b"112\r")
        assert scanner.read(60).text == "12"
        box.send(b"112\r")
        assert scanner.read(60).text == "112"


def test_a_keyboard_takes_no_commands(start: StartAttached) -> None:
    box = wedge(start)
    with Scanner.open(box.at) as scanner, pytest.raises(Disconnected, match="takes no commands"):
        scanner.trigger()


def test_a_keyboard_that_is_pulled_out(start: StartAttached) -> None:
    box = wedge(start)
    with Scanner.open(box.at) as scanner:
        box.do("unplug")
        with pytest.raises(Disconnected, match="is gone"):
            scanner.read(60)
    box.do("replug")
    with Scanner.open(box.at) as scanner:
        box.send(SCAN)
        assert scanner.read(60).text == DIGITS


@pytest.mark.parametrize("layout", PosLayout)
def test_each_report_scan_is_one_scan_whatever_it_holds(start: StartAttached, layout: PosLayout) -> None:
    box = pos(start, layout)
    with Scanner.open(box.at) as scanner:
        box.loop.settle()
        for data in (b"6201\r234", DIGITS.encode() * 5, b"1", SCAN):
            box.send(data)
            assert scanner.read(60).data == data.removesuffix(b"\r")
    assert box.sent()[0] == b"".join(encode_scan(layout, b"6201\r234"))


def test_the_symbology_travels_in_the_report(start: StartAttached) -> None:
    box = pos(start, PosLayout.HONEYWELL)
    with HidClient.open(box.box.address, channel="box.hid") as client:
        box.loop.settle()
        box.box.describe(Label(aim=b"C0", code_id=b"j"))
        box.send(b"123")
        assert client.read(60) == b"123"
        assert client.last is not None
        assert (client.last.aim, client.last.code_id) == (b"C0", b"j")


def test_output_reports_are_commands(start: StartAttached) -> None:
    box = pos(start)
    with Scanner.open(box.at) as scanner:
        scanner.trigger()
        assert box.received(3) == b"\x01T\x04"


@pytest.mark.parametrize("report", [b"\x09nonsense", b"\x04", b"\x04\x3fshort"])
def test_output_reports_that_are_none_are_reported(start: StartAttached, report: bytes) -> None:
    box = pos(start)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as host:
        host.connect(box.box.address.target)
        host.send(report)
        assert box.reports.get(timeout=60)[0] == "not-understood"
        host.send(b"\x04\x01E")
        assert box.received(1) == b"E"


def test_reports_that_are_no_scan_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "hidraw9"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as device:
        device.bind(str(path))
        device.listen(1)
        with HidClient.open(hid_address(str(path)), channel="box.hid") as client:
            end, _ = device.accept()
            with end:
                end.send(b"\x02\xff" + bytes(62))
                end.send(encode_scan(PosLayout.NEWLAND, b"12")[0])
                assert client.read(60) == b"12"
            assert client.malformed == 1
            with pytest.raises(Disconnected):
                client.read(60)


def test_unplug_takes_the_name_away_and_replug_brings_it_back(start: StartAttached, tmp_path: Path) -> None:
    link = tmp_path / "hidraw0"
    box = pos(start, link=link)
    with Scanner.open(box.at) as scanner:
        box.loop.settle()
        box.do("unplug")
        assert not link.exists()
        with pytest.raises(Disconnected):
            scanner.read(60)
    with pytest.raises(Disconnected, match="cannot be opened"):
        Scanner.open(box.at)
    assert not box.send(b"lost")
    box.do("replug")
    with Scanner.open(box.at) as scanner:
        box.loop.settle()
        box.send(SCAN)
        assert scanner.read(60).text == DIGITS
        with pytest.raises(NoScan):
            scanner.read(0.01)


def test_a_second_host_is_hung_up(start: StartAttached) -> None:
    box = pos(start)
    with HidClient.open(box.box.address, channel="box.hid") as first:
        box.loop.settle()
        with HidClient.open(box.box.address, channel="box.hid") as second, pytest.raises(Disconnected):
            second.read(5)
        box.send(b"1")
        assert first.read(5) == b"1"


def test_a_name_that_is_taken_is_refused(start: StartAttached, tmp_path: Path) -> None:
    link = tmp_path / "hidraw0"
    link.write_text("mine")
    with pytest.raises(BenchError, match="cannot be published"):
        pos(start, link=link)
    assert link.read_text() == "mine"
