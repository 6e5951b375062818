"""What became of each order at a mobile-payment centre, by what the hospital said and was told: a replay of the talk.

    for step in order_steps(talk):
        step.call, step.before, step.after      # a call about an order, and what was known of that around it

What nobody can know, since an answer was lost or the platform was in trouble, is several possible states at once; the
next 6301 says which it is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from harness.judge.mobile_talk import NS, MobileCall, MobileTalk
from harness.money import Fen, parse_yuan
from harness.wire.mobile_payment.answers import OWN_PAY, PAY, QUERY, REFUND, REFUND_DECISION, REVOKE, UPLOAD
from harness.wire.mobile_payment.order_state import LEADS, PAID_STATES

SAVED, TO_PAY, OWN_PAID, REVOKED, FAILED, NOT_REVERSED, REFUNDING = "0", "2", "3", "12", "15", "16", "17"
IN_DOUBT = frozenset({TO_PAY, OWN_PAID, "13", "14", FAILED, REFUNDING}) | PAID_STATES
"""What an order may be while the platform has not answered."""
PARTS = {"fund": "fundPay", "account": "psnAcctPay", "own": "ownPayAmt"}
REFUND_PARTS = {"fund": "fundRefdAmt", "account": "psnAcctRefdAmt", "own": "cashRefdAmt"}
_NOTHING = Fen(0)


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Who pays what, in fen."""

    fund: Fen = _NOTHING
    account: Fen = _NOTHING
    own: Fen = _NOTHING

    @property
    def total(self) -> Fen:
        """All of it."""
        return Fen(self.fund + self.account + self.own)

    @property
    def insurance(self) -> Fen:
        """Fund and account."""
        return Fen(self.fund + self.account)

    def __add__(self, other: "Parts") -> "Parts":
        return Parts(
            fund=Fen(self.fund + other.fund),
            account=Fen(self.account + other.account),
            own=Fen(self.own + other.own),
        )

    def __str__(self) -> str:
        return f"{self.total} = {self.fund} + {self.account} + {self.own} fen"


@dataclass(frozen=True, kw_only=True)
class OrderState:
    """What can be known of an order at a moment."""

    pay_ord_id: str
    upload: Mapping[str, Any]
    """The data of its 6201."""
    created: Mapping[str, Any]
    states: frozenset[str] = frozenset({SAVED})
    """The states in which it may be."""
    why: str = "created"
    """What made it so: created, placed, own-paid, failed, revoked, refund, unpaid, told, doubt."""
    parts: Parts | None = None
    """As 6202 said."""
    placed_ns: tuple[int, int] = (0, 0)
    """When 6202 was asked and answered."""
    refunded: Parts = field(default_factory=Parts)
    refunds: Mapping[str, str] = field(default_factory=dict)
    """refStatus by appRefdSn, of what was told."""
    refund_in_doubt: bool = False
    own_paid: bool = False
    """Whether the person has paid the own part."""
    own_stays: bool = False
    """Whether the payment channel will not give the own part back: then what fails has failed twice."""

    @property
    def certain(self) -> bool:
        """Whether there is one state in which it can be, or it is simply paid."""
        return len(self.states) == 1 or self.states <= PAID_STATES

    @property
    def paid(self) -> bool:
        """Whether it is paid for certain, or was and something of it was given back."""
        return self.states <= PAID_STATES | {"7", "8", "9", "10", "11"}

    @property
    def batch(self) -> tuple[str, str, str]:
        """What is charged once: institution, visit, charge batch."""
        upload = self.upload
        return str(upload.get("orgCodg")), str(upload.get("iptOtpNo")), str(upload.get("chrgBchno"))


@dataclass(frozen=True, kw_only=True)
class Step:
    """A call about an order, and what was known of the order before and after it; `before` is None at its first."""

    call: MobileCall
    before: OrderState | None
    after: OrderState


@lru_cache(maxsize=4)
def order_steps(talk: MobileTalk) -> tuple[Step, ...]:
    """Every call about an order that is known, in the order of the answers."""
    return tuple(_replay(talk))


def last_states(talk: MobileTalk) -> dict[str, OrderState]:
    """What is known of each order at the end of the case."""
    return {step.after.pay_ord_id: step.after for step in order_steps(talk)}


def states_at(talk: MobileTalk, seq: int) -> dict[str, frozenset[str]]:
    """The states in which each order may have been at a record, with what was asked before it, answered or not."""
    found: dict[str, frozenset[str]] = {}
    for step in order_steps(talk):
        if step.call.seq < seq:
            kept = found.get(step.after.pay_ord_id, frozenset())
            # A call that was answered only later may have done its work already.
            found[step.after.pay_ord_id] = step.after.states if step.call.at < seq else kept | step.after.states
    return found


def amounts_of(data: Mapping[str, Any], names: Mapping[str, str] = MappingProxyType(PARTS)) -> Parts | None:
    """The parts in an answer or a notice; None when they are not all there as amounts."""
    try:
        return Parts(**{part: parse_yuan(str(data[name])) for part, name in names.items()})
    except (KeyError, ValueError):
        return None


def after_refunds(parts: Parts, back: Parts) -> str:
    """The state that refunds make of a paid order; empty when nothing was given back."""
    if back.total == 0:
        return ""
    if back.total == parts.total:
        return "7"
    if parts.insurance and back.insurance == parts.insurance:
        return "11" if back.own else "8"
    return "9" if back.own == parts.own else "10"


def _replay(talk: MobileTalk) -> Iterator[Step]:
    known: dict[str, OrderState] = {}
    for call in sorted(talk.calls, key=lambda call: call.at):
        before = known.get(_order_of(call))
        if before is not None:
            before = _aged(before, talk, call)
        after = _after(before, call, talk)
        if after is not None:
            known[after.pay_ord_id] = after
            yield Step(call=call, before=before, after=after)


def _order_of(call: MobileCall) -> str:
    return str((call.data if call.name == UPLOAD else call.asked).get("payOrdId") or "")


def _aged(order: OrderState, talk: MobileTalk, call: MobileCall) -> OrderState:
    """The same order at the time of a call: who does not pay in time loses it, who pays by themselves may have paid."""
    if TO_PAY not in order.states or order.parts is None:
        return order
    unpaid_s, pays_s = talk.seconds("unpaid_s"), talk.seconds("pays_after_s")
    asked_from, placed_until = order.placed_ns
    if not talk.own_doors or (pays_s and call.answered_ns >= asked_from + pays_s * NS):
        return replace(
            order, states=order.states | PAID_STATES | {OWN_PAID, FAILED, REVOKED, NOT_REVERSED}, why="doubt"
        )
    if not unpaid_s or order.states != {TO_PAY} or order.why == "doubt":
        return order
    if call.asked_ns >= placed_until + unpaid_s * NS:
        return replace(order, states=frozenset({REVOKED}), why="unpaid")
    if call.answered_ns >= asked_from + unpaid_s * NS:
        return replace(order, states=frozenset({TO_PAY, REVOKED}), why="unpaid")
    return order


def _after(before: OrderState | None, call: MobileCall, talk: MobileTalk) -> OrderState | None:
    if before is None:
        return _created(call)
    if not call.known:
        return _perhaps(before, call)
    if not call.accepted:
        return before
    in_trouble = any(seq < call.at for seq in talk.platform_faults)
    data, told = call.data, str(call.data.get("ordStas", ""))
    match call.name:
        case name if name == PAY and before.parts is None:
            placed = replace(
                before,
                parts=amounts_of(data),
                placed_ns=(call.asked_ns, call.answered_ns),
                states=frozenset({TO_PAY}),
                why="placed",
            )
            if placed.parts is None or placed.parts.own:
                return placed
            # Where the person pays nothing, it is settled at once, unless the platform is in trouble.
            if in_trouble and told not in PAID_STATES:
                return _loose(placed) if told == TO_PAY else replace(placed, states=frozenset({told}))
            return replace(placed, states=PAID_STATES)
        case name if name == OWN_PAY:
            if call.asked.get("result") != "SUCCESS":
                return replace(before, states=frozenset({FAILED}), why="failed")
            before = replace(before, own_paid=True, own_stays=call.asked.get("reversal") == "FAIL")
            if told in {TO_PAY, OWN_PAID}:
                return _loose(before)
            if told in {FAILED, NOT_REVERSED}:
                return replace(before, states=frozenset({_failed(before)}), why="own-paid")
            return replace(before, states=PAID_STATES if told in PAID_STATES else frozenset({told}), why="own-paid")
        case name if name == QUERY:
            return _queried(before, told)
        case name if name == REVOKE:
            return replace(before, states=frozenset({REVOKED}), why="revoked")
        case name if name in {REFUND, REFUND_DECISION}:
            return _refunded(before, call, talk)
        case _:
            return before


def _created(call: MobileCall) -> OrderState | None:
    if call.name != UPLOAD or not call.accepted or not call.data.get("payOrdId"):
        return None
    return OrderState(pay_ord_id=str(call.data["payOrdId"]), upload=call.asked, created=call.data)


def _refunded(before: OrderState, call: MobileCall, talk: MobileTalk) -> OrderState:
    serial, status = str(call.asked.get("appRefdSn")), str(call.data.get("refStatus"))
    if before.refunds.get(serial) == "SUCC":
        return before
    refunds = {**before.refunds, serial: status}
    given = amounts_of(call.asked, REFUND_PARTS) or Parts()
    if status == "SUCC":
        back = before.refunded + (given if call.name == REFUND else _asked_before(talk, call, serial))
        state = after_refunds(before.parts or Parts(), back)
        states = frozenset({state}) if state else before.states
        return replace(before, refunded=back, refunds=refunds, states=states, why="refund", refund_in_doubt=False)
    if status == "EXP":
        return replace(before, refunds=refunds, states=frozenset({REFUNDING}), why="doubt", refund_in_doubt=True)
    # What failed leaves the order as it was before: paid, or as earlier refunds made it.
    earlier = after_refunds(before.parts or Parts(), before.refunded)
    states = frozenset({earlier}) if earlier else PAID_STATES
    return replace(before, refunds=refunds, states=states, why="refund", refund_in_doubt=False)


def _asked_before(talk: MobileTalk, call: MobileCall, serial: str) -> Parts:
    """The parts of a refund that a person decides about."""
    for other in talk.calls:
        if other.name == REFUND and other.seq < call.seq and str(other.asked.get("appRefdSn")) == serial:
            return amounts_of(other.asked, REFUND_PARTS) or Parts()
    return Parts()


def _perhaps(before: OrderState, call: MobileCall) -> OrderState:
    """Nobody knows what was done: as before, or as after."""
    match call.name:
        case name if name in {PAY, OWN_PAY}:
            return _loose(before)
        case name if name == REVOKE:
            return replace(before, states=before.states | {REVOKED}, why="doubt")
        case name if name in {REFUND, REFUND_DECISION}:
            states = before.states | {"7", "8", "9", "10", "11", REFUNDING}
            return replace(before, states=states, why="doubt", refund_in_doubt=True)
        case _:
            return before


def _queried(before: OrderState, told: str) -> OrderState:
    """What a 6301 says is so; what is paid may go on by itself, and what is still in doubt may end."""
    if told in PAID_STATES:
        return replace(before, states=frozenset({told}) | (PAID_STATES & LEADS[told]), why="told")
    if before.why == "doubt" and before.own_paid and told in {TO_PAY, OWN_PAID}:
        return replace(before, states=before.states & (LEADS[told] | {told}))
    return replace(before, states=frozenset({told}), why="told")


def _failed(order: OrderState) -> str:
    """The state of an order whose insurance part has failed."""
    return NOT_REVERSED if order.own_stays else FAILED


def _loose(order: OrderState) -> OrderState:
    return replace(order, states=order.states | (IN_DOUBT - {FAILED}) | {_failed(order)}, why="doubt")
