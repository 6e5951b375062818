"""Details of fees: those that were ordered, no other, and the settlement is exactly what was uploaded."""

from collections.abc import Iterator
from typing import Any

from harness.judge.counter_talk import Operation
from harness.judge.exchange import Exchange
from harness.judge.history import CaseHistory
from harness.money import Fen, format_yuan
from harness.rules.lines import wrong_lines
from harness.rules.registry import Observation, rule
from harness.rules.transactions import (
    PRE_SETTLEMENTS,
    SETTLEMENTS,
    as_object,
    earlier,
    fen,
    head_of,
    is_repeat,
    operation_of,
    rows_of,
    settlement_of,
    shown,
    text,
)
from harness.rules.visits import SCOPE, UPLOADS, Detail, mdtrt_id_of, read_visits

OF_VISITS = ("2206", "2206A", "2207", "2207A", "2303", "2304")
SETTLING_VISITS = tuple(infno for infno in SETTLEMENTS if infno != "2102")


@rule("details-cover-settlement")
def details_cover_settlement(history: CaseHistory) -> Iterator[Observation]:
    """What is settled is the sum of the details that stand uploaded and unsettled, none of them in doubt."""
    visits = read_visits(history)
    for exchange in history.sent(*OF_VISITS):
        seq, head = exchange.request.seq, head_of(exchange)
        visit = visits.at(mdtrt_id_of(exchange), seq)
        if visit is None or is_repeat(history, exchange):
            continue
        details = visit.unsettled(text(head.get("chrg_bchno")))
        doubtful = [detail.number for detail in details if not detail.certain]
        total = Fen(sum(detail.amount for detail in details))
        if doubtful:
            yield Observation(
                seq=seq, expected="uploads whose outcome is known", seen=f"{len(doubtful)} details in doubt"
            )
        elif fen(head.get("medfee_sumamt")) != total:
            yield Observation(
                seq=seq,
                expected=f"medfee_sumamt {format_yuan(total)}, the sum of {len(details)} details",
                seen=f"medfee_sumamt {shown(text(head.get('medfee_sumamt')))}",
            )


@rule("details-as-ordered")
def details_as_ordered(history: CaseHistory) -> Iterator[Observation]:
    """The details that are uploaded are those that were ordered, kept or charged: code, level, price and amount."""
    for exchange in history.sent(*UPLOADS):
        operation = operation_of(history, exchange)
        wanted = _ordered(history, operation) if operation is not None else None
        if wanted is None:
            continue
        for due, seen in wrong_lines(wanted, rows_of(exchange), how="ordered"):
            yield Observation(seq=exchange.request.seq, expected=due, seen=seen)


def _ordered(history: CaseHistory, operation: Operation) -> list[dict[str, Any]] | None:
    """The lines that a command is about; None when that cannot be told. A registration's fee has no code to compare."""
    if operation.verb == "register":
        fee = _fee(history, operation)
        return None if fee is None else [{"price": fee, "quantity": "1", "amount": fee}]
    return ordered_rows(history, operation)


def ordered_rows(history: CaseHistory, operation: Operation) -> list[dict[str, Any]] | None:
    """The lines that a command sells, charges, pays or keeps, as the counter port has them; None for any other."""
    match operation.verb:
        case "purchase" | "charge":
            return _rows(operation)
        case "pay" | "refund-part":
            fees = [o for o in history.doing("fees") if o.order == operation.order and o.outcome == "accepted"]
            if not fees:
                return None
            kept = _kept(history, operation)
            return [row for place, row in enumerate(_rows(fees[-1])) if kept is None or place in kept]
        case _:
            return None


def _kept(history: CaseHistory, operation: Operation) -> set[int] | None:
    """The lines that a partial refund keeps, also one that was begun earlier and whose rest is paid now."""
    for other in reversed(history.doing("refund-part")):
        if other.order == operation.order and other.command.seq <= operation.command.seq:
            keep = other.command.content.get("keep")
            return {place for place in keep if isinstance(place, int)} if isinstance(keep, list) else set()
    return None


def _fee(history: CaseHistory, operation: Operation) -> object:
    slots = {
        text(row.get("slot")): row.get("fee")
        for told in history.doing("slots")
        if told.answer is not None and told.command.seq < operation.command.seq
        for row in map(as_object, told.answer.content.get("slots") or [])
    }
    locks = [o for o in history.doing("lock") if o.order == operation.order and o.outcome == "accepted"]
    return slots.get(text(locks[-1].command.content.get("slot"))) if locks else None


def _rows(operation: Operation) -> list[dict[str, Any]]:
    lines = operation.command.content.get("lines")
    return [as_object(line) for line in lines] if isinstance(lines, list) else []


@rule("scope-as-uploaded")
def scope_as_uploaded(history: CaseHistory) -> Iterator[Observation]:
    """The four amounts of scope of a settlement are those of the answers to its uploads or of its pre-settlement."""
    visits = read_visits(history)
    for exchange in history.sent(*SETTLING_VISITS):
        head = head_of(exchange)
        visit = visits.at(mdtrt_id_of(exchange), exchange.request.seq)
        if visit is None or is_repeat(history, exchange):
            continue
        sent = tuple(fen(head.get(name)) for name in SCOPE)
        allowed = [*_of_pre_settlement(history, exchange), *_of_uploads(visit.unsettled(text(head.get("chrg_bchno"))))]
        if allowed and sent not in allowed:
            yield Observation(
                seq=exchange.request.seq,
                expected=f"{', '.join(SCOPE)}: {_written(allowed[0])}",
                seen=_written(sent),
            )


def _of_pre_settlement(history: CaseHistory, exchange: Exchange) -> list[tuple[Fen | None, ...]]:
    found = [
        settlement_of(other)
        for other in earlier(history, exchange, *PRE_SETTLEMENTS[exchange.infno])
        if other.granted and mdtrt_id_of(other) == mdtrt_id_of(exchange)
    ]
    last = tuple(fen(found[-1].get(name)) for name in SCOPE) if found else ()
    return [last] if last and None not in last else []


def _of_uploads(details: list[Detail]) -> list[tuple[Fen | None, ...]]:
    scopes = [detail.scope for detail in details]
    known = [scope for scope in scopes if scope is not None]
    if not known or len(known) < len(scopes):
        return []
    return [tuple(Fen(sum(parts)) for parts in zip(*known, strict=True))]


def _written(amounts: tuple[Fen | None, ...]) -> str:
    return ", ".join("nothing" if amount is None else format_yuan(amount) for amount in amounts)
