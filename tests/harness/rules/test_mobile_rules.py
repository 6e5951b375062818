"""Every rule about a mobile-payment centre is shown to fail, and none objects to one that does everything right."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from harness.judge.history import CASE
from harness.judge.plan import load_plan
from harness.rules.registry import all_rules
from harness.wire.mobile_payment import encode
from harness.wire.mobile_payment.answers import QUERY, UPLOAD
from tests.harness.rules.mobile_tape import (
    ID_NO,
    ORDER,
    OTHER_AUTH,
    OTHER_ID,
    OTHER_ORDER,
    OTHER_TOKEN,
    PRE_SETTLED,
    SPLIT,
    TOKEN,
    MobileTape,
    about,
    begun,
    good_story,
    paid,
)

RULES = sorted(name for name in load_plan("mobile-payment").rules if name.startswith("mobile-"))
Does = Callable[[MobileTape], object]
CASH = {"fundRefdAmt": "0.00", "psnAcctRefdAmt": "0.00"}


@dataclass(frozen=True)
class Broken:
    """What a centre does wrong, and what the rule must say of it."""

    rule: str
    what: str
    does: Does
    seen: str
    terms: Mapping[str, object] = field(default_factory=dict)


def _then(*steps: Does) -> Does:
    def does(tape: MobileTape) -> None:
        for step in steps:
            step(tape)

    return does


def _expected(*codes: int, any_refusal: bool = False) -> Does:
    return lambda tape: tape.event(
        CASE, "expect-answer", codes=[*codes], reasons=["order-unknown"], any_refusal=any_refusal
    )


def _malformed(field: str = "") -> Does:
    return lambda tape: tape.event(CASE, "malformed", service=QUERY, field=field)


def _listens(tape: MobileTape) -> None:
    tape.event(CASE, "hospital-listens")


def _unanswered(tape: MobileTape) -> None:
    tape.ask(QUERY, about(ORDER, TOKEN))


def _raw(body: bytes, status: str = "200 OK") -> Does:
    def does(tape: MobileTape) -> None:
        _unanswered(tape)
        tape.answer(body, status=status)

    return does


def _sealed_at(seconds: int) -> Does:
    def does(tape: MobileTape) -> None:
        _unanswered(tape)
        tape.wait(seconds)
        envelope = tape.reply({"ordStas": "0"})
        tape.wait(-seconds)
        tape.answer(encode(envelope))

    return does


def _told_of(state: str, **how: Any) -> Does:
    return lambda tape: tape.query(state, **how)


def _refused(**how: Any) -> Does:
    return lambda tape: tape.talk(QUERY, about(ORDER, TOKEN), **{"why": "order-unknown", **how})


def _another(tape: MobileTape, **other: Any) -> None:
    """Another order of the same charge batch is uploaded and placed."""
    tape.authorise(OTHER_AUTH)
    tape.upload(order=OTHER_ORDER, token=OTHER_TOKEN, medOrgOrd="MO2", payAuthNo=OTHER_AUTH, **other)
    tape.pay(order=OTHER_ORDER, token=OTHER_TOKEN)


def _placed(**how: Any) -> Does:
    def does(tape: MobileTape) -> None:
        tape.authorise()
        tape.upload(**{name: how.pop(name) for name in ("acctUsedFlag",) if name in how})
        tape.pay(**how)

    return does


def _auth_again(tape: MobileTape) -> None:
    tape.authorise()
    tape.upload()
    tape.upload(order=OTHER_ORDER, token=OTHER_TOKEN, medOrgOrd="MO2")


def _auth_used(seconds: int, **how: Any) -> Does:
    def does(tape: MobileTape) -> None:
        tape.authorise(**{name: how.pop(name) for name in ("id_no", "app_id") if name in how})
        tape.wait(seconds)
        tape.upload(**how)

    return does


def _wait(seconds: int) -> Does:
    return lambda tape: tape.wait(seconds)


def _failed(state: str, *, stays: bool = False) -> Does:
    """The own part is paid, and the answer says what became of the order."""
    return lambda tape: tape.own_pay(state=state, **({"reversal": "FAIL"} if stays else {}))


WAITS = {"hospital_settles": True, "settles_after_s": 5}
"""Of a centre whose orders wait for the hospital."""
BROKEN = (
    Broken("mobile-answers-every-call", "silence", _unanswered, "none"),
    Broken("mobile-answers-every-call", "a gateway", _raw(b"<html>", "502 Bad Gateway"), "HTTP 502"),
    Broken("mobile-answers-every-call", "no JSON", _raw(b"ok"), "no JSON"),
    Broken("mobile-answers-as-expected", "success", _then(_told_of("0"), _expected(982011)), r"0 \(ok\)"),
    Broken("mobile-answers-as-expected", "not refused", _then(_told_of("0"), _expected(1, any_refusal=True)), "0"),
    Broken("mobile-answers-as-expected", "another", _then(_refused(why="state"), _expected(982011)), "982012"),
    Broken("mobile-answers-sealed", "no signature", _refused(why="ok", signData=""), "signature-missing"),
    Broken("mobile-answers-sealed", "yesterday", _sealed_at(-86400), "timestamp-away"),
    Broken("mobile-answers-sealed", "another application", _refused(appId="X" * 32), "app-id"),
    Broken(
        "mobile-answers-in-form", "success", _then(_raw(b'{"code":1,"success":true,"message":"x"}')), "success True"
    ),
    Broken("mobile-answers-in-form", "no words", _raw(b'{"code":982011,"message":""}'), "no message"),
    Broken("mobile-answers-in-form", "a text", _raw(b'{"code":"982011","message":"x"}'), "no integer"),
    Broken("mobile-answers-in-form", "plain data", _raw(b'{"code":1,"message":"x","data":{"a":1}}'), "plain"),
    Broken("mobile-answers-in-form", "no state", _told_of(""), "no ordStas"),
    Broken("mobile-answers-in-form", "a strange state", _told_of("99"), "ordStas 99"),
    Broken("mobile-answers-in-form", "no amount", _told_of("2", feeSumamt="44.9812"), "no amount"),
    Broken("mobile-codes-known", "a code of its own", _raw(b'{"code":999,"message":"x"}'), "999"),
    Broken("mobile-codes-known", "other words", _refused(message="不行"), "other words"),
    Broken("mobile-refuses-malformed", "taken", _then(_malformed(), _told_of("0")), "success"),
    Broken("mobile-names-the-field", "unnamed", _then(_malformed("idType"), _refused(why="field-problems")), "another"),
    Broken("mobile-refusal-gives-nothing", "told", _refused(data={"ordStas": "6"}), "ordStas in data"),
    Broken("mobile-numbers-in-form", "too short", lambda tape: tape.upload(order=ORDER[:-1]), "29"),
    Broken("mobile-numbers-in-form", "an authorisation", lambda tape: tape.authorise("AUTH1"), "5"),
    Broken(
        "mobile-numbers-never-repeat",
        "a token",
        _then(paid, lambda t: t.upload(order=OTHER_ORDER, medOrgOrd="MO2")),
        "before",
    ),
    Broken(
        "mobile-numbers-never-repeat", "an authorisation", _then(MobileTape.authorise, MobileTape.authorise), "before"
    ),
    Broken("mobile-state-is-true", "paid when placed", _then(_placed(), _told_of("6")), "ordStas 6"),
    Broken("mobile-state-is-true", "paid when saved", _then(MobileTape.upload, _told_of("6")), "ordStas 6"),
    Broken("mobile-state-is-true", "unpaid when paid", _then(paid, _told_of("2")), "ordStas 2"),
    Broken("mobile-state-is-true", "placed as paid", _placed(ordStas="6"), "ordStas 6"),
    Broken(
        "mobile-state-is-true", "still there", _then(MobileTape.upload, MobileTape.revoke, _told_of("0")), "ordStas 0"
    ),
    Broken("mobile-state-is-true", "own part paid when placed", _then(_placed(), _told_of("3")), "ordStas 3"),
    Broken(
        "mobile-state-is-true", "the own part is said back", _then(_placed(), _failed("15", stays=True)), "ordStas 15"
    ),
    Broken("mobile-state-is-true", "the own part is said kept", _then(_placed(), _failed("16")), "ordStas 16"),
    Broken(
        "mobile-state-is-true",
        "said back later",
        _then(_placed(), _failed("16", stays=True), _told_of("15")),
        "16 / ordStas 15",
    ),
    Broken(
        "mobile-state-is-true",
        "revoked though the own part is paid",
        _then(_placed(), _failed("3"), _told_of("3"), _told_of("12")),
        "ordStas 12",
    ),
    Broken("mobile-refund-state", "unseen", _then(paid, MobileTape.refund, _told_of("6")), "ordStas 6"),
    Broken(
        "mobile-refund-state",
        "all for a part",
        _then(paid, lambda t: t.refund("CASH", totlRefdAmt="1.00", cashRefdAmt="1.00", **CASH), _told_of("7")),
        "ordStas 7",
    ),
    Broken("mobile-unpaid-ends", "for ever", _then(_placed(), _wait(1800), _told_of("2")), "ordStas 2"),
    Broken("mobile-unpaid-ends", "paid too late", _then(_placed(), _wait(1800), MobileTape.own_pay), "paid"),
    Broken("mobile-state-leads-on", "back", _then(paid, _told_of("6"), _told_of("2")), "ordStas|2"),
    Broken(
        "mobile-state-leads-on",
        "after the end",
        _then(MobileTape.upload, MobileTape.revoke, _told_of("12"), _told_of("6")),
        "6",
    ),
    Broken(
        "mobile-state-leads-on", "own part forgotten", _then(_placed(), _failed("3"), _told_of("2")), "3 leads to / 2"
    ),
    Broken("mobile-hospital-settles", "unheard", _then(paid, _told_of("6")), "not taken", WAITS),
    Broken(
        "mobile-hospital-settles",
        "refused",
        _then(paid, lambda t: t.notice(taken=False), _told_of("5")),
        "not taken",
        WAITS,
    ),
    Broken("mobile-hospital-settles", "at once", _then(paid, MobileTape.notice, _told_of("6")), "not before", WAITS),
    Broken(
        "mobile-hospital-settles", "never", _then(paid, MobileTape.notice, _wait(7), _told_of("5")), "has taken", WAITS
    ),
    Broken("mobile-one-charge-a-batch", "twice", _then(paid, _another), "success"),
    Broken(
        "mobile-same-answer-again",
        "another order",
        _then(MobileTape.upload, lambda t: t.upload(token=OTHER_TOKEN)),
        "another",
    ),
    Broken(
        "mobile-same-answer-again",
        "failed then",
        _then(paid, MobileTape.refund, lambda t: t.refund(status="FAIL")),
        "FAIL",
    ),
    Broken(
        "mobile-other-content-refused", "an upload", _then(MobileTape.upload, lambda t: t.upload(drName="x")), "success"
    ),
    Broken("mobile-other-content-refused", "a payment", _then(_placed(), lambda t: t.pay(biz="BIZ2")), "success"),
    Broken("mobile-revokes-only-unpaid", "a paid one", _then(paid, MobileTape.revoke), "success"),
    Broken(
        "mobile-order-is-its-owners",
        "a token",
        _then(MobileTape.upload, _told_of("0", asked={"payToken": "x"})),
        "payToken",
    ),
    Broken(
        "mobile-order-is-its-owners", "a person", _then(MobileTape.upload, _told_of("0", asked={"idNo": "x"})), "idNo"
    ),
    Broken("mobile-order-is-its-owners", "an institution", _placed(asked={"orgCodg": "P1"}), "orgCodg"),
    Broken("mobile-split-adds-up", "a fen more", _placed(fundPay="16.05"), "4498 fen"),
    Broken(
        "mobile-split-adds-up",
        "less than uploaded",
        _placed(**{**SPLIT, "feeSumamt": "44.97", "fundPay": "16.03"}),
        "uploaded",
    ),
    Broken(
        "mobile-amounts-stay",
        "in 6301",
        _then(paid, _told_of("6", **{**SPLIT, "ownPayAmt": "23.93", "fundPay": "16.05"})),
        "1605",
    ),
    Broken("mobile-account-as-wished", "taken", _placed(acctUsedFlag="0"), "500 fen"),
    Broken("mobile-account-as-wished", "taken anyway", _placed(asked={"acctUsedFlag": "0"}), "500 fen"),
    Broken(
        "mobile-pre-settlement-agrees",
        "off",
        _placed(extData={"preSetl": {**PRE_SETTLED, "acct_pay": "4.00"}}),
        "acct_pay",
    ),
    Broken("mobile-pre-settlement-agrees", "none", _placed(extData={}), "none"),
    Broken("mobile-account-conserved", "not taken", _then(paid, lambda t: _another(t, chrgBchno="B2")), "10000 fen"),
    Broken("mobile-refund-of-paid", "placed", _then(_placed(), MobileTape.refund), "success"),
    Broken(
        "mobile-refund-of-paid", "revoked", _then(MobileTape.upload, MobileTape.revoke, MobileTape.refund), "success"
    ),
    Broken(
        "mobile-refund-within-paid",
        "too much",
        _then(paid, lambda t: t.refund("CASH", totlRefdAmt="23.95", cashRefdAmt="23.95", **CASH)),
        "more than",
    ),
    Broken(
        "mobile-refund-within-paid",
        "twice",
        _then(paid, MobileTape.refund, lambda t: t.refund(serial="R2")),
        "more than",
    ),
    Broken(
        "mobile-refund-within-paid",
        "a part of the fund",
        _then(paid, lambda t: t.refund("HI", totlRefdAmt="20.04", fundRefdAmt="15.04", cashRefdAmt="0.00")),
        "whole",
    ),
    Broken(
        "mobile-refund-within-paid",
        "fund as cash",
        _then(paid, lambda t: t.refund("CASH", totlRefdAmt="16.04", psnAcctRefdAmt="0.00", cashRefdAmt="0.00")),
        "as CASH",
    ),
    Broken("mobile-refund-within-paid", "a wrong sum", _then(paid, lambda t: t.refund(totlRefdAmt="1.00")), "add up"),
    Broken("mobile-ledger-agrees", "not booked", _then(_placed(), MobileTape.own_pay), "0 settlements"),
    Broken("mobile-ledger-agrees", "twice", _then(paid, lambda t: t.booked(setl_id="S2")), "2 settlements"),
    Broken(
        "mobile-ledger-agrees",
        "failed and kept",
        _then(_placed(), MobileTape.booked, lambda t: t.own_pay(result="FAIL", state="15")),
        "1 settlements",
    ),
    Broken("mobile-ledger-agrees", "refund not booked", _then(paid, MobileTape.refund), "1 settlements"),
    Broken(
        "mobile-ledger-agrees",
        "another split",
        _then(_placed(), lambda t: t.booked(fund_fen=1605), MobileTape.own_pay),
        "4498",
    ),
    Broken("mobile-auth-exactly-one", "both", _auth_used(0, ecToken=TOKEN), "ecToken and payAuthNo"),
    Broken("mobile-auth-exactly-one", "neither", _auth_used(0, payAuthNo=""), "neither"),
    Broken("mobile-auth-once", "two orders", _auth_again, "success"),
    Broken("mobile-auth-bound", "another person's", _auth_used(0, id_no=OTHER_ID), "another person"),
    Broken("mobile-auth-bound", "another application's", _auth_used(0, app_id="X"), "114"),
    Broken("mobile-auth-bound", "nobody's", _auth_used(0, payAuthNo="AUTH" + "9" * 27), "nobody"),
    Broken("mobile-auth-life", "too late", _auth_used(300), "300 s"),
    Broken("mobile-auth-life", "too soon", _auth_used(299, why="pay-auth-invalid"), "serves"),
    Broken("mobile-notice-sealed", "unsigned", _then(paid, lambda t: t.notice(spoilt="AAAA")), "signature"),
    Broken("mobile-notice-of-paid", "placed", _then(_placed(), MobileTape.notice), "ordStas 2"),
    Broken("mobile-notice-of-paid", "of nobody's", MobileTape.notice, "another"),
    Broken("mobile-notice-true", "an amount", _then(paid, lambda t: t.notice(ownPayAmt="23.95")), "2395"),
    Broken("mobile-notice-true", "another order's", _then(paid, lambda t: t.notice(medOrgOrd="MO9")), "medOrgOrd"),
    Broken(
        "mobile-notice-true",
        "another time",
        _then(paid, lambda t: t.notice(taken=False), lambda t: t.notice(traceTime="x")),
        "same notice",
    ),
    Broken("mobile-notice-true", "too long", _then(paid, lambda t: t.notice(traceTime="2" * 41)), "traceTime"),
    Broken("mobile-notice-until-taken", "again", _then(paid, MobileTape.notice, MobileTape.notice), "taken"),
    Broken(
        "mobile-notice-until-taken",
        "too soon",
        _then(paid, lambda t: t.notice(taken=False), _wait(14), MobileTape.notice),
        "sooner",
    ),
    Broken("mobile-notice-until-taken", "never", _then(paid, lambda t: t.notice(taken=False), _wait(17)), "none"),
    Broken(
        "mobile-notice-until-taken",
        "too often",
        _then(paid, *[lambda t: t.notice(taken=False), _wait(20)] * 4),
        "at most",
    ),
    Broken("mobile-notice-sent", "nothing", _then(_listens, paid), "none"),
)


@pytest.mark.parametrize("broken", BROKEN, ids=[f"{b.rule}-{b.what}" for b in BROKEN])
def test_the_rule_fails_and_says_why(broken: Broken) -> None:
    tape = begun(**broken.terms)
    broken.does(tape)
    tape.event(CASE, "case-end")
    found = list(all_rules()[broken.rule].check(tape.history()))
    assert found, "the rule saw nothing"
    assert any(re.search(broken.seen, f"{one.expected} / {one.seen}") for one in found), found
    assert all(ID_NO not in f"{one.expected}{one.seen}" for one in found), "personal data in a finding"


@pytest.mark.parametrize("rule", RULES)
def test_no_rule_objects_to_a_good_centre(rule: str) -> None:
    assert list(all_rules()[rule].check(good_story().history())) == []


GOOD: Mapping[str, Does] = {
    "it waits for the hospital": _then(
        *(_placed(), MobileTape.booked, _failed("4"), _told_of("4"), lambda t: t.notice(taken=False)),
        *(_told_of("4"), _wait(15), MobileTape.notice),
        *(_told_of("4"), _told_of("5"), _wait(5), _told_of("6")),
    ),
    "in doubt, then failed": _then(_placed(), _failed("3"), _told_of("3"), _told_of("15")),
    "in doubt, then paid": _then(
        _placed(), MobileTape.booked, _failed("2"), _told_of("2"), _told_of("3"), _told_of("4")
    ),
    "the own part stays": _then(_placed(), _failed("16", stays=True), _told_of("16"), _told_of("16")),
    "in doubt, and the own part stays": _then(_placed(), _failed("3", stays=True), _told_of("16")),
}


@pytest.mark.parametrize("story", list(GOOD))
def test_rare_ways_are_no_fault(story: str) -> None:
    tape = begun(**WAITS)
    GOOD[story](tape)
    tape.event(CASE, "case-end")
    found = {name: list(all_rules()[name].check(tape.history())) for name in RULES if name != "mobile-notice-sent"}
    assert {name: seen for name, seen in found.items() if seen} == {}


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_shown_to_fail(rule: str) -> None:
    assert rule in {broken.rule for broken in BROKEN}


@pytest.mark.parametrize("rule", RULES)
def test_without_a_centre_there_is_nothing_to_say(rule: str) -> None:
    tape = MobileTape()
    tape.event(CASE, "case-start", case="pharmacy/x", title="x", requirements=["GS-PHARMACY"])
    tape.talk(UPLOAD, {}, why="state")
    tape.event(CASE, "case-end")
    assert list(all_rules()[rule].check(tape.history())) == []
