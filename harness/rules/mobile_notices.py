"""The notices of a mobile-payment centre (6302): sealed, of what is paid, true, sent until the hospital takes them."""

import itertools
from collections.abc import Iterator

from harness.judge.history import CaseHistory
from harness.judge.mobile_orders import OrderState, amounts_of, last_states, order_steps, states_at
from harness.judge.mobile_talk import NS, MobileTalk, Notice, mobile_talk, ran
from harness.rules.registry import Observation, rule
from harness.wire.mobile_payment.answers import QUERY
from harness.wire.mobile_payment.order_state import PAID_STATES, REFUNDED_STATES

PAID_CALL = "02"
AFTER_PAYMENT = PAID_STATES | REFUNDED_STATES | {"17"}
LONGEST = {"payOrdId": 64, "callType": 8, "medOrgOrd": 64, "traceTime": 40, "revsToken": 64}
"""Characters of a notice's members."""
DUE = (*LONGEST, "feeSumamt", "ownPayAmt", "psnAcctPay", "fundPay", "setlType")
LATE_NS = NS
"""How much later than due an attempt may be on a clock that goes by itself; one that is stepped leaves no such time."""


@rule("mobile-notice-sealed")
def mobile_notice_sealed(history: CaseHistory) -> Iterator[Observation]:
    """Every notice is signed and encrypted as agreed, of this application, version and time."""
    talk = mobile_talk(history)
    if talk is None:
        return
    for notice in talk.notices:
        if notice.pain and not notice.disturbed:
            yield Observation(seq=notice.seq, expected="a notice under a good seal", seen=notice.pain)


@rule("mobile-notice-of-paid")
def mobile_notice_of_paid(history: CaseHistory) -> Iterator[Observation]:
    """The hospital is told of an order's payment when it is paid, and not before."""
    talk = mobile_talk(history)
    if talk is None:
        return
    for notice in _readable(talk):
        states = states_at(talk, notice.seq).get(notice.pay_ord_id)
        if states is None and not talk.terms["virtual"]:
            continue  # a centre that lives on may tell of what others have ordered, or earlier cases
        if states is None:
            yield Observation(seq=notice.seq, expected="a notice of an order of ours", seen="of another")
        elif not states & AFTER_PAYMENT:
            yield Observation(seq=notice.seq, expected="a notice of a paid order", seen=f"ordStas {min(states)}")


@rule("mobile-notice-true")
def mobile_notice_true(history: CaseHistory) -> Iterator[Observation]:
    """A notice says of its order what 6201, 6202 and 6301 say, and the same each time that it is sent."""
    talk = mobile_talk(history)
    if talk is None:
        return
    orders = last_states(talk)
    told = {str(call.asked.get("payOrdId")): call.data for call in talk.accepted(QUERY) if "revsToken" in call.data}
    first: dict[str, Notice] = {}
    for notice in _readable(talk):
        before = first.setdefault(notice.pay_ord_id, notice)
        if before.data != notice.data:
            yield Observation(seq=notice.seq, expected="the same notice as before", seen="another")
        order = orders.get(notice.pay_ord_id)
        if order is None:
            continue
        due = {"callType": PAID_CALL, "medOrgOrd": order.upload.get("medOrgOrd"), "setlType": _setl_type(order)}
        due |= {name: told.get(notice.pay_ord_id, notice.data).get(name) for name in ("revsToken", "traceTime")}
        for name, value in due.items():
            if value and notice.data.get(name) != value:
                yield Observation(seq=notice.seq, expected=f"{name} of its order", seen="another")
        for name in DUE:
            text = notice.data.get(name)
            if not isinstance(text, str) or not text or len(text) > LONGEST.get(name, len(text)):
                yield Observation(seq=notice.seq, expected=f"{name} in its form", seen=type(text).__name__)
        if (parts := amounts_of(notice.data)) is not None and order.parts is not None and parts != order.parts:
            yield Observation(seq=notice.seq, expected=str(order.parts), seen=str(parts))


@rule("mobile-notice-until-taken")
def mobile_notice_until_taken(history: CaseHistory) -> Iterator[Observation]:
    """A notice that is not taken is sent again when it is due, as often as agreed; one that is taken, never again."""
    talk = mobile_talk(history)
    if talk is None:
        return
    waits = _waits(talk)
    copies = max(1, talk.seconds("callback_copies"))
    late_ns = 0 if history.named("clock-step") else LATE_NS
    for attempts in _by_order(talk).values():
        if any(notice.disturbed for notice in attempts):
            continue
        taken = [number for number, notice in enumerate(attempts) if notice.taken]
        if taken and len(attempts) - taken[0] > copies:
            at = attempts[taken[0] + copies].seq
            yield Observation(seq=at, expected="no notice after it was taken", seen="another")
        for number, (one, other) in enumerate(itertools.pairwise(attempts)):
            if one.taken:
                break
            if number >= len(waits):
                yield Observation(seq=other.seq, expected=f"{len(waits) + 1} attempts at most", seen="another")
            elif other.at_ns < _failed_ns(one, talk) + waits[number]:
                yield Observation(
                    seq=other.seq, expected=f"the next attempt after {waits[number] // NS} s", seen="sooner"
                )
        last = attempts[-1]
        if not last.taken and len(attempts) <= len(waits) and ran(history):
            due_ns = _failed_ns(last, talk) + waits[len(attempts) - 1] + late_ns
            if history.records[-1].at_ns >= due_ns:
                yield Observation(seq=last.seq, expected="another attempt, since it was not taken", seen="none")


@rule("mobile-notice-sent")
def mobile_notice_sent(history: CaseHistory) -> Iterator[Observation]:
    """The hospital is told of every order that is paid."""
    talk = mobile_talk(history)
    if talk is None or not ran(history):
        return
    told = {notice.pay_ord_id for notice in talk.notices}
    on_notices = [event for event in history.named("fault-fired") if event["message"] == "6302"]
    if on_notices:
        return
    end_ns, after_ns = history.records[-1].at_ns, talk.seconds("callback_after_s") * NS
    for pay_ord_id, order in last_states(talk).items():
        paid = [
            s.call for s in order_steps(talk) if s.after.pay_ord_id == pay_ord_id and s.after.states <= AFTER_PAYMENT
        ]
        late = paid and paid[0].seq > talk.listens and end_ns >= paid[0].answered_ns + after_ns
        if late and order.states <= AFTER_PAYMENT and pay_ord_id not in told:
            yield Observation(seq=paid[0].at, expected="a notice of this order", seen="none")


@rule("mobile-hospital-settles")
def mobile_hospital_settles(history: CaseHistory) -> Iterator[Observation]:
    """Where an order waits for the hospital it is 4 until that has taken the notice, then 5, and 6 in its time."""
    talk = mobile_talk(history)
    if talk is None or not talk.terms["hospital_settles"]:
        return
    after_ns, by_itself = talk.seconds("settles_after_s") * NS, not history.named("clock-step")
    for step in order_steps(talk):
        call, told = step.call, str(step.call.data.get("ordStas", ""))
        if call.name != QUERY or not call.accepted or told not in PAID_STATES:
            continue
        mine = [one for one in talk.notices if one.pay_ord_id == step.after.pay_ord_id and one.seq < call.at]
        taken = next((one for one in mine if one.taken), None)
        if taken is None:
            if told != "4":
                yield Observation(seq=call.at, expected="ordStas 4: the hospital has not taken the notice", seen=told)
            continue
        due_ns = taken.answered_ns + after_ns
        if told == "6" and call.answered_ns < due_ns:
            yield Observation(seq=call.at, expected="ordStas 6 not before its time", seen="6")
        # How long a centre takes for it is told by a clock that goes by itself alone.
        elif by_itself and told != "6" and not taken.disturbed and call.asked_ns > due_ns + LATE_NS:
            yield Observation(seq=call.at, expected="ordStas 6: the hospital has taken the notice", seen=told)


def _readable(talk: MobileTalk) -> Iterator[Notice]:
    return (notice for notice in talk.notices if not notice.disturbed and not notice.pain)


def _by_order(talk: MobileTalk) -> dict[str, list[Notice]]:
    found: dict[str, list[Notice]] = {}
    for notice in talk.notices:
        found.setdefault(notice.pay_ord_id, []).append(notice)
    return found


def _waits(talk: MobileTalk) -> list[int]:
    """Nanoseconds before each retry."""
    return [int(part) * NS for part in str(talk.terms["callback_retries"]).split(",") if part.strip().isdigit()]


def _failed_ns(notice: Notice, talk: MobileTalk) -> int:
    """When the centre knew that a notice was not taken."""
    return notice.answered_ns or notice.at_ns + talk.seconds("callback_s") * NS


def _setl_type(order: OrderState) -> str:
    """Who pays: HI, CASH or both."""
    parts = order.parts
    if parts is None:
        return ""
    if not parts.insurance:
        return "CASH"
    return "ALL" if parts.own else "HI"
