"""The province's settlement platform: the institution interface (定点医药机构接口) over a ledger in fen."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.bench.plugin import SimulatorContext
from simulators.platform.app import Platform
from simulators.platform.app_workers import SharedPlatform
from simulators.platform.mutants import MUTANTS
from simulators.platform.settings import PlatformSettings

__all__ = ["SIMULATOR"]


@dataclass(frozen=True)
class _PlatformType:
    kind: str = "platform"
    settings: type[PlatformSettings] = PlatformSettings
    needs: tuple[str, ...] = ("voucher-centre", "phone")
    mutants: Mapping[str, str] = field(default_factory=lambda: MUTANTS)

    def create(self, context: SimulatorContext, settings: PlatformSettings) -> Platform | SharedPlatform:
        """A platform that is not started yet.

        Raises ConfigError: unknown profile or mutant, or workers on a bench clock.
        """
        if settings.workers > 1:
            return SharedPlatform(context, settings)
        return Platform(context, settings)


SIMULATOR = _PlatformType()
