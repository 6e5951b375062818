"""The host's end of a serial port of this machine, or of a pty, by pyserial.

pyserial opens and configures; reading waits for the descriptor and takes what is there in one chunk, since pyserial's
own `read(n)`, `read_until` and `readline` wake up for every byte. Where there is no descriptor (Windows) the same
is done with `in_waiting`.
"""

import io
import os
import select
import termios
import time
from dataclasses import replace
from pathlib import Path
from typing import Self

import serial

from harness.line.address import Address, Scheme
from harness.line.client import Disconnected, HostRecorder
from harness.line.serial_format import Parity, SerialFormat
from harness.line.tape import Tape

CHUNK = 4096
WRITE_TIMEOUT_S = 2.0
"""How long a port may take no bytes (a stuck handshake) before it counts as gone."""
_GONE = (serial.SerialException, OSError, termios.error, TypeError)
"""What pyserial raises for a port that is gone; TypeError since a port closed by another thread has no descriptor."""


class SerialClient:
    """An open serial port, without handshake."""

    def __init__(self, port: serial.Serial, *, name: str, recorder: HostRecorder) -> None:
        self._port = port
        self._name = name
        self._recorder = recorder
        self._fd = _descriptor(port)
        self._readable = select.poll()
        self._writable = select.poll()
        if self._fd >= 0:
            self._readable.register(self._fd, select.POLLIN)
            self._writable.register(self._fd, select.POLLOUT)

    @classmethod
    def open(
        cls, address: Address, *, channel: str, tape: Tape | None = None, wire: SerialFormat | None = None
    ) -> Self:
        """Open the port of a `serial:` address, 9600 8N1 unless told otherwise; what waits there is flushed.

        Raises Disconnected when the port is absent, taken or not permitted, ValueError for another kind of address.
        """
        wire = wire or SerialFormat()
        if address.scheme is not Scheme.SERIAL:
            raise ValueError(f"{address} is no serial port of this machine")
        try:
            port = _opened(address.target, wire)
        except _GONE as error:
            raise Disconnected(
                f"The serial port {address.target} cannot be opened: {_reason(error)}.",
                cause="nothing is plugged in there, another program holds the port, or you may not use it",
                remedy="check the name and the cable, end the other program, or join the group dialout",
            ) from error
        except ValueError as error:
            raise Disconnected(
                f"The serial port {address.target} refuses {wire}: {error}.",
                cause="the port cannot work at this speed",
                remedy="set another speed or frame",
            ) from error
        return cls(port, name=str(address), recorder=HostRecorder(tape=tape, channel=channel))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, timeout: float) -> bytes:
        """What has come, as soon as something has; empty after `timeout` seconds of silence. Raises Disconnected."""
        try:
            data = self._read_descriptor(timeout) if self._fd >= 0 else self._read_port(timeout)
        except _GONE as error:
            raise self._gone(_reason(error)) from error
        if data:
            self._recorder.from_device(data)
        return data

    def write(self, data: bytes) -> None:
        """Send all of it. Raises Disconnected, also when the port takes no bytes for two seconds."""
        self._recorder.to_device(data)
        try:
            if self._fd >= 0:
                self._write_descriptor(data)
            else:
                self._port.write(data)
        except _GONE as error:
            raise self._gone(_reason(error)) from error

    def close(self) -> None:
        """Close the port; may be called twice."""
        self._fd = -1
        try:
            self._port.close()
        except _GONE:
            return

    def _read_descriptor(self, timeout: float) -> bytes:
        if not self._readable.poll(timeout * 1000 if timeout > 0 else 0):
            return b""
        try:
            data = os.read(self._fd, CHUNK)
        except BlockingIOError:
            return b""
        if not data:
            raise self._gone("it was hung up")
        return data

    def _read_port(self, timeout: float) -> bytes:
        if not self._port.is_open:
            raise self._gone("it is closed")
        self._port.timeout = timeout
        data = bytes(self._port.read(1))
        return data + bytes(self._port.read(self._port.in_waiting)) if data else b""

    def _write_descriptor(self, data: bytes) -> None:
        deadline = 0.0
        while data:
            try:
                data = data[os.write(self._fd, data) :]
            except BlockingIOError:
                now = time.monotonic()
                deadline = deadline or now + WRITE_TIMEOUT_S
                if now >= deadline or not self._writable.poll((deadline - now) * 1000):
                    raise self._gone(f"it takes no bytes for {WRITE_TIMEOUT_S:g} s") from None

    def _gone(self, why: str) -> Disconnected:
        return Disconnected(
            f"The serial port {self._name} is gone: {why}.",
            cause="the cable was pulled, the device lost power, or its simulator stopped",
            remedy="plug it in again, or start it, and open the port anew",
        )


def _opened(name: str, wire: SerialFormat) -> serial.Serial:
    """The port, set. A pty keeps neither parity nor data bits and refuses them at a second opening: it does without."""
    try:
        return _with(name, wire)
    except termios.error:
        if not Path(name).resolve().is_relative_to("/dev/pts"):
            raise
    return _with(name, replace(wire, parity=Parity.NONE, data_bits=8))


def _with(name: str, wire: SerialFormat) -> serial.Serial:
    return serial.Serial(
        name,
        baudrate=wire.baud,
        bytesize=wire.data_bits,
        parity=wire.parity.value,
        stopbits=wire.stop_bits,
        timeout=0,
        write_timeout=WRITE_TIMEOUT_S,
    )


def _descriptor(port: serial.Serial) -> int:
    try:
        return int(port.fileno())
    except (io.UnsupportedOperation, AttributeError):
        return -1


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return str(error.args[-1] if error.args else error)
