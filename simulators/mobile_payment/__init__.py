"""The mobile-payment centre (医保移动支付中心): orders, payment, notices and refunds under the signed envelope."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.bench.plugin import SimulatorContext
from simulators.mobile_payment.app import MobilePayment
from simulators.mobile_payment.mutants import MUTANTS, payment_for
from simulators.mobile_payment.settings import MobilePaymentSettings

__all__ = ["SIMULATOR"]


@dataclass(frozen=True)
class _MobilePaymentType:
    kind: str = "mobile-payment"
    settings: type[MobilePaymentSettings] = MobilePaymentSettings
    needs: tuple[str, ...] = ("voucher-centre", "platform")
    speaks_http: bool = True
    mutants: Mapping[str, str] = field(default_factory=lambda: MUTANTS)

    def create(self, context: SimulatorContext, settings: MobilePaymentSettings) -> MobilePayment:
        """A centre that is not started yet."""
        return payment_for(settings.mutant)(context, settings)


SIMULATOR = _MobilePaymentType()
