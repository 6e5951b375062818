"""The benefit rules: who pays what of a settlement. Pure; the rules in words are in `fixtures/benefits.toml`.

For every input the parts add up to the fen (docs/sources.md, 7.1):
total = in scope + own-pay in full + over the limit + paid first; total = fund + account + cash, where fund = pooled +
large-amount and account = own + mutual aid.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

import msgspec

from harness.money import BASIS, Fen, share
from simulators.platform.benefit_tables import Item, Per, Rule, Table, qinghai

__all__ = [
    "FRESH",
    "Item",
    "Line",
    "LineSplit",
    "Per",
    "Rule",
    "Split",
    "Used",
    "item_for",
    "own_share",
    "rule_for",
    "split",
    "split_line",
]


NOTHING = Fen(0)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a purchase as it is priced: amount in fen, count and price as sent."""

    sn: str
    item: Item
    amount: Fen
    price: Decimal
    count: Decimal


class LineSplit(msgspec.Struct, frozen=True, kw_only=True):
    """A line's amount by the four kinds of scope; they add up to the line."""

    line: Line
    own_pay: Fen
    over_limit: Fen
    paid_first: Fen
    in_scope: Fen


class Used(msgspec.Struct, frozen=True, kw_only=True):
    """What earlier settlements of the same span (visit or year, as the rule has it) have used already; in fen."""

    deductible: Fen = NOTHING
    pooled: Fen = NOTHING
    large: Fen = NOTHING


FRESH = Used()


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """A settlement by kinds of scope and by who pays; in fen. `fund` includes `large`, `account` includes `mutual`."""

    lines: tuple[LineSplit, ...]
    rule: Rule
    total: Fen
    own_pay: Fen
    over_limit: Fen
    paid_first: Fen
    in_scope: Fen
    deductible: Fen
    fund: Fen
    account: Fen
    cash: Fen
    large: Fen
    mutual: Fen

    @property
    def pooled(self) -> Fen:
        """What the pooled fund pays."""
        return Fen(self.fund - self.large)

    @property
    def own_account(self) -> Fen:
        """What the person's own account pays."""
        return Fen(self.account - self.mutual)


def rule_for(
    insutype: str, med_type: str, *, klass: str = "", psn_type: str = "", table: Table | None = None
) -> Rule | None:
    """The rule for an insurance, a kind of visit, a class of institution and a kind of insured person, if any."""
    return (table or qinghai()).rule_for(insutype, med_type, klass=klass, psn_type=psn_type)


def item_for(code: str, *, level: str | None, table: Table | None = None) -> Item:
    """The catalogue's entry; for goods that it lacks, one of the given level, else of level 03."""
    return (table or qinghai()).item_for(code, level=level)


def own_share(level: str, table: Table | None = None) -> int:
    """What the person pays first of a level, in ten-thousandths; all of it for an unknown level."""
    return (table or qinghai()).own_share(level)


def split(
    lines: Sequence[Line],
    rule: Rule,
    *,
    balance: Fen,
    use_account: bool,
    used: Used = FRESH,
    mutual_balance: Fen = NOTHING,
    table: Table | None = None,
) -> Split:
    """Who pays what. Amounts of lines must not be negative; a negative balance counts as nothing."""
    found = table or qinghai()
    parts = tuple([split_line(line, found) for line in lines])
    total = own_pay = over_limit = paid_first = in_scope = 0
    for part in parts:
        total += part.line.amount
        own_pay += part.own_pay
        over_limit += part.over_limit
        paid_first += part.paid_first
        in_scope += part.in_scope
    deductible = min(in_scope, max(0, rule.deductible_fen - used.deductible))
    pooled, large = _funds(in_scope - deductible, rule, used)
    rest = total - pooled - large
    reach = rest if rule.account_pays_all else max(0, rest - own_pay - over_limit)
    own = min(max(balance, 0), reach) if use_account and rule.has_account else 0
    mutual = min(max(mutual_balance, 0), reach - own) if use_account and rule.mutual_aid else 0
    return Split(
        lines=parts,
        rule=rule,
        total=Fen(total),
        own_pay=Fen(own_pay),
        over_limit=Fen(over_limit),
        paid_first=Fen(paid_first),
        in_scope=Fen(in_scope),
        deductible=Fen(deductible),
        fund=Fen(pooled + large),
        account=Fen(own + mutual),
        cash=Fen(rest - own - mutual),
        large=Fen(large),
        mutual=Fen(mutual),
    )


def split_line(line: Line, table: Table) -> LineSplit:
    """One line by kinds of scope."""
    own = table.own_share(line.item.level)
    if own == BASIS:
        return LineSplit(line=line, own_pay=line.amount, over_limit=Fen(0), paid_first=Fen(0), in_scope=Fen(0))
    over_limit = Fen(0)
    if line.item.ceiling_fen:
        counted = (line.item.ceiling_fen * line.count).quantize(Decimal(1), rounding=ROUND_HALF_UP)
        over_limit = Fen(max(0, line.amount - int(counted)))
    rest = Fen(line.amount - over_limit)
    first = share(rest, own)
    return LineSplit(line=line, own_pay=Fen(0), over_limit=over_limit, paid_first=first, in_scope=Fen(rest - first))


def _funds(base: int, rule: Rule, used: Used) -> tuple[int, int]:
    """What the pooled and the large-amount fund pay of what lies in scope above the deductible.

    Beyond the pooled fund's ceiling the large-amount fund pays its share of what the pooled fund did not reach.
    """
    full = share(Fen(base), rule.fund_rate)
    left = max(0, rule.fund_ceiling_fen - used.pooled)
    if full <= left:
        return full, 0
    reached = min(base, -(-left * BASIS // rule.fund_rate))
    beyond = share(Fen(base - reached), rule.large_rate)
    return left, min(beyond, max(0, rule.large_ceiling_fen - used.large))
