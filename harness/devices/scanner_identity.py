"""Asking a box who it is, without knowing its family: each family's own question in turn, the likeliest first.

The questions change nothing in a box of another family as far as is published, except that single letters can mean
something to any box; so those are asked last, and only boxes of their makers or unknown ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from harness.devices.scanner import NoAnswer, Refused, Scanner
from harness.devices.scanner_family import Family
from harness.errors import PeerViolation
from harness.line.address import Address, Scheme
from harness.line.serial_format import SerialFormat

BAUDS = (9600, 115200)
"""The speeds that makers ship boxes with."""
_ASKED = (Family.NEWLAND, Family.HONEYWELL, Family.SSI, Family.LETTERS)


@dataclass(frozen=True, kw_only=True)
class Introduction:
    """What a box answered, in which family and at which speed."""

    family: Family
    baud: int
    text: str


def ask(where: Address, *, likely: Family | None = None) -> Introduction | None:
    """Who is at an address; None when nobody answers in any family that can be asked.

    Raises Disconnected when the line cannot be had, ConfigError when it is no line of a box.
    """
    for family, baud in _turns(where, likely):
        try:
            with Scanner.open(where, family=family, wire=SerialFormat(baud=baud)) as scanner:
                if family is Family.SSI:
                    scanner.wake()
                return Introduction(family=family, baud=baud, text=scanner.identify())
        except NoAnswer:
            continue
        except PeerViolation:
            continue  # it answered something else: another family
        except Refused:
            continue
    return None


def _turns(where: Address, likely: Family | None) -> Iterator[tuple[Family, int]]:
    families = sorted(_ASKED, key=lambda family: (family is not likely, _ASKED.index(family)))
    for family in families:
        for baud in BAUDS if where.scheme in {Scheme.SERIAL, Scheme.RFC2217, Scheme.VISA} else BAUDS[:1]:
            yield family, baud
