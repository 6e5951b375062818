"""Faults that the platform sees to itself: too busy, and another split than it pre-settled."""

import httpx
import pytest

from tests.simulators.hospital_rig import HOSPITAL, Hospital, scope_of
from tests.simulators.insurer_rig import PEOPLE, Rig, reset_rig

P1, P2, P4 = (PEOPLE[name] for name in ("P001", "P002", "P004"))


@pytest.fixture
def rig(shared_rig: Rig) -> Rig:
    reset_rig(shared_rig).sign_in()
    return shared_rig


def plan(rig: Rig, message: str, effect: str, **detail: int) -> None:
    fault = {"message": message, "effect": effect, "detail": detail}
    httpx.post(f"{rig.back_doors['platform']}/fault", json=fault, trust_env=False).raise_for_status()


def test_too_busy_once_and_nothing_is_booked(rig: Rig) -> None:
    plan(rig, "2102", "refuse")
    answer = rig.settle(P1)
    assert answer["infcode"] == -1
    assert "系统繁忙" in answer["err_msg"]
    assert rig.events("booked") == []
    assert rig.settle(P1)["infcode"] == 0


def test_too_busy_to_reverse_until_the_fault_is_cleared(rig: Rig) -> None:
    rig.settle(P1)
    (booked,) = rig.events("booked")
    plan(rig, "2601", "refuse", lasting=1)
    data = {"data": {"psn_no": P1.psn_no, "omsgid": booked["msgid"], "oinfno": "2102"}}
    assert [rig.call("2601", data)["infcode"] for _ in range(4)] == [-1] * 4
    assert rig.balance(P1) != P1.balance_fen
    httpx.delete(f"{rig.back_doors['platform']}/fault", trust_env=False).raise_for_status()
    assert rig.call("2601", data)["infcode"] == 0
    assert rig.balance(P1) == P1.balance_fen


def test_a_yuan_less_from_the_account_than_was_pre_settled(rig: Rig) -> None:
    token = rig.token(P1)
    before = rig.call("2101", rig.purchase(P1, token=token))["output"]["setlinfo"]
    plan(rig, "2102", "another-split")
    after = rig.settle(P1, token=token)["output"]["setlinfo"]
    assert (before["acct_pay"], before["psn_cash_pay"]) == ("31.61", "0.00")
    assert (after["acct_pay"], after["psn_cash_pay"], after["fund_pay_sumamt"]) == ("30.61", "1.00", "13.37")
    assert rig.balance(P1) == P1.balance_fen - 3061
    assert (rig.events("booked")[0]["account_fen"], rig.events("booked")[0]["cash_fen"]) == (3061, 100)
    assert rig.settle(P2)["output"]["setlinfo"]["acct_pay"] == "5.00", "the next one is as reckoned"


def test_a_visit_too_is_settled_otherwise_than_it_was_pre_settled(rig: Rig) -> None:
    rig.sign_in(HOSPITAL.code)
    hospital = Hospital(rig)
    keys = hospital.visit(P1)
    before = hospital.done("2206", hospital.bill(P1, keys))
    plan(rig, "2207", "another-split")
    after = hospital.done("2207", {"data": {**hospital.bill(P1, keys)["data"], **scope_of(before)}})
    assert before["output"]["setlinfo"]["acct_pay"] == "185.00"
    told = after["output"]["setlinfo"]
    assert (told["fund_pay_sumamt"], told["acct_pay"], told["psn_cash_pay"]) == ("110.00", "184.00", "1.00")
    assert rig.balance(P1) == P1.balance_fen - 18_400


def test_who_has_nothing_in_the_account_is_settled_as_reckoned(rig: Rig) -> None:
    plan(rig, "2102", "another-split")
    assert rig.settle(P4)["output"]["setlinfo"]["psn_cash_pay"] == "39.96"


def test_a_clock_that_is_ahead_refuses_once_and_nothing_is_booked(rig: Rig) -> None:
    plan(rig, "2102", "clock-skew")
    body = rig.request("2102", rig.purchase(P1), signtype="MOCK")
    answer = rig.send(body)
    assert (answer["infcode"], answer["warn_msg"]) == (-1, "981087")
    assert "2020-10-14 08:30:00与中心时间2020-10-14 08:40:00" in answer["err_msg"]
    assert rig.events("booked") == []
    assert rig.send(body)["infcode"] == 0, "with the right time the msgid is taken"
    plan(rig, "2102", "clock-skew")
    assert rig.send(body)["infcode"] == 0, "what has its answer gets it"
    assert len(rig.events("booked")) == 1
