"""Tokens: bound to person and institution, alive for half an hour of bench time."""

from harness.wire import voucher_messages as messages
from tests.simulators.insurer_rig import OTHER_PHARMACY, PEOPLE, PHARMACY, Rig

P1, P9 = PEOPLE["P001"], PEOPLE["P009"]


def flag(rig: Rig, token: str, *, person: str = "P001", **more: str) -> str:
    someone = PEOPLE[person]
    request = {"ecToken": token, "idType": "01", "idNo": someone.id_no, "userName": someone.name, **more}
    answer = rig.centre_post(messages.TOKEN_CHECK_PATH, request)
    assert answer["code"] == 0
    return str(answer["data"]["flag"])


def test_a_token_is_its_persons(rig: Rig) -> None:
    token = rig.token(P1)
    assert flag(rig, token) == "1"
    assert flag(rig, token, person="P009") == "0"
    assert flag(rig, token, userName=P9.name) == "0"
    assert flag(rig, token[:-1] + ("a" if token[-1] != "a" else "b")) == "0"


def test_a_token_is_its_institutions(rig: Rig) -> None:
    token = rig.token(P1)
    assert flag(rig, token, orgId=PHARMACY.code) == "1"
    assert flag(rig, token, orgId=OTHER_PHARMACY.code) == "0"


def test_a_token_lives_half_an_hour(rig: Rig) -> None:
    token = rig.token(P1)
    rig.clock.step(seconds=1799)
    assert flag(rig, token) == "1"
    rig.clock.step(seconds=1)
    assert flag(rig, token) == "0"


def test_a_clock_that_is_set_back_prolongs_no_token(rig: Rig) -> None:
    token = rig.token(P1)
    rig.clock.step(seconds=-3600)
    assert flag(rig, token) == "1"
    rig.clock.step(seconds=1799)
    assert flag(rig, token) == "1"
    rig.clock.step(seconds=1)
    assert flag(rig, token) == "0"


def test_the_name_comes_back_and_the_id_number_only_to_who_does_not_say_it(rig: Rig) -> None:
    token = rig.token(P1)
    with_id = rig.centre_post(messages.TOKEN_CHECK_PATH, {"ecToken": token, "idNo": P1.id_no})["data"]
    assert with_id == {"flag": "1", "userName": P1.name}
    without = rig.centre_post(messages.TOKEN_CHECK_PATH, {"ecToken": token})["data"]
    assert without["idNo"] == P1.id_no


def test_a_check_without_a_token_is_no_check(rig: Rig) -> None:
    assert rig.centre_post(messages.TOKEN_CHECK_PATH, {"idNo": P1.id_no})["code"] == 980005
