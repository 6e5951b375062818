"""The adapter's journal and what it owes to a transaction whose outcome it cannot know."""

from collections.abc import Iterator

from harness.judge.exchange import Exchange
from harness.judge.history import CaseHistory
from harness.rules.ledger import Ledger, read_ledger
from harness.rules.registry import Observation, rule
from harness.rules.transactions import (
    BOOKING,
    DOUBTFUL,
    JOURNALLED,
    REFUNDS,
    journal_lines,
    later,
    member,
    operation_of,
    order_of,
    resolutions,
    same_transaction,
    settled_at,
)

FINAL = ("accepted", "refused")


@rule("journal-before-send")
def journal_before_send(history: CaseHistory) -> Iterator[Observation]:
    """The msgid of a settlement, refund, admission or reversal is durable in the journal before it is sent."""
    durable = list(journal_lines(history))
    for exchange in history.sent(*JOURNALLED):
        seq, msgid = exchange.request.seq, exchange.msgid
        if not any(line < seq and known == msgid for line, known, _ in durable):
            after = [line for line, known, _ in durable if known == msgid]
            seen = f"journalled only afterwards, in record {after[0]}" if after else "never journalled"
            yield Observation(seq=seq, expected=f"a journal event of {msgid} before this {exchange.infno}", seen=seen)


@rule("unknown-resolved")
def unknown_resolved(history: CaseHistory) -> Iterator[Observation]:
    """A settlement, refund or admission without a readable answer is cleared up before anything else is booked."""
    ledger = read_ledger(history)
    starts = [told for told, _ in history.hellos]
    dead = bool(history.crashes) and max(history.crashes) > max(starts, default=-1)
    for exchange in history.sent(*DOUBTFUL):
        if not exchange.unknown:
            continue
        seq = exchange.request.seq
        known = settled_at(history, exchange)
        booked = _next_booking(history, exchange)
        if booked is not None and (known is None or known > booked.request.seq):
            again = _order(history, ledger, exchange) == _order(history, ledger, booked) != ""
            yield Observation(
                seq=booked.request.seq,
                expected=f"{exchange.infno} {exchange.msgid} is cleared up before anything else is booked",
                seen=f"{booked.infno} {booked.msgid}, {'its order once more' if again else 'another order'}",
            )
        if history.whole and not dead and not resolutions(history, exchange):
            yield Observation(
                seq=seq,
                expected=f"a 2601 naming {exchange.msgid}, or the same transaction again, before the case ends",
                seen="neither",
            )
        operation = operation_of(history, exchange)
        hasty = operation is not None and operation.outcome in FINAL
        if operation is not None and hasty and (known is None or known > operation.last_seq):
            yield Observation(
                seq=operation.last_seq,
                expected=f"unknown, until {exchange.infno} {exchange.msgid} is cleared up",
                seen=operation.outcome,
            )


def _next_booking(history: CaseHistory, exchange: Exchange) -> Exchange | None:
    """The first settlement or refund after this, of whichever order; after an admission also the next admission."""
    numbers = BOOKING if exchange.infno in BOOKING else (*BOOKING, exchange.infno)
    return next((e for e in later(history, exchange, *numbers) if not same_transaction(e, exchange)), None)


def _order(history: CaseHistory, ledger: Ledger, exchange: Exchange) -> str:
    """The order of a settlement, or of the settlement that a refund cites."""
    if exchange.infno not in REFUNDS:
        return order_of(history, exchange)
    booking = ledger.find(member(exchange, "setl_id"))
    if booking is not None:
        return booking.order
    operation = operation_of(history, exchange)
    return operation.order if operation else ""
