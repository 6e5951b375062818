"""Taking back: reversals (2601) by the original's msgid, refunds (2103, 2208, 2305) by the settlement's id."""

from collections.abc import Iterator

from harness.judge.exchange import Exchange
from harness.judge.history import CaseHistory
from harness.rules.ledger import read_ledger
from harness.rules.registry import Observation, rule
from harness.rules.transactions import REFUNDS, earlier, is_repeat, journal_lines, masked, member, shown

REVERSIBLE = ("2102", "2102A", "2103", "2207", "2208", "2304", "2304A", "2305", "2401")
"""What 2601 may reverse (institution interface, 5.2.7.1 as quoted)."""
OINFNO = 4
"""Characters that oinfno has by the national table."""


@rule("reversal-names-original")
def reversal_names_original(history: CaseHistory) -> Iterator[Observation]:
    """A reversal names the msgid, the number and the person of a transaction that the adapter really sent."""
    for exchange in history.sent("2601"):
        seq = exchange.request.seq
        omsgid, oinfno = member(exchange, "omsgid"), member(exchange, "oinfno")
        originals = [e for e in earlier(history, exchange) if e.msgid == omsgid]
        durable = {number for line, msgid, number in journal_lines(history) if msgid == omsgid and line < seq}
        numbers = {e.infno for e in originals} or durable
        numbers |= {number[:OINFNO] for number in numbers}  # with four characters, 2207A goes as 2207
        if not numbers:
            yield Observation(
                seq=seq, expected="the msgid of a transaction that was sent", seen=f"omsgid {shown(omsgid)}"
            )
            continue
        if oinfno not in numbers:
            yield Observation(
                seq=seq, expected=f"oinfno {' or '.join(sorted(numbers))}", seen=f"oinfno {shown(oinfno)}"
            )
        elif oinfno[:OINFNO] not in REVERSIBLE:
            yield Observation(seq=seq, expected="a transaction that 2601 may reverse", seen=f"oinfno {oinfno}")
        yield from _same_person(exchange, originals)


def _same_person(exchange: Exchange, originals: list[Exchange]) -> Iterator[Observation]:
    persons = {member(e, "psn_no") for e in originals}
    person = member(exchange, "psn_no")
    if persons and person not in persons:
        yield Observation(
            seq=exchange.request.seq,
            expected=f"psn_no {masked(min(persons))} of the original",
            seen=f"psn_no {masked(person)}" if person else "no psn_no",
        )


@rule("refund-cites-original")
def refund_cites_original(history: CaseHistory) -> Iterator[Observation]:
    """A refund cites a settlement of this institution that stands, with its visit and person."""
    if not history.stood_in("platform"):
        return
    ledger = read_ledger(history)
    for exchange in history.sent(*REFUNDS):
        if is_repeat(history, exchange):
            continue
        seq = exchange.request.seq
        setl_id = member(exchange, "setl_id")
        institution = exchange.request.json.get("fixmedins_code")
        booking = next((b for b in ledger.bookings if b.setl_id == setl_id and b.seq < seq), None)
        if booking is None or booking.reverses:
            yield Observation(seq=seq, expected="the setl_id of a settlement", seen=f"setl_id {shown(setl_id)}")
        elif booking.institution != institution:
            yield Observation(
                seq=seq, expected="a settlement of this institution", seen=f"one of {booking.institution}"
            )
        elif booking.infno not in REFUNDS[exchange.infno]:
            due = " or ".join(REFUNDS[exchange.infno])
            yield Observation(seq=seq, expected=f"a settlement by {due}", seen=f"{setl_id}, a {booking.infno}")
        elif not ledger.stands(booking, seq):
            yield Observation(seq=seq, expected="a settlement that stands", seen=f"{setl_id}, already taken back")
        else:
            if member(exchange, "psn_no") != booking.psn_no:
                yield Observation(
                    seq=seq,
                    expected=f"psn_no {masked(booking.psn_no)}",
                    seen=f"psn_no {masked(member(exchange, 'psn_no'))}",
                )
            if booking.visit and member(exchange, "mdtrt_id") != booking.visit:
                yield Observation(
                    seq=seq,
                    expected=f"mdtrt_id {booking.visit}",
                    seen=f"mdtrt_id {shown(member(exchange, 'mdtrt_id'))}",
                )


@rule("taken-back-at-most-once")
def taken_back_at_most_once(history: CaseHistory) -> Iterator[Observation]:
    """A settlement is taken back at most once, in full, to the fen."""
    ledger = read_ledger(history)
    for booking in ledger.bookings:
        undoing = [b for b in ledger.bookings if b.reverses == booking.setl_id]
        for other in undoing:
            if any(twin.seq < other.seq and ledger.stands(twin, other.seq) for twin in undoing):
                yield Observation(
                    seq=other.seq,
                    expected=f"{booking.setl_id} is taken back once",
                    seen=f"{other.setl_id} does it again",
                )
            if any(other.amounts[part] != -amount for part, amount in booking.amounts.items()):
                yield Observation(seq=other.seq, expected=f"the negative of {booking.written}", seen=other.written)
