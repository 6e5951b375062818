"""2101 pre-settlement (药店预结算) and 2102 settlement (药店结算): what a purchase costs whom; only 2102 books it.

Both compute from the same details with the same rule, so that equal input gives equal amounts. 2102 needs no 2101
before it. Unless signtype is MOCK, 2102 has the person confirm the payment; while they do, the account may change, so
the amounts are computed again afterwards and a difference in what the account pays is a refusal.
"""

from collections import Counter
from decimal import Decimal

from fixtures.population import Person
from harness.money import Fen, format_yuan
from harness.wire.fields import is_array, is_object
from harness.wire.institution import amount, line_amount
from simulators.platform.benefits import Line, Rule, Split, item_for, rule_for, split
from simulators.platform.call import Call
from simulators.platform.centre import CentreUnavailableError
from simulators.platform.desk import Desk
from simulators.platform.ledger import Settlement
from simulators.platform.refusals import RefusedError
from simulators.platform.setlinfo import settlement_output
from simulators.platform.transactions.person import VOUCHER, require_token

MOCK = "MOCK"


async def pre_settle(desk: Desk, call: Call) -> bytes:
    """2101. Books nothing. Raises RefusedError."""
    person, rule, lines = _purchase(desk, call)
    await require_token(desk, call, _token(call), person)
    balance = desk.ledger.balance(person.psn_no)
    parts = _split(call, rule, lines, balance)
    desk.event(
        "presettled",
        msgid=call.msgid,
        psn_no=person.psn_no,
        institution=call.institution.code,
        total_fen=parts.total,
        fund_fen=parts.fund,
        account_fen=parts.account,
        cash_fen=parts.cash,
    )
    return desk.accepted(call, _output(desk, call, person, parts, balance=balance, mdtrt_id="", setl_id=None))


async def settle(desk: Desk, call: Call) -> bytes:
    """2102. Returns once the settlement is committed and announced. Raises RefusedError; then nothing is booked."""
    person, rule, lines = _purchase(desk, call)
    await require_token(desk, call, _token(call), person)
    balance = desk.ledger.balance(person.psn_no)
    shown = _split(call, rule, lines, balance)
    if call.signtype != MOCK:
        await _confirmed(desk, call, shown)
    with desk.ledger.writing():
        if desk.ledger.is_barred(call.msgid):
            raise RefusedError("msgid-reversed", msgid=call.msgid)
        now = desk.ledger.balance(person.psn_no)
        parts = shown if now == balance else _split(call, rule, lines, now)
        if parts.account != shown.account:
            raise RefusedError("balance-changed")
        n, setl_id, mdtrt_id = desk.number_for(call)
        settlement = Settlement(
            n=n,
            setl_id=setl_id,
            msgid=call.msgid,
            infno=call.infno,
            institution=call.institution.code,
            psn_no=person.psn_no,
            mdtrt_id=mdtrt_id,
            invono=str(call.node("druginfo").get("invono") or ""),
            insutype=rule.insutype,
            at_ns=desk.clock.now_ns(),
            total_fen=parts.total,
            fund_fen=parts.fund,
            account_fen=parts.account,
            cash_fen=parts.cash,
            reverses=None,
        )
        output = _output(desk, call, person, parts, balance=now, mdtrt_id=mdtrt_id, setl_id=setl_id)
        reply = desk.book(call, settlement, output)
    await desk.announce(settlement)
    return reply


def _purchase(desk: Desk, call: Call) -> tuple[Person, Rule, list[Line]]:
    info = call.node("druginfo")
    person = desk.person(info["psn_no"])
    if info["mdtrt_cert_type"] != VOUCHER:
        raise RefusedError("card-type-unsupported", mdtrt_cert_type=info["mdtrt_cert_type"])
    if call.insured_place and call.insured_place != person.insured_place:
        raise RefusedError("insured-place-disagrees", seen=call.insured_place, expected=person.insured_place)
    if info["insutype"] != person.insutype:
        raise RefusedError("insutype-disagrees", seen=info["insutype"], expected=person.insutype)
    rule = rule_for(person.insutype, str(info["med_type"]))
    if rule is None:
        raise RefusedError("no-benefit", insutype=person.insutype, med_type=info["med_type"])
    return person, rule, _lines(desk, call)


def _lines(desk: Desk, call: Call) -> list[Line]:
    rows = call.data["drugdetail"]
    assert is_array(rows)
    lines, wrong = [], []
    for row in rows:
        assert is_object(row)
        level = row.get("chrgitm_lv") if desk.profile.level_on_line else None
        line = Line(
            sn=str(row["feedetl_sn"]),
            item=item_for(str(row["med_list_codg"]), level=str(level) if level else None),
            amount=amount(row["det_item_fee_sumamt"]),
            price=Decimal(str(row["pric"])),
            count=Decimal(str(row["cnt"])),
        )
        if line.amount <= 0 or line.price <= 0 or line.count <= 0:
            raise RefusedError("amount-not-positive", where=line.sn)
        if line_amount(line.price, line.count) != line.amount:
            wrong.append(f"{line.sn}: {line.price}×{line.count}≠{format_yuan(line.amount)}")
        lines.append(line)
    if wrong:
        raise RefusedError("line-disagrees", lines="；".join(wrong))
    repeated = [sn for sn, count in Counter(line.sn for line in lines).items() if count > 1]
    if repeated:
        raise RefusedError("detail-repeated", feedetl_sn="、".join(repeated))
    _require_sum(call, lines)
    return lines


def _require_sum(call: Call, lines: list[Line]) -> None:
    total = amount(call.node("druginfo")["medfee_sumamt"])
    details = Fen(sum(line.amount for line in lines))
    if details != total:
        raise RefusedError("details-disagree", details=format_yuan(details), total=format_yuan(total))


def _split(call: Call, rule: Rule, lines: list[Line], balance: Fen) -> Split:
    return split(lines, rule, balance=balance, use_account=call.node("druginfo")["acct_used_flag"] == "1")


def _output(
    desk: Desk, call: Call, person: Person, parts: Split, *, balance: Fen, mdtrt_id: str, setl_id: str | None
) -> dict[str, object]:
    info = call.node("druginfo")
    return settlement_output(
        desk.writer,
        call,
        person,
        parts,
        balance=balance - parts.account,
        mdtrt_id=mdtrt_id,
        setl_id=setl_id,
        med_type=str(info["med_type"]),
        mdtrt_cert_type=str(info["mdtrt_cert_type"]),
    )


def _token(call: Call) -> str:
    return str(call.node("druginfo")["mdtrt_cert_no"])


async def _confirmed(desk: Desk, call: Call, shown: Split) -> None:
    try:
        result = await desk.centre.confirm(
            _token(call), call.institution, amount=shown.total, account=shown.account, msgid=call.msgid
        )
    except CentreUnavailableError as error:
        desk.still_here()
        raise RefusedError("centre-unavailable") from error
    desk.still_here()
    match result:
        case "confirmed":
            return
        case "wrong-password" | "declined" | "not-answered" | "token-invalid":
            raise RefusedError(result)
        case _:
            raise RefusedError("centre-unavailable")
