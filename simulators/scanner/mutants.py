"""Boxes with one known defect each: proof that the bench detects it.

A mutant is a right box of its family with one member replaced; every defect can be seen on the line alone.
"""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from harness.wire.scanner.symbologies import Ids, ids_of

if TYPE_CHECKING:
    from simulators.scanner.box import Conduct
    from simulators.scanner.optics import Sighting


class Mutant(StrEnum):
    """The defects, by name; `none` for a right box."""

    NONE = "none"
    DROPS_SUFFIX = "drops-suffix"
    DOUBLES_SCAN = "doubles-scan"
    IGNORES_LOCK_OUT = "ignores-lock-out"
    IGNORES_GOOD_READ_DELAY = "ignores-good-read-delay"
    NEVER_TIMES_OUT = "never-times-out"
    READS_WHILE_DISABLED = "reads-while-disabled"
    SWAPS_TWO_DIGITS = "swaps-two-digits"
    CUTS_LEADING_ZEROS = "cuts-leading-zeros"
    OLD_CODE_AFTER_ROTATION = "old-code-after-rotation"
    WRONG_ID = "wrong-id"
    WRONG_CHECKSUM = "wrong-checksum"
    DOES_WHAT_IT_REFUSES = "acknowledges-unknown"
    SCAN_BEFORE_ANSWER = "scan-before-answer"
    LOSES_SCAN_DURING_COMMAND = "loses-scan-during-command"
    FORGETS_PERMANENT = "forgets-permanent"
    KEEPS_TEMPORARY = "keeps-temporary"
    NEVER_SENDS_AGAIN = "never-sends-again"


MUTANTS: Mapping[str, str] = MappingProxyType(
    {
        Mutant.DROPS_SUFFIX: "scans leave without their suffix",
        Mutant.DOUBLES_SCAN: "every scan leaves twice",
        Mutant.IGNORES_LOCK_OUT: "the same code is read again at once",
        Mutant.IGNORES_GOOD_READ_DELAY: "the next code is read before the good-read delay is over",
        Mutant.NEVER_TIMES_OUT: "a decode session lasts until something is read",
        Mutant.READS_WHILE_DISABLED: "a disabled box reads on",
        Mutant.SWAPS_TWO_DIGITS: "the last two digits that differ change places",
        Mutant.CUTS_LEADING_ZEROS: "zeros at the beginning of a code are left out",
        Mutant.OLD_CODE_AFTER_ROTATION: "after a code has rotated in view, the one before it is sent",
        Mutant.WRONG_ID: "AIM id, one-letter id and type byte are those of another symbology",
        Mutant.WRONG_CHECKSUM: "packets and answers bear a checksum that is off by one",
        Mutant.DOES_WHAT_IT_REFUSES: "an unknown command, or a value out of range, is answered as done",
        Mutant.SCAN_BEFORE_ANSWER: "the scan that a trigger command leads to leaves before the command's answer",
        Mutant.LOSES_SCAN_DURING_COMMAND: "a code read while a command arrives is not sent",
        Mutant.FORGETS_PERMANENT: "permanent settings are lost at a power-off as well",
        Mutant.KEEPS_TEMPORARY: "temporary settings survive a power-off",
        Mutant.NEVER_SENDS_AGAIN: "a scan that the host did not acknowledge, or refused, is not sent again",
    }
)
"""What is wrong with each, in one line."""


def conduct_of(mutant: Mutant, conduct: "Conduct") -> "Conduct":
    """How the box behaves with its defect."""
    match mutant:
        case Mutant.IGNORES_LOCK_OUT:
            return replace(conduct, same_code_ms=0)
        case Mutant.IGNORES_GOOD_READ_DELAY:
            return replace(conduct, good_read_ms=0)
        case Mutant.NEVER_TIMES_OUT:
            return replace(conduct, session_ms=0)
        case Mutant.READS_WHILE_DISABLED:
            return replace(conduct, enabled=True)
        case _:
            return conduct


def sighting_of(mutant: Mutant, sighting: "Sighting", before: "Sighting | None") -> "Sighting":
    """What the box takes for having been read; `before` is the last code that it truly read."""
    match mutant:
        case Mutant.SWAPS_TWO_DIGITS:
            return _with_data(sighting, _swapped(sighting.data))
        case Mutant.CUTS_LEADING_ZEROS:
            return _with_data(sighting, sighting.data.lstrip(b"0") or b"0")
        case Mutant.OLD_CODE_AFTER_ROTATION if before is not None:
            return before
        case _:
            return sighting


def ids_for(mutant: Mutant, symbology: str) -> Ids:
    """The ids that the box gives a symbology."""
    if mutant is Mutant.WRONG_ID:
        return ids_of("qr" if symbology != "qr" else "code128")
    return ids_of(symbology)


def checked(mutant: Mutant, packet: bytes) -> bytes:
    """A packet with the checksum that the box gives it, which is its last byte and the one before."""
    if mutant is Mutant.WRONG_CHECKSUM and packet:
        return packet[:-1] + bytes([(packet[-1] + 1) & 0xFF])
    return packet


def _swapped(data: bytes) -> bytes:
    for at in range(len(data) - 1, 0, -1):
        if data[at] != data[at - 1]:
            return data[: at - 1] + bytes([data[at], data[at - 1]]) + data[at + 1 :]
    return data


def _with_data(sighting: "Sighting", data: bytes) -> "Sighting":
    return replace(sighting, data=data, text=data.decode("utf-8", errors="backslashreplace"))
