"""A serial port of this machine, shared over the network by RFC 2217: a box in the lab, driven from a desk.

The port is opened when a client comes and closed when it goes, so that it is free for others in between, and a box
that was unplugged is found when the next client comes. A port that goes away hangs its client up. What a port cannot
do (modem lines on a pty, a parity it has not) is passed over: the client hears what holds.
"""

import asyncio
import contextlib
import os
import termios
from collections.abc import Callable
from dataclasses import replace

import serial

from harness.line.address import Address, Scheme, rfc2217_address
from harness.line.http import LOOPBACK
from harness.line.record import Direction
from harness.line.rfc2217 import Modem
from harness.line.rfc2217_server import Rfc2217Server
from harness.line.rfc2217_session import Flow, Purge
from harness.line.serial_format import Parity, SerialFormat
from harness.line.tape import Tape

CHUNK = 4096
BUFFER_LIMIT = 65_536
"""Bytes that wait at most for a port that takes none."""
MODEM_LOOK_S = 0.1
"""How often modem lines are looked at: a port does not tell of itself when they change."""
_FAILURES = (serial.SerialException, OSError, termios.error)


class SharedSerial:
    """Shares one port; `say` hears what happens, for the person at the terminal."""

    def __init__(
        self,
        port: Address,
        *,
        host: str = LOOPBACK,
        number: int = 0,
        allow: frozenset[str] = frozenset(),
        tape: Tape | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        if port.scheme is not Scheme.SERIAL:
            raise ValueError(f"{port} is no serial port of this machine")
        self._path = port.target
        self._host = host
        self._number = number
        self._tape = tape
        self._say = say
        self._real = RealPort(self._path)
        self._waiting = bytearray()
        self._look: asyncio.TimerHandle | None = None
        self._server = Rfc2217Server(
            self._real, received=self._to_port, opened=self._open, closed=self._close, allow=allow
        )

    @property
    def address(self) -> Address:
        """Where clients connect."""
        return rfc2217_address(self._host, self._number)

    async def start(self) -> None:
        """Listen. Raises BenchError when the port of the network cannot be had."""
        self._number = await self._server.start(self._host, self._number, self._path)

    async def stop(self) -> None:
        """Hang up and stop listening; may be called twice."""
        await self._server.stop()

    def _open(self) -> bool:
        try:
            self._real.open()
        except _FAILURES as error:
            self._say(f"{self._path} cannot be opened for a client: {error}")
            return False
        loop = asyncio.get_running_loop()
        loop.add_reader(self._real.fd, self._from_port)
        self._look = loop.call_later(MODEM_LOOK_S, self._look_at_lines)
        self._say(f"{self._path} is in use")
        return True

    def _close(self) -> None:
        loop = asyncio.get_running_loop()
        if self._look is not None:
            self._look.cancel()
            self._look = None
        if self._real.fd >= 0:
            loop.remove_reader(self._real.fd)
            loop.remove_writer(self._real.fd)
            self._real.close()
            self._say(f"{self._path} is free")
        self._waiting.clear()

    def _from_port(self) -> None:
        try:
            data = os.read(self._real.fd, CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._say(f"{self._path} is gone")
            self._server.hang_up()
            return
        self._record(Direction.SENT, data)
        if not self._server.put(data):
            self._say(f"{len(data)} bytes of {self._path} were lost: the client does not read")

    def _to_port(self, data: bytes) -> None:
        if self._real.fd < 0 or len(self._waiting) + len(data) > BUFFER_LIMIT:
            self._say(f"{len(data)} bytes for {self._path} were lost: the port takes none")
            return
        self._record(Direction.RECEIVED, data)
        empty = not self._waiting
        self._waiting += data
        if empty:
            self._writable()

    def _writable(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            del self._waiting[: os.write(self._real.fd, self._waiting)]
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            self._server.hang_up()
            return
        if self._waiting:
            loop.add_writer(self._real.fd, self._writable)
        else:
            loop.remove_writer(self._real.fd)

    def _look_at_lines(self) -> None:
        self._server.modem_changed()
        self._look = asyncio.get_running_loop().call_later(MODEM_LOOK_S, self._look_at_lines)

    def _record(self, direction: Direction, data: bytes) -> None:
        if self._tape is not None:
            self._tape.frame("shared.serial", direction, data)


class RealPort:
    """A port of this machine as an RFC 2217 session sets it. Closed, it has a format and no lines."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._port: serial.Serial | None = None
        self.format = SerialFormat()
        self.fd = -1

    def open(self) -> None:
        """Open it at 9600 8N1. Raises serial.SerialException, OSError or termios.error."""
        self.format = SerialFormat()
        self._port = serial.Serial(self._path, baudrate=self.format.baud, timeout=0, exclusive=True)
        self.fd = self._port.fileno()

    def close(self) -> None:
        """Close it; may be called twice."""
        port, self._port, self.fd = self._port, None, -1
        if port is not None:
            with contextlib.suppress(*_FAILURES):
                port.close()

    def configure(self, wanted: SerialFormat) -> None:
        """Set it. A pty drops parity and data bits, or refuses them: ValueError then, and the old format holds."""
        if self._port is None:
            raise ValueError("the port is closed")
        before = self.format
        try:
            self._apply(wanted)
        except (ValueError, *_FAILURES) as error:
            with contextlib.suppress(ValueError, *_FAILURES):
                self._apply(before)
            raise ValueError(str(error)) from error
        self.format = wanted
        if not self._keeps_parity(wanted):
            self.format = replace(wanted, parity=Parity.NONE, data_bits=8)

    def set_flow(self, flow: Flow) -> None:
        """Set the handshake. Raises ValueError for what the port cannot do."""
        if self._port is None:
            raise ValueError("the port is closed")
        try:
            self._port.xonxoff = flow is Flow.XON_XOFF
            self._port.rtscts = flow is Flow.HARDWARE
        except _FAILURES as error:
            raise ValueError(str(error)) from error

    def set_output(self, *, dtr: bool | None = None, rts: bool | None = None, pause: bool | None = None) -> None:
        """Drive the lines; a port without them (a pty) is left alone."""
        if self._port is None:
            return
        with contextlib.suppress(*_FAILURES):
            if dtr is not None:
                self._port.dtr = dtr
        with contextlib.suppress(*_FAILURES):
            if rts is not None:
                self._port.rts = rts
        with contextlib.suppress(*_FAILURES):
            if pause is not None:
                self._port.break_condition = pause

    def modem(self) -> Modem:
        """The lines that it reads; a port without them seems ready."""
        if self._port is None:
            return Modem(0)
        try:
            port = self._port
            lines = {Modem.CTS: port.cts, Modem.DSR: port.dsr, Modem.RI: port.ri, Modem.CD: port.cd}
        except _FAILURES:
            return Modem.CTS | Modem.DSR | Modem.CD
        return Modem(sum(flag for flag, on in lines.items() if on))

    def purge(self, what: Purge) -> None:
        """Forget what is under way."""
        if self._port is None:
            return
        with contextlib.suppress(*_FAILURES):
            if what is not Purge.TO_SEND:
                self._port.reset_input_buffer()
        with contextlib.suppress(*_FAILURES):
            if what is not Purge.RECEIVED:
                self._port.reset_output_buffer()

    def _apply(self, wanted: SerialFormat) -> None:
        assert self._port is not None
        self._port.baudrate = wanted.baud
        self._port.bytesize = wanted.data_bits
        self._port.parity = wanted.parity.value
        self._port.stopbits = wanted.stop_bits

    def _keeps_parity(self, wanted: SerialFormat) -> bool:
        """Whether the port has really taken the frame: the kernel drops what a pty has not, without a word."""
        if wanted.parity is Parity.NONE and wanted.data_bits == 8:
            return True
        try:
            flags = int(termios.tcgetattr(self.fd)[2])
        except termios.error:
            return False
        parity = bool(flags & termios.PARENB) is (wanted.parity is not Parity.NONE)
        return parity and (flags & termios.CSIZE == termios.CS8) is (wanted.data_bits == 8)
