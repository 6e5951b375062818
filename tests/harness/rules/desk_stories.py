"""Good stories of a desk: while something is in doubt, with what makes no sense, on another day."""

from collections.abc import Callable

from harness.line.record import Direction
from tests.harness.rules.stories import UNKNOWN_PROMPT, begun
from tests.harness.rules.tape_builder import Entry, Sale, TapeBuilder, yuan

BUSY = "系统繁忙，请稍后再试，本次未受理"
DAY_S = 86_400


def unknown_stays() -> TapeBuilder:
    """Nobody answers 2102, nor 2601 however often: unknown to everybody who asks, until the platform is back."""
    tape = begun()
    sale = tape.purchase("A0001", settle=False)
    tape.send_settlement(sale)
    tape.confirm(sale)
    tape.book(sale)
    for number in (1, 2, 3):
        unanswered(tape, sale, f"try {number}")
    tape.answer("A0001", "unknown", msgid=sale.msgid, prompt=UNKNOWN_PROMPT)
    line = dict(tape["A0001"].content["lines"][0])
    tape.ask("purchase", "A0002", order="A0002", lines=[line], total="25.00", use_account=True)
    unanswered(tape, sale, "A0002")
    tape.refuse("A0002", "platform-unavailable", "有未知结果的交易 / an outcome is unknown")
    tape.ask("resolve", "resolve in vain")
    unanswered(tape, sale, "resolve in vain")
    tape.answer("resolve in vain", "unknown", msgid=sale.msgid, prompt=UNKNOWN_PROMPT)
    books_of(tape, "books in doubt", sale, "unknown")
    tape.ask("resolve")
    tape.reverse(sale, "resolve")
    tape.answer("resolve", "accepted")
    tape.purchase("A0003", person=7)
    tape.close_day(A0001="reversed")
    return tape.end()


def refund_in_doubt() -> TapeBuilder:
    """Nobody answers 2103: the books say unknown, until its reversal is refused since the money is spent."""
    tape = begun()
    sale = tape.purchase("A0001")
    tape.refund("A0001")
    tape.drop("A0001 refund 2103 reply", "A0001 refund answer", "A0001 refund expect")
    msgid = tape["A0001 refund 2103 request"].content["msgid"]
    tape.answer("A0001 refund", "unknown", msgid=msgid, prompt=UNKNOWN_PROMPT)
    books_of(tape, "books in doubt", sale, "unknown")
    tape.ask("resolve")
    content = {"data": {"psn_no": sale.person.psn_no, "omsgid": msgid, "oinfno": "2103"}}
    tape.transaction("resolve 2601", "2601", content)
    tape.refused("resolve 2601", "退回的金额已使用，不能冲正")
    tape.answer("resolve", "accepted")
    tape.close_day(A0001="refunded")
    return tape.end()


def reversal_refused() -> TapeBuilder:
    """The platform is too busy to reverse: that says nothing, and it is reversed later."""
    tape = begun()
    sale = tape.purchase("A0001", settle=False)
    tape.send_settlement(sale)
    tape.confirm(sale)
    tape.book(sale)
    unanswered(tape, sale, "busy")
    tape.refused("busy 2601", BUSY)
    tape.answer("A0001", "unknown", msgid=sale.msgid, prompt=UNKNOWN_PROMPT)
    books_of(tape, "books in doubt", sale, "unknown")
    tape.ask("resolve")
    tape.reverse(sale, "resolve")
    tape.answer("resolve", "accepted")
    tape.close_day(A0001="reversed")
    return tape.end()


def wrong_basket() -> TapeBuilder:
    """A line is a fen too dear: refused, and nobody was asked for a code."""
    tape = begun()
    line = {"code": "XP000001", "name": "阿莫西林胶囊", "price": "12.50", "quantity": "2", "level": "01"}
    lines = [{**line, "amount": "25.01"}]
    tape.ask("purchase", "A0001", order="A0001", lines=lines, total="25.01", use_account=True)
    tape.refuse("A0001", "amounts-disagree", "费用明细与总额不符 / the amounts disagree")
    tape.close_day()
    return tape.end()


def wrong_total() -> TapeBuilder:
    """The lines do not add up."""
    tape = wrong_basket()
    tape["A0001"].content["lines"][0]["amount"] = "25.00"
    return tape


def order_again() -> TapeBuilder:
    """A settled order is rung up again: an error."""
    tape = begun()
    sale = tape.purchase("A0001")
    again = dict(tape["A0001"].content)
    tape.command += 1
    tape.counter("A0001 again", sent=True, **{**again, "id": tape.command})
    tape.counter("A0001 again answer", id=tape.command, error="order A0001 is settled already")
    tape.event(
        "case", "expect", "A0001 again expect", operation=tape.command, outcomes=["error"], reasons=[], amounts={}
    )
    assert sale.setl_id
    tape.close_day()
    return tape.end()


def refunded_and_sold_again() -> TapeBuilder:
    """A refunded order may be sold once more."""
    tape = begun()
    tape.purchase("A0001")
    tape.refund("A0001")
    tape.sales["A0001 first"] = tape.sales.pop("A0001")
    for entry in tape.entries:
        entry.label = entry.label.replace("A0001", "A0001 first")
    tape.purchase("A0001")
    tape.close_day(**{"A0001 first": "refunded"})
    return tape.end()


def nonsense() -> TapeBuilder:
    """Lines that are no commands get errors; the next customer buys."""
    tape = begun()
    for number, line in enumerate((b'{"id":2,"do":"purchase","or\n', b'["purchase"]\n'), start=1):
        sent = Entry(
            label=f"line {number}", at_ns=tape.now_ns, channel="counter", direction=Direction.SENT, content=line
        )
        tape.entries.append(sent)
        tape.counter(f"line {number} answer", id=None, error="no command")
    tape.ask("dance", "dance")
    tape.counter("dance answer", id=tape.command, error="there is no command dance")
    tape.purchase("A0001")
    tape.close_day()
    return tape.end()


def platform_refuses() -> TapeBuilder:
    """2101 is refused; the cashier reads why."""
    tape = begun()
    tape.purchase("A0001", settle=False)
    tape.drop("A0001 presettled", "A0001 2101 reply")
    tape.refused("A0001 2101", BUSY)
    tape.refuse("A0001", "platform-refused", f"医保平台拒绝： {BUSY} / refused")
    tape.close_day()
    return tape.end()


def next_day() -> TapeBuilder:
    """Each day begins with a sign-in."""
    tape = begun()
    tape.purchase("A0001")
    tape.wait(DAY_S)
    tape.sign_in("sign-in anew")
    tape.purchase("A0002", person=7)
    tape.ask("books")
    entries = [entry_of(tape.sales[order], "settled") for order in ("A0001", "A0002")]
    tape.answer("books", "accepted", entries=entries)
    return tape.end()


def unanswered(tape: TapeBuilder, sale: Sale, label: str) -> None:
    """A 2601 of a sale without an answer."""
    content = {"data": {"psn_no": sale.person.psn_no, "omsgid": sale.msgid, "oinfno": "2102"}}
    tape.transaction(f"{label} 2601", "2601", content)


def books_of(tape: TapeBuilder, label: str, sale: Sale, state: str) -> None:
    """The books with one settlement."""
    tape.ask("books", label)
    tape.answer(label, "accepted", entries=[entry_of(sale, state)])


def entry_of(sale: Sale, state: str) -> dict[str, object]:
    """An entry of the books."""
    parts = {part: yuan(amount) for part, amount in sale.amounts.items()}
    return {
        "order": sale.order,
        "setl_id": sale.setl_id,
        "msgid": sale.msgid,
        "infno": "2102",
        "state": state,
        **parts,
    }


DESK_STORIES: tuple[Callable[[], TapeBuilder], ...] = (
    unknown_stays,
    refund_in_doubt,
    reversal_refused,
    wrong_basket,
    wrong_total,
    order_again,
    refunded_and_sold_again,
    nonsense,
    platform_refuses,
    next_day,
)
