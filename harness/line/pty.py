"""A pty as the serial port of a virtual device: raw, event-driven, recorded, with back-pressure.

The device holds the master and one slave descriptor (without it the master reads EIO whenever no client is there);
clients open the published name like any serial port. Nothing here blocks the loop: what the kernel does not take at
once waits in a bounded buffer. A pty paces nothing; who wants the wire's time asks `simulators` to pace. What a client
has set its end to can be read (`host_format`), except parity and data bits, which the kernel does not keep for a pty.

A real cable that is pulled is played by `unplug`: TIOCVHANGUP throws every client out, while the name survives. Who may
not do that, or wants the port to come back under another number as USB ports do, gets a new pty at `replug`; the link
then leads to the new one.
"""

import asyncio
import contextlib
import fcntl
import os
import struct
import termios
import tty
from collections.abc import Callable
from pathlib import Path

from harness.errors import BenchError
from harness.line.address import Address, serial_address
from harness.line.record import Direction
from harness.line.serial_format import LEAST_BAUD, MOST_BAUD, SerialFormat
from harness.line.tape import Tape

BUFFER_LIMIT = 18_432
"""Bytes that wait at most outside the kernel; the kernel itself takes as many when nobody reads (measured)."""
CHUNK = 4096
TIOCVHANGUP = 0x5437
"""Linux: hang up this terminal for everybody; needs root (CAP_SYS_ADMIN)."""
TCGETS2, TCSETS2 = 0x802C542A, 0x402C542B
"""Linux on x86 and ARM: the terminal's settings with any speed, not only those that have a name."""
_TERMIOS2 = struct.Struct("4IB19s2I")
_CFLAG, _ISPEED, _OSPEED = 2, -2, -1
_CBAUD, _BOTHER = 0o010017, 0o010000


class PtyLine:
    """The device's end of a virtual serial port.

    `link` is a path to publish as a stable name for the port; it is replaced if it is a link, and removed on `stop`.
    `renumber`: each `replug` gives the port another number. `baud` is what the port is set to before a client sets it.
    """

    def __init__(
        self, *, tape: Tape, channel: str, link: Path | None = None, renumber: bool = False, baud: int = 9600
    ) -> None:
        self._tape = tape
        self._channel = channel
        self._link = link
        self._renumber = renumber
        self._baud = baud
        self._master = -1
        self._slave = -1
        self._told = b""
        self._format: SerialFormat | None = None
        self._name = ""
        self._waiting = bytearray()
        self._received: Callable[[bytes], None] = _ignore
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def address(self) -> Address:
        """Where clients connect."""
        return serial_address(str(self._link) if self._link is not None else self._name)

    @property
    def name(self) -> str:
        """The terminal's own name, e.g. `/dev/pts/3`."""
        return self._name

    @property
    def waiting(self) -> int:
        """Bytes that the kernel has not taken yet."""
        return len(self._waiting)

    @property
    def host_format(self) -> SerialFormat | None:
        """What the client has set its end to, as far as a pty keeps it; None when this system does not tell."""
        if self._slave < 0:
            return None
        try:
            told = fcntl.ioctl(self._master, TCGETS2, bytes(_TERMIOS2.size))
        except OSError:
            return None
        if told != self._told:
            self._told, self._format = told, self._format_of(told)
        return self._format

    @staticmethod
    def _format_of(told: bytes) -> SerialFormat:
        settings = _TERMIOS2.unpack(told)
        baud, two = int(settings[_OSPEED]), bool(int(settings[_CFLAG]) & termios.CSTOPB)
        return SerialFormat(baud=min(MOST_BAUD, max(LEAST_BAUD, baud)), stop_bits=2 if two else 1)

    async def start(self, received: Callable[[bytes], None]) -> None:
        """Create the port; `received` gets every chunk that a client sends. Raises BenchError without a free pty."""
        self._received = received
        self._loop = asyncio.get_running_loop()
        self._open()
        try:
            self._publish()
        except BenchError:
            await self.stop()
            raise

    def send(self, data: bytes) -> bool:
        """Record and send; see `put`."""
        self.record(data)
        return self.put(data)

    def record(self, data: bytes) -> None:
        """Put bytes on the tape that are about to be sent."""
        self._tape.frame(self._channel, Direction.SENT, data)

    def put(self, data: bytes) -> bool:
        """Send without recording. False when they were dropped whole: unplugged, or nobody reads and all is full."""
        if self._loop is None or self._slave < 0:
            return False
        if self._waiting:
            if len(self._waiting) + len(data) > BUFFER_LIMIT:
                return False
            self._waiting += data
            return True
        written = self._write(data)
        if written < len(data):
            if len(data) - written > BUFFER_LIMIT:
                return False
            self._waiting += data[written:]
            self._loop.add_writer(self._master, self._writable)
        return True

    def discard(self) -> None:
        """Forget every byte under way in either direction: the next case begins."""
        if self._loop is None or self._slave < 0:
            return
        self._stop_writing()
        with contextlib.suppress(OSError):
            while os.read(self._master, CHUNK):
                pass
        with contextlib.suppress(termios.error):
            termios.tcflush(self._master, termios.TCOFLUSH)
            termios.tcflush(self._slave, termios.TCIFLUSH)

    def unplug(self) -> None:
        """Pull the cable: every client loses the port."""
        if self._slave < 0:
            return
        kept = not self._renumber and _hang_up(self._slave)
        if self._loop is not None:
            self._loop.remove_reader(self._master)
        self._stop_writing()
        self._unpublish()
        os.close(self._slave)
        self._slave = -1
        if not kept:
            os.close(self._master)
            self._master = -1

    def replug(self) -> None:
        """Put the cable back, under the same link, and under the same name if `unplug` could keep it.

        Raises BenchError without a free pty, or when the link's place is taken.
        """
        if self._slave >= 0 or self._loop is None:
            return
        if self._master < 0:
            self._open(but=self._name if self._renumber else "")
        else:
            self._slave = os.open(self._name, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
            self._set_up()
        self._publish()

    async def stop(self) -> None:
        """Close the port and leave nothing behind; may be called twice and after a failed start."""
        if self._loop is not None:
            if self._master >= 0:
                self._loop.remove_reader(self._master)
            self._stop_writing()
            self._unpublish()
            self._loop = None
        for fd in (self._master, self._slave):
            if fd >= 0:
                os.close(fd)
        self._master = self._slave = -1

    def _open(self, *, but: str = "") -> None:
        """Take a pty of another name than `but`."""
        try:
            self._master, self._slave = os.openpty()
            if os.ttyname(self._slave) == but:
                taken = self._master, self._slave
                self._master, self._slave = os.openpty()
                for fd in taken:
                    os.close(fd)
        except OSError as error:
            raise BenchError(
                f"No pty can be had for {self._channel}: {error.strerror}.",
                cause="/dev/pts is not mounted or all ptys are taken",
                remedy="close other terminals, or give the device a TCP line",
            ) from error
        os.set_blocking(self._master, False)
        self._name = os.ttyname(self._slave)
        self._set_up()

    def _set_up(self) -> None:
        tty.setraw(self._slave)
        _set_baud(self._slave, self._baud)
        if self._loop is not None:
            self._loop.add_reader(self._master, self._readable)

    def _readable(self) -> None:
        try:
            data = os.read(self._master, CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            return  # EIO: hung up between the event and the read; `unplug` or `stop` follows
        if data:
            self._tape.frame(self._channel, Direction.RECEIVED, data)
            self._received(data)

    def _write(self, data: bytes | bytearray) -> int:
        try:
            return os.write(self._master, data)
        except (BlockingIOError, InterruptedError):
            return 0

    def _writable(self) -> None:
        del self._waiting[: self._write(self._waiting)]
        if not self._waiting:
            self._stop_writing()

    def _stop_writing(self) -> None:
        if self._loop is not None and self._master >= 0:
            self._loop.remove_writer(self._master)
        self._waiting.clear()

    def _publish(self) -> None:
        if self._link is None:
            return
        fresh = self._link.with_name(f".{self._link.name}.new")
        try:
            if self._link.exists() and not self._link.is_symlink():
                raise FileExistsError(0, "something that is no link has this name")
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(self._name)
            fresh.replace(self._link)
        except OSError as error:
            raise BenchError(
                f"The port cannot be published as {self._link}: {error.strerror}.",
                cause="the folder is missing or not yours, or a file of that name exists",
                remedy="choose another link, or none",
            ) from error

    def _unpublish(self) -> None:
        if self._link is not None and self._link.is_symlink() and str(self._link.readlink()) == self._name:
            self._link.unlink()


def _hang_up(slave: int) -> bool:
    """Throw every client out of a terminal that stays; False when this process may not."""
    try:
        fcntl.ioctl(slave, TIOCVHANGUP)
    except OSError:
        return False
    return True


def _set_baud(fd: int, baud: int) -> None:
    """Set a terminal to any speed, where the system can."""
    try:
        settings = list(_TERMIOS2.unpack(fcntl.ioctl(fd, TCGETS2, bytes(_TERMIOS2.size))))
        settings[_CFLAG] = (int(settings[_CFLAG]) & ~_CBAUD) | _BOTHER
        settings[_ISPEED] = settings[_OSPEED] = baud
        fcntl.ioctl(fd, TCSETS2, _TERMIOS2.pack(*settings))
    except OSError:
        return


def _ignore(_: bytes) -> None:
    pass
