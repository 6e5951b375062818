"""The host's end of a serial port, against a bare pty."""

import os
import threading
import tty
from collections.abc import Iterator

import pytest

from harness.clock import BenchClock
from harness.line.address import parse_address, serial_address
from harness.line.client import Disconnected
from harness.line.record import Direction
from harness.line.serial import SerialClient
from harness.line.serial_format import Parity, SerialFormat
from harness.line.tape import Tape


@pytest.fixture
def ends() -> Iterator[tuple[int, str]]:
    """A bare pty: its master and the name of its slave."""
    master, slave = os.openpty()
    tty.setraw(slave)
    yield master, os.ttyname(slave)
    for fd in (master, slave):
        try:
            os.close(fd)
        except OSError:
            continue


def test_what_is_there_comes_in_one_chunk(ends: tuple[int, str]) -> None:
    master, name = ends
    with SerialClient.open(serial_address(name), channel="box.serial") as client:
        os.write(master, b"6201234567890123456789012345\r")
        assert client.read(60) == b"6201234567890123456789012345\r"


def test_silence_ends_with_the_time_out(ends: tuple[int, str]) -> None:
    with SerialClient.open(serial_address(ends[1]), channel="box.serial") as client:
        assert client.read(0.01) == b""
        assert client.read(0) == b""
        assert client.read(-1) == b""


def test_bytes_are_recorded_as_the_devices(ends: tuple[int, str]) -> None:
    master, name = ends
    tape = Tape(BenchClock())
    with SerialClient.open(serial_address(name), channel="box.serial", tape=tape) as client:
        client.write(b"\x01T\x04")
        assert os.read(master, 10) == b"\x01T\x04"
        os.write(master, b"1\r")
        client.read(60)
    assert [(r.channel, r.direction, r.data) for r in tape.recent()] == [
        ("box.serial", Direction.RECEIVED, b"\x01T\x04"),
        ("box.serial", Direction.SENT, b"1\r"),
    ]


def test_a_write_larger_than_the_kernels_buffer_arrives_whole(ends: tuple[int, str]) -> None:
    master, name = ends
    sent = bytes(range(256)) * 256
    got = bytearray()

    def drain() -> None:
        while len(got) < len(sent):
            got.extend(os.read(master, 4096))

    reader = threading.Thread(target=drain)
    with SerialClient.open(serial_address(name), channel="box.serial") as client:
        reader.start()
        client.write(sent)
        reader.join(60)
    assert bytes(got) == sent


def test_a_port_that_is_not_there_is_disconnected() -> None:
    with pytest.raises(Disconnected, match="No such file"):
        SerialClient.open(serial_address("/dev/pts/does-not-exist"), channel="box.serial")


def test_something_that_is_no_terminal_is_disconnected() -> None:
    with pytest.raises(Disconnected, match="cannot be opened"):
        SerialClient.open(serial_address("/dev/null"), channel="box.serial")


def test_another_kind_of_address_is_the_callers_slip() -> None:
    with pytest.raises(ValueError, match="no serial port"):
        SerialClient.open(parse_address("tcp:127.0.0.1:1"), channel="box.serial")


def test_a_pty_is_opened_again_and_again_though_it_keeps_no_parity(ends: tuple[int, str]) -> None:
    master, name = ends
    for _ in range(3):
        wire = SerialFormat(data_bits=7, parity=Parity.EVEN)
        with SerialClient.open(serial_address(name), channel="box.serial", wire=wire) as client:
            os.write(master, b"1\r")
            assert client.read(60) == b"1\r"


def test_reading_and_writing_after_the_plug_is_pulled(ends: tuple[int, str]) -> None:
    master, name = ends
    client = SerialClient.open(serial_address(name), channel="box.serial")
    os.close(master)
    with pytest.raises(Disconnected, match="is gone"):
        client.read(60)
    with pytest.raises(Disconnected):
        client.write(b"x")
    client.close()
    client.close()


def test_reading_and_writing_a_closed_port(ends: tuple[int, str]) -> None:
    client = SerialClient.open(serial_address(ends[1]), channel="box.serial")
    client.close()
    with pytest.raises(Disconnected):
        client.read(0)
    with pytest.raises(Disconnected):
        client.write(b"x")


def test_a_reader_wakes_when_the_plug_is_pulled_meanwhile(ends: tuple[int, str]) -> None:
    master, name = ends
    waiting = threading.Event()
    outcome: list[BaseException] = []
    client = SerialClient.open(serial_address(name), channel="box.serial")

    def read() -> None:
        waiting.set()
        try:
            client.read(20)
        except Disconnected as error:
            outcome.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    waiting.wait(60)
    os.close(master)
    reader.join(60)
    assert not reader.is_alive()
    assert len(outcome) == 1
    client.close()
