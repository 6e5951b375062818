"""The command families of scanner boxes by their names, and the dialect of each."""

from enum import StrEnum

from harness.devices.scanner_dialects.dialect import FamilyDialect
from harness.devices.scanner_dialects.honeywell import HoneywellDialect
from harness.devices.scanner_dialects.letters import LettersDialect
from harness.devices.scanner_dialects.newland import NewlandDialect
from harness.devices.scanner_dialects.register import RegisterDialect
from harness.devices.scanner_dialects.ssi import SsiDialect
from harness.wire.scanner.framing import ScanFraming


class Family(StrEnum):
    """The command families."""

    NEWLAND = "newland"
    HONEYWELL = "honeywell"
    MINDEO = "mindeo"
    """Frames as Honeywell, with numbers for tags."""
    SSI = "ssi"
    REGISTER = "register"
    LETTERS = "letters"


def family_dialect(family: Family, framing: ScanFraming) -> FamilyDialect:
    """The dialect of a family."""
    match family:
        case Family.NEWLAND:
            return NewlandDialect(framing)
        case Family.HONEYWELL | Family.MINDEO:
            return HoneywellDialect(framing, mindeo=family is Family.MINDEO)
        case Family.SSI:
            return SsiDialect(framing)
        case Family.REGISTER:
            return RegisterDialect(framing)
        case Family.LETTERS:
            return LettersDialect(framing)
