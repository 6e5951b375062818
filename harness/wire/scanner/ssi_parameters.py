"""The parameters of an SSI decoder, read by the simulator and the driver alike. Values are one byte.

`source` says where a row comes from, as in the Newland table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from harness.wire.scanner.newland_parameters import Source


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A parameter: number, meaning, factory value, and the values that it takes."""

    number: int
    meaning: str
    default: int
    values: frozenset[int]
    source: Source = Source.CONFIRMED


SESSION, SAME_CODE, TRIGGER_MODE = 136, 137, 138
RESPONSE_TIMEOUT, STOP_BITS, BAUD, PARITY, HANDSHAKE = 155, 157, 156, 158, 159
PACKETED = 238
DECODE_EVENT, BOOT_EVENT, PARAMETER_EVENT = 256, 258, 259
GOOD_READ, HANDS_FREE = 144, 400
BEEP, AIM_ID = 56, 45
CLONE = 768
CLONE_RESET, CLONE_INTERFACE, CLONE_SUFFIX = CLONE + 0xFF, CLONE + 1, CLONE + 5
"""The private group of Chinese boxes, `F2` and an index; index FF value 0 puts the box to its factory defaults."""

BAUDS: Mapping[int, int] = MappingProxyType({5: 4800, 6: 9600, 7: 19200, 8: 38400, 9: 57600, 10: 115200})
CLONE_SUFFIXES: Mapping[int, bytes] = MappingProxyType({0: b"", 1: b"\r\n", 2: b"\r", 3: b"\t", 4: b"\r\r", 5: b"\n"})
"""By value of the clones' suffix; the numbering is assumed, and 5 a line feed."""

_SWITCH = frozenset({0, 1})

PARAMETERS: Mapping[int, Parameter] = MappingProxyType(
    {
        row.number: row
        for row in (
            Parameter(
                number=TRIGGER_MODE,
                meaning="0 level, 2 pulse, 4 continuous, 7 presentation, 8 host, 9 auto-sense",
                default=7,
                values=frozenset({0, 2, 4, 7, 8, 9}),
            ),
            Parameter(number=SESSION, meaning="decode session, 0.1 s", default=99, values=frozenset(range(5, 100))),
            Parameter(
                number=SAME_CODE,
                meaning="same-symbol time-out, 0.1 s: absent for so long",
                default=5,
                values=frozenset(range(100)),
            ),
            Parameter(
                number=GOOD_READ,
                meaning="time-out between any two symbols, 0.1 s",
                default=0,
                values=frozenset(range(100)),
                source=Source.ASSUMED,
            ),
            Parameter(
                number=HANDS_FREE,
                meaning="hands-free session; kept, without effect here",
                default=15,
                values=frozenset(range(256)),
            ),
            Parameter(number=BAUD, meaning="speed of the line, by number", default=6, values=frozenset(BAUDS)),
            Parameter(
                number=PARITY,
                meaning="parity of the line",
                default=4,
                values=frozenset(range(5)),
                source=Source.DEFAULT_ASSUMED,
            ),
            Parameter(
                number=STOP_BITS,
                meaning="stop bits",
                default=1,
                values=frozenset({1, 2}),
                source=Source.DEFAULT_ASSUMED,
            ),
            Parameter(
                number=RESPONSE_TIMEOUT,
                meaning="host response time-out, 0.1 s",
                default=20,
                values=frozenset(range(1, 100)),
            ),
            Parameter(
                number=HANDSHAKE,
                meaning="packets are acknowledged",
                default=1,
                values=_SWITCH,
                source=Source.ASSUMED,
            ),
            Parameter(number=PACKETED, meaning="scans leave in packets", default=0, values=_SWITCH),
            Parameter(number=DECODE_EVENT, meaning="an event for each decode", default=0, values=_SWITCH),
            Parameter(number=BOOT_EVENT, meaning="an event at start", default=0, values=_SWITCH),
            Parameter(number=PARAMETER_EVENT, meaning="an event for defaults set", default=0, values=_SWITCH),
            Parameter(
                number=BEEP, meaning="beep on a good read", default=1, values=_SWITCH, source=Source.DEFAULT_ASSUMED
            ),
            Parameter(
                number=AIM_ID,
                meaning="before the data: 0 nothing, 1 the AIM id, 2 the one-letter id",
                default=0,
                values=frozenset({0, 1, 2}),
                source=Source.DEFAULT_ASSUMED,
            ),
            Parameter(
                number=CLONE_INTERFACE,
                meaning="0 UART, 1 keyboard, 2 USB-COM; a virtual box stays where it is",
                default=0,
                values=frozenset({0, 1, 2}),
            ),
            Parameter(
                number=CLONE_SUFFIX,
                meaning="suffix of raw scans",
                default=0,
                values=frozenset(CLONE_SUFFIXES),
                source=Source.DEFAULT_ASSUMED,
            ),
        )
    }
)
"""Every parameter by its number."""
