"""The book of a family of scanner boxes: its settings, its commands, and what its boxes refuse."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.devices.scanner_family import Family
from harness.judge.scanner_commands import DONE
from harness.scenarios.scanner_spelling import Settings, Wish, spell


@dataclass(frozen=True, kw_only=True)
class Told:
    """Bytes for the box, and how it has to answer them."""

    what: str
    raw: bytes
    said: tuple[str, ...] = (DONE,)


@dataclass(frozen=True, kw_only=True)
class Book:
    """One family."""

    family: Family
    modes: Mapping[str, Settings] = field(default_factory=dict)
    """By mode: `watch` reads whatever comes into view, `trigger` waits for the host's trigger."""
    enable: Told | Settings | None = None
    disable: Told | Settings | None = None
    commands: tuple[Told, ...] = ()
    """Commands that change nothing of how the box reads, each with its answer."""
    refused: Mapping[str, tuple[Told, ...]] = field(default_factory=dict)
    """By kind: `unknown`, `out-of-range`, `checksum`, `no-command`, `cut-short`."""
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Every setting with some of its values, the edges among them; without those of the line itself."""
    sample: tuple[str, str, str] | None = None
    """A harmless setting and two of its values."""
    listens: bool = True
    """Whether the box takes commands at all; one that types as a keyboard does not."""
    readable: bool = True
    """Whether settings can be asked for."""
    restart: Told | None = None
    factory: Told | None = None
    acknowledged: Mapping[str, bool] = field(default_factory=dict)
    """What to set so that the host has to acknowledge scans."""
    acknowledge: bytes | None = None
    """What a host acknowledges a scan with; None where scans are not acknowledged."""
    want_again: bytes = b""
    """What a host says to have a scan again."""

    @property
    def longest(self) -> Told:
        """The longest command that is answered, or is longer than a byte."""
        return max(self.commands, key=lambda told: len(told.raw))

    def spell(self, name: str, value: Wish, form: Mapping[str, Wish]) -> Settings | None:
        """A setting of the bench in the family's own words; `form` is how scans look otherwise."""
        if not self.listens:
            return None
        return spell(self.family, name, value, form)


def keyboard_book(family: Family) -> Book:
    """A box of a family that is plugged in as a keyboard: it is set up by barcodes alone."""
    return Book(family=family, listens=False)
