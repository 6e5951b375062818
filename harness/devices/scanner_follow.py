"""A box that is pulled out and comes back, maybe under another name: waiting for it without polling, opening it again.

The kernel tells of new names in a folder by inotify (Linux). Elsewhere, and for lines over a network, which tell
nothing, the line is tried again every quarter of a second.
"""

import contextlib
import ctypes
import os
import select
import time
from pathlib import Path
from typing import Self

from harness.devices.discovery import Identity, Machine, find_again, identity_of
from harness.devices.scanner_line import open_scanner_line
from harness.line.address import Address, Scheme
from harness.line.client import ClientLine, Disconnected
from harness.line.serial_format import SerialFormat
from harness.line.tape import Tape

RETRY_S = 0.25
"""How often a line is tried that cannot tell that it is back; also the pause before a name that cannot be opened yet
(its rights come a moment after it) is tried again.
"""
_CREATE, _MOVED_TO, _ATTRIB = 0x100, 0x80, 0x4
_CLOEXEC_NONBLOCK = os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0)
_LOCAL = frozenset({Scheme.SERIAL, Scheme.WEDGE, Scheme.HID})


class FolderWatch:
    """Wakes when a name appears in one of some folders, or its rights change."""

    def __init__(self, folders: list[Path]) -> None:
        self._fd = -1
        try:
            library = ctypes.CDLL(None, use_errno=True)
            self._fd = int(library.inotify_init1(_CLOEXEC_NONBLOCK))
            for folder in folders:
                library.inotify_add_watch(self._fd, os.fsencode(folder), _CREATE | _MOVED_TO | _ATTRIB)
        except (AttributeError, OSError):  # no inotify on this system
            self._fd = -1
        self._poll = select.poll()
        if self._fd >= 0:
            self._poll.register(self._fd, select.POLLIN)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def wait(self, seconds: float) -> None:
        """Return when something has appeared, or the time is over."""
        if self._poll.poll(max(0.0, seconds) * 1000) and self._fd >= 0:
            with contextlib.suppress(BlockingIOError):
                os.read(self._fd, 65536)


class PortFollower:
    """Finds a box's line again: the same name, or wherever its serial number is now."""

    def __init__(
        self,
        address: Address,
        *,
        name: str = "scanner",
        tape: Tape | None = None,
        wire: SerialFormat | None = None,
        machine: Machine | None = None,
    ) -> None:
        self.address = address
        self._name = name
        self._tape = tape
        self._wire = wire
        self._machine = machine or Machine()
        self._identity = self._identified()

    def await_line(self, deadline: float) -> ClientLine:
        """The box's line, opened anew. Raises Disconnected when it is not back by a moment of `time.monotonic`."""
        local = self.address.scheme in _LOCAL
        folders = {Path(self.address.target).parent, self._machine.dev} if local else set()
        with FolderWatch(sorted(folders)) as watch:
            while True:
                where = self._where()
                error: Disconnected | None = None
                if where is not None:
                    try:
                        line = open_scanner_line(where, name=self._name, tape=self._tape, wire=self._wire)
                    except Disconnected as refused:
                        error = refused
                    else:
                        self.address = where
                        return line
                left = deadline - time.monotonic()
                if left <= 0:
                    raise error or self._away()
                watch.wait(left if local and error is None else min(left, RETRY_S))

    def _where(self) -> Address | None:
        """Where the box is now, as far as this machine can tell; None when it is not there."""
        if self.address.scheme not in _LOCAL:
            return self.address
        if self._identity is not None:
            found = find_again(self._identity, self._machine.ports())
            return None if found is None else found.address
        return self.address if Path(self.address.target).exists() else None

    def _identified(self) -> Identity | None:
        if self.address.scheme not in _LOCAL:
            return None
        port = self._machine.port_at(self.address.target)
        return None if port is None else identity_of(port)

    def _away(self) -> Disconnected:
        who = f"the box {self._identity.serial_number or '(without a serial number)'}" if self._identity else "the box"
        return Disconnected(
            f"{who[:1].upper()}{who[1:]} has not come back to {self.address.target}.",
            cause="it is still unplugged or without power, or has changed its USB mode and with it its PID",
            remedy="plug it in; after a change of mode open it anew by its new name (`liantiao devices`)",
        )
