"""A serial port of this machine, shared over RFC 2217; a pty plays the port."""

import os
import tty
from collections.abc import Iterator
from queue import Queue

import pytest

from harness.bench.loop import LoopThread
from harness.line.address import parse_address, serial_address
from harness.line.client import Disconnected
from harness.line.rfc2217 import Modem
from harness.line.rfc2217_client import Rfc2217Client
from harness.line.rfc2217_share import SharedSerial
from harness.line.serial_format import SerialFormat, parse_format

EVERY_BYTE = bytes(range(256))


class Rig:
    def __init__(self) -> None:
        self.loop = LoopThread()
        self.master, slave = os.openpty()
        tty.setraw(slave)
        self.name = os.ttyname(slave)
        self.slave = slave
        self.said: Queue[str] = Queue()
        self.shared = SharedSerial(serial_address(self.name), say=self.said.put)
        self.loop.call(self.shared.start())

    def client(self, wire: str = "9600 8N1") -> Rfc2217Client:
        return Rfc2217Client.open(self.shared.address, channel="box.serial", wire=parse_format(wire))

    def stop(self) -> None:
        self.loop.call(self.shared.stop())
        self.loop.close()
        for fd in (self.master, self.slave):
            try:
                os.close(fd)
            except OSError:
                continue


@pytest.fixture
def rig() -> Iterator[Rig]:
    started = Rig()
    yield started
    started.stop()


def read(client: Rfc2217Client, size: int) -> bytes:
    got = b""
    while len(got) < size:
        got += client.read(60)
    return got


def test_bytes_pass_both_ways_and_the_port_is_free_in_between(rig: Rig) -> None:
    for _ in range(2):
        with rig.client("115200 8N1") as client:
            assert "in use" in rig.said.get(timeout=60)
            os.write(rig.master, EVERY_BYTE)
            assert read(client, 256) == EVERY_BYTE
            client.write(EVERY_BYTE)
            got = b""
            while len(got) < 256:
                got += os.read(rig.master, 4096)
            assert got == EVERY_BYTE
            assert client.modem == Modem.CTS | Modem.DSR | Modem.CD
        assert "is free" in rig.said.get(timeout=60)


def test_a_frame_that_the_port_cannot_do_is_refused_to_the_client_not_to_the_next(rig: Rig) -> None:
    """A pty keeps no parity; the client hears that none holds."""
    for _ in range(3):
        with pytest.raises(Disconnected, match="refuses 9600 7E1"):
            rig.client("9600 7E1")
        while "is free" not in rig.said.get(timeout=60):
            pass
    with rig.client() as client:
        os.write(rig.master, b"ok")
        assert read(client, 2) == b"ok"


def test_a_port_that_goes_away_hangs_its_client_up(rig: Rig) -> None:
    with rig.client() as client:
        os.close(rig.master)
        with pytest.raises(Disconnected):
            read(client, 10_000)
    with pytest.raises(Disconnected):
        rig.client()
    while "cannot be opened" not in rig.said.get(timeout=60):
        pass


def test_only_serial_ports_are_shared() -> None:
    with pytest.raises(ValueError, match="no serial port"):
        SharedSerial(parse_address("tcp:127.0.0.1:1"))


def test_a_closed_port_has_a_format_and_no_lines(rig: Rig) -> None:
    from harness.line.rfc2217_share import RealPort

    port = RealPort(rig.name)
    assert port.format == SerialFormat()
    assert port.modem() == Modem(0)
    with pytest.raises(ValueError, match="closed"):
        port.configure(SerialFormat(baud=4800))
