"""The life of an order: each move that is allowed, and the refusal of each that is not."""

from dataclasses import replace

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
    refund,
    revoke,
    standing,
    upload_of,
    uploaded,
)
from harness.scenarios.mobile_stage import MobileStage
from harness.wire.mobile_payment import Standing
from harness.wire.mobile_payment.answers import PAY, QUERY, REFUND, REVOKE, UPLOAD
from harness.wire.mobile_payment.order_state import NEEDS_A_PERSON

MOBILE = ["QH-MOBILE-PLATFORM"]
SAFE = ["QH-FUND-SAFETY"]


@pytest.mark.case("mobile-payment/pay-twice", title="Placed twice 重复下单", requirements=SAFE)
@pytest.mark.parametrize("when", ["to-pay", "paid"])
def test_pay_twice(stage: MobileStage, when: str) -> None:
    """6202 of another business number is refused, before and after the order is paid."""
    order = begun(stage) if when == "to-pay" else paid(stage)
    stage.ask(PAY, {**order.payment, "orgBizSer": stage.number("BIZ")}, "state")
    if when == "to-pay":
        stage.own_pay(order.pay_ord_id)
    assert standing(stage, order) is Standing.PAID


@pytest.mark.case("mobile-payment/pay-ended", title="Placed when it is over 终态下单", requirements=SAFE)
@pytest.mark.parametrize("end", ["revoked", "failed", "refunded"])
def test_pay_ended(stage: MobileStage, end: str) -> None:
    """An order that is revoked, has failed or was refunded is not paid any more, by 6202 or by the person."""
    if end == "revoked":
        order = uploaded(stage)
        revoke(stage, order)
    elif end == "failed":
        order = begun(stage)
        stage.own_pay(order.pay_ord_id, result="FAIL")
    else:
        order = paid(stage)
        refund(stage, order, "ALL")
    before = standing(stage, order)
    stage.ask(PAY, {**order.payment, "orgBizSer": stage.number("BIZ")}, "state")
    stage.own_pay(order.pay_ord_id, "state")
    assert standing(stage, order) is before


@pytest.mark.case("mobile-payment/own-pay-twice", title="Own part paid twice 自费重复支付", requirements=SAFE)
@pytest.mark.parametrize("first", ["SUCCESS", "FAIL"])
def test_own_pay_twice(stage: MobileStage, first: str) -> None:
    """What the payment channel says first counts."""
    order = begun(stage)
    stage.own_pay(order.pay_ord_id, result=first)
    stage.own_pay(order.pay_ord_id, "state", result="SUCCESS" if first == "FAIL" else "FAIL")
    assert standing(stage, order) is (Standing.PAID if first == "SUCCESS" else Standing.FAILED)


@pytest.mark.case("mobile-payment/own-pay-unplaced", title="Own part of a saved order 未下单支付", requirements=SAFE)
def test_own_pay_unplaced(stage: MobileStage) -> None:
    """Nothing is paid before 6202."""
    order = uploaded(stage)
    stage.own_pay(order.pay_ord_id, "state")
    assert standing(stage, order) is Standing.UNDER_WAY
    stage.own_pay("ORD" + "0" * 27, "order-unknown")


@pytest.mark.case("mobile-payment/own-part-fails", title="The own part fails 自费支付失败", requirements=SAFE)
def test_own_part_fails(stage: MobileStage) -> None:
    """The order fails, nothing is taken, and the same charge can be paid by a new order."""
    order = begun(stage)
    stage.own_pay(order.pay_ord_id, result="FAIL")
    assert standing(stage, order) is Standing.FAILED
    again = uploaded(stage, iptOtpNo=order.upload["iptOtpNo"], chrgBchno=order.upload["chrgBchno"])
    again = placed(stage, again)
    stage.own_pay(again.pay_ord_id)
    assert standing(stage, again) is Standing.PAID


@pytest.mark.case("mobile-payment/revoke", title="An upload is withdrawn 明细上传撤销", requirements=MOBILE)
@pytest.mark.parametrize("when", ["saved", "to-pay"])
def test_revoke(stage: MobileStage, when: str) -> None:
    """Until it is paid; twice is the same; the charge may be uploaded anew."""
    order = uploaded(stage) if when == "saved" else begun(stage)
    revoke(stage, order)
    revoke(stage, order)
    assert standing(stage, order) is Standing.REVOKED
    again = paid(stage, iptOtpNo=order.upload["iptOtpNo"], chrgBchno=order.upload["chrgBchno"])
    assert standing(stage, again) is Standing.PAID


@pytest.mark.case("mobile-payment/revoke-too-late", title="Withdrawn when it is paid 已支付撤销", requirements=SAFE)
@pytest.mark.parametrize("when", ["paid", "failed", "refunded", "partly-refunded"])
def test_revoke_too_late(stage: MobileStage, when: str) -> None:
    """What is paid goes back by 6203 alone."""
    if when == "failed":
        order = begun(stage)
        stage.own_pay(order.pay_ord_id, result="FAIL")
    else:
        order = paid(stage)
    if when == "refunded":
        refund(stage, order, "ALL")
    if when == "partly-refunded":
        refund(stage, order, "CASH", parts={"own": Fen(1)})
    before = query(stage, order).told["ordStas"]
    revoke(stage, order, "state")
    assert query(stage, order).told["ordStas"] == before


@pytest.mark.case("mobile-payment/refund-unpaid", title="Refund of what is not paid 未支付退费", requirements=SAFE)
@pytest.mark.parametrize("when", ["saved", "to-pay", "revoked", "failed"])
def test_refund_unpaid(stage: MobileStage, when: str) -> None:
    """Nothing is given back that was not paid."""
    order = uploaded(stage) if when in {"saved", "revoked"} else begun(stage)
    if when == "revoked":
        revoke(stage, order)
    if when == "failed":
        stage.own_pay(order.pay_ord_id, result="FAIL")
    before = query(stage, order).told["ordStas"]
    refund(stage, order, "CASH", "state", parts={"own": Fen(1)})
    assert query(stage, order).told["ordStas"] == before


@pytest.mark.case("mobile-payment/unpaid", title="Not paid in time 超时未支付", requirements=SAFE)
def test_unpaid(stage: MobileStage) -> None:
    """Revoked when its time is over, and not a second before; then nobody can pay it."""
    order = begun(stage)
    stage.step_clock(stage.terms.unpaid_s - 1)
    assert standing(stage, order) is Standing.UNDER_WAY
    stage.step_clock(1)
    assert stage.follow(order.about, most=2).standing is Standing.REVOKED
    assert query(stage, order).told["ordStas"] == "12"
    stage.own_pay(order.pay_ord_id, "state")
    again = paid(stage, iptOtpNo=order.upload["iptOtpNo"], chrgBchno=order.upload["chrgBchno"])
    assert standing(stage, again) is Standing.PAID


@pytest.mark.case("mobile-payment/paid-in-time", title="Paid in the last second 最后一秒支付", requirements=SAFE)
def test_paid_in_time(stage: MobileStage) -> None:
    """Paid a second before its time is over it stays paid."""
    order = begun(stage)
    stage.step_clock(stage.terms.unpaid_s - 1)
    stage.own_pay(order.pay_ord_id)
    stage.step_clock(2)
    assert standing(stage, order) is Standing.PAID


@pytest.mark.case("mobile-payment/batch-once", title="A charge batch is charged once 批次只收一次", requirements=SAFE)
@pytest.mark.parametrize("when", ["to-pay", "paid", "partly-refunded"])
def test_batch_once(stage: MobileStage, when: str) -> None:
    """While an order has charged it, or is being paid, neither an earlier upload nor a new one can."""
    first = uploaded(stage, goods=DEAR)
    batch = {name: first.upload[name] for name in ("iptOtpNo", "chrgBchno")}
    rival = uploaded(stage, goods=DEAR, fields=batch) if stage.hospital is None else None
    first = placed(stage, first)
    if when != "to-pay":
        stage.own_pay(first.pay_ord_id)
    if when == "partly-refunded":
        refund(stage, first, "CASH")
    if rival is not None:
        stage.ask(PAY, rival.payment, "already-settled")
    data = upload_of(stage, first.person, goods=DEAR, fields=batch)
    again = stage.ask(UPLOAD, data, "already-settled")
    if again.answer is not None and again.answer.accepted:
        placed(stage, Order(person=first.person, upload=data, created=again.told))


@pytest.mark.case("mobile-payment/batch-again", title="Charged again after it was undone 撤销后重收", requirements=SAFE)
def test_batch_again(stage: MobileStage) -> None:
    """A charge that was wholly refunded may be paid by another order."""
    first = paid(stage)
    refund(stage, first, "ALL")
    again = paid(stage, iptOtpNo=first.upload["iptOtpNo"], chrgBchno=first.upload["chrgBchno"])
    assert standing(stage, again) is Standing.PAID
    assert standing(stage, first) is Standing.REFUNDED


@pytest.mark.case("mobile-payment/not-theirs", title="Another's order 他人订单", requirements=SAFE)
@pytest.mark.parametrize("service", [PAY, QUERY, REVOKE])
def test_not_theirs(stage: MobileStage, service: str) -> None:
    """Another institution, another token or another person is told nothing, and changes nothing."""
    order, other = uploaded(stage), uploaded(stage, "P003")
    data = dict(order.payment if service == PAY else order.about)
    stage.ask(service, {**data, "orgCodg": stage.table.other_institution}, "order-unknown")
    stage.ask(service, {**data, "payToken": other.created["payToken"]}, "order-unknown")
    person: dict[str, object] = {"idNo": other.person.id_no, "userName": other.person.name}
    if service == PAY:
        person = {"payAuthNo": stage.auth_no(other.person)}
    stage.ask(service, {**data, **person}, "person-mismatch")
    assert standing(stage, order) is Standing.UNDER_WAY
    placed(stage, order)


@pytest.mark.case("mobile-payment/order-unknown", title="An order that is none 未知订单", requirements=MOBILE)
@pytest.mark.parametrize("service", [PAY, QUERY, REVOKE, REFUND])
def test_order_unknown(stage: MobileStage, service: str) -> None:
    """A made-up payOrdId is found nowhere."""
    order = uploaded(stage)
    nobody = replace(order, created={**order.created, "payOrdId": "ORD" + "0" * 27})
    if service == REFUND:
        refund(stage, nobody, "CASH", "order-unknown", parts={"own": Fen(1)})
    else:
        stage.ask(service, nobody.payment if service == PAY else nobody.about, "order-unknown")
    assert standing(stage, order) is Standing.UNDER_WAY


@pytest.mark.case(
    "mobile-payment/account-used-meanwhile", title="The account is used up 账户余额已用", requirements=SAFE
)
def test_account_used_meanwhile(stage: MobileStage) -> None:
    """Two orders count on the same money: the second fails when it is paid, and takes nothing."""
    first, second = begun(stage), begun(stage)
    assert first.part("account"), "this person was to have something on the account"
    stage.own_pay(first.pay_ord_id)
    stage.own_pay(second.pay_ord_id)
    assert standing(stage, first) is Standing.PAID
    assert standing(stage, second) is Standing.FAILED
    third = paid(stage, POOR)
    assert third.part("account") == 0


@pytest.mark.case("mobile-payment/own-part-stays", title="The own part cannot go back 自费冲正失败", requirements=SAFE)
def test_own_part_stays(stage: MobileStage) -> None:
    """The insurance's part fails, and the channel does not give the own part back (16): neither paid nor given back.

    A person has to look; nothing more is done to the order, and its charge is paid by another.
    """
    first, second = begun(stage), begun(stage)
    stage.own_pay(first.pay_ord_id)
    stage.own_pay(second.pay_ord_id, stays=True)
    told = query(stage, second).told["ordStas"]
    assert told == "16"
    assert told in NEEDS_A_PERSON
    refund(stage, second, "CASH", "state", parts={"own": Fen(1)})
    revoke(stage, second, "state")
    stage.own_pay(second.pay_ord_id, "state")
    again = paid(stage, iptOtpNo=second.upload["iptOtpNo"], chrgBchno=second.upload["chrgBchno"])
    assert standing(stage, again) is Standing.PAID
    assert query(stage, second).told["ordStas"] == "16"
