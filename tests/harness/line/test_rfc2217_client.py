"""The host's end of RFC 2217: against our own line, and against pyserial's access server in front of a pty."""

import os
import socket
import threading
import tty
from collections.abc import Iterator
from typing import Any

import pytest
import serial
from serial import rfc2217

from harness.clock import BenchClock
from harness.line.address import parse_address, tcp_address
from harness.line.client import Disconnected
from harness.line.record import Direction
from harness.line.rfc2217 import Modem
from harness.line.rfc2217_client import Rfc2217Client
from harness.line.serial_format import parse_format
from harness.line.tape import Tape
from tests.harness.line.test_rfc2217_server import EVERY_BYTE, Device


@pytest.fixture
def device() -> Iterator[Device]:
    from harness.bench.loop import LoopThread

    loop = LoopThread()
    started = Device(loop)
    yield started
    loop.call(started.line.stop())
    loop.close()


def test_bytes_lines_and_settings(device: Device) -> None:
    tape = Tape(BenchClock())
    wire = parse_format("115200 7E1")
    with Rfc2217Client.open(device.line.address, channel="box.serial", tape=tape, wire=wire) as client:
        assert device.line.host_format == wire
        device.until(dtr=True, rts=True)
        assert client.modem == Modem.CTS | Modem.DSR | Modem.CD
        client.write(EVERY_BYTE)
        assert device.received(256) == EVERY_BYTE
        device.send(EVERY_BYTE)
        got = b""
        while len(got) < 256:
            got += client.read(60)
        assert got == EVERY_BYTE
        client.set_output(dtr=False)
        device.until(dtr=False, rts=True)
        assert client.read(0) == b""
    assert next(iter(tape.recent())).direction is Direction.RECEIVED


def test_a_change_of_lines_is_seen_while_reading(device: Device) -> None:
    with Rfc2217Client.open(device.line.address, channel="box.serial") as client:
        device.loop.soon(lambda: device.line.set_lines(cts=False, ri=True))
        device.loop.settle()
        device.send(b".")
        assert client.read(60) == b"."
        assert client.modem == Modem.DSR | Modem.CD | Modem.RI


def test_unplugged_and_nobody_there(device: Device) -> None:
    with Rfc2217Client.open(device.line.address, channel="box.serial") as client:
        device.loop.soon(device.line.unplug)
        with pytest.raises(Disconnected):
            read_on(client)
    with pytest.raises(Disconnected):
        Rfc2217Client.open(device.line.address, channel="box.serial")
    with pytest.raises(Disconnected, match="Nobody answers"):
        Rfc2217Client.open(parse_address("rfc2217:127.0.0.1:1"), channel="box.serial")
    with pytest.raises(ValueError, match="no port behind"):
        Rfc2217Client.open(tcp_address("127.0.0.1", 1), channel="box.serial")


def test_what_speaks_no_rfc2217_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.line.rfc2217_client.ANSWER_TIMEOUT_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as plain, pytest.raises(Disconnected, match="does not speak"):
        Rfc2217Client.open(parse_address(f"rfc2217:127.0.0.1:{plain.getsockname()[1]}"), channel="box.serial")


def read_on(client: Rfc2217Client) -> None:
    while True:
        client.read(60)


class Lines(serial.Serial):
    """A pty with the lines that it lacks, since pyserial's server hangs up without them."""

    cts = property(lambda _: True)
    dsr = property(lambda _: True)
    ri = property(lambda _: False)
    cd = property(lambda _: True)

    def _update_dtr_state(self) -> None:
        pass

    def _update_rts_state(self) -> None:
        pass


class Connection:
    """What pyserial's server writes to."""

    def __init__(self, connected: socket.socket) -> None:
        self._connected = connected

    def write(self, data: bytes) -> None:
        self._connected.sendall(data)


def test_an_access_server_that_is_not_ours() -> None:
    """pyserial's PortManager: another program's reading of the same RFC."""
    master, slave = os.openpty()
    tty.setraw(slave)
    with (
        Lines(os.ttyname(slave), timeout=0) as port,
        socket.create_server(("127.0.0.1", 0)) as listening,
    ):

        def serve() -> None:
            connected, _ = listening.accept()
            with connected:
                access: Any = rfc2217
                manager = access.PortManager(port, Connection(connected))
                while data := connected.recv(1024):
                    port.write(b"".join(manager.filter(data)))

        server = threading.Thread(target=serve)
        server.start()
        address = parse_address(f"rfc2217:127.0.0.1:{listening.getsockname()[1]}")
        with Rfc2217Client.open(address, channel="box.serial", wire=parse_format("19200 8N2")) as client:
            assert (port.baudrate, port.stopbits) == (19_200, 2)
            assert client.modem == Modem.CTS | Modem.DSR | Modem.CD
            client.write(EVERY_BYTE)
            got = b""
            while len(got) < 256:
                got += os.read(master, 256)
            assert got == EVERY_BYTE
        server.join(60)
    os.close(master)
    os.close(slave)
