"""Scans and messages on one line, told apart: what begins like a message and is whole is one, all else is scan.

`size_at(held, at)` is a family's knowledge: how many bytes the message that begins at `at` has, NEED_MORE when more
bytes must come before that can be said, NO_MESSAGE when none begins there. What ends a scan that has begun is never
taken for the beginning of a message, so that no scan waits for the byte after it. A message ends a scan that has lost
its suffix.
"""

from collections.abc import Callable
from dataclasses import dataclass

from harness.wire.scanner.framing import Malformed, Scan, ScanFramer, ScanFraming

NO_MESSAGE = -1
NEED_MORE = 0


@dataclass(frozen=True)
class Message:
    """A whole message, not looked into yet."""

    raw: bytes


class MixedLine:
    """Cuts messages and scans out of a line's bytes, fed in any pieces.

    Every message holds one of `markers`: pieces without them that end with a scan's suffix are scans alone, and taken
    as such unless `careful` is set.
    """

    def __init__(
        self, framing: ScanFraming, size_at: Callable[[bytes, int], int], *, markers: tuple[bytes, ...]
    ) -> None:
        self.careful = False
        self._framer = ScanFramer(framing)
        self._suffix = framing.suffix
        self._size_at = size_at
        self._markers = markers
        self._held = b""
        self._tail = b""
        self._open = False

    @property
    def pending(self) -> bool:
        """Whether something has begun and not ended; then `idle` is due after the idle gap."""
        return bool(self._held) or self._framer.pending

    def feed(self, data: bytes) -> list[Scan | Message | Malformed]:
        """Take bytes; returns the scans and messages that are now complete."""
        if not (self.careful or self._held) and self._scans_alone(data):
            self._open, self._tail = False, b""
            return [*self._framer.feed(data)]
        return self._cut(data, final=False)

    def _scans_alone(self, data: bytes) -> bool:
        """Whether these are scans and their last suffix, and no message could begin in it."""
        last = data[: -len(self._suffix)] if self._suffix and data.endswith(self._suffix) else b""
        return bool(last) and not last.endswith(self._suffix) and not any(m in data for m in self._markers)

    def idle(self) -> list[Scan | Message | Malformed]:
        """The line has been silent for the idle gap: whatever has begun is over."""
        found = self._cut(b"", final=True)
        found += self._framer.idle()
        self._open, self._tail = False, b""
        return found

    def _cut(self, data: bytes, *, final: bool) -> list[Scan | Message | Malformed]:
        held = self._held + data
        found: list[Scan | Message | Malformed] = []
        begin = at = 0
        while at < len(held):
            size = self._size(held, at)
            if size == NEED_MORE and not final:
                break
            if size <= 0:
                at += 1
                continue
            found += self._framer.feed(held[begin:at])
            found += self._framer.idle()
            found.append(Message(held[at : at + size]))
            self._open, self._tail = False, b""
            begin = at = at + size
        found += self._framer.feed(held[begin:at])
        self._held = held[at:]
        return found

    def _size(self, held: bytes, at: int) -> int:
        """What begins at `at`; keeps count of whether a scan has begun, and of how much of a suffix has come."""
        tail = (self._tail + held[at : at + 1])[-max(1, len(self._suffix)) :]
        ended = bool(self._suffix) and tail == self._suffix
        size = NO_MESSAGE if ended and self._open else self._size_at(held, at)
        if size == NO_MESSAGE:
            self._open, self._tail = not ended, b"" if ended else tail
        return size
