"""The phone of insured people (参保人手机): rotating voucher codes, payment prompts, notices, and pages to look at."""

from harness.bench.plugin import SimulatorContext
from simulators.phone.settings import PhoneSettings
from simulators.phone.simulator import Phone

__all__ = ["SIMULATOR", "Phone", "PhoneSettings", "PhoneType"]


class PhoneType:
    """How a bench makes phones."""

    kind = "phone"
    settings = PhoneSettings
    needs = ("voucher-centre",)
    speaks_http = True

    def create(self, context: SimulatorContext, settings: PhoneSettings) -> Phone:
        """A phone that is not started yet."""
        return Phone(context, settings)


SIMULATOR = PhoneType()
