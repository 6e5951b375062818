"""The register of staff: 科室未对照, 医护人员未对码, 缺少国家码, an operator who is not registered."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.errors import ConfigError
from simulators.platform.settings import PlatformSettings
from tests.simulators.hospital_rig import HOSPITAL, Hospital, sample
from tests.simulators.insurer_rig import PEOPLE, PHARMACY, Rig, reset_rig, start_rig, stop_rig
from tests.simulators.platform_office import open_office

P1 = PEOPLE["P001"]
REGISTER = """
[H63999900001]
operators = ["001"]
departments = { D01 = "A03.01", D001 = "A03.02", X1 = "" }
staff = { DR01 = "D639999000001", DR001 = "D639999000002", X2 = "" }
"""


DEPARTMENTS = ("2201", "2204", "2301", "2401", "2402")
DOCTORS = (*DEPARTMENTS, "2203")
"""Transactions that name departments, doctors; 2203 names departments by their names alone."""


@pytest.fixture(scope="module")
def registered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    file = tmp_path_factory.mktemp("register") / "staff.toml"
    file.write_text(REGISTER, encoding="utf-8")
    rig = start_rig(platform=PlatformSettings(staff_register=str(file)))
    yield rig
    stop_rig(rig)


@pytest.fixture
def hospital(registered: Rig) -> Hospital:
    reset_rig(registered).sign_in(HOSPITAL.code)
    return Hospital(registered)


def codes(data: Any, department: str, doctor: str) -> Any:
    """An input with another department and doctor wherever it has one."""
    if isinstance(data, list):
        return [codes(one, department, doctor) for one in data]
    if not isinstance(data, dict):
        return data
    found = {name: codes(value, department, doctor) for name, value in data.items()}
    for name in found:
        if name == "dept_code" or name.endswith("_dept_codg"):
            found[name] = department
        if name in {"atddr_no", "dise_dor_no"} or name.endswith(("_dr_codg", "_dr_code")):
            found[name] = doctor
    return found


@pytest.mark.parametrize(
    ("infnos", "named", "code", "said"),
    [
        (DEPARTMENTS, ("D99", "DR01"), "981092", "科室未对照：D99"),
        (DOCTORS, ("D01", "DR99"), "981093", "医护人员未对码：DR99"),
        (DEPARTMENTS, ("X1", "DR01"), "981094", "缺少国家码：X1"),
        (DOCTORS, ("D01", "X2"), "981094", "缺少国家码：X2"),
    ],
)
def test_what_is_not_mapped_is_refused(
    hospital: Hospital, infnos: tuple[str, ...], named: tuple[str, str], code: str, said: str
) -> None:
    for infno in infnos:
        answer = hospital.call(infno, codes(sample(infno), *named))
        assert (infno, answer["warn_msg"], answer["err_msg"]) == (infno, code, said)
    assert hospital.rig.events("booked") == []


def test_what_is_mapped_is_taken(hospital: Hospital) -> None:
    keys = hospital.done("2201", codes({"data": {**sample("2201")["data"], **hospital.card(P1)}}, "D01", "DR01"))  # type: ignore[dict-item]  # an object
    assert keys["output"]["data"]["mdtrt_id"]


def test_an_operator_who_is_not_registered_cannot_sign_in(hospital: Hospital) -> None:
    answer = hospital.call("9001", {"signIn": {"opter_no": "002", "ip": "10.0.0.7"}})
    assert (answer["warn_msg"], answer["err_msg"]) == ("981091", "操作员未登记：002")


def test_an_institution_that_the_register_lacks_is_not_looked_at(registered: Rig) -> None:
    rig = reset_rig(registered)
    rig.sign_in(PHARMACY.code)
    assert rig.settle(P1)["infcode"] == 0


@pytest.mark.parametrize("text", [None, "[", "[H1]\ncolour = 1", '[H1]\noperators = "001"', "[H1]\nstaff = []"])
def test_a_file_that_cannot_be_used_is_an_error_at_the_start(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "staff.toml"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="register of staff"):
        open_office(PlatformSettings(staff_register=str(file)))
