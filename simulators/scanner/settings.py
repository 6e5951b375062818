"""What can be set about a virtual scanner box, in the bench file and on the command line."""

from dataclasses import dataclass
from enum import StrEnum

from harness.errors import ConfigError
from harness.line.address import MAX_PORT
from harness.line.hid_pos import PosLayout
from harness.line.serial_format import LEAST_BAUD, MOST_BAUD, Parity, SerialFormat
from harness.line.wedge_keys import Country
from harness.line.wedge_reading import InputMethod
from harness.line.wedge_typing import Beyond
from harness.wire.scanner.framing import Suffix
from simulators.scanner.mutants import Mutant
from simulators.scanner.optics.engines import EngineName
from simulators.scanner.optics.light_path import parse_light_path
from simulators.scanner.optics.reader import Several

FAMILIES = ("newland", "honeywell", "mindeo", "ssi", "register", "letters")
"""The command dialects that are offered."""


class LineKind(StrEnum):
    """What the box is plugged into."""

    PTY = "pty"
    TCP = "tcp"
    RFC2217 = "rfc2217"
    WEDGE = "wedge"
    HID = "hid"


_NETWORKED = frozenset({LineKind.TCP, LineKind.RFC2217})


class KeyStream(StrEnum):
    """As what the keys of a box that types can be read."""

    EVENTS = "events"
    """Input events on a pty, as an event device gives them."""
    REPORTS = "reports"
    """Boot reports on a socket, as raw HID gives them."""
    TEXT = "text"
    """Text on a pty, as a window of the host receives it through its layout, locks and input method."""


class SuffixName(StrEnum):
    """What the box sends after the data."""

    CR = "CR"
    LF = "LF"
    CRLF = "CRLF"
    TAB = "TAB"
    NONE = "none"

    @property
    def sent(self) -> bytes:
        """The bytes."""
        return Suffix[self.name].value


class Mode(StrEnum):
    """When the box looks."""

    SENSE = "sense"
    """At each change of what is before it, as a pedestal does; also when triggered."""
    LEVEL = "level"
    """From trigger start to the first read, the trigger's stop or the one-read time-out."""
    PULSE = "pulse"
    """As level, but a trigger stop is ignored."""
    CONTINUOUS = "continuous"
    """All the time; the same code again once its lock-out is over."""
    HOST = "host"
    """As level, and by the host's command alone."""
    PRESENTATION = "presentation"
    """While something is in view, from its coming on until it is read or the session's time-out; then as continuous."""


class LockOut(StrEnum):
    """What ends the same-code lock-out."""

    USUAL = "usual"
    """As the family has it: absent for ssi and letters, timed for the others."""
    TIMED = "timed"
    """Its time, counted from the last read."""
    ABSENT = "absent"
    """The code must have been out of view for its time."""


@dataclass(frozen=True, kw_only=True)
class ScannerSettings:
    """The box and its line. Times of behaviour pass on the bench's clock, times on the line are real."""

    family: str = "newland"
    """The command dialect: newland, honeywell, mindeo, ssi, register ("7E 00") or letters."""
    line: LineKind = LineKind.PTY
    """What the box is plugged into: pty (a serial port of this machine), tcp, rfc2217 (a serial port over the network),
    wedge (a USB keyboard) or hid (HID-POS reports)."""
    at: str = ""
    """The same in one word, before `line`: pty, tcp:PORT, rfc2217:PORT, wedge or hid; without a port any free one."""
    link: str | None = None
    """A path at which the pty or socket is published under a stable name."""
    renumber: bool = False
    """Whether the pty gets another number each time the box is plugged in, as USB ports do."""
    suffix: SuffixName = SuffixName.CR
    """What ends a scan: CR, LF, CRLF, TAB or none."""
    prefix: str = ""
    """What begins a scan, at most 11 bytes; \\xNN spells a byte."""
    code_id: bool = False
    """Whether a letter for the symbology stands before the data."""
    aim_id: bool = False
    """Whether the AIM id, such as ]Q1, stands before the data."""
    mode: Mode = Mode.SENSE
    """When the box looks: sense (as a pedestal), level, pulse, continuous, host or presentation; a family that has no
    such mode takes its nearest."""
    same_code_ms: int = 1500
    """Same-code lock-out, in steps and up to the most that the family has; 0 for none."""
    lock_out: LockOut = LockOut.USUAL
    """What ends the same-code lock-out: timed (from the last read), absent (out of view for so long), or usual for the
    family."""
    good_read_ms: int = 0
    """No two reads, of whatever codes, within so long; 0 for no delay."""
    session_ms: int = 3000
    """How long a triggered session waits for a code, 100 to 3600000; 0 for without end."""
    beep: bool = True
    """Whether the box beeps on a good read."""
    packeted: bool = False
    """Whether scans leave in packets: ssi with DECODE_DATA, honeywell with a header (DECHDR)."""
    acknowledged: bool = False
    """honeywell: whether the host must acknowledge each scan; ssi always wants it for packets."""
    response_s: float = 2.0
    """How long an acknowledgement may take, on the bench's clock."""
    tries: int = 3
    """How often a scan is sent that nobody acknowledges; the count of real boxes is not known."""
    no_read: bool = False
    """honeywell: whether a session without a read sends NR."""
    framed_answers: bool = True
    """letters: whether answers stand between SOH STX and ETX EOT."""
    baud: int = 9600
    """The speed of the box's end of a serial line, 50 to 4000000."""
    data_bits: int = 8
    """Of a serial line: 5 to 8; a pty cannot be set to it."""
    parity: Parity = Parity.NONE
    """Of a serial line: N, E, O, M or S; a pty cannot be set to it."""
    stop_bits: float = 1
    """Of a serial line: 1, 1.5 or 2."""
    pace: bool = False
    """Whether bytes and reports take the time that the wire would take."""
    mismatch: bool = True
    """Whether a host at another speed or frame hears garbage; false for a box on USB-CDC. TCP knows no speed."""
    keys: KeyStream = KeyStream.EVENTS
    """wedge: events (of an event device, on a pty), reports (on a socket), or text (what a window of the host gets)."""
    keyboard: Country = Country.US
    """wedge: the keyboard that the box plays: us, fr, de or it."""
    beyond: Beyond = Beyond.ALT_GBK
    """wedge: what the box does with a character that no key gives: drop, alt-gbk or alt-unicode."""
    host_keyboard: Country = Country.US
    """wedge, text: the layout that the host is set to."""
    caps_lock: bool = False
    """wedge, text: whether the host's Caps Lock is on."""
    input_method: InputMethod = InputMethod.NONE
    """wedge, text: what stands between keys and window: none, pinyin or full-width."""
    pos_layout: PosLayout | None = None
    """hid: whose reports: newland, honeywell or microscan; without it those of the family, newland's for most."""
    poll_ms: int = 1
    """wedge, hid: how often the host asks for a report, 1 to 255, for `pace`."""
    formats: str = "qr,code128"
    """The symbologies that are read, parted by commas: qr, code128, ean13, ean8, upc-a, code39, data-matrix, pdf417,
    aztec."""
    engine: EngineName = EngineName.STANDARD
    """The decoder: budget (zbar, optional), fast, standard or premium (zxing-cpp, with ever more tries)."""
    several: Several = Several.FIRST
    """What is reported when several codes are in view: first, centre or none."""
    twice: bool = True
    """Whether a barcode is believed only when two looks agree."""
    light_path: str = ""
    """What lies between screen and sensor, such as tilt=35, blur=0.3; empty for a clear view."""
    rotate: bool = True
    """Whether codes on their side are read."""
    downscale: bool = True
    """Whether a picture is also tried at lower resolution."""
    invert: bool = False
    """Whether light-on-dark codes (dark mode) are read; real boxes ship with this off."""
    show: str | None = None
    """A picture that is in view from the start, or a folder of them, one after the other by name."""
    show_s: float = 0.0
    """When the next picture of a folder comes into view: every so many seconds of the clock; 0: at each trigger."""
    mutant: Mutant = Mutant.NONE
    """A defect to build in, for proving that cases find it; none for a right box."""

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise _wrong("family", self.family, f"one of: {', '.join(FAMILIES)}")
        for name, least in (("same_code_ms", 0), ("good_read_ms", 0)):
            if not least <= getattr(self, name) <= 3_600_000:
                raise _wrong(name, getattr(self, name), "0 to 3600000 ms")
        if self.session_ms != 0 and not 100 <= self.session_ms <= 3_600_000:
            raise _wrong("session_ms", self.session_ms, "0, or 100 to 3600000 ms")
        if not LEAST_BAUD <= self.baud <= MOST_BAUD:
            raise _wrong("baud", self.baud, f"{LEAST_BAUD} to {MOST_BAUD}")
        if self.data_bits not in {5, 6, 7, 8}:
            raise _wrong("data_bits", self.data_bits, "5 to 8")
        if self.stop_bits not in {1, 1.5, 2}:
            raise _wrong("stop_bits", self.stop_bits, "1, 1.5 or 2")
        if not 1 <= self.poll_ms <= 255:
            raise _wrong("poll_ms", self.poll_ms, "1 to 255 ms")
        if not 0 <= self.show_s <= 86_400:
            raise _wrong("show_s", self.show_s, "0 to 86400 s")
        parse_light_path(self.light_path)
        self.plugged_into()
        if not 0.001 <= self.response_s <= 3600:
            raise _wrong("response_s", self.response_s, "0.001 to 3600 s")
        if not 1 <= self.tries <= 100:
            raise _wrong("tries", self.tries, "1 to 100")
        if len(self.prefix_bytes) > 11:
            raise _wrong("prefix", self.prefix, "at most 11 bytes")

    @property
    def wire(self) -> SerialFormat:
        """The box's end of a serial line."""
        return SerialFormat(baud=self.baud, data_bits=self.data_bits, parity=self.parity, stop_bits=self.stop_bits)

    def plugged_into(self) -> tuple[LineKind, int]:
        """What the box is plugged into, and the port of a network line, 0 for any. Raises ConfigError."""
        if not self.at:
            return self.line, 0
        name, colon, port = self.at.partition(":")
        if name in set(LineKind):
            kind = LineKind(name)
            if not colon:
                return kind, 0
            if kind in _NETWORKED and port.isascii() and port.isdigit() and len(port) < 6 and int(port) <= MAX_PORT:
                return kind, int(port)
        raise _wrong("at", self.at, f"pty, tcp:PORT, rfc2217:PORT (up to {MAX_PORT}), wedge or hid")

    @property
    def prefix_bytes(self) -> bytes:
        """The prefix as it is sent. Raises ConfigError when it is no such text."""
        try:
            return self.prefix.encode("ascii").decode("unicode_escape").encode("latin-1")
        except (UnicodeError, ValueError) as error:
            raise _wrong("prefix", self.prefix, r"ASCII text, \xNN for a byte") from error


def _wrong(name: str, value: object, offered: str) -> ConfigError:
    return ConfigError(
        f"The scanner's {name} cannot be {value!r}.",
        cause="a slip in the bench file or in an option of `simulate scanner`",
        remedy=f"{name} is {offered}",
    )
