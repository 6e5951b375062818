"""The platform's ledger: double entry in fen, in memory, in an SQLite file or in a PostgreSQL.

What transactions use is `Ledger` with the records of `records`; nothing else of this package is theirs, and none of it
knows transactions. Stores are behind `store.Store`: one statement book (`statements`), two dialects.
"""

from simulators.platform.ledger.books import Ledger
from simulators.platform.ledger.errors import KeptOutError, LockedError, RuleBroken, TakenError
from simulators.platform.ledger.records import AccountKind, Settlement, SignIn, account_name

__all__ = [
    "AccountKind",
    "KeptOutError",
    "Ledger",
    "LockedError",
    "RuleBroken",
    "Settlement",
    "SignIn",
    "TakenError",
    "account_name",
]
