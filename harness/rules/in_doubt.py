"""What is in doubt: how often it is asked for at once, and that neither `resolve` nor the books say more than is known.

That it is cleared up before anything else is booked is a rule of `journal`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from harness.judge.counter_talk import Operation
from harness.judge.exchange import Exchange
from harness.judge.history import CaseHistory
from harness.rules.registry import Observation, rule
from harness.rules.transactions import (
    DOUBTFUL,
    REFUNDS,
    SETTLEMENTS,
    as_object,
    member,
    operation_of,
    resolutions,
    settled_at,
    settlement_of,
    shown,
    text,
)

AT_ONCE = 3
"""How often a message may be reversed within one command of the cashier."""


@rule("reversal-tried-three-times")
def reversal_tried_three_times(history: CaseHistory) -> Iterator[Observation]:
    """A message in doubt is reversed three times at most within one command; then its outcome is unknown."""
    tried: Counter[tuple[int, str]] = Counter()
    for exchange in history.sent("2601"):
        operation = operation_of(history, exchange)
        if operation is None:
            continue
        key = (operation.command.seq, member(exchange, "omsgid"))
        tried[key] += 1
        if tried[key] == AT_ONCE + 1:
            yield Observation(
                seq=exchange.request.seq,
                expected=f"{AT_ONCE} reversals of {key[1]} at most in one {operation.verb!r}",
                seen="one more",
            )


@rule("resolve-tells-what-is-known")
def resolve_tells_what_is_known(history: CaseHistory) -> Iterator[Observation]:
    """`resolve` is accepted only once every settlement, refund and admission in doubt has been cleared up."""
    for operation in history.doing("resolve"):
        if operation.outcome != "accepted":
            continue
        for exchange in _in_doubt(history, operation):
            yield Observation(
                seq=operation.last_seq,
                expected=f"unknown: what came of {exchange.infno} {exchange.msgid} nobody has told",
                seen="accepted",
            )


def _in_doubt(history: CaseHistory, operation: Operation) -> list[Exchange]:
    """What nobody has cleared up when a command is answered."""
    doubtful = [e for e in history.sent(*DOUBTFUL) if e.unknown and e.request.seq < operation.last_seq]
    known = ((exchange, settled_at(history, exchange)) for exchange in doubtful)
    return [exchange for exchange, at in known if at is None or at > operation.last_seq]


@rule("books-tell-what-is-known")
def books_tell_what_is_known(history: CaseHistory) -> Iterator[Observation]:
    """The books have an entry for every settlement that was sent, in the state that its answers tell of."""
    for operation in history.doing("books"):
        if operation.answer is None or operation.outcome != "accepted":
            continue
        listed = operation.answer.content.get("entries")
        entries = [as_object(entry) for entry in listed] if isinstance(listed, list) else []
        states = {text(entry.get("msgid")): entry.get("state") for entry in entries}
        for msgid, exchange in _firsts(history, operation.last_seq).items():
            due = _states_due(history, exchange, operation.last_seq)
            if not due:
                continue
            who = f"{exchange.infno} {msgid}"
            if msgid not in states:
                yield Observation(seq=operation.last_seq, expected=f"an entry of {who}", seen="none")
            elif states[msgid] not in due:
                yield Observation(
                    seq=operation.last_seq, expected=f"{who}: {' or '.join(due)}", seen=shown(states[msgid])
                )


def _firsts(history: CaseHistory, seq: int) -> Mapping[str, Exchange]:
    """The settlements that were sent before a record, each where it was sent first."""
    found: dict[str, Exchange] = {}
    for exchange in history.sent(*SETTLEMENTS):
        if exchange.request.seq < seq:
            found.setdefault(exchange.msgid, exchange)
    return found


def _states_due(history: CaseHistory, exchange: Exchange, seq: int) -> tuple[str, ...]:
    """What the books may say of a settlement at a record, going by its answers alone; empty for anything."""
    asked = [other for other in resolutions(history, exchange) if other.request.seq < seq]
    told = [other for other in asked if other.legible]
    if told:
        last = told[-1]
        if last.infno != "2601":
            return ()
        return ("reversed",) if last.granted else ("reversed", "refused", "unknown")
    if exchange.unknown:
        return ("unknown",)
    if asked or not exchange.legible:
        return ()
    if not exchange.granted:
        return ("refused",)
    refund = _refund_in_doubt(history, settlement_of(exchange), seq)
    return ("unknown",) if refund else ("settled", "refunded")


def _refund_in_doubt(history: CaseHistory, settled: Mapping[str, Any], seq: int) -> bool:
    """Whether the last refund of a settlement has no answer yet at a record."""
    setl_id = text(settled.get("setl_id"))
    refunds = [e for e in history.sent(*REFUNDS) if e.request.seq < seq and member(e, "setl_id") == setl_id]
    if not setl_id or not refunds or not refunds[-1].unknown:
        return False
    known = settled_at(history, refunds[-1])
    return known is None or known > seq
