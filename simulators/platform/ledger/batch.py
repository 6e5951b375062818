"""Bookings that have been decided and not been written: the rows that one transaction of the store has in common."""

from collections.abc import Sequence

from simulators.platform.ledger import statements
from simulators.platform.ledger.store import Store


class Batch:
    """Rows by table; one statement writes all rows of a table."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[str, bytes, bytes]] = {}
        """By msgid: institution, digest, reply."""
        self.postings: list[tuple[int, str, int]] = []
        self.settlements: list[tuple[object, ...]] = []
        self.moves: dict[str, int] = {}

    def __bool__(self) -> bool:
        return bool(self.settlements or self.answers)

    def book(self, settlement: tuple[object, ...], postings: Sequence[tuple[str, int]], moves: dict[str, int]) -> None:
        """Add a settlement (its columns), its postings, and what it moves on accounts that have a balance."""
        n = settlement[0]
        assert isinstance(n, int)
        self.postings += [(n, account, fen) for account, fen in postings]
        self.settlements.append(settlement)
        for account, fen in moves.items():
            self.moves[account] = self.moves.get(account, 0) + fen

    def take(self, other: "Batch") -> None:
        """Add another's rows, which loses them."""
        self.answers.update(other.answers)
        self.postings += other.postings
        self.settlements += other.settlements
        for account, fen in other.moves.items():
            self.moves[account] = self.moves.get(account, 0) + fen
        other.clear()

    def write(self, store: Store) -> None:
        """Write all rows and lose them. Raises TakenError, RuleBroken, BenchError; then some are written."""
        if self.settlements:
            store.many(statements.POST, self.postings)  # first: the store counts them when their settlement comes
            store.many(statements.BOOK, self.settlements)
            store.many(statements.MOVE, [(fen, account) for account, fen in self.moves.items() if fen])
        if self.answers:
            store.many(statements.KEEP_NEW_ANSWER, [(msgid, *row) for msgid, row in self.answers.items()])
        self.clear()

    def clear(self) -> None:
        """Lose all rows."""
        self.answers.clear()
        self.postings.clear()
        self.settlements.clear()
        self.moves.clear()
