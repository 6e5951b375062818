"""Where no cashier stands: who asks is in the envelope, and nothing is given out before it is paid."""

from collections.abc import Iterator

from harness.judge.counter_talk import Operation, PortLine
from harness.judge.history import CaseHistory
from harness.rules.ledger import read_ledger
from harness.rules.registry import Observation, rule
from harness.rules.transactions import (
    ADMISSION,
    IDENTIFYING,
    PERSONAL,
    SETTLEMENTS,
    as_object,
    shown,
    text,
    way_of,
)

OPTER_TYPE = {"window": "1", "self-service": "2", "mobile": "3"}
"""opter_type of the envelope (经办人类别): an operator, a self-service terminal, a mobile terminal."""
ASKED_FOR = (*PERSONAL, "2203", "2204", "2208")
"""What somebody's business consists of; what takes it back after a failure is the adapter's own doing."""
SELF_SERVICE = "SelfService"
"""deviceType of an ec.query from a self-service terminal."""
SLIPS = ("register", "pay", "admit", "settle")
"""Commands that end with a slip at a hospital's self-service machine."""


@rule("way-in-envelope")
def way_in_envelope(history: CaseHistory) -> Iterator[Observation]:
    """Envelope and decoding say where the business is done: opter_type by the way, deviceType at self-service only."""
    for operation in history.doing(*IDENTIFYING):
        way = way_of(operation)
        due = OPTER_TYPE.get(way)
        for exchange in history.sent(*ASKED_FOR):
            seen = text(exchange.request.json.get("opter_type"))
            if due and operation.spans(exchange.request.seq) and seen != due:
                yield Observation(
                    seq=exchange.request.seq, expected=f"opter_type {due} ({way})", seen=f"opter_type {shown(seen)}"
                )
        for query in history.queries():
            device = text(as_object(query.request.readable.get("data")).get("deviceType"))
            wanted = SELF_SERVICE if way == "self-service" else ""
            if operation.spans(query.request.seq) and device != wanted:
                yield Observation(
                    seq=query.request.seq,
                    expected=f"deviceType {shown(wanted)} ({way})",
                    seen=f"deviceType {shown(device)}",
                )


@rule("released-after-settlement")
def released_after_settlement(history: CaseHistory) -> Iterator[Observation]:
    """Goods or a slip are released once, after the settlement was accepted, before the answer, never otherwise."""
    ledger = read_ledger(history)
    for operation in history.operations:
        due = _due(operation)
        released = [event for event in operation.events if _is_released(event)]
        accepted = _accepted_at(history, operation)
        for event in released:
            what = text(event.content.get("what"))
            if not due:
                yield Observation(seq=event.seq, expected="nothing released here", seen=what)
            elif what != due or text(event.content.get("order")) != operation.order:
                yield Observation(
                    seq=event.seq,
                    expected=f"{due} of {operation.order}",
                    seen=f"{what} of {shown(event.content.get('order'))}",
                )
            elif accepted is None or accepted > event.seq:
                yield Observation(seq=event.seq, expected="an accepted settlement before", seen=f"{what} released")
            elif operation.verb != "admit" and not ledger.standing_of(operation.order, event.seq):
                yield Observation(seq=event.seq, expected="a settlement that stands", seen=f"{what} released")
        if due and operation.outcome == "accepted" and len(released) != 1:
            yield Observation(
                seq=operation.last_seq,
                expected=f"{due} of {shown(operation.order)} released once: {operation.verb} is accepted",
                seen=f"{len(released)} times",
            )
        if due and operation.outcome in {"refused", "unknown"} and released:
            yield Observation(seq=released[0].seq, expected=f"nothing: {operation.outcome}", seen="released")


def _is_released(event: PortLine) -> bool:
    """Whether goods or a slip left the counter; what a hall's terminal prints is another rule's."""
    return event.content.get("event") == "released" and event.content.get("what") != "proof"


def _due(operation: Operation) -> str:
    """What an accepted command gives out; empty where a cashier does."""
    way = way_of(operation)
    if operation.verb == "purchase" and way in {"self-service", "mobile"}:
        return "goods"
    return "slip" if operation.verb in SLIPS and way == "self-service" else ""


def _accepted_at(history: CaseHistory, operation: Operation) -> int | None:
    """The record with which the adapter could know that its settlement or admission was accepted."""
    wanted = (ADMISSION,) if operation.verb == "admit" else SETTLEMENTS
    known = [
        e.reply.seq
        for e in history.sent(*wanted)
        if e.granted and e.reply is not None and operation.spans(e.request.seq)
    ]
    return known[-1] if known else None
