"""What leaves the box: whole frames, disturbed if a fault says so, in their order; what is to happen between them too.

A frame is on the tape before its first byte leaves. Pauses are real time, since the host's idle gap is. The wire's own
time is the attachment's affair: nothing here paces bytes.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple

from harness.faults.catalogue import Effect, Fault
from simulators.scanner.attach_protocol import Attachment, Label

SPLIT_PAUSE_MS = 120
"""The pause inside a split read, longer than the 50 ms after which hosts take a scan for ended."""
SLOW_PAUSE_MS = 200
DRIP_PAUSE_MS = 5
MOST_PAUSE_MS = 10_000
GARBLED_BIT = 6
"""The bit that a garbled byte has flipped: it makes a digit a letter."""
ON_LINE = frozenset(
    {
        Effect.DROP_BYTE,
        Effect.GARBLE_BYTE,
        Effect.DOUBLE_READ,
        Effect.SPLIT_READ,
        Effect.DRIP,
        Effect.SLOW,
    }
)
"""What can happen to a scan on its way."""


class Piece(NamedTuple):
    """Bytes that leave together, after a pause in seconds; `label` for lines that carry the symbology."""

    data: bytes
    pause_s: float = 0.0
    label: Label | None = None


Deed = Callable[[], None]


def disturbed(frame: bytes, fault: Fault) -> list[Piece]:
    """A scan's frame as a fault lets it leave; positions count from 0 and stay inside the frame."""
    at = fault.detail.get("position", len(frame) // 2) % len(frame)
    match fault.effect:
        case Effect.DROP_BYTE:
            return [Piece(frame[:at] + frame[at + 1 :])]
        case Effect.GARBLE_BYTE:
            flipped = frame[at] ^ (1 << fault.detail.get("bit", GARBLED_BIT) % 8)
            return [Piece(frame[:at] + bytes([flipped]) + frame[at + 1 :])]
        case Effect.DOUBLE_READ:
            return [Piece(frame), Piece(frame)]
        case Effect.SPLIT_READ:
            pause_s = _pause_s(fault, SPLIT_PAUSE_MS)
            return [Piece(part) for part in (frame[:at],) if part] + [Piece(frame[at:], pause_s if at else 0)]
        case Effect.SLOW:
            return [Piece(frame, _pause_s(fault, SLOW_PAUSE_MS))]
        case Effect.DRIP:
            pause_s = _pause_s(fault, DRIP_PAUSE_MS)
            return [Piece(frame[at : at + 1], pause_s if at else 0) for at in range(len(frame))]
        case _:
            return [Piece(frame)]


def _pause_s(fault: Fault, usual_ms: int) -> float:
    return min(MOST_PAUSE_MS, max(0, fault.detail.get("pause_ms", usual_ms))) / 1000


class Outlet:
    """The queue in front of a line; `lost` is told how many bytes nobody took."""

    def __init__(self, line: Attachment, *, lost: Callable[[int], None]) -> None:
        self._line = line
        self._lost = lost
        self._queue: list[Piece | Deed] = []
        self._sending: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether something still leaves."""
        return self._sending is not None or self._line.busy

    def send(self, frame: Sequence[Piece]) -> None:
        """Send pieces in order, after whatever still waits."""
        if self._sending is None and not any(piece.pause_s for piece in frame):
            for piece in frame:
                self._put(piece)
        else:
            self._wait(frame)

    def then(self, deed: Deed) -> None:
        """Do something once all that was sent before has left."""
        if self.busy:
            self._wait([deed])
        else:
            deed()

    async def drained(self) -> None:
        """Return when everything has left and been done."""
        while self.busy:
            if self._sending is not None:
                await asyncio.wait([self._sending])
            await self._line.drained()

    async def discard(self) -> None:
        """Forget what still waits, and what has not left the box."""
        sending, self._sending = self._sending, None
        self._queue.clear()
        self._line.cut_short()
        if sending is not None:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    def _wait(self, things: Sequence[Piece | Deed]) -> None:
        self._queue += things
        if self._sending is None:
            self._sending = asyncio.get_running_loop().create_task(self._drain(), name="scanner outlet")

    def _put(self, piece: Piece) -> None:
        if not piece.data:
            return
        if piece.label is not None:
            self._line.describe(piece.label)
        if not self._line.send(piece.data):
            self._lost(len(piece.data))

    async def _drain(self) -> None:
        try:
            while self._queue:
                thing = self._queue.pop(0)
                if not isinstance(thing, Piece):
                    await self._line.drained()
                    thing()
                    continue
                if thing.pause_s:
                    await self._line.drained()
                    await asyncio.sleep(thing.pause_s)
                self._put(thing)
        finally:
            self._sending = None
