"""Good stories: what a correct adapter and correct systems leave on the tape, disturbed or not. No rule may object."""

from collections.abc import Callable
from typing import Any

from fixtures.population import people
from tests.harness.rules.tape_builder import ALL_CASH, USUAL, Sale, TapeBuilder, encoded

BAD_GATEWAY = b"<html>502 Bad Gateway</html>"
UNKNOWN_PROMPT = "结算结果未知 / the outcome is unknown"


def begun(*, sign_in: bool = True) -> TapeBuilder:
    """A case that has begun."""
    tape = TapeBuilder()
    tape.begin(sign_in=sign_in)
    return tape


def good_purchase() -> TapeBuilder:
    """Scanned, decoded, pre-settled, confirmed, booked, told."""
    tape = begun()
    tape.purchase("A0001")
    tape.close_day()
    return tape.end()


def two_purchases() -> TapeBuilder:
    """Two orders of two people."""
    tape = begun()
    tape.purchase("A0001")
    tape.purchase("A0002", person=7)
    tape.close_day()
    return tape.end()


def account_not_used() -> TapeBuilder:
    """The rest is paid in cash, as the customer wishes; no notice, since the account did not move."""
    tape = begun()
    tape.purchase("A0001", amounts=ALL_CASH, use_account=False)
    tape.close_day()
    return tape.end()


def refunded() -> TapeBuilder:
    """Bought and taken back in full; a second refund is refused by the adapter itself."""
    tape = begun()
    tape.purchase("A0001")
    tape.refund("A0001")
    tape.ask("refund", "A0001 twice", order="A0001")
    tape.refuse("A0001 twice", "already-refunded", "该订单已退费 / refunded already")
    tape.close_day(A0001="refunded")
    return tape.end()


def reply_lost() -> TapeBuilder:
    """The reply of 2102 is lost after booking; reversed by its msgid, refused, and the next purchase works."""
    tape = begun()
    sale = tape.purchase("A0001", settle=False)
    tape.send_settlement(sale)
    tape.confirm(sale)
    tape.book(sale)
    tape.reverse(sale)
    tape.refuse("A0001", "platform-unavailable", "医保平台未应答，未扣款 / nothing was paid")
    tape.purchase("A0002", person=7)
    tape.close_day(A0001="reversed")
    return tape.end()


def reply_lost_then_bought_again() -> TapeBuilder:
    """After the reversal the same order is bought again."""
    tape = begun()
    sale = tape.purchase("A0001", settle=False)
    tape.send_settlement(sale)
    tape.confirm(sale)
    tape.book(sale)
    tape.reverse(sale)
    tape.refuse("A0001", "platform-unavailable", "未扣款 / nothing was paid")
    for entry in tape.entries:
        entry.label = entry.label.replace("A0001", "A0001 first")
    tape.sales["A0001 first"] = tape.sales.pop("A0001")
    tape.purchase("A0001")
    tape.close_day(**{"A0001 first": "reversed"})
    return tape.end()


def request_lost() -> TapeBuilder:
    """2102 never arrives; the platform knows nothing to reverse."""
    tape = begun()
    sale = tape.purchase("A0001", settle=False)
    tape.send_settlement(sale)
    tape.reverse(sale)
    tape.refuse("A0001", "platform-unavailable", "未扣款 / nothing was paid")
    tape.close_day(A0001="refused")
    return tape.end()


def bad_gateway() -> TapeBuilder:
    """502 instead of an answer; the very same transaction is sent again, and its first answer is replayed."""
    tape = begun()
    sale = tape.purchase("A0001", settle=False)
    tape.send_settlement(sale)
    tape.confirm(sale)
    tape.book(sale)
    tape.reply("A0001 2102", BAD_GATEWAY, status=502)
    request = tape["A0001 2102 request"].content
    tape.request("A0001 2102 repeat", "platform", "/fsi/api/callService", request)
    tape.event("platform", "replayed", msgid=sale.msgid, infno="2102")
    tape.granted("A0001 2102 repeat", {"setlinfo": {**tape.setlinfo(sale), "setl_id": sale.setl_id}})
    tape.accept(sale)
    tape.close_day()
    return tape.end()


def gbk_reply_taken() -> TapeBuilder:
    """The reply is in GBK, and the adapter can read it."""
    tape = good_purchase()
    body = tape["A0001 2102 reply"].content
    body["err_msg"] = "成功"
    tape["A0001 2102 reply"].content = encoded(body).decode().encode("gbk")
    return tape


def gbk_reply_reversed() -> TapeBuilder:
    """The reply is in GBK, and the adapter takes it for no answer."""
    tape = begun()
    sale = tape.purchase("A0001", settle=False)
    tape.send_settlement(sale)
    tape.confirm(sale)
    tape.book(sale)
    tape.reply("A0001 2102", '{"infcode": 0, "err_msg": "成功", "output": {}}'.encode("gbk"))
    tape.reverse(sale)
    tape.refuse("A0001", "platform-unavailable", "未扣款 / nothing was paid")
    tape.close_day(A0001="reversed")
    return tape.end()


def unknown_then_resolved() -> TapeBuilder:
    """Neither 2102 nor 2601 is answered; the outcome is unknown, then resolved on demand."""
    tape = begun()
    sale = tape.purchase("A0001", settle=False)
    tape.send_settlement(sale)
    tape.confirm(sale)
    tape.book(sale)
    content = {"data": {"psn_no": sale.person.psn_no, "omsgid": sale.msgid, "oinfno": "2102"}}
    tape.transaction("A0001 2601", "2601", content)
    tape.answer("A0001", "unknown", msgid=sale.msgid, prompt=UNKNOWN_PROMPT)
    tape.ask("totals", "totals in doubt", day=tape.now[:10])
    tape.answer("totals in doubt", "accepted", count=0, total="0.00", fund="0.00", account="0.00", cash="0.00")
    tape.ask("resolve")
    tape.reverse(sale, "resolve")
    tape.answer("resolve", "accepted")
    tape.close_day(A0001="reversed")
    return tape.end()


def crash_and_restart() -> TapeBuilder:
    """Killed with 2102 under way; restarted with its journal, ids from 1 again, it reverses by the old msgid."""
    tape = begun()
    sale = tape.purchase("A0001", settle=False)
    tape.send_settlement(sale)
    tape.event("case", "adapter-crash")
    tape.confirm(sale)
    tape.book(sale)
    tape.command = 0
    tape.start_adapter(label="hello again")
    tape.sign_in("sign-in again")
    tape.ask("resolve")
    tape.reverse(sale, "resolve")
    tape.answer("resolve", "accepted")
    tape.purchase("A0002", person=7)
    tape.close_day(A0001="reversed")
    return tape.end()


def crash_before_send() -> TapeBuilder:
    """Killed between journal and sending: the reversal names a msgid that nobody but the journal knows."""
    tape = begun()
    sale = tape.purchase("A0001", settle=False)
    tape.send_settlement(sale)
    tape.drop("A0001 2102 request")
    tape.event("counter", "adapter-killed")
    tape.start_adapter(label="hello again")
    tape.ask("resolve")
    tape.reverse(sale, "resolve")
    tape.answer("resolve", "accepted")
    tape.close_day(A0001="refused")
    return tape.end()


def refund_reply_lost() -> TapeBuilder:
    """The reply of 2103 is lost after booking; reversed, so that the sale stands again, and refused."""
    tape = begun()
    tape.purchase("A0001")
    tape.refund("A0001")
    tape.drop("A0001 refund 2103 reply", "A0001 refund answer", "A0001 refund expect")
    msgid = tape["A0001 refund 2103 request"].content["msgid"]
    sale = tape.sales["A0001"]
    content = {"data": {"psn_no": sale.person.psn_no, "omsgid": msgid, "oinfno": "2103"}}
    own = tape.transaction("A0001 refund 2601", "2601", content)
    undo = tape.repeat(
        "A0001 refund booked",
        after="A0001 refund 2601 request",
        as_label="A0001 refund undone",
        setl_id="S000009",
        msgid=own,
        infno="2601",
        reverses=tape.refunded["A0001"],
        balance_fen=tape.balances[sale.person.psn_no] - sale.amounts["account"],
        **{f"{part}_fen": amount for part, amount in sale.amounts.items()},
    )
    amounts: dict[str, Any] = {f"{part}_fen": amount for part, amount in sale.amounts.items()}
    tape.repeat(
        "A0001 refund bill",
        after="A0001 refund undone",
        setl_id="S000009",
        reverses=tape.refunded["A0001"],
        **amounts,
    )
    tape.repeat(
        "A0001 refund notice",
        after="A0001 refund undone",
        setl_id="S000009",
        amount_fen=sale.amounts["account"],
        balance_fen=undo.content["balance_fen"],
    )
    tape.granted("A0001 refund 2601")
    tape.refuse("A0001 refund", "platform-unavailable", "退费未成功 / not refunded")
    tape.close_day()
    return tape.end()


def amounts_changed_and_voided() -> TapeBuilder:
    """The settlement comes out otherwise than pre-settled: the adapter takes it back and refuses."""
    tape = begun()
    sale = tape.purchase("A0001", settle=False)
    sale.amounts = {"total": 2500, "fund": 900, "account": 1300, "cash": 300}
    tape.settle(sale)
    tape.reverse(sale)
    tape.refuse("A0001", "amounts-disagree", "金额不符，未扣款 / the amounts disagree")
    tape.close_day(A0001="reversed")
    return tape.end()


def byte_dropped() -> TapeBuilder:
    """A digit is lost on the line: what is left is sent as it came, and refused by the centre."""
    tape = begun()
    sale = _rung_up(tape, "A0001")
    tape.scan(sale)
    garbled = sale.digits[:9] + sale.digits[10:]
    tape["A0001 scan"].content = garbled.encode() + b"\r"
    tape.query(sale, garbled)
    tape.reply("A0001 query", {"code": 980004, "message": "二维码无法识别", "success": False})
    tape.refuse("A0001", "code-unknown", "二维码无法识别 / unknown code")
    return tape.end()


def suffix_dropped() -> TapeBuilder:
    """The suffix is lost: silence ends the scan."""
    tape = good_purchase()
    tape["A0001 scan"].content = tape.sales["A0001"].digits.encode()
    return tape


def double_read() -> TapeBuilder:
    """The scan comes twice; the second is thrown away before the next purchase."""
    tape = begun()
    tape.purchase("A0001")
    tape.purchase("A0002", person=7)
    tape.close_day()
    tape.repeat("A0001 scan", after="A0001 scan")
    return tape.end()


def double_read_without_suffix() -> TapeBuilder:
    """Twice the code in one run of bytes, no suffix."""
    tape = good_purchase()
    tape["A0001 scan"].content = tape.sales["A0001"].digits.encode() * 2
    return tape


def code_expired() -> TapeBuilder:
    """The code is too old when it is asked about."""
    return _refused_code("code-expired", 980001, "二维码已过期", wait=61)


def code_used() -> TapeBuilder:
    """The same code is shown and read again for another order: the centre refuses."""
    tape = begun()
    first = tape.purchase("A0001")
    sale = _rung_up(tape, "A0002")
    sale.digits = first.digits
    tape.event("scanner", "good-read", "A0002 good-read", symbology="QRCode", digits=sale.digits)
    tape.line("A0002 scan", sale.digits.encode() + b"\r\n")
    tape.query(sale)
    tape.centre_refuses(sale, 980002, "二维码已使用")
    tape.refuse("A0002", "code-used", "二维码已使用 / used already")
    tape.close_day()
    return tape.end()


def wrong_kind() -> TapeBuilder:
    """A pay code."""
    return _refused_code("wrong-code-kind", 500159, "请使用医保电子凭证二维码", kind="pay")


def not_activated() -> TapeBuilder:
    """A voucher that has lapsed."""
    return _refused_code("not-activated", 980003, "凭证未激活或已失效")


def not_signed_in() -> TapeBuilder:
    """The adapter refuses by itself."""
    tape = begun(sign_in=False)
    tape.ask("purchase", "A0001", order="A0001", lines=[], total="0.00", use_account=True)
    tape.refuse("A0001", "not-signed-in", "尚未签到 / not signed in")
    return tape.end()


def declined() -> TapeBuilder:
    """The person declines at the prompt; the platform refuses."""
    tape = begun()
    sale = tape.purchase("A0001", settle=False)
    tape.send_settlement(sale)
    tape.confirm(sale, result="declined")
    tape.refused("A0001 2102", "参保人已取消支付")
    tape.refuse("A0001", "declined", "参保人已取消支付 / declined")
    tape.close_day(A0001="refused")
    return tape.end()


def scanned_again() -> TapeBuilder:
    """The first read is rubbish; the adapter asks for the code once more."""
    tape = begun()
    sale = _rung_up(tape, "A0001")
    tape.line("A0001 rubbish", b"42\r")
    tape.counter("A0001 scan-please again", id=tape.command, event="scan-please")
    tape.scan(sale)
    tape.decode(sale)
    tape.identify(sale)
    tape.pre_settle(sale)
    tape.settle(sale)
    tape.accept(sale)
    tape.close_day()
    return tape.end()


def notice_undelivered() -> TapeBuilder:
    """The phone is off: the settlement stays, and the platform notes that the notice was not delivered."""
    tape = good_purchase()
    tape.repeat("A0001 booked", after="A0001 booked", as_label="A0001 undelivered")
    tape["A0001 undelivered"].event = "notice-undelivered"
    tape["A0001 undelivered"].content = {"setl_id": tape.sales["A0001"].setl_id}
    tape.drop("A0001 notice")
    return tape


def bill_undelivered() -> TapeBuilder:
    """The phone is off: the settlement stays, and the platform notes that the bill was not delivered."""
    tape = good_purchase()
    tape.repeat("A0001 booked", after="A0001 booked", as_label="A0001 unbilled")
    tape["A0001 unbilled"].event = "bill-undelivered"
    tape["A0001 unbilled"].content = {"setl_id": tape.sales["A0001"].setl_id}
    tape.drop("A0001 bill")
    return tape


def channel_without_bills() -> TapeBuilder:
    """The code was shown in a channel that has no bills page."""
    tape = good_purchase()
    for label in ("A0001 code-issued", "A0001 code-shown"):
        tape[label].content["chnl"] = "wechat"
    tape.drop("A0001 bill")
    return tape


def _rung_up(tape: TapeBuilder, order: str) -> Sale:
    sale = Sale(order=order, person=people()[0], amounts=USUAL)
    tape.sales[order] = sale
    tape.ring_up(sale)
    return sale


def _refused_code(reason: str, code: int, message: str, *, kind: str = "voucher", wait: int = 0) -> TapeBuilder:
    tape = begun()
    sale = _rung_up(tape, "A0001")
    tape.scan(sale, kind=kind, wait=wait)
    tape.query(sale)
    tape.centre_refuses(sale, code, message)
    tape.refuse("A0001", reason, f"{message}，请先激活 / activate or show a fresh one")
    tape.close_day()
    return tape.end()


STORIES: tuple[Callable[[], TapeBuilder], ...] = (
    good_purchase,
    two_purchases,
    account_not_used,
    refunded,
    reply_lost,
    reply_lost_then_bought_again,
    request_lost,
    bad_gateway,
    gbk_reply_taken,
    gbk_reply_reversed,
    unknown_then_resolved,
    crash_and_restart,
    crash_before_send,
    refund_reply_lost,
    amounts_changed_and_voided,
    byte_dropped,
    suffix_dropped,
    double_read,
    double_read_without_suffix,
    code_expired,
    code_used,
    wrong_kind,
    not_activated,
    not_signed_in,
    declined,
    scanned_again,
    notice_undelivered,
    bill_undelivered,
    channel_without_bills,
)
"""Every good story."""
