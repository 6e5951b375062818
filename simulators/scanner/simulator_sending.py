"""What leaves the box: scans, with the faults that disturb them and the cable that is pulled in one, and answers."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from harness.bench.plugin import SimulatorContext
from harness.faults.catalogue import Effect, Fault
from simulators.scanner.attach_choice import ANSWER
from simulators.scanner.attach_hid import PosAttachment, WedgeAttachment
from simulators.scanner.attach_protocol import Attachment, Label
from simulators.scanner.outlet import Outlet, Piece, disturbed


@dataclass
class _Pull:
    """The cable is to be pulled in the so-many-th scan from now, when so many of its bytes have left."""

    scan: int
    byte: int


class Sending:
    """The way out of a box onto its line; `unplug` pulls its cable."""

    def __init__(self, context: SimulatorContext, line: Attachment, *, unplug: Callable[[], None]) -> None:
        self._context = context
        self._line = line
        self._unplug = unplug
        self._pull: _Pull | None = None
        self.outlet = Outlet(line, lost=self._lost)

    def reset(self) -> None:
        """The cable stays where it is."""
        self._pull = None

    def pull_in(self, *, scan: int, byte: int) -> None:
        """Pull the cable in the `scan`-th scan from now (1 for the next), when `byte` of its bytes have left."""
        self._pull = _Pull(scan, byte)

    def scan(self, data: bytes, label: Label | None) -> None:
        """A scan, if a fault so wills disturbed, or cut short by the cable's being pulled."""
        fault = self._context.faults.due("scan")
        if self._pull is not None:
            self._pull.scan -= 1
            if self._pull.scan <= 0:
                self._cut(data, self._pull.byte)
                return
        pieces = [Piece(data)] if fault is None or not data else disturbed(data, self._playable(fault))
        self.outlet.send([piece._replace(label=label) for piece in pieces])

    def answer(self, data: bytes) -> None:
        """Anything but a scan; a keyboard says nothing else."""
        match self._line:
            case WedgeAttachment():
                return
            case PosAttachment():
                self.outlet.send([Piece(data, label=ANSWER)])
            case _:
                self.outlet.send([Piece(data)])

    def _playable(self, fault: Fault) -> Fault:
        """A HID report leaves whole: what would part it makes it late."""
        if isinstance(self._line, PosAttachment) and fault.effect in {Effect.SPLIT_READ, Effect.DRIP}:
            return replace(fault, effect=Effect.SLOW)
        return fault

    def _cut(self, data: bytes, byte: int) -> None:
        """The cable is pulled in the middle of a scan; a HID report is lost whole."""
        self._pull = None
        left = 0 if isinstance(self._line, PosAttachment) else min(byte, len(data))

        def pull() -> None:
            self._unplug()
            self._lost(len(data) - left)

        self.outlet.send([Piece(data[:left])])
        self.outlet.then(pull)

    def _lost(self, size: int) -> None:
        if size:
            self._context.tape.event(self._context.name, "bytes-lost", bytes=size)
