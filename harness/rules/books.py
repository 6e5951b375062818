"""The adapter's books against the platform's: order by order, and the totals of a day."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from harness.clock import BEIJING, NS
from harness.judge.counter_talk import Operation
from harness.judge.history import CaseHistory
from harness.money import Fen
from harness.rules.ledger import Booking, Ledger, read_ledger, summed, written
from harness.rules.registry import Observation, rule
from harness.rules.times import stamped_day
from harness.rules.transactions import BOOKING, REFUNDS, SPLIT, as_object, fen, settled_at, shown, text

TAKEN_BACK = {"refunded": ("refunded",), "reversed": ("reversed", "refused")}
"""What the adapter may call a settlement that no longer stands, by how it was taken back."""


@rule("books-agree")
def books_agree(history: CaseHistory) -> Iterator[Observation]:
    """At the end, the adapter's books and the platform's hold the same settlements, states and amounts."""
    asked = [o for o in history.doing("books") if o.outcome == "accepted"]
    if not asked or not history.stood_in("platform"):
        return
    operation = asked[-1]
    seq, content = operation.last_seq, operation.answer.content if operation.answer else {}
    listed = content.get("entries")
    entries = [as_object(entry) for entry in listed] if isinstance(listed, list) else []
    if history.adapter_is_older:
        sold = {operation.order for operation in history.operations}
        entries = [entry for entry in entries if text(entry.get("order")) in sold]
    doubtful = {text(e.get("order")) for e in entries if e.get("state") == "unknown" and not _resolved(history, seq)}
    ledger = read_ledger(history)
    unmatched = [entry for entry in entries if text(entry.get("order")) not in doubtful]
    for booking in _own(history, ledger, seq):
        if booking.order in doubtful:
            continue
        state = _state(ledger, booking, seq)
        entry = _entry_of(booking, state, unmatched)
        if entry is None:
            if state != "reversed":
                yield Observation(
                    seq=seq,
                    expected=f"{booking.setl_id} of {booking.order}, {state}: {booking.written}",
                    seen="no such entry in the adapter's books",
                )
            continue
        unmatched.remove(entry)
        yield from _compared(seq, booking, state, entry)
    for entry in unmatched:
        if entry.get("state") in {"settled", "refunded"} and not _is_refund_line(entry):
            yield Observation(
                seq=seq,
                expected=f"nothing for {shown(entry.get('order'))}, as in the platform's books",
                seen=f"{entry['state']}, {shown(entry.get('setl_id'))}",
            )


def _resolved(history: CaseHistory, seq: int) -> bool:
    """Whether the adapter has claimed, before this record, that nothing is unknown any more."""
    return any(o.outcome == "accepted" and o.last_seq < seq for o in history.doing("resolve"))


def _own(history: CaseHistory, ledger: Ledger, seq: int, *, refunds: bool = False) -> list[Booking]:
    """The settlements of the institution whose adapter answered, and their refunds if those are wanted too."""
    code = text(as_object(history.hello_at(seq).get("institution")).get("code"))
    wanted = ledger.bookings if refunds else ledger.settlements()
    return [b for b in wanted if b.seq < seq and (not code or b.institution == code)]


def _state(ledger: Ledger, booking: Booking, seq: int) -> str:
    undone = ledger.undone_by(booking, seq)
    if undone is None:
        return "settled"
    return "refunded" if undone.infno in REFUNDS else "reversed"


def _entry_of(booking: Booking, state: str, entries: list[dict[str, Any]]) -> dict[str, Any] | None:
    for name, value in (("msgid", booking.msgid), ("setl_id", booking.setl_id)):
        for entry in entries:
            if value and text(entry.get(name)) == value:
                return entry
    allowed = TAKEN_BACK.get(state, (state,))
    for entry in entries:
        if text(entry.get("order")) == booking.order and entry.get("state") in allowed:
            return entry
    return None


def _compared(seq: int, booking: Booking, state: str, entry: dict[str, Any]) -> Iterator[Observation]:
    who = f"{booking.setl_id} of {booking.order}"
    if entry.get("state") not in TAKEN_BACK.get(state, (state,)):
        yield Observation(seq=seq, expected=f"{who}: {state}", seen=shown(entry.get("state")))
        return
    if text(entry.get("order")) != booking.order:
        yield Observation(seq=seq, expected=f"{who}", seen=f"order {shown(entry.get('order'))}")
    if state == "settled" and text(entry.get("setl_id")) != booking.setl_id:
        yield Observation(seq=seq, expected=f"{who}: its setl_id", seen=f"setl_id {shown(entry.get('setl_id'))}")
    if text(entry.get("infno"))[:4] != booking.infno[:4]:
        yield Observation(seq=seq, expected=f"{who}: a {booking.infno}", seen=f"infno {shown(entry.get('infno'))}")
    given = {part: amount for part in SPLIT if (amount := fen(entry.get(part))) is not None}
    if state != "reversed" and any(abs(given.get(p, Fen(-1))) != amount for p, amount in booking.amounts.items()):
        yield Observation(seq=seq, expected=f"{who}: {booking.written}", seen=written(given))


def _is_refund_line(entry: dict[str, Any]) -> bool:
    """Whether an entry is a refund of its own beside the settlement, as some books have it."""
    return text(entry.get("infno")) in REFUNDS and (fen(entry.get("total")) or 0) <= 0


@rule("totals-agree")
def totals_agree(history: CaseHistory) -> Iterator[Observation]:
    """The day's totals that the adapter tells are those of the bookings that stand at the platform."""
    if not history.stood_in("platform"):
        return
    for operation in history.doing("totals"):
        if operation.answer is None or operation.outcome != "accepted" or in_doubt(history, operation):
            continue
        seq, content = operation.last_seq, operation.answer.content
        day = text(operation.command.content.get("day")) or text(operation.command.content.get("at"))[:10]
        settled, refunded = movements_of(history, seq, day)
        sums, count = summed([*settled, *refunded]), len(settled) - len(refunded)
        told = {part: amount for part in SPLIT if (amount := fen(content.get(part))) is not None}
        if told != sums or content.get("count") != count:
            yield Observation(
                seq=seq,
                expected=f"{count} {_settlements(count)}, {written(sums)}",
                seen=f"{shown(content.get('count'))} {_settlements(content.get('count'))}, {written(told)}",
            )


def _settlements(count: object) -> str:
    return "settlement" if count == 1 else "settlements"


def movements_of(history: CaseHistory, seq: int, day: str) -> tuple[list[Booking], list[Booking]]:
    """The settlements and the refunds of a day (yyyy-MM-dd) of the institution whose adapter answers at a record.

    What was reversed, and the reversal, count on no day.
    """
    ledger = read_ledger(history)
    that_day = [b for b in _own(history, ledger, seq, refunds=True) if day_of(history, b).isoformat() == day]
    undone = {booking: ledger.undone_by(booking, seq) for booking in that_day}
    kept = [b for b, undoing in undone.items() if undoing is None or undoing.infno in REFUNDS]
    return [b for b in kept if not b.reverses], [b for b in kept if b.infno in REFUNDS]


def day_of(history: CaseHistory, booking: Booking) -> date:
    """The day of a booking: the platform's, or the one that an adapter with its own clock has put on its message."""
    first = next((exchange for exchange in history.sent(booking.infno) if exchange.msgid == booking.msgid), None)
    stamped = stamped_day(history, first)
    return stamped or datetime.fromtimestamp(booking.at_ns // NS, tz=UTC).astimezone(BEIJING).date()


def in_doubt(history: CaseHistory, operation: Operation) -> bool:
    """Whether something was still unknown to the adapter when it added up."""
    for exchange in history.sent(*BOOKING):
        if exchange.request.seq < operation.last_seq:
            known = settled_at(history, exchange)
            if known is None or known > operation.last_seq:
                return True
    return False
