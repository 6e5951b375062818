"""By what somebody identifies, and what confirms a payment: voucher token, ID card, social-insurance card, face."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from fixtures.people_register import Insurance, register_records
from fixtures.population import Person, VoucherState, people
from harness.wire.card_pin import card_pin_proof
from harness.wire.institution import check_reply
from simulators.voucher_centre.settings import VoucherCentreSettings
from tests.simulators.hospital_rig import HOSPITAL, Hospital, scope_of
from tests.simulators.insurer_rig import PEOPLE, PHARMACY, Rig, reset_rig

P1, P4, P5, P8, P9 = (PEOPLE[name] for name in ("P001", "P004", "P005", "P008", "P009"))
P3_LAPSED = PEOPLE["P003"]
UNINSURED = [PEOPLE[name] for name in ("P015", "P016", "P017")]


@pytest.fixture
def rig(shared_rig: Rig) -> Rig:
    reset_rig(shared_rig).sign_in()
    shared_rig.sign_in(HOSPITAL.code)
    return shared_rig


def certificate(rig: Rig, kind: str, person: Person, org: str) -> dict[str, Any]:
    number = {"01": lambda: rig.token(person, org), "02": lambda: person.id_no, "03": lambda: person.card_no}[kind]()
    return {"mdtrt_cert_type": kind, "mdtrt_cert_no": number}


def pin(person: Person, typed: str = "") -> str:
    return json.dumps({"card_pin_proof": card_pin_proof(person.card_sn, typed or person.card_pin)})


def waits(rig: Rig, body: dict[str, object], answer: str | None) -> dict[str, Any]:
    """Send what waits for the person, and answer the prompt with a password or decline it."""
    with ThreadPoolExecutor(1) as pool, httpx.Client(trust_env=False, timeout=60) as client:
        settling = pool.submit(rig.send, body, client=client)
        rig.wait_for("prompt-shown")
        rig.answer_prompt(answer)
        return settling.result(60)


def unbooked(rig: Rig, answer: dict[str, Any], code: str, person: Person) -> None:
    assert answer["warn_msg"] == code, answer["err_msg"]
    assert rig.events("booked") == []
    assert rig.balance(person) == person.balance_fen


# --- people and their cards -----------------------------------------------------------------------------


def test_cards_are_one_persons_each_with_a_password_of_their_own() -> None:
    held = [person for person in people() if person.card_no]
    assert len({person.card_no for person in held}) == len({person.card_sn for person in held}) == len(held) > 5
    assert all(len(person.card_sn) == 32 and person.card_pin != person.password for person in held)
    assert any(not person.card_no for person in people())


# --- 1101 -----------------------------------------------------------------------------------------------


def test_a_social_card_tells_the_person(rig: Rig) -> None:
    card = {"mdtrt_cert_type": "03", "mdtrt_cert_no": P5.card_no}
    answer = rig.call("1101", {"data": {**card, "card_sn": P5.card_sn}})
    assert check_reply("1101", answer) == ()
    assert answer["output"]["baseinfo"]["psn_no"] == P5.psn_no
    assert rig.call("1101", {"data": card})["warn_msg"] == "981003", "the card's serial is due"
    assert rig.call("1101", {"data": {**card, "card_sn": P1.card_sn}})["warn_msg"] == "981033"
    other = {"mdtrt_cert_type": "03", "mdtrt_cert_no": "T0", "card_sn": "1"}
    assert rig.call("1101", {"data": other})["warn_msg"] == "981009"


@pytest.mark.parametrize("person", UNINSURED, ids=[person.id for person in UNINSURED])
def test_who_has_no_valid_insurance_record_is_nobody_to_the_platform(rig: Rig, person: Person) -> None:
    assert register_records()[person.id_no].insurance is not Insurance.VALID
    card: dict[str, Any] = {"mdtrt_cert_type": "02", "mdtrt_cert_no": person.id_no}
    answer = rig.call("1101", {"data": card})
    assert (answer["warn_msg"], answer["err_msg"]) == ("981068", "未查询到有效的参保信息")
    hospital = Hospital(rig)
    asked = {
        "2102": rig.call("2102", rig.purchase(person, token="x", **card), signtype="MOCK"),
        "2001": hospital.call(
            "2001",
            {
                "data": {
                    "psn_no": person.psn_no,
                    "insutype": person.insutype,
                    "fixmedins_code": HOSPITAL.code,
                    "med_type": "11",
                    "begntime": "2020-10-14 08:30:00",
                }
            },
        ),
    }
    assert {infno: got["warn_msg"] for infno, got in asked.items()} == dict.fromkeys(asked, "981068")
    assert rig.events("booked") == []


# --- purchases ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["01", "02", "03"])
def test_every_certificate_prices_and_pays_a_purchase_alike(rig: Rig, kind: str) -> None:
    shown = certificate(rig, kind, P8, PHARMACY.code)
    priced = rig.call("2101", rig.purchase(P8, token="-", **shown))
    settled = rig.call("2102", rig.purchase(P8, token="-", **shown), signtype="MOCK")
    for infno, answer in (("2101", priced), ("2102", settled)):
        assert answer["infcode"] == 0, answer["err_msg"]
        assert check_reply(infno, answer) == ()
        assert answer["output"]["setlinfo"]["mdtrt_cert_type"] == kind
    assert scope_of(priced) == scope_of(settled)
    assert rig.balance(P8) < P8.balance_fen


@pytest.mark.parametrize("infno", ["2101", "2102"])
@pytest.mark.parametrize(
    ("shown", "code"),
    [
        ({"mdtrt_cert_type": "02", "mdtrt_cert_no": P9.id_no}, "981033"),
        ({"mdtrt_cert_type": "03", "mdtrt_cert_no": P9.card_no}, "981033"),
        ({"mdtrt_cert_type": "03", "mdtrt_cert_no": P1.card_no, "card_sn": P9.card_sn}, "981033"),
        ({"mdtrt_cert_type": "04", "mdtrt_cert_no": P1.card_no}, "981003"),
    ],
)
def test_another_persons_certificate_is_refused(rig: Rig, infno: str, shown: dict[str, Any], code: str) -> None:
    unbooked(rig, rig.call(infno, rig.purchase(P1, token="-", **shown), signtype="MOCK"), code, P1)


def test_nobodys_number_is_not_that_of_somebody_without_a_card(rig: Rig) -> None:
    shown: dict[str, Any] = {"mdtrt_cert_type": "03", "mdtrt_cert_no": P1.card_no}
    unbooked(rig, rig.call("2102", rig.purchase(P4, token="-", **shown), signtype="MOCK"), "981033", P4)


# --- the password ---------------------------------------------------------------------------------------


def by_id_card(rig: Rig, person: Person) -> dict[str, object]:
    card: dict[str, Any] = {"mdtrt_cert_type": "02", "mdtrt_cert_no": person.id_no}
    return rig.request("2102", rig.purchase(person, token="-", **card))


def test_an_id_card_pays_with_the_voucher_password(rig: Rig) -> None:
    answer = waits(rig, by_id_card(rig, P1), P1.password)
    assert answer["infcode"] == 0, answer["err_msg"]
    assert len(rig.events("booked")) == 1
    assert rig.events("payment-confirmed")[0]["id_no"] == P1.id_no


@pytest.mark.parametrize(("typed", "code"), [("000000", "981020"), (None, "981021")])
def test_an_id_card_pays_nothing_without_the_right_password(rig: Rig, typed: str | None, code: str) -> None:
    unbooked(rig, waits(rig, by_id_card(rig, P1), typed), code, P1)


@pytest.mark.parametrize("person", [P5, P3_LAPSED], ids=["never-activated", "lapsed"])
def test_an_id_card_pays_nothing_without_an_activated_voucher(rig: Rig, person: Person) -> None:
    assert person.voucher is not VoucherState.ACTIVE
    unbooked(rig, rig.send(by_id_card(rig, person)), "981069", person)


def by_social_card(rig: Rig, person: Person, exp_content: str) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "mdtrt_cert_type": "03",
        "mdtrt_cert_no": person.card_no,
        "expContent": exp_content,
    }
    return rig.call("2102", rig.purchase(person, token="-", **shown))


def test_a_social_card_pays_with_its_own_password_and_needs_no_voucher(rig: Rig) -> None:
    assert by_social_card(rig, P5, pin(P5))["infcode"] == 0
    assert rig.events("payment-confirmed") == []
    assert len(rig.events("booked")) == 1


@pytest.mark.parametrize(
    ("exp_content", "code"),
    [
        (pin(P1, "000000"), "981020"),
        (pin(P1, P1.password), "981020"),
        (pin(P9), "981020"),
        (json.dumps({"card_pin_proof": 1}), "981020"),
        ("", "981070"),
        ("{}", "981070"),
        ("no JSON", "981070"),
        ("[" * 2000, "981070"),
    ],
)
def test_a_social_card_pays_nothing_without_its_password(rig: Rig, exp_content: str, code: str) -> None:
    answer = by_social_card(rig, P1, exp_content)
    unbooked(rig, answer, code, P1)
    assert ("社会保障卡" in answer["err_msg"]) is True


# --- visits and stays -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["01", "02", "03"])
def test_every_certificate_opens_and_settles_visits_and_stays(rig: Rig, kind: str) -> None:
    shown = certificate(rig, kind, P1, HOSPITAL.code)
    hospital = Hospital(rig)
    hospital.card = lambda person: {"psn_no": person.psn_no, "insutype": person.insutype, **shown}  # type: ignore[method-assign]  # this person's
    visit = hospital.visit(P1)
    settled = hospital.settle(P1, visit)
    assert settled["output"]["setlinfo"]["mdtrt_cert_type"] == kind
    stay = hospital.admit(P1)
    hospital.done("2301", {"feedetail": hospital.stay_rows(stay, hospital.lines)})
    assert hospital.discharge(P1, stay)["infcode"] == 0
    assert hospital.settle_stay(P1, stay, "295.00")["infcode"] == 0
    assert len(rig.events("booked")) == 2


@pytest.mark.parametrize(("typed", "code"), [("", 0), ("000000", "981020")])
def test_a_visit_by_social_card_wants_its_password(rig: Rig, typed: str, code: object) -> None:
    hospital = Hospital(rig)
    keys = hospital.visit(P1)
    data = hospital.settle_input(P1, keys)["data"] | certificate(rig, "03", P1, HOSPITAL.code)
    answer = rig.call("2207", {"data": {**data, "expContent": pin(P1, typed)}}, org=HOSPITAL.code)
    if code:
        unbooked(rig, answer, str(code), P1)
    else:
        assert answer["infcode"] == 0


def test_a_visit_by_id_card_wants_the_voucher_password(rig: Rig) -> None:
    hospital = Hospital(rig)
    data = hospital.settle_input(P1, hospital.visit(P1))
    unbooked(rig, waits(rig, rig.request("2207", data, org=HOSPITAL.code), "000000"), "981020", P1)


# --- a face ---------------------------------------------------------------------------------------------


def face_token(rig: Rig, person: Person) -> str:
    """A token by way of a face check at the pharmacy's terminal."""
    who = {"operatorId": "001", "operatorName": "收银员", "officeId": "Y01", "officeName": "药店"}

    def ask(name: str, **data: str) -> dict[str, Any]:
        common = {"orgId": PHARMACY.code, "businessType": "02121", **who, **data}
        body = {"orgId": PHARMACY.code, "transType": name, "data": common}
        answer = rig.centre_post("/localcfc/api/hsecfc/localQrCodeQuery", body)
        assert answer["code"] == 0, answer
        found: dict[str, Any] = answer["data"]
        return found

    auth = ask("cn.nhsa.ec.auth", outBizNo="B1")["authNo"]
    rig.centre_post("/terminal/present", {"orgId": PHARMACY.code, "kind": "face", "text": person.id_no})
    return str(ask("cn.nhsa.auth.check", authNo=auth, outBizNo="B1")["ecToken"])


def test_a_face_authorises_a_payment_as_a_scanned_code_and_its_password_do(rig: Rig) -> None:
    token = face_token(rig, P1)
    answer = rig.call("2102", rig.purchase(P1, token=token))
    assert answer["infcode"] == 0, answer["err_msg"]
    (told,) = rig.events("payment-confirmed")
    assert (told["id_no"], told["prompt"]) == (P1.id_no, "")
    assert rig.call("2102", rig.purchase(P9, token=token))["warn_msg"] == "981011", "it authorises nobody else"
    assert len(rig.events("booked")) == 1


def test_where_a_face_does_not_confirm_the_password_is_asked_for(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(centre=VoucherCentreSettings(face_confirms=False))
    rig.sign_in()
    body = rig.request("2102", rig.purchase(P1, token=face_token(rig, P1)))
    unbooked(rig, waits(rig, body, "000000"), "981020", P1)
