"""The money of a mobile-payment centre: splits add up and stay, accounts are conserved, refunds are of what is paid."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.judge.history import CaseHistory
from harness.judge.mobile_orders import PARTS, REFUND_PARTS, OrderState, Parts, amounts_of, order_steps
from harness.judge.mobile_talk import PLATFORM, MobileTalk, mobile_talk, ran
from harness.money import Fen, parse_yuan
from harness.rules.mobile_orders import orders_at_end
from harness.rules.registry import Observation, rule
from harness.wire.mobile_payment.answers import PAY, QUERY, REFUND
from harness.wire.mobile_payment.order_state import PAID_STATES, REFUNDED_STATES

INNER = {
    "medfee_sumamt": "feeSumamt",
    "fund_pay_sumamt": "fundPay",
    "acct_pay": "psnAcctPay",
    "psn_cash_pay": "ownPayAmt",
}
"""What preSetl calls the parts, and what 6202 itself does."""
INSURANCE_BACK = frozenset({"7", "8", "11"})
"""States in which fund and account have been given back."""


@rule("mobile-split-adds-up")
def mobile_split_adds_up(history: CaseHistory) -> Iterator[Observation]:
    """feeSumamt is fundPay, psnAcctPay and ownPayAmt together, none below zero, and what was uploaded."""
    talk = mobile_talk(history)
    if talk is None:
        return
    uploaded = {step.after.pay_ord_id: step.after.upload for step in order_steps(talk)}
    for seq, data in _amounts_told(talk):
        parts = amounts_of(data)
        if parts is None:
            continue
        total = _amount(data.get("feeSumamt"))
        if total != parts.total or min(parts.fund, parts.account, parts.own) < 0:
            yield Observation(seq=seq, expected=f"feeSumamt of {parts.total} fen", seen=f"{total} fen for {parts}")
        due = _amount(uploaded.get(str(data.get("payOrdId")), {}).get("medfeeSumamt"))
        if due is not None and total != due:
            yield Observation(seq=seq, expected=f"feeSumamt of {due} fen, as uploaded", seen=f"{total} fen")


@rule("mobile-amounts-stay")
def mobile_amounts_stay(history: CaseHistory) -> Iterator[Observation]:
    """What is told of an order's amounts later is what its 6202 said."""
    talk = mobile_talk(history)
    if talk is None:
        return
    placed = {state.pay_ord_id: state.parts for state in orders_at_end(talk)}
    for seq, data in _amounts_told(talk):
        parts, due = amounts_of(data), placed.get(str(data.get("payOrdId")))
        if parts is not None and due is not None and parts != due:
            yield Observation(seq=seq, expected=f"{due}, as 6202 said", seen=str(parts))


@rule("mobile-account-as-wished")
def mobile_account_as_wished(history: CaseHistory) -> Iterator[Observation]:
    """Who does not want the account used pays nothing from it."""
    talk = mobile_talk(history)
    if talk is None:
        return
    for step in order_steps(talk):
        if step.call.name != PAY or not step.call.accepted:
            continue
        wish = step.call.asked.get("acctUsedFlag") or step.after.upload.get("acctUsedFlag")
        taken = _amount(step.call.data.get("psnAcctPay"))
        if wish == "0" and taken:
            yield Observation(seq=step.call.at, expected="psnAcctPay 0.00", seen=f"{taken} fen")


@rule("mobile-pre-settlement-agrees")
def mobile_pre_settlement_agrees(history: CaseHistory) -> Iterator[Observation]:
    """The pre-settlement within 6202 has the amounts that 6202 itself has."""
    talk = mobile_talk(history)
    if talk is None:
        return
    for call in talk.accepted(PAY):
        extended = call.data.get("extData")
        inner = extended.get("preSetl") if isinstance(extended, dict) else None
        if not isinstance(inner, dict):
            yield Observation(seq=call.at, expected="preSetl with the pre-settlement", seen="none")
            continue
        for name, outer in INNER.items():
            if _amount(inner.get(name)) != _amount(call.data.get(outer)):
                yield Observation(seq=call.at, expected=f"{name} as {outer}", seen="another amount")


@rule("mobile-account-conserved")
def mobile_account_conserved(history: CaseHistory) -> Iterator[Observation]:
    """A person's account moves by what orders take from it and refunds give back to it, and by nothing else."""
    talk = mobile_talk(history)
    if talk is None:
        return
    accounts: dict[str, _Account] = {}
    for step in order_steps(talk):
        call, order = step.call, step.after
        account = accounts.setdefault(str(order.upload.get("idNo")), _Account())
        if call.name == PAY and call.accepted and (step.before is None or step.before.parts is None):
            found = _before_payment(call.data)
            if found is not None and account.known is not None and found != account.known:
                yield Observation(
                    seq=call.at, expected=f"an account of {account.known} fen", seen=f"{found} fen before this order"
                )
            account.known = found
        account.note(order)


@dataclass
class _Account:
    """One person's account, as far as orders tell; `known` is what it holds now, None while nobody can know."""

    known: Fen | None = None
    taken: dict[str, Fen] = field(default_factory=dict)
    in_doubt: set[str] = field(default_factory=set)

    def note(self, order: OrderState) -> None:
        """Take what became of an order."""
        taken = self.taken.get(order.pay_ord_id, Fen(0))
        if order.parts is None:
            return
        if not order.certain or order.refund_in_doubt or order.states <= {"3", "14", "17"}:
            self.known = None
            self.in_doubt.add(order.pay_ord_id)
            return
        if order.pay_ord_id in self.in_doubt:
            # Whether it was booked before the account was told last, or after, nobody knows.
            self.in_doubt.discard(order.pay_ord_id)
            self.known = None
        now = order.parts.account if order.states <= PAID_STATES | {"9", "10"} else Fen(0)
        if self.known is not None:
            self.known = Fen(self.known + taken - now)
        self.taken[order.pay_ord_id] = now


@rule("mobile-refund-of-paid")
def mobile_refund_of_paid(history: CaseHistory) -> Iterator[Observation]:
    """Only what was paid is refunded: not before it is, not after it was revoked or has failed."""
    talk = mobile_talk(history)
    if talk is None:
        return
    for step in order_steps(talk):
        if step.call.name != REFUND or not step.call.accepted or step.before is None:
            continue
        serial = str(step.call.asked.get("appRefdSn"))
        refundable = step.before.states & (PAID_STATES | REFUNDED_STATES | {"17"})
        if serial not in step.before.refunds and not refundable:
            yield Observation(seq=step.call.at, expected="6203 refused: nothing was paid", seen="success")


@rule("mobile-refund-within-paid")
def mobile_refund_within_paid(history: CaseHistory) -> Iterator[Observation]:
    """Refunds give back at most what was paid: fund and account whole and once, the own part to its last fen."""
    talk = mobile_talk(history)
    if talk is None:
        return
    for step in order_steps(talk):
        call, order = step.call, step.before
        if call.name != REFUND or not call.accepted or order is None or order.parts is None:
            continue
        serial = str(call.asked.get("appRefdSn"))
        given = amounts_of(call.asked, REFUND_PARTS)
        if serial in order.refunds or given is None or call.data.get("refStatus") == "FAIL":
            continue
        if why := _beyond(order, str(call.asked.get("refdType")), given, call.asked):
            yield Observation(seq=call.at, expected="6203 refused", seen=f"success, though {why}")


@rule("mobile-ledger-agrees")
def mobile_ledger_agrees(history: CaseHistory) -> Iterator[Observation]:
    """The platform's ledger holds each paid order once, with its parts, and nothing of one that was not, or no more."""
    talk = mobile_talk(history)
    if talk is None or not talk.terms["use_platform"] or not history.stood_in(PLATFORM) or not ran(history):
        return
    orders = orders_at_end(talk)
    for id_no in dict.fromkeys(str(order.upload.get("idNo")) for order in orders):
        mine = [order for order in orders if order.upload.get("idNo") == id_no]
        if any(not order.certain or order.refund_in_doubt or order.states & {"14", "17"} for order in mine):
            continue
        due = [order.parts for order in mine if order.parts and order.states <= PAID_STATES | {"9", "10"}]
        booked = [event for event in history.named("booked") if event["id_no"] == id_no]
        undone = {event["reverses"] for event in booked if event["reverses"]}
        stand = [event for event in booked if not event["reverses"] and event["setl_id"] not in undone]
        seen = sorted((e["total_fen"], e["fund_fen"], e["account_fen"], e["cash_fen"]) for e in stand)
        wanted = sorted((parts.total, parts.fund, parts.account, parts.own) for parts in due)
        if seen != wanted:
            at = booked[-1].seq if booked else history.records[-1].seq
            yield Observation(
                seq=at,
                expected=f"{len(wanted)} settlements, {sum(row[0] for row in wanted)} fen",
                seen=f"{len(seen)} settlements, {sum(row[0] for row in seen)} fen",
            )


def _beyond(order: OrderState, kind: str, given: Parts, asked: Mapping[str, Any]) -> str:
    """Why a refund is not what can be given back; empty when it is."""
    paid, back = order.parts or Parts(), order.refunded
    if order.refund_in_doubt:
        back = Parts()
    after = back + given
    if min(given.fund, given.account, given.own) < 0 or not given.total:
        return "it gives back nothing, or less than nothing"
    if _amount(asked.get("totlRefdAmt")) != given.total:
        return "its parts do not add up"
    if after.fund > paid.fund or after.account > paid.account or after.own > paid.own:
        return f"{after} is more than {paid}"
    if kind == "CASH" and given.insurance:
        return "it gives back fund or account as CASH"
    if kind == "HI" and (given.own or (given.fund, given.account) != (paid.fund, paid.account)):
        return "fund and account go back whole"
    if kind == "ALL" and given != paid:
        return "ALL is all of it"
    return ""


def _amounts_told(talk: MobileTalk) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Everything that told amounts of an order, at its record."""
    for call in talk.accepted(PAY, QUERY):
        if any(name in call.data for name in PARTS.values()):
            yield call.at, {"payOrdId": call.asked.get("payOrdId"), **call.data}
    for notice in talk.notices:
        if not notice.pain and not notice.disturbed:
            yield notice.seq, notice.data


def _before_payment(placed: Mapping[str, Any]) -> Fen | None:
    """What the account held before an order, by its pre-settlement; None where a family's account pays too."""
    extended = placed.get("extData")
    inner = extended.get("preSetl") if isinstance(extended, dict) else None
    if not isinstance(inner, dict):
        return None
    balance, account = _amount(inner.get("balc")), _amount(inner.get("acct_pay"))
    if balance is None or account is None or _amount(inner.get("acct_mulaid_pay")):
        return None
    return Fen(balance + account)


def _amount(value: object) -> Fen | None:
    try:
        return parse_yuan(str(value))
    except ValueError:
        return None
