"""Refunds (6203): whole, insurance alone, own part in pieces; repeated, unknown, refused; money comes back once."""

from collections.abc import Callable

import pytest

from simulators.mobile_payment.services import OrdStas
from tests.simulators.mobile_payment.mobile_payment_rig import PEOPLE, MobileRig

P1, P2, P4 = PEOPLE["P001"], PEOPLE["P002"], PEOPLE["P004"]
WHOLE = {"fund": "16.04", "account": "5.00", "own": "23.94", "who": "P002"}


def test_a_whole_refund_gives_everything_back(mobile: MobileRig) -> None:
    order = mobile.paid(P2)
    answer = mobile.refund(order, "ALL", "R1", **WHOLE)
    assert answer["data"]["refStatus"] == "SUCC"
    assert mobile.status(order) == OrdStas.REFUNDED
    assert mobile.balance(P2) == 500
    (event,) = mobile.events("refunded")
    assert (event["total_fen"], event["account_fen"], event["serial"], event["type"]) == (4498, 500, "R1", "ALL")
    assert mobile.pay(mobile.uploaded(P2, chrgBchno=order["chrgBchno"], iptOtpNo=order["iptOtpNo"]))["code"] == 0


def test_the_own_part_goes_back_in_pieces_and_the_insurance_whole(mobile: MobileRig) -> None:
    order = mobile.paid(P2)
    steps = [
        ("CASH", {"own": "10.00"}, OrdStas.OWN_PARTLY_REFUNDED),
        ("HI", {"fund": "16.04", "account": "5.00"}, OrdStas.INSURANCE_AND_PART_REFUNDED),
        ("CASH", {"own": "13.94"}, OrdStas.REFUNDED),
    ]
    for number, (kind, amounts, status) in enumerate(steps):
        assert mobile.refund(order, kind, f"R{number}", who="P002", **amounts)["data"]["refStatus"] == "SUCC"
        assert mobile.status(order) == status
    assert mobile.refund(order, "CASH", "R9", own="0.01", who="P002")["code"] == 982012
    assert mobile.balance(P2) == 500


def test_a_whole_refund_is_none_after_a_part(mobile: MobileRig) -> None:
    order = mobile.paid(P2)
    mobile.refund(order, "CASH", "R1", own="10.00", who="P002")
    assert mobile.refund(order, "ALL", "R2", **WHOLE)["code"] == 982015
    rest = {**WHOLE, "own": "13.94"}
    assert mobile.refund(order, "ALL", "R3", **rest)["code"] == 982015, "ALL must equal the original parts"
    assert mobile.balance(P2) == 0


@pytest.mark.parametrize(
    ("kind", "amounts", "status"),
    [
        ("HI", {"fund": "16.04", "account": "5.00"}, OrdStas.INSURANCE_REFUNDED),
        ("CASH", {"own": "23.94"}, OrdStas.OWN_REFUNDED),
    ],
)
def test_one_leg_can_go_back_alone(mobile: MobileRig, kind: str, amounts: dict[str, str], status: OrdStas) -> None:
    order = mobile.paid(P2)
    mobile.refund(order, kind, "R1", who="P002", **amounts)
    assert mobile.status(order) == status
    again = mobile.refund(order, kind, "R2", who="P002", **amounts)
    assert again["code"] == 982015, "what is back cannot go back again"


@pytest.mark.parametrize(
    ("kind", "amounts", "code"),
    [
        ("ALL", {**WHOLE, "own": "23.93"}, 982015),
        ("ALL", {**WHOLE, "total": "44.97"}, 982014),
        ("HI", {"fund": "16.04"}, 982015),
        ("HI", {"fund": "16.04", "account": "5.00", "own": "1.00"}, 982015),
        ("CASH", {"own": "23.95"}, 982015),
        ("CASH", {"own": "1.00", "account": "1.00"}, 982015),
        ("CASH", {"own": "-1.00"}, 982015),
        ("CASH", {}, 982015),
        ("PART", {"own": "1.00"}, 982001),
        ("CASH", {"own": "1.00", "who": "P001"}, 982002),
        ("CASH", {"own": "1.00", "auth": "AUTH0"}, 982005),
    ],
)
def test_a_wrong_refund_gives_nothing_back(mobile: MobileRig, kind: str, amounts: dict[str, str], code: int) -> None:
    order = mobile.paid(P2)
    assert mobile.refund(order, kind, "R1", **{"who": "P002", **amounts})["code"] == code
    assert mobile.status(order) == OrdStas.SETTLED
    assert mobile.balance(P2) == 0
    assert mobile.events("refunded") == []


def test_a_repeated_refund_gets_its_first_answer_and_pays_once(mobile: MobileRig) -> None:
    order = mobile.paid(P2)
    answers = [mobile.refund(order, "CASH", "R1", own="10.00", who="P002")["data"] for _ in range(2)]
    assert answers[0] == answers[1]
    assert [event["own_fen"] for event in mobile.events("refunded")] == [1000]
    assert mobile.refund(order, "CASH", "R1", own="11.00", who="P002")["code"] == 982016


def test_an_authorisation_number_serves_one_refund(mobile: MobileRig) -> None:
    order = mobile.paid(P2)
    number = mobile.auth_no(P2)
    assert mobile.refund(order, "CASH", "R1", own="1.00", auth=number)["code"] == 0
    assert mobile.refund(order, "CASH", "R2", own="1.00", auth=number)["code"] == 982005
    assert mobile.refund(order, "CASH", "R3", own="1.00", auth=order["payAuthNo"])["code"] == 982005


def test_what_is_not_paid_is_not_refunded(mobile: MobileRig) -> None:
    order = mobile.uploaded(P2)
    assert mobile.refund(order, "CASH", "R1", own="1.00", who="P002")["code"] == 982012
    mobile.pay(order)
    assert mobile.refund(order, "CASH", "R1", own="1.00", who="P002")["code"] == 982012


@pytest.mark.parametrize(
    ("happened", "status", "balance"), [(True, OrdStas.REFUNDED, 500), (False, OrdStas.SETTLED, 0)]
)
def test_an_unknown_refund_moves_nothing_until_a_person_decides(
    make_mobile: Callable[..., MobileRig], happened: bool, status: OrdStas, balance: int
) -> None:
    mobile = make_mobile(refund_outcome="exp")
    order = mobile.paid(P2)
    assert mobile.refund(order, "ALL", "R1", **WHOLE)["data"]["refStatus"] == "EXP"
    assert mobile.status(order) == OrdStas.REFUNDING
    assert mobile.refund(order, "CASH", "R2", own="1.00", who="P002")["code"] == 982012
    assert mobile.balance(P2) == 0
    decision = {"payOrdId": order["payOrdId"], "appRefdSn": "R1", "happened": happened}
    assert mobile.plain("/pay/refund-decision", decision)["code"] == 0
    assert (mobile.status(order), mobile.balance(P2)) == (status, balance)
    assert mobile.plain("/pay/refund-decision", decision)["code"] == 982012


def test_a_failed_refund_moves_nothing(make_mobile: Callable[..., MobileRig]) -> None:
    mobile = make_mobile(refund_outcome="fail")
    order = mobile.paid(P2)
    assert mobile.refund(order, "ALL", "R1", **WHOLE)["data"]["refStatus"] == "FAIL"
    assert (mobile.status(order), mobile.balance(P2)) == (OrdStas.SETTLED, 0)
    assert len(mobile.events("refund-failed")) == 1
