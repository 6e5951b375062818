"""What an accepted answer names: the order, visit, person and message of what was booked."""

from collections.abc import Iterator

from harness.judge.counter_talk import Operation
from harness.judge.history import CaseHistory
from harness.money import format_yuan
from harness.rules.ledger import Booking, read_ledger
from harness.rules.registry import Observation, rule
from harness.rules.transactions import SETTLING, as_object, fen, masked, shown, text

NAMED = (*SETTLING, "refund")
"""Commands whose accepted answer names a booking."""
PERSONAL = "psn_no"


@rule("answer-names-what-was-booked")
def answer_names_what_was_booked(history: CaseHistory) -> Iterator[Observation]:
    """An accepted answer names order, visit, person, message and sign of the settlement or refund that it reports."""
    bookings = {booking.setl_id: booking for booking in read_ledger(history).bookings}
    for operation in history.doing(*NAMED):
        if operation.answer is None or operation.outcome != "accepted":
            continue
        said = operation.answer.content
        booking = bookings.get(text(said.get("setl_id")))
        if booking is None:
            continue  # `outcome-agrees-with-books` says so
        wanted = (
            ("order", operation.order),
            ("mdtrt_id", booking.visit),
            (PERSONAL, booking.psn_no),
            ("msgid", booking.msgid),
        )
        for name, due in wanted:
            told = text(said.get(name))
            if due and told and told != due:
                personal = name == PERSONAL
                yield Observation(
                    seq=operation.last_seq,
                    expected=f"{name} of {booking.setl_id}" + ("" if personal else f": {shown(due)}"),
                    seen=f"{name} {masked(told) if personal else shown(told)}",
                )
        yield from _turned(operation, booking)


def _turned(operation: Operation, booking: Booking) -> Iterator[Observation]:
    """The amounts of a refund are told below zero, those of a settlement above it."""
    told = as_object(operation.answer.content.get("amounts")) if operation.answer is not None else {}
    for part, due in booking.amounts.items():
        said = fen(told.get(part))
        if said and said == -due:
            yield Observation(
                seq=operation.last_seq,
                expected=f"{part} {format_yuan(due)} of {booking.setl_id}",
                seen=f"{part} {format_yuan(said)}",
            )
