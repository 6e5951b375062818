"""The host's end of a keyboard: a FIFO, errors in words, and devices that this kernel may not have."""

import os
from pathlib import Path

import pytest

from harness.clock import BenchClock
from harness.line.address import serial_address, wedge_address
from harness.line.client import Disconnected
from harness.line.tape import Tape
from harness.line.wedge import WedgeClient
from harness.line.wedge_typing import INPUT_EVENT, KernelKeyboard, Typist


def events(text: str) -> bytes:
    kernel = KernelKeyboard()
    return b"".join(kernel.events(report) for report in Typist().reports(text.encode()))


def test_recorded_events_in_a_fifo(tmp_path: Path) -> None:
    path = tmp_path / "events"
    os.mkfifo(path)
    tape = Tape(BenchClock())
    with WedgeClient.open(wedge_address(str(path)), channel="box.keys", tape=tape) as client:
        writer = os.open(path, os.O_WRONLY)
        raw = events("620\r")
        os.write(writer, raw[:100])
        got = client.read(1)
        os.write(writer, raw[100:])
        while not got.endswith(b"\r"):
            got += client.read(60)
        assert got == b"620\r"
        assert client.read(0.01) == b""
        os.write(writer, INPUT_EVENT.pack(0, 0, 0, 3, 0))
        assert client.read(0.01) == b""
        assert client.dropped == 1
        os.close(writer)
        with pytest.raises(Disconnected, match="is gone"):
            client.read(60)
    assert b"".join(record.data for record in tape.recent())[: len(raw)] == raw


def test_closed_it_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "events"
    path.write_bytes(events("1\r"))
    client = WedgeClient.open(wedge_address(str(path)), channel="box.keys")
    client.close()
    client.close()
    with pytest.raises(Disconnected):
        client.read(0)


def test_a_keyboard_that_is_not_there_is_explained() -> None:
    with pytest.raises(Disconnected) as error:
        WedgeClient.open(wedge_address("/dev/input/event99"), channel="box.keys")
    if not Path("/dev/input").exists():
        assert "has no event devices" in error.value.cause
    with pytest.raises(ValueError, match="no keyboard"):
        WedgeClient.open(serial_address("/dev/ttyS0"), channel="box.keys")


def test_a_real_device_is_grabbed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No event device here: the ioctl is looked at, on what claims to be one."""
    import fcntl

    asked: list[tuple[int, int]] = []
    path = tmp_path / "event0"
    os.mkfifo(path)
    monkeypatch.setattr("harness.line.wedge._is_event_device", lambda fd: True)
    monkeypatch.setattr(fcntl, "ioctl", lambda fd, request, value: asked.append((request, value)))
    WedgeClient.open(wedge_address(str(path)), channel="box.keys").close()
    assert asked == [(0x40044590, 1)]

    def busy(fd: int, request: int, value: int) -> None:
        raise OSError(16, "Device or resource busy")

    monkeypatch.setattr(fcntl, "ioctl", busy)
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(Disconnected) as error:
        WedgeClient.open(wedge_address(str(path)), channel="box.keys")
    assert "grabbed" in error.value.cause
    assert len(list(Path("/proc/self/fd").iterdir())) == before
