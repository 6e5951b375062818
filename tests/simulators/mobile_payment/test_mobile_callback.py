"""The notice 6302: sent under the envelope, retried on the bench clock, disturbed by faults, silent at last."""

import json
from collections.abc import Callable

import pytest

from harness.faults.catalogue import Effect
from tests.simulators.mobile_payment.mobile_payment_rig import PEOPLE, MobileRig

P2 = PEOPLE["P002"]


def notice(mobile: MobileRig, number: int = 0) -> dict[str, object]:
    return dict(mobile.codec.open(mobile.hospital.notices[number], now_ns=mobile.clock.now_ns()).data)


def test_a_paid_order_is_told_to_the_hospital(mobile: MobileRig) -> None:
    mobile.listen()
    order = mobile.paid(P2)
    assert mobile.wait_for("callback-answered").event["taken"] is True
    told = notice(mobile)
    assert (told["payOrdId"], told["medOrgOrd"], told["callType"]) == (order["payOrdId"], order["medOrgOrd"], "02")
    assert (told["feeSumamt"], told["ownPayAmt"], told["psnAcctPay"]) == ("44.98", "23.94", "5.00")
    assert told["traceTime"] == "2020-10-14 08:30:00"
    (sent,) = mobile.events("callback-sent")
    assert (sent["pay_ord_id"], sent["attempt"], sent["total_fen"]) == (order["payOrdId"], 1, 4498)
    frames = [record for record in mobile.tape.recent() if record.channel == "mobile-payment.callback"]
    assert [record.data for record in frames] == [mobile.hospital.notices[0], mobile.hospital.reply]


def test_without_an_address_nothing_is_sent(mobile: MobileRig) -> None:
    mobile.paid(P2)
    mobile.step(0)
    assert mobile.events("callback-sent") == []


@pytest.mark.parametrize(
    ("status", "reply"), [(500, b'{"code":0}'), (200, b'{"code":1}'), (200, b""), (200, b"success"), (200, b"[0]")]
)
def test_a_notice_that_is_not_taken_is_sent_again(mobile: MobileRig, status: int, reply: bytes) -> None:
    mobile.listen()
    taken = mobile.hospital.reply
    mobile.hospital.status, mobile.hospital.reply = status, reply
    mobile.paid(P2)
    assert mobile.wait_for("callback-answered").event["taken"] is False
    mobile.hospital.status, mobile.hospital.reply = 200, taken
    mobile.step(15)
    assert mobile.wait_for("callback-answered", 2).event["taken"] is True
    assert notice(mobile, 1) == notice(mobile, 0)
    mobile.step(100_000)
    assert len(mobile.hospital.notices) == 2


def test_a_hospital_that_never_answers_is_left_alone_at_last(make_mobile: Callable[..., MobileRig]) -> None:
    mobile = make_mobile(callback_retries="10,20")
    mobile.listen()
    mobile.hospital.silent = True
    mobile.paid(P2)
    for attempt, wait_s in ((1, 10), (2, 20), (3, 0)):
        mobile.wait_for("callback-sent", attempt)
        mobile.tape.wait_for(lambda record: record.channel == "mobile-payment.callback", since=0, timeout=60)
        mobile.step(5)
        assert mobile.wait_for("callback-answered", attempt).event["why"] == "no-answer"
        mobile.step(wait_s)
    assert mobile.wait_for("callback-given-up").event["attempts"] == 3


def test_a_notice_can_wait_for_the_clock(make_mobile: Callable[..., MobileRig]) -> None:
    mobile = make_mobile(callback_after_s=3)
    mobile.listen()
    mobile.paid(P2)
    mobile.step(2)
    assert mobile.events("callback-sent") == []
    mobile.step(1)
    assert mobile.wait_for("callback-answered").event["taken"] is True


def test_a_lost_notice_is_sent_again(mobile: MobileRig) -> None:
    mobile.listen()
    mobile.disturb("6302", Effect.LOSE_REQUEST)
    mobile.paid(P2)
    assert mobile.wait_for("callback-answered").event["why"] == "lost"
    assert mobile.hospital.notices == []
    assert len(mobile.events("fault-fired")) == 1
    mobile.step(15)
    mobile.wait_for("callback-answered", 2)
    assert len(mobile.hospital.notices) == 1


def test_a_notice_whose_answer_is_lost_comes_twice(mobile: MobileRig) -> None:
    mobile.listen()
    mobile.disturb("6302", Effect.LOSE_REPLY)
    mobile.paid(P2)
    mobile.wait_for("callback-answered")
    mobile.step(15)
    mobile.wait_for("callback-answered", 2)
    assert len(mobile.hospital.notices) == 2


def test_a_damaged_notice_arrives_damaged(mobile: MobileRig) -> None:
    mobile.listen()
    mobile.disturb("6302", Effect.CUT_JSON)
    mobile.paid(P2)
    mobile.wait_for("callback-answered")
    with pytest.raises(ValueError, match=r"."):
        json.loads(mobile.hospital.notices[0])


def test_notices_can_be_doubled_and_wrong(make_mobile: Callable[..., MobileRig]) -> None:
    mobile = make_mobile(callback_copies=2, callback_off_fen=1)
    mobile.listen()
    mobile.paid(P2)
    mobile.wait_for("callback-answered", 2)
    assert [notice(mobile, number)["ownPayAmt"] for number in (0, 1)] == ["23.95", "23.95"]


def test_a_reset_silences_and_forgets(mobile: MobileRig) -> None:
    mobile.listen()
    mobile.disturb("6302", Effect.LOSE_REQUEST)
    order = mobile.paid(P2)
    mobile.wait_for("callback-answered")
    mobile.as_new()
    mobile.step(100_000)
    assert mobile.hospital.notices == []
    assert mobile.call("6301", mobile.about(order))["code"] == 982011
    assert mobile.balance(P2) == 500
    assert mobile.http.post(mobile.at.also["control"] + "/callback", json={"url": "x"}).status_code == 400
