"""A virtual device's line behind RFC 2217, driven from outside by pyserial and by raw sockets."""

import contextlib
import socket
import warnings
from collections.abc import Iterator
from queue import Queue
from typing import Any

import pytest
import serial

from harness.bench.loop import LoopThread
from harness.clock import BenchClock
from harness.line.address import serial_address
from harness.line.record import Direction
from harness.line.rfc2217 import ComPort, com_port
from harness.line.rfc2217_server import HostLines, Rfc2217Line
from harness.line.rfc2217_share import SharedSerial
from harness.line.serial_format import SerialFormat, parse_format
from harness.line.tape import Tape

EVERY_BYTE = bytes(range(256))


class Device:
    """A started line: what it receives and what its client does to the lines queue up."""

    def __init__(self, loop: LoopThread) -> None:
        self.loop = loop
        self.tape = Tape(BenchClock())
        self.chunks: Queue[bytes] = Queue()
        self.changes: Queue[HostLines] = Queue()
        self.line = Rfc2217Line(tape=self.tape, channel="box.serial", changed=self.changes.put)
        loop.call(self.line.start(self.chunks.put))

    def send(self, data: bytes) -> bool:
        async def send() -> bool:
            return self.line.send(data)

        return self.loop.call(send())

    def until(self, **wanted: bool) -> HostLines:
        """The lines, once they are as wanted."""
        while True:
            lines = self.changes.get(timeout=60)
            if all(getattr(lines, name) is value for name, value in wanted.items()):
                return lines

    def received(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            data += self.chunks.get(timeout=60)
        return data

    def pyserial(self, **settings: Any) -> serial.Serial:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # pyserial names its thread in the old way
            return serial.serial_for_url(f"rfc2217://{self.line.address.target}", timeout=60, **settings)

    def raw(self) -> socket.socket:
        return socket.create_connection((self.line.address.host, self.line.address.port), timeout=60)


def hung_up(client: socket.socket) -> bool:
    """Read until the server hangs up; time-out if it does not."""
    with contextlib.suppress(ConnectionResetError):
        while client.recv(65_536):
            pass
    return True


@pytest.fixture
def device() -> Iterator[Device]:
    loop = LoopThread()
    started = Device(loop)
    yield started
    loop.call(started.line.stop())
    loop.close()


def test_pyserial_sets_the_port_and_both_hear_every_byte(device: Device) -> None:
    with device.pyserial(baudrate=115_200, parity="E", stopbits=2) as client:
        assert device.line.host_format == parse_format("115200 8E2")
        device.send(EVERY_BYTE)
        assert client.read(256) == EVERY_BYTE
        client.write(EVERY_BYTE)
        assert device.received(256) == EVERY_BYTE
        client.baudrate = 19_200
        assert device.line.host_format == parse_format("19200 8E2")
    frames = [(r.channel, r.direction) for r in device.tape.recent()]
    assert frames[0] == ("box.serial", Direction.SENT)
    assert {direction for _, direction in frames[1:]} == {Direction.RECEIVED}


def test_pyserials_lines_reach_the_device_and_back(device: Device) -> None:
    with device.pyserial() as client:
        device.until(dtr=True, rts=True)
        assert (client.cts, client.dsr, client.ri, client.cd) == (True, True, False, True)
        client.dtr = False
        device.until(dtr=False, rts=True)
        client.rts = False
        device.until(dtr=False, rts=False)
        device.loop.soon(lambda: device.line.set_lines(cts=False))
        device.loop.settle()
        device.send(b"after")
        assert client.read(5) == b"after"
        assert not client.cts
        client.break_condition = True
        device.until(pause=True)
    assert device.until(dtr=False, pause=False) == HostLines()


def test_when_the_client_goes_the_port_is_as_before(device: Device) -> None:
    with device.pyserial(baudrate=4800):
        device.until(rts=True)
    device.until(dtr=False, rts=False)
    assert device.line.host_format is None
    with device.pyserial():
        assert device.line.host_format == SerialFormat(baud=9600)


def test_unplugged_it_lets_nobody_in(device: Device) -> None:
    with device.raw() as client:
        assert client.recv(100).startswith(b"\xff")
        device.loop.soon(device.line.unplug)
        assert hung_up(client)
    with device.raw() as client:
        assert hung_up(client)
    assert not device.send(b"lost")
    device.loop.soon(device.line.replug)
    with device.raw() as client:
        assert client.recv(100).startswith(b"\xff")


def test_a_second_client_is_hung_up(device: Device) -> None:
    with device.raw() as first:
        assert first.recv(100)
        with device.raw() as second:
            assert hung_up(second)
        first.sendall(b"still here")
        assert device.received(10) == b"still here"


def test_a_client_that_suspends_gets_what_waited_and_a_bounded_amount(device: Device) -> None:
    with device.raw() as client:
        client.recv(100)
        client.sendall(com_port(ComPort.FLOWCONTROL_SUSPEND) + b"!")
        device.received(1)
        assert device.send(b"waited")
        accepted = 0
        while device.send(b"x" * 1000):
            accepted += 1000
            assert accepted < 100_000
        client.sendall(com_port(ComPort.FLOWCONTROL_RESUME))
        got = b""
        while len(got) < 6 + accepted:
            got += client.recv(65_536)
        assert got.endswith(b"waited" + b"x" * accepted)


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_garbage_in_any_pieces_leaves_the_line_whole(device: Device, size: int) -> None:
    garbage = bytes(byte for start in range(256) for byte in ((start * 7) & 255, 255, start, 250, start)) * 2
    with device.raw() as client:
        for at in range(0, len(garbage), size * 16):
            client.sendall(garbage[at : at + size * 16])
        client.shutdown(socket.SHUT_WR)
        while client.recv(65_536):
            pass
    while not device.chunks.empty():
        device.chunks.get()
    with device.pyserial() as port:
        port.write(b"sane")
        assert device.received(4) == b"sane"


def test_only_hosts_that_are_allowed_are_let_in() -> None:
    loop = LoopThread()
    try:
        shared = SharedSerial(serial_address("/dev/null"), allow=frozenset({"10.9.8.7"}))
        loop.call(shared.start())
        with socket.create_connection((shared.address.host, shared.address.port), timeout=60) as client:
            assert hung_up(client)
        loop.call(shared.stop())
    finally:
        loop.close()
