"""3201 and 3202 where a province wants more of them: cash_payamt and clr_optins, six and three flag positions."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from harness.money import Fen
from harness.wire.institution import amount
from harness.wire.institution_statement import StatementLine, read_result, write_upload
from tests.simulators.insurer_rig import PHARMACY
from tests.simulators.platform_office import Office, open_office
from tests.simulators.platform_rigs import purchase
from tests.simulators.platform_visit import BUYER, NEWER, traced

DAY = "2020-10-14"
LEVEL, CENTRE, INSTITUTION = "000000", "000101", "000102"
INVALID, FILE_INVALID = "981003", "981061"


@pytest.fixture
def office() -> Iterator[Office]:
    opened = open_office(profile=NEWER)
    opened.sign_in(PHARMACY)
    yield opened
    opened.close()


def stated(output: dict[str, Any], **members: object) -> dict[str, object]:
    """3201 of one settlement or refund; `members` replace some, None leaves them out."""
    info = output["setlinfo"]
    data = {
        "insutype": "310",
        "clr_type": "41",
        "setl_optins": "639900",
        "stmt_begndate": DAY,
        "stmt_enddate": DAY,
        "medfee_sumamt": info["medfee_sumamt"],
        "fund_pay_sumamt": info["fund_pay_sumamt"],
        "acct_pay": info["acct_pay"],
        "cash_payamt": info["psn_cash_pay"],
        "clr_optins": "639900",
        "fixmedins_setl_cnt": "1",
        "refd_setl_flag": "000000" if amount(info["medfee_sumamt"]) > 0 else "000001",
    }
    return {"data": {name: value for name, value in {**data, **members}.items() if value is not None}}


def bought(office: Office, *, use_account: bool = False) -> dict[str, Any]:
    """A purchase with something paid in cash."""
    content = traced("A1")
    flag = {"acct_used_flag": "1" if use_account else "0"}
    return office.done("2102", {**content, "druginfo": {**purchase(BUYER, "A1")["druginfo"], **flag}}, PHARMACY)  # type: ignore[dict-item]  # an object


def result(office: Office, data: dict[str, object]) -> str:
    return str(office.done("3201", data, PHARMACY)["stmtinfo"]["stmt_rslt"])


def test_settlements_and_refunds_are_level_each_by_their_own_flag(office: Office) -> None:
    first = bought(office)
    keys = {"data": {name: first["setlinfo"][name] for name in ("setl_id", "mdtrt_id", "psn_no")}}
    back = office.done("2103", keys, PHARMACY)
    assert result(office, stated(first)) == result(office, stated(back)) == LEVEL
    assert result(office, stated(first, refd_setl_flag="000001")) == INSTITUTION


@pytest.mark.parametrize("name", ["cash_payamt", "clr_optins"])
@pytest.mark.parametrize("value", [None, ""])
def test_both_members_must_be_there(office: Office, name: str, value: object) -> None:
    answer = office.call("3201", stated(bought(office), **{name: value}), PHARMACY)
    assert (answer["warn_msg"], name in answer["err_msg"]) == (INVALID, True)


@pytest.mark.parametrize("flag", ["0", "1", "000", "001", "00000", "000002", "0000000", 0, "O00000"])
def test_one_position_or_three_are_none_of_six(office: Office, flag: object) -> None:
    answer = office.call("3201", stated(bought(office), refd_setl_flag=flag), PHARMACY)
    assert (answer["warn_msg"], "refd_setl_flag" in answer["err_msg"]) == (INVALID, True)


def test_without_a_flag_all_are_counted(office: Office) -> None:
    assert result(office, stated(bought(office), refd_setl_flag=None)) == LEVEL


@pytest.mark.parametrize(
    ("cash", "code"), [("31.61", LEVEL), ("31.610", LEVEL), ("31.60", CENTRE), ("31.62", INSTITUTION)]
)
def test_the_cash_is_compared_to_the_fen(office: Office, cash: str, code: str) -> None:
    assert result(office, stated(bought(office), cash_payamt=cash)) == code


@pytest.mark.parametrize("cash", ["31.611", "31.61元", "3.161e1", True, [], "-", "12345678901234567"])
def test_an_amount_that_is_none_is_refused(office: Office, cash: object) -> None:
    answer = office.call("3201", stated(bought(office), cash_payamt=cash), PHARMACY)
    assert (answer["warn_msg"], "cash_payamt" in answer["err_msg"]) == (INVALID, True)


def test_a_number_of_json_is_read_exactly(office: Office) -> None:
    sent = office.request("3201", stated(bought(office), cash_payamt="31.61"), PHARMACY)
    assert b'"cash_payamt":"31.61"' in sent
    exact = sent.replace(b'"cash_payamt":"31.61"', b'"cash_payamt":31.61')
    lossy = sent.replace(b'"cash_payamt":"31.61"', b'"cash_payamt":31.610000000000003')
    assert b'"infcode":-1' in office.answer(lossy), "a float's digits are no amount"
    assert b'"stmt_rslt":"000000"' in office.answer(exact)


def test_another_clearing_place_has_other_bookings(office: Office) -> None:
    assert result(office, stated(bought(office), clr_optins="630100")) == INSTITUTION


@pytest.mark.parametrize(
    ("flag", "code"), [("000", ""), ("001", FILE_INVALID), ("0", FILE_INVALID), ("", FILE_INVALID)]
)
def test_lines_of_a_file_have_three_positions(office: Office, flag: str, code: str) -> None:
    info = bought(office)["setlinfo"]
    line = StatementLine(
        setl_id=info["setl_id"],
        mdtrt_id=info["mdtrt_id"],
        psn_no=info["psn_no"],
        total=amount(info["medfee_sumamt"]),
        fund=amount(info["fund_pay_sumamt"]),
        account=amount(info["acct_pay"]),
        refund_flag=flag,
    )
    back = replace(line, total=Fen(-line.total), fund=Fen(-line.fund), account=Fen(-line.account))
    lines = [line, replace(back, setl_id="S0", refund_flag="001")]
    data = {"in": base64.b64encode(write_upload(lines)).decode(), "filename": "d.zip", "fixmedins_code": PHARMACY.code}
    number = office.done("9101", {"fsUploadIn": data}, PHARMACY)["fsUploadOut"]["file_qury_no"]
    nothing = dict.fromkeys(("medfee_sumamt", "fund_pay_sumamt", "cash_payamt"), "0.00")
    asked = stated({"setlinfo": info}, file_qury_no=number, **nothing)
    members = {**asked["data"], "fixmedins_setl_cnt": "2", "refd_setl_flag": ""}  # type: ignore[dict-item]  # an object
    answer = office.call("3202", {"data": members}, PHARMACY)
    assert answer["warn_msg"] == code
    if code:
        assert "line 1: refd_setl_flag 000 expected" in answer["err_msg"]
        return
    wanted = {"file_qury_no": answer["output"]["fileinfo"]["file_qury_no"], "fixmedins_code": PHARMACY.code}
    file = office.done("9102", {"fsDownloadIn": {**wanted, "filename": "plc"}}, PHARMACY)["fsDownloadOut"]
    assert [(one.setl_id, one.refund_flag) for one in read_result(base64.b64decode(file["out"]))] == [("S0", "001")]


def test_elsewhere_neither_member_is_due_and_one_position_is() -> None:
    office = open_office()
    try:
        office.sign_in(PHARMACY)
        output = office.done("2102", purchase(BUYER, "A1"), PHARMACY)
        short = stated(output, cash_payamt=None, clr_optins=None, refd_setl_flag="0")
        assert result(office, short) == LEVEL
        assert office.call("3201", stated(output), PHARMACY)["warn_msg"] == INVALID, "six positions"
        wrong = stated(output, refd_setl_flag="0", cash_payamt="99.00")
        assert result(office, wrong) == LEVEL, "cash is not compared"
    finally:
        office.close()
