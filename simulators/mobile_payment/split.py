"""Who pays what of an order: fund, personal account, own pay. Pure; the rule is in `tables/benefits.toml`.

For every input feeSumamt = fundPay + psnAcctPay + ownPayAmt, each of them not negative.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from harness.money import Fen, share
from simulators.mobile_payment.services import load_table

_NOTHING = Fen(0)


@dataclass(frozen=True, kw_only=True)
class BenefitRule:
    """What one insurance pays of an order; rates in ten-thousandths."""

    insutype: str
    fund_rate: int
    deductible_fen: int
    ceiling_fen: int
    has_account: bool


@dataclass(frozen=True, kw_only=True)
class Parts:
    """An amount by who pays it; in fen."""

    fund: Fen = _NOTHING
    account: Fen = _NOTHING
    own: Fen = _NOTHING

    @property
    def total(self) -> Fen:
        """All of it (feeSumamt)."""
        return Fen(self.fund + self.account + self.own)

    @property
    def insurance(self) -> Fen:
        """The insurance's part (医保): fund and account."""
        return Fen(self.fund + self.account)

    def __add__(self, other: "Parts") -> "Parts":
        return Parts(
            fund=Fen(self.fund + other.fund),
            account=Fen(self.account + other.account),
            own=Fen(self.own + other.own),
        )

    def __sub__(self, other: "Parts") -> "Parts":
        return Parts(
            fund=Fen(self.fund - other.fund),
            account=Fen(self.account - other.account),
            own=Fen(self.own - other.own),
        )

    @property
    def sound(self) -> bool:
        """Whether nothing is negative."""
        return min(self.fund, self.account, self.own) >= 0


@cache
def benefit_rules() -> Mapping[str, BenefitRule]:
    """The rule of each insurance that has one."""
    rows = load_table("benefits")["rule"]
    assert isinstance(rows, list)
    return {row["insutype"]: BenefitRule(**row) for row in rows}


def split(rule: BenefitRule, *, total: Fen, in_scope: Fen, balance: Fen, use_account: bool) -> Parts:
    """The parts of a total of which `in_scope` counts. Raises ValueError unless 0 <= in scope <= total."""
    if not 0 <= in_scope <= total:
        raise ValueError(f"{in_scope} fen in scope of {total} cannot be")
    counted = max(0, in_scope - rule.deductible_fen)
    fund = min(share(Fen(counted), rule.fund_rate), rule.ceiling_fen)
    account = min(max(balance, 0), total - fund) if use_account and rule.has_account else 0
    return Parts(fund=Fen(fund), account=Fen(account), own=Fen(total - fund - account))
