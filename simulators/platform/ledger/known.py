"""What a ledger has read and need not read again until another process has written."""

from simulators.platform.ledger.records import SignIn

MOST = 10_000
"""How many entries of a kind are remembered."""


class Known:
    """Balances, sign-ins and the like as the store has them, with what is decided and not yet written."""

    def __init__(self) -> None:
        self.balances: dict[str, int] = {}
        """By the account's name, in fen."""
        self.sign_ins: dict[str, SignIn] = {}
        """By number."""
        self.unanswered: set[str] = set()
        """Msgids that have been looked for and not been answered."""
        self.next_number: int | None = None
        self.any_barred: bool | None = None
        """Whether any msgid is barred."""

    def forget(self) -> None:
        """Another process may have written, or what was decided is undone."""
        self.balances.clear()
        self.sign_ins.clear()
        self.unanswered.clear()
        self.next_number = self.any_barred = None

    def trim(self) -> None:
        """Keep memory flat, whatever clients ask for."""
        for entries in (self.balances, self.sign_ins, self.unanswered):
            if len(entries) > MOST:
                entries.clear()
