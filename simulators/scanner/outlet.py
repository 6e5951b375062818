"""What leaves the box: whole frames, disturbed if a fault says so, at once or at the wire's pace, in their order.

A frame is on the tape before its first byte leaves. Pauses are real time, since the host's idle gap is.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from harness.faults.catalogue import Effect, Fault
from harness.line.address import Address

BITS_A_BYTE = 10
"""Start bit, eight data bits, stop bit."""
SPLIT_PAUSE_MS = 120
"""The pause inside a split read, longer than the 50 ms after which hosts take a scan for ended."""
GARBLED_BIT = 6
"""The bit that a garbled byte has flipped: it makes a digit a letter."""


class DeviceLine(Protocol):
    """The device's end of a line: a pty or a TCP port."""

    @property
    def address(self) -> Address:
        """Where clients connect."""
        ...

    async def start(self, received: Callable[[bytes], None]) -> None:
        """Open it."""
        ...

    def send(self, data: bytes) -> bool:
        """Record and send; False when they were dropped."""
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


class Piece(NamedTuple):
    """Bytes that leave together, after a pause in seconds; only the last of a frame may have one."""

    data: bytes
    pause_s: float = 0.0


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
            pause_ms = min(10_000, max(0, fault.detail.get("pause_ms", SPLIT_PAUSE_MS)))
            return [Piece(part) for part in (frame[:at],) if part] + [Piece(frame[at:], pause_ms / 1000 if at else 0)]
        case _:
            return [Piece(frame)]


class Outlet:
    """The queue in front of a line; `lost` is told how many bytes nobody took."""

    def __init__(self, line: DeviceLine, *, bytes_a_second: float | None, lost: Callable[[int], None]) -> None:
        self._line = line
        self._rate = bytes_a_second
        self._lost = lost
        self._queue: list[tuple[Piece, float | None]] = []
        self._sending: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether something still leaves."""
        return self._sending is not None

    def set_speed(self, bytes_a_second: float | None) -> None:
        """The pace from here on; what waits keeps the pace that it was sent for."""
        self._rate = bytes_a_second

    def send(self, frame: Sequence[Piece]) -> None:
        """Send pieces in order, after whatever still waits."""
        if self._sending is None and self._rate is None and frame[-1].pause_s == 0:
            for piece in frame:
                if piece.data and not self._line.send(piece.data):
                    self._lost(len(piece.data))
            return
        self._queue += [(piece, self._rate) for piece in frame]
        if self._sending is None:
            self._sending = asyncio.get_running_loop().create_task(self._drain(), name="scanner outlet")

    async def drained(self) -> None:
        """Return when everything has left."""
        if self._sending is not None:
            await asyncio.wait([self._sending])

    async def discard(self) -> None:
        """Forget what still waits."""
        sending, self._sending = self._sending, None
        self._queue.clear()
        if sending is not None:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    def _put(self, data: bytes) -> None:
        if data and not self._line.put(data):
            self._lost(len(data))

    async def _drain(self) -> None:
        try:
            while self._queue:
                piece, rate = self._queue.pop(0)
                if piece.pause_s:
                    await asyncio.sleep(piece.pause_s)
                self._line.record(piece.data)
                await self._at_pace(piece.data, rate)
        finally:
            self._sending = None

    async def _at_pace(self, data: bytes, rate: float | None) -> None:
        """Send what is due by now, again and again: single bytes on a slow line, several on a fast one."""
        if rate is None:
            self._put(data)
            return
        loop = asyncio.get_running_loop()
        began, sent = loop.time(), 0
        while sent < len(data):
            due = min(len(data), int((loop.time() - began) * rate))
            if due > sent:
                self._put(data[sent:due])
                sent = due
            else:
                await asyncio.sleep(began + (sent + 1) / rate - loop.time())
