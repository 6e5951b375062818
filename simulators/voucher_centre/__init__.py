"""The voucher centre (电子凭证管理中心): issues codes and tokens, decodes scans, has payments confirmed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.bench.plugin import SimulatorContext
from simulators.voucher_centre.app import VoucherCentre
from simulators.voucher_centre.mutants import MUTANTS
from simulators.voucher_centre.settings import VoucherCentreSettings

__all__ = ["SIMULATOR"]


@dataclass(frozen=True)
class _VoucherCentreType:
    kind: str = "voucher-centre"
    settings: type[VoucherCentreSettings] = VoucherCentreSettings
    needs: tuple[str, ...] = ("phone", "terminal")
    speaks_http: bool = True
    mutants: Mapping[str, str] = field(default_factory=lambda: MUTANTS)

    def create(self, context: SimulatorContext, settings: VoucherCentreSettings) -> VoucherCentre:
        """A centre that is not started yet."""
        return VoucherCentre(context, settings)


SIMULATOR = _VoucherCentreType()
