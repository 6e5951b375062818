"""HID-POS reports, without I/O: scans in input reports of 64 bytes, commands in output reports, by maker.

    Honeywell   02, length, `]`, two of the AIM id, 56 of data, the maker's id letter, 00, bit 0: more follows
    Newland     02, length, 56 of data, four reserved, the maker's id, more
    Microscan   01, length, 62 of data

A command goes out as `FD length command` (Honeywell) or `04 length command` (Newland). Assumed, since not published:
Newland's last byte marks continuation as Honeywell's does; a full report of Microscan's is continued.
"""

from dataclasses import dataclass
from enum import StrEnum

REPORT_SIZE = 64
MAX_SCAN = 7089
_SCAN, _MICROSCAN = 0x02, 0x01
_HONEYWELL_OUT, _NEWLAND_OUT = 0xFD, 0x04
_OUT_DATA = REPORT_SIZE - 2
_MORE = 0x01


class PosLayout(StrEnum):
    """Whose reports."""

    HONEYWELL = "honeywell"
    NEWLAND = "newland"
    MICROSCAN = "microscan"


_DATA = {PosLayout.HONEYWELL: (5, 56), PosLayout.NEWLAND: (2, 56), PosLayout.MICROSCAN: (2, 62)}
"""Where the data begin, and how many fit."""


@dataclass(frozen=True)
class PosScan:
    """A scan: its data, the AIM id without `]`, and the maker's id letter; the ids are empty where none is sent."""

    data: bytes
    aim: bytes = b""
    code_id: bytes = b""


@dataclass(frozen=True)
class PosMalformed:
    """A report that is none of a scan, and why."""

    raw: bytes
    reason: str


def encode_scan(layout: PosLayout, data: bytes, *, aim: bytes = b"Q1", code_id: bytes = b"s") -> list[bytes]:
    """A scan as input reports."""
    at, room = _DATA[layout]
    parts = [data[start : start + room] for start in range(0, len(data), room)] or [b""]
    if layout is PosLayout.MICROSCAN and len(parts[-1]) == room:
        parts.append(b"")
    reports = []
    for number, part in enumerate(parts, start=1):
        report = bytearray(REPORT_SIZE)
        report[0], report[1] = _MICROSCAN if layout is PosLayout.MICROSCAN else _SCAN, len(part)
        report[at : at + len(part)] = part
        if layout is PosLayout.HONEYWELL:
            report[2:5] = b"]" + aim[:2].ljust(2, b"0")
            report[61:62] = code_id[:1] or b"\0"
        if layout is PosLayout.NEWLAND:
            report[62:63] = code_id[:1] or b"\0"
        if layout is not PosLayout.MICROSCAN:
            report[63] = _MORE if number < len(parts) else 0
        reports.append(bytes(report))
    return reports


def encode_command(layout: PosLayout, command: bytes) -> list[bytes]:
    """A command as output reports, several for a long one. Raises ValueError for a maker that takes none."""
    if layout is PosLayout.MICROSCAN:
        raise ValueError("no command to a box of this maker over HID-POS is known")
    number = _HONEYWELL_OUT if layout is PosLayout.HONEYWELL else _NEWLAND_OUT
    parts = [command[at : at + _OUT_DATA] for at in range(0, len(command), _OUT_DATA)]
    return [bytes([number, len(part)]) + part.ljust(_OUT_DATA, b"\0") for part in parts]


def command_of(report: bytes) -> bytes | None:
    """The command in an output report, padded or not; None when it is none, or cut short."""
    if len(report) < 2 or report[0] not in {_HONEYWELL_OUT, _NEWLAND_OUT} or len(report) < 2 + report[1]:
        return None
    return report[2 : 2 + report[1]]


class PosReader:
    """Scans from input reports; without a layout it is told by the reports themselves."""

    def __init__(self, layout: PosLayout | None = None) -> None:
        self.layout = layout
        self._held = b""

    @property
    def pending(self) -> bool:
        """Whether a scan has begun whose last report has not come."""
        return bool(self._held)

    def feed(self, report: bytes) -> PosScan | PosMalformed | None:
        """Take one report; None when more of the scan must follow."""
        layout = self.layout or _layout_of(report)
        if layout is None or len(report) != REPORT_SIZE:
            self._held = b""
            return PosMalformed(report, f"is no scan: id {report[:1].hex() or 'none'}, {len(report)} bytes")
        at, room = _DATA[layout]
        length = report[1]
        if length > room:
            self._held = b""
            return PosMalformed(report, f"says {length} bytes of data where {room} fit")
        data = self._held + report[at : at + length]
        more = length == room if layout is PosLayout.MICROSCAN else bool(report[63] & _MORE)
        if more and len(data) <= MAX_SCAN:
            self._held = data
            return None
        self._held = b""
        if more:
            return PosMalformed(report, f"continues a scan of more than {MAX_SCAN} bytes")
        match layout:
            case PosLayout.HONEYWELL:
                return PosScan(data, report[3:5], report[61:62].strip(b"\0"))
            case PosLayout.NEWLAND:
                return PosScan(data, b"", report[62:63].strip(b"\0"))
            case PosLayout.MICROSCAN:
                return PosScan(data)


def _layout_of(report: bytes) -> PosLayout | None:
    match report[:1]:
        case b"\x01":
            return PosLayout.MICROSCAN
        case b"\x02" if report[2:3] == b"]" and report[3:4].isalpha() and any(report[61:62]):
            return PosLayout.HONEYWELL
        case b"\x02":
            return PosLayout.NEWLAND
        case _:
            return None
