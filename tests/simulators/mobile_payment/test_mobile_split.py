"""The split and the refunds as pure functions: identities hold for every input; the state machine ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.population import institutions, people
from harness.money import Fen
from simulators.mobile_payment.orders import FINAL, MOVES, Order, refund_problem
from simulators.mobile_payment.services import OrdStas, RefdType, refusals
from simulators.mobile_payment.split import BenefitRule, Parts, benefit_rules, split

AMOUNT = st.integers(min_value=0, max_value=10**14).map(Fen)
RULES = st.builds(
    BenefitRule,
    insutype=st.just("310"),
    fund_rate=st.integers(0, 10_000),
    deductible_fen=st.integers(0, 10**7),
    ceiling_fen=st.integers(0, 10**9),
    has_account=st.booleans(),
)
BALANCE = st.integers(min_value=-1000, max_value=10**9).map(Fen)


@given(rule=RULES, total=AMOUNT, scope=st.integers(0, 10_000), balance=BALANCE, use_account=st.booleans())
def test_the_parts_of_every_order_add_up(
    rule: BenefitRule, total: Fen, scope: int, balance: Fen, use_account: bool
) -> None:
    in_scope = Fen(total * scope // 10_000)
    parts = split(rule, total=total, in_scope=in_scope, balance=balance, use_account=use_account)
    assert parts.fund + parts.account + parts.own == parts.total == total
    assert parts.sound
    assert parts.fund <= min(in_scope, rule.ceiling_fen)
    assert parts.account <= max(0, balance)
    assert not parts.account or (use_account and rule.has_account)


@pytest.mark.parametrize(
    ("insutype", "total", "in_scope", "balance", "parts"),
    [
        ("310", 4498, 3674, 500, (1604, 500, 2394)),
        ("310", 4498, 3674, 200_000, (1604, 2894, 0)),
        ("310", 1000, 1000, 0, (0, 0, 1000)),
        ("310", 1001, 1001, 0, (1, 0, 1000)),
        ("310", 1_000_000, 1_000_000, 0, (200_000, 0, 800_000)),
        ("390", 4498, 3674, 0, (837, 0, 3661)),
        ("390", 4498, 3674, 10_000, (837, 0, 3661)),
    ],
)
def test_worked_examples(insutype: str, total: int, in_scope: int, balance: int, parts: tuple[int, int, int]) -> None:
    found = split(
        benefit_rules()[insutype], total=Fen(total), in_scope=Fen(in_scope), balance=Fen(balance), use_account=True
    )
    assert (found.fund, found.account, found.own) == parts


def test_more_in_scope_than_there_is_cannot_be() -> None:
    with pytest.raises(ValueError, match="in scope"):
        split(benefit_rules()["310"], total=Fen(1), in_scope=Fen(2), balance=Fen(0), use_account=False)


PARTS = st.builds(
    Parts, fund=st.integers(0, 50).map(Fen), account=st.integers(0, 50).map(Fen), own=st.integers(0, 50).map(Fen)
)


@given(
    paid=PARTS.filter(lambda parts: parts.total > 0),
    asked=st.lists(st.tuples(st.sampled_from(RefdType), PARTS, st.booleans()), max_size=8),
)
def test_refunds_never_give_back_more_than_was_paid(paid: Parts, asked: list[tuple[RefdType, Parts, bool]]) -> None:
    order = an_order(paid)
    for kind, parts, whole in asked:
        wanted = order.left() if whole else parts
        if whole and kind is RefdType.HI:
            wanted = Parts(fund=wanted.fund, account=wanted.account)
        elif whole and kind is RefdType.CASH:
            wanted = Parts(own=wanted.own)
        if refund_problem(order, kind, wanted):
            continue
        order.refunded = order.refunded + wanted
        order.move(order.after_refunds())
        assert order.left().sound
        assert (order.status is OrdStas.REFUNDED) == (order.refunded == paid)
        if order.refunded == paid:
            break


def an_order(paid: Parts) -> Order:
    return Order(
        pay_ord_id="ORD",
        pay_token="t",
        revs_token="r",
        institution=institutions()[2],
        person=people()[0],
        insutype="310",
        hospital_order="MO1",
        visit="V1",
        batch=("H", "V1", "B"),
        total=paid.total,
        in_scope=paid.total,
        use_account=True,
        status=OrdStas.SETTLED,
        parts=paid,
    )


def test_the_state_machine_ends_and_a_move_outside_it_raises() -> None:
    reached, todo = set(), [OrdStas.SAVED]
    while todo:
        state = todo.pop()
        if state not in reached:
            reached.add(state)
            todo += MOVES.get(state, ())
    assert OrdStas.REFUNDED in reached
    assert {state for state in reached if state not in MOVES} <= FINAL
    order = an_order(Parts(own=Fen(1)))
    with pytest.raises(ValueError, match="cannot go"):
        order.move(OrdStas.TO_PAY)


@pytest.mark.parametrize(
    ("parts", "text"),
    [(Parts(own=Fen(1)), "CASH"), (Parts(fund=Fen(1)), "HI"), (Parts(fund=Fen(1), own=Fen(1)), "ALL")],
)
def test_who_pays_is_told(parts: Parts, text: str) -> None:
    assert an_order(parts).setl_type == text


def test_refusals_have_codes_of_their_own() -> None:
    table = refusals()
    assert len({row.code for row in table.values()}) == len(table)
    assert [row.id for row in table.values() if not row.invented] == ["app-mismatch"]
    assert all(row.chinese and row.english for row in table.values())
