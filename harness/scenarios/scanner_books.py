"""The books of the families: how each is told what a case wants, all its commands, and what it refuses."""

from collections.abc import Mapping

from harness.devices.scanner_family import Family
from harness.judge.scanner_commands import DONE, NO_SUCH_SETTING, REFUSED, RESEND, SILENCE
from harness.scenarios.scanner_book import Book, Told
from harness.wire.scanner import honeywell, letters, newland, register, ssi
from harness.wire.scanner.honeywell_parameters import MINDEO
from harness.wire.scanner.honeywell_parameters import PARAMETERS as HONEYWELL
from harness.wire.scanner.newland_parameters import PARAMETERS as NEWLAND
from harness.wire.scanner.newland_parameters import HexBytes, OneOf, Parameter, Values, Whole
from harness.wire.scanner.ssi_parameters import PARAMETERS as SSI


def _edges(values: Values) -> tuple[str, ...]:
    match values:
        case OneOf(values=listed):
            return listed
        case Whole(least=least, most=most, also=also):
            return tuple(str(value) for value in (*also, least, most))
        case HexBytes(most=most):
            return ("09", "0D" * most)


def _plain(table: Mapping[str, Parameter], without: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    return {tag: _edges(row.values) for tag, row in table.items() if tag not in without}


def _ucs(*items: tuple[str, str]) -> bytes:
    return newland.encode_command(items)


def _menu(*items: tuple[str, str]) -> bytes:
    return honeywell.encode_menu(items)


def _packet(opcode: int, data: bytes = b"") -> bytes:
    return ssi.encode(opcode, data)


def _off_by_one(raw: bytes) -> bytes:
    return raw[:-1] + bytes([raw[-1] ^ 1])


_SILENT = (SILENCE,)
_GARBAGE = Told(what="no command", raw=b"\xffhello\xff", said=_SILENT)

NEWLAND_BOOK = Book(
    family=Family.NEWLAND,
    modes={"watch": (("SCNMOD", "2"),), "trigger": (("SCNMOD", "0"),)},
    enable=(("SCNENA", "1"),),
    disable=(("SCNENA", "0"),),
    commands=(
        Told(what="who are you", raw=_ucs(("QRYSYS", ""))),
        Told(what="how are you", raw=_ucs(("DEVQRY", "*"))),
        Told(what="size of the sensor", raw=_ucs(("IMGGWH", ""))),
        Told(what="trigger off", raw=_ucs(("SCNTRG", "0"))),
        Told(what="trigger stop of old", raw=newland.LEGACY_STOP, said=_SILENT),
        Told(what="factory value", raw=_ucs(("ORTSET", "&"))),
        Told(what="range", raw=_ucs(("ORTSET", "^"))),
        Told(what="two in one", raw=_ucs(("ILLSCN", "1"), ("AMLENA", "1")), said=(DONE, DONE)),
        Told(what="one tag, two sub-tags", raw=newland.COMMAND_HEAD + b"#GRBENA1,VLL20;\x03", said=(DONE, DONE)),
    ),
    refused={
        "unknown": (
            Told(what="a tag it has not", raw=_ucs(("ZZZZZZ", "1")), said=(NO_SUCH_SETTING,)),
            Told(what="asked for a tag it has not", raw=_ucs(("QQQQQQ", "*")), said=(NO_SUCH_SETTING,)),
            Told(what="small letters", raw=_ucs(("scnmod", "0")), said=(NO_SUCH_SETTING,)),
            Told(
                what="one good, one unknown",
                raw=_ucs(("ILLSCN", "1"), ("ZZZZZZ", "1")),
                said=(DONE, NO_SUCH_SETTING),
            ),
        ),
        "out-of-range": (
            Told(what="no such mode", raw=_ucs(("SCNMOD", "9")), said=(REFUSED,)),
            Told(what="too short a session", raw=_ucs(("ORTSET", "99")), said=(REFUSED,)),
            Told(what="too long a session", raw=_ucs(("ORTSET", "3600001")), said=(REFUSED,)),
            Told(what="a word for a number", raw=_ucs(("RRDDUR", "long")), said=(REFUSED,)),
            Told(what="a half trigger", raw=_ucs(("SCNTRG", "2")), said=(REFUSED,)),
        ),
        "no-command": (_GARBAGE,),
        "cut-short": (Told(what="half a command", raw=_ucs(("ORTSET", "3000"))[:9], said=_SILENT),),
    },
    values=_plain(NEWLAND, ("SCNMOD", "SCNENA", "232BAD", "INTERF")),
    sample=("GRBVLL", "7", "13"),
    restart=Told(what="restart", raw=_ucs(("REBOOT", ""))),
    factory=Told(what="factory defaults", raw=_ucs(("FACDEF", ""))),
)

HONEYWELL_BOOK = Book(
    family=Family.HONEYWELL,
    modes={"watch": (("TRGMOD", "3"),), "trigger": (("TRGMOD", "0"),)},
    enable=(("ALLENA", "1"),),
    disable=(("ALLENA", "0"),),
    commands=(
        Told(what="who are you", raw=_menu(("REVINF", ""))),
        Told(what="beep", raw=honeywell.BEEP, said=_SILENT),
        Told(what="trigger off", raw=honeywell.UNTRIGGER, said=_SILENT),
        Told(what="beep twice", raw=_menu(("BEPEXE", "2"))),
        Told(what="factory value", raw=_menu(("TRGSTO", "^"))),
        Told(what="range", raw=_menu(("TRGSTO", "*"))),
        Told(what="small letters", raw=_menu(("scnled", "1"))),
        Told(what="two in one", raw=_menu(("SCNLED", "1"), ("SCNAIM", "2")), said=(DONE, DONE)),
        Told(what="all of a tag", raw=_menu(("CBR", "?"))),
    ),
    refused={
        "unknown": (
            Told(what="a tag it has not", raw=_menu(("ZZZZZZ", "1")), said=(NO_SUCH_SETTING,)),
            Told(what="the reread delay misspelled", raw=_menu(("RRDDLY", "750")), said=(NO_SUCH_SETTING,)),
            Told(
                what="one good, one unknown",
                raw=_menu(("SCNLED", "1"), ("ZZZZZZ", "1")),
                said=(DONE, NO_SUCH_SETTING),
            ),
        ),
        "out-of-range": (
            Told(what="no such mode", raw=_menu(("TRGMOD", "9")), said=(REFUSED,)),
            Told(what="too long a session", raw=_menu(("TRGSTO", "300001")), said=(REFUSED,)),
            Told(what="a word for a number", raw=_menu(("DLYGRD", "long")), said=(REFUSED,)),
        ),
        "no-command": (_GARBAGE,),
    },
    values=_plain(HONEYWELL, ("TRGMOD", "ALLENA", "232BAD", "232WRD", "232ACK", "DECHDR", "TERMID")),
    sample=("TRGPMS", "7", "13"),
    factory=Told(what="factory defaults", raw=_menu(("DEFALT", ""))),
    acknowledged={"acknowledged": True},
    acknowledge=honeywell.ACK,
    want_again=honeywell.NAK,
)

MINDEO_BOOK = Book(
    family=Family.MINDEO,
    modes={"watch": (("0401", "D02"),), "trigger": (("0401", "D05"),)},
    enable=(("0404", "D01"),),
    disable=(("0404", "D00"),),
    commands=(
        Told(what="beep", raw=honeywell.BEEP, said=_SILENT),
        Told(what="trigger off", raw=honeywell.UNTRIGGER, said=_SILENT),
        Told(what="factory value", raw=_menu(("0403", "^"))),
        Told(what="range", raw=_menu(("0403", "*"))),
    ),
    refused={
        "unknown": (Told(what="a number it has not", raw=_menu(("9999", "D01")), said=(NO_SUCH_SETTING,)),),
        "out-of-range": (
            Told(what="no such mode", raw=_menu(("0401", "D99")), said=(REFUSED,)),
            Told(what="a value without its letter", raw=_menu(("0403", "10")), said=(REFUSED,)),
        ),
        "no-command": (_GARBAGE,),
    },
    values={
        tag: tuple(f"D{int(value):02}" for value in _edges(row.values))
        for tag, row in MINDEO.items()
        if tag not in {"0401", "0404"}
    },
    sample=("0403", "D07", "D13"),
)

SSI_BOOK = Book(
    family=Family.SSI,
    modes={"watch": (("138", "9"),), "trigger": (("138", "8"),)},
    enable=Told(what="scan enable", raw=_packet(ssi.Op.SCAN_ENABLE)),
    disable=Told(what="scan disable", raw=_packet(ssi.Op.SCAN_DISABLE)),
    commands=(
        Told(what="who are you", raw=_packet(ssi.Op.REQUEST_REVISION)),
        Told(what="capabilities", raw=_packet(ssi.Op.CAPABILITIES_REQUEST)),
        Told(what="beep", raw=_packet(ssi.Op.BEEP, b"\x00")),
        Told(what="lamp on", raw=_packet(ssi.Op.LED_ON, b"\x01")),
        Told(what="lamp off", raw=_packet(ssi.Op.LED_OFF, b"\x01")),
        Told(what="aim on", raw=_packet(ssi.Op.AIM_ON)),
        Told(what="aim off", raw=_packet(ssi.Op.AIM_OFF)),
        Told(what="illumination on", raw=_packet(ssi.Op.ILLUMINATION_ON)),
        Told(what="illumination off", raw=_packet(ssi.Op.ILLUMINATION_OFF)),
        Told(what="flush the queue", raw=_packet(ssi.Op.FLUSH_QUEUE)),
        Told(what="awake as it is", raw=ssi.WAKE + _packet(ssi.Op.REQUEST_REVISION)),
        Told(what="all parameters", raw=_packet(ssi.Op.PARAM_REQUEST, b"\xfe")),
    ),
    refused={
        "unknown": (
            Told(what="no such command", raw=_packet(0x55), said=(NO_SUCH_SETTING,)),
            Told(what="no such parameter asked", raw=_packet(ssi.Op.PARAM_REQUEST, b"\x01"), said=(NO_SUCH_SETTING,)),
            Told(what="no such parameter", raw=ssi.encode_parameters([(1, 1)]), said=(REFUSED,)),
        ),
        "out-of-range": (
            Told(what="no such mode", raw=ssi.encode_parameters([(138, 3)]), said=(REFUSED,)),
            Told(what="too short a session", raw=ssi.encode_parameters([(136, 4)]), said=(REFUSED,)),
            Told(what="a session outside host mode", raw=_packet(ssi.Op.START_SESSION), said=(REFUSED,)),
        ),
        "checksum": (Told(what="another checksum", raw=_off_by_one(_packet(ssi.Op.BEEP, b"\x00")), said=(RESEND,)),),
        "no-command": (Told(what="no packet", raw=b"\xff\xff\xff\xff\xff", said=_SILENT),),
        "cut-short": (Told(what="half a packet", raw=_packet(ssi.Op.BEEP, b"\x00")[:5], said=_SILENT),),
    },
    values={
        str(number): tuple(str(value) for value in sorted({min(row.values), max(row.values)}))
        for number, row in SSI.items()
        if number not in {138, 155, 156, 157, 158, 159, 238, 256, 258, 259, 769}
    },
    sample=("136", "50", "70"),
    factory=Told(what="factory defaults", raw=_packet(ssi.Op.PARAM_DEFAULTS)),
    acknowledged={"packeted": True},
    acknowledge=ssi.acknowledge(),
    want_again=_packet(ssi.Op.CMD_NAK, b"\x01"),
)

REGISTER_BOOK = Book(
    family=Family.REGISTER,
    modes={"watch": (("0x00", "0xD7"),), "trigger": (("0x00", "0xD5"),)},
    enable=(("0x0F", "1"),),
    disable=(("0x0F", "0"),),
    commands=(
        Told(what="read several", raw=register.encode_read(0x0000, 8)),
        Told(what="write without a check", raw=register.encode_write(0x0006, b"\x32", check=False)),
        Told(what="read without a check", raw=register.encode_read(0x0006, check=False)),
        Told(what="trigger off", raw=register.encode_write(0x0002, b"\x00")),
        Told(what="heartbeat", raw=register.encode_command(register.Kind.HEARTBEAT, 0, b"\x00")),
    ),
    refused={
        "unknown": (
            Told(what="no such kind", raw=register.encode_command(0x55, 0, b"\x00"), said=(REFUSED,)),
            Told(what="beyond the last register", raw=register.encode_read(0x0200), said=(REFUSED,)),
        ),
        "out-of-range": (
            Told(what="across the last register", raw=register.encode_write(0x00FF, b"\x00\x00"), said=(REFUSED,)),
        ),
        "checksum": (Told(what="another CRC", raw=_off_by_one(register.encode_read(0x0006)), said=(RESEND,)),),
        "no-command": (_GARBAGE,),
        "cut-short": (Told(what="half a command", raw=register.encode_read(0x0006)[:5], said=_SILENT),),
    },
    values={"0x06": ("0", "0x32", "0xFF"), "0x13": ("0", "0x8F", "0xFF"), "0xD0": ("0", "0x80")},
    sample=("0x06", "0x21", "0x43"),
    restart=Told(what="restart", raw=register.encode_write(0x00D9, b"\x00")),
    factory=Told(what="factory defaults", raw=register.encode_write(0x00D9, b"\x55")),
)

LETTERS_BOOK = Book(
    family=Family.LETTERS,
    enable=Told(what="enable", raw=letters.Letter.ENABLE.value, said=_SILENT),
    disable=Told(what="disable", raw=letters.Letter.DISABLE.value, said=_SILENT),
    commands=(
        *(Told(what=letter.name.lower(), raw=letter.value) for letter in (
            letters.Letter.IDENTITY, letters.Letter.HEALTH, letters.Letter.STATE)),
        *(Told(what=letter.name.lower(), raw=letter.value, said=_SILENT) for letter in (
            letters.Letter.BEEP, letters.Letter.NOT_ON_FILE, letters.Letter.FORCE_BEEP, letters.Letter.BELL,
            letters.Letter.TRIGGER_RELEASE, letters.Letter.CELL_PHONE, letters.Letter.RESET)),
        Told(what="set up by number", raw=letters.encode_set_up("123456"), said=_SILENT),
    ),
    refused={
        "no-command": (Told(what="no command", raw=b"xyz", said=_SILENT),),
        "cut-short": (Told(what="half a command", raw=b"P\x01", said=_SILENT),),
    },
    readable=False,
    restart=Told(what="restart", raw=letters.Letter.RESET.value, said=_SILENT),
)  # fmt: skip

BOOKS: Mapping[Family, Book] = {
    book.family: book for book in (NEWLAND_BOOK, HONEYWELL_BOOK, MINDEO_BOOK, SSI_BOOK, REGISTER_BOOK, LETTERS_BOOK)
}
"""By family."""
