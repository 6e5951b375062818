"""The virtual scanner box (扫码墩): sees a picture, decodes it, and sends what it read on a serial or TCP line."""

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
