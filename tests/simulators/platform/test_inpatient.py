"""2401 to 2405 and 2301 to 2305: a stay from admission to settlement and back."""

from typing import Any

import pytest

from tests.simulators.hospital_rig import HOSPITAL, VISIT_LINES, Hospital, sample
from tests.simulators.insurer_rig import PEOPLE, Rig, reset_rig

P1, P4, P9 = (PEOPLE[name] for name in ("P001", "P004", "P009"))
LINES = (("XS000005", "2000.00", "1"), ("XS000004", "50.00", "5"), ("XS000003", "300.00", "1"))
"""2000.00 in scope; 200.00 of 250.00 counts; a tenth of 300.00 is paid first: 2470.00 in scope of 2550.00."""
TOTAL = "2550.00"


@pytest.fixture
def hospital(shared_rig: Rig) -> Hospital:
    reset_rig(shared_rig).sign_in(HOSPITAL.code)
    return Hospital(shared_rig)


def refused(answer: dict[str, Any], code: str, *said: str) -> None:
    assert (answer["infcode"], answer["warn_msg"]) == (-1, code), answer["err_msg"]
    assert all(text in answer["err_msg"] for text in said), answer["err_msg"]


def stay(hospital: Hospital, *, discharged: bool = True) -> dict[str, str]:
    keys = hospital.admit(P1)
    hospital.done("2301", {"feedetail": hospital.stay_rows(keys, LINES)})
    if discharged:
        assert hospital.discharge(P1, keys)["infcode"] == 0
    return keys


def paid(answer: dict[str, Any]) -> tuple[str, ...]:
    assert answer["infcode"] == 0, answer["err_msg"]
    info = answer["output"]["setlinfo"]
    return tuple(info[name] for name in ("medfee_sumamt", "fund_pay_sumamt", "acct_pay", "psn_cash_pay"))


def test_a_stay_is_settled_after_discharge(hospital: Hospital) -> None:
    keys = stay(hospital)
    settled = hospital.settle_stay(P1, keys, TOTAL)
    # (2470.00 - 500.00) x 80 % = 1576.00; the account pays in scope and paid first, not the 50.00 over the limit
    assert paid(settled) == (TOTAL, "1576.00", "924.00", "50.00")
    info = settled["output"]["setlinfo"]
    assert (info["clr_type"], info["med_type"], info["act_pay_dedc"]) == ("21", "21", "500.00")
    refused(hospital.call("2303", hospital.stay_bill(P1, keys, TOTAL)), "981047", "该笔记录已结算")
    refused(hospital.call("2405", {"data": keys}), "981035", "已结算")
    refused(hospital.discharge(P1, keys), "981035")


def test_not_before_it_unless_in_the_meantime(hospital: Hospital) -> None:
    keys = stay(hospital, discharged=False)
    refused(hospital.settle_stay(P1, keys, TOTAL), "981053", "在院状态不允许结算")
    interim = hospital.settle_stay(P1, keys, TOTAL, mid_setl_flag="1")
    assert paid(interim)[1] == "1576.00"
    hospital.done("2301", {"feedetail": hospital.stay_rows(keys, LINES[:1], batch="D2")})
    hospital.discharge(P1, keys)
    for infno in ("2303", "2304"):
        refused(hospital.call(infno, hospital.stay_bill(P1, keys, "2000.00", mid_setl_flag="1")), "981054", "已出院")
    last = hospital.settle_stay(P1, keys, "2000.00")
    assert paid(last)[1] == "1600.00", "the stay's deductible is taken once"


def test_a_settlement_is_cancelled_and_the_discharge_too(hospital: Hospital) -> None:
    keys = stay(hospital)
    settled = hospital.settle_stay(P1, keys, TOTAL)
    refused(hospital.call("2208", hospital.rig.keys(settled)), "981026")
    cancelled = hospital.done("2305", hospital.rig.keys(settled))
    assert cancelled["output"]["setlinfo"]["medfee_sumamt"] == "-2550.00"
    assert hospital.rig.balance(P1) == 200_000
    hospital.done("2405", {"data": keys})
    hospital.done("2302", {"data": [{**keys, "feedetl_sn": "D1-3"}]})
    hospital.discharge(P1, keys)
    assert paid(hospital.settle_stay(P1, keys, "2250.00"))[0] == "2250.00"


def test_reversals_of_a_stay(hospital: Hospital) -> None:
    keys = stay(hospital)
    settled = hospital.settle_stay(P1, keys, TOTAL)
    undo = {
        "data": {
            "psn_no": P1.psn_no,
            "omsgid": settled["output"]["setlinfo"]["medins_setl_id"],
            "oinfno": "2304",
        }
    }
    hospital.done("2601", undo)
    assert hospital.rig.balance(P1) == 200_000
    again = hospital.settle_stay(P1, keys, TOTAL)
    cancelled = hospital.done("2305", hospital.rig.keys(again))
    undo["data"] |= {"omsgid": cancelled["output"]["setlinfo"]["medins_setl_id"], "oinfno": "2305"}
    hospital.done("2601", undo)
    refused(hospital.call("2405", {"data": keys}), "981035", "已结算")


def test_a_stay_that_has_more_to_settle_by_now_does_not_become_settled_by_a_reversal(hospital: Hospital) -> None:
    keys = stay(hospital)
    cancelled = hospital.done("2305", hospital.rig.keys(hospital.settle_stay(P1, keys, TOTAL)))
    hospital.done("2405", {"data": keys})
    hospital.done("2301", {"feedetail": hospital.stay_rows(keys, LINES[:1], batch="D2")})
    hospital.discharge(P1, keys)
    msgid = cancelled["output"]["setlinfo"]["medins_setl_id"]
    undo = {"data": {"psn_no": P1.psn_no, "omsgid": msgid, "oinfno": "2305"}}
    refused(hospital.call("2601", undo), "981038")
    assert hospital.rig.balance(P1) == 200_000


def test_a_return_takes_something_off_its_line(hospital: Hospital) -> None:
    keys = hospital.admit(P1)
    hospital.done("2301", {"feedetail": hospital.stay_rows(keys, LINES)})
    (back,) = hospital.stay_rows(keys, (("XS000004", "50.00", "-2"),), batch="D2")
    result = hospital.done("2301", {"feedetail": [{**back, "init_feedetl_sn": "D1-2"}]})["output"]["result"]
    assert (result[0]["det_item_fee_sumamt"], result[0]["overlmt_amt"], result[0]["inscp_scp_amt"]) == (
        "-100.00",
        "-20.00",
        "-80.00",
    )
    hospital.discharge(P1, keys)
    settled = hospital.settle_stay(P1, keys, "2450.00")
    info = settled["output"]["setlinfo"]
    assert (info["medfee_sumamt"], info["overlmt_selfpay"], info["inscp_scp_amt"]) == ("2450.00", "30.00", "2390.00")


def test_a_return_may_come_before_its_line(hospital: Hospital) -> None:
    keys = hospital.admit(P1)
    rows = hospital.stay_rows(keys, (("XS000004", "50.00", "-2"), ("XS000004", "50.00", "5")))
    hospital.done("2301", {"feedetail": [{**rows[0], "init_feedetl_sn": "D1-2"}, rows[1]]})
    hospital.discharge(P1, keys)
    info = hospital.settle_stay(P1, keys, "150.00")["output"]["setlinfo"]
    assert (info["overlmt_selfpay"], info["inscp_scp_amt"]) == ("30.00", "120.00")


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"init_feedetl_sn": "D9"},
        {"init_feedetl_sn": "D1-1"},
        {"init_feedetl_sn": "D1-2", "cnt": "-6", "det_item_fee_sumamt": "-300.00"},
        {"init_feedetl_sn": "D1-2", "pric": "40.00", "det_item_fee_sumamt": "-80.00"},
    ],
)
def test_a_return_that_does_not_fit_is_refused(hospital: Hospital, change: dict[str, str]) -> None:
    keys = stay(hospital, discharged=False)
    (back,) = hospital.stay_rows(keys, (("XS000004", "50.00", "-2"),), batch="D2")
    refused(hospital.call("2301", {"feedetail": [{**back, **change}]}), "981049", "D2-1")


def test_details_are_withdrawn_by_number_and_returns_with_them(hospital: Hospital) -> None:
    keys = stay(hospital, discharged=False)
    (back,) = hospital.stay_rows(keys, (("XS000004", "50.00", "-2"),), batch="D2")
    hospital.done("2301", {"feedetail": [{**back, "init_feedetl_sn": "D1-2"}]})
    refused(hospital.call("2302", {"data": [{**keys, "feedetl_sn": "D1-2"}]}), "981050", "D2-1")
    unknown = [{**keys, "feedetl_sn": sn} for sn in ("D1-1", "D8", "D9")]
    refused(hospital.call("2302", {"data": unknown}), "981044", "D8", "D9")
    hospital.done("2302", {"data": [{**keys, "feedetl_sn": sn} for sn in ("D1-2", "D2-1")]})
    hospital.done("2302", {"data": [{**keys, "feedetl_sn": "0000"}]})
    refused(hospital.call("2303", hospital.stay_bill(P1, keys, "0.00")), "981046")


def test_outpatient_returns_do_not_exist(hospital: Hospital) -> None:
    keys = hospital.register(P1)
    rows = hospital.stay_rows(keys, (("XS000004", "50.00", "-2"),), batch="D2")
    refused(hospital.call("2204", {"feedetail": rows}), "981016")


def test_somebody_is_in_hospital_once_and_has_no_visit_settled_meanwhile(hospital: Hospital) -> None:
    visit = hospital.visit(P1)
    keys = hospital.admit(P1)
    data = sample("2401")
    info = {**data["mdtrtinfo"], **hospital.card(P1), "ipt_no": "Z1"}  # type: ignore[dict-item]  # an object
    refused(hospital.call("2401", {**data, "mdtrtinfo": info}), "981052", keys["mdtrt_id"])
    refused(hospital.call("2206", hospital.bill(P1, visit)), "981052", "在院状态不允许结算")
    assert hospital.discharge(P1, keys)["infcode"] == 0
    hospital.settle(P1, visit)
    other = hospital.admit(P1)
    refused(hospital.call("2405", {"data": keys}), "981052", other["mdtrt_id"])


def test_an_admission_is_changed_cancelled_or_reversed(hospital: Hospital) -> None:
    keys = hospital.admit(P1)
    data = sample("2403")
    info = {**data["adminfo"], **keys, "med_type": "22"}  # type: ignore[dict-item]  # an object
    hospital.done("2403", {"adminfo": info})
    hospital.done("2301", {"feedetail": hospital.stay_rows(keys, LINES)})
    refused(hospital.call("2404", {"data": keys}), "981041")
    hospital.done("2302", {"data": [{**keys, "feedetl_sn": "0000"}]})
    hospital.done("2404", {"data": keys})
    refused(hospital.call("2404", {"data": keys}), "981035", "已撤销")
    msgid = hospital.rig.msgid(HOSPITAL.code)
    admission = sample("2401")
    admission["mdtrtinfo"] = {**admission["mdtrtinfo"], **hospital.card(P1), "ipt_no": "Z2"}  # type: ignore[dict-item]  # an object
    hospital.done("2401", admission, msgid=msgid)
    undo = {"data": {"psn_no": P1.psn_no, "omsgid": msgid, "oinfno": "2401"}}
    hospital.done("2601", undo)
    refused(hospital.call("2601", undo), "981030")
    hospital.done("2401", admission)
    assert hospital.rig.events("booked") == []


def test_a_late_admission_is_barred_after_its_reversal(hospital: Hospital) -> None:
    msgid = hospital.rig.msgid(HOSPITAL.code)
    undo = {"data": {"psn_no": P1.psn_no, "omsgid": msgid, "oinfno": "2401"}}
    refused(hospital.call("2601", undo), "981027")
    admission = sample("2401")
    admission["mdtrtinfo"] = {**admission["mdtrtinfo"], **hospital.card(P1)}  # type: ignore[dict-item]  # an object
    refused(hospital.call("2401", admission, msgid=msgid), "981008")


def test_a_discharge_lies_after_its_admission_and_a_death_has_a_date(hospital: Hospital) -> None:
    keys = hospital.admit(P1)
    refused(hospital.discharge(P1, keys, endtime="2020-10-13 08:00:00"), "981055")
    refused(hospital.discharge(P1, keys, dscg_way="5"), "981003", "die_date")
    assert hospital.discharge(P1, keys, dscg_way="5", die_date="2020-10-14")["infcode"] == 0


def test_outpatient_transactions_do_not_touch_a_stay(hospital: Hospital) -> None:
    keys = hospital.admit(P1)
    rows = hospital.stay_rows(keys, VISIT_LINES)
    refused(hospital.call("2204", {"feedetail": rows}), "981035", "在院")
    visit = hospital.register(P9)
    refused(hospital.call("2301", {"feedetail": hospital.stay_rows(visit, VISIT_LINES)}), "981035", "已挂号")
