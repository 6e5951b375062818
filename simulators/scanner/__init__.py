"""The virtual scanner box (扫码墩): sees a picture, decodes it, and sends what it read on its line.

The parts, each of which knows nothing of the next:

    optics      a picture in, a `Sighting` (symbology, data) or `Unreadable` out
    box         the behaviour, once for all: trigger modes, sessions, lock-outs; calls `deliver(sighting)`
    dialect     `Dialect`, one a family: settings, commands in, answers and scans out; bytes only, no line, no clock.
                `feed(data) -> list[Action]`, `scan_data(sighting) -> bytes`, `deliver(sighting) -> list[Action]`;
                made by `families.make_dialect(settings)` for the setting `family`
    outlet      `DeviceLine`, what any attachment offers (start, send, record, put, discard, unplug, replug, stop), and
                the queue before it, which keeps order and pace
    simulator   puts them together: bytes from the line go to `dialect.feed`, its actions to the box and the outlet

A new attachment is a `DeviceLine` and a case in `simulator._line`; it never needs to know the family. One that does not
send a flat stream (HID reports) gets whole frames in `record`/`put`, and finds AIM and code ids by symbology in
`harness.wire.scanner.symbologies`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.bench.plugin import SimulatorContext
from simulators.scanner.mutants import MUTANTS, Mutant
from simulators.scanner.settings import ScannerSettings
from simulators.scanner.simulator import VirtualScanner

UNSEEN: Mapping[str, frozenset[str]] = {
    "newland": frozenset({Mutant.WRONG_CHECKSUM, Mutant.NEVER_SENDS_AGAIN}),
    "honeywell": frozenset({Mutant.WRONG_CHECKSUM, Mutant.SCAN_BEFORE_ANSWER}),
    "mindeo": frozenset({Mutant.WRONG_CHECKSUM, Mutant.SCAN_BEFORE_ANSWER, Mutant.NEVER_SENDS_AGAIN}),
    "register": frozenset({Mutant.NEVER_SENDS_AGAIN}),
    "letters": frozenset(
        {
            Mutant.WRONG_CHECKSUM, Mutant.SCAN_BEFORE_ANSWER, Mutant.NEVER_SENDS_AGAIN, Mutant.DOES_WHAT_IT_REFUSES,
            Mutant.FORGETS_PERMANENT,
        }
    ),
}  # fmt: skip
"""By family, the defects that its boxes cannot have: without checksums, acknowledgements, answered triggers, answers of
refusal, or permanent settings there is nothing to be wrong. SSI has all of them."""


@dataclass(frozen=True)
class ScannerType:
    """The kind `scanner`, as the bench finds it by entry point."""

    kind: str = "scanner"
    settings: type[ScannerSettings] = ScannerSettings
    needs: tuple[str, ...] = ()
    mutants: Mapping[str, str] = field(default_factory=lambda: MUTANTS)

    def mutants_of(self, settings: ScannerSettings) -> Mapping[str, str]:
        """The mutants whose defect can be seen from outside on a box that is set so."""
        unseen = UNSEEN.get(settings.family, frozenset())
        return {name: text for name, text in self.mutants.items() if name not in unseen}

    def create(self, context: SimulatorContext, settings: ScannerSettings) -> VirtualScanner:
        """A box that is not started yet. Raises ConfigError for settings that cannot be."""
        return VirtualScanner(context, settings)


SIMULATOR = ScannerType()
