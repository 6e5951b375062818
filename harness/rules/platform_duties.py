"""What platform and voucher centre owe to the insured person: confirmation asked, money kept, movements told.

On a bench with stand-ins these rules watch our own side as well: a sale that breaks them must not pass unnoticed.
"""

from collections.abc import Iterator

from harness.judge.exchange import Exchange
from harness.judge.history import CaseHistory, Event
from harness.money import Fen, format_yuan
from harness.rules.ledger import Booking, read_ledger
from harness.rules.registry import Observation, rule
from harness.rules.transactions import (
    ID_CARD,
    PRE_SETTLING,
    SETTLEMENTS,
    SOCIAL_CARD,
    VOUCHER,
    as_object,
    fen,
    member,
    order_of,
    reply_output,
    settlement_of,
    shown,
    text,
)
from harness.wire.card_pin import MEMBER, exp_content

PROVINCE = 2
"""Digits of an admdvs code that name its province."""
MOCK = "MOCK"
"""The signtype that skips the password in a test environment."""
IN_FORCE = "1"
"""psn_insu_stas of an insurance that is valid (正常参保)."""


@rule("password-asked")
def password_asked(history: CaseHistory) -> Iterator[Observation]:
    """Nothing is booked unless its person has confirmed with the password: the voucher's, or that of their card.

    Who is insured in another province is exempt (institution interface, password rule); that they are,
    `insured-as-told-now` compares.
    """
    booked = {booking.msgid: booking for booking in read_ledger(history).settlements()}
    confirmed = history.named("payment-confirmed")
    told = set()
    for exchange in history.sent(*SETTLEMENTS):
        profile = as_object(history.hello_at(exchange.request.seq).get("profile"))
        allowed = text(profile.get("signtype")) == MOCK
        if text(exchange.request.json.get("signtype")) == MOCK and not allowed:
            yield Observation(
                seq=exchange.request.seq,
                expected=f"signtype {shown(profile.get('signtype'))} of the profile",
                seen="signtype MOCK, which skips the password",
            )
        booking = booked.get(exchange.msgid)
        if booking is None or allowed or booking in told or _across_provinces(exchange):
            continue
        told.add(booking)
        certificate = member(exchange, "mdtrt_cert_type")
        if certificate == SOCIAL_CARD and not _typed(history, exchange):
            yield Observation(
                seq=booking.seq,
                expected="the proof of a card's password that was typed before this settlement",
                seen=f"{booking.setl_id} booked without one",
            )
        if certificate not in {VOUCHER, ID_CARD}:
            continue
        if not any(_confirms(event, exchange, booking) for event in confirmed):
            yield Observation(
                seq=booking.seq,
                expected="a confirmed payment of this person between request and booking",
                seen=f"{booking.setl_id} booked without one",
            )


def _across_provinces(exchange: Exchange) -> bool:
    """Whether a settlement is of somebody insured in another province than that of the counter."""
    place, here = (text(exchange.request.json.get(name)) for name in ("insuplc_admdvs", "mdtrtarea_admvs"))
    return bool(place and here) and place[:PROVINCE] != here[:PROVINCE]


def _typed(history: CaseHistory, exchange: Exchange) -> bool:
    """Whether a settlement carries a proof that the terminal gave in the same command (VerifyPIN)."""
    operation = history.operation_at(exchange.request.seq)
    carried = exp_content(member(exchange, "expContent")).get(MEMBER)
    given = {
        text(other.readable_reply.get("proof"))
        for other in history.exchanges
        if other.path.endswith("/VerifyPIN")
        and other.granted
        and other.request.seq < exchange.request.seq
        and (operation is None or operation.spans(other.request.seq))
    }
    return isinstance(carried, str) and carried in given - {""}


def _confirms(event: Event, exchange: Exchange, booking: Booking) -> bool:
    return exchange.request.seq < event.seq < booking.seq and event["id_no"] == booking.id_no


@rule("confirmed-amount-is-booked")
def confirmed_amount_is_booked(history: CaseHistory) -> Iterator[Observation]:
    """What is booked is the amount that the person saw when they confirmed it: the total, or their part of it."""
    shown_to = {str(event["prompt"]): event for event in history.named("prompt-shown")}
    confirmed = history.named("payment-confirmed")
    sent = {exchange.msgid: exchange for exchange in reversed(history.sent(*SETTLEMENTS))}
    for booking in read_ledger(history).settlements():
        exchange = sent.get(booking.msgid)
        mine = [e for e in confirmed if exchange is not None and _confirms(e, exchange, booking)]
        prompt = shown_to.get(str(mine[-1]["prompt"])) if mine else None
        if prompt is None:
            continue
        amounts = booking.amounts
        for part, field in (("total", "amount_fen"), ("account", "account_fen")):
            seen = prompt[field]
            own_part = part == "total" and seen == amounts["account"] + amounts["cash"]
            if isinstance(seen, int) and seen != amounts[part] and not own_part:
                yield Observation(
                    seq=booking.seq,
                    expected=f"{part} {format_yuan(Fen(seen))}, as confirmed",
                    seen=f"{part} {format_yuan(amounts[part])} booked",
                )


@rule("one-notice-a-movement", whole=True)
def one_notice_a_movement(history: CaseHistory) -> Iterator[Observation]:
    """Each movement of the personal account brings its owner exactly one notice, with its amount and the balance."""
    if not history.stood_in("phone"):
        return
    notices, lost = history.named("notice"), {event["setl_id"] for event in history.named("notice-undelivered")}
    for booking in read_ledger(history).bookings:
        mine = [notice for notice in notices if str(notice["setl_id"]) == booking.setl_id]
        moved = booking.amounts["account"]
        if not moved:
            for notice in mine:
                yield Observation(seq=notice.seq, expected="no notice: the account did not move", seen="a notice")
        elif len(mine) != 1:
            if history.whole and not (not mine and booking.setl_id in lost):
                yield Observation(seq=booking.seq, expected="one notice to the phone", seen=f"{len(mine)} notices")
        elif abs(int(mine[0]["amount_fen"] or 0)) != abs(moved) or mine[0]["balance_fen"] != booking.balance:
            yield Observation(
                seq=mine[0].seq,
                expected=f"amount {format_yuan(moved)}, balance {format_yuan(booking.balance)}",
                seen=f"amount {shown(mine[0]['amount_fen'])} fen, balance {shown(mine[0]['balance_fen'])} fen",
            )
    booked = {booking.setl_id for booking in read_ledger(history).bookings}
    for notice in notices:
        if str(notice["setl_id"]) not in booked:
            yield Observation(seq=notice.seq, expected="a booking for every notice", seen="a notice of nothing")


@rule("money-conserved", whole=True)
def money_conserved(history: CaseHistory) -> Iterator[Observation]:
    """No fen is lost or made: each balance is the one before less what was booked, and no account is overdrawn."""
    balances = _opening_balances(history)
    aided = _mutual_aid(history)
    for booking in read_ledger(history).bookings:
        before = [amount for seq, amount in balances.get(booking.psn_no, []) if seq < booking.seq]
        account = booking.amounts["account"]
        own = account + aided.get(booking.order, 0) * (1 if account < 0 else -1)
        due = Fen(before[-1] - own) if before else booking.balance
        if booking.balance != due:
            yield Observation(
                seq=booking.seq,
                expected=f"balance {format_yuan(due)}",
                seen=f"balance {format_yuan(booking.balance)}",
            )
        if booking.balance < 0:
            yield Observation(
                seq=booking.seq, expected="an account that is not overdrawn", seen=format_yuan(booking.balance)
            )
        parts = booking.amounts["fund"] + booking.amounts["account"] + booking.amounts["cash"]
        if parts != booking.amounts["total"]:
            yield Observation(seq=booking.seq, expected="total = fund + account + cash", seen=booking.written)
        balances.setdefault(booking.psn_no, []).append((booking.seq, booking.balance))


def _mutual_aid(history: CaseHistory) -> dict[str, int]:
    """What of each order a family account pays (acct_mulaid_pay): within acct_pay, but another account moves."""
    found: dict[str, int] = {}
    for exchange in history.sent(*PRE_SETTLING, *SETTLEMENTS):
        paid = fen(settlement_of(exchange).get("acct_mulaid_pay")) if exchange.granted else None
        if paid is not None:
            found[order_of(history, exchange)] = paid
    return found


def _opening_balances(history: CaseHistory) -> dict[str, list[tuple[int, Fen]]]:
    """What the platform said was on an account before its first booking, by person with one insurance in force."""
    first: dict[str, int] = {}
    for booking in read_ledger(history).bookings:
        first.setdefault(booking.psn_no, booking.seq)
    found: dict[str, list[tuple[int, Fen]]] = {}
    for exchange in history.sent("1101"):
        output = reply_output(exchange)
        person = text(as_object(output.get("baseinfo")).get("psn_no"))
        insured = output.get("insuinfo")
        rows = [as_object(row) for row in insured] if isinstance(insured, list) else []
        amounts = [fen(row.get("balc")) for row in rows if text(row.get("psn_insu_stas")) in {"", IN_FORCE}]
        if exchange.reply is None or exchange.reply.seq > first.get(person, exchange.reply.seq):
            continue
        if len(amounts) == 1 and amounts[0] is not None:
            found.setdefault(person, []).append((exchange.reply.seq, amounts[0]))
    return found


@rule("repeat-books-nothing", whole=True)
def repeat_books_nothing(history: CaseHistory) -> Iterator[Observation]:
    """A msgid books once, however often it is sent."""
    first: dict[str, Booking] = {}
    for booking in read_ledger(history).bookings:
        original = first.setdefault(booking.msgid, booking)
        if original is not booking:
            yield Observation(
                seq=booking.seq,
                expected=f"{booking.msgid} booked once, as {original.setl_id}",
                seen=f"{booking.setl_id} as well",
            )
