"""Submitted twice: the first answer again, done once; under the same number with other content, refused."""

import pytest

from harness.money import Fen
from harness.scenarios.mobile_orders import (
    POOR,
    Order,
    begun,
    paid,
    query,
    refund,
    refund_of,
    standing,
    upload_of,
    whole,
)
from harness.scenarios.mobile_stage import MobileStage
from harness.wire.mobile_payment import Standing
from harness.wire.mobile_payment.answers import PAY, REFUND, UPLOAD

SAFE = ["QH-FUND-SAFETY"]


@pytest.mark.case("mobile-payment/same-upload", title="The same upload twice 重复上传", requirements=SAFE)
@pytest.mark.parametrize("when", ["at-once", "when-paid"])
def test_same_upload(stage: MobileStage, when: str) -> None:
    """One order, the first answer again, also when it is paid by then."""
    data = upload_of(stage, stage.person(POOR))
    first = stage.ask(UPLOAD, data)
    if when == "when-paid":
        order = Order(person=stage.person(POOR), upload=data, created=first.told)
        stage.ask(PAY, order.payment)
        stage.own_pay(order.pay_ord_id)
    again = stage.ask(UPLOAD, data)
    assert again.told["payOrdId"] == first.told["payOrdId"]


@pytest.mark.case("mobile-payment/same-payment", title="The same payment twice 重复下单同内容", requirements=SAFE)
@pytest.mark.parametrize("when", ["to-pay", "paid", "refunded"])
def test_same_payment(stage: MobileStage, when: str) -> None:
    """Placed once; the amounts of the first answer again."""
    order = begun(stage)
    if when != "to-pay":
        stage.own_pay(order.pay_ord_id)
    if when == "refunded":
        refund(stage, order, "ALL")
    before = standing(stage, order)
    again = stage.ask(PAY, order.payment).told
    assert {name: again[name] for name in ("feeSumamt", "ownPayAmt")} == {
        name: order.placed[name] for name in ("feeSumamt", "ownPayAmt")
    }
    assert standing(stage, order) is before


@pytest.mark.case("mobile-payment/same-refund", title="The same refund twice 重复退费同内容", requirements=SAFE)
def test_same_refund(stage: MobileStage) -> None:
    """Given back once, and said twice."""
    order = paid(stage)
    data = refund_of(stage, order, "CASH", stage.number("R"), {"own": Fen(100)})
    for _ in range(3):
        assert stage.ask(REFUND, data).told["refStatus"] == "SUCC"
    assert query(stage, order).told["ordStas"] == "10"
    refund(stage, order, "CASH", parts={"own": Fen(order.part("own") - 100)})
    assert query(stage, order).told["ordStas"] == "9"


@pytest.mark.case(
    "mobile-payment/other-upload", title="An order number with other content 订单号内容不同", requirements=SAFE
)
def test_other_upload(stage: MobileStage) -> None:
    """medOrgOrd belongs to the content that it came with first."""
    data = upload_of(stage, stage.person(POOR))
    stage.ask(UPLOAD, data)
    stage.ask(UPLOAD, {**data, "drName": "另一位"}, "order-exists")
    stage.ask(UPLOAD, data)


@pytest.mark.case(
    "mobile-payment/other-refund", title="A refund number with other content 退费流水内容不同", requirements=SAFE
)
def test_other_refund(stage: MobileStage) -> None:
    """appRefdSn belongs to the parts that it came with first."""
    order, serial = paid(stage), stage.number("R")
    refund(stage, order, "CASH", serial=serial, parts={"own": Fen(100)})
    refund(stage, order, "CASH", "refund-repeated", serial=serial, parts={"own": Fen(200)})
    refund(stage, order, "HI", "refund-repeated", serial=serial)
    assert query(stage, order).told["ordStas"] == "10"


@pytest.mark.case("mobile-payment/new-envelope", title="The same content, sealed anew 换封重发", requirements=SAFE)
def test_new_envelope(stage: MobileStage) -> None:
    """Sent again later, under a new signature and time, it is the same submission."""
    data = upload_of(stage, stage.person(POOR))
    first = stage.ask(UPLOAD, data)
    stage.pause(60)
    assert stage.ask(UPLOAD, data).told == first.told
    order = Order(person=stage.person(POOR), upload=data, created=first.told)
    assert standing(stage, order) is Standing.UNDER_WAY
    stage.ask(PAY, order.payment)


@pytest.mark.case("mobile-payment/number-of-another", title="One number, two orders 流水号跨订单", requirements=SAFE)
def test_number_of_another(stage: MobileStage) -> None:
    """A refund's number is its order's: another order may have the same."""
    first, second, serial = paid(stage, "P003"), paid(stage), stage.number("R")
    refund(stage, first, "ALL", serial=serial)
    refund(stage, second, "ALL", serial=serial, parts=whole(second, "ALL"))
    for order in (first, second):
        assert query(stage, order).told["ordStas"] == "7"
