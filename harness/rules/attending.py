"""Who attends a visit or stay, and what somebody identifies for: as the slot, the admission and the command told it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.judge.counter_talk import Operation
from harness.judge.exchange import ADAPTER, Exchange
from harness.judge.history import CaseHistory
from harness.rules.claims import slot_locked
from harness.rules.registry import Observation, rule
from harness.rules.times import BENCH_CLOCK, clock_at, said_in_time
from harness.rules.transactions import (
    as_object,
    call_of,
    head_of,
    operation_of,
    request_input,
    rows_of,
    shown,
    text,
)
from harness.rules.visits import mdtrt_id_of

FEE_LINES = ("2204", "2301")
DIAGNOSED = ("2203", "2401", "2402")
LEAVING = "2402"
OF_A_VISIT = ("2203", "2204", "2206", "2206A", "2207", "2207A", "2301", "2402", "2303", "2304")
SETTLING_STAYS = ("2303", "2304")
Names = Sequence[tuple[str, str]]
OF_FEES: Names = (
    ("dept_code", "bilg_dept_codg"),
    ("dept_name", "bilg_dept_name"),
    ("doctor_code", "bilg_dr_codg"),
    ("doctor_name", "bilg_dr_name"),
)
"""Who attends, and who has ordered a line (开单科室, 开单医师)."""
OF_DIAGNOSES: Names = (("doctor_code", "dise_dor_no"), ("doctor_name", "dise_dor_name"))
OF_LEAVING: Names = (("dept_code", "dscg_dept_codg"), ("dept_name", "dscg_dept_name"), ("bed", "dscg_bed"))
PURPOSES: Mapping[str, tuple[str, ...]] = {
    "purchase": ("02121",),
    "register": ("01101",),
    "pay": ("01301",),
    "refund-part": ("01301",),
    "settle": ("01301",),
    "admit": ("01103", "01102"),
}
"""businessType by command: 药店购药, 挂号, 结算, 入院登记 or 住院建档. What `pending` is, nobody says."""


@rule("attended-as-told")
def attended_as_told(history: CaseHistory) -> Iterator[Observation]:
    """Fees, diagnoses, discharge and settlement name the department, doctor, bed and end of stay that were told."""
    for exchange in history.sent(*FEE_LINES, *DIAGNOSED):
        operation = operation_of(history, exchange)
        told = _attending(history, operation) if operation is not None else {}
        wrong: dict[str, tuple[str, str]] = {}
        for row, names in _said(exchange):
            for ours, theirs in names:
                due, said = text(told.get(ours)), text(row.get(theirs))
                if due and said and due != said:
                    wrong[theirs] = (due, said)
        for name, (due, said) in wrong.items():
            yield Observation(
                seq=exchange.request.seq,
                expected=f"{exchange.infno} {name} {shown(due)}",
                seen=f"{name} {shown(said)}",
            )
    yield from _left_as_told(history)


def _left_as_told(history: CaseHistory) -> Iterator[Observation]:
    """A settlement after the discharge says when that was (dscg_time), as the cashier told it."""
    for exchange in history.sent(*SETTLING_STAYS):
        operation, said = operation_of(history, exchange), text(head_of(exchange).get("dscg_time"))
        if operation is None or not said or clock_at(history, exchange.request.seq) != BENCH_CLOCK:
            continue
        left = [o for o in history.doing("discharge") if o.order == operation.order and o.outcome == "accepted"]
        if left and not said_in_time(history, left[-1], said):
            yield Observation(
                seq=exchange.request.seq,
                expected=f"{exchange.infno} dscg_time {text(left[-1].command.content.get('at'))}, of the discharge",
                seen=f"dscg_time {shown(said)}",
            )


@rule("visit-of-the-order")
def visit_of_the_order(history: CaseHistory) -> Iterator[Observation]:
    """What is uploaded or settled is of the visit or stay that its order was begun with (mdtrt_id)."""
    for exchange in history.sent(*OF_A_VISIT):
        operation = operation_of(history, exchange)
        begun = _begun(history, operation) if operation is not None else None
        due = text(begun.answer.content.get("mdtrt_id")) if begun is not None and begun.answer is not None else ""
        said = mdtrt_id_of(exchange)
        if operation is not None and due and said and said != due:
            yield Observation(
                seq=exchange.request.seq,
                expected=f"{exchange.infno} of {due}, the visit that {operation.order} is of",
                seen=f"mdtrt_id {shown(said)}",
            )


def _begun(history: CaseHistory, operation: Operation) -> Operation | None:
    """The registration or admission that a command goes on with."""
    match operation.verb:
        case "pay" | "refund-part":
            fees = [o for o in history.doing("fees") if o.order == operation.order]
            verb, order = "register", text(fees[-1].command.content.get("visit")) if fees else ""
        case "charge" | "discharge" | "settle":
            verb, order = "admit", operation.order
        case _:
            return None
    found = [o for o in history.doing(verb) if o.order == order and o.outcome == "accepted"]
    return found[-1] if found else None


@rule("purpose-as-asked")
def purpose_as_asked(history: CaseHistory) -> Iterator[Observation]:
    """The voucher centre is told what somebody identifies for: businessType is that of the cashier's command."""
    for exchange in history.exchanges:
        if exchange.client != ADAPTER or not call_of(exchange):
            continue
        operation = operation_of(history, exchange)
        due = PURPOSES.get(operation.verb, ()) if operation is not None else ()
        said = text(as_object(exchange.request.readable.get("data")).get("businessType"))
        if operation is not None and due and said and said not in due:
            yield Observation(
                seq=exchange.request.seq,
                expected=f"businessType {due[0]} ({operation.verb})",
                seen=f"businessType {shown(said)}",
            )


def _attending(history: CaseHistory, operation: Operation) -> Mapping[str, Any]:
    """Department, doctor and bed, as they were told to whoever does this; empty where nobody told."""
    match operation.verb:
        case "register":
            return slot_locked(history, operation)
        case "pay" | "refund-part":
            fees = [o for o in history.doing("fees") if o.order == operation.order]
            visit = text(fees[-1].command.content.get("visit")) if fees else ""
            registered = [o for o in history.doing("register") if visit and o.order == visit]
            return slot_locked(history, registered[-1]) if registered else {}
        case "admit" | "charge" | "discharge":
            admitted = [o for o in history.doing("admit") if o.order == operation.order]
            told = admitted[-1].command.content if admitted else {}
            doctor = as_object(told.get("doctor"))
            return {**told, "doctor_code": doctor.get("code"), "doctor_name": doctor.get("name")}
    return {}


def _said(exchange: Exchange) -> Iterator[tuple[Mapping[str, Any], Names]]:
    """The objects of a transaction that name somebody, each with what it names."""
    if exchange.infno in FEE_LINES:
        yield from ((row, OF_FEES) for row in rows_of(exchange))
        return
    found = request_input(exchange)
    diagnoses = found.get("diseinfo")
    yield from ((as_object(row), OF_DIAGNOSES) for row in (diagnoses if isinstance(diagnoses, list) else ()))
    if exchange.infno == LEAVING:
        yield as_object(found.get("dscginfo")), OF_LEAVING
