"""The register dialect "7E 00", both sides, without I/O: Grow, Waveshare, and Newland engines in OEM mode.

    host to box:  7E 00 | type | length | address, high byte first | data... | CRC, high byte first
    box to host:  02 00 | status | length | data... | CRC

Type 08 writes, 07 reads (its data: how many bytes), 09 saves the registers to flash. The CRC is CRC-16/XMODEM over all
between head and CRC; a host that writes `AB CD` in its place wants no check. The answer to a command comes before what
the command leads to. Scans leave as on any line.

Assumed, since not published: 0A is a heartbeat, answered with `03 00` as head; a length of 0 means 256 bytes.
"""

import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from harness.wire.scanner.framing import Malformed, Scan, ScanFraming
from harness.wire.scanner.mixed import NEED_MORE, NO_MESSAGE, Message, MixedLine

COMMAND_HEAD = b"\x7e\x00"
ANSWER_HEAD = b"\x02\x00"
HEARTBEAT_HEAD = b"\x03\x00"
NO_CHECK = b"\xab\xcd"
CRC_SIZE = 2
MAX_DATA = 256
SILENCE_S = 0.4
"""A command whose next byte takes longer is given up (assumed)."""


class Kind(IntEnum):
    """What a command wants."""

    READ = 0x07
    WRITE = 0x08
    SAVE = 0x09
    HEARTBEAT = 0x0A


class Status(IntEnum):
    """What the box says to a command."""

    DONE = 0x00
    WRONG_CRC = 0x01
    INVALID = 0x03


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command; `kind` may be one that is not known here. `checked` is False when the host wanted no check."""

    raw: bytes
    kind: int
    address: int
    data: bytes
    checked: bool = True


@dataclass(frozen=True, kw_only=True)
class WrongCrc:
    """A command whose CRC is not its own."""

    raw: bytes


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The box's answer; `alive` marks that to a heartbeat."""

    raw: bytes
    status: int
    data: bytes
    alive: bool = False


def crc(data: bytes) -> bytes:
    """CRC-16/XMODEM, high byte first."""
    return binascii.crc_hqx(data, 0).to_bytes(2, "big")


def encode_command(kind: int, address: int, data: bytes, *, check: bool = True) -> bytes:
    """A command. Raises ValueError for an address or length that has no spelling."""
    if not 0 < len(data) <= MAX_DATA or not 0 <= address <= 0xFFFF:
        raise ValueError(f"a command has 1 to {MAX_DATA} bytes of data and an address of two bytes")
    body = bytes([kind, len(data) & 0xFF]) + address.to_bytes(2, "big") + data
    return COMMAND_HEAD + body + (crc(body) if check else NO_CHECK)


def encode_write(address: int, data: bytes, *, check: bool = True) -> bytes:
    """Write registers from `address` on."""
    return encode_command(Kind.WRITE, address, data, check=check)


def encode_read(address: int, count: int = 1, *, check: bool = True) -> bytes:
    """Read `count` registers, 1 to 256, from `address` on."""
    return encode_command(Kind.READ, address, bytes([count & 0xFF]), check=check)


def encode_save(*, check: bool = True) -> bytes:
    """Save the registers to flash."""
    return encode_command(Kind.SAVE, 0, b"\x00", check=check)


def encode_answer(status: int, data: bytes = b"\x00", *, alive: bool = False) -> bytes:
    """The box's answer."""
    body = bytes([status, len(data) & 0xFF]) + data
    return (HEARTBEAT_HEAD if alive else ANSWER_HEAD) + body + crc(body)


class BoxSide:
    """What the host sends, as the box understands it; fed in any pieces."""

    def __init__(self) -> None:
        self._held = b""

    @property
    def pending(self) -> bool:
        """Whether a command has begun; `idle` is due after SILENCE_S without a byte."""
        return bool(self._held)

    def feed(self, data: bytes) -> list[Command | WrongCrc | Malformed]:
        """Take bytes; returns the commands that are now complete, and what was none."""
        self._held += data
        return list(self._events())

    def idle(self) -> list[Command | WrongCrc | Malformed]:
        """The line has been silent: a command that has begun is given up."""
        held, self._held = self._held, b""
        return [Malformed(held, "is a command cut short")] if held else []

    def _events(self) -> Iterator[Command | WrongCrc | Malformed]:
        while self._held:
            held = self._held
            begin = held.find(COMMAND_HEAD)
            if begin < 0:
                begin = len(held) - held.endswith(COMMAND_HEAD[:1])
            if begin:
                self._held = held[begin:]
                yield Malformed(held[:begin], "is no command")
                continue
            if len(held) < 4:
                return
            size = 6 + _count(held[3]) + CRC_SIZE
            if len(held) < size:
                return
            raw = held[:size]
            body, given = raw[2:-CRC_SIZE], raw[-CRC_SIZE:]
            if given not in {crc(body), NO_CHECK}:
                again = raw.find(COMMAND_HEAD, 2)
                again = len(raw) - 1 if again < 0 and raw.endswith(COMMAND_HEAD[:1]) else again
                raw = raw[:again] if again > 0 else raw
                yield WrongCrc(raw=raw)
            else:
                yield Command(
                    raw=raw,
                    kind=body[0],
                    address=int.from_bytes(body[2:4], "big"),
                    data=body[4:],
                    checked=given != NO_CHECK,
                )
            self._held = held[len(raw) :]


class HostSide:
    """What the box sends, as the host understands it: answers and scans on one line, fed in any pieces."""

    def __init__(self, framing: ScanFraming) -> None:
        self._line = MixedLine(framing, _answer_at, markers=(b"\x00",))

    @property
    def pending(self) -> bool:
        """Whether something has begun and not ended; then `idle` is due after the idle gap."""
        return self._line.pending

    def feed(self, data: bytes) -> list[Scan | Answer | Malformed]:
        """Take bytes; returns the scans and answers that are now complete."""
        return [_told(found) for found in self._line.feed(data)]

    def idle(self) -> list[Scan | Answer | Malformed]:
        """The line has been silent for the idle gap: whatever has begun is over."""
        return [_told(found) for found in self._line.idle()]


def _told(found: Scan | Message | Malformed) -> Scan | Answer | Malformed:
    if not isinstance(found, Message):
        return found
    raw = found.raw
    body = raw[2:-CRC_SIZE]
    if crc(body) != raw[-CRC_SIZE:]:
        return Malformed(raw, "has a wrong CRC")
    return Answer(raw=raw, status=body[0], data=body[2:], alive=raw.startswith(HEARTBEAT_HEAD))


def _answer_at(held: bytes, at: int) -> int:
    if not any(head.startswith(held[at : at + 2]) for head in (ANSWER_HEAD, HEARTBEAT_HEAD)):
        return NO_MESSAGE
    if len(held) - at < 4:
        return NEED_MORE
    size = 4 + _count(held[at + 3]) + CRC_SIZE
    return size if len(held) - at >= size else NEED_MORE


def _count(length: int) -> int:
    return length or MAX_DATA
