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

from dataclasses import dataclass

from harness.bench.plugin import SimulatorContext
from simulators.scanner.settings import ScannerSettings
from simulators.scanner.simulator import VirtualScanner


@dataclass(frozen=True)
class ScannerType:
    """The kind `scanner`, as the bench finds it by entry point."""

    kind: str = "scanner"
    settings: type[ScannerSettings] = ScannerSettings
    needs: tuple[str, ...] = ()

    def create(self, context: SimulatorContext, settings: ScannerSettings) -> VirtualScanner:
        """A box that is not started yet. Raises ConfigError for settings that cannot be."""
        return VirtualScanner(context, settings)


SIMULATOR = ScannerType()
