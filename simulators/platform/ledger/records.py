"""What stands in the books: accounts, settlements with their postings, sign-ins. No I/O.

An account's name is its kind and whose it is, e.g. `account:639999000000000001`. The sign of a posting: what an account
gives is negative, what it gets positive. A settlement moves money from those who pay to the institution's receivable.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum

from harness.money import Fen

NOTHING = Fen(0)


class AccountKind(StrEnum):
    """Who can pay or get; the part of an account's name before the colon."""

    FUND = "fund"
    """The pooled fund (统筹基金) of an insurance (insutype)."""
    LARGE = "large-fund"
    """The large-amount fund (大额医疗费用补助) of an insurance."""
    MUTUAL = "mutual-aid"
    """Mutual aid between personal accounts (个人账户共济); named by whoever opened it, has a balance."""
    PERSONAL = "account"
    """A person's account (个人账户), named by psn_no; has a balance."""
    INSTITUTION = "institution"
    """What the insurance owes an institution: its receivable, named by fixmedins_code."""
    CASH = "cash"
    """What a person pays at the counter, named by psn_no."""


WITH_BALANCE = (AccountKind.PERSONAL, AccountKind.MUTUAL)
"""Kinds that are opened with a balance, which never goes below zero."""


def account_name(kind: AccountKind, owner: str) -> str:
    """The name of an account in the books."""
    return f"{kind.value}:{owner}"


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """One booking; a refund or reversal has negative amounts and `reverses` names the settlement that it undoes.

    total = fund + account + cash. `large_fen` is the part of `fund_fen` that the large-amount fund pays, `mutual_fen`
    the part of `account_fen` that the mutual-aid account `mutual` pays (institution interface: acct_mulaid_pay inside
    acct_pay).
    """

    n: int
    setl_id: str
    msgid: str
    infno: str
    institution: str
    psn_no: str
    mdtrt_id: str
    invono: str
    insutype: str
    at_ns: int
    total_fen: Fen
    fund_fen: Fen
    account_fen: Fen
    cash_fen: Fen
    reverses: str | None
    large_fen: Fen = NOTHING
    mutual_fen: Fen = NOTHING
    mutual: str = ""

    @property
    def postings(self) -> tuple[tuple[str, int], ...]:
        """What moves: account name and signed fen; sums to zero. Accounts that nothing moves on are left out."""
        moved = [
            (f"institution:{self.institution}", self.total_fen),
            (f"fund:{self.insutype}", self.large_fen - self.fund_fen),
            (f"account:{self.psn_no}", self.mutual_fen - self.account_fen),
            (f"cash:{self.psn_no}", -self.cash_fen),
        ]
        if self.large_fen:
            moved.append((f"large-fund:{self.insutype}", -self.large_fen))
        if self.mutual_fen:
            moved.append((f"mutual-aid:{self.mutual}", -self.mutual_fen))
        return tuple((account, fen) for account, fen in moved if fen)


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """An operator's sign-in of one day."""

    sign_no: str
    institution: str
    opter: str
    day: str
    sign_time: str
    signed_out: bool


COLUMNS = tuple(field.name for field in fields(Settlement))
_TEXTS = tuple(field.name for field in fields(SignIn))[:-1]


def settlement_from(row: Sequence[object]) -> Settlement:
    """A settlement from its fields in their order; a day's reconciliation reads thousands."""
    found = object.__new__(Settlement)
    vars(found).update(zip(COLUMNS, row, strict=True))
    return found


def sign_in_from(row: Sequence[object] | None) -> SignIn | None:
    """A sign-in from its fields in their order, the last as 0 or 1."""
    if row is None:
        return None
    *texts, signed_out = row
    return SignIn(**dict(zip(_TEXTS, texts, strict=True)), signed_out=bool(signed_out))  # type: ignore[arg-type]  # as above
