"""The host's end of a box that sends HID reports: HID-POS scans, or the boot reports of a box that types.

`hid:/dev/hidraw0` on a Linux with raw HID devices; a virtual box offers the same reports on a socket (SEQPACKET), which
keeps them apart as the device does. Each `read` gives one whole scan. With hidraw the kernel's
keyboard goes on typing what a box types: use `wedge:` for such a box where you can.
"""

import contextlib
import errno
import os
import select
import socket
import stat
import time
from pathlib import Path
from typing import Self

from harness.line.address import Address, Scheme
from harness.line.client import Disconnected, HostRecorder
from harness.line.hid_pos import MAX_SCAN, PosLayout, PosReader, PosScan, encode_command
from harness.line.tape import Tape
from harness.line.wedge_reading import HostKeyboard, KeyReader
from harness.line.wedge_typing import REPORT_SIZE as BOOT_SIZE
from harness.line.wedge_typing import KernelKeyboard

CHUNK = 4096
KEY_GAP_S = 0.1
"""The pause that ends what a box types without an end key."""
_END_KEYS = ("\r", "\t")


class HidClient:
    """An open HID device. `malformed` counts reports that were no scan."""

    def __init__(
        self,
        fd: int,
        *,
        name: str,
        recorder: HostRecorder,
        layout: PosLayout | None = None,
        host: HostKeyboard | None = None,
    ) -> None:
        self._fd = fd
        self._name = name
        self._recorder = recorder
        self._reader = PosReader(layout)
        self._layout = layout
        self._keyboard = KernelKeyboard()
        self._keys = KeyReader(host)
        self._readable = select.poll()
        self._readable.register(fd, select.POLLIN)
        self._typed = ""
        self.malformed = 0
        self.last: PosScan | None = None
        """The last scan, with its ids."""

    @classmethod
    def open(
        cls,
        address: Address,
        *,
        channel: str,
        tape: Tape | None = None,
        layout: PosLayout | None = None,
        host: HostKeyboard | None = None,
    ) -> Self:
        """Open a `hid:` address; `layout` is told by the reports when it is not given.

        Raises Disconnected when it is absent or not permitted, ValueError for another kind of address.
        """
        if address.scheme is not Scheme.HID:
            raise ValueError(f"{address} is no HID device")
        try:
            fd = _open(Path(address.target))
        except OSError as error:
            raise _unopened(Path(address.target), error) from error
        recorder = HostRecorder(tape=tape, channel=channel)
        return cls(fd, name=str(address), recorder=recorder, layout=layout, host=host)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, timeout: float) -> bytes:
        """The data of one scan, as soon as it is whole; empty after `timeout` seconds without one. Raises Disconnected.

        What a keyboard types is whole at Enter or Tab, or when no key has followed for `KEY_GAP_S`.
        """
        deadline = time.monotonic() + timeout
        while True:
            report = self._report(KEY_GAP_S if self._typed else timeout)
            if not report and self._typed:
                return self._ended()
            scan = self._taken(report) if report else b""
            timeout = deadline - time.monotonic()
            if scan or not report or (timeout <= 0 and not self._typed):
                return scan

    def _report(self, timeout: float) -> bytes:
        """One report, or nothing in time."""
        try:
            if self._fd < 0:
                raise self._gone("it is closed")
            if not self._readable.poll(timeout * 1000 if timeout > 0 else 0):
                return b""
            report = os.read(self._fd, CHUNK)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise self._gone(os.strerror(error.errno or 0)) from error
        if not report:
            raise self._gone("it was hung up")
        self._recorder.from_device(report)
        return report

    def _taken(self, report: bytes) -> bytes:
        """The scan that a report ends, or nothing."""
        if len(report) == BOOT_SIZE:
            text = self._keys.feed(self._keyboard.events(report))
            self._typed = (self._typed + text)[-MAX_SCAN:]
            return self._ended() if text.endswith(_END_KEYS) else b""
        match self._reader.feed(report):
            case PosScan() as scan:
                self.last = scan
                return scan.data
            case None:
                return b""
            case _:
                self.malformed += 1
                return b""

    def _ended(self) -> bytes:
        typed, self._typed = self._typed, ""
        return typed.encode("utf-8", errors="replace")

    def write(self, data: bytes) -> None:
        """Send a command, in as many reports as it needs. Raises Disconnected."""
        for report in encode_command(self._layout or PosLayout.NEWLAND, data):
            self._recorder.to_device(report)
            try:
                os.write(self._fd, report)
            except OSError as error:
                raise self._gone(os.strerror(error.errno or 0)) from error

    def close(self) -> None:
        """Close the device; may be called twice."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            with contextlib.suppress(OSError):
                os.close(fd)

    def _gone(self, why: str) -> Disconnected:
        return Disconnected(
            f"The HID device {self._name} is gone: {why}.",
            cause="the cable was pulled, the box lost power, or was switched to another USB mode",
            remedy="plug it in again and open it anew",
        )


def _open(path: Path) -> int:
    if not stat.S_ISSOCK(path.stat().st_mode):
        return os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        connection.connect(str(path))
        connection.setblocking(False)
    except OSError:
        connection.close()
        raise
    return connection.detach()


def _unopened(path: Path, error: OSError) -> Disconnected:
    if error.errno in {errno.EACCES, errno.EPERM}:
        cause, remedy = "you may not use raw HID devices", 'add a udev rule with TAG+="uaccess" for the box'
    elif path.name.startswith("hidraw") and not Path("/sys/class/hidraw").exists():
        cause = "this kernel has no raw HID devices (Linux needs HIDRAW and a USB host)"
        remedy = "use the box on a machine that has, or switch it to USB-CDC or RS-232"
    else:
        cause, remedy = "no such box is plugged in there", "look at `liantiao devices`"
    return Disconnected(
        f"The HID device {path} cannot be opened: {os.strerror(error.errno or 0)}.", cause=cause, remedy=remedy
    )
