"""The host's end of a serial port through VISA (`visa:ASRL…::INSTR`), for labs whose ports a VISA library manages.

VISA has no events that pyvisa-py knows, so reading asks for one byte with a time limit and takes the rest of what is
there. No byte ends a message here (a CR would be swallowed or awaited); scans are framed above. An unplugged port shows
as pyserial's own error through pyvisa-py and as a VISA error through others: both arrive as Disconnected.
"""

import termios
from typing import Any, Self

import pyvisa
import serial
from pyvisa.constants import ControlFlow, Parity, SerialTermination, StatusCode, StopBits

from harness.line.address import Address, Scheme
from harness.line.client import Disconnected, HostRecorder
from harness.line.serial_format import Parity as WireParity
from harness.line.serial_format import SerialFormat
from harness.line.tape import Tape

WRITE_TIMEOUT_MS = 2000
_GONE = (pyvisa.Error, serial.SerialException, OSError, termios.error, TypeError, AttributeError)
"""What the libraries below raise for a port that is gone; the last two for one that they hold half-closed."""
_PARITIES = {
    WireParity.NONE: Parity.none,
    WireParity.EVEN: Parity.even,
    WireParity.ODD: Parity.odd,
    WireParity.MARK: Parity.mark,
    WireParity.SPACE: Parity.space,
}
_STOPS = {1: StopBits.one, 1.5: StopBits.one_and_a_half, 2: StopBits.two}


class VisaClient:
    """A serial port that a VISA library has opened. One thread at a time."""

    def __init__(self, resource: Any, *, name: str, recorder: HostRecorder) -> None:  # noqa: ANN401 - PyVISA's own
        self._resource = resource
        self._name = name
        self._recorder = recorder

    @classmethod
    def open(
        cls,
        address: Address,
        *,
        channel: str,
        tape: Tape | None = None,
        wire: SerialFormat | None = None,
        library: str = "@py",
    ) -> Self:
        """Open a `visa:ASRL…::INSTR` address; `library` is a VISA library as PyVISA names it.

        Raises Disconnected when it cannot be had, ValueError for another kind of address.
        """
        if address.scheme is not Scheme.VISA or not address.target.upper().startswith("ASRL"):
            raise ValueError(f"{address} is no serial port of a VISA library")
        wire = wire or SerialFormat()
        try:
            resource: Any = pyvisa.ResourceManager(library).open_resource(address.target)
            resource.baud_rate = wire.baud
            if (wire.data_bits, wire.parity, wire.stop_bits) != (8, WireParity.NONE, 1):
                resource.data_bits = wire.data_bits
                resource.parity = _PARITIES[wire.parity]
                resource.stop_bits = _STOPS[wire.stop_bits]
            resource.flow_control = ControlFlow.none
            resource.end_input = SerialTermination.none
            resource.read_termination = None
        except (*_GONE, ValueError) as error:
            raise Disconnected(
                f"{address.target} cannot be opened: {error}.",
                cause="nothing is plugged in there, another program holds it, or the name is spelled otherwise",
                remedy="write visa:ASRL/dev/ttyUSB0::INSTR, without colons after ASRL; check the cable",
            ) from error
        return cls(resource, name=str(address), recorder=HostRecorder(tape=tape, channel=channel))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, timeout: float) -> bytes:
        """What has come, as soon as something has; empty after `timeout` seconds of silence. Raises Disconnected."""
        try:
            self._resource.timeout = max(1, round(timeout * 1000))
            data = self._read(1)
            if more := self._resource.bytes_in_buffer:
                data += self._read(more)
        except pyvisa.VisaIOError as error:
            if error.error_code == StatusCode.error_timeout:
                return b""
            raise self._gone(error) from error
        except _GONE as error:
            raise self._gone(error) from error
        self._recorder.from_device(data)
        return data

    def write(self, data: bytes) -> None:
        """Send all of it. Raises Disconnected."""
        self._recorder.to_device(data)
        try:
            self._resource.timeout = WRITE_TIMEOUT_MS
            self._resource.write_raw(data)
        except _GONE as error:
            raise self._gone(error) from error

    def close(self) -> None:
        """Close the port; may be called twice."""
        try:
            self._resource.close()
        except _GONE:
            return

    def _read(self, size: int) -> bytes:
        library, session = self._resource.visalib, self._resource.session
        with library.ignore_warning(session, StatusCode.success_max_count_read):
            data, _ = library.read(session, size)
        return bytes(data)

    def _gone(self, why: BaseException) -> Disconnected:
        return Disconnected(
            f"The port {self._name} is gone: {why}.",
            cause="the cable was pulled, the device lost power, or its simulator stopped",
            remedy="plug it in again, or start it, and open the port anew",
        )
