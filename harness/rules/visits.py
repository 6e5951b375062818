"""What a tape says of visits and stays: which were opened, what lies in them, what of it is settled, at any record.

Read from the adapter's transactions and the platform's answers alone, as somebody sees it who knows both. No rule lives
here.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation

from harness.judge.exchange import Exchange
from harness.judge.history import CaseHistory
from harness.money import Fen
from harness.rules.ledger import Booking, read_ledger
from harness.rules.transactions import ADMISSION, as_object, fen, head_of, member, reply_output, rows_of, text

OPENING = ("2201", ADMISSION)
UPLOADS, WITHDRAWALS = ("2204", "2301"), ("2205", "2302")
CLOSING = ("2202", "2404")
IN_A_VISIT = (
    "2202", "2203", "2203A", "2204", "2205", "2206", "2206A", "2207", "2207A", "2301", "2302", "2303", "2304", "2402",
    "2404",
)  # fmt: skip
"""Transactions that name a visit by its mdtrt_id, refunds apart."""
ALL = "0000"
"""chrg_bchno of 2205, and feedetl_sn of 2302, that stands for all that is unsettled."""
SCOPE = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")
"""The four amounts of scope of a settlement."""
OF_UPLOAD = ("fulamt_ownpay_amt", "overlmt_amt", "preselfpay_amt", "inscp_scp_amt")
"""The same four, as the answer to an upload calls them."""


@dataclass(frozen=True, kw_only=True)
class Detail:
    """One detail of fees as it was uploaded."""

    number: str
    batch: str
    seq: int
    """The record of its upload."""
    price: str
    quantity: str
    amount: Fen
    scope: tuple[Fen, ...] | None
    """The four amounts that the platform gave it; None when its answer cannot be read."""
    certain: bool
    """Whether the platform is known to have it; False while the upload's outcome is unknown."""
    settled_by: str = ""


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One visit or stay at a moment."""

    mdtrt_id: str
    psn_no: str
    order: str
    """The command that opened it."""
    stay: bool
    opened: int
    described: bool = False
    """2203 was accepted."""
    discharged: int = 0
    """The record with which its 2402 was accepted; 0 before."""
    closed: int = 0
    """The record with which 2202 or 2404 was accepted; 0 before."""
    details: Mapping[str, Detail] = field(default_factory=dict)

    def unsettled(self, batch: str = "") -> list[Detail]:
        """The details that no settlement in force holds, of a batch if one is named."""
        return [d for d in self.details.values() if not d.settled_by and (not batch or d.batch == batch)]


@dataclass(frozen=True, kw_only=True)
class Visits:
    """All visits of a case, with every change of each."""

    changes: Mapping[str, tuple[tuple[int, Visit], ...]]

    def at(self, mdtrt_id: str, seq: int) -> Visit | None:
        """A visit as it was before a record; None while it is not known to be open."""
        found = None
        for moment, visit in self.changes.get(mdtrt_id, ()):
            if moment >= seq:
                break
            found = visit
        return found

    def last(self) -> list[Visit]:
        """Every visit as it was left, in the order in which they were opened."""
        return [changes[-1][1] for changes in self.changes.values()]


def read_visits(history: CaseHistory) -> Visits:
    """The visits of a case."""
    reader = _Reader(history)
    bookings: list[Exchange | Booking] = list(reader.ledger.bookings)
    sent: list[Exchange | Booking] = [e for e in history.sent() if e.infno in {*OPENING, *IN_A_VISIT}]
    for happened in sorted([*bookings, *sent], key=_when):
        reader.take(happened)
    return Visits(changes={mdtrt_id: tuple(changes) for mdtrt_id, changes in reader.log.items()})


def mdtrt_id_of(exchange: Exchange) -> str:
    """The visit that a transaction is about; of an opening the one that its answer gives, empty without one."""
    if exchange.infno not in OPENING:
        return member(exchange, "mdtrt_id")
    output = reply_output(exchange)
    return text(as_object(output.get("data")).get("mdtrt_id")) or text(as_object(output.get("result")).get("mdtrt_id"))


def plain(value: object) -> str:
    """A number so that `12.5`, `12.50` and the number 12.5 are the same."""
    try:
        return format(Decimal(text(value)).normalize(), "f")
    except InvalidOperation:
        return text(value)


def _when(happened: Exchange | Booking) -> int:
    if isinstance(happened, Booking):
        return happened.seq
    return happened.reply.seq if happened.reply is not None else happened.request.seq


class _Reader:
    """Plays transactions and bookings of a case in their order."""

    def __init__(self, history: CaseHistory) -> None:
        self._history = history
        self._held: dict[str, frozenset[str]] = {}
        """The details of each settlement."""
        self.ledger = read_ledger(history)
        self.log: dict[str, list[tuple[int, Visit]]] = {}

    def take(self, happened: Exchange | Booking) -> None:
        """What happened next."""
        if not isinstance(happened, Booking) and happened.infno in OPENING:
            self._open(happened)
            return
        mdtrt_id = happened.visit if isinstance(happened, Booking) else mdtrt_id_of(happened)
        if mdtrt_id not in self.log:
            return
        before = self.log[mdtrt_id][-1][1]
        after = self._booked(before, happened) if isinstance(happened, Booking) else _changed(before, happened)
        if after is not before:
            self.log[mdtrt_id].append((_when(happened), after))

    def _open(self, exchange: Exchange) -> None:
        mdtrt_id = mdtrt_id_of(exchange)
        if not exchange.granted or not mdtrt_id or mdtrt_id in self.log:
            return
        operation = self._history.operation_at(exchange.request.seq)
        visit = Visit(
            mdtrt_id=mdtrt_id,
            psn_no=member(exchange, "psn_no"),
            order=operation.order if operation else "",
            stay=exchange.infno == ADMISSION,
            opened=_when(exchange),
        )
        self.log[mdtrt_id] = [(_when(exchange), visit)]

    def _booked(self, visit: Visit, booking: Booking) -> Visit:
        if not booking.reverses:
            mine = frozenset(detail.number for detail in visit.unsettled(booking.batch))
            self._held[booking.setl_id] = mine
            return _settled(visit, mine, booking.setl_id)
        original = self.ledger.find(booking.reverses)
        if original is not None and original.reverses:
            return _settled(visit, self._held.get(original.reverses, frozenset()), original.reverses)
        return _settled(visit, self._held.get(booking.reverses, frozenset()), "")


def _settled(visit: Visit, numbers: Collection[str], by: str) -> Visit:
    details = {
        number: replace(detail, settled_by=by, certain=True) if number in numbers else detail
        for number, detail in visit.details.items()
    }
    return replace(visit, details=details)


def _changed(visit: Visit, exchange: Exchange) -> Visit:
    granted, perhaps = exchange.granted, exchange.unknown
    match exchange.infno:
        case "2203" | "2203A" if granted:
            return replace(visit, described=True)
        case "2402" if granted or perhaps:
            return replace(visit, discharged=_when(exchange))
        case "2202" | "2404" if granted:
            return replace(visit, closed=_when(exchange))
        case "2204" | "2301" if granted or perhaps:
            return replace(visit, details={**visit.details, **_uploaded(exchange, visit)})
        case "2205" | "2302" if exchange.legible or perhaps:
            return _withdrawn(visit, exchange)
        case _:
            return visit


def _uploaded(exchange: Exchange, visit: Visit) -> dict[str, Detail]:
    results = reply_output(exchange).get("result")
    told = {text(as_object(row).get("feedetl_sn")): as_object(row) for row in results or [] if row}
    found = {}
    for row in rows_of(exchange):
        number = text(row.get("feedetl_sn"))
        known = visit.details.get(number)
        if known is not None and known.certain and not exchange.granted:
            continue
        scope = tuple(fen(told.get(number, {}).get(name)) for name in OF_UPLOAD)
        found[number] = Detail(
            number=number,
            batch=text(row.get("chrg_bchno")),
            seq=exchange.request.seq,
            price=plain(row.get("pric")),
            quantity=plain(row.get("cnt")),
            amount=fen(row.get("det_item_fee_sumamt")) or Fen(0),
            scope=None if None in scope else tuple(part for part in scope if part is not None),
            certain=exchange.granted,
        )
    return found


def _withdrawn(visit: Visit, exchange: Exchange) -> Visit:
    """The visit without what was withdrawn; a refusal tells that what was only perhaps there is not.

    Without an answer, what was to be withdrawn is only perhaps there.
    """
    numbers = {text(row.get("feedetl_sn")) for row in rows_of(exchange)}
    batch = text(head_of(exchange).get("chrg_bchno"))
    left = {}
    for number, detail in visit.details.items():
        named = ALL in {batch, *numbers} or number in numbers or detail.batch == batch
        mine = named and not detail.settled_by
        if mine and exchange.unknown:
            left[number] = replace(detail, certain=False)
        elif not mine or not (exchange.granted or not detail.certain):
            left[number] = detail
    return replace(visit, details=left)
