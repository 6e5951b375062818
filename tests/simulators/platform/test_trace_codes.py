"""Trace codes (drug_trac_info) under the profile that asks for them: missing, incomplete, of no line, used twice."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from fixtures.population import people
from tests.simulators.hospital_rig import HOSPITAL
from tests.simulators.insurer_rig import PHARMACY
from tests.simulators.platform_office import Office, open_office
from tests.simulators.platform_rigs import purchase
from tests.simulators.platform_visit import BUYER, NEWER, pack, traced, visit_of

MISSING, UNKNOWN, USED, INVALID = "981084", "981085", "981086", "981003"
GOODS = (("XS000001", "15.00", "1"), ("XP000003", "1.15", "7"))
"""A service, which has no trace code, and goods."""


@pytest.fixture
def office() -> Iterator[Office]:
    opened = open_office(profile=NEWER)
    for org in (PHARMACY, HOSPITAL):
        opened.sign_in(org)
    yield opened
    opened.close()


def keys_of(output: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {"data": {name: output["setlinfo"][name] for name in ("setl_id", "mdtrt_id", "psn_no")}}


def reversal(output: dict[str, Any], oinfno: str) -> dict[str, dict[str, str]]:
    info = output["setlinfo"]
    return {"data": {"psn_no": info["psn_no"], "omsgid": info["medins_setl_id"], "oinfno": oinfno}}


def refused(office: Office, data: Mapping[str, object], *, infno: str = "2102") -> tuple[str, str]:
    """Code and text of a refusal, after which nothing is booked."""
    before = len(office.ledger.settlements())
    answer = office.call(infno, data, HOSPITAL if infno.startswith("22") else PHARMACY)
    assert answer["infcode"] == -1
    assert len(office.ledger.settlements()) == before
    return answer["warn_msg"], answer["err_msg"]


def test_a_purchase_with_a_code_for_each_line_is_booked(office: Office) -> None:
    assert office.done("2102", traced("A1"), PHARMACY)["setlinfo"]["medfee_sumamt"] == "44.98"


def test_goods_without_a_code_are_refused_by_their_line(office: Office) -> None:
    code, text = refused(office, traced("A1", packs=[pack("A1-1", "81"), pack("A1-3", "83")]))
    assert (code, "A1-2" in text, "A1-1" in text) == (MISSING, True, False)


@pytest.mark.parametrize("without", ["node", "empty", "null"])
def test_a_purchase_without_any_code_is_refused(office: Office, without: str) -> None:
    nodes: dict[str, dict[str, object]] = {
        "node": {},
        "empty": {"drug_trac_info": []},
        "null": {"drug_trac_info": None},
    }
    assert refused(office, {**purchase(BUYER, "A1"), **nodes[without]})[0] == MISSING


@pytest.mark.parametrize("field", ["feedetl_sn", "drug_trac_codg", "trdn_flag", "min_prcunt_type"])
@pytest.mark.parametrize("value", ["", None])
def test_an_entry_lacks_no_field(office: Office, field: str, value: object) -> None:
    packs = [pack(f"A1-{n}", f"8{n}") for n in (1, 2, 3)]
    packs[1][field] = value
    code, text = refused(office, traced("A1", packs=packs))
    assert (code, f"drug_trac_info[1].{field}" in text) == (INVALID, True)


@pytest.mark.parametrize(
    "members",
    [
        {"trdn_flag": "2"},
        {"trdn_flag": 0},
        {"min_prcunt_type": "3"},
        {"drug_trac_codg": 81},
        {"drug_trac_codg": "8" * 101},
        {"drug_trac_codg": ["81"]},
        {"feedetl_sn": "A" * 31},
    ],
)
def test_a_wrong_value_is_refused_by_its_field(office: Office, members: dict[str, object]) -> None:
    packs = [pack("A1-1", "81"), pack("A1-2", "82"), pack("A1-3", "83", **members)]
    code, text = refused(office, traced("A1", packs=packs))
    assert (code, f"drug_trac_info[2].{next(iter(members))}" in text) == (INVALID, True)


@pytest.mark.parametrize("node", ["81", {"feedetl_sn": "A1-1"}, ["81"], [None], 7])
def test_what_is_no_list_of_objects_is_refused(office: Office, node: object) -> None:
    assert refused(office, {**purchase(BUYER, "A1"), "drug_trac_info": node})[0] == INVALID


def test_a_code_of_a_line_that_is_not_there_is_refused(office: Office) -> None:
    packs = [*(pack(f"A1-{n}", f"8{n}") for n in (1, 2, 3)), pack("A2-1", "84")]
    code, text = refused(office, traced("A1", packs=packs))
    assert (code, "A2-1" in text) == (UNKNOWN, True)


def test_a_code_comes_once_in_a_settlement(office: Office) -> None:
    packs = [pack("A1-1", "81"), pack("A1-2", "81"), pack("A1-3", "83")]
    code, text = refused(office, traced("A1", packs=packs))
    assert (code, "81" in text, "83" in text) == (USED, True, False)


def test_a_code_is_settled_once_by_whoever_buys_it_and_where(office: Office) -> None:
    office.done("2102", traced("A1"), PHARMACY)
    again = [pack(f"A2-{n}", f"8A1{n}") for n in (1, 2, 3)]
    assert refused(office, traced("A2", person=people()[1], packs=again))[0] == USED
    bill = {**visit_of(office, "1", GOODS), "drug_trac_info": [pack("B1-2", "8A11")]}
    assert refused(office, bill, infno="2207") == (USED, "追溯码重复或已结算：8A11，本次未记账")


@pytest.mark.parametrize("code", ["8\t1\n", "追溯码", "\U0001f48a", '8"\\', " "])
def test_any_text_is_a_code_of_its_own(office: Office, code: str) -> None:
    def packs(order: str) -> list[dict[str, object]]:
        return [pack(f"{order}-1", code), pack(f"{order}-2", f"8{order}2"), pack(f"{order}-3", f"8{order}3")]

    office.done("2102", traced("A1", packs=packs("A1")), PHARMACY)
    assert refused(office, traced("A2", packs=packs("A2")))[0] == USED


def test_a_refused_settlement_keeps_no_code(office: Office) -> None:
    refused(office, traced("A1", packs=[pack("A1-1", "81")]))
    office.done("2102", traced("A1", packs=[pack(f"A1-{n}", f"8{n}") for n in (1, 2, 3)]), PHARMACY)


@pytest.mark.parametrize("undo", ["2103", "2601"])
def test_what_is_taken_back_gives_its_codes_back(office: Office, undo: str) -> None:
    first = office.done("2102", traced("A1"), PHARMACY)
    office.done(undo, keys_of(first) if undo == "2103" else reversal(first, "2102"), PHARMACY)
    packs = [pack(f"A2-{n}", f"8A1{n}") for n in (1, 2, 3)]
    office.done("2102", traced("A2", packs=packs), PHARMACY)
    assert refused(office, traced("A3", packs=[pack(f"A3-{n}", f"8A1{n}") for n in (1, 2, 3)]))[0] == USED


def test_a_refund_that_is_reversed_takes_its_codes_again(office: Office) -> None:
    first = office.done("2102", traced("A1"), PHARMACY)
    back = office.done("2103", keys_of(first), PHARMACY)
    office.done("2601", reversal(back, "2103"), PHARMACY)
    assert refused(office, traced("A2", packs=[pack(f"A2-{n}", f"8A1{n}") for n in (1, 2, 3)]))[0] == USED


def test_it_does_so_after_others_have_had_and_given_them_back(office: Office) -> None:
    def packs(order: str) -> list[dict[str, object]]:
        return [pack(f"{order}-{n}", f"8A1{n}") for n in (1, 2, 3)]

    first = office.done("2102", traced("A1"), PHARMACY)
    back = office.done("2103", keys_of(first), PHARMACY)
    second = office.done("2102", traced("A2", packs=packs("A2")), PHARMACY)
    office.done("2103", keys_of(second), PHARMACY)
    office.done("2601", reversal(back, "2103"), PHARMACY)
    assert refused(office, traced("A3", packs=packs("A3")))[0] == USED


def test_a_refund_whose_packs_were_sold_again_is_not_reversed(office: Office) -> None:
    first = office.done("2102", traced("A1"), PHARMACY)
    back = office.done("2103", keys_of(first), PHARMACY)
    office.done("2102", traced("A2", packs=[pack(f"A2-{n}", f"8A1{n}") for n in (1, 2, 3)]), PHARMACY)
    assert refused(office, reversal(back, "2103"), infno="2601")[0] == USED


def test_parts_of_a_pack_may_be_settled_one_by_one_and_a_whole_pack_not_beside_them(office: Office) -> None:
    part = {"trdn_flag": "1", "min_prcunt_type": "1"}
    for order in ("A1", "A2"):
        packs = [pack(f"{order}-1", "81", **part), pack(f"{order}-2", "81", **part), pack(f"{order}-3", f"8{order}")]
        office.done("2102", traced(order, packs=packs), PHARMACY)
    whole = [pack("A3-1", "81"), pack("A3-2", "82"), pack("A3-3", "83")]
    assert refused(office, traced("A3", packs=whole))[0] == USED
    of_whole = [pack("A4-1", "8A1", **part), pack("A4-2", "85"), pack("A4-3", "86")]
    assert refused(office, traced("A4", packs=of_whole))[0] == USED, "a part of a pack that was sold whole"
    twice = [pack("A5-1", "87", **part), pack("A5-1", "87", **part), pack("A5-2", "88"), pack("A5-3", "89")]
    assert refused(office, traced("A5", packs=twice))[0] == USED, "the same part of the same line"


@pytest.mark.parametrize("given_back", [0, 1])
def test_a_part_gives_its_code_back_while_others_keep_it(office: Office, given_back: int) -> None:
    part = {"trdn_flag": "1", "min_prcunt_type": "1"}
    packs = {
        o: [pack(f"{o}-1", "81", **part), pack(f"{o}-2", f"8{o}2"), pack(f"{o}-3", f"8{o}3")] for o in ("A1", "A2")
    }
    both = [office.done("2102", traced(order, packs=mine), PHARMACY) for order, mine in packs.items()]
    office.done("2103", keys_of(both[given_back]), PHARMACY)
    whole = [pack("A3-1", "81"), pack("A3-2", "82"), pack("A3-3", "83")]
    assert refused(office, traced("A3", packs=whole))[0] == USED, "the other still holds a part of it"
    office.done("2103", keys_of(both[1 - given_back]), PHARMACY)
    office.done("2102", traced("A3", packs=whole), PHARMACY)


def test_a_visit_needs_codes_for_goods_alone(office: Office) -> None:
    bill = visit_of(office, "1", GOODS)
    code, text = refused(office, dict(bill), infno="2207")
    assert (code, "B1-2" in text, "B1-1" in text) == (MISSING, True, False)
    settled = office.done("2207", {**bill, "drug_trac_info": [pack("B1-2", "81")]}, HOSPITAL)
    office.done("2208", keys_of(settled), HOSPITAL)
    other = visit_of(office, "2", GOODS)
    office.done("2207", {**other, "drug_trac_info": [pack("B1-2", "81")]}, HOSPITAL)


def test_a_visit_of_services_needs_none(office: Office) -> None:
    office.done("2207", dict(visit_of(office, "1", (("XS000001", "15.00", "1"),))), HOSPITAL)


def test_the_other_path_of_2207_asks_for_them_as_well(office: Office) -> None:
    bill = visit_of(office, "1", GOODS)
    assert refused(office, dict(bill), infno="2207A")[0] == MISSING


def test_the_same_request_again_gets_its_first_answer(office: Office) -> None:
    sent = office.request("2102", traced("A1"), PHARMACY)
    assert office.answer(sent) == office.answer(sent)
    assert len(office.ledger.settlements()) == 1


def test_elsewhere_nobody_asks_and_codes_are_not_compared() -> None:
    office = open_office()
    try:
        office.sign_in(PHARMACY)
        office.done("2102", purchase(BUYER, "A1"), PHARMACY)
        for order in ("A2", "A3"):
            office.done("2102", traced(order, packs=[pack("nowhere", "81")]), PHARMACY)
    finally:
        office.close()
