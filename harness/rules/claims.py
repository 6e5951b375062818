"""What is claimed of a sale, visit or stay: what the adapter was told of it, and nothing that nobody told."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.judge.counter_talk import Operation
from harness.judge.exchange import Exchange
from harness.judge.history import CaseHistory
from harness.rules.registry import Observation, rule
from harness.rules.transactions import (
    SETTLEMENTS,
    SETTLING,
    as_object,
    head_of,
    is_repeat,
    operation_of,
    request_input,
    shown,
    text,
)

PURCHASE = ("2101", "2102")
DISEASES = (*PURCHASE, "2203", "2204", "2301", "2401", "2402")
"""Transactions that may claim a disease with benefits of its own (dise_codg, 门诊慢特病)."""
DISEASE = ("dise_codg", "dise_name")
PRESCRIBED = ("rxno", "bilg_dr_codg", "bilg_dr_name")
"""What a purchase without a prescription has nothing of."""
NOT_TRANSFERRED = "0"
"""rx_circ_flag of a line without a prescription from elsewhere (外配处方)."""
FLAGS = ("hosp_appr_flag", "etip_flag", "dscg_tkdrug_flag", "matn_fee_flag")
"""Flags of a detail that claim something when they are 1: approval, another hospital, drugs taken home, childbirth."""
CLAIMED = "1"
Names = Sequence[tuple[str, str]]
OF_SLOT: Names = (
    ("dept_code", "dept_code"),
    ("dept_name", "dept_name"),
    ("caty", "caty"),
    ("doctor_code", "atddr_no"),
    ("doctor_name", "dr_name"),
)
"""A slot as `slots` tells it, and as 2201 has it."""
OF_ADMISSION: Names = (
    ("dept_code", "adm_dept_codg"),
    ("dept_name", "adm_dept_name"),
    ("bed", "adm_bed"),
    ("doctor.code", "atddr_no"),
    ("doctor.name", "chfpdr_name"),
    ("diagnosis.code", "dscg_maindiag_code"),
    ("diagnosis.name", "dscg_maindiag_name"),
)
"""`admit` and 2401."""
OF_DISCHARGE: Names = (("way_out", "dscg_way"),)
"""`discharge` and 2402."""
VISITS: Mapping[str, tuple[str, Names]] = {
    "2201": ("data", OF_SLOT),
    "2401": ("mdtrtinfo", OF_ADMISSION),
    "2402": ("dscginfo", OF_DISCHARGE),
}
VERBS = {"2201": "register", "2401": "admit", "2402": "discharge"}


@rule("invoice-names-order")
def invoice_names_order(history: CaseHistory) -> Iterator[Observation]:
    """A settlement that names an invoice (invono) names the order that the cashier settles."""
    for exchange in history.sent(*SETTLEMENTS):
        operation, said = operation_of(history, exchange), text(head_of(exchange).get("invono"))
        if operation is None or operation.verb not in SETTLING or is_repeat(history, exchange):
            continue
        if said and said != operation.order:
            yield Observation(
                seq=exchange.request.seq, expected=f"invono {shown(operation.order)}", seen=f"invono {shown(said)}"
            )


@rule("nothing-made-up")
def nothing_made_up(history: CaseHistory) -> Iterator[Observation]:
    """No disease with benefits of its own and no approval is claimed, nor in a purchase a prescription or doctor."""
    for exchange in history.sent(*DISEASES):
        names = (*DISEASE, *PRESCRIBED) if exchange.infno in PURCHASE else DISEASE
        claimed = {name: said for row in _rows(exchange) for name in names if (said := text(row.get(name)))}
        flags = {text(row.get("rx_circ_flag")) for row in _rows(exchange)} - {"", NOT_TRANSFERRED}
        if exchange.infno in PURCHASE and flags:
            claimed["rx_circ_flag"] = min(flags)
        claimed |= {name: CLAIMED for row in _rows(exchange) for name in FLAGS if text(row.get(name)) == CLAIMED}
        for name, said in sorted(claimed.items()):
            yield Observation(
                seq=exchange.request.seq,
                expected=f"{exchange.infno} without {name}, since nothing of the kind was told",
                seen=f"{name} {shown(said)}",
            )


@rule("visit-as-told")
def visit_as_told(history: CaseHistory) -> Iterator[Observation]:
    """Department, doctor, bed, diagnosis and way out of a visit or stay are those of the slot or of the command."""
    for exchange in history.sent(*VISITS):
        operation = operation_of(history, exchange)
        if operation is None or operation.verb != VERBS[exchange.infno]:
            continue
        node, names = VISITS[exchange.infno]
        told = slot_locked(history, operation) if exchange.infno == "2201" else operation.command.content
        sent = as_object(request_input(exchange).get(node))
        for ours, theirs in names:
            due, said = text(_inner(told, ours)), text(sent.get(theirs))
            if due and said and due != said:
                yield Observation(
                    seq=exchange.request.seq,
                    expected=f"{exchange.infno} {theirs} {shown(due)}",
                    seen=f"{theirs} {shown(said)}",
                )
        if exchange.infno != "2201":
            yield from _diagnoses(history, exchange, operation)


def _diagnoses(history: CaseHistory, exchange: Exchange, operation: Operation) -> Iterator[Observation]:
    """Every diagnosis of a stay is the one that it was begun with."""
    admitted = [o for o in history.doing("admit") if o.order == operation.order]
    due = text(_inner(admitted[-1].command.content, "diagnosis.code")) if admitted else ""
    for row in _listed(request_input(exchange).get("diseinfo")) if due else ():
        said = text(as_object(row).get("diag_code"))
        if said and said != due:
            yield Observation(
                seq=exchange.request.seq,
                expected=f"{exchange.infno} diag_code {shown(due)}",
                seen=f"diag_code {shown(said)}",
            )


def slot_locked(history: CaseHistory, operation: Operation) -> Mapping[str, Any]:
    """The slot that an order has locked, as it was told last before."""
    locks = [o for o in history.doing("lock") if o.order == operation.order and o.outcome == "accepted"]
    wanted = text(locks[-1].command.content.get("slot")) if locks else ""
    rows = (
        as_object(row)
        for told in history.doing("slots")
        if told.answer is not None and told.last_seq < operation.command.seq
        for row in _listed(told.answer.content.get("slots"))
    )
    found = [row for row in rows if wanted and text(row.get("slot")) == wanted]
    return found[-1] if found else {}


def _inner(told: Mapping[str, Any], name: str) -> object:
    """A member, or one of an inner object: `doctor.code`."""
    outer, _, inner = name.partition(".")
    return as_object(told.get(outer)).get(inner) if inner else told.get(outer)


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _rows(exchange: Exchange) -> list[dict[str, Any]]:
    """Every object in the nodes of a transaction's input."""
    nodes = request_input(exchange).values()
    return [as_object(row) for node in nodes for row in (node if isinstance(node, list) else [node])]
