"""3201, 3202 reconciliation of totals and details (对总账, 对明细账); 3203, 3204 clearing application (清算申请).

A file of 3202 may have a hundred thousand lines: while it is read, compared and written, everybody else is served.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

import msgspec

from harness.money import Fen, format_yuan
from harness.wire.institution import LINE_REFUND_FLAGS, amount
from harness.wire.institution_statement import EMPTY, StatementLine, read_upload, write_result
from simulators.platform.call import Call
from simulators.platform.choices import choices_of
from simulators.platform.desk import Desk
from simulators.platform.documents import changed
from simulators.platform.files import fetch, store
from simulators.platform.ledger import Settlement
from simulators.platform.reconciliation import Verdict, compare_lines, compare_sums, counted, result_line, sums
from simulators.platform.refusals import RefusedError

APPLICATION, COUNTER = "clearing", "counter"
AT_ONCE = 100
"""Lines that are compared before others have their turn."""
CASH = "cash_payamt"
"""Compared by 3201 where the province wants it there (assumed)."""
SAID = {
    Verdict.LEVEL: "平",
    Verdict.CENTRE_MORE: "中心多",
    Verdict.INSTITUTION_MORE: "医药机构多",
    Verdict.DIFFERENT: "数据不一致",
}


async def compare_totals(desk: Desk, call: Call) -> bytes:
    """3201. Raises RefusedError for days that are none."""
    info, chosen = call.node("data"), choices_of(desk.profile.name)
    bookings = _bookings(desk, call, info, insutype=str(info["insutype"]))
    ours = sums(bookings, net_count=chosen.statement_count == "net")
    mutual = sum(booking.mutual_fen for booking in bookings) if chosen.mutual_aid == "beside" else 0
    theirs = (*(amount(info[name]) for name in ("medfee_sumamt", "fund_pay_sumamt")), amount(info["acct_pay"]) + mutual)
    pairs = [*zip(ours.parts, (*theirs, _count(info)), strict=True)]
    if CASH in desk.profile.statement_members:
        pairs.append((ours.cash, amount(info[CASH])))
    verdict = compare_sums(pairs)
    total, fund, account = (format_yuan(fen) for fen in (ours.total, ours.fund, ours.account))
    centre = f"中心：{ours.count}笔 总额{total} 基金{fund} 个账{account}"
    if CASH in desk.profile.statement_members:
        centre += f" 现金{format_yuan(ours.cash)}"
    stated = {
        "setl_optins": info["setl_optins"],
        "stmt_rslt": verdict.code(chosen.statement_codes, centre_greater=ours.total >= theirs[0]),
        "stmt_rslt_dscr": SAID[verdict] if verdict is Verdict.LEVEL else f"{SAID[verdict]}；{centre}",
    }
    return desk.accepted(call, {"stmtinfo": stated})


async def compare_details(desk: Desk, call: Call) -> bytes:
    """3202. Raises RefusedError: no such file, or one that says something else than the request."""
    info, chosen = call.node("data"), choices_of(desk.profile.name)
    file = fetch(desk, call, info["file_qury_no"])
    try:
        theirs = await asyncio.to_thread(read_upload, file.content)
    except ValueError as error:
        raise RefusedError("file-invalid", number=file.number, why=error) from error
    stated: dict[str, tuple[Fen, int]] = {
        "medfee_sumamt": (amount(info["medfee_sumamt"]), sum(line.total for line in theirs)),
        "fund_pay_sumamt": (amount(info["fund_pay_sumamt"]), sum(line.fund for line in theirs)),
    }
    if chosen.mutual_aid == "inside":  # else the file does not say what mutual aid has paid
        stated[CASH] = (amount(info[CASH]), sum(line.total - line.fund - line.account for line in theirs))
    if stray := _wrong_flags(desk, theirs):
        raise RefusedError("file-invalid", number=file.number, why=stray)
    wrong = [f"{name}: {format_yuan(a)}≠{format_yuan(Fen(b))}" for name, (a, b) in stated.items() if a != b]
    net = sum(-1 if chosen.statement_count == "net" and line.total < 0 else 1 for line in theirs)
    if _count(info) != net:
        wrong.append(f"fixmedins_setl_cnt: {_count(info)}≠{net}")
    if wrong:
        raise RefusedError("file-disagrees", number=file.number, amounts="；".join(wrong))

    desk.still_here()
    lines = []
    beside = chosen.mutual_aid == "beside"
    compared = compare_lines(desk.ledger, _bookings(desk, call, info), theirs, mutual_beside=beside)
    for number, one in enumerate(compared, start=1):
        if chosen.statement_lines == "all" or one.verdict is not Verdict.LEVEL:
            lines.append(result_line(one, chosen))
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)
            desk.still_here()
    content = await asyncio.to_thread(write_result, lines)

    def work() -> dict[str, object]:
        result = store(desk, call, name=f"result_{file.number}.zip", content=content)
        return {"fileinfo": result.as_output()}

    return await changed(desk, call, work)


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """A clearing application in force, by its number; `key` is what may be applied for once."""

    institution: str
    key: str


_ENCODER, _DECODER = msgspec.json.Encoder(), msgspec.json.Decoder(Application)
_MONTH = re.compile(r"[0-9]{4}(0[1-9]|1[0-2])\Z")


async def apply_for_clearing(desk: Desk, call: Call) -> bytes:
    """3203. Raises RefusedError: the sums are not ours, or the month has been applied for."""
    info = call.node("data")
    month = str(info["setlym"])
    if not _MONTH.match(month):
        raise RefusedError("month-invalid", setlym=month)
    key = f"{call.institution.code}/{info['clr_type']}/{info['clr_way']}/{month}"

    def work() -> dict[str, object]:
        if (before := desk.ledger.kept(f"{APPLICATION}-of", key)) is not None:
            raise RefusedError("clearing-applied", event=before.decode(), setlym=month)
        _require_sums(desk, call, info)
        n = int(desk.ledger.kept(COUNTER, APPLICATION) or b"0") + 1
        number = f"C{call.institution.admdvs}{month}{n:010d}"
        desk.ledger.keep(COUNTER, APPLICATION, str(n).encode())
        application = Application(institution=call.institution.code, key=key)
        desk.ledger.keep(APPLICATION, number, _ENCODER.encode(application))
        desk.ledger.keep(f"{APPLICATION}-of", key, number.encode())
        return {"data": {"clr_appy_evt_id": number}}

    return await changed(desk, call, work)


async def withdraw_clearing(desk: Desk, call: Call) -> bytes:
    """3204. Raises RefusedError when there is no such application in force."""
    number = str(call.node("data")["clr_appy_evt_id"])

    def work() -> None:
        kept = desk.ledger.kept(APPLICATION, number)
        application = None if kept is None else _DECODER.decode(kept)
        if application is None or application.institution != call.institution.code:
            raise RefusedError("clearing-unknown", event=number)
        desk.ledger.drop(APPLICATION, number)
        desk.ledger.drop(f"{APPLICATION}-of", application.key)

    return await changed(desk, call, work)


def _bookings(
    desk: Desk, call: Call, info: Mapping[str, object], *, insutype: str = "", days: tuple[str, str] | None = None
) -> list[Settlement]:
    first, last = days or ("stmt_begndate", "stmt_enddate")
    begin, end = date.fromisoformat(str(info[first])), date.fromisoformat(str(info[last]))
    if begin > end:
        raise RefusedError("days-reversed", begin=begin, end=end)
    found = counted(
        desk.ledger,
        call.institution.code,
        begin=begin,
        end=end,
        clr_type=str(info["clr_type"]),
        insutype=insutype,
    )
    for place in (info.get("setl_optins"), info.get("clr_optins")):  # both are the insured place (assumed)
        if place:
            found = [booking for booking in found if desk.person(booking.psn_no).insured_place == place]
    refunds = {"0": False, "000": False, "000000": False, "1": True, "001": True, "000001": True}
    if (flag := info.get("refd_setl_flag")) in refunds:
        found = [booking for booking in found if bool(booking.reverses) is refunds[str(flag)]]
    return found


def _wrong_flags(desk: Desk, lines: Sequence[StatementLine]) -> str:
    """The lines of a file whose refd_setl_flag is of another family or says the opposite; only of the long family."""
    if desk.profile.refd_setl_flag != "long":
        return ""
    settled, refunded = LINE_REFUND_FLAGS["long"]
    wrong = [
        f"line {number}: refd_setl_flag {due} expected, {line.refund_flag or EMPTY} seen"
        for number, line in enumerate(lines, start=1)
        if line.refund_flag != (due := refunded if line.total < 0 else settled)
    ]
    return "; ".join(wrong)


def _count(info: Mapping[str, object]) -> int:
    return int(Decimal(str(info["fixmedins_setl_cnt"])))


def _require_sums(desk: Desk, call: Call, info: Mapping[str, object]) -> None:
    month = str(info["setlym"])
    if any(str(info[name])[:7] != f"{month[:4]}-{month[4:]}" for name in ("begndate", "enddate")):
        raise RefusedError("month-invalid", setlym=month)
    ours = sums(_bookings(desk, call, info, days=("begndate", "enddate")))
    pairs = {
        "medfee_sumamt": ours.total,
        "fund_appy_sum": ours.fund,
        "cash_payamt": ours.cash,
        "acct_pay": ours.account,
    }
    wrong = [
        f"{name}: {format_yuan(amount(info[name]))}≠{format_yuan(fen)}"
        for name, fen in pairs.items()
        if info.get(name) not in {None, ""} and amount(info[name]) != fen
    ]
    if wrong:
        raise RefusedError("clearing-disagrees", amounts="；".join(wrong))
