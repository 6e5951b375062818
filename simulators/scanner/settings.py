"""What can be set about a virtual scanner box, in the bench file and on the command line."""

from dataclasses import dataclass
from enum import StrEnum

from harness.errors import ConfigError
from harness.wire.scanner.framing import Suffix
from simulators.scanner.mutants import Mutant

FAMILIES = ("newland", "honeywell", "mindeo", "ssi", "register", "letters")
"""The command dialects that are offered."""


class LineKind(StrEnum):
    """What the box is plugged into."""

    PTY = "pty"
    TCP = "tcp"


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
    """pty: a serial port of this machine; tcp: a TCP line."""
    link: str | None = None
    """A path at which the pty is published under a stable name."""
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
    """The line's speed, for `pace`."""
    pace: bool = False
    """Whether bytes take the time that the wire would take."""
    formats: str = "qr,code128"
    """The symbologies that are read, parted by commas: qr, code128."""
    rotate: bool = True
    """Whether codes on their side are read."""
    downscale: bool = True
    """Whether a picture is also tried at lower resolution."""
    invert: bool = False
    """Whether light-on-dark codes (dark mode) are read; real boxes ship with this off."""
    show: str | None = None
    """A picture that is in view from the start, or a folder of them: each trigger brings the next one into view."""

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
        if not 50 <= self.baud <= 4_000_000:
            raise _wrong("baud", self.baud, "50 to 4000000")
        if not 0.001 <= self.response_s <= 3600:
            raise _wrong("response_s", self.response_s, "0.001 to 3600 s")
        if not 1 <= self.tries <= 100:
            raise _wrong("tries", self.tries, "1 to 100")
        if len(self.prefix_bytes) > 11:
            raise _wrong("prefix", self.prefix, "at most 11 bytes")

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
