"""2206 and 2303 pre-settlement (预结算), 2207 and 2304 settlement (结算) of a visit's details; only the latter book.

Both compute from the details as they are uploaded, so a settlement cannot differ from its pre-settlement unless
details, account or what the year has left changed in between. Outpatient details are settled by batch, once; those of a
stay all at once, after discharge, or before it with mid_setl_flag 1.
"""

from dataclasses import dataclass
from datetime import datetime

from fixtures.population import Person
from harness.money import Fen, format_yuan
from harness.wire.institution import amount
from simulators.platform.benefit_tables import table_of
from simulators.platform.benefits import Line, Rule, Split, split
from simulators.platform.call import Call, moment
from simulators.platform.choices import choices_of
from simulators.platform.desk import Desk
from simulators.platform.disturbed import as_settled
from simulators.platform.fees import require_sum
from simulators.platform.ledger import Settlement
from simulators.platform.persons import psn_type
from simulators.platform.refusals import RefusedError
from simulators.platform.setlinfo import INPATIENT, OUTPATIENT, hifdm_share_of, presettled, settlement_output
from simulators.platform.trace_codes import hold, require_traced
from simulators.platform.transactions.confirm import confirmed, identified
from simulators.platform.transactions.details import netted
from simulators.platform.visits import (
    Detail,
    Kind,
    State,
    Visit,
    local_year,
    moved,
    open_stay,
    settled,
    used,
    visit_here,
)

SETTLES_STAY = "2304"
SCOPE = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")


@dataclass(frozen=True, kw_only=True)
class _Case:
    """What is to be settled, as it stands in the books at one moment."""

    visit: Visit
    after: State
    details: list[Detail]
    rule: Rule
    lines: list[Line]
    parts: Split
    balance: Fen


async def pre_settle_visit(desk: Desk, call: Call) -> bytes:
    """2206, 2206A, 2303. Books nothing. Raises RefusedError."""
    person = await identified(desk, call, call.node("data"))
    case = _case(desk, call, person)
    presettled(desk, call, person, case.parts)
    return desk.accepted(call, _output(desk, call, person, case, setl_id=None))


async def settle_visit(desk: Desk, call: Call) -> bytes:
    """2207, 2207A, 2304. Returns once it is committed and announced. Raises RefusedError; then nothing is booked."""
    info = call.node("data")
    person = await identified(desk, call, info)
    shown = _case(desk, call, person)
    _require_scope(desk, call, shown.parts)
    require_traced(desk, call, shown.lines)
    await confirmed(desk, call, info, person, shown.parts)
    await desk.ledger.turn()
    desk.still_here()
    with desk.ledger.writing():
        if desk.ledger.is_barred(call.msgid):
            raise RefusedError("msgid-reversed", msgid=call.msgid)
        case = _case(desk, call, person)
        if (case.parts.fund, case.parts.account) != (shown.parts.fund, shown.parts.account):
            raise RefusedError("balance-changed")
        traced = require_traced(desk, call, case.lines)
        n, setl_id, _ = desk.number_for(call)
        at_ns = desk.clock.now_ns()  # the person may have taken until after midnight
        settlement = Settlement(
            n=n,
            setl_id=setl_id,
            msgid=call.msgid,
            infno=call.infno,
            institution=call.institution.code,
            psn_no=person.psn_no,
            mdtrt_id=case.visit.mdtrt_id,
            invono=str(info.get("invono") or ""),
            insutype=case.rule.insutype,
            at_ns=at_ns,
            total_fen=case.parts.total,
            fund_fen=case.parts.fund,
            account_fen=case.parts.account,
            cash_fen=case.parts.cash,
            reverses=None,
            large_fen=case.parts.large,
            mutual_fen=case.parts.mutual,
            mutual=table_of(desk.profile.name).mutual_aid_of(person.psn_no) if case.parts.mutual else "",
        )
        output = _output(desk, call, person, case, setl_id=setl_id, at=moment(at_ns))
        reply = desk.book(call, settlement, output)
        settled(desk, case.visit, case.details, case.parts, setl_id=setl_id, after=case.after)
        hold(desk, traced, setl_id)
    await desk.announce(settlement)
    return reply


def _case(desk: Desk, call: Call, person: Person) -> _Case:
    info = call.node("data")
    table, chosen = table_of(desk.profile.name), choices_of(desk.profile.name)
    visit = visit_here(desk, call, info["mdtrt_id"], person.psn_no)
    if visit.state is State.SETTLED:
        raise RefusedError("batch-settled", batch=visit.mdtrt_id)
    after = moved(visit, call.infno).state
    if visit.kind is Kind.OUTPATIENT:
        details = _batch(desk, visit, info["chrg_bchno"], in_hospital=chosen.outpatient_in_hospital)
        if chosen.visit_data and not visit.has_data:
            raise RefusedError("visit-data-missing", mdtrt_id=visit.mdtrt_id)
        if visit.has_data and info["med_type"] != visit.med_type:
            raise RefusedError("med-type-disagrees", seen=info["med_type"], expected=visit.med_type)
        med_type = str(info["med_type"])
    else:
        interim = info["mid_setl_flag"] == "1"
        if interim and visit.state is not State.ADMITTED:
            raise RefusedError("mid-after-discharge")
        if call.infno == SETTLES_STAY and not interim and visit.state is State.ADMITTED:
            raise RefusedError("discharge-first")
        details, med_type = visit.unsettled, visit.med_type
        if not details:
            raise RefusedError("nothing-to-settle", batch=visit.mdtrt_id)
    psn = psn_type(person, call.at.date())
    rule = table.rule_for(person.insutype, med_type, klass=table.class_of(call.institution), psn_type=psn)
    if rule is None:
        raise RefusedError("no-benefit", insutype=person.insutype, med_type=med_type)
    lines = netted(desk, details)
    require_sum(lines, info["medfee_sumamt"])
    mutual = table.mutual_aid_of(person.psn_no)
    balance = desk.ledger.balance(person.psn_no)
    parts = split(
        lines,
        rule,
        balance=balance,
        use_account=info["acct_used_flag"] == "1",
        used=used(desk, visit, rule, local_year(desk)),
        mutual_balance=desk.ledger.mutual_balance(mutual) if mutual else Fen(0),
        table=table,
    )
    parts = as_settled(parts, call.infno)
    return _Case(visit=visit, after=after, details=details, rule=rule, lines=lines, parts=parts, balance=balance)


def _batch(desk: Desk, visit: Visit, number: object, *, in_hospital: bool) -> list[Detail]:
    details = visit.batch(str(number))
    if not details:
        raise RefusedError("nothing-to-settle", batch=number)
    if any(detail.setl_id for detail in details):
        raise RefusedError("batch-settled", batch=number)
    if not in_hospital and (stay := open_stay(desk, visit.psn_no)):
        raise RefusedError("in-hospital", mdtrt_id=stay)
    return details


def _require_scope(desk: Desk, call: Call, parts: Split) -> None:
    if choices_of(desk.profile.name).scope_amounts == "ignore":
        return
    info = call.node("data")
    ours = dict(zip(SCOPE, (parts.own_pay, parts.over_limit, parts.paid_first, parts.in_scope), strict=True))
    wrong = [
        f"{name}: {format_yuan(amount(info[name]))}≠{format_yuan(fen)}"
        for name, fen in ours.items()
        if amount(info[name]) != fen
    ]
    if wrong:
        raise RefusedError("scope-disagrees", amounts="；".join(wrong))


def _output(
    desk: Desk, call: Call, person: Person, case: _Case, *, setl_id: str | None, at: datetime | None = None
) -> dict[str, object]:
    info = call.node("data")
    return settlement_output(
        desk.writer,
        call,
        person,
        case.parts,
        balance=case.balance - case.parts.own_account,
        mdtrt_id=case.visit.mdtrt_id,
        setl_id=setl_id,
        med_type=case.rule.med_type,
        mdtrt_cert_type=str(info["mdtrt_cert_type"]),
        clr_type=OUTPATIENT if case.visit.kind is Kind.OUTPATIENT else INPATIENT,
        mutual_beside=choices_of(desk.profile.name).mutual_aid == "beside",
        hifdm_share=hifdm_share_of(desk.profile),
        at=at,
    )
