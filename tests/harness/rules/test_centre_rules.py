"""Every rule about a voucher centre is shown to fail, and none objects to a centre that does everything right."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from harness.judge.history import CASE
from harness.judge.plan import load_plan
from harness.rules.registry import all_rules
from harness.wire import voucher_calls as calls
from harness.wire import voucher_messages as messages
from tests.harness.rules.centre_tape import (
    ADULT,
    CHILD,
    CODE,
    DESK,
    OTHER,
    OTHER_DESK,
    PROMOTER,
    SECOND,
    TOKEN,
    CentreTape,
    activated,
    begun,
    bind,
    good_story,
    notice,
)

RULES = sorted(name for name in load_plan("voucher").rules if name.startswith("centre-"))
OTHER_TOKEN = "639900ec" + "c3" * 15


@dataclass(frozen=True)
class Broken:
    """What a centre does wrong, and what the rule must say of it."""

    rule: str
    what: str
    does: Callable[[CentreTape], object]
    seen: str


def _unanswered(tape: CentreTape) -> None:
    tape.ask(calls.show_code(ADULT))


def _no_answer(tape: CentreTape) -> None:
    tape.ask(calls.show_code(ADULT))
    tape.answer([])


def _gateway(tape: CentreTape) -> None:
    tape.ask(calls.show_code(ADULT))
    tape.answer({"code": 0}, status="502 Bad Gateway")


def _otherwise(tape: CentreTape) -> None:
    tape.show()
    tape.event(CASE, "expect-answer", codes=[980003], reasons=["not-activated"], any_refusal=False)


def _not_refused(tape: CentreTape) -> None:
    tape.show()
    tape.event(CASE, "expect-answer", codes=[980003], reasons=["not-activated"], any_refusal=True)


def _answered(**other: Any) -> Callable[[CentreTape], None]:
    def does(tape: CentreTape) -> None:
        tape.talk(calls.decode(DESK, CODE), {}, why="used", **other)

    return does


def _as_string(tape: CentreTape) -> None:
    tape.ask(calls.decode(DESK, CODE))
    tape.answer({**messages.reply("ok", institution=DESK.institution, data_as="object"), "data": "{}"})


def _in_gbk(tape: CentreTape) -> None:
    tape.ask(calls.show_code(ADULT))
    tape.answer(messages.reply("not-activated", data_as="object"), charset="gbk")


def _malformed_taken(tape: CentreTape) -> None:
    tape.event(CASE, "malformed", path="/")
    tape.show()


def _shown_and_decoded(seconds: int, **other: Any) -> Callable[[CentreTape], None]:
    def does(tape: CentreTape) -> None:
        tape.show()
        tape.wait(seconds)
        tape.decode(CODE, **other)

    return does


def _twice(tape: CentreTape) -> None:
    tape.show()
    tape.show()


def _decoded_twice(tape: CentreTape) -> None:
    tape.decode()
    tape.decode(ecToken=OTHER_TOKEN)


def _two_indexes(tape: CentreTape) -> None:
    tape.decode()
    tape.decode(SECOND, ecToken=OTHER_TOKEN, ecIndexNo="1" * 32)


def _shared_index(tape: CentreTape) -> None:
    tape.decode()
    tape.decode(SECOND, idNo=OTHER.id_no, ecToken=OTHER_TOKEN)


def _renamed(tape: CentreTape) -> None:
    tape.show()
    tape.decode(userName="测试癸")


def _code_changed(tape: CentreTape) -> None:
    for code in ("org1", "org2"):
        tape.talk(calls.own_code(DESK.institution), {"orgCode": code})


def _code_shared(tape: CentreTape) -> None:
    for desk in (DESK, OTHER_DESK):
        tape.talk(calls.own_code(desk.institution), {"orgCode": "org1"})


def _leads_elsewhere(tape: CentreTape) -> None:
    tape.talk(calls.own_code(DESK.institution), {"orgCode": "org1"})
    tape.talk(calls.owner_of_code("org1"), {"orgId": OTHER_DESK.institution})


def _place_not_offered(tape: CentreTape) -> None:
    tape.talk(calls.ask_state(ADULT), {"state": "active", "channels": ["nhsa-app"], "places": ["639900"]})
    tape.talk(calls.choose_place(ADULT, "110100"), {})


def _place_forgotten(tape: CentreTape) -> None:
    tape.talk(calls.choose_place(ADULT, "639901"), {})
    tape.decode()


def _token_shared(tape: CentreTape) -> None:
    tape.decode()
    tape.decode(SECOND)


def _checked(flag: str, *, seconds: int = 0, token: str = TOKEN, **claims: str) -> Callable[[CentreTape], None]:
    def does(tape: CentreTape) -> None:
        tape.decode()
        tape.wait(seconds)
        tape.check(flag, token=token, **claims)

    return does


def _step_left_out(tape: CentreTape) -> None:
    tape.step("identity", idNo=OTHER.id_no, userName=OTHER.name)
    tape.step("face", faceOf=OTHER.id_no)


def _another_missing(tape: CentreTape) -> None:
    tape.step("identity", idNo=OTHER.id_no, userName=OTHER.name)
    tape.talk(calls.take_step("nhsa-app", "issue", activationNo="ACT1"), {"missing": "face"}, why="step-skipped")


def _too_soon(tape: CentreTape) -> None:
    tape.step("identity", idNo=OTHER.id_no, userName=OTHER.name, activated=True)


def _never_done(tape: CentreTape) -> None:
    activated(tape)
    tape.entries.pop()
    tape.entries.pop()
    tape.step("place", insuOrg="639900", activated=False)


def _consent(tape: CentreTape) -> None:
    tape.step("identity", idNo=OTHER.id_no, userName=OTHER.name)
    tape.step("consent", agreed=False)


def _face_of_another(tape: CentreTape) -> None:
    tape.step("identity", idNo=OTHER.id_no, userName=OTHER.name)
    tape.step("consent", agreed=True)
    tape.step("face", faceOf=ADULT.id_no)


def _reset_by_another(tape: CentreTape) -> None:
    tape.talk(calls.password(ADULT, "reset", "135790", faceOf=OTHER.id_no), {})


def _shown_without(tape: CentreTape) -> None:
    tape.talk(calls.ask_state(OTHER), {"state": "none", "channels": []})
    tape.show(holder=OTHER)


def _shown_unfinished(tape: CentreTape) -> None:
    activated(tape)
    del tape.entries[-2:]
    tape.show(holder=OTHER)


def _other_prompt(tape: CentreTape) -> None:
    tape.talk(calls.show_code(ADULT), {}, why="face-mismatch", message="出错了")


def _no_remedy(tape: CentreTape) -> None:
    tape.talk(calls.show_code(ADULT), {"promptId": "face-mismatch"}, why="face-mismatch")


def _password_of_letters(tape: CentreTape) -> None:
    tape.talk(calls.password(ADULT, "change", "12345a", oldPassword="143709"), {})


def _two_passwords(tape: CentreTape) -> None:
    tape.verify("000000")
    tape.verify("143709")


def _old_password(tape: CentreTape) -> None:
    tape.talk(calls.password(ADULT, "change", "135790", oldPassword="143709"), {})
    tape.verify("143709")


def _wrong_ones(count: int, then: str) -> Callable[[CentreTape], None]:
    def does(tape: CentreTape) -> None:
        for _ in range(count):
            tape.verify("000000", why="password-wrong")
        tape.verify("000000", why=then)

    return does


def _lock_broken(tape: CentreTape) -> None:
    _wrong_ones(4, "password-locked")(tape)
    tape.verify("143709")


def _lock_without_end(tape: CentreTape) -> None:
    _wrong_ones(4, "password-locked")(tape)
    tape.wait(86400)
    tape.verify("143709", why="password-locked")


def _bound(**more: object) -> Callable[[CentreTape], None]:
    def does(tape: CentreTape) -> None:
        tape.talk(bind(CHILD, **more), {})

    return does


def _shown_after_unbind(tape: CentreTape) -> None:
    tape.talk(bind(OTHER.id_no), {})
    tape.talk(calls.family(ADULT, "unbind", memberIdNo=OTHER.id_no), {})
    tape.show(member=OTHER.id_no)


def _not_listed(tape: CentreTape) -> None:
    tape.talk(bind(OTHER.id_no), {})
    tape.talk(calls.family(ADULT, "list"), {"members": []})


def _paid_for_nobody(tape: CentreTape) -> None:
    tape.account("account", "10.00")
    tape.account("account", "12.00", activated=1)


def _not_paid(tape: CentreTape) -> None:
    tape.account("account", "10.00")
    activated(tape, promoter=PROMOTER)
    tape.account("account", "10.00")


def _reward(balance: str) -> Callable[[CentreTape], None]:
    def does(tape: CentreTape) -> None:
        tape.account("account", "10.00")
        activated(tape, promoter=PROMOTER)
        tape.account("account", balance, activated=1)

    return does


def _balance_stays(tape: CentreTape) -> None:
    tape.account("account", "10.00")
    tape.account("withdraw", "10.00", amount="5.00", more={"result": "paid", "withdrawalNo": "W1"})


def _rejected_kept(tape: CentreTape) -> None:
    tape.account("account", "200.00")
    more = {"result": "in-review", "withdrawalNo": "W1"}
    tape.account("withdraw", "50.00", amount="150.00", more=more)
    rejected = {"result": "rejected", "withdrawalNo": "W1"}
    tape.account("review", "50.00", withdrawalNo="W1", approve=False, more=rejected)


def _withdrawn(*amounts: str, result: str = "paid") -> Callable[[CentreTape], None]:
    def does(tape: CentreTape) -> None:
        for amount in amounts:
            tape.account("withdraw", "900.00", amount=amount, more={"result": result})

    return does


def _overdrawn(tape: CentreTape) -> None:
    tape.account("account", "10.00")
    tape.account("withdraw", "-10.00", amount="20.00", more={"result": "paid"})


def _face_twice(tape: CentreTape) -> None:
    tape.begin_face()
    tape.face()
    tape.face(ecToken=OTHER_TOKEN)


def _face_elsewhere(tape: CentreTape) -> None:
    tape.begin_face()
    tape.face(desk=OTHER_DESK)


def _face_late(tape: CentreTape) -> None:
    tape.begin_face()
    tape.wait(300)
    tape.face()


def _other_face(tape: CentreTape) -> None:
    tape.begin_face()
    tape.face(idNo=OTHER.id_no)


def _number_twice(tape: CentreTape) -> None:
    tape.begin_face(auth="ano1")
    tape.begin_face(auth="ano2")


def _result_of_another(tape: CentreTape) -> None:
    tape.begin_face()
    tape.face()
    tape.talk(notice(OTHER), {})


def _card(**told: object) -> Callable[[CentreTape], None]:
    def does(tape: CentreTape) -> None:
        tape.talk(calls.at_terminal(DESK, messages.READ_CARD), {"idNo": ADULT.id_no, **told})

    return does


def _decoded(digits: str = CODE, *, why: str = "ok", **other: Any) -> Callable[[CentreTape], None]:
    def does(tape: CentreTape) -> None:
        tape.decode(digits, why=why, **other)

    return does


BROKEN = (
    Broken("centre-answers-every-call", "silence", _unanswered, "none"),
    Broken("centre-answers-every-call", "no answer", _no_answer, "no answer"),
    Broken("centre-answers-every-call", "a gateway", _gateway, "HTTP 502"),
    Broken("centre-answers-as-expected", "success", _otherwise, "0 \\(ok\\)"),
    Broken("centre-answers-as-expected", "not even refused", _not_refused, "0 \\(ok\\)"),
    Broken("centre-answers-in-form", "success", _answered(success=True), "success true"),
    Broken("centre-answers-in-form", "no words", _answered(message=""), "no message"),
    Broken("centre-answers-in-form", "a text", _answered(code="980002"), "no integer"),
    Broken("centre-answers-in-form", "another institution", _answered(orgId="X"), "orgId"),
    Broken("centre-writes-as-set", "a string", _as_string, "str"),
    Broken("centre-writes-as-set", "in GBK", _in_gbk, "gbk"),
    Broken("centre-codes-known", "a code of its own", _answered(code=999), "999"),
    Broken("centre-codes-known", "other words", _answered(message="不行"), "other words"),
    Broken("centre-refusal-gives-nothing", "who", _decoded(why="used", idNo=ADULT.id_no), "idNo"),
    Broken("centre-refuses-malformed", "taken", _malformed_taken, "success"),
    Broken("centre-code-form", "too short", lambda tape: tape.show(CODE[:-1]), "27"),
    Broken("centre-code-form", "another province", _shown_and_decoded(0, insuOrg="110100"), "63"),
    Broken("centre-codes-never-repeat", "twice", _twice, "before"),
    Broken("centre-code-life", "too old", _shown_and_decoded(60), "60 s"),
    Broken("centre-code-life", "another life", lambda tape: tape.show(validSeconds=300), "300 s"),
    Broken("centre-code-serves-its-life", "too soon", _shown_and_decoded(59, why="expired"), "expired"),
    Broken("centre-code-once", "twice", _decoded_twice, "again"),
    Broken("centre-wrong-kind-named", "unknown", _decoded("134567890123456789", why="unknown"), "980004"),
    Broken("centre-wrong-kind-named", "a voucher code", _decoded(why="wrong-kind"), "500159"),
    Broken("centre-identifies-holder", "somebody else", _shown_and_decoded(0, idNo=OTHER.id_no), "another person"),
    Broken("centre-identifies-holder", "another channel", _shown_and_decoded(0, chnlId="boc"), "boc"),
    Broken("centre-identifies-holder", "another code", _decoded(ecQrCode=SECOND), "ecQrCode"),
    Broken("centre-identity-whole", "no index", _decoded(insuOrg="6399001"), "length"),
    Broken("centre-identity-whole", "birthday", _decoded(birthday="1985-03-12"), "birthday"),
    Broken("centre-identity-whole", "gender", _decoded(gender="女"), "gender"),
    Broken("centre-one-voucher-a-person", "two indexes", _two_indexes, "another"),
    Broken("centre-one-voucher-a-person", "shared", _shared_index, "another person's"),
    Broken("centre-one-voucher-a-person", "renamed", _renamed, "name"),
    Broken("centre-one-code-an-institution", "changed", _code_changed, "another"),
    Broken("centre-one-code-an-institution", "shared", _code_shared, "another's"),
    Broken("centre-one-code-an-institution", "elsewhere", _leads_elsewhere, OTHER_DESK.institution),
    Broken("centre-place-as-chosen", "not offered", _place_not_offered, "110100"),
    Broken("centre-place-as-chosen", "forgotten", _place_forgotten, "another place"),
    Broken("centre-card-gives-no-token", "a token", _card(activated=True, ecToken=TOKEN), "ecToken"),
    Broken("centre-card-gives-no-token", "activated?", _card(), "nothing"),
    Broken("centre-token-form", "capitals", _decoded(ecToken=TOKEN.upper()), "38"),
    Broken("centre-token-form", "another place", _decoded(insuOrg="639901"), "639900"),
    Broken("centre-tokens-never-repeat", "shared", _token_shared, "before"),
    Broken("centre-token-bound", "elsewhere", _checked("1", institution=OTHER_DESK.institution), "another's"),
    Broken("centre-token-bound", "somebody else", _checked("1", id_no=OTHER.id_no), "another's"),
    Broken("centre-token-bound", "nobody's", _checked("1", token=OTHER_TOKEN), "nobody"),
    Broken("centre-token-life", "too old", _checked("1", seconds=1800), "1800"),
    Broken("centre-token-life", "too soon", _checked("0", seconds=1799), "lives"),
    Broken("centre-steps-in-order", "without consent", _step_left_out, "consent"),
    Broken("centre-names-missing-step", "another", _another_missing, "face"),
    Broken("centre-activated-when-done", "too soon", _too_soon, "True"),
    Broken("centre-activated-when-done", "never", _never_done, "False"),
    Broken("centre-consent-given", "unread", _consent, "without"),
    Broken("centre-face-is-the-persons", "another's", _face_of_another, "another's"),
    Broken("centre-face-is-the-persons", "at a reset", _reset_by_another, "another's"),
    Broken("centre-shows-only-activated", "never activated", _shown_without, "a code"),
    Broken("centre-shows-only-activated", "unfinished", _shown_unfinished, "a code"),
    Broken("centre-prompt-documented", "other words", _other_prompt, "another text"),
    Broken("centre-prompt-documented", "no remedy", _no_remedy, "remedy"),
    Broken("centre-password-form", "letters", _password_of_letters, "another form"),
    Broken("centre-password-right", "any", _two_passwords, "another taken"),
    Broken("centre-password-right", "the old one", _old_password, "another taken"),
    Broken("centre-password-locks", "never", _wrong_ones(4, "password-wrong"), "password-wrong"),
    Broken("centre-password-locks", "too soon", _wrong_ones(1, "password-locked"), "password-locked"),
    Broken("centre-password-locks", "broken", _lock_broken, "ok"),
    Broken("centre-password-locks", "without end", _lock_without_end, "password-locked"),
    Broken("centre-family-consent", "unread", _bound(agreed=False, faceOf=CHILD), "without"),
    Broken("centre-family-face", "no face", _bound(), "without"),
    Broken("centre-family-face", "another's", _bound(faceOf=ADULT.id_no), "without"),
    Broken("centre-family-bound", "never", lambda tape: tape.show(member=OTHER.id_no), "a code"),
    Broken("centre-family-bound", "no longer", _shown_after_unbind, "a code"),
    Broken("centre-family-bound", "not listed", _not_listed, "missing"),
    Broken("centre-rewards-who-is-due", "for nobody", _paid_for_nobody, "1"),
    Broken("centre-rewards-who-is-due", "not paid", _not_paid, "0"),
    Broken("centre-reward-bounds", "too little", _reward("11.99"), "199"),
    Broken("centre-reward-bounds", "too much", _reward("13.01"), "301"),
    Broken("centre-reward-bounds", "withdrawn twice", _balance_stays, "500"),
    Broken("centre-reward-bounds", "rejected and kept", _rejected_kept, "-15000"),
    Broken("centre-withdrawal-limits", "three", _withdrawn("1.00", "1.00", "1.00"), "number 3"),
    Broken("centre-withdrawal-limits", "no review", _withdrawn("60.01"), "paid"),
    Broken("centre-withdrawal-limits", "needless review", _withdrawn("60.00", result="in-review"), "in-review"),
    Broken("centre-withdrawal-covered", "overdrawn", _overdrawn, "2000"),
    Broken("centre-withdrawal-covered", "nothing", _withdrawn("0.00"), "0 fen"),
    Broken("centre-face-authorises-once", "twice", _face_twice, "second"),
    Broken("centre-face-authorises-once", "elsewhere", _face_elsewhere, "another's"),
    Broken("centre-face-authorises-once", "too late", _face_late, "taken"),
    Broken("centre-face-identifies-owner", "another", _other_face, "another person"),
    Broken("centre-business-number-once", "twice", _number_twice, "second"),
    Broken("centre-result-for-its-payer", "another's", _result_of_another, "another's"),
)


@pytest.mark.parametrize("broken", BROKEN, ids=lambda b: f"{b.rule}: {b.what}")
def test_the_rule_fails_and_says_why(broken: Broken) -> None:
    tape = begun()
    broken.does(tape)
    tape.event(CASE, "case-end")
    found = list(all_rules()[broken.rule].check(tape.history()))
    assert found, "the rule saw nothing"
    assert any(re.search(broken.seen, f"{one.expected} / {one.seen}") for one in found), found
    assert all(ADULT.id_no not in f"{one.expected}{one.seen}" for one in found), "personal data in a finding"


@pytest.mark.parametrize("rule", RULES)
def test_no_rule_objects_to_a_good_centre(rule: str) -> None:
    assert list(all_rules()[rule].check(good_story().history())) == []


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_shown_to_fail(rule: str) -> None:
    assert rule in {broken.rule for broken in BROKEN}


@pytest.mark.parametrize("rule", RULES)
def test_without_a_centre_there_is_nothing_to_say(rule: str) -> None:
    tape = CentreTape()
    tape.event(CASE, "case-start", case="pharmacy/x", title="x", requirements=["GS-PHARMACY"])
    tape.show()
    tape.event(CASE, "case-end")
    assert list(all_rules()[rule].check(tape.history())) == []
