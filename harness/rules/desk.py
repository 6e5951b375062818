"""What a counter must see by itself: a basket that is wrong, a command that makes no sense, why somebody refused."""

import re
from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from harness.judge.counter_talk import Operation, PortLine
from harness.judge.exchange import ADAPTER
from harness.judge.history import CaseHistory
from harness.money import Fen
from harness.rules.registry import Observation, rule
from harness.rules.transactions import PERSONAL, as_object, call_of, fen, shown, text

COMMANDS = frozenset(
    {
        *("sign-in", "purchase", "refund", "totals", "books", "resolve", "bye"),
        *("slots", "lock", "release", "register", "fees", "pending", "pay", "refund-part"),
        *("admit", "charge", "discharge", "settle", "cancel-admission"),
        *("insurance", "proof", "tier", "leave", "screen"),
    }
)
"""Every command of the counter port."""
BLANK = re.compile(r"\s+")


@rule("basket-checked-first")
def basket_checked_first(history: CaseHistory) -> Iterator[Observation]:
    """A basket that does not add up is refused as such before anybody is identified or anything is settled."""
    for operation in history.doing("purchase"):
        wrong = _wrong_with(operation.command.content)
        if not wrong or operation.answer is None or operation.answer.content.get("reason") == "not-signed-in":
            continue
        said = operation.answer.content
        if operation.outcome != "refused" or said.get("reason") != "amounts-disagree":
            answered = f"{operation.outcome or 'error'} ({shown(said.get('reason'))})"
            yield Observation(seq=operation.last_seq, expected=f"amounts-disagree: {wrong}", seen=answered)
        sent = [
            e
            for e in history.exchanges
            if e.client == ADAPTER and operation.spans(e.request.seq) and (e.infno in PERSONAL or call_of(e))
        ]
        for exchange in sent[:1]:
            what = exchange.infno or call_of(exchange)
            yield Observation(seq=exchange.request.seq, expected=f"nothing sent: {wrong}", seen=what)


def _wrong_with(command: Mapping[str, Any]) -> str:
    """Why a purchase does not add up; empty when it does, or cannot be read."""
    lines = [as_object(line) for line in command.get("lines") or []]
    amounts = [fen(line.get("amount")) for line in lines]
    total = fen(command.get("total"))
    for number, (line, amount) in enumerate(zip(lines, amounts, strict=True), start=1):
        due = _priced(line)
        if amount is not None and due is not None and amount != due:
            return f"line {number} is not price times quantity"
    stated = [amount for amount in amounts if amount is not None]
    if total is not None and len(stated) == len(lines) and sum(stated) != total:
        return "the lines do not add up to the total"
    return ""


def _priced(line: Mapping[str, Any]) -> Fen | None:
    """Price times quantity, rounded half up to the fen; None when they cannot be read."""
    try:
        exact = Decimal(text(line.get("price"))) * Decimal(text(line.get("quantity"))) * 100
        return Fen(int(exact.to_integral_value(rounding=ROUND_HALF_UP)))
    except (InvalidOperation, ValueError, OverflowError):
        return None


@rule("nonsense-gets-an-error")
def nonsense_gets_an_error(history: CaseHistory) -> Iterator[Observation]:
    """A command that makes no sense, an order that is settled already among them, is answered with an error."""
    for line in history.port:
        if line.sent and not (text(line.content.get("do")) in COMMANDS or "hello" in line.content):
            answer = next((other for other in history.port if other.seq > line.seq and not other.sent), None)
            if history.whole and (answer is None or "error" not in answer.content):
                yield Observation(seq=line.seq, expected="an error, for this is no command", seen=_said(answer))
    for operation in history.doing("purchase"):
        sold = [other for other in history.doing("purchase", "refund") if _settles(other, operation)]
        if sold and sold[-1].verb == "purchase" and operation.answer and "error" not in operation.answer.content:
            yield Observation(
                seq=operation.last_seq,
                expected=f"an error, for {operation.order} is settled already",
                seen=operation.outcome,
            )


def _settles(other: Operation, operation: Operation) -> bool:
    """Whether a command before this one settled the same order, or refunded it."""
    return other.order == operation.order and other.outcome == "accepted" and other.last_seq < operation.command.seq


def _said(answer: PortLine | None) -> str:
    return shown(answer.content.get("outcome") or answer.content.get("event")) if answer else "nothing"


@rule("refusal-tells-why")
def refusal_tells_why(history: CaseHistory) -> Iterator[Observation]:
    """When the platform refused, the cashier reads its own words (err_msg)."""
    for operation in history.operations:
        if operation.answer is None or operation.answer.content.get("reason") != "platform-refused":
            continue
        refusals = [e for e in history.sent() if operation.spans(e.request.seq) and e.legible and not e.granted]
        said = [told for e in refusals if (told := BLANK.sub("", text(e.readable_reply.get("err_msg"))))]
        prompt = BLANK.sub("", text(operation.answer.content.get("prompt")))
        if said and not any(told in prompt for told in said):
            yield Observation(seq=operation.last_seq, expected=f"a prompt with {shown(said[-1])}", seen=shown(prompt))
