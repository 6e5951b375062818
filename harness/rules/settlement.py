"""Settling: once, after a pre-settlement of the same goods or details, for the same amounts, as the cashier asked."""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from itertools import combinations

from harness.judge.exchange import Exchange
from harness.judge.history import CaseHistory
from harness.money import Fen
from harness.rules.ledger import Booking, read_ledger, written
from harness.rules.lines import wrong_lines
from harness.rules.registry import Observation, rule
from harness.rules.transactions import (
    PRE_SETTLEMENTS,
    PRE_SETTLING,
    SETTLEMENTS,
    SETTLING,
    SPLIT,
    drug_lines,
    earlier,
    fen,
    head_of,
    operation_of,
    order_of,
    settlement_of,
    shown,
    text,
)
from harness.rules.visits import Visits, mdtrt_id_of, read_visits

SAME_HEAD = (
    "psn_no", "medfee_sumamt", "acct_used_flag", "insutype", "med_type", "mdtrt_id", "chrg_bchno", "mid_setl_flag",
)  # fmt: skip
SAME_LINE = ("med_list_codg", "medins_list_codg", "pric", "cnt", "det_item_fee_sumamt")
"""What a pre-settlement and its settlement share of the visit and of each line."""
WIRE_SPLIT = dict(zip(SPLIT, ("medfee_sumamt", "fund_pay_sumamt", "acct_pay", "psn_cash_pay"), strict=True))
"""The fields of setlinfo that hold the split."""


@rule("settled-at-most-once")
def settled_at_most_once(history: CaseHistory) -> Iterator[Observation]:
    """An order is settled at most once: never do two bookings of it stand at the same time."""
    ledger = read_ledger(history)
    told = set()
    for booking in ledger.bookings:
        for one, other in combinations(ledger.standing(booking.seq), 2):
            if _same_visit(one, other) and (one, other) not in told:
                told.add((one, other))
                yield Observation(
                    seq=booking.seq,
                    expected=f"one standing booking of {other.order or other.invoice}",
                    seen=f"{one.setl_id} and {other.setl_id} both stand",
                )


def _same_visit(one: Booking, other: Booking) -> bool:
    if one.institution != other.institution or one.interim or other.interim:
        return False  # a stay may be settled in parts; that no fee is settled twice is another rule
    return bool(one.order and one.order == other.order) or bool(one.invoice and one.invoice == other.invoice)


@rule("pre-settlement-comes-first")
def pre_settlement_comes_first(history: CaseHistory) -> Iterator[Observation]:
    """A settlement follows an accepted pre-settlement of the same order with the same details."""
    visits = read_visits(history)
    for exchange in history.sent(*SETTLEMENTS):
        before = _accepted_before(history, exchange)
        if not before:
            due = " or ".join(PRE_SETTLEMENTS[exchange.infno])
            yield Observation(
                seq=exchange.request.seq,
                expected=f"an accepted {due} of {order_of(history, exchange)} before its {exchange.infno}",
                seen="none",
            )
        elif not any(_essence(exchange, visits) == _essence(other, visits) for other in before):
            yield Observation(
                seq=exchange.request.seq,
                expected="the details of its pre-settlement",
                seen=f"other details: {_first_difference(before[-1], exchange)}",
            )


def _accepted_before(history: CaseHistory, exchange: Exchange) -> list[Exchange]:
    order = order_of(history, exchange)
    found = earlier(history, exchange, *PRE_SETTLEMENTS[exchange.infno])
    return [other for other in found if other.granted and order_of(history, other) == order]


def _plain(value: object) -> str:
    """A value so that `12.5`, `12.50` and the number 12.5 are the same."""
    try:
        return format(Decimal(text(value)).normalize(), "f")
    except InvalidOperation:
        return text(value)


def _essence(exchange: Exchange, visits: Visits) -> tuple[object, ...]:
    head = head_of(exchange)
    lines = [tuple(_plain(line.get(name)) for name in SAME_LINE) for line in drug_lines(exchange)]
    visit = visits.at(mdtrt_id_of(exchange), exchange.request.seq)
    details = visit.unsettled(text(head.get("chrg_bchno"))) if visit is not None else []
    uploads = sorted((detail.number, detail.seq) for detail in details)
    return (*(_plain(head.get(name)) for name in SAME_HEAD), tuple(sorted(lines)), tuple(uploads))


def _first_difference(one: Exchange, other: Exchange) -> str:
    for name in SAME_HEAD:
        if _plain(head_of(one).get(name)) != _plain(head_of(other).get(name)):
            return name
    return "drugdetail" if drug_lines(one) else "feedetail"


@rule("pre-settlement-equals-settlement")
def pre_settlement_equals_settlement(history: CaseHistory) -> Iterator[Observation]:
    """What is settled and stays booked has the amounts of its pre-settlement."""
    ledger = read_ledger(history)
    booked = {booking.msgid: booking for booking in ledger.settlements()}
    for exchange in history.sent(*SETTLEMENTS):
        before = [split for other in _accepted_before(history, exchange) if (split := _split(exchange=other))]
        booking = booked.get(exchange.msgid)
        settled = dict(booking.amounts) if booking else _split(exchange=exchange) if exchange.granted else {}
        if not before or not settled:
            continue
        operation = operation_of(history, exchange)
        final = operation is not None and operation.outcome in {"accepted", "refused"}
        moment = operation.last_seq if operation and final else history.records[-1].seq
        taken_back = booking is not None and not ledger.stands(booking, moment)
        both = before[-1].keys() & settled.keys()
        if any(before[-1][part] != settled[part] for part in both) and not taken_back:
            yield Observation(
                seq=booking.seq if booking else exchange.request.seq,
                expected=f"as pre-settled, {written(before[-1])}, or taken back",
                seen=written(settled),
            )


def _split(*, exchange: Exchange) -> dict[str, Fen]:
    info = settlement_of(exchange)
    return {part: amount for part, name in WIRE_SPLIT.items() if (amount := fen(info.get(name))) is not None}


@rule("pre-settlement-books-nothing")
def pre_settlement_books_nothing(history: CaseHistory) -> Iterator[Observation]:
    """A pre-settlement books nothing."""
    pre_settled = {exchange.msgid: exchange.infno for exchange in history.sent(*PRE_SETTLING)}
    settled = {exchange.msgid for exchange in history.sent(*SETTLEMENTS)}
    for booking in read_ledger(history).bookings:
        if booking.infno in PRE_SETTLING or booking.msgid in pre_settled.keys() - settled:
            infno = pre_settled.get(booking.msgid, booking.infno)
            yield Observation(
                seq=booking.seq, expected=f"nothing booked by a {infno}", seen=f"{booking.setl_id} booked"
            )


@rule("account-used-as-asked")
def account_used_as_asked(history: CaseHistory) -> Iterator[Observation]:
    """The personal account is used if, and only if, the cashier was told to use it."""
    for exchange in history.sent(*PRE_SETTLING, *SETTLEMENTS):
        wish = _wish(history, exchange)
        flag = text(head_of(exchange).get("acct_used_flag"))
        if wish is not None and flag != ("1" if wish else "0"):
            yield Observation(
                seq=exchange.request.seq,
                expected=f"acct_used_flag {'1' if wish else '0'}, since use_account is {str(wish).lower()}",
                seen=f"acct_used_flag {shown(flag)}",
            )


def _wish(history: CaseHistory, exchange: Exchange) -> bool | None:
    order = order_of(history, exchange)
    asked = [
        operation.command.content.get("use_account")
        for operation in history.doing(*SETTLING)
        if operation.order == order and operation.command.seq < exchange.request.seq
    ]
    return asked[-1] if asked and isinstance(asked[-1], bool) else None


@rule("basket-as-rung-up")
def basket_as_rung_up(history: CaseHistory) -> Iterator[Observation]:
    """The lines and the total that are settled are those that the cashier rang up: code, level, price and amount."""
    for exchange in history.sent("2101", "2102"):
        order = order_of(history, exchange)
        asked = [o.command for o in history.doing("purchase") if o.order == order and o.spans(exchange.request.seq)]
        if not asked:
            continue
        rung_up = [line for line in asked[-1].content.get("lines") or [] if isinstance(line, dict)]
        for due, seen in wrong_lines(rung_up, drug_lines(exchange), how="rung up"):
            yield Observation(seq=exchange.request.seq, expected=due, seen=seen)
        total = head_of(exchange).get("medfee_sumamt")
        if _plain(total) != _plain(asked[-1].content.get("total")):
            yield Observation(
                seq=exchange.request.seq,
                expected=f"medfee_sumamt {shown(asked[-1].content.get('total'))}",
                seen=shown(text(total)),
            )
