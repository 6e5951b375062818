"""The orders of a mobile-payment centre: their numbers, their states, what may be asked of them, and by whom."""

import json
import re
from collections.abc import Iterator

from harness.judge.history import CaseHistory
from harness.judge.mobile_orders import OrderState, Step, last_states, order_steps
from harness.judge.mobile_talk import MobileCall, MobileTalk, mobile_talk
from harness.rules.mobile_protocol import named
from harness.rules.registry import Observation, rule
from harness.wire.mobile_payment.answers import AUTH_QUERY, OWN_PAY, PAY, QUERY, REFUND, REVOKE, UPLOAD
from harness.wire.mobile_payment.order_state import LEADS, PAID_STATES, REFUNDED_STATES

ORDER = re.compile(r"(?i:ord)[0-9]{6}[0-9]{14}[0-9]{7}\Z")
TOKEN = re.compile(r"[0-9]{6}ec[0-9a-z]{30}\Z")
AUTH = re.compile(r"AUTH[0-9]{6}[0-9]{14}[0-9]{7}\Z")
LONGEST = 64
FORMS = {UPLOAD: (("payOrdId", ORDER), ("payToken", TOKEN)), AUTH_QUERY: (("payAuthNo", AUTH),)}
CHARGED = PAID_STATES | {"1", "2", "3", "8", "9", "10", "11", "14", "17"}
"""States of an order that keep its batch from being charged by another."""
ABOUT = ("payToken", "orgCodg")
PERSON = ("idNo", "userName")
MEANINGLESS = frozenset(str(state) for state in range(18, 26))
TELLING = (PAY, OWN_PAY, QUERY)
"""Whose answers say where an order stands."""


@rule("mobile-numbers-in-form")
def mobile_numbers_in_form(history: CaseHistory) -> Iterator[Observation]:
    """payOrdId and payAuthNo are their mark and 6, 14 and 7 digits; payToken looks like an ecToken."""
    talk = mobile_talk(history)
    if talk is None:
        return
    for call in talk.accepted(UPLOAD, AUTH_QUERY):
        for name, form in FORMS[call.name]:
            text = str(call.data.get(name) or "")
            if len(text) > LONGEST or not (talk.terms["own_codes"] or form.match(text)):
                yield Observation(seq=call.at, expected=f"{name} in its form", seen=f"{len(text)} characters")


@rule("mobile-numbers-never-repeat")
def mobile_numbers_never_repeat(history: CaseHistory) -> Iterator[Observation]:
    """Every order has a number and a token of its own, and every authorisation its number."""
    talk = mobile_talk(history)
    if talk is None:
        return
    seen: dict[str, tuple[str, ...]] = {}
    for call in talk.accepted(UPLOAD, AUTH_QUERY):
        # The same upload again is the same order.
        whose = submission(call) if call.name == UPLOAD else (AUTH_QUERY, str(call.seq))
        for name, _ in FORMS[call.name]:
            number = str(call.data.get(name))
            if seen.setdefault(number, whose) != whose:
                yield Observation(seq=call.at, expected=f"a new {name}", seen="one that was given before")


@rule("mobile-state-is-true")
def mobile_state_is_true(history: CaseHistory) -> Iterator[Observation]:
    """ordStas is what came of the order: nothing is paid that was not paid, and nothing unpaid that was."""
    for step, expected, seen in _told(history):
        if step.before is not None and step.before.why not in {"refund", "unpaid"} and seen not in expected:
            yield _state(step, expected, seen)


@rule("mobile-refund-state")
def mobile_refund_state(history: CaseHistory) -> Iterator[Observation]:
    """After refunds ordStas says what was given back: all of it, the insurance's part, the own part or some of it."""
    for step, expected, seen in _told(history):
        if step.before is not None and step.before.why == "refund" and seen not in expected:
            yield _state(step, expected, seen)


@rule("mobile-unpaid-ends")
def mobile_unpaid_ends(history: CaseHistory) -> Iterator[Observation]:
    """An order that is not paid in its time is revoked, and cannot be paid any more."""
    for step, expected, seen in _told(history):
        if step.before is not None and step.before.why == "unpaid" and seen not in expected:
            yield _state(step, expected, seen)


@rule("mobile-state-leads-on")
def mobile_state_leads_on(history: CaseHistory) -> Iterator[Observation]:
    """An order goes from state to state as the table has it, and never back."""
    talk = mobile_talk(history)
    if talk is None:
        return
    last: dict[str, str] = {}
    for step in order_steps(talk):
        told = str(step.call.data.get("ordStas", ""))
        if not step.call.accepted or step.call.name not in {UPLOAD, *TELLING} or told in MEANINGLESS:
            continue
        # What was submitted twice is answered as the first time.
        if step.before is not None and (step.call.name == UPLOAD or _is_replay(step)):
            continue
        before = last.get(step.after.pay_ord_id, told)
        if told != before and told not in LEADS.get(before, frozenset()):
            yield Observation(seq=step.call.at, expected=f"a state that {before} leads to", seen=told)
        last[step.after.pay_ord_id] = told


@rule("mobile-one-charge-a-batch")
def mobile_one_charge_a_batch(history: CaseHistory) -> Iterator[Observation]:
    """What was charged, or is being paid, is charged by no other order."""
    talk = mobile_talk(history)
    if talk is None:
        return
    now: dict[str, OrderState] = {}
    for step in order_steps(talk):
        if step.call.name == PAY and step.call.accepted and step.before is not None and step.before.parts is None:
            for other in now.values():
                same = other.batch == step.after.batch and other.pay_ord_id != step.after.pay_ord_id
                if same and other.parts is not None and other.states <= CHARGED:
                    yield Observation(seq=step.call.at, expected="the batch is charged already", seen="success")
        now[step.after.pay_ord_id] = step.after


@rule("mobile-same-answer-again")
def mobile_same_answer_again(history: CaseHistory) -> Iterator[Observation]:
    """What is submitted twice is done once, and gets the first answer again."""
    talk = mobile_talk(history)
    if talk is None:
        return
    first: dict[tuple[str, ...], MobileCall] = {}
    for call in talk.accepted(UPLOAD, PAY, REFUND):
        before = first.setdefault(submission(call), call)
        if before is call or content(before) != content(call):
            continue
        if call.name != REFUND and call.data != before.data:
            yield Observation(seq=call.at, expected="the first answer", seen="another")
        elif call.name == REFUND and before.data.get("refStatus") in {"SUCC", "FAIL"} and call.data != before.data:
            yield Observation(seq=call.at, expected="the first answer", seen=f"refStatus {call.data.get('refStatus')}")


@rule("mobile-other-content-refused")
def mobile_other_content_refused(history: CaseHistory) -> Iterator[Observation]:
    """A number that was used before is refused with other content."""
    talk = mobile_talk(history)
    if talk is None:
        return
    first: dict[tuple[str, ...], MobileCall] = {}
    for call in talk.accepted(UPLOAD, PAY, REFUND):
        before = first.setdefault(submission(call), call)
        if content(before) != content(call):
            yield Observation(seq=call.at, expected=f"{named(call)} refused: used with other content", seen="success")


@rule("mobile-revokes-only-unpaid")
def mobile_revokes_only_unpaid(history: CaseHistory) -> Iterator[Observation]:
    """An order is revoked only while it is not paid."""
    talk = mobile_talk(history)
    if talk is None:
        return
    for step in order_steps(talk):
        if step.call.name != REVOKE or not step.call.accepted or step.before is None:
            continue
        if step.before.states <= PAID_STATES | REFUNDED_STATES | {"3", "14", "15", "16", "17"}:
            yield Observation(seq=step.call.at, expected="6401 refused: the order is paid, or over", seen="success")


@rule("mobile-order-is-its-owners")
def mobile_order_is_its_owners(history: CaseHistory) -> Iterator[Observation]:
    """An order is told, placed and revoked only for its own institution, token and person."""
    talk = mobile_talk(history)
    if talk is None:
        return
    for step in order_steps(talk):
        call, order = step.call, step.before
        if order is None or not call.accepted or call.name not in {PAY, QUERY, REVOKE}:
            continue
        due = {"payToken": order.created.get("payToken"), "orgCodg": order.upload.get("orgCodg")}
        if call.name != PAY:
            due |= {name: order.upload.get(name) for name in PERSON}
        for name, value in due.items():
            if call.asked.get(name) != value:
                yield Observation(seq=call.at, expected=f"{named(call)} refused for another {name}", seen="success")


def submission(call: MobileCall) -> tuple[str, ...]:
    """What tells one submission from another."""
    match call.name:
        case name if name == UPLOAD:
            return (UPLOAD, str(call.asked.get("orgCodg")), str(call.asked.get("medOrgOrd")))
        case name if name == PAY:
            return (PAY, str(call.asked.get("payOrdId")))
        case _:
            return (REFUND, str(call.asked.get("payOrdId")), str(call.asked.get("appRefdSn")))


def content(call: MobileCall) -> str:
    """What was submitted; of a refund its kind and parts, since who is asked again may be authorised anew."""
    if call.name != REFUND:
        return json.dumps(dict(call.asked), sort_keys=True, default=str)
    kept = ("refdType", "totlRefdAmt", "psnAcctRefdAmt", "fundRefdAmt", "cashRefdAmt")
    return json.dumps([call.asked.get(name) for name in kept], default=str)


def orders_at_end(talk: MobileTalk) -> list[OrderState]:
    """What is known of every order when the case is over."""
    return list(last_states(talk).values())


def _told(history: CaseHistory) -> Iterator[tuple[Step, frozenset[str], str]]:
    """What was told of an order's state, with what it had to be."""
    talk = mobile_talk(history)
    if talk is None:
        return
    for step in order_steps(talk):
        call, told = step.call, str(step.call.data.get("ordStas", ""))
        if not call.accepted or step.before is None or call.name not in TELLING or told in MEANINGLESS:
            continue
        if call.name == QUERY:
            yield step, step.before.states, told
        elif call.name == PAY and not _is_replay(step):
            yield step, step.after.states, told
        elif call.name == OWN_PAY and not step.before.states & {"2", "3"}:
            # Where nothing was to be paid, nothing is paid.
            yield step, step.before.states, "paid"
        elif call.name == OWN_PAY and call.asked.get("result") == "SUCCESS":
            yield step, step.after.states, told


def _is_replay(step: Step) -> bool:
    return step.call.name == PAY and step.before is not None and step.before.parts is not None


def _state(step: Step, expected: frozenset[str], seen: str) -> Observation:
    wanted = " or ".join(sorted(expected, key=int))
    return Observation(seq=step.call.at, expected=f"ordStas {wanted}", seen=f"ordStas {seen}")
