"""TCP lines: the device's server and the host's client."""

import socket
from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import pytest

from harness.bench.loop import LoopThread
from harness.clock import BenchClock
from harness.errors import BenchError
from harness.line.address import parse_address
from harness.line.client import Disconnected
from harness.line.record import Direction
from harness.line.tape import Tape
from harness.line.tcp import BUFFER_LIMIT, TcpClient, TcpLine


class Device:
    """A started TCP line."""

    def __init__(self, loop: LoopThread, port: int = 0) -> None:
        self.loop = loop
        self.tape = Tape(BenchClock())
        self.line = TcpLine(tape=self.tape, channel="box.tcp", port=port)
        self.chunks: Queue[bytes] = Queue()
        loop.call(self.line.start(self.chunks.put))

    def send(self, data: bytes) -> bool:
        async def send() -> bool:
            return self.line.send(data)

        return self.loop.call(send())

    def connect(self, tape: Tape | None = None) -> TcpClient:
        client = TcpClient.open(self.line.address, channel="box.tcp", tape=tape)
        client.write(b"hello")
        assert self.chunks.get(timeout=60) == b"hello"
        return client


@pytest.fixture
def device() -> Iterator[Device]:
    loop = LoopThread()
    started = Device(loop)
    yield started
    loop.call(started.line.stop())
    loop.close()


def test_bytes_pass_both_ways_and_are_on_the_tape(device: Device) -> None:
    hosts = Tape(BenchClock())
    with device.connect(hosts) as client:
        assert device.send(b"123\r")
        assert client.read(60) == b"123\r"
        assert client.read(0) == b""
    expected = [("box.tcp", Direction.RECEIVED, b"hello"), ("box.tcp", Direction.SENT, b"123\r")]
    for tape in (device.tape, hosts):
        assert [(r.channel, r.direction, r.data) for r in tape.recent()] == expected


def test_without_a_client_bytes_are_lost_and_said_to_be(device: Device) -> None:
    assert not device.send(b"123\r")


def test_a_second_client_is_hung_up_and_the_first_goes_on(device: Device) -> None:
    with device.connect() as first:
        with TcpClient.open(device.line.address, channel="box.tcp") as second, pytest.raises(Disconnected):
            second.read(5)
        device.send(b"for the first")
        assert first.read(5) == b"for the first"


def test_the_next_client_may_come_when_the_first_has_gone(device: Device) -> None:
    device.connect().close()
    device.loop.settle()
    with device.connect() as client:
        device.send(b"x")
        assert client.read(60) == b"x"


def test_a_client_that_does_not_read_does_not_fill_the_memory(device: Device) -> None:
    with device.connect():
        accepted = 0
        while device.send(b"x" * 4096):
            accepted += 4096
            assert accepted < 100_000_000
    assert accepted >= BUFFER_LIMIT


def test_unplug_is_seen_by_the_client(device: Device) -> None:
    with device.connect() as client:
        device.loop.soon(device.line.unplug)
        with pytest.raises(Disconnected):
            client.read(60)


def test_an_unplugged_line_lets_nobody_in_until_it_is_replugged(device: Device) -> None:
    with device.connect() as client:
        device.loop.soon(device.line.unplug)
        with pytest.raises(Disconnected):
            client.read(60)
    with TcpClient.open(device.line.address, channel="box.tcp") as client, pytest.raises(Disconnected):
        client.read(60)
    device.loop.soon(device.line.replug)
    with device.connect():
        assert device.send(b"out")


def test_a_closed_client_is_disconnected(device: Device) -> None:
    client = device.connect()
    client.close()
    with pytest.raises(Disconnected):
        client.read(0)
    with pytest.raises(Disconnected):
        client.write(b"x")


def test_a_port_that_is_taken_is_named(device: Device) -> None:
    with pytest.raises(BenchError, match=str(device.line.address.port)):
        Device(device.loop, device.line.address.port)


def test_nobody_at_the_address_is_disconnected() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(Disconnected, match="Nobody answers"):
        TcpClient.open(parse_address(f"tcp:127.0.0.1:{port}"), channel="box.tcp")


def test_another_kind_of_address_is_the_callers_slip() -> None:
    with pytest.raises(ValueError, match="no TCP line"):
        TcpClient.open(parse_address("serial:/dev/ttyS0"), channel="box.tcp")


def test_stop_leaves_no_socket() -> None:
    loop = LoopThread()
    counts = []
    for _ in range(3):  # the loop opens a descriptor of its own when it first listens
        device = Device(loop)
        client = device.connect()
        loop.call(device.line.stop())
        loop.call(device.line.stop())
        client.close()
        loop.settle()
        counts.append(len(list(Path("/proc/self/fd").iterdir())))
    assert counts[1:] == counts[:-1]
    loop.close()
