"""The settings of a Honeywell box and of a Mindeo one, as one table each, read by the simulator and the driver alike.

`source` says where a row comes from, as in the Newland table.
"""

from collections.abc import Mapping
from types import MappingProxyType

from harness.wire.scanner.newland_parameters import BAUDS, SWITCH, OneOf, Parameter, Source, Whole

TRIGGER_MODE = "TRGMOD"
SESSION_MS = "TRGSTO"
GOOD_READ_MS = "DLYGRD"
REREAD_MS = "DLYRRD"
ALL_ENABLE = "ALLENA"
BEEP_ENABLE = "BEPBEP"
HEADER = "DECHDR"
NO_READ = "SHWNRD"
BAUD = "232BAD"
ACKNOWLEDGE = "232ACK"
PREFIX, SUFFIX = "PREBK2", "SUFBK2"

PARAMETERS: Mapping[str, Parameter] = MappingProxyType(
    {
        row.tag: row
        for row in (
            Parameter(
                tag=TRIGGER_MODE,
                meaning="trigger mode: 0 manual or serial, 3 presentation",
                default="0",
                values=OneOf(values=("0", "3")),
            ),
            Parameter(
                tag=SESSION_MS,
                meaning="serial read time-out, ms; 0 for none",
                default="30000",
                values=Whole(least=0, most=300_000),
            ),
            Parameter(tag=GOOD_READ_MS, meaning="good-read delay, ms", default="0", values=Whole(least=0, most=30_000)),
            Parameter(
                tag=REREAD_MS,
                meaning="reread delay, ms",
                default="750",
                values=Whole(least=0, most=30_000),
                source=Source.DEFAULT_ASSUMED,
            ),
            Parameter(
                tag="TRGPMS",
                meaning="sensitivity in presentation mode, 0 the highest",
                default="1",
                values=Whole(least=0, most=20),
                source=Source.DEFAULT_ASSUMED,
            ),
            Parameter(tag="SCNLED", meaning="illumination", default="1", values=SWITCH, source=Source.DEFAULT_ASSUMED),
            Parameter(
                tag="SCNAIM",
                meaning="aiming light: 0 off, 2 on",
                default="2",
                values=OneOf(values=("0", "2")),
                source=Source.DEFAULT_ASSUMED,
            ),
            Parameter(
                tag=BEEP_ENABLE,
                meaning="beep on a good read",
                default="1",
                values=SWITCH,
                source=Source.DEFAULT_ASSUMED,
            ),
            Parameter(tag=ALL_ENABLE, meaning="all symbologies", default="1", values=SWITCH),
            Parameter(
                tag="TERMID", meaning="what the box is plugged into", default="0", values=Whole(least=0, most=999)
            ),
            Parameter(tag=HEADER, meaning="a scan is a packet with a header", default="0", values=SWITCH),
            Parameter(
                tag=NO_READ, meaning="NR when nothing was read", default="0", values=SWITCH, source=Source.ASSUMED
            ),
            Parameter(
                tag=BAUD,
                meaning="speed of the line: 0 = 300 to 8 = 57600, 9 = 115200",
                default="9",
                values=OneOf(values=tuple(str(number) for number in range(len(BAUDS)))),
            ),
            Parameter(
                tag="232WRD",
                meaning="word on the line: 2 for 8N1",
                default="2",
                values=Whole(least=0, most=14),
                source=Source.DEFAULT_ASSUMED,
            ),
            Parameter(
                tag=ACKNOWLEDGE,
                meaning="the host acknowledges each scan",
                default="0",
                values=SWITCH,
                source=Source.ASSUMED,
            ),
            Parameter(tag="CBRENA", meaning="Codabar", default="1", values=SWITCH),
            Parameter(tag="CBRSSX", meaning="Codabar's start and stop", default="0", values=SWITCH),
            Parameter(
                tag="CBRMIN",
                meaning="Codabar's least length",
                default="4",
                values=Whole(least=2, most=60),
                source=Source.ASSUMED,
            ),
            Parameter(
                tag="CBRMAX",
                meaning="Codabar's most length",
                default="60",
                values=Whole(least=2, most=60),
                source=Source.ASSUMED,
            ),
        )
    }
)
"""Every plain setting by its tag."""

MODES_AT_ONCE: Mapping[str, str] = MappingProxyType({"PAPHHF": "0", "PAPHHS": "0", "PAPPST": "3", "PAPPM3": "3"})
"""Commands without data that set the trigger mode: manual normal and enhanced, presentation, for phones."""
DEFAULTS = "DEFALT"
INTERFACE_DEFAULTS = "PAP232"
"""Action: an RS-232 line at 115200 8N1, CR LF after each scan, manual trigger."""
BEEP_NOW = "BEPEXE"
REVISION = "REVINF"
SUFFIX_CR = "VSUFCR"
CLEAR_PREFIXES, CLEAR_SUFFIXES = "PRECA2", "SUFCA2"
ALL_SYMBOLOGIES = "99"
"""Stands before the bytes of a prefix or suffix, two hex digits: for every symbology."""
LETTER_ESCAPE, AIM_ESCAPE = b"\x5c\x80", b"\x5c\x81"
"""Within a prefix: the one-letter id, the AIM id (assumed)."""

MINDEO_MODE = "0401"
MINDEO: Mapping[str, Parameter] = MappingProxyType(
    {
        row.tag: row
        for row in (
            Parameter(
                tag=MINDEO_MODE,
                meaning="trigger mode: 05 host; assumed: 01 level, 02 sense, 03 continuous, 04 pulse, 06 presentation",
                default="01",
                values=OneOf(values=("01", "02", "03", "04", "05", "06")),
                source=Source.DEFAULT_ASSUMED,
            ),
            Parameter(
                tag="0402",
                meaning="same-code lock-out, tenths of a second",
                default="07",
                values=Whole(least=0, most=99),
                source=Source.ASSUMED,
            ),
            Parameter(
                tag="0403",
                meaning="decode session, seconds; 00 for without end",
                default="10",
                values=Whole(least=0, most=99),
                source=Source.ASSUMED,
            ),
            Parameter(tag="0404", meaning="reads at all", default="01", values=OneOf(values=("00", "01")),
                      source=Source.ASSUMED),
            Parameter(
                tag="0405",
                meaning="suffix: 00 none, 01 CR, 02 LF, 03 CR LF, 04 TAB",
                default="01",
                values=OneOf(values=("00", "01", "02", "03", "04")),
                source=Source.ASSUMED,
            ),
        )
    }
)  # fmt: skip
"""A Mindeo box: few of its numbers are published, so most are our own choice."""
MINDEO_REREAD, MINDEO_SESSION, MINDEO_ENABLE, MINDEO_SUFFIX = "0402", "0403", "0404", "0405"
