"""What the adapter does in Shanghai's protocol at the points where vendors go wrong; the defaults are right.

Part of `Behaviour`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from simulators.his.journal import Amounts


def as_profiled(charset: str) -> str:
    """Requests are in the charset that the profile gives."""
    return charset


def whole_total(amounts: Amounts) -> int:
    """A refund states the total of what it refunds."""
    return amounts.total


def newest(numbers: list[str]) -> str:
    """A settlement names the application number of its own pre-settlement."""
    return numbers[-1]


def as_it_is(members: dict[str, object]) -> dict[str, object]:
    """Everything that is due is said."""
    return members


@dataclass(frozen=True, kw_only=True)
class ShanghaiBehaviour:
    """The choices of an adapter in Shanghai."""

    charset: Callable[[str], str] = as_profiled
    refund_total: Callable[[Amounts], int] = whole_total
    application: Callable[[list[str]], str] = newest
    """Which of all numbers that were ever given, in their order, a settlement names; its own is the last."""
    content: Callable[[dict[str, object]], dict[str, object]] = as_it_is
    """xxnr as it goes out."""
    empty_is_no_answer: bool = True
    """An empty answer means that the front machine is down: what became of the message is unknown."""
