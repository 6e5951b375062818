"""Export of a tape to pcapng, the capture format that Wireshark and tshark open.

Each record is one packet of link type 252 (Wireshark Upper PDU): HTTP messages for the dissector `http`, events and
JSON lines for `json`, other bytes for `data`. Its comment names record, channel and direction. A tape knows no network
addresses, so they are made up: each device is 10.0.0.N, its partner 10.1.0.N, and each channel has ports of
its own; the name of each address is in the file too.
"""

import json
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from harness.errors import BenchError
from harness.line.mask import Mask
from harness.line.record import Direction, Kind, Record
from harness.line.text import STARTS

LINKTYPE_UPPER_PDU = 252
SECTION, INTERFACE, NAMES, PACKET = 0x0A0D0D0A, 1, 4, 6
COMMENT, USER_APPLICATION, INTERFACE_NAME, TIME_RESOLUTION = 1, 4, 2, 9
NANOSECONDS = b"\x09"
TAG_DISSECTOR, TAG_SOURCE, TAG_DESTINATION, TAG_PORT_KIND, TAG_SOURCE_PORT, TAG_DESTINATION_PORT = (
    12,
    20,
    21,
    24,
    25,
    26,
)
TCP = 2
"""`EXP_PDU_PT_TCP`: the ports are TCP's."""
DEVICE_PORT, PARTNER_PORT = 8000, 40000
"""Where the made-up ports begin; a channel's number is added."""


class Time(StrEnum):
    """Which time the packets bear."""

    BENCH = "bench"
    """The bench's clock; records of one moment follow each other by a nanosecond, so that their order shows."""
    REAL = "real"
    """The machine's: what had really elapsed, counted from where the bench's clock stood first."""


@dataclass(frozen=True, kw_only=True)
class _Ends:
    """The made-up addresses of a channel: of the device that records, and of its partner."""

    device: bytes
    partner: bytes
    number: int

    def tags(self, direction: Direction) -> bytes:
        here, there = (self.device, DEVICE_PORT + self.number), (self.partner, PARTNER_PORT + self.number)
        match direction:
            case Direction.RECEIVED:
                (source, source_port), (target, target_port) = there, here
            case Direction.SENT:
                (source, source_port), (target, target_port) = here, there
            case Direction.NONE:
                return _tag(TAG_SOURCE, self.device) + _tag(TAG_DESTINATION, self.device)
        numbers = ((TAG_PORT_KIND, TCP), (TAG_SOURCE_PORT, source_port), (TAG_DESTINATION_PORT, target_port))
        ports = b"".join(_tag(tag, struct.pack(">I", number)) for tag, number in numbers)
        return _tag(TAG_SOURCE, source) + _tag(TAG_DESTINATION, target) + ports


def write_pcapng(path: Path, records: Iterable[Record], *, clear: bool = False, time: Time = Time.BENCH) -> int:
    """Write a capture; returns the number of packets. `clear` masks nothing. Raises BenchError."""
    known = list(records)
    try:
        with path.open("wb") as file:
            for block in pcapng_blocks(known, clear=clear, time=time):
                file.write(block)
    except OSError as error:
        raise BenchError(
            f"The capture {path} cannot be written: {error.strerror}.",
            cause="the folder is missing, full or not yours",
            remedy="name another file with --pcapng",
        ) from error
    return len(known)


def pcapng_blocks(records: Iterable[Record], *, clear: bool = False, time: Time = Time.BENCH) -> Iterator[bytes]:
    """The blocks of a capture, one after another."""
    known = list(records)
    mask = None if clear else Mask(known)
    ends = _made_up(known)
    yield _block(SECTION, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + _options({USER_APPLICATION: b"Liantiao"}))
    options = _options({INTERFACE_NAME: b"tape", TIME_RESOLUTION: NANOSECONDS})
    yield _block(INTERFACE, struct.pack("<HHI", LINKTYPE_UPPER_PDU, 0, 0) + options)
    yield _block(NAMES, b"".join(_name_records(ends)) + struct.pack("<HH", 0, 0))
    for record, at_ns in zip(known, _times(known, time), strict=True):
        data = record.data if mask is None else mask.hide(record.data)
        packet = _tag(TAG_DISSECTOR, _dissector(record, data)) + ends[record.channel].tags(record.direction)
        packet += struct.pack(">HH", 0, 0) + data
        said = f"record {record.seq}, {record.channel}, {record.direction.name.lower()}"
        if record.direction is Direction.NONE:
            said = f"record {record.seq}, {record.channel}, event {record.name}"
        head = struct.pack("<IIIII", 0, at_ns >> 32, at_ns & 0xFFFFFFFF, len(packet), len(packet))
        yield _block(PACKET, head + _padded(packet) + _options({COMMENT: said.encode()}))


def _dissector(record: Record, data: bytes) -> bytes:
    if record.kind is Kind.FRAME and data.startswith(STARTS):
        return b"http"
    if record.kind is Kind.EVENT or data.lstrip()[:1] in {b"{", b"["}:
        try:
            json.loads(data)
        except (ValueError, RecursionError):
            return b"data"
        return b"json"
    return b"data"


def _times(records: list[Record], time: Time) -> Iterator[int]:
    if time is Time.REAL:
        began_ns = records[0].at_ns - records[0].real_ns if records else 0
        yield from (began_ns + record.real_ns for record in records)
        return
    moment, passed = None, 0
    for record in records:
        passed = passed + 1 if record.at_ns == moment else 0
        moment = record.at_ns
        yield record.at_ns + passed


def _made_up(records: list[Record]) -> dict[str, _Ends]:
    devices: dict[str, int] = {}
    ends: dict[str, _Ends] = {}
    for record in records:
        device = record.channel.partition(".")[0]
        number = devices.setdefault(device, len(devices) + 1)
        if record.channel not in ends:
            low = struct.pack(">H", number)
            ends[record.channel] = _Ends(
                device=bytes([10, 0]) + low, partner=bytes([10, 1]) + low, number=(len(ends) + 1) % 20000
            )
    return ends


def _name_records(ends: dict[str, _Ends]) -> Iterator[bytes]:
    named: dict[bytes, str] = {}
    for channel, made in ends.items():
        device = channel.partition(".")[0]
        named |= {made.device: device, made.partner: f"{device}-partner"}
    for address, name in named.items():
        value = address + name.encode() + b"\0"
        yield struct.pack("<HH", 1, len(value)) + _padded(value)


def _tag(tag: int, value: bytes) -> bytes:
    filled = _padded(value)
    return struct.pack(">HH", tag, len(filled)) + filled


def _options(options: dict[int, bytes]) -> bytes:
    spelled = (struct.pack("<HH", code, len(value)) + _padded(value) for code, value in options.items())
    return b"".join(spelled) + struct.pack("<HH", 0, 0)


def _block(kind: int, content: bytes) -> bytes:
    size = len(content) + 12
    return struct.pack("<II", kind, size) + content + struct.pack("<I", size)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
