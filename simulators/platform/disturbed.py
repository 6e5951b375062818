"""Faults that the platform itself sees to: which one is due with the request that is being served.

A refusal, another split and a time that is too far off are the platform's own words; no layer before could say them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import msgspec

from harness.faults.catalogue import Effect
from harness.money import Fen
from simulators.kit.faulty import Due
from simulators.platform.benefits import Split
from simulators.platform.refusals import RefusedError

YUAN = 100
_due: ContextVar[Due | None] = ContextVar("due", default=None)


@contextmanager
def serving(fault: Due | None) -> Iterator[None]:
    """While a request is served with which this fault is due."""
    before = _due.set(fault)
    try:
        yield
    finally:
        _due.reset(before)


def take_up(infno: str) -> None:
    """A transaction is begun. Raises RefusedError when a refusal is due with it."""
    due = _due_with(Effect.REFUSE, infno)
    if due is not None:
        due.done = True
        raise RefusedError("busy")


def as_settled(parts: Split, infno: str) -> Split:
    """How a settlement is paid: as reckoned, or otherwise when that is due and the account pays a yuan at least."""
    due = _due_with(Effect.ANOTHER_SPLIT, infno)
    if due is None or parts.own_account < YUAN:
        return parts
    due.done = True
    return msgspec.structs.replace(parts, account=Fen(parts.account - YUAN), cash=Fen(parts.cash + YUAN))


def clock_is_ahead(infno: str = "") -> Due | None:
    """The fault by which the platform's clock is too far ahead of this request, to be marked as done by who refuses it.

    `infno` where a transaction is begun.
    """
    return _due_with(Effect.CLOCK_SKEW, infno)


def _due_with(effect: Effect, infno: str) -> Due | None:
    due = _due.get()
    if due is None or due.fault.effect is not effect:
        return None
    return due if not infno or due.fault.message in {infno, "*"} else None
