"""What Shanghai's front machine tells from the books: what became of a message (SI91), whether a day is level (SL01).

Both are of the asking institution alone, and are true after a restart as well.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from harness.money import Fen, format_yuan
from harness.wire import shanghai as wire
from harness.wire.institution import REVERSE, amount
from harness.wire.shanghai import PayStatus
from simulators.platform.attempts import booked_by
from simulators.platform.choices import choices_of
from simulators.platform.desk import Desk
from simulators.platform.ledger import Settlement
from simulators.platform.reconciliation import CLEARING, Verdict, compare_sums, counted
from simulators.platform.transactions.statements import SAID

Told = Mapping[str, object]


def fate_of(desk: Desk, institution: str, told: Told, *, under_way: frozenset[str]) -> dict[str, object]:
    """xxnr of SI91: paystatus of a msgid, and what it booked; `under_way` are the msgids that are worked on."""
    msgid = str(told["ymsgid"])
    settlement = booked_by(desk.ledger, msgid)
    if settlement is not None and settlement.institution == institution:
        return {"paystatus": _status(desk, settlement).value, **_booked(settlement)}
    if msgid in under_way:
        return {"paystatus": PayStatus.UNDER_WAY.value}
    barred = settlement is None and desk.ledger.is_barred(msgid)
    return {"paystatus": (PayStatus.REVERSED if barred else PayStatus.NOTHING).value}


def collated(desk: Desk, institution: str, told: Told) -> tuple[str, str, dict[str, object]]:
    """Return code, text and xxnr of SL01: the institution's totals of a day against the books'."""
    day, chosen = date.fromisoformat(str(told["daycollate"])), choices_of(desk.profile.name)
    bookings = [
        booking
        for clr_type in sorted(set(CLEARING.values()))
        for booking in counted(desk.ledger, institution, begin=day, end=day, clr_type=clr_type)
    ]
    net = chosen.statement_count == "net"
    count = sum(-1 if net and booking.reverses else 1 for booking in bookings)
    ours, theirs = _totals(bookings), {name: amount(told[name]) for name in wire.COLLATED}
    pairs = [(count, int(Decimal(str(told["daycount"])))), *((ours[name], theirs[name]) for name in wire.COLLATED)]
    verdict = compare_sums(pairs)
    result = verdict.code(chosen.statement_codes, centre_greater=ours["totalexpense"] >= theirs["totalexpense"])
    content: dict[str, object] = {"daycollate": str(told["daycollate"]), "resultcollate": result}
    if verdict is Verdict.LEVEL:
        return wire.DONE, "", content
    sums = " ".join(f"{name}={format_yuan(fen)}" for name, fen in ours.items())
    return wire.NOT_LEVEL, f"{SAID[verdict]}；中心：{count}笔 {sums}", content


def _totals(bookings: list[Settlement]) -> dict[str, Fen]:
    """The seven totals, by the names that SL01 has for them."""
    parts: dict[str, list[int]] = {
        "totalexpense": [booking.total_fen for booking in bookings],
        "fundpay": [booking.fund_fen for booking in bookings],
        "personpay": [booking.account_fen + booking.cash_fen for booking in bookings],
        "curaccountpay": [booking.account_fen for booking in bookings],
        "hisaccountpay": [],  # an account is not kept by years here
        "mulaidpay": [booking.mutual_fen for booking in bookings],
        "cashpay": [booking.cash_fen for booking in bookings],
    }
    return {name: Fen(sum(parts[name])) for name in wire.COLLATED}


def _status(desk: Desk, settlement: Settlement) -> PayStatus:
    if desk.ledger.in_force(settlement.setl_id):
        return PayStatus.BOOKED
    at_ns = settlement.at_ns
    reversed_ = desk.ledger.undone_by(REVERSE, settlement.institution, since_ns=at_ns, until_ns=at_ns + 1)
    return PayStatus.REVERSED if settlement.setl_id in reversed_ else PayStatus.REFUNDED  # a reversal is never undone


def _booked(settlement: Settlement) -> dict[str, object]:
    return {
        "lsh": settlement.setl_id,
        "jzdyh": settlement.mdtrt_id,
        "personno": settlement.psn_no,
        "totalexpense": format_yuan(settlement.total_fen),
        "fundpay": format_yuan(settlement.fund_fen),
        "accountpay": format_yuan(settlement.account_fen),
        "cashpay": format_yuan(settlement.cash_fen),
    }
