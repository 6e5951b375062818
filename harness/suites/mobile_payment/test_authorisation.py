"""Authorisation: one payAuthNo or one ecToken, of this person, this application, this institution, alive, once."""

import pytest

from harness.scenarios.mobile_orders import POOR, paid, placed, query, refund, standing, upload_of, uploaded
from harness.scenarios.mobile_stage import MobileStage
from harness.wire.mobile_payment import Standing
from harness.wire.mobile_payment.answers import PAY, REFUND, UPLOAD

SAFE = ["QH-FUND-SAFETY"]
OTHER = "P001"


@pytest.mark.case("mobile-payment/auth-exactly-one", title="One authorisation 授权须且仅须一个", requirements=SAFE)
@pytest.mark.parametrize("given", ["neither", "both"])
@pytest.mark.parametrize("service", [UPLOAD, REFUND])
def test_auth_exactly_one(stage: MobileStage, service: str, given: str) -> None:
    """Neither ecToken nor payAuthNo, or both: refused; with one of them the same message is done."""
    person = stage.person(POOR)
    number = stage.auth_no(person)
    wrong = {"ecToken": "", "payAuthNo": ""} if given == "neither" else {"ecToken": "0" * 38, "payAuthNo": number}
    if service == UPLOAD:
        data = upload_of(stage, person, fields=wrong)
        stage.ask_malformed(UPLOAD, data, "", "auth-missing")
        stage.ask(UPLOAD, {**data, "ecToken": "", "payAuthNo": number})
        return
    order = paid(stage)
    stage.tape.event("case", "malformed", service=REFUND, field="")
    refund(stage, order, "ALL", "auth-missing", fields=wrong)
    refund(stage, order, "ALL", payAuthNo=number)


@pytest.mark.case("mobile-payment/auth-of-another", title="Another's authorisation 他人授权", requirements=SAFE)
@pytest.mark.parametrize("whose", ["person", "application"])
@pytest.mark.parametrize("service", [UPLOAD, PAY, REFUND])
def test_auth_of_another(stage: MobileStage, service: str, whose: str) -> None:
    """A number of another person is refused, one of another application with 114."""
    person = stage.person(POOR)
    if whose == "person":
        number, why = stage.auth_no(stage.person(OTHER)), "person-mismatch"
    else:
        number, why = stage.auth_no(person, app_id="A" * 32), "app-mismatch"
    match service:
        case name if name == UPLOAD:
            data = upload_of(stage, person, payAuthNo=number)
            stage.ask(UPLOAD, data, why)
        case name if name == PAY:
            order = uploaded(stage)
            stage.ask(PAY, {**order.payment, "payAuthNo": number}, why)
            placed(stage, order)
        case _:
            order = paid(stage)
            refund(stage, order, "ALL", why, payAuthNo=number)
            assert standing(stage, order) is Standing.PAID


@pytest.mark.case("mobile-payment/auth-unknown", title="A number nobody was given 未知授权码", requirements=SAFE)
def test_auth_unknown(stage: MobileStage) -> None:
    """A made-up payAuthNo authorises nothing."""
    number = stage.auth_no(stage.person(POOR))
    made_up = number[:-1] + ("0" if number[-1] != "0" else "1")
    stage.ask(UPLOAD, upload_of(stage, stage.person(POOR), payAuthNo=made_up), "pay-auth-invalid")


@pytest.mark.case("mobile-payment/auth-twice", title="A number twice 授权码重复使用", requirements=SAFE)
@pytest.mark.parametrize("then", [UPLOAD, PAY, REFUND])
def test_auth_twice(stage: MobileStage, then: str) -> None:
    """What has served an order serves no other, and no refund; its own 6202 may show it again."""
    person = stage.person(POOR)
    number = stage.auth_no(person)
    order = uploaded(stage, POOR, payAuthNo=number)
    match then:
        case name if name == UPLOAD:
            stage.ask(UPLOAD, upload_of(stage, person, payAuthNo=number), "pay-auth-invalid")
        case name if name == PAY:
            other = uploaded(stage)
            stage.ask(PAY, {**other.payment, "payAuthNo": number}, "pay-auth-invalid")
        case _:
            order = placed(stage, order)
            stage.own_pay(order.pay_ord_id)
            refund(stage, order, "ALL", "pay-auth-invalid", payAuthNo=number)
            assert standing(stage, order) is Standing.PAID
            return
    placed(stage, order)


@pytest.mark.case("mobile-payment/auth-of-a-refund", title="A refund's number twice 退费授权码复用", requirements=SAFE)
def test_auth_of_a_refund(stage: MobileStage) -> None:
    """One refund a number; the same refund may show it again."""
    order = paid(stage)
    number, serial = stage.auth_no(order.person), stage.number("R")
    refund(stage, order, "CASH", serial=serial, payAuthNo=number)
    refund(stage, order, "CASH", serial=serial, payAuthNo=number)
    refund(stage, order, "HI", "pay-auth-invalid", payAuthNo=number)
    assert query(stage, order).told["ordStas"] == "9"


@pytest.mark.case("mobile-payment/auth-expired", title="A number past its time 授权码过期", requirements=SAFE)
@pytest.mark.parametrize("service", [UPLOAD, REFUND])
def test_auth_expired(stage: MobileStage, service: str) -> None:
    """Dead at the end of its life, and not a second before."""
    person, life_s = stage.person(POOR), stage.terms.pay_auth_s
    late, dead = stage.auth_no(person), stage.auth_no(person)
    if service == UPLOAD:
        stage.step_clock(life_s - 1)
        uploaded(stage, POOR, payAuthNo=late)
        stage.step_clock(1)
        stage.ask(UPLOAD, upload_of(stage, person, payAuthNo=dead), "pay-auth-invalid")
        uploaded(stage)
        return
    order = paid(stage)
    stage.step_clock(life_s - 1)
    refund(stage, order, "CASH", payAuthNo=late)
    stage.step_clock(1)
    refund(stage, order, "HI", "pay-auth-invalid", payAuthNo=dead)
    refund(stage, order, "HI")


@pytest.mark.case("mobile-payment/token-of-another", title="Another's ecToken 他人令牌", requirements=SAFE)
@pytest.mark.parametrize("whose", ["person", "institution", "nobody"])
def test_token_of_another(stage: MobileStage, whose: str) -> None:
    """The voucher centre confirms a token only for its person and its institution."""
    person = stage.person(POOR)
    token = {
        "person": lambda: stage.token(stage.person(OTHER)),
        "institution": lambda: stage.token(person, institution=stage.table.other_institution),
        "nobody": lambda: person.insured_place + "ec" + "0" * 30,
    }[whose]()
    stage.ask(UPLOAD, upload_of(stage, person, ecToken=token), "token-invalid")
    uploaded(stage, POOR, ecToken=stage.token(person))


@pytest.mark.case("mobile-payment/auth-numbers-differ", title="Every number is new 授权码不重复", requirements=SAFE)
def test_auth_numbers_differ(stage: MobileStage) -> None:
    """Two numbers of one person at one moment are two."""
    person = stage.person(POOR)
    assert len({stage.auth_no(person) for _ in range(3)}) == 3
