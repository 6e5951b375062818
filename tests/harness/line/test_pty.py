"""A pty as a virtual serial port, seen by pyserial, by plain reads and by socat."""

import os
import re
import shutil
import subprocess
import termios
from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import pytest
import serial

from harness.bench.loop import LoopThread
from harness.clock import BenchClock
from harness.errors import BenchError
from harness.line.pty import BUFFER_LIMIT, PtyLine
from harness.line.record import Direction
from harness.line.serial_format import SerialFormat
from harness.line.tape import Tape

EVERY_BYTE = bytes(range(256))


class Port:
    """A started pty whose received chunks queue up."""

    def __init__(self, loop: LoopThread, link: Path | None = None, *, renumber: bool = False) -> None:
        self.loop = loop
        self.tape = Tape(BenchClock())
        self.line = PtyLine(tape=self.tape, channel="box.serial", link=link, renumber=renumber)
        self.chunks: Queue[bytes] = Queue()
        loop.call(self.line.start(self.chunks.put))

    def send(self, data: bytes) -> bool:
        async def send() -> bool:
            return self.line.send(data)

        return self.loop.call(send())

    def do(self, name: str) -> None:
        async def call() -> None:
            getattr(self.line, name)()

        self.loop.call(call())

    def received(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            data += self.chunks.get(timeout=60)
        return data

    def stop(self) -> None:
        self.loop.call(self.line.stop())


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    running = LoopThread()
    yield running
    running.close()


@pytest.fixture
def port(loop: LoopThread) -> Iterator[Port]:
    started = Port(loop)
    yield started
    started.stop()


def open_files() -> set[str]:
    return {f"{fd}:{fd.readlink()}" for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink() and fd.exists()}


def test_every_byte_passes_unchanged_both_ways(port: Port) -> None:
    with serial.Serial(port.line.name, timeout=60) as client:
        assert port.send(EVERY_BYTE)
        assert client.read(256) == EVERY_BYTE
        client.write(EVERY_BYTE)
        assert port.received(256) == EVERY_BYTE


def test_bytes_are_on_the_tape_both_ways(port: Port) -> None:
    with serial.Serial(port.line.name, timeout=60) as client:
        port.send(b"out\r")
        assert client.read(4) == b"out\r"
        client.write(b"in")
        port.received(2)
    frames = [(r.channel, r.direction, r.data) for r in port.tape.recent()]
    assert frames == [("box.serial", Direction.SENT, b"out\r"), ("box.serial", Direction.RECEIVED, b"in")]


def test_the_port_survives_clients_that_come_and_go(port: Port) -> None:
    for turn in range(3):
        with serial.Serial(port.line.name, timeout=60) as client:
            client.write(b"%d" % turn)
            assert port.received(1) == b"%d" % turn
            port.send(b"x")
            assert client.read(1) == b"x"


def test_what_nobody_reads_waits_bounded_and_arrives_whole(port: Port) -> None:
    client = os.open(port.line.name, os.O_RDWR | os.O_NOCTTY)
    try:
        block = bytes(range(256)) * 16
        accepted = 0
        while port.send(block):
            accepted += len(block)
            assert accepted < 10 * BUFFER_LIMIT, "there is no limit"
        assert accepted >= BUFFER_LIMIT
        assert 0 < port.line.waiting <= BUFFER_LIMIT
        read = b""
        while len(read) < accepted:
            read += os.read(client, 65536)
        assert read == block * (accepted // len(block))
        assert port.send(b"again")
        assert os.read(client, 5) == b"again"
    finally:
        os.close(client)


def test_discard_forgets_what_is_under_way(port: Port) -> None:
    client = os.open(port.line.name, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        while port.send(b"old" * 1000):
            pass
        port.do("discard")
        assert port.line.waiting == 0
        port.send(b"new")
        os.set_blocking(client, True)
        assert os.read(client, 100) == b"new"
    finally:
        os.close(client)


def test_unplug_throws_the_client_out_and_replug_gives_the_port_back(port: Port) -> None:
    client = serial.Serial(port.line.name, timeout=60)
    port.do("unplug")
    with pytest.raises((serial.SerialException, OSError)):
        client.read(1)
    client.close()
    assert not port.send(b"lost")
    port.do("replug")
    with serial.Serial(port.line.name, timeout=60) as again:
        port.send(b"\r\nback")
        assert again.read(6) == b"\r\nback"
        again.write(b"host")
        assert port.received(4) == b"host"


def test_a_port_that_is_renumbered_keeps_its_link(loop: LoopThread, tmp_path: Path) -> None:
    link = tmp_path / "scanner"
    port = Port(loop, link, renumber=True)
    try:
        names = {port.line.name}
        for turn in range(3):
            client = serial.Serial(str(link), timeout=60)
            port.do("unplug")
            assert not link.is_symlink()
            with pytest.raises((serial.SerialException, OSError)):
                client.read(1)
            client.close()
            port.do("replug")
            assert port.line.name not in names or turn > 0
            names.add(port.line.name)
            assert str(link.readlink()) == port.line.name
            with serial.Serial(str(link), timeout=60) as again:
                port.send(b"%d" % turn)
                assert again.read(1) == b"%d" % turn
        assert len(names) > 1
    finally:
        port.stop()
    assert list(tmp_path.iterdir()) == []


def host_format(port: Port) -> SerialFormat | None:
    return port.line.host_format


@pytest.mark.parametrize(("baud", "stop"), [(9600, 1), (115_200, 2), (123_456, 1)])
def test_what_the_client_has_set_can_be_read(port: Port, baud: int, stop: int) -> None:
    assert host_format(port) == SerialFormat(baud=9600)
    with serial.Serial(port.line.name, baud, stopbits=stop):
        assert host_format(port) == SerialFormat(baud=baud, stop_bits=stop)
    port.do("unplug")
    assert host_format(port) is None
    port.do("replug")
    assert host_format(port) == SerialFormat(baud=9600)


def test_the_published_link_points_to_the_port_and_goes_with_it(loop: LoopThread, tmp_path: Path) -> None:
    link = tmp_path / "scanner"
    link.symlink_to("/dev/pts/stale")
    port = Port(loop, link)
    assert str(port.line.address) == f"serial:{link}"
    assert str(link.readlink()) == port.line.name
    port.stop()
    assert not link.is_symlink()
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_links_place_is_not_replaced(loop: LoopThread, tmp_path: Path) -> None:
    link = tmp_path / "scanner"
    link.write_text("mine")
    before = open_files()
    with pytest.raises(BenchError, match="cannot be published"):
        Port(loop, link)
    assert link.read_text() == "mine"
    assert open_files() == before


def test_stop_leaves_no_descriptor_and_no_pty(loop: LoopThread) -> None:
    before, ptys = open_files(), set(Path("/dev/pts").iterdir())
    for _ in range(3):
        port = Port(loop)
        assert set(Path("/dev/pts").iterdir()) > ptys
        while port.send(b"x" * 4096):
            pass
        port.stop()
        port.stop()
        assert not port.send(b"late")
    assert open_files() == before
    assert set(Path("/dev/pts").iterdir()) == ptys


def test_the_port_is_raw_even_after_a_client_meddled(port: Port) -> None:
    client = os.open(port.line.name, os.O_RDWR | os.O_NOCTTY)
    try:
        local, output = termios.tcgetattr(client)[3], termios.tcgetattr(client)[1]
        assert not local & (termios.ECHO | termios.ICANON)
        assert not output & termios.OPOST
    finally:
        os.close(client)


@pytest.mark.external
def test_socat_sees_the_bytes(port: Port) -> None:
    if shutil.which("socat") is None:
        pytest.skip("socat is not installed")
    with subprocess.Popen(
        ["socat", "-u", f"{port.line.name},raw,echo=0", "-"], stdout=subprocess.PIPE, bufsize=0
    ) as socat:
        assert socat.stdout is not None
        try:
            while not re.search(r"/dev/pts", _files_of(socat.pid, port.line.name)):
                os.sched_yield()
            port.send(b"6201234567890123456789012345\r")
            assert socat.stdout.read(29) == b"6201234567890123456789012345\r"
        finally:
            socat.terminate()


def _files_of(pid: int, name: str) -> str:
    found = []
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.append(str(fd.readlink()))
        except OSError:
            continue
    return name if name in found else ""
