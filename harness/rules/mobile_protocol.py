"""How a mobile-payment centre keeps its protocol: every call answered, sealed as agreed, refused in known words."""

import re
from collections.abc import Iterator

from harness.judge.history import CaseHistory, Event
from harness.judge.mobile_talk import GOOD, MobileCall, MobileTalk, mobile_talk
from harness.rules.registry import Observation, rule
from harness.wire.mobile_payment.answers import (
    AUTH_QUERY,
    OWN_PAY,
    PAY,
    QUERY,
    REFUND,
    REVOKE,
    UPLOAD,
    answers_of,
)

AMOUNT = re.compile(r"[0-9]{1,13}(\.[0-9]{1,2})?\Z")
ORD_STAS = frozenset(str(state) for state in range(26))
REF_STATUS = frozenset({"SUCC", "FAIL", "EXP"})
DUE = {
    UPLOAD: ("payOrdId", "payToken", "ordStas"),
    PAY: ("payOrdId", "ordStas", "feeSumamt", "ownPayAmt", "psnAcctPay", "fundPay"),
    QUERY: ("ordStas",),
    REFUND: ("refStatus",),
    REVOKE: ("success",),
    AUTH_QUERY: ("payAuthNo",),
    OWN_PAY: ("ordStas",),
}
"""What an answer has to hold."""
AMOUNTS = ("feeSumamt", "ownPayAmt", "psnAcctPay", "fundPay")
SECRET = ("payOrdId", "payToken", "payAuthNo", "revsToken", "feeSumamt", "ordStas")
"""What a refusal must not give away."""


@rule("mobile-answers-every-call")
def mobile_answers_every_call(history: CaseHistory) -> Iterator[Observation]:
    """The mobile-payment centre answers every call, with HTTP 200 and a JSON object that carries a code."""
    talk = mobile_talk(history)
    if talk is None:
        return
    for call in talk.undisturbed():
        if call.reply_seq is None:
            yield Observation(seq=call.seq, expected=f"an answer to {named(call)}", seen="none")
        elif call.status != GOOD or call.trouble:
            yield Observation(seq=call.at, expected=f"an answer to {named(call)}", seen=call.trouble)


@rule("mobile-answers-as-expected")
def mobile_answers_as_expected(history: CaseHistory) -> Iterator[Observation]:
    """A service ends with the code that the case demands."""
    talk = mobile_talk(history)
    if talk is None:
        return
    for event in history.named("expect-answer"):
        last = _before(talk, event)
        if last is None or last.disturbed:
            continue
        refused = bool(event["any_refusal"]) and last.code not in {None, 0}
        if last.code not in event["codes"] and not refused:
            meant = f"{' or '.join(str(code) for code in event['codes'])} ({', '.join(event['reasons'])})"
            yield Observation(seq=last.at, expected=f"{named(last)}: {meant}", seen=_shown(last.code))


@rule("mobile-answers-sealed")
def mobile_answers_sealed(history: CaseHistory) -> Iterator[Observation]:
    """Every answer of a service is signed and encrypted as agreed, of this application, version and time."""
    talk = mobile_talk(history)
    if talk is None:
        return
    for call in talk.undisturbed():
        if call.sealed and call.code is not None and call.pain:
            yield Observation(seq=call.at, expected=f"the answer to {named(call)} under a good seal", seen=call.pain)


@rule("mobile-answers-in-form")
def mobile_answers_in_form(history: CaseHistory) -> Iterator[Observation]:
    """Every answer has a code, words, success that agrees with the code, and the members that its service owes."""
    talk = mobile_talk(history)
    if talk is None:
        return
    for call in talk.undisturbed():
        if call.code is None or call.pain:
            continue
        for problem in _form_problems(call):
            yield Observation(
                seq=call.at, expected=f"the answer to {named(call)} as the interface has it", seen=problem
            )


@rule("mobile-codes-known")
def mobile_codes_known(history: CaseHistory) -> Iterator[Observation]:
    """Every code of an answer is one of the tables, and says in words what it means."""
    talk = mobile_talk(history)
    if talk is None or talk.terms["own_codes"]:
        return
    for call in talk.undisturbed():
        if call.code is None:
            continue
        known = answers_of(call.code)
        if not known:
            yield Observation(seq=call.at, expected="a code of the tables", seen=str(call.code))
        elif call.code and not any(call.message.startswith(answer.chinese) for answer in known):
            yield Observation(seq=call.at, expected=known[0].chinese, seen="other words")


@rule("mobile-refuses-malformed")
def mobile_refuses_malformed(history: CaseHistory) -> Iterator[Observation]:
    """A message that breaks the interface or its seal is never answered with success."""
    talk = mobile_talk(history)
    if talk is None:
        return
    for event, call in _malformed(history, talk):
        if call.accepted:
            what = str(event["field"] or "the envelope")
            yield Observation(seq=call.at, expected=f"{named(call)} refused for {what}", seen="success")


@rule("mobile-names-the-field")
def mobile_names_the_field(history: CaseHistory) -> Iterator[Observation]:
    """Who is refused for a wrong field reads its name."""
    talk = mobile_talk(history)
    if talk is None or talk.terms["own_codes"]:
        return
    for event, call in _malformed(history, talk):
        name = str(event["field"] or "")
        if name and call.code and name not in call.message:
            yield Observation(seq=call.at, expected=f"{name} in the words of the refusal", seen="another, or none")


@rule("mobile-refusal-gives-nothing")
def mobile_refusal_gives_nothing(history: CaseHistory) -> Iterator[Observation]:
    """A refusal carries no order, no token, no state and no amount."""
    talk = mobile_talk(history)
    if talk is None:
        return
    for call in talk.undisturbed():
        for name in SECRET if call.code else ():
            if call.data.get(name):
                yield Observation(seq=call.at, expected=f"nothing beside {call.code}", seen=f"{name} in data")


def named(call: MobileCall) -> str:
    """A call in a sentence."""
    return call.name or "a call"


def _before(talk: MobileTalk, event: Event) -> MobileCall | None:
    before = [call for call in talk.calls if call.at < event.seq]
    return max(before, key=lambda call: call.at, default=None)


def _malformed(history: CaseHistory, talk: MobileTalk) -> Iterator[tuple[Event, MobileCall]]:
    """What the case has broken on purpose: the call that follows each such event."""
    for event in history.named("malformed"):
        after = next((call for call in talk.calls if call.seq > event.seq), None)
        if after is not None and not after.disturbed:
            yield event, after


def _shown(code: int | None) -> str:
    if code is None:
        return "no answer"
    return f"{code} ({' or '.join(answer.id for answer in answers_of(code)) or 'unknown'})"


def _form_problems(call: MobileCall) -> Iterator[str]:
    envelope = call.envelope
    if not isinstance(envelope.get("message"), str) or not envelope["message"]:
        yield "no message"
    if call.sealed and "success" in envelope and envelope["success"] is not (call.code == 0):
        yield f"success {envelope['success']} with code {call.code}"
    if isinstance(envelope.get("code"), bool) or not isinstance(envelope.get("code"), int):
        yield "code is no integer"
    if call.sealed and envelope.get("data") is not None:
        yield "plain data on the wire"
    if call.code != 0:
        return
    for name in DUE.get(call.name, ()):
        if call.data.get(name) in {None, ""}:
            yield f"no {name}"
    for name in AMOUNTS:
        if name in call.data and not (isinstance(call.data[name], str) and AMOUNT.match(call.data[name])):
            yield f"{name} is no amount"
    if "ordStas" in call.data and str(call.data["ordStas"]) not in ORD_STAS:
        yield f"ordStas {call.data['ordStas']}"
    if call.name == REFUND and call.data.get("refStatus") not in REF_STATUS:
        yield f"refStatus {call.data.get('refStatus')}"
