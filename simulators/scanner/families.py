"""The registry of command dialects, by the setting `family`."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from simulators.scanner.dialect import Dialect
from simulators.scanner.honeywell import HoneywellDialect
from simulators.scanner.letters import LettersDialect
from simulators.scanner.mindeo import MindeoDialect
from simulators.scanner.newland import NewlandDialect
from simulators.scanner.register import RegisterDialect
from simulators.scanner.settings import FAMILIES, ScannerSettings
from simulators.scanner.ssi import SsiDialect

DIALECTS: Mapping[str, Callable[[ScannerSettings], Dialect]] = MappingProxyType(
    {
        "newland": NewlandDialect,
        "honeywell": HoneywellDialect,
        "mindeo": MindeoDialect,
        "ssi": SsiDialect,
        "register": RegisterDialect,
        "letters": LettersDialect,
    }
)
assert tuple(DIALECTS) == FAMILIES


def make_dialect(settings: ScannerSettings) -> Dialect:
    """A new box of the family that the settings name, with them as its permanent ones."""
    return DIALECTS[settings.family](settings)
