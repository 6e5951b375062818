"""The notice of payment (6302): sealed, true, not before the payment, sent again until the hospital has taken it."""

import pytest

from harness.devices.notice_door import ERROR, GARBLED, REFUSED, SILENT, TAKEN, NoticeAnswer
from harness.faults.catalogue import Effect
from harness.scenarios.mobile_orders import POOR, RICH, Order, begun, paid, query, refund, standing
from harness.scenarios.mobile_stage import PARTY, MobileStage
from harness.wire.mobile_payment import Standing

MOBILE = ["QH-MOBILE-PLATFORM"]
SAFE = ["QH-FUND-SAFETY"]
NOT_TAKEN = {"error": ERROR, "refused": REFUSED, "garbled": GARBLED, "silent": SILENT}


def _retries(stage: MobileStage) -> list[int]:
    """Seconds before each further attempt."""
    return [int(part) for part in stage.terms.callback_retries.split(",") if part]


def _told(stage: MobileStage, *, since: int) -> None:
    """Wait until a notice came and was answered."""
    came = stage.await_notice(since=since)
    assert came is not None, "no notice came"
    _let_end(stage, TAKEN, since=came.seq)


@pytest.mark.case("mobile-payment/notice", title="The hospital is told 结算结果通知", requirements=MOBILE + SAFE)
@pytest.mark.parametrize("who", [POOR, RICH])
def test_notice(stage: MobileStage, who: str) -> None:
    """Once it is paid, by the person or by the insurance alone, and 6301 says the same."""
    stage.listen()
    since = stage.tape.seq
    order = paid(stage, who)
    stage.pause(stage.terms.callback_after_s)
    _told(stage, since=since)
    assert stage.follow(order.about).standing is Standing.PAID
    query(stage, order)


@pytest.mark.case("mobile-payment/notice-not-before", title="Not before it is paid 未支付不通知", requirements=SAFE)
@pytest.mark.parametrize("end", ["paid", "failed"])
def test_notice_not_before(stage: MobileStage, end: str) -> None:
    """Placed is not paid: nothing is told until the person has paid, and nothing at all of what has failed."""
    stage.listen()
    order = begun(stage)
    stage.pause(60)
    since = stage.tape.seq
    stage.own_pay(order.pay_ord_id, result="SUCCESS" if end == "paid" else "FAIL")
    stage.pause(60)
    if end == "paid":
        _told(stage, since=since)
    assert standing(stage, order) is (Standing.PAID if end == "paid" else Standing.FAILED)


@pytest.mark.case("mobile-payment/notice-again", title="Sent again until taken 通知重发", requirements=SAFE)
@pytest.mark.parametrize("answer", list(NOT_TAKEN))
def test_notice_again(stage: MobileStage, answer: str) -> None:
    """An error, a refusal, a page of HTML, no answer: the same notice comes again when it is due, until it is taken."""
    stage.listen(NOT_TAKEN[answer], NOT_TAKEN[answer])
    order = _paid_and_told(stage, NOT_TAKEN[answer])
    for wait_s, given in zip(_retries(stage), (NOT_TAKEN[answer], TAKEN), strict=False):
        stage.step_clock(wait_s - 1)
        since = stage.tape.seq
        stage.step_clock(1)
        came = stage.await_notice(since=since)
        assert came is not None, "no further notice came"
        _let_end(stage, given, since=came.seq)
    stage.step_clock(sum(_retries(stage)))
    assert standing(stage, order) is Standing.PAID


@pytest.mark.case("mobile-payment/notice-given-up", title="Never taken 通知始终失败", requirements=SAFE)
def test_notice_given_up(stage: MobileStage) -> None:
    """After the last retry the centre is silent; the order is paid all the same, and 6301 says so."""
    retries = _retries(stage)
    stage.listen(*[ERROR] * (len(retries) + 3))
    order = _paid_and_told(stage, ERROR)
    for wait_s in retries:
        since = stage.tape.seq
        stage.step_clock(wait_s)
        _told(stage, since=since)
    stage.step_clock(max(retries) * 2)
    assert stage.follow(order.about).standing is Standing.PAID


@pytest.mark.case("mobile-payment/notice-of-each", title="A notice for each order 每单通知", requirements=SAFE)
def test_notice_of_each(stage: MobileStage) -> None:
    """Two orders, two notices, each of its own; one that is not taken does not keep the other from coming."""
    stage.listen(ERROR)
    first = _paid_and_told(stage, ERROR)
    since = stage.tape.seq
    second = paid(stage, "P003")
    stage.pause(stage.terms.callback_after_s)
    _told(stage, since=since)
    since = stage.tape.seq
    stage.step_clock(_retries(stage)[0])
    _told(stage, since=since)
    for order in (first, second):
        assert standing(stage, order) is Standing.PAID
        query(stage, order)


@pytest.mark.case("mobile-payment/notice-refunded", title="Refunded before it was taken 通知前退费", requirements=SAFE)
def test_notice_refunded(stage: MobileStage) -> None:
    """What is sent again says what was paid, also when it was given back meanwhile."""
    stage.listen(ERROR)
    order = _paid_and_told(stage, ERROR)
    refund(stage, order, "ALL")
    since = stage.tape.seq
    stage.step_clock(_retries(stage)[0])
    _told(stage, since=since)
    assert standing(stage, order) is Standing.REFUNDED


@pytest.mark.case("mobile-payment/notice-lost", title="A notice is lost on its way 通知丢失", requirements=SAFE)
@pytest.mark.parametrize("effect", ["lose-request", "lose-reply", "cut-json", "empty-body", "signature-bit"])
def test_notice_lost(stage: MobileStage, effect: str) -> None:
    """Lost or spoilt, the next one comes; who hears nothing asks by 6301, and it is paid once."""
    stage.listen(*[ERROR] if effect in {"cut-json", "empty-body", "signature-bit"} else [])
    stage.spoil("6302", Effect(effect))
    since = stage.tape.seq
    order = paid(stage)
    stage.pause(stage.terms.callback_after_s)
    stage.await_event("fault-fired", since=since)
    if effect != "lose-request":
        _told(stage, since=since)
    assert stage.follow(order.about, most=1).standing is Standing.PAID
    since = stage.tape.seq
    stage.step_clock(_retries(stage)[0])
    _told(stage, since=since)
    assert standing(stage, order) is Standing.PAID


@pytest.mark.case("mobile-payment/hospital-settles", title="The hospital settles 院内结算", requirements=MOBILE)
def test_hospital_settles(stage: MobileStage) -> None:
    """Where the order waits for the hospital: 4 until it has taken the notice, then 5, and a while later 6."""
    stage.listen(ERROR)
    order = _paid_and_told(stage, ERROR)
    waits = stage.terms.hospital_settles
    assert query(stage, order).told["ordStas"] == ("4" if waits else "6")
    since = stage.tape.seq
    stage.step_clock(_retries(stage)[0])
    _told(stage, since=since)
    if waits:
        stage.await_event("hospital-settled", since=since)
        assert query(stage, order).told["ordStas"] == "5"
        since = stage.tape.seq
        stage.step_clock(stage.terms.settles_after_s)
        stage.await_event("order-settled", since=since)
    assert query(stage, order).told["ordStas"] == "6"
    refund(stage, order, "ALL")
    assert standing(stage, order) is Standing.REFUNDED


def _paid_and_told(stage: MobileStage, answer: NoticeAnswer) -> Order:
    """An order that is paid, whose first notice has come and was answered so."""
    since = stage.tape.seq
    order = paid(stage)
    stage.pause(stage.terms.callback_after_s)
    came = stage.await_notice(since=since)
    assert came is not None, "no notice came"
    _let_end(stage, answer, since=came.seq)
    return order


def _let_end(stage: MobileStage, answer: NoticeAnswer, *, since: int) -> None:
    """Wait until the centre knows what came of a notice that is answered so."""
    if answer.silent:
        stage.step_clock(stage.terms.callback_s)
    else:
        assert stage.await_taken(since=since) is not None, "the notice was not answered"
    if PARTY in stage.back_doors:
        stage.await_event("callback-answered", since=since)
