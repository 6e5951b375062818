"""A box on a serial wire: a pty, TCP or RFC 2217 line with the wire's time and its misunderstandings.

    SerialAttachment(PtyLine(…), wire=SerialFormat(baud=9600), pace=True)

With `pace`, bytes pass in either direction when a UART would have passed them. With `mismatch`, a host that has set its
end to another speed or parity hears what its UART would make of the box's bits, and the box likewise; that needs a line
that tells what the host has set (pty, RFC 2217). A box on USB-CDC minds no speed: `pace=False, mismatch=False`.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from harness.line.address import Address
from harness.line.serial_format import SerialFormat, heard
from simulators.scanner.attach_pacing import Pacer
from simulators.scanner.attach_protocol import Label, Report


class SerialLine(Protocol):
    """The device's end of a byte line: `PtyLine`, `TcpLine`, `Rfc2217Line`."""

    @property
    def address(self) -> Address:
        """Where hosts connect."""
        ...

    @property
    def host_format(self) -> SerialFormat | None:
        """What the host has set its end to; None when the line does not tell."""
        ...

    async def start(self, received: Callable[[bytes], None]) -> None:
        """Open it."""
        ...

    def record(self, data: bytes) -> None:
        """Put bytes on the tape that are about to be sent."""
        ...

    def put(self, data: bytes) -> bool:
        """Send; False when they were dropped."""
        ...

    def discard(self) -> None:
        """Forget what is under way."""
        ...

    def unplug(self) -> None:
        """Pull the cable."""
        ...

    def replug(self) -> None:
        """Put it back."""
        ...

    async def stop(self) -> None:
        """Close it."""
        ...


class SerialAttachment:
    """An attachment over a serial line. `wire` is the box's own end; `retune` changes it, as a box told to does.

    The tape has what the box sent and what the line delivered; an event `misheard` says that the ends disagree.
    """

    def __init__(
        self, line: SerialLine, *, wire: SerialFormat, report: Report, pace: bool = False, mismatch: bool = True
    ) -> None:
        self._line = line
        self._wire = wire
        self._report = report
        self._pace = pace
        self._mismatch = mismatch
        self._received: Callable[[bytes], None] = _ignore
        self._out = Pacer(self._deliver)
        self._in = Pacer(self._hear)
        self._plugged = True
        self._agreeing: tuple[SerialFormat | None, SerialFormat | None] = (None, None)
        """The two ends, the host's and the box's, that were last seen to agree, so as not to compare each time."""

    @property
    def address(self) -> Address:
        """Where hosts connect."""
        return self._line.address

    @property
    def line(self) -> SerialLine:
        """The line below."""
        return self._line

    @property
    def wire(self) -> SerialFormat:
        """The box's own settings."""
        return self._wire

    def retune(self, wire: SerialFormat) -> None:
        """The box goes to another speed or frame; what is under way keeps the time it has begun with."""
        self._wire = wire

    async def start(self, received: Callable[[bytes], None]) -> None:
        """Open the line; `received` gets what the box hears. Raises BenchError."""
        self._received = received
        await self._line.start(self._come)

    def describe(self, label: Label) -> None:
        """A serial line carries bytes alone."""

    def record(self, data: bytes) -> None:
        """Put bytes on the tape that are about to be sent."""
        self._line.record(data)

    def put(self, data: bytes) -> bool:
        """Send at the wire's pace. False when they were dropped; a paced loss is an event `bytes-lost` later."""
        if not self._plugged:
            return False
        got = self._misheard(data, outwards=True)
        if not got:
            return True
        if not self._pace:
            return self._line.put(got)
        self._out.send(got, unit_s=len(data) * self._wire.seconds_a_byte / len(got))
        return True

    def send(self, data: bytes) -> bool:
        """Record and send."""
        self.record(data)
        return self.put(data)

    @property
    def host_format(self) -> SerialFormat | None:
        """What the host has set its end to; None when the line does not tell."""
        return self._line.host_format

    @property
    def busy(self) -> bool:
        """Whether something still leaves."""
        return self._out.busy

    async def drained(self) -> None:
        """Return when the last bit has left."""
        await self._out.drained()

    def cut_short(self) -> None:
        """What has not left the box, or not reached it, is lost."""
        self._out.discard()
        self._in.discard()

    def discard(self) -> None:
        """Forget what is under way in either direction."""
        self._out.discard()
        self._in.discard()
        self._line.discard()

    def unplug(self) -> None:
        """Pull the cable; what has not left is lost."""
        self._plugged = False
        self.cut_short()
        self._line.unplug()

    def replug(self) -> None:
        """Put the cable back. Raises BenchError."""
        self._line.replug()
        self._line.discard()  # the kernel may still hold what was on its way when the cable was pulled
        self._plugged = True

    async def stop(self) -> None:
        """Close the line; may be called twice."""
        self._out.close()
        self._in.close()
        await self._line.stop()

    def _deliver(self, data: bytes) -> None:
        if not self._line.put(data):
            self._report("bytes-lost", {"bytes": len(data)})

    def _come(self, data: bytes) -> None:
        got = self._misheard(data, outwards=False)
        if not got:
            return
        if self._pace:
            self._in.send(got, unit_s=len(data) * self._wire.seconds_a_byte, size=len(got))
        else:
            self._received(got)

    def _hear(self, data: bytes) -> None:
        self._received(data)

    def _misheard(self, data: bytes, *, outwards: bool) -> bytes:
        host = self._line.host_format if self._mismatch else None
        if host is None or (host is self._agreeing[0] and self._wire is self._agreeing[1]):
            return data
        ends = {"sent": self._wire, "listening": host} if outwards else {"sent": host, "listening": self._wire}
        got = heard(data, **ends)
        if host.data_bits == 8 and replace(host, stop_bits=self._wire.stop_bits) == self._wire:
            self._agreeing = (host, self._wire)
        if got != data:
            self._report("misheard", {"box": str(self._wire), "host": str(host)})
        return got


def _ignore(_: bytes) -> None:
    pass
