"""Faults that the platform itself sees to: which one is due with the request that is being served.

A refusal and another split are the platform's own words; no layer before it could say them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import msgspec

from harness.faults.catalogue import Effect, Fault
from harness.money import Fen
from simulators.platform.benefits import Split
from simulators.platform.refusals import RefusedError

YUAN = 100
_due: ContextVar[Fault | None] = ContextVar("due", default=None)


@contextmanager
def serving(fault: Fault | None) -> Iterator[None]:
    """While a request is served with which this fault is due."""
    before = _due.set(fault)
    try:
        yield
    finally:
        _due.reset(before)


def take_up(infno: str) -> None:
    """A transaction is begun. Raises RefusedError when a refusal is due with it."""
    if _is_due(Effect.REFUSE, infno):
        raise RefusedError("busy")


def as_settled(parts: Split, infno: str) -> Split:
    """How a settlement is paid: as reckoned, or otherwise when that is due and the account pays a yuan at least."""
    if not _is_due(Effect.ANOTHER_SPLIT, infno) or parts.own_account < YUAN:
        return parts
    return msgspec.structs.replace(parts, account=Fen(parts.account - YUAN), cash=Fen(parts.cash + YUAN))


def _is_due(effect: Effect, infno: str) -> bool:
    fault = _due.get()
    return fault is not None and fault.effect is effect and fault.message in {infno, "*"}
