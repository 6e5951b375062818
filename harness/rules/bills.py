"""The bills page of a channel: what the person finds there after a settlement that they paid with its code.

Which channels have such a page is data (`fixtures/channels_bills.toml`, assumed).
"""

from collections.abc import Iterator

from fixtures.channels import bill_channels
from fixtures.population import institutions
from harness.judge.history import CaseHistory, Event
from harness.money import Fen, format_yuan
from harness.rules.ledger import Booking, Ledger, read_ledger
from harness.rules.platform_duties import MOCK
from harness.rules.registry import Observation, rule
from harness.rules.transactions import SETTLEMENTS, SPLIT, VOUCHER, member, shown, text


@rule("one-bill-a-settlement", whole=True)
def one_bill_a_settlement(history: CaseHistory) -> Iterator[Observation]:
    """What was settled or taken back by the code of a channel with a bills page is one bill there, as it was booked."""
    if not all(history.stood_in(kind) for kind in ("phone", "platform", "voucher-centre")):
        return
    ledger, bills = read_ledger(history), history.named("bill")
    lost = {str(event["setl_id"]) for event in history.named("bill-undelivered")}
    due = _due(history, ledger)
    for booking in ledger.bookings:
        mine = [bill for bill in bills if str(bill["setl_id"]) == booking.setl_id]
        channel = due.get(booking.setl_id, "")
        if not channel:
            for bill in mine:
                yield Observation(
                    seq=bill.seq, expected="no bill: no code of a channel with a bills page paid", seen="a bill"
                )
        elif len(mine) != 1:
            if history.whole and not (not mine and booking.setl_id in lost):
                yield Observation(
                    seq=booking.seq, expected=f"one bill in the channel {channel}", seen=f"{len(mine)} bills"
                )
        else:
            yield from _as_booked(mine[0], booking, channel)
    booked = {booking.setl_id for booking in ledger.bookings}
    for bill in bills:
        if str(bill["setl_id"]) not in booked:
            yield Observation(seq=bill.seq, expected="a booking for every bill", seen="a bill of nothing")


def _as_booked(bill: Event, booking: Booking, channel: str) -> Iterator[Observation]:
    """What a bill says otherwise than the booking that it is of."""
    if bill["chnl"] != channel:
        yield Observation(seq=bill.seq, expected=f"a bill in the channel {channel}", seen=shown(bill["chnl"]))
    amounts = {part: bill[f"{part}_fen"] for part in SPLIT}
    if amounts != booking.amounts:
        told = {part: Fen(amount) for part, amount in amounts.items() if isinstance(amount, int)}
        yield Observation(
            seq=bill.seq,
            expected=f"a bill of {booking.written}",
            seen=", ".join(f"{part} {format_yuan(amount)}" for part, amount in told.items()) or "no amounts",
        )
    if str(bill["reverses"] or "") != booking.reverses:
        yield Observation(
            seq=bill.seq,
            expected=f"a bill that takes back {booking.reverses or 'nothing'}",
            seen=f"one that takes back {bill['reverses'] or 'nothing'}",
        )
    name = next((known.name for known in institutions() if known.code == booking.institution), "")
    if name and bill["institution"] != name:
        yield Observation(
            seq=bill.seq, expected=f"the name of {booking.institution}", seen=shown(text(bill["institution"]))
        )


def _due(history: CaseHistory, ledger: Ledger) -> dict[str, str]:
    """The channel in which each booking has to be found, by setl_id: the one in which the payment was confirmed."""
    exempt = {str(event["msgid"]) for event in history.named("password-exempt")}
    scanned = {str(event["token"]): str(event["digits"]) for event in history.named("token-issued")}
    shown_in = {str(event["digits"]): str(event["chnl"]) for event in history.named("code-shown")}
    paid_by = {
        exchange.msgid: member(exchange, "mdtrt_cert_no")
        for exchange in history.sent(*SETTLEMENTS)
        if member(exchange, "mdtrt_cert_type") == VOUCHER
        and text(exchange.request.json.get("signtype")) != MOCK
        and exchange.msgid not in exempt
    }
    due: dict[str, str] = {}
    for booking in ledger.bookings:
        token = paid_by.get(booking.msgid, "")
        channel = due.get(booking.reverses, "") if booking.reverses else shown_in.get(scanned.get(token, ""), "")
        if channel in bill_channels():
            due[booking.setl_id] = channel
    return due
