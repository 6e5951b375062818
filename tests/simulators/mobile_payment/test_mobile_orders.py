"""Orders from 6201 to paid: amounts, authorisation, states, double submission, refusals."""

from collections.abc import Callable

import pytest

from harness.bench.settings import read_settings
from harness.errors import ConfigError
from simulators.mobile_payment import SIMULATOR
from simulators.mobile_payment.services import OrdStas
from tests.simulators.mobile_payment.mobile_payment_rig import HOSPITAL, PEOPLE, MobileRig

P1, P2, P4 = PEOPLE["P001"], PEOPLE["P002"], PEOPLE["P004"]


def cents(text: str) -> int:
    return round(float(text) * 100)


def test_the_plug_says_what_it_is() -> None:
    assert (SIMULATOR.kind, SIMULATOR.needs) == ("mobile-payment", ("voucher-centre", "platform"))
    assert SIMULATOR.settings().pays_after_s == 5


@pytest.mark.parametrize(
    "raw",
    [
        {"variant": "none"},
        {"pay_auth_s": 0},
        {"unpaid_s": -1},
        {"callback_retries": "5;6"},
        {"callback_url": "ftp://x"},
        {"older_path": "x"},
    ],
)
def test_bad_settings_are_errors_of_configuration(raw: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        read_settings(SIMULATOR.settings, raw, where="bench.toml")


def test_an_order_goes_from_upload_to_paid(mobile: MobileRig) -> None:
    order = mobile.uploaded(P2)
    assert order["ordStas"] == OrdStas.SAVED
    assert order["payOrdId"].startswith("ORD63990020201014083000")
    assert (len(order["payOrdId"]), len(order["payToken"])) == (30, 38)
    placed = mobile.pay(order)["data"]
    # In scope 36.74, less the deductible 10.00, 60 % of it: 16.04; the account holds 5.00.
    assert (placed["fundPay"], placed["psnAcctPay"], placed["ownPayAmt"]) == ("16.04", "5.00", "23.94")
    assert (placed["feeSumamt"], placed["ordStas"]) == ("44.98", OrdStas.TO_PAY)
    assert placed["extData"]["preSetl"]["psn_cash_pay"] == "23.94"
    assert mobile.balance(P2) == 500, "6202 books nothing"
    paid = mobile.plain("/pay/own", {"payOrdId": order["payOrdId"], "result": "SUCCESS"})
    assert (paid["code"], paid["data"]["ordStas"]) == (0, OrdStas.SETTLED)
    asked = mobile.call("6301", mobile.about(order))["data"]
    assert (asked["ordStas"], asked["setlType"], asked["callType"]) == (OrdStas.SETTLED, "ALL", "02")
    assert asked["medOrgOrd"] == order["medOrgOrd"]
    assert mobile.balance(P2) == 0
    (event,) = mobile.events("order-paid")
    assert (event["fund_fen"], event["account_fen"], event["own_fen"], event["total_fen"]) == (1604, 500, 2394, 4498)
    assert [event["status"] for event in mobile.events("order-created") + mobile.events("order-placed")] == ["0", "2"]


def test_what_the_insurance_pays_alone_is_settled_at_once(mobile: MobileRig) -> None:
    placed = mobile.pay(mobile.uploaded(P1))["data"]
    assert (placed["ownPayAmt"], placed["psnAcctPay"], placed["ordStas"]) == ("0.00", "28.94", OrdStas.SETTLED)
    assert mobile.balance(P1) == 200000 - 2894
    assert mobile.events("own-paid") == []


def test_without_an_account_the_person_pays_the_rest(mobile: MobileRig) -> None:
    placed = mobile.pay(mobile.uploaded(P4))["data"]
    assert (placed["fundPay"], placed["psnAcctPay"], placed["ownPayAmt"]) == ("8.37", "0.00", "36.61")
    placed = mobile.pay(mobile.uploaded(P1, acctUsedFlag="0"))["data"]
    assert placed["psnAcctPay"] == "0.00"


def test_the_person_pays_after_a_while_or_never(make_mobile: Callable[..., MobileRig]) -> None:
    mobile = make_mobile(pays_after_s=5)
    order = mobile.uploaded(P2)
    mobile.pay(order)
    mobile.step(4)
    assert mobile.status(order) == OrdStas.TO_PAY
    mobile.step(1)
    assert mobile.status(order) == OrdStas.SETTLED
    mobile = make_mobile(unpaid_s=1800)
    order = mobile.uploaded(P2)
    mobile.pay(order)
    mobile.step(1799)
    assert mobile.status(order) == OrdStas.TO_PAY
    mobile.step(1)
    assert mobile.status(order) == OrdStas.REVOKED
    assert mobile.events("order-revoked")[0]["why"] == "unpaid"
    assert mobile.plain("/pay/own", {"payOrdId": order["payOrdId"], "result": "SUCCESS"})["code"] == 982012


def test_a_failed_own_part_fails_the_order(mobile: MobileRig) -> None:
    order = mobile.uploaded(P2)
    mobile.pay(order)
    mobile.plain("/pay/own", {"payOrdId": order["payOrdId"], "result": "FAIL"})
    assert mobile.status(order) == OrdStas.FAILED
    assert mobile.balance(P2) == 500
    again = mobile.uploaded(P2, chrgBchno=order["chrgBchno"], iptOtpNo=order["iptOtpNo"])
    assert mobile.pay(again)["code"] == 0, "a batch whose order failed can be charged again"


@pytest.mark.parametrize(
    ("leg", "status", "reversed_"),
    [
        ("fails", OrdStas.FAILED, 1),
        ("fails-not-reversed", OrdStas.FAILED_NOT_REVERSED, 0),
        ("never-ends", OrdStas.TO_PAY, 0),
    ],
)
def test_the_insurance_leg_can_fail(
    make_mobile: Callable[..., MobileRig], leg: str, status: OrdStas, reversed_: int
) -> None:
    mobile = make_mobile(insurance_leg=leg)
    order = mobile.paid(P2)
    assert mobile.status(order) == status
    assert len(mobile.events("own-reversed")) == reversed_
    assert mobile.balance(P2) == 500
    mobile.step(100_000)
    assert mobile.status(order) == status


def test_the_payment_channel_may_not_give_the_own_part_back(mobile: MobileRig) -> None:
    first, second = mobile.uploaded(P2), mobile.uploaded(P2)
    for order in (first, second):
        mobile.pay(order)
    told = []
    for order in (first, second):
        data = {"payOrdId": order["payOrdId"], "result": "SUCCESS"}
        assert mobile.plain("/pay/own", {**data, "reversal": "PERHAPS"})["code"] == 982001
        told.append(mobile.plain("/pay/own", {**data, "reversal": "FAIL"}))
    assert [answer["data"]["ordStas"] for answer in told] == [OrdStas.SETTLED, OrdStas.FAILED_NOT_REVERSED]
    assert mobile.status(second) == OrdStas.FAILED_NOT_REVERSED
    assert mobile.events("own-reversed") == []
    assert mobile.call("6401", mobile.about(second))["code"] == 982012
    again = mobile.uploaded(P2, chrgBchno=second["chrgBchno"], iptOtpNo=second["iptOtpNo"])
    assert mobile.pay(again)["code"] == 0, "the charge can be paid by another order"


def test_an_account_that_two_orders_want_is_used_once(mobile: MobileRig) -> None:
    first, second = mobile.uploaded(P2), mobile.uploaded(P2)
    for order in (first, second):
        assert mobile.pay(order)["data"]["psnAcctPay"] == "5.00"
    for order in (first, second):
        mobile.plain("/pay/own", {"payOrdId": order["payOrdId"], "result": "SUCCESS"})
    assert [mobile.status(order) for order in (first, second)] == [OrdStas.SETTLED, OrdStas.FAILED]
    assert mobile.balance(P2) == 0
    assert mobile.events("order-failed")[0]["why"] == "balance"


# --- submitted twice ---


def test_who_submits_twice_gets_the_first_answer(mobile: MobileRig) -> None:
    data = mobile.upload(P2)
    first, second = mobile.call("6201", data), mobile.call("6201", data)
    assert first["data"] == second["data"]
    order = {**data, **first["data"]}
    placed = mobile.pay(order)["data"]
    mobile.plain("/pay/own", {"payOrdId": order["payOrdId"], "result": "SUCCESS"})
    assert mobile.pay(order)["data"] == placed
    assert [event["service"] for event in mobile.events("replayed")] == ["6201", "6202"]
    assert len(mobile.events("order-created")) == len(mobile.events("order-placed")) == 1
    assert mobile.balance(P2) == 0


def test_an_order_number_with_other_content_is_refused(mobile: MobileRig) -> None:
    data = mobile.upload(P2)
    assert mobile.call("6201", data)["code"] == 0
    answer = mobile.call("6201", {**data, "drName": "另一位"})
    assert (answer["code"], answer["message"]) == (982009, "订单已存在")


def test_a_batch_is_charged_once(mobile: MobileRig) -> None:
    order = mobile.uploaded(P2)
    rival = mobile.uploaded(P2, chrgBchno=order["chrgBchno"], iptOtpNo=order["iptOtpNo"])
    mobile.pay(order)
    assert mobile.pay(rival)["code"] == 982010
    third = mobile.upload(P2, chrgBchno=order["chrgBchno"], iptOtpNo=order["iptOtpNo"])
    assert mobile.call("6201", third)["message"] == "该笔记录已结算"


# --- authorisation ---


def test_a_token_of_the_voucher_centre_authorises(mobile: MobileRig) -> None:
    order = mobile.uploaded(P2, ecToken=mobile.token(P2))
    assert mobile.pay(order)["code"] == 0
    others = mobile.token(P1)
    for data in (mobile.upload(P2, ecToken=others), mobile.upload(P2, ecToken="639900ec" + "0" * 30)):
        assert mobile.call("6201", data)["code"] == 982004
    elsewhere = mobile.upload(P2, ecToken=mobile.token(P2, org="P63999900001"))
    assert mobile.call("6201", elsewhere)["code"] == 982004


def test_one_authorisation_is_due(mobile: MobileRig) -> None:
    assert mobile.call("6201", mobile.upload(P2, ecToken="", payAuthNo=""))["code"] == 982003
    both = mobile.upload(P2, ecToken=mobile.token(P2), payAuthNo=mobile.auth_no(P2))
    assert mobile.call("6201", both)["code"] == 982003


def test_an_authorisation_number_serves_one_order_for_five_minutes(mobile: MobileRig) -> None:
    number = mobile.auth_no(P2)
    assert number.startswith("AUTH63990020201014083000")
    order = mobile.uploaded(P2, payAuthNo=number)
    assert mobile.call("6201", mobile.upload(P2, payAuthNo=number))["code"] == 982005
    assert mobile.pay(order)["code"] == 0, "its own order's 6202 may show it again"
    late = mobile.auth_no(P2)
    mobile.step(300)
    assert mobile.call("6201", mobile.upload(P2, payAuthNo=late))["code"] == 982005


@pytest.mark.parametrize(("step_s", "code"), [(299, 0), (300, 982005)])
def test_a_clock_that_is_set_back_prolongs_no_authorisation_number(mobile: MobileRig, step_s: int, code: int) -> None:
    number = mobile.auth_no(P2)
    mobile.step(-3600)
    mobile.step(step_s)
    assert mobile.call("6201", mobile.upload(P2, payAuthNo=number))["code"] == code


def test_an_authorisation_is_anothers_or_of_another_application(mobile: MobileRig) -> None:
    assert mobile.call("6201", mobile.upload(P2, payAuthNo=mobile.auth_no(P1)))["code"] == 982002
    foreign = mobile.auth_no(P2, app_id="0" * 32)
    answer = mobile.call("6201", mobile.upload(P2, payAuthNo=foreign))
    assert (answer["code"], answer["message"]) == (114, "申请支付授权码与授权使用的APPID不一致,请重新授权")


def test_without_a_voucher_centre_tokens_are_refused_and_numbers_work(make_mobile: Callable[..., MobileRig]) -> None:
    mobile = make_mobile(alone=True)
    token = mobile.token(P2)
    assert mobile.call("6201", mobile.upload(P2, ecToken=token))["code"] == 982006
    assert mobile.uploaded(P2)["ordStas"] == "0"


# --- refusals ---


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"medfeeSumamt": "44.97"}, 982007),
        ({"inscpScpAmt": "36.75"}, 982008),
        ({"medfeeSumamt": "44.985"}, 982001),
        ({"medfeeSumamt": "1E3"}, 982001),
        ({"medfeeSumamt": "NaN"}, 982001),
        ({"medfeeSumamt": "1000000000000000000"}, 982001),
        ({"medfeeSumamt": "-44.98"}, 982019),
        ({"orgCodg": "H00000000000"}, 982017),
        ({"userName": "别人"}, 982002),
        ({"idNo": "639999198503127032"}, 982002),
        ({"psnNo": "1"}, 982002),
        ({"insutype": "390"}, 982018),
        ({"medType": "99999"}, 982001),
        ({"feedetailList": []}, 982001),
        ({"begntime": "yesterday"}, 982001),
    ],
)
def test_a_wrong_upload_is_refused_and_makes_no_order(mobile: MobileRig, change: dict[str, object], code: int) -> None:
    answer = mobile.call("6201", mobile.upload(P2, **change))
    assert answer["code"] == code, answer["message"]
    assert mobile.events("order-created") == []
    assert mobile.events("service-refused")[0]["code"] == code


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("acctUsedFlag", "9"),
        ("psnSetlway", "77"),
        ("mdtrtCertType", "77"),
        ("erFlag", "9"),
        ("rxCircFlag", "9"),
        ("uldLatlnt", "somewhere"),
        ("uldLatlnt", "101.77;36.61"),
    ],
)
def test_a_code_of_no_table_and_a_place_of_another_form_are_refused(mobile: MobileRig, name: str, value: str) -> None:
    answer = mobile.call("6201", mobile.upload(P2, **{name: value}))
    assert answer["code"] == 982001
    assert name in answer["message"]


@pytest.mark.parametrize("at", ["20201314083000", "20201014993000", "2020-10-14 08:30"])
def test_a_refund_at_no_moment_is_refused(mobile: MobileRig, at: str) -> None:
    order = mobile.paid(P2)
    body = {**mobile.refund_request(order, "CASH", "R1", own="1.00", who="P002"), "appRefdTime": at}
    answer = mobile.call("6203", body)
    assert answer["code"] == 982001
    assert "appRefdTime" in answer["message"]


@pytest.mark.parametrize(("name", "value"), [("chrgBchno", "OTHER"), ("mdtrtId", "OTHER"), ("acctUsedFlag", "7")])
def test_a_payment_of_something_else_than_was_uploaded_is_refused(mobile: MobileRig, name: str, value: str) -> None:
    order = mobile.uploaded(P2)
    answer = mobile.pay(order, **{name: value})
    assert answer["code"] == 982001
    assert name in answer["message"]
    right = {"chrgBchno": order["chrgBchno"], "mdtrtId": order["extData"]["mdtrtId"], "acctUsedFlag": "1"}
    assert mobile.pay(order, **right)["code"] == 0


def test_a_centre_can_demand_the_visit_of_who_has_no_token(make_mobile: Callable[..., MobileRig]) -> None:
    mobile = make_mobile(demands_visit=True)
    answer = mobile.call("6201", mobile.upload(P2))
    assert answer["code"] == 982001
    assert "mdtrtId" in answer["message"]
    assert mobile.call("6201", mobile.upload(P2, mdtrtId="V1"))["code"] == 0
    assert mobile.call("6201", mobile.upload(P2, ecToken=mobile.token(P2)))["code"] == 0


def test_a_refusal_names_every_wrong_field(mobile: MobileRig) -> None:
    answer = mobile.call("6201", {"orgCodg": HOSPITAL.code, "medType": "x"})
    for name in ("insutype", "medOrgOrd", "idNo", "userName", "medType", "feedetailList", "medfeeSumamt"):
        assert name in answer["message"]


def test_lines_have_numbers_of_their_own(mobile: MobileRig) -> None:
    data = mobile.upload(P2)
    rows = data["feedetailList"]
    assert isinstance(rows, list)
    rows[1]["feedetlSn"] = rows[0]["feedetlSn"]
    assert mobile.call("6201", data)["code"] == 982013


@pytest.mark.parametrize("service", ["6301", "6401"])
def test_an_order_answers_only_to_its_own_token_institution_and_person(mobile: MobileRig, service: str) -> None:
    order = mobile.uploaded(P2)
    for change, code in (
        ({"payOrdId": "ORD0"}, 982011),
        ({"payToken": "x"}, 982011),
        ({"orgCodg": "P63999900001"}, 982011),
        ({"userName": "别人"}, 982002),
    ):
        assert mobile.call(service, mobile.about(order, **change))["code"] == code


def test_an_upload_is_revoked_until_it_is_paid(mobile: MobileRig) -> None:
    order = mobile.uploaded(P2)
    mobile.pay(order)
    for _ in range(2):
        assert mobile.call("6401", mobile.about(order))["data"]["success"] is True
    assert mobile.status(order) == OrdStas.REVOKED
    assert len(mobile.events("order-revoked")) == 1
    paid = mobile.paid(P2)
    assert mobile.call("6401", mobile.about(paid))["code"] == 982012
    assert mobile.status(paid) == OrdStas.SETTLED


def test_amounts_may_be_missing_before_the_end(make_mobile: Callable[..., MobileRig]) -> None:
    mobile = make_mobile(open_amounts=False)
    order = mobile.uploaded(P2)
    mobile.pay(order)
    assert "feeSumamt" not in mobile.call("6301", mobile.about(order))["data"]
    mobile.plain("/pay/own", {"payOrdId": order["payOrdId"], "result": "SUCCESS"})
    assert cents(mobile.call("6301", mobile.about(order))["data"]["feeSumamt"]) == 4498


def test_the_same_seed_gives_the_same_tape(make_mobile: Callable[..., MobileRig]) -> None:
    def drawn(seed: int) -> list[object]:
        mobile = make_mobile(seed=seed)
        mobile.paid(P2)
        return [
            (record.name, dict(record.event)) for record in mobile.tape.recent() if record.channel == "mobile-payment"
        ]

    first = drawn(1)
    assert first == drawn(1)
    assert first != drawn(2)
