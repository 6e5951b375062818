"""Refunds: never more than was paid, fund and account whole, the own part in pieces, each once."""

from collections.abc import Callable, Mapping

import pytest

from harness.money import Fen
from harness.scenarios.mobile_orders import DEAR, Order, paid, query, refund, refund_of, standing, whole
from harness.scenarios.mobile_stage import MobileStage
from harness.wire.mobile_payment import Standing
from harness.wire.mobile_payment.answers import REFUND

SAFE = ["QH-FUND-SAFETY"]
Parts = Mapping[str, Fen]


def _more(kind: str, name: str) -> Callable[[Order], Parts]:
    def parts(order: Order) -> Parts:
        due = whole(order, kind)
        return {**due, name: Fen(due.get(name, Fen(0)) + 1)}

    return parts


def _less(kind: str, name: str) -> Callable[[Order], Parts]:
    def parts(order: Order) -> Parts:
        due = whole(order, kind)
        return {**due, name: Fen(due[name] - 1)}

    return parts


NOTHING = ("refund-parts", "field-problems")
WRONG: Mapping[str, tuple[tuple[str, Callable[[Order], Parts]], ...]] = {
    "more": (
        ("CASH", _more("CASH", "own")),
        ("HI", _more("HI", "fund")),
        ("HI", _more("HI", "account")),
        ("ALL", _more("ALL", "own")),
    ),
    "less": (("HI", _less("HI", "fund")), ("HI", _less("HI", "account")), ("ALL", _less("ALL", "own"))),
    "another": (
        ("CASH", lambda order: {"fund": order.part("fund")}),
        ("HI", _more("HI", "own")),
        ("CASH", lambda _: {"own": Fen(0)}),
        ("CASH", lambda _: {"own": Fen(-1)}),
    ),
}
"""Kinds of refund with parts that they cannot have: a fen more, a fen less, of another kind, nothing or below it."""


@pytest.mark.case("mobile-payment/refund-wrong-parts", title="Parts that do not fit 退费金额不符", requirements=SAFE)
@pytest.mark.parametrize("what", list(WRONG))
def test_refund_wrong_parts(stage: MobileStage, what: str) -> None:
    """Refused, and nothing is given back; the right parts still are."""
    order = paid(stage, goods=DEAR)
    for kind, parts_of in WRONG[what]:
        parts = parts_of(order)
        refund(stage, order, kind, *(NOTHING if sum(parts.values()) <= 0 else NOTHING[:1]), parts=parts)
    assert standing(stage, order) is Standing.PAID
    refund(stage, order, "ALL")
    assert query(stage, order).told["ordStas"] == "7"


@pytest.mark.case("mobile-payment/refund-sum", title="Parts and total disagree 退费合计不一致", requirements=SAFE)
def test_refund_sum(stage: MobileStage) -> None:
    """totlRefdAmt is the sum of the parts."""
    order = paid(stage)
    data = refund_of(stage, order, "ALL", stage.number("R"), whole(order, "ALL"))
    stage.ask(REFUND, {**data, "totlRefdAmt": "0.01"}, "refund-sum")
    assert standing(stage, order) is Standing.PAID
    stage.ask(REFUND, data)


AFTER = {
    "all-after-all": ("ALL", "ALL", "state"),
    "insurance-after-insurance": ("HI", "HI", "refund-parts"),
    "own-after-own": ("CASH", "CASH", "refund-parts"),
    "all-after-own": ("CASH", "ALL", "refund-parts"),
    "all-after-insurance": ("HI", "ALL", "refund-parts"),
    "own-after-all": ("ALL", "CASH", "state"),
}
"""A refund after another that leaves it nothing to give back."""


@pytest.mark.case("mobile-payment/refund-again", title="Refunded a second time 重复退费", requirements=SAFE)
@pytest.mark.parametrize("what", list(AFTER))
def test_refund_again(stage: MobileStage, what: str) -> None:
    """What was given back is not given back once more under another number."""
    first, second, why = AFTER[what]
    order = paid(stage, goods=DEAR)
    refund(stage, order, first)
    before = query(stage, order).told["ordStas"]
    refund(stage, order, second, why)
    assert query(stage, order).told["ordStas"] == before


@pytest.mark.case("mobile-payment/refund-beyond-left", title="More than is left 超过可退金额", requirements=SAFE)
def test_refund_beyond_left(stage: MobileStage) -> None:
    """After a piece of the own part, the rest is all that there is."""
    order = paid(stage)
    own = order.part("own")
    refund(stage, order, "CASH", parts={"own": Fen(100)})
    refund(stage, order, "CASH", "refund-parts", parts={"own": Fen(own - 99)})
    refund(stage, order, "CASH", parts={"own": Fen(own - 100)})
    assert query(stage, order).told["ordStas"] == "9"


@pytest.mark.case(
    "mobile-payment/refund-insurance-alone", title="Refund without an own part 全医保退费", requirements=SAFE
)
def test_refund_insurance_alone(stage: MobileStage) -> None:
    """Of an order that fund and account paid, HI is all of it, and CASH has nothing to give back."""
    order = paid(stage, "P001")
    if order.part("own"):
        refund(stage, order, "ALL")
    else:
        refund(stage, order, "CASH", "refund-parts", parts={"own": Fen(1)})
        refund(stage, order, "HI")
    assert query(stage, order).told["ordStas"] == "7"
    again = paid(stage, "P001")
    assert again.part("account") == order.part("account"), "what came back to the account is there again"
