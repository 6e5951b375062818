"""1201, 1901 and 2001: what can be looked up."""

from typing import Any

import pytest

from harness.wire.fields import code_table
from tests.simulators.hospital_rig import AT, HOSPITAL, Hospital
from tests.simulators.insurer_rig import PEOPLE, PHARMACY, Rig, reset_rig

P1, P4 = PEOPLE["P001"], PEOPLE["P004"]


@pytest.fixture
def hospital(shared_rig: Rig) -> Hospital:
    reset_rig(shared_rig).sign_in(HOSPITAL.code)
    return Hospital(shared_rig)


def test_institutions_are_found_by_kind_code_and_name(hospital: Hospital) -> None:
    def found(**fields: str) -> list[str]:
        answer = hospital.done("1201", {"medinsinfo": fields})
        return [row["fixmedins_code"] for row in answer["output"]["medinsinfo"]]

    assert HOSPITAL.code in found(fixmedins_type="1")
    assert HOSPITAL.code not in found(fixmedins_type="2")
    assert found(fixmedins_type="2", fixmedins_code=PHARMACY.code) == [PHARMACY.code]
    assert found(fixmedins_type="1", fixmedins_name=HOSPITAL.name) == [HOSPITAL.code]
    wrong = hospital.call("1201", {"medinsinfo": {"fixmedins_type": "1", "fixmedins_code": PHARMACY.code}})
    assert wrong["warn_msg"] == "981004"


def test_a_dictionary_is_a_code_table_whole(hospital: Hospital) -> None:
    rows = hospital.done("1901", {"data": {"type": "med_type"}})["output"]["list"]
    assert {row["value"]: row["label"] for row in rows} == dict(code_table("med_type"))
    assert hospital.call("1901", {"data": {"type": "nope"}})["warn_msg"] == "981058"


@pytest.mark.parametrize(
    ("person", "med_type", "funds"),
    [
        ("P001", "11", ["310100", "310200"]),
        ("P001", "21", ["310100", "330100", "310200"]),
        ("P004", "21", ["390100", "390200"]),
    ],
)
def test_benefits_name_fund_large_amount_fund_and_account(
    hospital: Hospital, person: str, med_type: str, funds: list[str]
) -> None:
    who = PEOPLE[person]
    data: dict[str, Any] = {
        "psn_no": who.psn_no,
        "insutype": who.insutype,
        "fixmedins_code": HOSPITAL.code,
        "med_type": med_type,
        "begntime": AT,
    }
    rows = hospital.done("2001", {"data": data})["output"]["trtinfo"]
    assert [row["fund_pay_type"] for row in rows] == funds
    assert hospital.call("2001", {"data": {**data, "med_type": "41", "insutype": "340"}})["warn_msg"] == "981014"
    assert hospital.call("2001", {"data": {**data, "med_type": "71"}})["warn_msg"] == "981015"
