"""A purchase at the reference adapter, from the cashier's command to what is booked."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.simulators.his.conftest import each_fault, loses

if TYPE_CHECKING:
    from tests.simulators.his.conftest import Adapter, Systems

CODE = "424" + "1234567890123456701" + "630000"


def test_good_purchase_is_settled_once(adapter: "Adapter", systems: "Systems") -> None:
    sold = adapter.buy()
    assert sold["outcome"] == "accepted", sold
    assert sold["amounts"] == {"total": "25.00", "fund": "0.00", "account": "12.50", "cash": "12.50"}
    assert (sold["order"], sold["setl_id"], sold["psn_no"]) == ("A0001", "SETL1", "6399001")
    assert [r.get("infno", "ec.query") for r in systems.requests] == ["9001", "ec.query", "1101", "2101", "2102"]
    assert systems.net_fen() == 2500
    assert sold["msgid"] == systems.sent("2102")[0]["msgid"]


def test_envelope_follows_the_interface(adapter: "Adapter", systems: "Systems") -> None:
    adapter.buy()
    sent = systems.sent("2102")[0]
    assert sent["mdtrtarea_admvs"] == "639900"
    assert (sent["insuplc_admdvs"], sent["sign_no"], sent["signtype"]) == ("639900", "S1", "SM3")
    assert sent["inf_time"] == "2020-10-14 08:30:00"
    assert sent["msgid"][:26] == "P6399990000120201014083000"
    assert len(sent["msgid"]) == 30
    info = sent["input"]["druginfo"]
    assert (info["insutype"], info["med_type"], info["invono"]) == ("310", "41", "A0001")
    assert {key: info[key] for key in info} == systems.sent("2101")[0]["input"]["druginfo"]


def test_every_msgid_stands_in_the_journal_before_it_is_sent(adapter: "Adapter", systems: "Systems") -> None:
    adapter.buy()
    sent = [request["msgid"] for request in systems.requests if "msgid" in request]
    assert systems.unjournalled == []
    announced = [line["msgid"] for way, line in adapter.lines if way == "from" and line.get("event") == "journal"]
    assert announced == sent
    assert len(set(sent)) == len(sent)


def test_account_is_used_only_if_the_customer_wants(adapter: "Adapter", systems: "Systems") -> None:
    sold = adapter.buy(use_account=False)
    assert sold["amounts"]["account"] == "0.00"
    assert systems.sent("2102")[0]["input"]["druginfo"]["acct_used_flag"] == "0"


def test_prices_that_floats_cannot_hold_come_out_right(adapter: "Adapter", systems: "Systems") -> None:
    sold = adapter.buy(lines=[("4.35", "3", "13.05"), ("1.005", "1", "1.01"), ("0.29", "100", "29.00")])
    assert sold["amounts"]["total"] == "43.06"
    assert [d["det_item_fee_sumamt"] for d in systems.sent("2102")[0]["input"]["drugdetail"]] == [
        "13.05",
        "1.01",
        "29.00",
    ]


def test_basket_that_does_not_add_up_goes_nowhere(adapter: "Adapter", systems: "Systems") -> None:
    assert adapter.buy(total="25.01")["reason"] == "amounts-disagree"
    assert len(systems.requests) == 1


def test_line_that_is_not_price_times_quantity_is_refused(adapter: "Adapter", systems: "Systems") -> None:
    assert adapter.buy(lines=[("4.35", "3", "13.04")])["reason"] == "amounts-disagree"
    assert systems.sent("ec.query") == []


def test_without_sign_in_nothing_is_sent(start: Any, systems: "Systems") -> None:
    answer = start().buy()
    assert answer["reason"] == "not-signed-in"
    assert "签到" in answer["prompt"]
    assert systems.requests == []


def test_sign_in_is_for_one_day(adapter: "Adapter") -> None:
    assert adapter.buy(at="2020-10-15 00:00:00")["reason"] == "not-signed-in"


@pytest.mark.parametrize(
    ("code", "reason", "word"),
    [
        (980001, "code-expired", "过期"),
        (980002, "code-used", "已使用"),
        (980003, "not-activated", "激活"),
        (980004, "code-unknown", "无法识别"),
        (980005, "platform-refused", "中心拒绝"),
    ],
)
def test_refusal_of_the_centre_reaches_the_cashier(
    adapter: "Adapter", systems: "Systems", code: int, reason: str, word: str
) -> None:
    systems.centre_code = code
    answer = adapter.buy()
    assert (answer["reason"], answer["code"]) == (reason, str(code))
    assert word in answer["prompt"]
    assert systems.sent("1101") == []


def test_payment_code_is_told_apart_by_the_centre(adapter: "Adapter", systems: "Systems") -> None:
    answer = adapter.buy("A0001", b"134567890123456789\r")
    assert (answer["reason"], answer["code"]) == ("wrong-code-kind", "500159")
    assert systems.sent("ec.query")[0]["data"]["ecQrCode"] == "134567890123456789"


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        (("电子凭证密码错误，本次未记账", "981020"), "wrong-password"),
        (("参保人取消支付，本次未记账", "981021"), "declined"),
        (("参保人未在规定时间内确认支付", "981022"), "not-answered"),
        (("密码错误", ""), "wrong-password"),
        (("黑名单", ""), "platform-refused"),
        (("未签到", "981005"), "not-signed-in"),
    ],
)
def test_refused_settlement_books_nothing(
    adapter: "Adapter", systems: "Systems", refusal: tuple[str, str], reason: str
) -> None:
    systems.refusals["2102"] = [refusal]
    answer = adapter.buy()
    assert answer["reason"] == reason
    assert systems.sent("2601") == []
    assert [entry["state"] for entry in adapter.do("books")["entries"]] == ["refused"]


def test_settlement_that_differs_from_its_pre_settlement_is_taken_back(adapter: "Adapter", systems: "Systems") -> None:
    systems.faults["2102"] = ["changed"]
    answer = adapter.buy()
    assert answer["reason"] == "amounts-disagree"
    assert systems.net_fen() == 0
    assert [entry["state"] for entry in adapter.do("books")["entries"]] == ["refunded"]


@loses
def test_taking_back_survives_a_lost_answer(adapter: "Adapter", systems: "Systems") -> None:
    systems.faults |= {"2102": ["changed"], "2103": ["lose-reply"]}
    assert adapter.buy()["reason"] == "amounts-disagree"
    assert systems.net_fen() == 0
    assert [r["infno"] for r in systems.requests[-3:]] == ["2103", "2601", "2103"]


@each_fault("lose-request", "502", "empty", "cut", "no-infcode")
@pytest.mark.parametrize("infno", ["1101", "2101"])
def test_question_without_answer_is_refused_and_needs_no_reversal(
    adapter: "Adapter", systems: "Systems", infno: str, fault: str
) -> None:
    systems.faults[infno] = [fault]
    assert adapter.buy()["reason"] == "platform-unavailable"
    assert systems.sent("2601") == []
    assert adapter.buy("A0002")["outcome"] == "accepted"


@loses
def test_centre_without_answer_is_named(adapter: "Adapter", systems: "Systems") -> None:
    systems.faults["ec.query"] = ["lose-reply"]
    assert adapter.buy()["reason"] == "voucher-centre-unavailable"


@pytest.mark.parametrize("fault", ["double", "gbk"])
def test_odd_spelling_of_an_answer_is_read(adapter: "Adapter", systems: "Systems", fault: str) -> None:
    systems.faults = systems.faults | {infno: [fault] for infno in ("ec.query", "1101", "2101", "2102")}
    assert adapter.buy()["outcome"] == "accepted"


def test_order_that_is_settled_is_not_sold_again(adapter: "Adapter", systems: "Systems") -> None:
    adapter.buy()
    assert "settled already" in adapter.buy()["error"]
    assert systems.net_fen() == 2500


def test_log_holds_nobody_in_clear(adapter: "Adapter") -> None:
    adapter.buy()
    log = adapter.log()
    assert "2102" in log
    for secret in ("639999198503127031", "测试甲", CODE, "639900ec"):
        assert secret not in log
