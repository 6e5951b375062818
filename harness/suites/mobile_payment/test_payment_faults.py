"""Answers that are lost, cut or spoilt: nobody takes that for a no; asked again, everything is done exactly once."""

import pytest

from harness.devices.mobile_payment import Data
from harness.faults.catalogue import Effect
from harness.scenarios.mobile_orders import (
    POOR,
    Order,
    begun,
    paid,
    placed,
    query,
    refund,
    refund_of,
    revoke,
    standing,
    upload_of,
    uploaded,
    whole,
)
from harness.scenarios.mobile_stage import MobileStage
from harness.wire.mobile_payment import Standing
from harness.wire.mobile_payment.answers import PAY, QUERY, REFUND, REVOKE, UPLOAD

SAFE = ["QH-FUND-SAFETY"]
LOST = (
    *("cut-connection", "bad-gateway", "bad-gateway-after", "gateway-timeout-after"),
    *("empty-body", "cut-json", "doubled-json"),
)
LOST_TOO = ("cut-connection", "bad-gateway-after", "cut-json")
SPOILT = (
    *("signature-bit", "signature-der", "signature-swapped", "signature-other-id"),
    *("key-rotated", "wrong-padding"),
)


def _again(stage: MobileStage, service: str, data: Data, effect: Effect) -> Data:
    """Ask while the answer is disturbed, then once more; the second answer."""
    stage.spoil(service, effect)
    first = stage.ask_in_doubt(service, data)
    assert first.answer is None, "a disturbed answer was trusted"
    return stage.ask(service, data).told


def _done_once(stage: MobileStage, order: Order) -> None:
    """The order is paid, can be given back once, and not once more."""
    assert stage.follow(order.about).standing is Standing.PAID
    refund(stage, order, "ALL")
    refund(stage, order, "ALL", "state")
    assert query(stage, order).told["ordStas"] == "7"


@pytest.mark.case("mobile-payment/upload-lost", title="The upload's answer is lost 上传应答丢失", requirements=SAFE)
@pytest.mark.parametrize("effect", LOST_TOO)
def test_upload_lost(stage: MobileStage, effect: str) -> None:
    """The same upload again is the same order."""
    data = upload_of(stage, stage.person(POOR))
    created = _again(stage, UPLOAD, data, Effect(effect))
    order = placed(stage, Order(person=stage.person(POOR), upload=data, created=created))
    stage.own_pay(order.pay_ord_id)
    _done_once(stage, order)


@pytest.mark.case("mobile-payment/payment-lost", title="The payment's answer is lost 下单应答丢失", requirements=SAFE)
@pytest.mark.parametrize("effect", LOST)
def test_payment_lost(stage: MobileStage, effect: str) -> None:
    """In doubt it is asked for; the same payment again is placed once, and charged once."""
    order = uploaded(stage)
    stage.spoil(PAY, Effect(effect))
    assert stage.ask_in_doubt(PAY, order.payment).answer is None
    assert stage.follow(order.about, most=1).standing is Standing.UNDER_WAY
    order = placed(stage, order)
    stage.own_pay(order.pay_ord_id)
    _done_once(stage, order)


@pytest.mark.case("mobile-payment/refund-lost", title="The refund's answer is lost 退费应答丢失", requirements=SAFE)
@pytest.mark.parametrize("effect", LOST_TOO)
def test_refund_lost(stage: MobileStage, effect: str) -> None:
    """The same refund again gives back once."""
    order = paid(stage)
    data = refund_of(stage, order, "ALL", stage.number("R"), whole(order, "ALL"))
    assert _again(stage, REFUND, data, Effect(effect))["refStatus"] == "SUCC"
    refund(stage, order, "ALL", "state")
    assert query(stage, order).told["ordStas"] == "7"


@pytest.mark.case(
    "mobile-payment/revocation-lost", title="The withdrawal's answer is lost 撤销应答丢失", requirements=SAFE
)
@pytest.mark.parametrize("effect", ["cut-connection", "empty-body"])
def test_revocation_lost(stage: MobileStage, effect: str) -> None:
    """Withdrawn once, and said again."""
    order = uploaded(stage)
    _again(stage, REVOKE, order.about, Effect(effect))
    assert standing(stage, order) is Standing.REVOKED


@pytest.mark.case("mobile-payment/query-lost", title="The query's answer is lost 查询应答丢失", requirements=SAFE)
@pytest.mark.parametrize("effect", ["bad-gateway", "cut-json", "doubled-json", "empty-body"])
def test_query_lost(stage: MobileStage, effect: str) -> None:
    """An answer that nobody can read is no state: it is asked again."""
    order = paid(stage)
    stage.spoil(QUERY, Effect(effect))
    followed = stage.follow(order.about)
    assert (followed.standing, followed.asked) == (Standing.PAID, 2)


@pytest.mark.case("mobile-payment/no-answer", title="No answer in time 超时无应答", requirements=SAFE)
def test_no_answer(stage: MobileStage) -> None:
    """After the time-out nobody knows; 6301 tells, and the payment is made once."""
    order = uploaded(stage)
    stage.spoil(PAY, Effect.LOSE_REPLY)
    assert stage.ask_in_doubt(PAY, order.payment).answer is None
    assert query(stage, order).told["ordStas"] == "2"
    order = placed(stage, order)
    stage.own_pay(order.pay_ord_id)
    _done_once(stage, order)


@pytest.mark.case("mobile-payment/seal-spoilt", title="The answer's seal is spoilt 应答签名损坏", requirements=SAFE)
@pytest.mark.parametrize(
    ("service", "effect"), [*((PAY, effect) for effect in SPOILT), (REFUND, "signature-bit"), (REFUND, "wrong-padding")]
)
def test_seal_spoilt(stage: MobileStage, service: str, effect: str) -> None:
    """An answer that cannot be trusted is no answer; asked again, it is done once."""
    if service == PAY:
        order = uploaded(stage)
        _again(stage, PAY, order.payment, Effect(effect))
        order = placed(stage, order)
        stage.own_pay(order.pay_ord_id)
        assert standing(stage, order) is Standing.PAID
        return
    order = paid(stage)
    data = refund_of(stage, order, "ALL", stage.number("R"), whole(order, "ALL"))
    assert _again(stage, REFUND, data, Effect(effect))["refStatus"] == "SUCC"
    assert query(stage, order).told["ordStas"] == "7"


@pytest.mark.case("mobile-payment/payment-and-withdrawal", title="Withdrawn in doubt 未知时撤销", requirements=SAFE)
@pytest.mark.parametrize("effect", ["bad-gateway", "bad-gateway-after"])
def test_payment_and_withdrawal(stage: MobileStage, effect: str) -> None:
    """Who cannot know whether it was placed may withdraw it: nothing is charged then."""
    order = uploaded(stage)
    stage.spoil(PAY, Effect(effect))
    assert stage.ask_in_doubt(PAY, order.payment).answer is None
    revoke(stage, order)
    stage.own_pay(order.pay_ord_id, "state")
    assert standing(stage, order) is Standing.REVOKED
    begun(stage)
