"""Shanghai's messages in the words of the institution interface, and back."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from harness.clock import BEIJING
from harness.wire import institution, shanghai

NOW = datetime(2020, 10, 14, 8, 30, tzinfo=BEIJING)
MSGID = "P63999900001" + "20201014" + "306000001"
MORE = {"recer_sys_code": "YBXT", "signtype": "SM3", "fixmedins_name": "联调测试大药房一店", "sign_no": "S1"}
ROW = {
    "mxxh": "A1001",
    "fyrq": "2020-10-14 08:30:00",
    "ybbm": "X1",
    "nbbm": "X1",
    "je": "25.00",
    "sl": "2",
    "dj": "12.50",
}
BASKET = {
    "carddata": "t" * 38,
    "personno": "1",
    "xzlx": "310",
    "jzrq": "2020-10-14 08:30:00",
    "insuplc": "639900",
    "totalexpense": "25.00",
    "djh": "A1",
    "zhbz": "1",
    "mxs": [ROW],
}
PAID = {"medfee_sumamt": "25.00", "fund_pay_sumamt": "5.00", "acct_pay": "20.00", "psn_cash_pay": "0.00"}


def message(kind: str, **told: Any) -> dict[str, object]:
    """A message of a type."""
    return {
        "jysj": "2020-10-14 08:30:00",
        "xxlxm": kind,
        "xxfhm": "",
        "fhxx": "",
        "bbh": "V1.0",
        "msgid": MSGID,
        "xzqhdm": "639900",
        "jgdm": "P63999900001",
        "czybm": "C1",
        "czyxm": "收银员",
        "jyqd": "20",
        "xxnr": told,
    }


@pytest.mark.parametrize(
    ("kind", "told", "infno"),
    [
        ("SM01", {"carddata": "t" * 38, "jzrq": "2020-10-14 08:30:00"}, "1101"),
        ("SI11", BASKET, "2101"),
        ("SI12", {**BASKET, "jssqxh": "JS1"}, "2102"),
        (
            "SK01",
            {"translsh": "9", "totalexpense": "25.00", "personno": "1", "jzdyh": "M1", "insuplc": "639900"},
            "2103",
        ),
        ("SK01", {"ymsgid": MSGID, "ymsglx": "SI12", "personno": "1", "insuplc": "639900"}, "2601"),
    ],
)
def test_each_message_is_a_right_request_of_the_institution_interface(
    kind: str, told: dict[str, object], infno: str
) -> None:
    sent = message(kind, **told)
    assert shanghai.infno_of(sent) == infno
    request = shanghai.to_national(sent, MORE)
    assert request["infno"] == infno
    assert institution.check(infno, request, form=institution.Form(msgid="code-day")) == ()


def test_what_is_missing_is_missing_in_the_translation_as_well() -> None:
    told = {key: value for key, value in BASKET.items() if key not in {"personno", "carddata"}}
    request = shanghai.to_national(message("SI11", **told), MORE)
    problems = institution.check("2101", request, form=institution.Form(msgid="code-day"))
    assert {problem.path for problem in problems} == {"input.druginfo.psn_no", "input.druginfo.mdtrt_cert_no"}


def test_a_scanned_code_becomes_an_ec_query_without_what_the_centre_does_not_know() -> None:
    sent = message("SE01", orgId="P1", ecQrCode="4", ecQrChannel="1", termId="x", operatorId="1")
    assert shanghai.to_national(sent, MORE) == {
        "orgId": "P1",
        "transType": "ec.query",
        "data": {"orgId": "P1", "operatorId": "1", "ecQrCode": "4"},
    }


@pytest.mark.parametrize("kind", ["S001", "SL02", "2102"])
def test_of_an_unknown_type_nothing_but_its_name_is_left(kind: str) -> None:
    sent = {**message("SM01"), "xxlxm": kind}
    assert shanghai.infno_of(sent) == ""
    assert shanghai.to_national(sent, MORE) == {"xxlxm": kind}


@pytest.mark.parametrize("kind", ["", 7, None, [], {}])
def test_what_has_no_type_is_nothing(kind: object) -> None:
    sent = {**message("SM01"), "xxlxm": kind}
    assert shanghai.infno_of(sent) == ""
    assert shanghai.to_national(sent, MORE) == {}


@pytest.mark.parametrize(
    ("kind", "output", "kept"),
    [
        ("SI11", {"setlinfo": {**PAID, "mdtrt_id": "M1"}}, {**PAID, "mdtrt_id": "M1"}),
        ("SI12", {"setlinfo": {**PAID, "setl_id": "9", "other": "x"}}, {**PAID, "setl_id": "9"}),
    ],
)
def test_an_answer_goes_there_and_back(kind: str, output: dict[str, object], kept: dict[str, object]) -> None:
    sent = message(kind)
    told = shanghai.reply_from_national(sent, {"infcode": 0, "output": output}, now=NOW)
    assert (told["xxfhm"], told["xxlxm"], told["msgid"]) == ("P001", kind, MSGID)
    back = shanghai.reply_to_national(sent, told)
    assert back["infcode"] == 0
    assert back["output"] == {"setlinfo": kept}


def test_both_balances_make_one() -> None:
    reply = {"xxfhm": "P001", "xxnr": {"curaccountamt": "10.50", "hisaccountamt": Decimal("2.25"), "personno": "1"}}
    output: Any = shanghai.reply_to_national(message("SM01"), reply)["output"]
    assert output["insuinfo"] == [{"balc": "12.75"}]
    assert output["baseinfo"] == {"psn_no": "1"}


def test_a_refusal_keeps_code_and_text() -> None:
    refused = {"infcode": -1, "err_msg": "未查询到参保信息", "warn_msg": "981009"}
    told = shanghai.reply_from_national(message("SM01"), refused, now=NOW)
    assert (told["xxfhm"], told["fhxx"], told["xxnr"]) == ("981009", "未查询到参保信息", {})
    assert shanghai.reply_to_national(message("SM01"), told) == refused


def test_an_answer_of_the_voucher_centre_goes_there_and_back() -> None:
    sent = message("SE01", ecQrCode="4")
    done = shanghai.reply_from_national(sent, {"code": 0, "message": "", "data": {"idNo": "x"}}, now=NOW)
    assert shanghai.reply_to_national(sent, done) == {"code": 0, "message": "", "success": True, "data": {"idNo": "x"}}
    refused = shanghai.reply_from_national(sent, {"code": 980001, "message": "过期", "data": {}}, now=NOW)
    assert refused["xxfhm"] == "980001"
    assert shanghai.reply_to_national(sent, refused)["code"] == "980001"


def test_a_balance_that_is_no_amount_is_left_out() -> None:
    reply = {"xxfhm": "P001", "xxnr": {"curaccountamt": "much", "personno": "1"}}
    output: Any = shanghai.reply_to_national(message("SM01"), reply)["output"]
    assert output == {"baseinfo": {"psn_no": "1"}, "insuinfo": [{}]}


@pytest.mark.parametrize("reply", [{}, {"infcode": 0}, {"xxfhm": ""}, {"xxfhm": 1}])
def test_what_is_no_answer_stays_none(reply: dict[str, object]) -> None:
    assert shanghai.reply_to_national(message("SI12"), reply) == {}
