"""How each family of scanner boxes spells a setting of the bench, from the tables that simulator and driver read.

What a family has no command for is None: such a box is set up by barcodes, which a virtual box can be told of at its
back door.
"""

from collections.abc import Mapping

from harness.devices.scanner_family import Family
from harness.wire.scanner.honeywell_parameters import AIM_ESCAPE, ALL_SYMBOLOGIES, LETTER_ESCAPE
from harness.wire.scanner.ssi_parameters import CLONE_SUFFIXES

Wish = str | int | bool
Settings = tuple[tuple[str, str], ...]
SUFFIXES: Mapping[str, bytes] = {"CR": b"\r", "LF": b"\n", "CRLF": b"\r\n", "TAB": b"\t", "none": b""}


def spell(family: Family, name: str, value: Wish, form: Mapping[str, Wish]) -> Settings | None:
    """A setting of the bench in the family's own words; `form` is how scans look otherwise."""
    match family:
        case Family.NEWLAND:
            return _newland(name, value)
        case Family.HONEYWELL:
            return _honeywell(name, value, form)
        case Family.MINDEO:
            return _mindeo(name, value)
        case Family.SSI:
            return _ssi(name, value, form)
        case Family.REGISTER:
            return _register(name, value)
        case Family.LETTERS:
            return None


def _newland(name: str, value: Wish) -> Settings | None:
    match name:
        case "same_code_ms":
            return _switched("RRDENA", "RRDDUR", str(value) if value else "")
        case "good_read_ms":
            return _switched("GRDENA", "GRDDUR", str(value) if value else "")
        case "session_ms":
            return (("ORTSET", str(value)),)
        case "suffix":
            return _switched("TSUENA", "TSUSET", SUFFIXES[str(value)].hex().upper())
        case "prefix":
            return _switched("CPRENA", "CPRSET", str(value).encode("latin-1").hex().upper())
        case "aim_id":
            return (("AIDENA", str(int(bool(value)))),)
        case "code_id":
            return (("CIDENA", str(int(bool(value)))),)
    return None


def _switched(enable: str, tag: str, value: str) -> Settings:
    return ((enable, "1"), (tag, value)) if value else ((enable, "0"),)


def _honeywell(name: str, value: Wish, form: Mapping[str, Wish]) -> Settings | None:
    match name:
        case "same_code_ms":
            return (("DLYRRD", str(value)),)
        case "good_read_ms":
            return (("DLYGRD", str(value)),)
        case "session_ms":
            return (("TRGSTO", str(value)),)
        case "suffix":
            return _affix("SUFBK2", "SUFCA2", SUFFIXES[str(value)])
        case "prefix" | "aim_id" | "code_id":
            whole = {**form, name: value}
            told = str(whole["prefix"]).encode("latin-1")
            told += (LETTER_ESCAPE if whole["code_id"] else b"") + (AIM_ESCAPE if whole["aim_id"] else b"")
            return _affix("PREBK2", "PRECA2", told)
        case "packeted":
            return (("DECHDR", str(int(bool(value)))),)
        case "acknowledged":
            return (("232ACK", str(int(bool(value)))),)
    return None


def _affix(tag: str, clear: str, data: bytes) -> Settings:
    return ((tag, ALL_SYMBOLOGIES + data.hex().upper()),) if data else ((clear, ""),)


def _mindeo(name: str, value: Wish) -> Settings | None:
    match name:
        case "same_code_ms":
            return (("0402", f"D{int(value) // 100:02}"),)
        case "session_ms":
            return (("0403", f"D{int(value) // 1000:02}"),)
        case "suffix":
            return (("0405", {"none": "D00", "CR": "D01", "LF": "D02", "CRLF": "D03", "TAB": "D04"}[str(value)]),)
    return None


def _ssi(name: str, value: Wish, form: Mapping[str, Wish]) -> Settings | None:
    match name:
        case "same_code_ms":
            return (("137", str(int(value) // 100)),)
        case "good_read_ms":
            return (("144", str(int(value) // 100)),)
        case "session_ms":
            return (("136", str(int(value) // 100)),)
        case "suffix":
            numbers = {told: number for number, told in CLONE_SUFFIXES.items()}
            return (("773", str(numbers[SUFFIXES[str(value)]])),)
        case "aim_id" | "code_id":
            whole = {**form, name: value}
            return (("45", "1" if whole["aim_id"] else "2" if whole["code_id"] else "0"),)
        case "packeted":
            return (("238", str(int(bool(value)))),)
    return None


def _register(name: str, value: Wish) -> Settings | None:
    match name:
        case "same_code_ms":
            return (("0x13", hex(0x80 | int(value) // 100 if value else 0)),)
        case "good_read_ms":
            return (("0x05", hex(int(value) // 100)),)
        case "session_ms":
            return (("0x06", hex(int(value) // 100)),)
        case "suffix":
            return (("0x60", {"none": "0", "CR": "1", "CRLF": "2", "TAB": "3", "LF": "4"}[str(value)]),)
        case "aim_id":
            return (("0xD0", "0x80" if value else "0"),)
    return None
