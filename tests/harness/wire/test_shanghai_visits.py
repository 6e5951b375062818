"""Shanghai's messages of visits, stays, halls and readers in the words of the institution interface, and back."""

from datetime import datetime
from typing import Any

import pytest

from harness.clock import BEIJING
from harness.wire import institution, shanghai
from tests.harness.wire.test_shanghai import MORE, MSGID, message

NOW = datetime(2020, 10, 14, 8, 30, tzinfo=BEIJING)
AT = "2020-10-14 08:30:00"
WHO = {"carddata": "t" * 38, "personno": "1", "xzlx": "310", "insuplc": "639900"}
VISIT = {"jzdyh": "M1", "personno": "1", "insuplc": "639900"}
DOCTOR = {"ysbm": "D1", "ysxm": "医生", "ksbm": "K1", "ksmc": "内科"}
SCOPE = {"zfje": "0.00", "cxje": "0.00", "xxzf": "1.00", "fwnje": "24.00"}
PAYS = {**WHO, "jzdyh": "M1", "totalexpense": "25.00", "zhbz": "1"}
BATCH = {**PAYS, "yllb": "11", "jfpc": "B1"}
ROW = {"mxxh": "1", "fyrq": AT, "ybbm": "X1", "nbbm": "X1", "je": "25.00", "sl": "2", "dj": "12.50", **DOCTOR}
SICK = {
    "zdlb": "1",
    "zdxh": "1",
    "zdbm": "J00",
    "zdmc": "感冒",
    "zdks": "内科",
    "ysbm": "D1",
    "ysxm": "医生",
    "zdsj": AT,
}
STAY = {
    **WHO,
    **DOCTOR,
    "jzrq": AT,
    "yllb": "21",
    "zyh": "Z1",
    "ryzd": "感冒",
    "cwh": "1",
    "zdbm": "J00",
    "zdmc": "感冒",
    "zds": [{**SICK, "zzdbz": "1"}],
}
MESSAGES = [
    ("SJ11", {**WHO, **DOCTOR, "jzrq": AT, "jzlsh": "V1", "ksfl": "A03"}, "2201"),
    ("SJ11", {**VISIT, "jzlsh": "V1", "zfbz": "1"}, "2202"),
    ("SJ21", {**VISIT, "yllb": "11", "jzrq": AT, "zds": [{**SICK, "yxbz": "1"}]}, "2203"),
    ("SN01", {**VISIT, "jfpc": "B1", "mxs": [ROW]}, "2204"),
    ("SN01", {**VISIT, "jfpc": "B1", "yllb": "21", "mxs": [ROW, {**ROW, "mxxh": "2", "ymxxh": "1"}]}, "2301"),
    ("SN02", {**VISIT, "jfpc": "0000"}, "2205"),
    ("SN02", {**VISIT, "yllb": "21", "mxs": [{"mxxh": "0000"}]}, "2302"),
    ("SI11", BATCH, "2206"),
    ("SH01", BATCH, "2206"),
    ("SI12", {**BATCH, **SCOPE, "djh": "A1", "jssqxh": "JS1"}, "2207"),
    ("SH02", {**BATCH, **SCOPE, "djh": "A1", "jssqxh": "JS1"}, "2207"),
    ("SI51", {**PAYS, **SCOPE, "ztjs": "1"}, "2303"),
    ("SI52", {**PAYS, **SCOPE, "ztjs": "0", "cyrq": AT, "jssqxh": "JS1"}, "2304"),
    ("SK01", {**VISIT, "translsh": "9", "totalexpense": "25.00", "yllb": "11"}, "2208"),
    ("SK01", {**VISIT, "translsh": "9", "totalexpense": "25.00", "yllb": "21"}, "2305"),
    ("SI91", {**VISIT, "translsh": "9"}, "5203"),
    ("SJ31", STAY, "2401"),
    ("SJ31", {**VISIT, "zfbz": "1"}, "2404"),
    ("SJ41", {**VISIT, "yllb": "21", "cwh": "2"}, "2403"),
    (
        "SJ51",
        {**VISIT, "xzlx": "310", "cyrq": AT, "ksbm": "K1", "ksmc": "内科", "cyfs": "1", "zds": STAY["zds"]},
        "2402",
    ),
    ("SJ51", {**VISIT, "zfbz": "1"}, "2405"),
    ("LT01", WHO, "9801"),
    ("LT02", {**WHO, "dc": "2"}, "9802"),
    ("LT03", {"zmbh": "Z1", "jym": "A"}, "9803"),
    ("LT04", {**WHO, "jgdm": "P1", "yllb": "11", "jzrq": AT}, "2001"),
]


@pytest.mark.parametrize(("kind", "told", "infno"), MESSAGES, ids=[f"{kind}-{infno}" for kind, _, infno in MESSAGES])
def test_each_message_is_a_right_request_of_the_institution_interface(
    kind: str, told: dict[str, object], infno: str
) -> None:
    sent = message(kind, **told)
    assert shanghai.infno_of(sent) == infno
    request = shanghai.to_national(sent, MORE)
    assert request["infno"] == infno
    assert institution.check(infno, request, form=institution.Form(msgid="code-day")) == ()


@pytest.mark.parametrize(
    ("doubted", "infno"),
    [
        ({"ymsglx": "SI12"}, "2102"),
        ({"ymsglx": "SI12", "yllb": "11"}, "2207"),
        ({"ymsglx": "SH02", "yllb": "11"}, "2207"),
        ({"ymsglx": "SI52", "yllb": "21"}, "2304"),
        ({"ymsglx": "SK01"}, "2103"),
        ({"ymsglx": "SK01", "yllb": "14"}, "2208"),
        ({"ymsglx": "SK01", "yllb": "21"}, "2305"),
        ({"ymsglx": "SJ31"}, "2401"),
        ({"ymsglx": "SJ11"}, ""),
        ({}, ""),
        ({"ymsglx": ["SI12"]}, ""),
    ],
)
def test_a_reversal_is_of_what_was_sent(doubted: dict[str, object], infno: str) -> None:
    request: Any = shanghai.to_national(message("SK01", ymsgid=MSGID, personno="1", insuplc="639900", **doubted), MORE)
    assert request["infno"] == "2601"
    assert request["input"] == {"data": {"psn_no": "1", "omsgid": MSGID, "oinfno": infno}}


def test_what_every_row_shares_stands_once() -> None:
    request: Any = shanghai.to_national(message("SN01", **VISIT, jfpc="B1", yllb="21", mxs=[ROW, ROW]), MORE)
    for row in request["input"]["feedetail"]:
        assert (row["mdtrt_id"], row["psn_no"], row["chrg_bchno"], row["med_type"]) == ("M1", "1", "B1", "21")


@pytest.mark.parametrize("rows", ["one", {"mxxh": "1"}, [7], ["x", ROW], 3])
def test_rows_of_another_type_are_seen_as_such(rows: object) -> None:
    request = shanghai.to_national(message("SN01", **VISIT, jfpc="B1", mxs=rows), MORE)
    problems = institution.check("2204", request, form=institution.Form(msgid="code-day"))
    assert problems
    assert all(problem.rule.value == "type" for problem in problems)


@pytest.mark.parametrize("content", [None, "x", [1], 7])
def test_a_content_that_is_no_object_is_empty(content: object) -> None:
    sent = {**message("SI52"), "xxnr": content}
    problems = institution.check("2304", shanghai.to_national(sent, MORE))
    assert {"input.data.psn_no", "input.data.mdtrt_id"} <= {problem.path for problem in problems}


@pytest.mark.parametrize(
    ("kind", "told", "output"),
    [
        ("SJ11", {}, {"data": {"mdtrt_id": "M1", "psn_no": "1", "ipt_otp_no": "V1"}}),
        ("SJ31", {}, {"result": {"mdtrt_id": "M1"}}),
        ("SN01", {}, {"result": [{"feedetl_sn": "1", "fulamt_ownpay_amt": "1.00", "overlmt_amt": "2.00"}]}),
        ("SI52", {}, {"setlinfo": {"setl_id": "9", "overlmt_selfpay": "2.00", "inscp_scp_amt": "3.00"}}),
        ("LT01", {}, {"proof": {"proof_no": "Z1", "months": "12", "check_value": "A"}}),
        ("LT02", {}, {"change": {"change_no": "C1", "from_tier": "1", "to_tier": "2", "year": "2020"}}),
        ("LT04", {}, {"trtinfo": [{"psn_no": "1", "fund_pay_type": "310100"}]}),
        ("SK01", {"ymsgid": MSGID}, {}),
        ("SJ51", {}, {}),
        ("SN02", {}, {}),
    ],
)
def test_an_answer_goes_there_and_back(kind: str, told: dict[str, object], output: dict[str, object]) -> None:
    sent = message(kind, **told)
    answer = shanghai.reply_from_national(sent, {"infcode": 0, "output": output}, now=NOW)
    assert answer["xxfhm"] == "P001"
    assert shanghai.reply_to_national(sent, answer) == {"infcode": 0, "err_msg": "", "warn_msg": "", "output": output}


def test_a_reading_is_that_of_the_settlement_library() -> None:
    sent = message("S000")
    assert shanghai.to_national(sent, MORE) == {"orgId": "P63999900001"}
    card = {"xxfhm": "P001", "xxnr": {"cardinfo": "a|b"}}
    assert shanghai.reply_to_national(sent, card) == {"code": 0, "message": "", "cardInfo": "a|b"}
    none = {"xxfhm": "P101", "fhxx": "无卡", "xxnr": {}}
    assert shanghai.reply_to_national(sent, none) == {"code": "P101", "message": "无卡", "cardInfo": ""}


@pytest.mark.parametrize("kind", ["SI91", "SL01"])
def test_what_the_interface_has_no_transaction_for_keeps_its_type(kind: str) -> None:
    sent = message(kind, ymsgid=MSGID)
    assert shanghai.infno_of(sent) == ""
    assert shanghai.to_national(sent, MORE) == {"transType": kind}
    told = {"xxfhm": "P900", "fhxx": "不平", "xxnr": {"resultcollate": "000101"}}
    assert shanghai.reply_to_national(sent, told) == {
        "code": "P900",
        "message": "不平",
        "data": {"resultcollate": "000101"},
    }


def test_queries_name_every_wrong_member() -> None:
    totals = dict.fromkeys(shanghai.COLLATED, "0.00")
    right = {"daycollate": "2020-10-14", "daycount": "0", **totals}
    assert shanghai.problems_of("SL01", right) == ()
    wrong = {**right, "daycollate": "2020-02-30", "daycount": "1.5", "fundpay": "1e3", "cashpay": "NaN"}
    assert {problem.path for problem in shanghai.problems_of("SL01", wrong)} == {
        "xxnr.daycollate",
        "xxnr.daycount",
        "xxnr.fundpay",
        "xxnr.cashpay",
    }
    assert [problem.path for problem in shanghai.problems_of("SI91", {"ymsgid": 7})] == ["xxnr.ymsgid"]


def test_wrong_fields_are_named_as_the_message_has_them() -> None:
    bad = {**ROW, "je": "x"}
    sent = message("SN01", personno="1", jfpc="B1", yllb="99", czylx="9", mxs=[bad, {**bad, "mxxh": None}])
    request = shanghai.to_national({**sent, "jgdm": ""}, MORE)
    problems = institution.check("2204", request, form=institution.Form(msgid="code-day"))
    found = [problem.path for problem in shanghai.in_message("2204", problems)]
    assert {"jgdm", "xxnr.czylx", "xxnr.insuplc", "xxnr.jzdyh", "xxnr.mxs[0].je", "xxnr.mxs[1].mxxh"} <= set(found)
    assert len(found) == len(set(found))
    empty = shanghai.to_national(message("SI52"), MORE)
    paths = {problem.path for problem in shanghai.in_message("2304", institution.check("2304", empty))}
    assert {"xxnr.personno", "xxnr.carddata", "xxnr.ztjs", "xxnr.zfje"} <= paths
