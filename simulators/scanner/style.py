"""How a box's scans look on the line, and the settings behind it: what every dialect keeps alike."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from simulators.scanner.mutants import Mutant, ids_for
from simulators.scanner.optics import Sighting
from simulators.scanner.settings import LockOut, ScannerSettings


@dataclass(frozen=True, kw_only=True)
class ScanStyle:
    """Prefix, one-letter id, AIM id, data, suffix: in this order, the ids if they are on."""

    prefix: bytes = b""
    suffix: bytes = b""
    letter: bool = False
    aim: bool = False
    mutant: Mutant = Mutant.NONE

    def frame(self, decoded: Sighting) -> bytes:
        """A scan as it leaves on a line."""
        return self.prefix + self.ids(decoded) + decoded.data + self.end

    def ids(self, decoded: Sighting) -> bytes:
        """The ids before the data."""
        ids = ids_for(self.mutant, decoded.symbology)
        return (ids.letter if self.letter else b"") + (ids.aim if self.aim else b"")

    @property
    def end(self) -> bytes:
        """What ends a scan."""
        return b"" if self.mutant is Mutant.DROPS_SUFFIX else self.suffix


def style_of(settings: ScannerSettings) -> ScanStyle:
    """The style of the bench file."""
    return ScanStyle(
        prefix=settings.prefix_bytes,
        suffix=settings.suffix.sent,
        letter=settings.code_id,
        aim=settings.aim_id,
        mutant=settings.mutant,
    )


def configured_style(style: ScanStyle, wanted: ScannerSettings, names: frozenset[str]) -> ScanStyle:
    """The style with what a configuration names taken from `wanted`."""
    fresh = style_of(wanted)
    fields = {"prefix": "prefix", "suffix": "suffix", "code_id": "letter", "aim_id": "aim"}
    return replace(style, **{field: getattr(fresh, field) for name, field in fields.items() if name in names})


def absent_lock_out(lock_out: LockOut, *, usual: bool) -> bool:
    """Whether the same-code lock-out counts from the code's leaving the view."""
    return usual if lock_out is LockOut.USUAL else lock_out is LockOut.ABSENT


class Store:
    """Settings as text, by the family's names: the current ones and those that survive a power-off."""

    def __init__(self, initial: Mapping[str, str], factory: Mapping[str, str], mutant: Mutant) -> None:
        self._initial = dict(initial)
        self._factory = dict(factory)
        self._permanent = dict(initial)
        self._mutant = mutant
        self.values = dict(initial)

    def set(self, name: str, value: str, *, permanent: bool) -> None:
        """Change a setting."""
        self.values[name] = value
        if permanent:
            self._permanent[name] = value

    def save(self) -> None:
        """Make all settings permanent."""
        self._permanent = dict(self.values)

    def restart(self) -> None:
        """What is temporary is lost."""
        match self._mutant:
            case Mutant.KEEPS_TEMPORARY:
                return
            case Mutant.FORGETS_PERMANENT:
                self._permanent = dict(self._initial)
        self.values = dict(self._permanent)

    def factory(self, *, permanent: bool = True) -> None:
        """All settings as the factory has them."""
        self.values = dict(self._factory)
        if permanent:
            self._permanent = dict(self._factory)
