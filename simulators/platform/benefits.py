"""The benefit rule: who pays what of a purchase. Pure; numbers and the rule in words are in `fixtures/benefits.toml`.

For every input the parts add up to the fen (institution reference §7.1):
total = in scope + own-pay in full + over the limit + paid first; total = fund + account + cash.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

from fixtures import fixture
from harness.money import BASIS, Fen, share

OWN_PAY = "03"
"""The level of goods that the insurance does not pay."""


@dataclass(frozen=True, kw_only=True)
class Level:
    """How much of a line of one level the person pays first; `own_share` in ten-thousandths."""

    name: str
    own_share: int


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What one insurance pays at one kind of visit; `fund` is its fund_pay_type."""

    insutype: str
    med_type: str
    fund: str
    fund_name: str
    fund_rate: int
    deductible_fen: int
    fund_ceiling_fen: int
    has_account: bool


@dataclass(frozen=True, kw_only=True)
class Item:
    """An entry of the catalogue; a ceiling of 0 means none."""

    code: str
    name: str
    level: str
    ceiling_fen: int


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of a purchase as it is priced: amount in fen, count and price as sent."""

    sn: str
    item: Item
    amount: Fen
    price: Decimal
    count: Decimal


@dataclass(frozen=True, kw_only=True)
class LineSplit:
    """A line's amount by the four kinds of scope; they add up to the line."""

    line: Line
    own_pay: Fen
    over_limit: Fen
    paid_first: Fen
    in_scope: Fen


@dataclass(frozen=True, kw_only=True)
class Split:
    """A purchase by kinds of scope and by who pays; in fen."""

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


def rule_for(insutype: str, med_type: str) -> Rule | None:
    """The rule for an insurance and a kind of visit, if there is one."""
    return _tables().rules.get((insutype, med_type))


def item_for(code: str, *, level: str | None) -> Item:
    """The catalogue's entry; for goods that it lacks, one of the given level, else of level 03."""
    known = _tables().items.get(code)
    return known or Item(code=code, name="", level=level or OWN_PAY, ceiling_fen=0)


def split(lines: Sequence[Line], rule: Rule, *, balance: Fen, use_account: bool) -> Split:
    """Who pays what. Amounts of lines must not be negative; a negative balance counts as nothing."""
    parts = tuple(_split_line(line) for line in lines)
    total = sum(part.line.amount for part in parts)
    in_scope = sum(part.in_scope for part in parts)
    deductible = min(in_scope, rule.deductible_fen)
    fund = min(share(Fen(in_scope - deductible), rule.fund_rate), rule.fund_ceiling_fen)
    account = min(max(balance, 0), total - fund) if use_account and rule.has_account else 0
    return Split(
        lines=parts,
        rule=rule,
        total=Fen(total),
        own_pay=Fen(sum(part.own_pay for part in parts)),
        over_limit=Fen(sum(part.over_limit for part in parts)),
        paid_first=Fen(sum(part.paid_first for part in parts)),
        in_scope=Fen(in_scope),
        deductible=Fen(deductible),
        fund=Fen(fund),
        account=Fen(account),
        cash=Fen(total - fund - account),
    )


def own_share(level: str) -> int:
    """What the person pays first of a level, in ten-thousandths; all of it for an unknown level."""
    known = _tables().levels.get(level)
    return known.own_share if known else BASIS


def _split_line(line: Line) -> LineSplit:
    if own_share(line.item.level) == BASIS:
        return LineSplit(line=line, own_pay=line.amount, over_limit=Fen(0), paid_first=Fen(0), in_scope=Fen(0))
    over_limit = Fen(0)
    if line.item.ceiling_fen:
        counted = (line.item.ceiling_fen * line.count).quantize(Decimal(1), rounding=ROUND_HALF_UP)
        over_limit = Fen(max(0, line.amount - int(counted)))
    rest = Fen(line.amount - over_limit)
    first = share(rest, own_share(line.item.level))
    return LineSplit(line=line, own_pay=Fen(0), over_limit=over_limit, paid_first=first, in_scope=Fen(rest - first))


@dataclass(frozen=True, kw_only=True)
class _Tables:
    levels: dict[str, Level]
    rules: dict[tuple[str, str], Rule]
    items: dict[str, Item]


@cache
def _tables() -> _Tables:
    with fixture("benefits.toml").open("rb") as file:
        data = tomllib.load(file)
    return _Tables(
        levels={code: Level(**row) for code, row in data["level"].items()},
        rules={(row["insutype"], row["med_type"]): Rule(**row) for row in data["rule"]},
        items={row["code"]: Item(**row) for row in data["item"]},
    )
