"""The benefit rule: examples by hand, and the money identities for every input."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from harness.money import Fen
from harness.wire.institution import line_amount
from simulators.platform.benefits import Line, Rule, Split, item_for, rule_for, split


def the_rule(insutype: str) -> Rule:
    rule = rule_for(insutype, "41")
    assert rule is not None
    return rule


EMPLOYEE, RESIDENT = the_rule("310"), the_rule("390")


def line(code: str, price: str, count: str, level: str | None = None) -> Line:
    return Line(
        sn=code,
        item=item_for(code, level=level),
        amount=line_amount(price, count),
        price=Decimal(price),
        count=Decimal(count),
    )


USUAL = [line("XP000001", "12.50", "2"), line("XP000002", "4.35", "3"), line("XP000003", "0.99", "7")]


def test_a_purchase_with_a_line_of_each_level() -> None:
    parts = split(USUAL, EMPLOYEE, balance=Fen(200_000), use_account=True)
    assert (parts.total, parts.own_pay, parts.over_limit, parts.paid_first, parts.in_scope) == (4498, 693, 0, 131, 3674)
    assert (parts.deductible, parts.fund, parts.account, parts.cash) == (1000, 1337, 3161, 0)


def test_the_account_pays_as_far_as_it_reaches() -> None:
    parts = split(USUAL, EMPLOYEE, balance=Fen(500), use_account=True)
    assert (parts.fund, parts.account, parts.cash) == (1337, 500, 2661)


def test_the_account_is_left_alone_when_it_is_not_to_be_used_or_there_is_none() -> None:
    unused = split(USUAL, EMPLOYEE, balance=Fen(200_000), use_account=False)
    assert (unused.fund, unused.account, unused.cash) == (1337, 0, 3161)
    resident = split(USUAL, RESIDENT, balance=Fen(200_000), use_account=True)
    assert (resident.fund, resident.account, resident.cash) == (502, 0, 3996)


def test_below_the_deductible_the_fund_pays_nothing() -> None:
    parts = split([line("XP000001", "9.99", "1")], EMPLOYEE, balance=Fen(0), use_account=True)
    assert (parts.deductible, parts.fund, parts.cash) == (999, 0, 999)


def test_the_fund_pays_at_most_its_ceiling() -> None:
    parts = split([line("XP000001", "900", "10")], EMPLOYEE, balance=Fen(0), use_account=True)
    assert parts.fund == 15_000


def test_what_lies_above_the_highest_price_is_over_the_limit() -> None:
    parts = split([line("XP000004", "20.00", "2")], EMPLOYEE, balance=Fen(0), use_account=True)
    assert (parts.over_limit, parts.in_scope) == (1000, 3000)
    cheap = split([line("XP000004", "10.00", "2")], EMPLOYEE, balance=Fen(0), use_account=True)
    assert cheap.over_limit == 0


def test_goods_outside_the_catalogue_have_the_level_they_carry_else_own_pay() -> None:
    assert item_for("NOPE", level="01").level == "01"
    assert item_for("NOPE", level=None).level == "03"
    assert item_for("XP000003", level="01").level == "03", "the catalogue wins"


def test_there_is_no_rule_for_other_visits() -> None:
    assert rule_for("310", "11") is None
    assert rule_for("340", "41") is None


LINES = st.lists(
    st.builds(
        line,
        st.sampled_from(["XP000001", "XP000002", "XP000003", "XP000004", "XP000005", "OTHER"]),
        st.decimals("0.0001", "100000", places=4).map(str),
        st.decimals("0.01", "999", places=2).map(str),
        st.sampled_from([None, "01", "02", "03", "99"]),
    ),
    max_size=8,
)


@given(
    lines=LINES,
    rule=st.sampled_from([EMPLOYEE, RESIDENT]),
    balance=st.integers(-100, 10**9).map(Fen),
    use_account=st.booleans(),
)
def test_no_fen_is_lost_or_made(lines: list[Line], rule: Rule, balance: Fen, use_account: bool) -> None:
    parts: Split = split(lines, rule, balance=balance, use_account=use_account)
    assert parts.total == sum(part.line.amount for part in parts.lines)
    assert parts.total == parts.in_scope + parts.own_pay + parts.over_limit + parts.paid_first
    assert parts.total == parts.fund + parts.account + parts.cash
    assert min(parts.fund, parts.account, parts.cash, parts.own_pay, parts.over_limit, parts.paid_first) >= 0
    assert parts.account <= max(balance, 0)
    assert parts.account == 0 or use_account
    assert parts.fund <= parts.in_scope - parts.deductible
    for part in parts.lines:
        assert part.line.amount == part.own_pay + part.over_limit + part.paid_first + part.in_scope
