"""What can be set about a virtual scanner box, in the bench file and on the command line."""

from dataclasses import dataclass
from enum import StrEnum

from harness.errors import ConfigError
from harness.wire.scanner.framing import Suffix

FAMILIES = ("newland",)
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


@dataclass(frozen=True, kw_only=True)
class ScannerSettings:
    """The box and its line. Times of behaviour pass on the bench's clock, times on the line are real."""

    family: str = "newland"
    """The command dialect; newland is offered."""
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
    mode: Mode = Mode.SENSE
    """When the box looks: sense (as a pedestal), level, pulse or continuous."""
    same_code_ms: int = 1500
    """Same-code lock-out: the same code is not read again for so long, timed from its last read; 0 for none."""
    good_read_ms: int = 0
    """No two reads, of whatever codes, within so long; 0 for no delay."""
    session_ms: int = 3000
    """How long a triggered session waits for a code, 100 to 3600000; 0 for without end."""
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
