"""Benefits beyond a purchase: worked examples of Qinghai's table, and the money identities for every rule there is."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.population import institutions
from harness.money import Fen
from harness.wire.institution import line_amount
from simulators.platform.benefit_tables import Per, Rule, qinghai, table_of
from simulators.platform.benefits import Line, Used, item_for, split

ALL_RULES = sorted(set(qinghai().rules.values()), key=repr)


def rule(insutype: str, med_type: str, klass: str, psn_type: str = "") -> Rule:
    found = qinghai().rule_for(insutype, med_type, klass=klass, psn_type=psn_type)
    assert found is not None
    return found


def line(code: str, price: str, count: str = "1") -> Line:
    amount = line_amount(price, count)
    return Line(sn=code, item=item_for(code, level=None), amount=amount, price=Decimal(price), count=Decimal(count))


# --- worked examples: which rule ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("insutype", "med_type", "klass", "psn_type", "deductible", "rate"),
    [
        ("310", "11", "1", "11", 2000, 6500),
        ("310", "11", "3", "11", 5000, 5000),
        ("310", "11", "3", "12", 5000, 5500),
        ("310", "21", "2", "12", 30000, 8800),
        ("390", "21", "1", "14", 10000, 9000),
        ("390", "11", "3", "14", 5000, 4000),
        ("310", "140104", "3", "11", 10000, 8000),
        ("310", "41", "pharmacy", "12", 1000, 5000),
    ],
)
def test_rates_go_by_insurance_kind_of_visit_class_and_person(
    *, insutype: str, med_type: str, klass: str, psn_type: str, deductible: int, rate: int
) -> None:
    found = rule(insutype, med_type, klass, psn_type)
    assert (found.deductible_fen, found.fund_rate) == (deductible, rate)


def test_a_pharmacy_has_no_visits() -> None:
    assert qinghai().rule_for("310", "11", klass="pharmacy") is None


def test_classes_go_by_code_else_by_kind_and_provinces_without_a_table_have_the_default() -> None:
    classes = {one.kind: qinghai().class_of(one) for one in institutions()}
    assert (classes["hospital"], classes["pharmacy"]) == ("3", "pharmacy")
    assert table_of("qinghai") is qinghai()


# --- worked examples: who pays --------------------------------------------------------------------------


def test_what_the_year_has_used_counts() -> None:
    visit = rule("310", "11", "3")
    fresh = split([line("XS000002", "300.00")], visit, balance=Fen(0), use_account=True)
    assert (fresh.deductible, fresh.fund) == (5000, 12500), "(300.00 - 50.00) x 50 %"
    later = split(
        [line("XS000002", "300.00")],
        visit,
        balance=Fen(0),
        use_account=True,
        used=Used(deductible=Fen(5000), pooled=Fen(140_000)),
    )
    assert (later.deductible, later.fund) == (0, 10_000), "of 1500.00 a year 100.00 are left"


def test_beyond_the_pooled_funds_ceiling_the_large_amount_fund_pays() -> None:
    stay = rule("310", "21", "3")
    # (150 500.00 - 500.00) x 80 % = 120 000.00, of which the ceiling lets 100 000.00 through: that is 125 000.00 of the
    # costs; of the other 25 000.00 the large-amount fund pays 90 %.
    parts = split([line("XS000005", "150500.00")], stay, balance=Fen(0), use_account=True)
    assert (parts.pooled, parts.large, parts.fund) == (10_000_000, 2_250_000, 12_250_000)
    assert parts.cash == 15_050_000 - 12_250_000
    full = split([line("XS000005", "9999999.00")], stay, balance=Fen(0), use_account=True)
    assert (full.pooled, full.large) == (10_000_000, 30_000_000), "both have a ceiling"
    used = Used(pooled=Fen(10_000_000), large=Fen(29_999_900))
    rest = split([line("XS000005", "150500.00")], stay, balance=Fen(0), use_account=True, used=used)
    assert (rest.pooled, rest.large) == (0, 100)


def test_the_account_of_a_stay_pays_nothing_that_is_over_the_limit() -> None:
    stay = rule("310", "21", "3")
    parts = split([line("XS000004", "50.00", "2")], stay, balance=Fen(100_000), use_account=True)
    assert (parts.over_limit, parts.deductible, parts.account, parts.cash) == (2000, 8000, 8000, 2000)


def test_mutual_aid_comes_after_the_own_account_and_only_where_the_rule_has_it() -> None:
    visit = rule("310", "11", "3")
    parts = split([line("XS000002", "80.00")], visit, balance=Fen(1000), use_account=True, mutual_balance=Fen(2000))
    assert (parts.fund, parts.own_account, parts.mutual, parts.account, parts.cash) == (1500, 1000, 2000, 3000, 3500)
    drugs = rule("310", "41", "pharmacy")
    assert (
        split([line("XS000002", "80.00")], drugs, balance=Fen(0), use_account=True, mutual_balance=Fen(9)).mutual == 0
    )
    unused = split([line("XS000002", "80.00")], visit, balance=Fen(9), use_account=False, mutual_balance=Fen(9))
    assert unused.account == 0


# --- every input ----------------------------------------------------------------------------------------

FEN = st.integers(0, 10**11).map(Fen)
LINES = st.lists(
    st.builds(
        line,
        st.sampled_from(["XP000001", "XP000002", "XP000003", "XP000004", "XS000003", "XS000004", "OTHER"]),
        st.decimals("0.0001", "9999999", places=4).map(str),
        st.decimals("0.01", "99", places=2).map(str),
    ),
    max_size=6,
)


@given(
    lines=LINES,
    which=st.sampled_from(ALL_RULES),
    balance=FEN,
    mutual=FEN,
    use_account=st.booleans(),
    used=st.builds(Used, deductible=FEN, pooled=FEN, large=FEN),
)
def test_no_fen_is_lost_or_made(
    *, lines: list[Line], which: Rule, balance: Fen, mutual: Fen, use_account: bool, used: Used
) -> None:
    parts = split(lines, which, balance=balance, use_account=use_account, used=used, mutual_balance=mutual)
    assert parts.total == parts.in_scope + parts.own_pay + parts.over_limit + parts.paid_first
    assert parts.total == parts.pooled + parts.large + parts.own_account + parts.mutual + parts.cash
    assert min(parts.pooled, parts.large, parts.own_account, parts.mutual, parts.cash) >= 0
    assert parts.fund <= parts.in_scope - parts.deductible
    assert parts.deductible <= max(0, which.deductible_fen - used.deductible)
    assert parts.pooled <= max(0, which.fund_ceiling_fen - used.pooled)
    assert parts.large <= max(0, which.large_ceiling_fen - used.large)
    assert parts.own_account <= balance
    assert parts.mutual <= (mutual if which.mutual_aid else 0)
    assert parts.account == 0 or use_account
    if not which.account_pays_all:
        assert parts.cash >= parts.own_pay + parts.over_limit


@given(cut=st.integers(1, 5), price=st.decimals("0.01", "5000", places=2).map(str), count=st.integers(1, 40))
def test_a_year_cut_into_settlements_never_exceeds_its_ceilings(cut: int, price: str, count: int) -> None:
    for which in (found for found in ALL_RULES if found.ceiling_per is Per.YEAR):
        used = Used()
        for _ in range(cut):
            parts = split([line("XS000002", price, str(count))], which, balance=Fen(0), use_account=False, used=used)
            used = Used(
                deductible=Fen(used.deductible + parts.deductible),
                pooled=Fen(used.pooled + parts.pooled),
                large=Fen(used.large + parts.large),
            )
        assert used.deductible <= which.deductible_fen
        assert used.pooled <= which.fund_ceiling_fen
        assert used.large <= which.large_ceiling_fen
