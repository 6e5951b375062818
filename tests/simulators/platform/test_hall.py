"""A hall's transactions: contributions proved with a value that can be checked, a tier changed once a year."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest

from fixtures.contributions import check_value, contribution_of, month_before, tiers
from fixtures.population import institutions, people
from harness.money import Fen
from tests.simulators.insurer_rig import PEOPLE, Rig, reset_rig, start_rig, stop_rig

HALL = institutions()[2].code
EMPLOYEE, RESIDENT = PEOPLE["P001"], PEOPLE["P004"]


@pytest.fixture(scope="module")
def shared_hall() -> Iterator[Rig]:
    rig = start_rig()
    yield rig
    stop_rig(rig)


@pytest.fixture
def rig(shared_hall: Rig) -> Rig:
    reset_rig(shared_hall).sign_in(HALL)
    return shared_hall


def ask(rig: Rig, infno: str, person: Any, *, msgid: str = "", token: str = "", **more: str) -> dict[str, Any]:
    """A transaction of the hall's terminal about a person, by token; signtype MOCK needs no password."""
    data = {
        "psn_no": person.psn_no,
        "mdtrt_cert_type": "01",
        "mdtrt_cert_no": token or rig.token(person, HALL),
        "insutype": person.insutype,
        **more,
    }
    return rig.call(infno, {"data": data}, msgid=msgid, org=HALL, signtype="MOCK")


def test_a_proof_can_be_checked_by_whoever_holds_it(rig: Rig) -> None:
    proof = ask(rig, "9801", EMPLOYEE)["output"]["proof"]
    assert (proof["from_month"], proof["to_month"], proof["months"]) == ("2010-01", "2020-09", "129")
    asked = {"proof_no": proof["proof_no"], "check_value": proof["check_value"]}
    genuine = rig.call("9803", {"data": asked}, org=HALL)["output"]["proof"]
    assert (genuine["genuine"], genuine["months"]) == ("1", "129")
    assert "psn_no" not in genuine
    for wrong in ({"check_value": "0" * 16}, {"proof_no": "ZM0"}):
        answer = rig.call("9803", {"data": {**asked, **wrong}}, org=HALL)["output"]["proof"]
        assert answer == {"genuine": "0"}


def test_two_proofs_differ(rig: Rig) -> None:
    first, second = (ask(rig, "9801", EMPLOYEE)["output"]["proof"] for _ in range(2))
    assert first["proof_no"] != second["proof_no"]
    assert first["check_value"] != second["check_value"]
    assert len(rig.events("proof-issued")) == 2


def test_another_persons_token_proves_nothing(rig: Rig) -> None:
    answer = ask(rig, "9801", EMPLOYEE, token=rig.token(RESIDENT, HALL))
    assert answer["infcode"] != 0
    assert rig.events("proof-issued") == []


def test_a_resident_changes_the_tier_once_a_year(rig: Rig) -> None:
    change = ask(rig, "9802", RESIDENT, tier="2")["output"]["change"]
    assert (change["from_tier"], change["to_tier"], change["year"]) == ("1", "2", "2020")
    refused = ask(rig, "9802", RESIDENT, tier="3")
    assert (refused["warn_msg"], "2020" in refused["err_msg"]) == ("981083", True)
    assert len(rig.events("tier-changed")) == 1
    rig.clock.step(seconds=366 * 86_400)
    rig.sign_in(HALL)
    assert ask(rig, "9802", RESIDENT, tier="3")["output"]["change"]["from_tier"] == "2"


@pytest.mark.parametrize(
    ("person", "tier", "code"), [("P001", "2", "981080"), ("P004", "9", "981081"), ("P004", "1", "981082")]
)
def test_what_cannot_be_changed_is_refused(rig: Rig, person: str, tier: str, code: str) -> None:
    assert ask(rig, "9802", PEOPLE[person], tier=tier)["warn_msg"] == code
    assert rig.events("tier-changed") == []
    assert rig.phone.prompts == [], "nobody is asked for a password in vain"


def test_the_same_message_again_changes_nothing_twice(rig: Rig) -> None:
    token, msgid = rig.token(RESIDENT, HALL), rig.msgid(HALL)
    first = ask(rig, "9802", RESIDENT, tier="2", token=token, msgid=msgid)
    second = ask(rig, "9802", RESIDENT, tier="2", token=token, msgid=msgid)
    assert second["output"] == first["output"]
    assert len(rig.events("tier-changed")) == 1
    assert len(rig.events("replayed")) == 1


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (lambda rig: rig.answer_prompt(RESIDENT.password), 0),
        (lambda rig: rig.answer_prompt("000000"), "981020"),
        (lambda rig: rig.answer_prompt(None), "981021"),
    ],
    ids=["right", "wrong", "declined"],
)
def test_the_person_confirms_what_the_tier_costs(rig: Rig, answer: Callable[[Rig], object], code: object) -> None:
    data = {
        "psn_no": RESIDENT.psn_no,
        "mdtrt_cert_type": "01",
        "mdtrt_cert_no": rig.token(RESIDENT, HALL),
        "insutype": RESIDENT.insutype,
        "tier": "3",
    }
    with ThreadPoolExecutor() as pool:
        changing = pool.submit(rig.call, "9802", {"data": data}, org=HALL)
        rig.wait_for("prompt-shown")
        (prompt,) = rig.phone.prompts
        assert (prompt["amount"], prompt["accountAmount"]) == ("800.00", "0.00")
        assert "三档" in prompt["institutionName"]
        answer(rig)
        answered = changing.result()
    assert (answered["infcode"] if code == 0 else answered["warn_msg"]) == code
    assert len(rig.events("tier-changed")) == (1 if code == 0 else 0)


def test_contributions_are_counted_by_month(rig: Rig) -> None:
    del rig
    gapped = contribution_of(PEOPLE["P002"])
    assert (gapped.since, gapped.months_until("2016-07"), gapped.months_until("2019-04")) == ("2016-07", 1, 32)
    assert gapped.months_until("2010-01") == 0
    assert [tier.year for tier in tiers().values()] == [Fen(38000), Fen(58000), Fen(80000)]
    assert all(contribution_of(person).tier in tiers() for person in people())


def test_the_month_before_and_the_check_value() -> None:
    assert (month_before(date(2020, 10, 14)), month_before(date(2021, 1, 1))) == ("2020-09", "2020-12")
    fields = {"number": "ZM1", "psn_no": "1", "insutype": "310", "since": "2010-01", "until": "2020-09"}
    value = check_value(**fields, months=129)
    assert len(value) == 16
    assert value != check_value(**fields, months=130)
