"""The scanner box at the counter: its port, where one scan ends, and what kind of code a scan may be.

A scan ends with CR, LF, CR LF or TAB, whichever comes, or with a gap. The gap is short when a whole code is there and
longer when it is not, so that a code that arrives in two pieces stays one scan.
"""

import contextlib
import re
import socket
import time
from enum import StrEnum
from typing import Protocol

import serial

ENDS = b"\r\n\t"
LONGEST = 4096
UNFINISHED_GAPS = 10
"""How many idle gaps are waited for the rest of a code that is not whole."""
_VOUCHER = re.compile(r"424\d{25}\Z")
_PAY_CODE = re.compile(r"(1[0-5]\d{16}|(2[5-9]|30)\d{14,22})\Z")
_OTHER_SYSTEM = re.compile(r"(?=.*[A-Za-z])[\x21-\x7e]{32,256}\Z")


class ScanKind(StrEnum):
    """What a scanned text is, judged by its form."""

    VOUCHER = "voucher"
    """医保电子凭证: 28 digits that begin with 424."""
    OTHER = "other"
    """A payment code or a health card's: whole, but not a voucher; the centre says so better than we can."""
    UNREADABLE = "unreadable"
    """Damaged on its way."""


def kind_of(text: str) -> ScanKind:
    """What a scanned text is."""
    if _VOUCHER.match(text):
        return ScanKind.VOUCHER
    return ScanKind.OTHER if _PAY_CODE.match(text) or _OTHER_SYSTEM.match(text) else ScanKind.UNREADABLE


class ScannerGoneError(Exception):
    """The scanner's port cannot be opened or went away."""


class Source(Protocol):
    """A line to a scanner."""

    def read(self, timeout_s: float) -> bytes:
        """What has come, at least one byte; empty when nothing came in time. Raises ScannerGoneError."""
        ...

    def discard(self) -> None:
        """Throw away what has come."""
        ...

    def cancel(self) -> None:
        """Make a `read` in another thread return at once."""
        ...

    def close(self) -> None:
        """Close the line."""
        ...


class SerialSource:
    """A scanner on a serial port or pty."""

    def __init__(self, path: str, baud: int) -> None:
        try:
            self._port = serial.Serial(path, baud, timeout=1.0)
        except (OSError, ValueError) as error:
            raise ScannerGoneError(str(error)) from error

    def read(self, timeout_s: float) -> bytes:
        """What has come, at least one byte; empty when nothing came in time. Raises ScannerGoneError."""
        try:
            self._port.timeout = timeout_s
            first = self._port.read(1)
            waiting = self._port.in_waiting if first else 0
            return bytes(first + self._port.read(waiting)) if waiting else bytes(first)
        except (OSError, TypeError) as error:
            raise ScannerGoneError(str(error)) from error

    def discard(self) -> None:
        """Throw away what has come."""
        try:
            self._port.reset_input_buffer()
        except (OSError, serial.SerialException) as error:
            raise ScannerGoneError(str(error)) from error

    def cancel(self) -> None:
        """Make a `read` in another thread return at once; one that the line's end has ended already is done with."""
        with contextlib.suppress(OSError):
            self._port.cancel_read()

    def close(self) -> None:
        """Close the port."""
        self._port.close()


class TcpSource:
    """A scanner on the network."""

    def __init__(self, host: str, port: int, connect_s: float) -> None:
        try:
            self._line = socket.create_connection((host, port), timeout=connect_s)
        except OSError as error:
            raise ScannerGoneError(str(error)) from error

    def read(self, timeout_s: float) -> bytes:
        """What has come, at least one byte; empty when nothing came in time. Raises ScannerGoneError."""
        self._line.settimeout(timeout_s)
        try:
            data = self._line.recv(LONGEST)
        except TimeoutError:
            return b""
        except OSError as error:
            raise ScannerGoneError(str(error)) from error
        if not data:
            raise ScannerGoneError("the scanner closed its connection")
        return data

    def discard(self) -> None:
        """Throw away what has come."""
        self._line.settimeout(0)
        try:
            while self._line.recv(LONGEST):
                pass
        except BlockingIOError:
            return
        except OSError as error:
            raise ScannerGoneError(str(error)) from error
        raise ScannerGoneError("the scanner closed its connection")

    def cancel(self) -> None:
        """Make a `read` in another thread return at once; one that the line's end has ended already is done with."""
        with contextlib.suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection."""
        self._line.close()


class Scanner:
    """Reads one scan at a time from the scanner's address (`serial:PATH` or `tcp:HOST:PORT`)."""

    def __init__(self, address: str, *, idle_s: float, baud: int, connect_s: float, discards: bool = True) -> None:
        self._address = address
        self._idle_s = idle_s
        self._baud = baud
        self._connect_s = connect_s
        self._discards = discards
        self._source: Source | None = None
        self._left = b""
        self._cancelled = False

    def open(self) -> None:
        """Open the line unless it is open. Raises ScannerGoneError."""
        if self._source is None:
            self._source = self._open()

    def ask(self) -> None:
        """Get ready for the next customer: the line is open, and what came unasked is gone. Raises ScannerGoneError."""
        self.open()
        if self._discards and self._source is not None:
            self._left = b""
            try:
                self._source.discard()
            except ScannerGoneError:
                self._drop()
                self.open()

    def read(self, wait_s: float) -> str | None:
        """One scan without what ends it; None when none came in `wait_s`. Raises ScannerGoneError."""
        deadline = time.monotonic() + wait_s
        held, self._left = self._left.lstrip(ENDS), b""
        while not self._cancelled:
            scan, rest = _first_scan(held)
            if scan is not None:
                self._left = rest
                return scan
            data = self._more(self._patience(held) if held else deadline - time.monotonic())
            if not data:
                return _text(held) if held else None
            held = (held + data).lstrip(ENDS)
            if len(held) > LONGEST:
                return _text(held)
        return None

    def cancel(self) -> None:
        """Make a `read` in another thread return at once; for good."""
        self._cancelled = True
        if self._source is not None:
            self._source.cancel()

    def close(self) -> None:
        """Close the line."""
        self._drop()

    def _patience(self, held: bytes) -> float:
        whole = kind_of(_text(held)) is ScanKind.VOUCHER
        return self._idle_s if whole else self._idle_s * UNFINISHED_GAPS

    def _more(self, timeout_s: float) -> bytes:
        if self._source is None:
            raise ScannerGoneError("the line is not open")
        if timeout_s <= 0:
            return b""
        try:
            return self._source.read(timeout_s)
        except ScannerGoneError:
            self._drop()
            raise

    def _open(self) -> Source:
        scheme, _, rest = self._address.partition(":")
        match scheme:
            case "serial":
                return SerialSource(rest, self._baud)
            case "tcp":
                host, _, port = rest.rpartition(":")
                if not port.isdigit():
                    raise ScannerGoneError(f"{self._address} has no port number")
                return TcpSource(host.strip("[]"), int(port), self._connect_s)
            case _:
                raise ScannerGoneError(f"{self._address} is neither serial:PATH nor tcp:HOST:PORT")

    def _drop(self) -> None:
        if self._source is not None:
            self._source.close()
            self._source = None


def _first_scan(held: bytes) -> tuple[str | None, bytes]:
    ends = [at for at in (held.find(bytes([end])) for end in ENDS) if at >= 0]
    if not ends:
        return None, b""
    return _text(held[: min(ends)]), held[min(ends) + 1 :]


def _text(scan: bytes) -> str:
    """A scan as text; one that came twice without an end between is taken once."""
    half = len(scan) // 2
    once = scan[:half] if scan[:half] == scan[half:] and kind_of(scan[:half].decode("latin-1")) else scan
    text = once.decode("latin-1")
    return text if once is scan or kind_of(text) is ScanKind.VOUCHER else scan.decode("latin-1")
