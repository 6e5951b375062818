"""What the platform booked in a case, and which of it stands at a moment: the events `booked` as one ledger.

A booking stands from its record on until another standing booking reverses it. Nothing is computed from what the
adapter says. No rule lives here.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from harness.judge.history import CaseHistory, Event
from harness.money import Fen, format_yuan
from harness.rules.transactions import SPLIT, head_of, is_interim, order_of, text


@dataclass(frozen=True, kw_only=True, eq=False)
class Booking:
    """One settlement (positive) or its reversal or refund (negative), in fen."""

    seq: int
    at_ns: int
    setl_id: str
    msgid: str
    infno: str
    institution: str
    psn_no: str
    id_no: str
    visit: str
    order: str
    invoice: str
    amounts: dict[str, Fen]
    balance: Fen
    reverses: str
    batch: str = ""
    """chrg_bchno of an outpatient settlement, as it was sent."""
    interim: bool = False
    """A settlement of a stay before its end, as it was sent."""

    @property
    def written(self) -> str:
        """The amounts for an observation."""
        return written(self.amounts)


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """The platform's bookings of a case, in order."""

    bookings: tuple[Booking, ...]

    def stands(self, booking: Booking, at: int) -> bool:
        """Whether a booking stands at a record."""
        return booking.seq <= at and self.undone_by(booking, at) is None

    def undone_by(self, booking: Booking, at: int) -> Booking | None:
        """The standing booking that reverses this one at a record."""
        for other in self.bookings:
            if booking.seq < other.seq <= at and other.reverses == booking.setl_id and self.stands(other, at):
                return other
        return None

    def settlements(self) -> list[Booking]:
        """Every booking that is no reversal of another."""
        return [booking for booking in self.bookings if not booking.reverses]

    def standing(self, at: int) -> list[Booking]:
        """The settlements that stand at a record."""
        return [booking for booking in self.settlements() if self.stands(booking, at)]

    def standing_of(self, order: str, at: int) -> list[Booking]:
        """The settlements of an order that stand at a record."""
        return [booking for booking in self.standing(at) if booking.order == order]

    def find(self, setl_id: str) -> Booking | None:
        """The booking of a settlement id."""
        return next((booking for booking in self.bookings if booking.setl_id == setl_id), None)


def read_ledger(history: CaseHistory) -> Ledger:
    """The ledger of a case."""
    sent = {exchange.msgid: exchange for exchange in reversed(history.sent())}
    orders: dict[str, str] = {}
    bookings = []
    for event in history.named("booked"):
        msgid, invoice, reverses = str(event["msgid"]), str(event["order"] or ""), str(event["reverses"] or "")
        order = order_of(history, sent[msgid]) if msgid in sent and not reverses else ""
        order = order or orders.get(reverses) or invoice
        orders[str(event["setl_id"])] = order
        booking = _booking(event, order=order, invoice=invoice, reverses=reverses)
        if msgid in sent and not reverses:
            batch = text(head_of(sent[msgid]).get("chrg_bchno"))
            booking = replace(booking, batch=batch, interim=is_interim(sent[msgid]))
        bookings.append(booking)
    return Ledger(bookings=tuple(bookings))


def _booking(event: Event, *, order: str, invoice: str, reverses: str) -> Booking:
    return Booking(
        seq=event.seq,
        at_ns=event.at_ns,
        setl_id=str(event["setl_id"]),
        msgid=str(event["msgid"]),
        infno=str(event["infno"]),
        institution=str(event["institution"]),
        psn_no=str(event["psn_no"]),
        id_no=str(event["id_no"]),
        visit=str(event["mdtrt_id"] or ""),
        order=order,
        invoice=invoice,
        amounts={part: Fen(int(event[f"{part}_fen"] or 0)) for part in SPLIT},
        balance=Fen(int(event["balance_fen"] or 0)),
        reverses=reverses,
    )


def written(amounts: dict[str, Fen]) -> str:
    """Amounts for an observation: `total 25.00, fund 10.00, …`."""
    return ", ".join(f"{part} {format_yuan(amount)}" for part, amount in amounts.items()) or "no amounts"


def summed(bookings: Iterable[Booking]) -> dict[str, Fen]:
    """The sums of bookings, part by part."""
    totals = dict.fromkeys(SPLIT, Fen(0))
    for booking in bookings:
        for part in SPLIT:
            totals[part] = Fen(totals[part] + booking.amounts[part])
    return totals
