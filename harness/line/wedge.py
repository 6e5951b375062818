"""The host's end of a box that types as a USB keyboard: its event device, grabbed, or a stream of the same events.

`wedge:/dev/input/by-id/…-event-kbd` on a Linux with event devices; the events are decoded here, with no library
between. The device is grabbed (EVIOCGRAB), so that no console and no desktop types the scan as well. A virtual box
publishes the same bytes on a pty; a FIFO or file of recorded events will do too. A keyboard takes no commands: boxes
that type are set up by barcodes.
"""

import contextlib
import errno
import fcntl
import os
import select
import stat
import sys
import time
from pathlib import Path
from typing import Self

from harness.line.address import Address, Scheme
from harness.line.client import Disconnected, HostRecorder
from harness.line.tape import Tape
from harness.line.wedge_reading import HostKeyboard, KeyReader

EVIOCGRAB = 0x40044590
INPUT_MAJOR = 13
"""The major number of Linux input devices."""
CHUNK = 24 * 256


class WedgeClient:
    """An open keyboard. `read` gives what a window would receive, as UTF-8."""

    def __init__(self, fd: int, *, name: str, recorder: HostRecorder, host: HostKeyboard | None = None) -> None:
        self._fd = fd
        self._name = name
        self._recorder = recorder
        self._keys = KeyReader(host)
        self._readable = select.poll()
        self._readable.register(fd, select.POLLIN)

    @classmethod
    def open(
        cls, address: Address, *, channel: str, tape: Tape | None = None, host: HostKeyboard | None = None
    ) -> Self:
        """Open a `wedge:` address and grab it; `host` says how the window's side is set.

        Raises Disconnected when it is absent, not permitted, or grabbed by another program; ValueError for another kind
        of address.
        """
        if address.scheme is not Scheme.WEDGE:
            raise ValueError(f"{address} is no keyboard")
        path = Path(address.target)
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError as error:
            raise _unopened(path, error) from error
        try:
            _grab(fd)
        except OSError as error:
            os.close(fd)
            raise _unopened(path, error) from error
        return cls(fd, name=str(address), recorder=HostRecorder(tape=tape, channel=channel), host=host)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def dropped(self) -> int:
        """How often the kernel had to drop events."""
        return self._keys.dropped

    def read(self, timeout: float) -> bytes:
        """What has been typed, as soon as something has; empty after `timeout` seconds in which nothing was.

        Raises Disconnected.
        """
        deadline = time.monotonic() + timeout
        while True:
            raw = self._events(timeout)
            if raw:
                self._recorder.from_device(raw)
            if typed := self._keys.feed(raw):
                return typed.encode("utf-8", errors="replace")
            timeout = deadline - time.monotonic()
            if not raw or timeout <= 0:
                return b""

    def _events(self, timeout: float) -> bytes:
        try:
            if self._fd < 0:
                raise self._gone("it is closed")
            if not self._readable.poll(timeout * 1000 if timeout > 0 else 0):
                return b""
            raw = os.read(self._fd, CHUNK)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise self._gone(os.strerror(error.errno or 0)) from error
        if not raw:
            raise self._gone("it was hung up")
        return raw

    def write(self, data: bytes) -> None:
        """Refuse: a keyboard takes no commands. Raises Disconnected, since no line leads that way."""
        raise Disconnected(
            f"{data[:16]!r} cannot be sent to {self._name}: a keyboard takes no commands.",
            cause="the box is set to type (USB keyboard)",
            remedy="set it up by its configuration barcodes, or switch it to USB-CDC, RS-232 or HID-POS",
        )

    def close(self) -> None:
        """Let the keyboard go; may be called twice."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            with contextlib.suppress(OSError):
                os.close(fd)

    def _gone(self, why: str) -> Disconnected:
        return Disconnected(
            f"The keyboard {self._name} is gone: {why}.",
            cause="the cable was pulled, or the box was switched to another USB mode",
            remedy="plug it in again and open it anew",
        )


def _grab(fd: int) -> None:
    """Take an event device for ourselves; a stream of events is ours anyway."""
    if _is_event_device(fd):
        fcntl.ioctl(fd, EVIOCGRAB, 1)


def _is_event_device(fd: int) -> bool:
    status = os.fstat(fd)
    return stat.S_ISCHR(status.st_mode) and os.major(status.st_rdev) == INPUT_MAJOR


def _unopened(path: Path, error: OSError) -> Disconnected:
    if error.errno == errno.EBUSY:
        cause, remedy = "another program has grabbed it", "end that program"
    elif error.errno in {errno.EACCES, errno.EPERM}:
        cause, remedy = "you may not read event devices", 'join the group input, or add a udev rule with TAG+="uaccess"'
    elif path.is_relative_to("/dev/input") and not Path("/dev/input").exists():
        cause = f"this kernel has no event devices ({sys.platform}; Linux needs INPUT_EVDEV and a USB host)"
        remedy = "use the box on a machine that has, or switch it to USB-CDC or RS-232"
    else:
        cause, remedy = "no box that types is plugged in there", "look at `liantiao devices`, or in /dev/input/by-id"
    return Disconnected(
        f"The keyboard {path} cannot be opened: {os.strerror(error.errno or 0)}.", cause=cause, remedy=remedy
    )
