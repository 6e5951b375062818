"""What a ledger has read and need not read again until another process has written."""

from simulators.platform.ledger.records import SignIn

MOST = 10_000
"""How many entries of a kind are remembered."""
MOST_DOCUMENTS, LONGEST_DOCUMENT = 4 << 20, 64 << 10
"""How many bytes of documents are remembered together; from which length on one is not remembered at all."""
ENTRY = 100
"""What a document counts beside its own bytes."""


class Known:
    """Balances, sign-ins and the like as the store has them, with what is decided and not yet written."""

    def __init__(self) -> None:
        self.balances: dict[str, int] = {}
        """By the account's name, in fen."""
        self.sign_ins: dict[str, SignIn] = {}
        """By number."""
        self.documents: dict[tuple[str, str], bytes | None] = {}
        """By kind and key; None where there is none."""
        self._documents_size = 0
        self.unanswered: set[str] = set()
        """Msgids that have been looked for and not been answered."""
        self.highest: dict[str, str] = {}
        """By institution, a msgid that none of its answered ones is beyond; see `Ledger.answer`."""
        self.next_number: int | None = None
        self.any_barred: bool | None = None
        """Whether any msgid is barred."""

    def forget(self) -> None:
        """Another process may have written, or what was decided is undone."""
        self.balances.clear()
        self.sign_ins.clear()
        self.unanswered.clear()
        self.highest.clear()
        self._forget_documents()
        self.next_number = self.any_barred = None

    def remember_document(self, kind: str, key: str, body: bytes | None) -> None:
        """What stands under a key from now on, as far as this process knows."""
        if body is not None and len(body) > LONGEST_DOCUMENT:
            self.documents.pop((kind, key), None)
            return
        self.documents[kind, key] = body
        self._documents_size += len(body or b"") + ENTRY
        if self._documents_size > MOST_DOCUMENTS:
            self._forget_documents()

    def _forget_documents(self) -> None:
        self.documents.clear()
        self._documents_size = 0

    def trim(self) -> None:
        """Keep memory flat, whatever clients ask for."""
        for entries in (self.balances, self.sign_ins, self.unanswered, self.highest):
            if len(entries) > MOST:
                entries.clear()
