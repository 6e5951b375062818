"""What an accepted answer names: the order, visit, person and message of what was booked."""

from collections.abc import Iterator

from harness.judge.history import CaseHistory
from harness.rules.ledger import read_ledger
from harness.rules.registry import Observation, rule
from harness.rules.transactions import SETTLING, masked, shown, text

NAMED = (*SETTLING, "refund")
"""Commands whose accepted answer names a booking."""
PERSONAL = "psn_no"


@rule("answer-names-what-was-booked")
def answer_names_what_was_booked(history: CaseHistory) -> Iterator[Observation]:
    """An accepted answer names order, visit (mdtrt_id), person and message of the settlement or refund it reports."""
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
