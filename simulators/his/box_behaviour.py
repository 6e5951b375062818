"""What the adapter does with Alipay's IoT box where vendors go wrong; the defaults are right. Part of `Behaviour`."""

from collections.abc import Callable
from dataclasses import dataclass

from simulators.his.journal import Amounts


def fund_and_account(amounts: Amounts) -> int:
    """The insurance pays what the fund and the personal account pay."""
    return amounts.fund + amounts.account


@dataclass(frozen=True, kw_only=True)
class BoxBehaviour:
    """The choices of an adapter at a counter with a box."""

    medical: Callable[[Amounts], int] = fund_and_account
    """medicalFee of the result."""
    heeds_refusals: bool = True
    """A scan that the centre refuses ends it."""
