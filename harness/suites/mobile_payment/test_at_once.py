"""Ten at once: one order is placed once, given back once, made once, whoever comes first."""

import pytest

from harness.money import Fen
from harness.scenarios.mobile_orders import (
    DEAR,
    POOR,
    Order,
    begun,
    paid,
    placed,
    query,
    refund_of,
    standing,
    upload_of,
    uploaded,
    whole,
)
from harness.scenarios.mobile_stage import MobileStage
from harness.wire.mobile_payment import Standing
from harness.wire.mobile_payment.answers import PAY, REFUND, REVOKE, UPLOAD

SAFE = ["QH-FUND-SAFETY"]
TEN = 10
PEOPLE = tuple(f"P{number:03d}" for number in range(1, TEN + 1))


@pytest.mark.case("mobile-payment/ten-pay", title="Ten pay one order 十方同时下单", requirements=SAFE)
def test_ten_pay(stage: MobileStage) -> None:
    """Each with a business number of its own: exactly one is placed."""
    order = uploaded(stage)
    answers = stage.ask_at_once(
        [(PAY, {**order.payment, "orgBizSer": f"{order.payment['orgBizSer']}{n}"}) for n in range(TEN)]
    )
    assert sum(answer.accepted for answer in answers) == 1
    stage.own_pay(order.pay_ord_id)
    assert standing(stage, order) is Standing.PAID


@pytest.mark.case("mobile-payment/ten-same", title="Ten times the same payment 同一下单十次", requirements=SAFE)
def test_ten_same(stage: MobileStage) -> None:
    """All get the same answer, and it is placed once."""
    order = uploaded(stage)
    answers = stage.ask_at_once([(PAY, order.payment)] * TEN)
    assert all(answer.accepted for answer in answers)
    assert len({str(sorted(answer.data)) for answer in answers}) == 1
    order = placed(stage, order)
    stage.own_pay(order.pay_ord_id)
    assert standing(stage, order) is Standing.PAID


@pytest.mark.case("mobile-payment/ten-refund", title="Ten refund one order 十方同时退费", requirements=SAFE)
@pytest.mark.parametrize("kind", ["ALL", "HI"])
def test_ten_refund(stage: MobileStage, kind: str) -> None:
    """Each under a number of its own: exactly one gives back."""
    order = paid(stage, goods=DEAR)
    asked = [(REFUND, refund_of(stage, order, kind, stage.number("R"), whole(order, kind))) for _ in range(TEN)]
    answers = stage.ask_at_once(asked)
    assert sum(answer.accepted for answer in answers) == 1
    assert query(stage, order).told["ordStas"] == ("7" if kind == "ALL" else "8")


@pytest.mark.case("mobile-payment/ten-pieces", title="Ten pieces of the own part 十笔同时退自费", requirements=SAFE)
def test_ten_pieces(stage: MobileStage) -> None:
    """Ten refunds of a fifth each: five are given back, and not a fen more."""
    order = paid(stage)
    piece = Fen(order.part("own") // 5)
    asked = [(REFUND, refund_of(stage, order, "CASH", stage.number("R"), {"own": piece})) for _ in range(TEN)]
    assert sum(answer.accepted for answer in stage.ask_at_once(asked)) == 5
    assert query(stage, order).told["ordStas"] in {"9", "10"}


@pytest.mark.case("mobile-payment/ten-upload", title="Ten uploads of one number 同号十次上传", requirements=SAFE)
@pytest.mark.parametrize("what", ["same", "other"])
def test_ten_upload(stage: MobileStage, what: str) -> None:
    """The same content is one order; of ten contents exactly one has the number."""
    data = upload_of(stage, stage.person(POOR))
    wishes = [{**data, "drName": f"医师{n}"} if what == "other" else data for n in range(TEN)]
    answers = stage.ask_at_once([(UPLOAD, wish) for wish in wishes])
    accepted = [(wish, answer) for wish, answer in zip(wishes, answers, strict=True) if answer.accepted]
    assert len({str(answer.data["payOrdId"]) for _, answer in accepted}) == 1
    assert len(accepted) == (TEN if what == "same" else 1)
    wish, answer = accepted[0]
    order = placed(stage, Order(person=stage.person(POOR), upload=wish, created=answer.data))
    stage.own_pay(order.pay_ord_id)
    assert standing(stage, order) is Standing.PAID


@pytest.mark.case("mobile-payment/ten-orders", title="Ten orders at once 十单并发", requirements=SAFE)
def test_ten_orders(stage: MobileStage) -> None:
    """Ten people's orders: all are placed, each with its own amounts."""
    orders = [uploaded(stage, who) for who in PEOPLE]
    answers = stage.ask_at_once([(PAY, order.payment) for order in orders])
    assert all(answer.accepted for answer in answers)
    assert [answer.data["payOrdId"] for answer in answers] == [order.pay_ord_id for order in orders]
    for order in orders:
        standing(stage, order)


@pytest.mark.case("mobile-payment/pay-or-revoke", title="Placed and withdrawn at once 下单撤销并发", requirements=SAFE)
def test_pay_or_revoke(stage: MobileStage) -> None:
    """Whichever comes first: in the end it is withdrawn, and nothing can be paid."""
    order = uploaded(stage)
    _, revoked = stage.ask_at_once([(PAY, order.payment), (REVOKE, order.about)])
    assert revoked.accepted
    assert standing(stage, order) is Standing.REVOKED
    stage.own_pay(order.pay_ord_id, "state")
    begun(stage)
