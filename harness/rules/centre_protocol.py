"""How a voucher centre keeps its protocol: every call answered, in the form that it is set to, with known codes."""

import json
from collections.abc import Iterator

from harness.judge.centre_talk import CentreAnswer, centre_talk
from harness.judge.history import CaseHistory
from harness.rules.registry import Observation, rule
from harness.wire.voucher_calls import AS_STRING, charset_of
from harness.wire.voucher_messages import LIBRARY_CALLS, TOKEN_CHECK, return_code

GOOD = 200
IDENTIFYING = ("ecToken", "idNo", "ecQrCode", "ecIndexNo", "activationNo", "smsCode")
"""What a refusal must not give away."""


@rule("centre-answers-every-call")
def centre_answers_every_call(history: CaseHistory) -> Iterator[Observation]:
    """The voucher centre answers every call, with HTTP 200 and a JSON object that carries a code."""
    talk = centre_talk(history)
    if talk is None:
        return
    for call in talk.undisturbed():
        if call.reply_seq is None:
            yield Observation(seq=call.seq, expected=f"an answer to {_named(call)}", seen="none")
        elif call.status != GOOD or call.trouble:
            seen = call.trouble or f"HTTP {call.status}"
            yield Observation(seq=call.at, expected=f"an answer to {_named(call)}", seen=seen)


@rule("centre-answers-as-expected")
def centre_answers_as_expected(history: CaseHistory) -> Iterator[Observation]:
    """A call ends with the return code that the case demands."""
    talk = centre_talk(history)
    if talk is None:
        return
    for event in history.named("expect-answer"):
        before = [call for call in talk.calls if call.at < event.seq]
        last = max(before, key=lambda call: call.at, default=None)
        seen = last.code if last else None
        refused = bool(event["any_refusal"]) and seen not in {None, 0}
        if last is not None and seen not in event["codes"] and not refused:
            meant = f"{' or '.join(str(code) for code in event['codes'])} ({', '.join(event['reasons'])})"
            shown = "no answer" if seen is None else f"{seen} ({last.refused_as or 'unknown'})"
            yield Observation(seq=last.at, expected=f"{_named(last)}: {meant}", seen=shown)


@rule("centre-answers-in-form")
def centre_answers_in_form(history: CaseHistory) -> Iterator[Observation]:
    """Every answer has code, message, success that agrees with the code, data, and the orgId of the library's call."""
    talk = centre_talk(history)
    if talk is None:
        return
    for call in talk.undisturbed():
        if call.code is None:
            continue
        for problem in _form_problems(call):
            yield Observation(
                seq=call.at, expected=f"the answer to {_named(call)} as the interface has it", seen=problem
            )


@rule("centre-writes-as-set")
def centre_writes_as_set(history: CaseHistory) -> Iterator[Observation]:
    """Answers are in the charset that their head names and that the centre is set to, their data as it is set."""
    talk = centre_talk(history)
    if talk is None:
        return
    charset, as_string = str(talk.terms["charset"]), talk.terms["data_as"] == AS_STRING
    for call in talk.undisturbed():
        if call.code is None:
            continue
        if charset_of(call.content_type) != charset:
            yield Observation(seq=call.at, expected=charset, seen=charset_of(call.content_type))
        if call.name in LIBRARY_CALLS and call.accepted and isinstance(call.envelope.get("data"), str) != as_string:
            seen = type(call.envelope.get("data")).__name__
            yield Observation(seq=call.at, expected=f"data as {talk.terms['data_as']}", seen=seen)


@rule("centre-codes-known")
def centre_codes_known(history: CaseHistory) -> Iterator[Observation]:
    """Every return code is one of the table, and says in words what it means."""
    talk = centre_talk(history)
    if talk is None or talk.terms["own_codes"]:
        return
    for call in talk.undisturbed():
        known = return_code(call.code) if call.code is not None else None
        if call.code is not None and known is None:
            yield Observation(seq=call.at, expected="a return code of the table", seen=str(call.code))
        elif known is not None and not str(call.envelope.get("message") or "").startswith(known.chinese):
            yield Observation(seq=call.at, expected=known.chinese, seen="other words")


@rule("centre-refusal-gives-nothing")
def centre_refusal_gives_nothing(history: CaseHistory) -> Iterator[Observation]:
    """A refusal carries no identity, no token and no code."""
    talk = centre_talk(history)
    if talk is None:
        return
    for call in talk.undisturbed():
        if call.code in {None, 0}:
            continue
        for name in IDENTIFYING:
            if call.data.get(name):
                yield Observation(seq=call.at, expected=f"nothing beside {call.code}", seen=f"{name} in data")


@rule("centre-refuses-malformed")
def centre_refuses_malformed(history: CaseHistory) -> Iterator[Observation]:
    """A request that breaks the interface is never answered with success."""
    talk = centre_talk(history)
    if talk is None:
        return
    broken = [event.seq for event in history.named("malformed")]
    for number, call in enumerate(talk.calls):
        before = talk.calls[number - 1].seq if number else -1
        if call.accepted and (not call.well_formed or any(before < seq < call.seq for seq in broken)):
            yield Observation(seq=call.at, expected=f"{_named(call)} refused", seen="success")


def _form_problems(call: CentreAnswer) -> Iterator[str]:
    envelope = call.envelope
    if not isinstance(envelope.get("message"), str) or not envelope["message"]:
        yield "no message"
    if envelope.get("success") is not (call.code == 0):
        yield f"success {json.dumps(envelope.get('success'))} with code {call.code}"
    if isinstance(envelope.get("code"), bool) or not isinstance(envelope.get("code"), int):
        yield "code is no integer"
    if "data" not in envelope:
        yield "no data"
    if call.name in {*LIBRARY_CALLS, TOKEN_CHECK} and call.institution and envelope.get("orgId") != call.institution:
        yield "the orgId is another than that of the call"


def _named(call: CentreAnswer) -> str:
    return call.name or "a call"
