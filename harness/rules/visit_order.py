"""Visits and stays: what belongs to one is sent in its order, its details once, and undone it leaves nothing behind."""

from collections.abc import Iterator

from harness.judge.counter_talk import Operation
from harness.judge.exchange import Exchange
from harness.judge.history import CaseHistory
from harness.rules.registry import Observation, rule
from harness.rules.transactions import (
    as_object,
    head_of,
    is_interim,
    is_repeat,
    member,
    order_of,
    rows_of,
    shown,
    text,
)
from harness.rules.visits import CLOSING, IN_A_VISIT, UPLOADS, Visit, mdtrt_id_of, read_visits

BY_BATCH = ("2206", "2206A", "2207", "2207A")
OF_STAYS = ("2303", "2304")
OUTPATIENT, INPATIENT = ("11", "12"), ("21",)
"""med_type of an ordinary visit (门诊, 挂号) and of an ordinary stay (普通住院)."""
MED_TYPES = {
    **dict.fromkeys(("2203", "2203A", "2206", "2206A", "2207", "2207A"), OUTPATIENT),
    **dict.fromkeys(("2401", "2301"), INPATIENT),
}
PART_STEPS = ("2208", "2205", "2204", "2206", "2207")
"""A partial refund: the settlement and its details are undone, what is kept is uploaded and settled anew."""


@rule("visit-in-order")
def visit_in_order(history: CaseHistory) -> Iterator[Observation]:
    """What belongs to a visit is sent while it is open, after what is due before it: 2201 or 2401, 2203, details."""
    visits = read_visits(history)
    for exchange in history.sent(*IN_A_VISIT):
        seq, mdtrt_id = exchange.request.seq, mdtrt_id_of(exchange)
        if is_repeat(history, exchange):
            continue
        visit = visits.at(mdtrt_id, seq)
        if visit is None:
            if not _told(history, mdtrt_id, seq):
                yield Observation(
                    seq=seq, expected="the mdtrt_id that a 2201 or 2401 gave", seen=f"mdtrt_id {shown(mdtrt_id)}"
                )
        elif visit.closed and exchange.infno not in CLOSING:
            yield Observation(seq=seq, expected="nothing for a visit that was cancelled", seen=exchange.infno)
        else:
            lacking = _lacking(history, exchange, visit)
            if lacking:
                yield Observation(seq=seq, expected=f"{lacking} before {exchange.infno}", seen="none")


def _told(history: CaseHistory, mdtrt_id: str, seq: int) -> bool:
    """Whether an earlier answer told this visit's number in another way, e.g. the refusal of a second 2201."""
    replies = (e.reply for e in history.sent() if e.reply is not None and e.reply.seq < seq)
    return bool(mdtrt_id) and any(mdtrt_id.encode() in reply.body for reply in replies)


def _lacking(history: CaseHistory, exchange: Exchange, visit: Visit) -> str:
    if exchange.infno in BY_BATCH:
        profile = as_object(history.hello_at(exchange.request.seq).get("profile"))
        if not visit.unsettled(text(head_of(exchange).get("chrg_bchno"))):
            return "2204 of its batch"
        if not visit.described and profile.get("visit_data") is not False:
            return "2203"
    if exchange.infno in OF_STAYS and not visit.unsettled():
        return "2301"
    return ""


@rule("kind-of-visit")
def kind_of_visit(history: CaseHistory) -> Iterator[Observation]:
    """A visit is of the kind that the cashier's commands mean (med_type): ordinary outpatient, ordinary inpatient."""
    for exchange in history.sent(*MED_TYPES):
        due, found = MED_TYPES[exchange.infno], member(exchange, "med_type")
        if found and found not in due:
            yield Observation(
                seq=exchange.request.seq,
                expected=f"{exchange.infno} med_type {' or '.join(due)}",
                seen=f"med_type {shown(found)}",
            )


@rule("settles-after-discharge")
def settles_after_discharge(history: CaseHistory) -> Iterator[Observation]:
    """A stay is settled after its discharge, before it only in the interim and marked so."""
    visits = read_visits(history)
    for exchange in history.sent("2304"):
        visit = visits.at(mdtrt_id_of(exchange), exchange.request.seq)
        if visit is None or is_repeat(history, exchange):
            continue
        if is_interim(exchange) and visit.discharged:
            yield Observation(
                seq=exchange.request.seq, expected="mid_setl_flag 0 after 2402", seen="an interim settlement"
            )
        if not is_interim(exchange) and not visit.discharged:
            yield Observation(seq=exchange.request.seq, expected="2402 before the final 2304", seen="none")
    for operation in history.doing("settle"):
        sent = [e for e in history.sent() if operation.spans(e.request.seq)]
        if _reason(operation) == "not-discharged" and sent:
            yield Observation(seq=sent[0].request.seq, expected="nothing sent before the discharge", seen=sent[0].infno)


@rule("details-once")
def details_once(history: CaseHistory) -> Iterator[Observation]:
    """A detail's number is uploaded once in its visit, and again only after it was withdrawn."""
    visits = read_visits(history)
    for exchange in history.sent(*UPLOADS):
        if is_repeat(history, exchange):
            continue
        visit = visits.at(mdtrt_id_of(exchange), exchange.request.seq)
        seen: set[str] = set()
        for row in rows_of(exchange):
            number = text(row.get("feedetl_sn"))
            there = visit.details.get(number) if visit is not None else None
            if there is not None or number in seen:
                which = f"uploaded in record {there.seq}" if there is not None else "twice in one message"
                yield Observation(
                    seq=exchange.request.seq, expected=f"feedetl_sn {shown(number)} once", seen=f"again, {which}"
                )
            seen.add(number)


@rule("undone-leaves-nothing")
def undone_leaves_nothing(history: CaseHistory) -> Iterator[Observation]:
    """A registration that failed or was refunded leaves no open visit behind, and refunded fees leave no details."""
    visits = read_visits(history)
    starts = [told for told, _ in history.hellos]
    dead = bool(history.crashes) and max(history.crashes) > max(starts, default=-1)
    for operation in history.doing("register") if history.whole and not dead else ():
        mine = [v for v in visits.last() if operation.spans(v.opened) and not v.stay]
        for visit in mine if operation.outcome == "refused" else ():
            if not visit.closed:
                yield Observation(
                    seq=operation.last_seq,
                    expected=f"2202 of {visit.mdtrt_id}, since {operation.order} was refused",
                    seen="the visit stays open" + (f" with {len(visit.details)} details" if visit.details else ""),
                )
    for operation in history.doing("refund"):
        for opened in visits.last() if operation.outcome == "accepted" else ():
            then = visits.at(opened.mdtrt_id, operation.last_seq)
            if then is None or then.stay:
                continue
            of_visit = then.order == operation.order
            batches = {""} if of_visit else _batches(history, operation, then)
            left = [detail for batch in batches for detail in then.unsettled(batch)]
            if (of_visit and not then.closed) or left:
                yield Observation(
                    seq=operation.last_seq,
                    expected=f"what {operation.order} was for is undone: 2205" + (", 2202" if of_visit else ""),
                    seen=f"{len(left)} details left" if left else "the visit stays open",
                )


def _batches(history: CaseHistory, operation: Operation, visit: Visit) -> set[str]:
    """The batches of a visit that settlements of the refunded order have named."""
    settled = (e for e in history.sent("2207", "2207A") if order_of(history, e) == operation.order)
    named = {text(head_of(e).get("chrg_bchno")) for e in settled if mdtrt_id_of(e) == visit.mdtrt_id}
    return named - {""}


@rule("admission-undone")
def admission_undone(history: CaseHistory) -> Iterator[Observation]:
    """An admission is cancelled with 2404 after its details were withdrawn, and not while something is settled."""
    visits = read_visits(history)
    for operation in history.doing("cancel-admission"):
        sent = [e for e in history.sent("2404") if operation.spans(e.request.seq)]
        for exchange in sent:
            visit = visits.at(mdtrt_id_of(exchange), exchange.request.seq)
            if visit is not None and visit.details:
                yield Observation(
                    seq=exchange.request.seq,
                    expected="a stay without details, 2302 before 2404",
                    seen=f"{len(visit.details)} details",
                )
        if operation.outcome == "accepted" and not any(e.granted for e in sent):
            yield Observation(seq=operation.last_seq, expected="an accepted 2404", seen="none")
        if _reason(operation) == "has-fees" and sent:
            yield Observation(seq=sent[0].request.seq, expected="no 2404 while fees are settled", seen="2404")


@rule("partial-refund-in-order")
def partial_refund_in_order(history: CaseHistory) -> Iterator[Observation]:
    """A partial refund undoes the settlement, withdraws its details, uploads what is kept, settles that: in order."""
    for operation in history.doing("refund-part"):
        sent = [e for e in history.sent(*PART_STEPS) if operation.spans(e.request.seq)]
        done: set[str] = set()
        for exchange in sent:
            before = PART_STEPS[: PART_STEPS.index(exchange.infno)]
            lacking = [step for step in before if step not in done]
            undoing = exchange.infno == "2205" and "2204" in done  # the upload itself is taken back
            if lacking and not undoing:
                yield Observation(
                    seq=exchange.request.seq, expected=f"{lacking[0]} before {exchange.infno}", seen="none accepted"
                )
            again = exchange.legible and any(e.unknown and e.infno == "2205" for e in sent)
            if exchange.granted or (exchange.infno == "2205" and again):
                done.add(exchange.infno)  # refused the second time: the first one was done
        missing = [step for step in PART_STEPS if step not in {e.infno for e in sent}]
        if operation.outcome == "accepted" and missing:
            yield Observation(seq=operation.last_seq, expected=f"an accepted {missing[0]}", seen="none")


def _reason(operation: Operation) -> str:
    return text(operation.answer.content.get("reason")) if operation.answer else ""
