"""SSI (Simple Serial Interface), both sides, without I/O: Zebra/Symbol boxes and the Chinese ones that speak like them.

    Length | Opcode | Source (04 host, 00 decoder) | Status | data... | checksum, high byte first

Length counts itself through the data. The checksum is the two's complement of the sum of all bytes before it. Status:
bit 0 sent again, bit 1 more packets of this message follow, bit 3 a permanent change. Scans leave raw, framed as on any
line, or packeted as DECODE_DATA (`EE` = 1); only packets are acknowledged. A zero byte before a packet wakes a box and
means nothing.

Assumed, since nowhere published: the type of the code stands in the first packet of several alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum, IntFlag

from harness.wire.scanner.framing import Malformed, Scan, ScanFraming
from harness.wire.scanner.mixed import NEED_MORE, NO_MESSAGE, Message, MixedLine
from harness.wire.scanner.symbologies import BY_SSI

HEAD_SIZE = 4
CHECKSUM_SIZE = 2
MAX_DATA = 251
"""Data bytes of one packet: the length byte counts at most 255."""
CHARACTER_TIMEOUT_S = 0.2
"""A packet whose next byte takes longer is given up (the makers' default)."""
RESPONSE_TIMEOUT_S = 2.0
"""An acknowledgement takes at most so long (the makers' default)."""
HOST, DECODER = 0x04, 0x00
NO_BEEP = 0xFF
"""The beep byte of PARAM_SEND that beeps nothing."""
ALL_PARAMETERS = 0xFE
WAKE = b"\x00"


class Op(IntEnum):
    """The opcodes that are known."""

    CUSTOM_DEFAULTS = 0x12
    MULTIPACKET_SEGMENT = 0x73
    MULTIPACKET_ACK = 0x74
    SSI_MGMT = 0x80
    HOST_ACK = 0x96
    REQUEST_REVISION = 0xA3
    REPLY_REVISION = 0xA4
    IMAGE_DATA = 0xB1
    VIDEO_DATA = 0xB4
    ILLUMINATION_OFF = 0xC0
    ILLUMINATION_ON = 0xC1
    AIM_OFF = 0xC4
    AIM_ON = 0xC5
    PARAM_SEND = 0xC6
    PARAM_REQUEST = 0xC7
    PARAM_DEFAULTS = 0xC8
    CMD_ACK = 0xD0
    CMD_NAK = 0xD1
    FLUSH_QUEUE = 0xD2
    CAPABILITIES_REQUEST = 0xD3
    CAPABILITIES_REPLY = 0xD4
    START_SESSION = 0xE4
    STOP_SESSION = 0xE5
    BEEP = 0xE6
    LED_ON = 0xE7
    LED_OFF = 0xE8
    SCAN_ENABLE = 0xE9
    SCAN_DISABLE = 0xEA
    SLEEP = 0xEB
    DECODE_DATA = 0xF3
    EVENT = 0xF6
    IMAGER_MODE = 0xF7


DECODER_OPS = frozenset(
    {
        Op.MULTIPACKET_SEGMENT, Op.SSI_MGMT, Op.REPLY_REVISION, Op.IMAGE_DATA, Op.VIDEO_DATA, Op.PARAM_SEND,
        Op.CMD_ACK, Op.CMD_NAK, Op.CAPABILITIES_REPLY, Op.DECODE_DATA, Op.EVENT,
    }
)  # fmt: skip
"""What a decoder sends of its own or in answer."""


class Status(IntFlag):
    """The status byte."""

    NONE = 0
    RETRANSMIT = 0x01
    CONTINUATION = 0x02
    PERMANENT = 0x08
    NOTIFICATION = 0x20
    RESPONSE = 0x80


class Nak(IntEnum):
    """Why a command was refused."""

    RESEND = 1
    """The checksum is wrong."""
    BAD_CONTEXT = 2
    """No such command, or nothing that it could mean now."""
    DENIED = 6
    """Understood, and not allowed: a value out of range, a session outside host mode."""


class Event(IntEnum):
    """The codes of EVENT."""

    DECODE = 0x01
    BOOT = 0x03
    ENTRY_ERROR = 0x07
    STORED = 0x08
    DEFAULTS = 0x0A
    NUMBER_EXPECTED = 0x0F


@dataclass(frozen=True, kw_only=True)
class Packet:
    """One packet; `opcode` may be one that is not known here."""

    raw: bytes
    opcode: int
    source: int
    status: Status
    data: bytes

    @property
    def more(self) -> bool:
        """Whether further packets of the same message follow."""
        return Status.CONTINUATION in self.status


@dataclass(frozen=True, kw_only=True)
class BadChecksum:
    """Bytes that look like a packet, with a checksum that is not theirs."""

    raw: bytes


@dataclass(frozen=True, kw_only=True)
class Decoded(Scan):
    """A scan that came packeted; `type_byte` says of which symbology, `symbology` by name where it is known."""

    type_byte: int

    @property
    def symbology(self) -> str | None:
        """By name, as in the table of symbologies."""
        return BY_SSI.get(self.type_byte)


def checksum(data: bytes) -> bytes:
    """Two's complement of the sum, high byte first."""
    return (-sum(data) & 0xFFFF).to_bytes(2, "big")


def encode(opcode: int, data: bytes = b"", *, source: int = HOST, status: int = 0) -> bytes:
    """A packet. Raises ValueError when the data are too long for one."""
    if len(data) > MAX_DATA:
        raise ValueError(f"a packet has at most {MAX_DATA} bytes of data, not {len(data)}")
    body = bytes([HEAD_SIZE + len(data), opcode, source, status]) + data
    return body + checksum(body)


def encode_decode_data(type_byte: int, data: bytes) -> list[bytes]:
    """A scan as packets, most of them one."""
    whole = bytes([type_byte]) + data
    parts = [whole[at : at + MAX_DATA] for at in range(0, len(whole), MAX_DATA)]
    return [
        encode(Op.DECODE_DATA, part, source=DECODER, status=0 if part is parts[-1] else Status.CONTINUATION)
        for part in parts
    ]


def sent_again(raw: bytes) -> bytes:
    """A packet with its retransmit bit set."""
    return encode(raw[1], raw[HEAD_SIZE:-CHECKSUM_SIZE], source=raw[2], status=raw[3] | Status.RETRANSMIT)


def encode_parameter_number(number: int) -> bytes:
    """A parameter's number: one byte up to EF, then F0, F1 or F2 and a byte, then F8 and two.

    Raises ValueError for a number that has no spelling.
    """
    if 0 <= number < 0xF0:
        return bytes([number])
    if 0x100 <= number < 0x400:
        return bytes([0xF0 + (number >> 8) - 1, number & 0xFF])
    if 0x400 <= number < 0x10000:
        return b"\xf8" + number.to_bytes(2, "big")
    raise ValueError(f"there is no parameter {number}")


def parse_parameter_numbers(data: bytes) -> list[int] | None:
    """The numbers of PARAM_REQUEST; FE alone asks for all. None when the last one is cut short."""
    numbers = []
    at = 0
    while at < len(data):
        number, size = _parameter_number(data, at)
        if size == 0:
            return None
        numbers.append(number)
        at += size
    return numbers


def encode_parameters(
    parameters: Sequence[tuple[int, int]], *, beep: int = NO_BEEP, source: int = HOST, permanent: bool = False
) -> bytes:
    """PARAM_SEND of `(number, value)` pairs, one byte a value. Raises ValueError for what cannot be spelled."""
    if any(not 0 <= value <= 0xFF for _, value in parameters):
        raise ValueError("a parameter's value is one byte")
    data = bytes([beep]) + b"".join(encode_parameter_number(number) + bytes([value]) for number, value in parameters)
    return encode(Op.PARAM_SEND, data, source=source, status=Status.PERMANENT if permanent else Status.NONE)


def parse_parameters(data: bytes) -> tuple[int, list[tuple[int, int]]] | None:
    """The beep byte and the pairs of PARAM_SEND; None when it is empty or the last pair is cut short."""
    if not data:
        return None
    pairs = []
    at = 1
    while at < len(data):
        number, size = _parameter_number(data, at)
        if size == 0 or at + size >= len(data):
            return None
        pairs.append((number, data[at + size]))
        at += size + 1
    return data[0], pairs


def _parameter_number(data: bytes, at: int) -> tuple[int, int]:
    """The number at `at` and its size; size 0 when it is cut short."""
    first = data[at]
    if first in {0xF0, 0xF1, 0xF2}:
        return (((first - 0xF0 + 1) << 8) + data[at + 1], 2) if at + 1 < len(data) else (0, 0)
    if first == 0xF8:
        return (int.from_bytes(data[at + 1 : at + 3], "big"), 3) if at + 2 < len(data) else (0, 0)
    return first, 1


def _parse(raw: bytes) -> Packet | None:
    """A packet of exactly these bytes; None when the checksum is wrong."""
    if checksum(raw[:-CHECKSUM_SIZE]) != raw[-CHECKSUM_SIZE:]:
        return None
    return Packet(
        raw=raw, opcode=raw[1], source=raw[2], status=Status(raw[3]), data=raw[HEAD_SIZE : len(raw) - CHECKSUM_SIZE]
    )


class DecoderSide:
    """What the host sends, as the decoder understands it; fed in any pieces.

    Inside a packet with a wrong checksum the beginning of the next one is looked for, since a byte may have been lost.
    """

    def __init__(self) -> None:
        self._held = b""

    @property
    def pending(self) -> bool:
        """Whether a packet has begun; `idle` is due after CHARACTER_TIMEOUT_S without a byte."""
        return bool(self._held)

    def feed(self, data: bytes) -> list[Packet | BadChecksum | Malformed]:
        """Take bytes; returns the packets that are now complete, and what was none. Waking zeros are left out."""
        self._held += data
        return list(self._events())

    def idle(self) -> list[Packet | BadChecksum | Malformed]:
        """The line has been silent for the character time-out: a packet that has begun is given up."""
        held, self._held = self._held, b""
        return [Malformed(held, "is a packet cut short")] if held else []

    def _events(self) -> Iterator[Packet | BadChecksum | Malformed]:
        while self._held:
            if self._held[:1] == WAKE:
                self._held = self._held.lstrip(WAKE)
                continue
            skip = _garbage_before(self._held)
            if skip:
                raw, self._held = self._held[:skip], self._held[skip:]
                yield Malformed(raw, "is no packet")
                continue
            size = self._held[0] + CHECKSUM_SIZE
            if skip := _packet_within(self._held[:size]):
                raw, self._held = self._held[:skip], self._held[skip:]
                yield Malformed(raw, "is no packet")
                continue
            if len(self._held) < max(3, size):
                return
            packet = _parse(self._held[:size])
            if packet is None:
                size = _next_within(self._held[:size])
                yield BadChecksum(raw=self._held[:size])
            else:
                yield packet
            self._held = self._held[size:]


def _garbage_before(held: bytes) -> int:
    """How many bytes at the beginning are neither a host's packet nor a waking zero."""
    for at, byte in enumerate(held):
        if byte == 0 or (byte >= HEAD_SIZE and held[at + 2 : at + 3] in {b"", bytes([HOST])}):
            return at
    return len(held)


def _packet_within(unknown: bytes) -> int:
    """Where in what began with an unknown opcode a whole packet with a known one stands; 0 for nowhere."""
    if len(unknown) < 2 or unknown[1] in _OPCODES:
        return 0
    ends = [
        (at + unknown[at] + CHECKSUM_SIZE, at)
        for at in range(1, len(unknown) - HEAD_SIZE)
        if unknown[at] >= HEAD_SIZE and unknown[at + 1] in _OPCODES and unknown[at + 2] == HOST
    ]
    whole = [(end, at) for end, at in ends if end <= len(unknown) and _parse(unknown[at:end]) is not None]
    return min(whole)[1] if whole else 0


def _next_within(wrong: bytes) -> int:
    """Where in a wrong packet another one seems to begin; its size if nowhere."""
    for at in range(1, len(wrong)):
        known = at + 1 >= len(wrong) or wrong[at + 1] in _OPCODES
        if wrong[at] >= HEAD_SIZE and known and wrong[at + 2 : at + 3] in {b"", bytes([HOST])}:
            return at
    return len(wrong)


_OPCODES = frozenset(Op)


class HostSide:
    """What the decoder sends, as the host understands it: packets, and raw scans if `framing` says how they stand."""

    def __init__(self, framing: ScanFraming) -> None:
        self._line = MixedLine(framing, _decoder_packet_at, markers=(b"\x00",))
        self._message = b""
        self._raw = b""
        self._last = b""

    @property
    def pending(self) -> bool:
        """Whether something has begun and not ended; then `idle` is due after the idle gap."""
        return self._line.pending

    def feed(self, data: bytes) -> list[Scan | Decoded | Packet | Malformed]:
        """Take bytes; returns the scans and packets that are now complete.

        A scan in packets comes as `Decoded` with its last one; the ones before, and one sent again although it had
        come, come as they are. Whoever reads acknowledges each packet of DECODE_DATA: see `acknowledge`.
        """
        return [event for found in self._line.feed(data) for event in self._told(found)]

    def idle(self) -> list[Scan | Decoded | Packet | Malformed]:
        """The line has been silent for the idle gap: whatever has begun is over."""
        return [event for found in self._line.idle() for event in self._told(found)]

    def _told(self, found: Scan | Message | Malformed) -> list[Scan | Decoded | Packet | Malformed]:
        if not isinstance(found, Message):
            return [found]
        packet = _parse(found.raw)
        if packet is None:
            self._last = b""
            return [Malformed(found.raw, "has a wrong checksum")]
        if packet.opcode != Op.DECODE_DATA:
            return [packet]
        first_sent = _as_first_sent(packet.raw)
        if Status.RETRANSMIT in packet.status and self._last == first_sent:
            return [packet]
        self._last = first_sent
        self._message += packet.data
        self._raw += packet.raw
        if packet.more:
            return [packet]
        message, self._message = self._message, b""
        raw, self._raw = self._raw, b""
        if not message:
            return [Malformed(raw, "is decode data without a code's type")]
        return [Decoded(raw, message[1:], type_byte=message[0])]


def acknowledge() -> bytes:
    """What a host sends for each packet of a scan."""
    return encode(Op.CMD_ACK)


def _as_first_sent(raw: bytes) -> bytes:
    return encode(raw[1], raw[HEAD_SIZE:-CHECKSUM_SIZE], source=raw[2], status=raw[3] & ~Status.RETRANSMIT)


def _decoder_packet_at(held: bytes, at: int) -> int:
    """Where a packet begins and how long it is, whether or not its checksum is right."""
    length = held[at]
    left = len(held) - at
    if length < HEAD_SIZE or (left > 1 and held[at + 1] not in DECODER_OPS) or (left > 2 and held[at + 2] != DECODER):
        return NO_MESSAGE
    size = length + CHECKSUM_SIZE
    if left < size:
        return NEED_MORE
    return size
