"""mdtrt_cert_type as a province has it: taken, answered and undone in its own codes, the nation's refused."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.simulators.insurer_rig import PHARMACY
from tests.simulators.platform_office import Office, open_office
from tests.simulators.platform_rigs import purchase
from tests.simulators.platform_visit import BUYER


@pytest.fixture
def office() -> Iterator[Office]:
    opened = open_office(profile="unnamed-short-codes")
    opened.sign_in(PHARMACY)
    yield opened
    opened.close()


def by(code: str) -> Any:
    """2102 by a certificate of a type, of the person's ID number."""
    content: Any = purchase(BUYER, "A1")
    certificate = {"mdtrt_cert_type": code, "mdtrt_cert_no": BUYER.id_no}
    return {**content, "druginfo": {**content["druginfo"], **certificate}}


def test_a_person_is_found_by_the_province_s_code(office: Office) -> None:
    query = {"data": {"mdtrt_cert_type": "2", "mdtrt_cert_no": BUYER.id_no}}
    assert office.done("1101", query, PHARMACY)["baseinfo"]["psn_no"] == BUYER.psn_no


@pytest.mark.parametrize("code", ["02", "01", "04", "4", "9"])
def test_the_nation_s_code_is_refused_and_nothing_is_booked(office: Office, code: str) -> None:
    answer = office.call("2102", by(code), PHARMACY)
    assert (answer["warn_msg"], "mdtrt_cert_type" in answer["err_msg"]) == ("981003", True)
    assert "共1处" in answer["err_msg"]
    assert "one of 1 2 3 expected" in answer["err_msg"]
    assert office.ledger.settlements() == []


def test_answers_have_the_province_s_code_also_when_undone_and_asked_for(office: Office) -> None:
    booked = office.done("2102", by("2"), PHARMACY)["setlinfo"]
    keys = {"data": {name: booked[name] for name in ("setl_id", "mdtrt_id", "psn_no")}}
    asked = office.done("5203", keys, PHARMACY)["setlinfo"]
    undone = office.done("2103", keys, PHARMACY)["setlinfo"]
    assert [info["mdtrt_cert_type"] for info in (booked, asked, undone)] == ["2", "2", "2"]


def test_the_same_request_again_gets_its_first_answer(office: Office) -> None:
    sent = office.request("2102", by("2"), PHARMACY)
    assert office.answer(sent) == office.answer(sent)
    assert len(office.ledger.settlements()) == 1


def test_elsewhere_its_codes_are_none() -> None:
    office = open_office()
    try:
        office.sign_in(PHARMACY)
        assert office.call("2102", by("2"), PHARMACY)["warn_msg"] == "981003"
        assert office.done("2102", by("02"), PHARMACY)["setlinfo"]["mdtrt_cert_type"] == "02"
    finally:
        office.close()
