"""2101 pre-settlement (药店预结算) and 2102 settlement (药店结算): what a purchase costs whom; only 2102 books it.

Both compute from the same details with the same rule, so that equal input gives equal amounts. 2102 needs no 2101
before it. Unless signtype is MOCK, 2102 has the person confirm the payment; while they do, the account may change, so
the amounts are computed again afterwards and a difference in what the account pays is a refusal.
"""

from datetime import datetime

from fixtures.population import Person
from harness.money import Fen
from simulators.platform.benefit_tables import table_of
from simulators.platform.benefits import Line, Rule, Split, split
from simulators.platform.call import Call, moment
from simulators.platform.desk import Desk
from simulators.platform.disturbed import as_settled
from simulators.platform.fees import priced, require_sum, rows_of
from simulators.platform.ledger import Settlement
from simulators.platform.persons import psn_type
from simulators.platform.refusals import RefusedError
from simulators.platform.setlinfo import hifdm_share_of, presettled, settlement_output
from simulators.platform.trace_codes import hold, require_traced
from simulators.platform.transactions.confirm import confirmed, insured
from simulators.platform.transactions.person import presented


async def pre_settle(desk: Desk, call: Call) -> bytes:
    """2101. Books nothing. Raises RefusedError."""
    person, rule, lines = _purchase(desk, call)
    await presented(desk, call, call.node("druginfo"), person)
    balance = desk.ledger.balance(person.psn_no)
    parts = _split(call, rule, lines, balance)
    presettled(desk, call, person, parts)
    return desk.accepted(call, _output(desk, call, person, parts, balance=balance, mdtrt_id="", setl_id=None))


async def settle(desk: Desk, call: Call) -> bytes:
    """2102. Returns once the settlement is committed and announced. Raises RefusedError; then nothing is booked."""
    person, rule, lines = _purchase(desk, call)
    await presented(desk, call, call.node("druginfo"), person)
    balance = desk.ledger.balance(person.psn_no)
    shown = as_settled(_split(call, rule, lines, balance), call.infno)
    require_traced(desk, call, lines)
    await confirmed(desk, call, call.node("druginfo"), person, shown)
    await desk.ledger.turn()
    desk.still_here()
    with desk.ledger.writing():
        if desk.ledger.is_barred(call.msgid):
            raise RefusedError("msgid-reversed", msgid=call.msgid)
        now = desk.ledger.balance(person.psn_no)
        parts = shown if now == balance else as_settled(_split(call, rule, lines, now), call.infno)
        if parts.account != shown.account:
            raise RefusedError("balance-changed")
        traced = require_traced(desk, call, lines)
        n, setl_id, mdtrt_id = desk.number_for(call)
        at_ns = desk.clock.now_ns()  # the person may have taken until after midnight
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
            at_ns=at_ns,
            total_fen=parts.total,
            fund_fen=parts.fund,
            account_fen=parts.account,
            cash_fen=parts.cash,
            reverses=None,
        )
        output = _output(desk, call, person, parts, balance=now, mdtrt_id=mdtrt_id, setl_id=setl_id, at=moment(at_ns))
        reply = desk.book(call, settlement, output)
        hold(desk, traced, setl_id)
    await desk.announce(settlement)
    return reply


def _purchase(desk: Desk, call: Call) -> tuple[Person, Rule, list[Line]]:
    info = call.node("druginfo")
    person = insured(desk, call, info)
    table = table_of(desk.profile.name)
    rule = table.rule_for(
        person.insutype,
        str(info["med_type"]),
        klass=table.class_of(call.institution),
        psn_type=psn_type(person, call.at.date()),
    )
    if rule is None:
        raise RefusedError("no-benefit", insutype=person.insutype, med_type=info["med_type"])
    lines = priced(desk, rows_of(call.data["drugdetail"]))
    require_sum(lines, info["medfee_sumamt"])
    return person, rule, lines


def _split(call: Call, rule: Rule, lines: list[Line], balance: Fen) -> Split:
    return split(lines, rule, balance=balance, use_account=call.node("druginfo")["acct_used_flag"] == "1")


def _output(
    desk: Desk,
    call: Call,
    person: Person,
    parts: Split,
    *,
    balance: Fen,
    mdtrt_id: str,
    setl_id: str | None,
    at: datetime | None = None,
) -> dict[str, object]:
    info = call.node("druginfo")
    return settlement_output(
        desk.writer,
        call,
        person,
        parts,
        balance=balance - parts.own_account,
        mdtrt_id=mdtrt_id,
        setl_id=setl_id,
        med_type=str(info["med_type"]),
        mdtrt_cert_type=str(info["mdtrt_cert_type"]),
        hifdm_share=hifdm_share_of(desk.profile),
        at=at,
    )
