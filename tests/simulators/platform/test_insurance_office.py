"""An insurance that moves at the back door, and who is exempt from the password once it is another province's."""

from dataclasses import replace
from typing import Any

import pytest

from harness.rules.transactions import as_object
from simulators.platform import choices
from simulators.platform.transactions import confirm
from tests.simulators.insurer_rig import PEOPLE, Rig, reset_rig

P1 = PEOPLE["P001"]
NEAR, FAR = "639901", "649900"


@pytest.fixture
def rig(shared_rig: Rig) -> Rig:
    reset_rig(shared_rig).sign_in()
    return shared_rig


def move(rig: Rig, **said: object) -> int:
    return rig.http.post(f"{rig.back_doors['platform']}/people/move", json=said).status_code


def card_payment(rig: Rig, place: str, insutype: str = "310") -> dict[str, Any]:
    """2102 by the social-insurance card, without any password."""
    data = rig.purchase(P1, insutype=insutype)
    by_card = {"mdtrt_cert_type": "03", "mdtrt_cert_no": P1.card_no, "expContent": ""}
    data["druginfo"] = {**as_object(data["druginfo"]), **by_card}
    answer: dict[str, Any] = rig.call("2102", data, insuplc_admdvs=place)
    return answer


@pytest.mark.parametrize(
    "said", [{"person": "P999"}, {"person": "P001", "place": "64990"}, {"person": "P001", "insutype": "399"}, {}]
)
def test_what_makes_no_sense_moves_nothing(rig: Rig, said: dict[str, str]) -> None:
    assert move(rig, **said) == 400
    assert rig.events("insurance-moved") == []


@pytest.mark.parametrize("by", ["02", "03"])
def test_1101_tells_it_at_once_and_only_until_the_next_case(rig: Rig, by: str) -> None:
    number = {"02": P1.id_no, "03": P1.card_no}[by]
    query = {"data": {"mdtrt_cert_type": by, "mdtrt_cert_no": number, "card_sn": P1.card_sn}}

    def told() -> tuple[str, str]:
        row = rig.call("1101", query)["output"]["insuinfo"][-1]
        return row["insuplc_admdvs"], row["insutype"]

    assert told() == ("639900", "310")
    assert move(rig, person="P001", place=NEAR, insutype="390") == 200
    assert told() == (NEAR, "390")
    reset_rig(rig).sign_in()
    assert told() == ("639900", "310")


def test_what_names_the_former_insurance_is_refused(rig: Rig) -> None:
    move(rig, person="P001", place=NEAR, insutype="390")
    for place, insutype in (("639900", "390"), (NEAR, "310")):
        assert card_payment(rig, place, insutype)["infcode"] == -1
    assert rig.events("booked") == []


@pytest.mark.parametrize(("place", "exempt"), [("639900", False), (NEAR, False), (FAR, True)])
def test_only_who_is_insured_in_another_province_needs_no_password(rig: Rig, place: str, exempt: bool) -> None:
    move(rig, person="P001", place=place)
    answer = card_payment(rig, place)
    assert (answer["infcode"] == 0) is exempt, answer["err_msg"]
    assert [event["place"] for event in rig.events("password-exempt")] == [place] * exempt
    assert len(rig.events("booked")) == exempt


def test_nobody_is_asked_on_the_phone_who_is_exempt(rig: Rig) -> None:
    move(rig, person="P001", place=FAR)
    answer = rig.call("2102", rig.purchase(P1), insuplc_admdvs=FAR)
    assert answer["infcode"] == 0, answer["err_msg"]
    assert rig.phone.prompts == []


def test_a_province_may_ask_for_it_all_the_same(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = replace(choices.choices_of("qinghai"), password_across_provinces=True)
    monkeypatch.setattr(confirm, "choices_of", lambda _: asked)
    move(rig, person="P001", place=FAR)
    assert card_payment(rig, FAR)["warn_msg"] == "981070"
