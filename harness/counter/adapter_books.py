"""What an adapter's own books say: a day's totals, and each settlement with what became of it."""

from dataclasses import dataclass
from enum import StrEnum

from harness.counter.outcome import Amounts


class BookState(StrEnum):
    """Where a settlement stands in the adapter's own books."""

    SETTLED = "settled"
    REFUNDED = "refunded"
    REVERSED = "reversed"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Totals:
    """A day at the counter: settlements of that day less refunds of that day; amounts likewise, in fen."""

    count: int
    amounts: Amounts


@dataclass(frozen=True, kw_only=True)
class BooksEntry:
    """One settlement (2102) in the adapter's books: its msgid and what became of it; amounts as settled, in fen."""

    order: str
    setl_id: str | None
    msgid: str
    infno: str
    state: BookState
    amounts: Amounts
