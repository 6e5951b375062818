"""1101: who is this?"""

import pytest

from fixtures.people_register import Insurance, register_records
from harness.wire.institution import check_reply
from tests.simulators.insurer_rig import OTHER_PHARMACY, PEOPLE, Rig, reset_rig


def _is_insured(person: str) -> bool:
    record = register_records().get(PEOPLE[person].id_no)
    return record is None or record.insurance is Insurance.VALID


P1, P9 = PEOPLE["P001"], PEOPLE["P009"]


@pytest.fixture
def rig(shared_rig: Rig) -> Rig:
    reset_rig(shared_rig).sign_in()
    return shared_rig


def by_token(token: str, **more: str) -> dict[str, dict[str, str]]:
    return {"data": {"mdtrt_cert_type": "01", "mdtrt_cert_no": token, **more}}


@pytest.mark.parametrize(
    "person_id",
    [pid for pid, person in PEOPLE.items() if person.voucher == "active" and _is_insured(pid)],
)
def test_a_token_gives_the_person_with_insurance_and_balance(rig: Rig, person_id: str) -> None:
    person = PEOPLE[person_id]
    answer = rig.call("1101", by_token(rig.token(person)))
    assert check_reply("1101", answer) == ()
    base, (*_, insurance) = answer["output"]["baseinfo"], answer["output"]["insuinfo"]
    assert (base["psn_no"], base["certno"], base["psn_name"]) == (person.psn_no, person.id_no, person.name)
    assert (insurance["insutype"], insurance["insuplc_admdvs"]) == (person.insutype, person.insured_place)
    assert insurance["balc"] == f"{person.balance_fen // 100}.{person.balance_fen % 100:02d}"


def test_an_insurance_that_has_ended_stands_first(rig: Rig) -> None:
    output = rig.call("1101", by_token(rig.token(PEOPLE["P007"])))["output"]
    assert [
        (row["psn_insu_stas"], row["insutype"], row["insuplc_admdvs"], row["balc"], row["paus_insu_date"])
        for row in output["insuinfo"]
    ] == [
        ("3", "390", "639901", "0.00", "2009-12-31"),
        ("1", PEOPLE["P007"].insutype, "639900", f"{PEOPLE['P007'].balance_fen / 100:.2f}", ""),
    ]


def test_ages_count_birthdays(rig: Rig) -> None:
    ages = {}
    for person in (P1, PEOPLE["P008"], PEOPLE["P010"]):
        output = rig.call("1101", by_token(rig.token(person)))["output"]
        ages[person.birthday] = (output["baseinfo"]["age"], output["insuinfo"][0]["psn_type"])
    assert ages == {"1985-03-12": (35, "11"), "1953-06-07": (67, "12"), "2000-02-29": (20, "11")}


def test_an_id_number_does_too(rig: Rig) -> None:
    answer = rig.call("1101", {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": P1.id_no}})
    assert answer["output"]["baseinfo"]["psn_no"] == P1.psn_no
    unknown = rig.call("1101", {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": "639999190001010000"}})
    assert unknown["warn_msg"] == "981009"


def test_an_electronic_social_card_is_not_offered(rig: Rig) -> None:
    card = {"data": {"mdtrt_cert_type": "04", "mdtrt_cert_no": "1"}}
    assert rig.call("1101", card)["warn_msg"] == "981003"


def test_a_bad_token_is_refused(rig: Rig) -> None:
    assert rig.call("1101", by_token("639900ec" + "0" * 30))["warn_msg"] == "981011"
    assert rig.call("1101", by_token(rig.token(P1, OTHER_PHARMACY.code)))["warn_msg"] == "981011"
    late = rig.token(P1)
    rig.clock.step(seconds=1800)
    assert rig.call("1101", by_token(late))["warn_msg"] == "981011"


def test_claims_beside_the_token_must_be_the_persons(rig: Rig) -> None:
    token = rig.token(P1)
    assert rig.call("1101", by_token(token, certno=P1.id_no, psn_name=P1.name))["infcode"] == 0
    assert rig.call("1101", by_token(token, certno=P9.id_no))["warn_msg"] == "981009"
    assert rig.call("1101", by_token(token, psn_name=P9.name))["warn_msg"] == "981009"
