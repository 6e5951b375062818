"""A serial port through PyVISA, against a bare pty."""

import os
import tty
from collections.abc import Iterator

import pytest

from harness.clock import BenchClock
from harness.devices.scanner import Scanner
from harness.line.address import parse_address
from harness.line.client import Disconnected
from harness.line.record import Direction
from harness.line.tape import Tape
from harness.line.visa import VisaClient


@pytest.fixture
def ends() -> Iterator[tuple[int, str]]:
    master, slave = os.openpty()
    tty.setraw(slave)
    yield master, f"visa:ASRL{os.ttyname(slave)}::INSTR"
    for fd in (master, slave):
        try:
            os.close(fd)
        except OSError:
            continue


def test_every_byte_passes_and_none_ends_a_message(ends: tuple[int, str]) -> None:
    master, at = ends
    tape = Tape(BenchClock())
    every = bytes(range(256))
    with VisaClient.open(parse_address(at), channel="box.serial", tape=tape) as client:
        os.write(master, every)
        got = b""
        while len(got) < 256:
            got += client.read(60)
        assert got == every
        client.write(every)
        assert os.read(master, 300) == every
        assert client.read(0.01) == b""
        assert client.read(0) == b""
    assert {record.direction for record in tape.recent()} == {Direction.SENT, Direction.RECEIVED}


def test_a_scanner_through_visa(ends: tuple[int, str]) -> None:
    master, at = ends
    with Scanner.open(at) as scanner:
        scanner.trigger()
        assert os.read(master, 10) == b"\x01T\x04"
        os.write(master, b"6201\r")
        assert scanner.read(60).text == "6201"


def test_unplugged(ends: tuple[int, str]) -> None:
    master, at = ends
    client = VisaClient.open(parse_address(at), channel="box.serial")
    os.close(master)
    with pytest.raises(Disconnected, match="is gone"):
        client.read(1)
    with pytest.raises(Disconnected):
        client.write(b"x")
    client.close()
    client.close()
    with pytest.raises(Disconnected):
        client.read(0)


@pytest.mark.parametrize("at", ["visa:ASRL/dev/pts/does-not-exist::INSTR", "visa:ASRL::/dev/pts/0::INSTR"])
def test_what_cannot_be_opened(at: str) -> None:
    with pytest.raises(Disconnected, match="cannot be opened"):
        VisaClient.open(parse_address(at), channel="box.serial")


@pytest.mark.parametrize("at", ["visa:TCPIP::h::1::SOCKET", "serial:/dev/ttyUSB0"])
def test_what_is_no_serial_port(at: str) -> None:
    with pytest.raises(ValueError, match="no serial port"):
        VisaClient.open(parse_address(at), channel="box.serial")
