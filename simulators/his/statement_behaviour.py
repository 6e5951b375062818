"""What the adapter does in the day's reconciliation (3201, SL01) where vendors go wrong; the defaults are right.

Part of `Behaviour`.
"""

from collections.abc import Callable
from dataclasses import dataclass


def as_asked(day: str) -> str:
    """The day that is compared is the one that was asked for."""
    return day


def below_zero(fen: int) -> int:
    """Sums of refunds are below zero."""
    return -fen


def as_found(compared: str) -> str:
    """What came of it is told as it came."""
    return compared


@dataclass(frozen=True, kw_only=True)
class StatementBehaviour:
    """The choices of an adapter that compares its day with the platform's."""

    states_refunds: bool = True
    """Refunds are compared as well, apart from the settlements."""
    day: Callable[[str], str] = as_asked
    refunded: Callable[[int], int] = below_zero
    told: Callable[[str], str] = as_found
