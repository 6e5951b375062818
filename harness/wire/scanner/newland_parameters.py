"""The settings of a Newland box as one table, read by the simulator and the driver alike.

`source` says where a row comes from: the maker's manual or working published code (confirmed), or nowhere yet
(assumed): those are our own choice, spelled as the maker's other tags are, and to be checked against a real box.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from harness.wire.scanner.symbologies import SYMBOLOGIES


class Source(StrEnum):
    """How well a row of the table is known."""

    CONFIRMED = "confirmed"
    """Tag and values are published."""
    DEFAULT_ASSUMED = "default-assumed"
    """Tag and values are published; the factory value is our choice."""
    ASSUMED = "assumed"
    """Neither is published: our choice."""


@dataclass(frozen=True, kw_only=True)
class Whole:
    """A whole number between two bounds, both included; `also` names single values beside them."""

    least: int
    most: int
    also: tuple[int, ...] = ()

    def accepts(self, data: str) -> bool:
        """Whether the box takes this value."""
        if not (data.isascii() and data.isdigit() and len(data) <= 9):
            return False
        return self.least <= int(data) <= self.most or int(data) in self.also

    def __str__(self) -> str:
        return "".join(f"{value}," for value in self.also) + f"{self.least}-{self.most}"


@dataclass(frozen=True, kw_only=True)
class OneOf:
    """One of some values."""

    values: tuple[str, ...]

    def accepts(self, data: str) -> bool:
        """Whether the box takes this value."""
        return data in self.values

    def __str__(self) -> str:
        return ",".join(self.values)


@dataclass(frozen=True, kw_only=True)
class HexBytes:
    """Bytes spelled in pairs of hex digits, at most so many bytes."""

    most: int

    def accepts(self, data: str) -> bool:
        """Whether the box takes this value."""
        return (
            len(data) % 2 == 0 and 0 < len(data) <= 2 * self.most and all(c in "0123456789ABCDEFabcdef" for c in data)
        )

    def __str__(self) -> str:
        return f"1-{self.most} bytes in hex"


Values = Whole | OneOf | HexBytes
SWITCH = OneOf(values=("0", "1"))


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A setting of the box: its tag (three letters and three of the sub-tag), meaning, factory value and range."""

    tag: str
    meaning: str
    default: str
    values: Values
    source: Source = Source.CONFIRMED


SCAN_MODE = "SCNMOD"
SCAN_ENABLE = "SCNENA"
REREAD_ENABLE = "RRDENA"
REREAD_MS = "RRDDUR"
GOOD_READ_ENABLE = "GRDENA"
GOOD_READ_MS = "GRDDUR"
ONE_READ_MS = "ORTSET"
CODE_ID = "CIDENA"
SUFFIX_ENABLE = "TSUENA"
SUFFIX_SET = "TSUSET"
PREFIX_ENABLE = "CPRENA"
PREFIX_SET = "CPRSET"
AIM_ID = "AIDENA"
BEEP_ENABLE = "GRBENA"
BAUD = "232BAD"

BAUDS = (300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
"""The speeds by number, as the Honeywell family counts them; assumed for Newland."""

PARAMETERS: Mapping[str, Parameter] = MappingProxyType(
    {
        row.tag: row
        for row in (
            Parameter(
                tag=SCAN_MODE,
                meaning="trigger mode: 0 level, 2 sense, 3 continuous, 4 pulse",
                default="2",
                values=OneOf(values=("0", "2", "3", "4")),
                source=Source.DEFAULT_ASSUMED,
            ),
            Parameter(tag=SCAN_ENABLE, meaning="reads at all", default="1", values=SWITCH),
            Parameter(
                tag=REREAD_ENABLE,
                meaning="same-code lock-out on",
                default="1",
                values=SWITCH,
                source=Source.DEFAULT_ASSUMED,
            ),
            Parameter(
                tag=REREAD_MS,
                meaning="same-code lock-out, ms",
                default="1500",
                values=Whole(least=1, most=3_600_000),
                source=Source.DEFAULT_ASSUMED,
            ),
            Parameter(
                tag=GOOD_READ_ENABLE,
                meaning="delay between any two reads on",
                default="0",
                values=SWITCH,
                source=Source.DEFAULT_ASSUMED,
            ),
            Parameter(
                tag=GOOD_READ_MS,
                meaning="delay between any two reads, ms",
                default="500",
                values=Whole(least=1, most=3_600_000),
                source=Source.DEFAULT_ASSUMED,
            ),
            Parameter(
                tag=ONE_READ_MS,
                meaning="one-read time-out of a decode session, ms; 0 for none",
                default="3000",
                values=Whole(least=100, most=3_600_000, also=(0,)),
            ),
            Parameter(
                tag=CODE_ID,
                meaning="code id before the data",
                default="0",
                values=SWITCH,
                source=Source.DEFAULT_ASSUMED,
            ),
            Parameter(tag=AIM_ID, meaning="AIM id before the data", default="0", values=SWITCH, source=Source.ASSUMED),
            Parameter(
                tag=BAUD,
                meaning="speed of the line, by number; after all other commands",
                default="5",
                values=OneOf(values=tuple(str(number) for number in range(len(BAUDS)))),
                source=Source.ASSUMED,
            ),
            Parameter(
                tag="INTERF",
                meaning="what the box is plugged into; a virtual one stays where it is",
                default="0",
                values=Whole(least=0, most=9),
                source=Source.ASSUMED,
            ),
            Parameter(
                tag=SUFFIX_ENABLE, meaning="terminating suffix on", default="1", values=SWITCH, source=Source.ASSUMED
            ),
            Parameter(
                tag=SUFFIX_SET,
                meaning="terminating suffix",
                default="0D",
                values=HexBytes(most=2),
                source=Source.ASSUMED,
            ),
            Parameter(tag=PREFIX_ENABLE, meaning="custom prefix on", default="0", values=SWITCH, source=Source.ASSUMED),
            Parameter(
                tag=PREFIX_SET, meaning="custom prefix", default="02", values=HexBytes(most=11), source=Source.ASSUMED
            ),
            Parameter(
                tag="ILLSCN",
                meaning="illumination while reading",
                default="1",
                values=SWITCH,
                source=Source.DEFAULT_ASSUMED,
            ),
            Parameter(tag="AMLENA", meaning="aiming light", default="1", values=SWITCH, source=Source.DEFAULT_ASSUMED),
            Parameter(
                tag="GRBENA", meaning="beep on a good read", default="1", values=SWITCH, source=Source.DEFAULT_ASSUMED
            ),
            Parameter(
                tag="GRBVLL",
                meaning="loudness of the beep",
                default="20",
                values=Whole(least=1, most=20),
                source=Source.DEFAULT_ASSUMED,
            ),
            Parameter(
                tag="EXPLVL",
                meaning="exposure; 2 for screens",
                default="2",
                values=Whole(least=0, most=3),
                source=Source.DEFAULT_ASSUMED,
            ),
        )
    }
)
"""Every setting by its tag."""

TRIGGER = "SCNTRG"
"""Action: 1 starts a decode session, 0 ends it."""
SYSTEM_INFO = "QRYSYS"
"""Action: who the box is; the layout of the answer is assumed."""
FACTORY_DEFAULTS = "FACDEF"
"""Action: all settings to their factory values; the tag is assumed."""
REBOOT = "REBOOT"
"""Action: restart; temporary settings are lost."""

HEALTH = "DEVQRY"
"""Action, asked with `*`: how the box is; the text of the answer is assumed."""
SENSOR_SIZE = "IMGGWH"
"""Action: the sensor's width and height, answered as `752W480H`."""

CODE_IDS: Mapping[str, bytes] = MappingProxyType({name: ids.letter for name, ids in SYMBOLOGIES.items()})
"""The letter that `CIDENA1` puts before the data, by symbology; assumed to be the common one."""
