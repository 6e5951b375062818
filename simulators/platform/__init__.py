"""The province's settlement platform: the institution interface (定点医药机构接口) over a ledger in fen."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.bench.plugin import SimulatorContext
from harness.errors import ConfigError
from harness.wire.profile import load_profile
from harness.wire.shanghai import SHANGHAI
from simulators.platform.app import Platform
from simulators.platform.app_workers import SharedPlatform
from simulators.platform.mutants import MUTANTS
from simulators.platform.settings import PlatformSettings

__all__ = ["SIMULATOR"]


@dataclass(frozen=True)
class _PlatformType:
    kind: str = "platform"
    settings: type[PlatformSettings] = PlatformSettings
    needs: tuple[str, ...] = ("voucher-centre", "phone", "terminal")
    """The terminal for Shanghai's front machine alone: it reads cards there."""
    speaks_http: bool = True
    mutants: Mapping[str, str] = field(default_factory=lambda: MUTANTS)

    def create(self, context: SimulatorContext, settings: PlatformSettings) -> Platform | SharedPlatform:
        """A platform that is not started yet.

        Raises ConfigError: unknown profile or mutant, workers on a bench clock or before Shanghai's front machine.
        """
        if settings.workers > 1:
            _demand_no_front_machine(context.profile)
            return SharedPlatform(context, settings)
        return Platform(context, settings)


def _demand_no_front_machine(profile: str) -> None:
    if load_profile(profile).protocol == SHANGHAI:
        raise ConfigError(
            f"The platform of profile {profile!r} serves from one process only.",
            cause="its front machine keeps the application numbers (jssqxh) of pre-settlements in memory, and a "
            "settlement may reach another process",
            remedy="leave out workers, or take another profile",
        )


SIMULATOR = _PlatformType()
