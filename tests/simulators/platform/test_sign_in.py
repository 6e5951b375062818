"""9001 and 9002: without a valid sign-in nothing else is done."""

import pytest

from harness.wire.institution import TRANSACTIONS, check_reply
from tests.simulators.hospital_rig import sample
from tests.simulators.insurer_rig import OTHER_PHARMACY, PEOPLE, PHARMACY, Rig

P1 = PEOPLE["P001"]
INPUTS = {
    "9002": {"signOut": {"sign_no": "X", "opter_no": "001"}},
    "1101": {"data": {"mdtrt_cert_type": "01", "mdtrt_cert_no": "x"}},
    "2103": {"data": {"setl_id": "x", "mdtrt_id": "x", "psn_no": "x"}},
    "2601": {"data": {"omsgid": "x", "oinfno": "2102", "psn_no": "x"}},
    "5203": {"data": {"setl_id": "x", "mdtrt_id": "x", "psn_no": "x"}},
}


def test_a_sign_in_gives_time_and_number(rig: Rig) -> None:
    answer = rig.call("9001", {"signIn": {"opter_no": "001", "mac": "", "ip": "10.0.0.7"}})
    assert check_reply("9001", answer) == ()
    assert answer["output"]["signinoutb"]["sign_time"] == "2020-10-14 08:30:00"


@pytest.mark.parametrize("infno", [infno for infno in TRANSACTIONS if infno != "9001"])
@pytest.mark.parametrize("sign_no", ["", "P639999000012020101400000099"])
def test_every_other_transaction_is_refused_without_one(rig: Rig, infno: str, sign_no: str) -> None:
    data = INPUTS.get(infno) or (rig.purchase(P1) if infno in {"2101", "2102"} else sample(infno))
    answer = rig.call(infno, data, sign_no=sign_no)
    assert (answer["infcode"], answer["warn_msg"]) == (-1, "981005")
    assert "未签到" in answer["err_msg"]
    assert rig.events("booked") == []


def test_a_sign_in_is_of_one_operator_institution_and_day(rig: Rig) -> None:
    mine = rig.sign_in()
    query = {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": P1.id_no}}
    assert rig.call("1101", query)["infcode"] == 0
    assert rig.call("1101", query, opter="002")["warn_msg"] == "981005"
    assert rig.call("1101", query, org=OTHER_PHARMACY.code, sign_no=mine)["warn_msg"] == "981005"
    rig.clock.step(seconds=24 * 3600)
    assert rig.call("1101", query)["warn_msg"] == "981005"
    rig.sign_in()
    assert rig.call("1101", query)["infcode"] == 0


def test_signing_in_again_gives_the_same_number(rig: Rig) -> None:
    first = rig.sign_in()
    assert rig.sign_in() == first
    assert rig.sign_in(OTHER_PHARMACY.code) != first


def test_who_signed_out_stays_out_until_tomorrow(rig: Rig) -> None:
    sign_no = rig.sign_in()
    out = rig.call("9002", {"signOut": {"sign_no": sign_no, "opter_no": "001"}})
    assert out["infcode"] == 0
    query = {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": P1.id_no}}
    assert rig.call("1101", query)["warn_msg"] == "981006"
    again = rig.call("9001", {"signIn": {"opter_no": "001", "ip": "10.0.0.7"}})
    assert (again["warn_msg"], again["err_msg"]) == ("981006", "今天已签退，请于第二天签到")
    rig.clock.step(seconds=24 * 3600)
    rig.sign_in()
    assert rig.call("1101", query)["infcode"] == 0


def test_an_unknown_institution_cannot_sign_in(rig: Rig) -> None:
    answer = rig.call("9001", {"signIn": {"opter_no": "001", "ip": "10.0.0.7"}}, org="P99999999999")
    assert answer["warn_msg"] == "981004"
    assert PHARMACY.code not in answer["err_msg"]


FIRST = {"opter_no": "001", "mac": "00-00-5E-00-53-01", "ip": "10.0.0.7"}


@pytest.mark.parametrize(
    ("changed", "named"),
    [({"ip": "10.0.0.8"}, "ip 10.0.0.8≠10.0.0.7"), ({"mac": "00-00-5E-00-53-02"}, "mac 00-00-5E-00-53-02")],
)
def test_a_further_sign_in_of_the_day_comes_from_the_same_place(rig: Rig, changed: dict[str, str], named: str) -> None:
    first = rig.call("9001", {"signIn": FIRST})["output"]["signinoutb"]
    answer = rig.call("9001", {"signIn": {**FIRST, **changed}})
    assert (answer["infcode"], answer["warn_msg"]) == (-1, "981089")
    assert answer["err_msg"].startswith("签到失败！")
    assert named in answer["err_msg"]
    same: list[dict[str, str]] = [{}, {"mac": FIRST["mac"].lower()}, {"mac": ""}]
    assert [rig.call("9001", {"signIn": {**FIRST, **one}})["output"]["signinoutb"] for one in same] == [first] * 3
    assert rig.call("9001", {"signIn": {**FIRST, "opter_no": "002", **changed}})["infcode"] == 0, "another operator"
    rig.clock.step(seconds=24 * 3600)
    assert rig.call("9001", {"signIn": {**FIRST, **changed}})["infcode"] == 0, "another day"
