"""How a scan stands on a line: `[prefix][data][suffix]`, ended by its suffix or, without one, by an idle gap.

A suffix can be part of a code's own content, so framing by suffix is ambiguous for codes that hold it; the voucher
code is digits alone. The codec has no clock: its owner calls `idle` when the line has been silent for `idle_s`, which
must exceed one character's time and the latency timer of a USB bridge (16 ms for common ones).
"""

from dataclasses import dataclass
from enum import Enum

MAX_LENGTH = 7089
"""Digits in the largest QR code (ISO/IEC 18004, version 40-L): no scan is longer."""
IDLE_S = 0.05
"""The gap that ends a scan without a suffix, as field code has it (40 to 50 ms)."""


class Suffix(Enum):
    """The suffixes that boxes are set to."""

    CR = b"\r"
    LF = b"\n"
    CRLF = b"\r\n"
    TAB = b"\t"
    NONE = b""


@dataclass(frozen=True, kw_only=True)
class ScanFraming:
    """How the box is set: what stands before and after the data, how long the data may be (bytes), the gap (s)."""

    prefix: bytes = b""
    suffix: bytes = b"\r"
    max_length: int = MAX_LENGTH
    idle_s: float = IDLE_S

    def __post_init__(self) -> None:
        if self.max_length < 1:
            raise ValueError(f"a scan has at least one byte; max_length is {self.max_length}")
        if not self.idle_s > 0:
            raise ValueError(f"the idle gap is longer than nothing; idle_s is {self.idle_s}")


@dataclass(frozen=True)
class Scan:
    """One scan: the bytes on the line, and the data between prefix and suffix."""

    raw: bytes
    data: bytes

    @property
    def text(self) -> str:
        """The data as UTF-8; bytes that are none are spelled `\\xNN`."""
        return self.data.decode("utf-8", errors="backslashreplace")


@dataclass(frozen=True)
class Malformed:
    """Bytes that are no frame, and why."""

    raw: bytes
    reason: str


def frame_scan(data: bytes, framing: ScanFraming) -> bytes:
    """A scan as the box sends it."""
    return framing.prefix + data + framing.suffix


class ScanFramer:
    """Cuts scans out of a line's bytes, fed in any pieces."""

    def __init__(self, framing: ScanFraming) -> None:
        self.framing = framing
        self._limit = len(framing.prefix) + framing.max_length
        self._held = b""
        self._skipping = False

    @property
    def pending(self) -> bool:
        """Whether a scan has begun and not ended."""
        return bool(self._held) or self._skipping

    def feed(self, data: bytes) -> list[Scan | Malformed]:
        """Take bytes; returns the scans that are now complete."""
        self._held += data
        suffix = self.framing.suffix
        found: list[Scan | Malformed] = []
        while suffix and (end := self._held.find(suffix)) >= 0 and (self._skipping or end <= self._limit):
            raw, self._held = self._held[: end + len(suffix)], self._held[end + len(suffix) :]
            if not self._skipping:
                found.append(self._unframe(raw, end))
            self._skipping = False
        if self._skipping:
            self._held = self._held[len(self._held) - max(0, len(suffix) - 1) :]
        elif len(self._held) >= self._limit + max(1, len(suffix)):
            tail = self._held[self._limit :]
            found.append(Malformed(self._held[: self._limit], f"longer than {self.framing.max_length} bytes"))
            self._held, self._skipping = b"", True
            found += self.feed(tail)
        return found

    def idle(self) -> list[Scan | Malformed]:
        """The line has been silent for the idle gap: what was held is a scan without a suffix, or is incomplete."""
        raw, self._held = self._held, b""
        skipping, self._skipping = self._skipping, False
        if skipping or not raw:
            return []
        if self.framing.suffix:
            return [Malformed(raw, f"the suffix {self.framing.suffix!r} did not come before the line fell silent")]
        return [self._unframe(raw, len(raw))]

    def _unframe(self, raw: bytes, end: int) -> Scan | Malformed:
        prefix = self.framing.prefix
        if not raw.startswith(prefix):
            return Malformed(raw, f"does not begin with the prefix {prefix!r}")
        if end <= len(prefix):
            return Malformed(raw, "holds no data")
        return Scan(raw, raw[len(prefix) : end])
