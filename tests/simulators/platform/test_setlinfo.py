"""hifdm_pay in setlinfo: one more fund where the province has it, in the identity of the funds, also when undone."""

from collections.abc import Iterator
from typing import Any

import pytest

from harness.wire.institution import amount, check_reply
from harness.wire.profile import load_profile
from tests.simulators.hospital_rig import HOSPITAL
from tests.simulators.insurer_rig import PHARMACY
from tests.simulators.platform_office import Office, open_office
from tests.simulators.platform_rigs import purchase
from tests.simulators.platform_visit import BUYER, NEWER, traced, visit_of

FUNDS = ("hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "maf_pay", "oth_pay")
FORM = load_profile(NEWER).form


@pytest.fixture
def office() -> Iterator[Office]:
    opened = open_office(profile=NEWER)
    for org in (PHARMACY, HOSPITAL):
        opened.sign_in(org)
    yield opened
    opened.close()


def answered(office: Office, infno: str, data: dict[str, Any]) -> dict[str, Any]:
    answer = office.call(infno, data, HOSPITAL if infno.startswith("22") else PHARMACY)
    assert check_reply(infno, answer, form=FORM) == ()
    output: dict[str, Any] = answer["output"]
    return output


def parts_of(output: dict[str, Any]) -> tuple[int, int, int]:
    """Fund, hifdm_pay and the other funds, in fen."""
    info = output["setlinfo"]
    return amount(info["fund_pay_sumamt"]), amount(info["hifdm_pay"]), sum(amount(info[name]) for name in FUNDS)


def test_a_tenth_of_the_pooled_part_stands_in_hifdm_and_the_funds_add_up(office: Office) -> None:
    before = answered(office, "2101", purchase(BUYER, "A1"))
    settled = answered(office, "2102", traced("A1"))
    assert parts_of(before) == parts_of(settled) == (1337, 134, 1203)
    rows = {row["fund_pay_type"]: row["fund_payamt"] for row in settled["setldetail"]}
    assert rows == {"310100": "12.03", "350100": "1.34"}


def test_a_visit_has_it_as_well(office: Office) -> None:
    bill = visit_of(office, "1", (("XS000003", "400.05", "1"),))
    fund, hifdm, others = parts_of(answered(office, "2207", bill))
    assert fund == hifdm + others
    assert hifdm == round(fund / 10)
    assert hifdm > 0


def test_a_refund_gives_it_back_and_a_query_tells_it(office: Office) -> None:
    settled = answered(office, "2102", traced("A1"))
    keys = {"data": {name: settled["setlinfo"][name] for name in ("setl_id", "mdtrt_id", "psn_no")}}
    assert parts_of(answered(office, "5203", keys)) == (1337, 134, 1203)
    back = answered(office, "2103", keys)
    assert parts_of(back) == (-1337, -134, -1203)
    assert sum(amount(row["fund_payamt"]) for row in back["setldetail"]) == -1337


def test_an_answer_without_it_is_incomplete_there_and_complete_elsewhere(office: Office) -> None:
    answer = office.call("2102", traced("A1"), PHARMACY)
    del answer["output"]["setlinfo"]["hifdm_pay"]
    assert [problem.path for problem in check_reply("2102", answer, form=FORM)] == ["output.setlinfo.hifdm_pay"]
    assert check_reply("2102", answer) == ()


@pytest.mark.parametrize("value", ["1.345", "1,34", "1.34 ", "NaN", "1e2", True, [1], "12345678901234567.00"])
def test_an_amount_that_is_none_is_seen(office: Office, value: object) -> None:
    answer = office.call("2102", traced("A1"), PHARMACY)
    answer["output"]["setlinfo"]["hifdm_pay"] = value
    assert [problem.path for problem in check_reply("2102", answer)] == ["output.setlinfo.hifdm_pay"]


def test_elsewhere_there_is_none() -> None:
    office = open_office()
    try:
        office.sign_in(PHARMACY)
        info = office.done("2102", purchase(BUYER, "A1"), PHARMACY)["setlinfo"]
        assert "hifdm_pay" not in info
        assert info["hifp_pay"] == info["fund_pay_sumamt"] == "13.37"
    finally:
        office.close()
