"""What is to be paid, and by whom: records are shown to their own person only, and paid by them only."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.judge.counter_talk import Operation
from harness.judge.history import CaseHistory
from harness.rules.registry import Observation, rule
from harness.rules.transactions import as_object, persons_identified, shown, text
from harness.rules.visits import plain

NOTHING = re.compile(
    "没有.{0,4}(待缴费|缴费|费用)|无.{0,4}(待缴费|缴费)|no(thing)?[^.]{0,20} to (be )?pa(y|id)", re.IGNORECASE
)
"""The prompt that there is no pending record (MY annex 6)."""
OWN = ("2203", "2204", "2206", "2207", "2303", "2304")
"""What is only sent for the person whose record or stay it is."""
NOT_BEGUN = frozenset({"has-fees", "refund-at-window", "already-refunded", "no-original", "not-signed-in"})
"""Why a refund is refused before anything is sent."""


@dataclass(frozen=True, kw_only=True)
class _Record:
    order: str
    visit: str
    owner: str
    total: str
    sure: bool = True
    open: bool = True


@rule("pending-own-only")
def pending_own_only(history: CaseHistory) -> Iterator[Observation]:
    """Whoever asks what is pending is identified first, and is shown all of their own unpaid records, no other."""
    for operation in history.doing("pending"):
        if operation.outcome != "accepted" or operation.answer is None:
            continue
        seq = operation.last_seq
        persons = persons_identified(history, operation)
        if not persons:
            yield Observation(seq=seq, expected="somebody identified before anything is shown", seen="nobody")
            continue
        person = persons[-1][1]
        records = {record.order: record for record in _records(history, operation.command.seq)}
        listed = [as_object(row) for row in operation.answer.content.get("records") or []]
        for row in listed:
            record = records.get(text(row.get("order")))
            if record is None or record.owner != person:
                yield Observation(seq=seq, expected="their own records", seen=f"another's, {shown(row.get('order'))}")
            elif record.sure and not record.open:
                yield Observation(seq=seq, expected="unpaid records", seen=f"{record.order}, which is paid")
            elif record.sure and plain(row.get("total")) != plain(record.total):
                yield Observation(
                    seq=seq, expected=f"{record.order}: {record.total}", seen=shown(text(row.get("total")))
                )
        missing = {r.order for r in records.values() if r.sure and r.open and r.owner == person}
        for order in sorted(missing - {text(row.get("order")) for row in listed}):
            yield Observation(seq=seq, expected=f"{order}, which waits to be paid", seen="it is not shown")


@rule("nothing-pending-prompt")
def nothing_pending_prompt(history: CaseHistory) -> Iterator[Observation]:
    """Who has nothing to pay is told so, and nobody else is."""
    for operation in history.doing("pending"):
        answer = operation.answer
        if answer is None:
            continue
        if operation.outcome == "accepted" and not answer.content.get("records"):
            yield Observation(seq=answer.seq, expected="nothing-pending, with its prompt", seen="an empty list")
        if answer.content.get("reason") != "nothing-pending":
            continue
        prompt = text(answer.content.get("prompt"))
        if not NOTHING.search(prompt):
            yield Observation(seq=answer.seq, expected="a prompt that there is no record to pay", seen=shown(prompt))
        persons = {person for _, person in persons_identified(history, operation)}
        for record in _records(history, operation.command.seq):
            if record.sure and record.open and record.owner in persons:
                yield Observation(seq=answer.seq, expected=f"{record.order}, which waits", seen="nothing-pending")


@rule("settled-with-own-person")
def settled_with_own_person(history: CaseHistory) -> Iterator[Observation]:
    """Fees and stays are settled with the person whose they are; when another comes, nothing is sent for them."""
    for operation in history.doing("pay", "refund-part", "settle"):
        owner = _owner(history, operation)
        persons = persons_identified(history, operation)
        if not owner or not persons or persons[-1][1] == owner:
            continue
        sent = [e for e in history.sent(*OWN) if operation.spans(e.request.seq) and e.request.seq > persons[-1][0]]
        if sent or operation.outcome == "accepted":
            yield Observation(
                seq=sent[0].request.seq if sent else operation.last_seq,
                expected=f"not-theirs: {operation.order} is another person's",
                seen=sent[0].infno if sent else "accepted",
            )


def _owner(history: CaseHistory, operation: Operation) -> str:
    if operation.verb == "settle":
        return _person_of(history, operation.order, "admit")
    mine = [r for r in _records(history, operation.command.seq) if r.order == operation.order]
    return mine[-1].owner if mine else ""


def _person_of(history: CaseHistory, order: str, verb: str) -> str:
    """Who registered or was admitted under an order."""
    for operation in history.doing(verb):
        persons = persons_identified(history, operation)
        if operation.order == order and operation.outcome == "accepted" and persons:
            return persons[-1][1]
    return ""


def _left_alone(operation: Operation) -> bool:
    """Whether a command has surely changed nothing of what is to be paid: refused as a payment, or nothing was sent."""
    reason = text(operation.answer.content.get("reason")) if operation.answer is not None else ""
    return operation.outcome == "refused" and (operation.verb == "pay" or reason in NOT_BEGUN)


def _records(history: CaseHistory, seq: int) -> list[_Record]:
    """What doctors had ordered before a record, and whether it is paid, or not to be paid with its visit refunded."""
    found = []
    for fees in history.doing("fees"):
        if fees.outcome != "accepted" or fees.last_seq > seq:
            continue
        touched = [
            o
            for o in history.doing("pay", "refund", "refund-part")
            if o.order == fees.order and fees.last_seq < o.command.seq < seq
        ]
        visit = text(fees.command.content.get("visit"))
        touched += [o for o in history.doing("refund") if o.order == visit and fees.last_seq < o.command.seq < seq]
        closed = any(o.outcome == "accepted" for o in touched)
        sure = all(o.outcome == "accepted" or _left_alone(o) for o in touched)
        found.append(
            _Record(
                order=fees.order,
                visit=visit,
                owner=_person_of(history, visit, "register"),
                total=text(fees.command.content.get("total")),
                sure=sure,
                open=not closed,
            )
        )
    return found
