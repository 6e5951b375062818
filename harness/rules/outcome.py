"""What the adapter told the cashier: complete, as the case expects, and true to what the platform booked."""

from collections.abc import Iterator, Mapping
from typing import Any

from harness.judge.counter_talk import Operation
from harness.judge.history import CaseHistory, Event
from harness.line.mask import Mask
from harness.money import Fen, format_yuan
from harness.rules.ledger import Booking, Ledger, read_ledger, written
from harness.rules.registry import Observation, rule
from harness.rules.transactions import (
    BOOKING,
    REFUNDS,
    SETTLEMENTS,
    SETTLING,
    SPLIT,
    as_object,
    fen,
    settled_at,
    shown,
    text,
)

OUTCOMES = ("accepted", "refused", "unknown")
REASONS = (
    "code-expired",
    "code-used",
    "wrong-code-kind",
    "not-activated",
    "code-unknown",
    "scan-unreadable",
    "not-signed-in",
    "wrong-password",
    "declined",
    "not-answered",
    "amounts-disagree",
    "already-refunded",
    "no-original",
    "voucher-centre-unavailable",
    "platform-unavailable",
    "platform-refused",
    "slot-taken",
    "no-such-slot",
    "lock-expired",
    "refund-at-window",
    "nothing-pending",
    "not-theirs",
    "not-discharged",
    "has-fees",
    "library-mismatch",
    "card-unreadable",
    "card-unknown",
    "card-locked",
    "face-mismatch",
    "not-identified",
)
"""Why something was refused (counter port)."""
ERROR = "error"
"""What a case expects of a command that makes no sense: no outcome, but an `error`."""
UNANSWERED = ("bye",)
"""Commands that the adapter need not answer."""
PROMPT_SHOWN = 120
"""How much of what the cashier reads an observation repeats, in characters."""
ON_AN_ORDER = (*SETTLING, "refund")


@rule("adapter-answers-every-command")
def adapter_answers_every_command(history: CaseHistory) -> Iterator[Observation]:
    """The adapter answers every command of the cashier."""
    if not history.ended or any(event["blame"] != "PeerViolation" for event in history.named("problem")):
        return  # the case was broken off, and with it whatever the adapter was about to answer
    for operation in history.operations:
        excused = operation.verb in UNANSWERED or any(operation.spans(crash) for crash in history.crashes)
        if operation.answer is None and not excused:
            yield Observation(
                seq=operation.command.seq, expected=f"an answer to {operation.verb!r}", seen="no answer until the end"
            )


@rule("answers-complete")
def answers_complete(history: CaseHistory) -> Iterator[Observation]:
    """An answer has a known outcome, a refusal a known reason, and an accepted sale its ids and amounts."""
    for operation in history.operations:
        answer = operation.answer
        if answer is None or "error" in answer.content:
            continue
        if operation.outcome not in OUTCOMES:
            yield Observation(
                seq=answer.seq,
                expected=f"outcome one of {', '.join(OUTCOMES)}",
                seen=shown(answer.content.get("outcome")),
            )
        reason = answer.content.get("reason")
        if operation.outcome == "refused" and reason not in REASONS:
            yield Observation(seq=answer.seq, expected="a reason that the counter port knows", seen=shown(reason))
        if operation.outcome == "accepted" and operation.verb in ON_AN_ORDER:
            amounts = as_object(answer.content.get("amounts"))
            for part in SPLIT:
                if fen(amounts.get(part)) is None:
                    yield Observation(seq=answer.seq, expected=f"amounts.{part} in yuan", seen=shown(amounts.get(part)))
            if not text(answer.content.get("setl_id")):
                yield Observation(seq=answer.seq, expected="the setl_id of the settlement", seen="nothing")


@rule("outcome-as-expected")
def outcome_as_expected(history: CaseHistory) -> Iterator[Observation]:
    """What the adapter answers is what the case expects: outcome, reason and amounts."""
    for expect in history.named("expect"):
        operation = _expected_operation(history, expect)
        if operation is None:
            if history.whole:
                yield Observation(
                    seq=expect.seq, expected=f"a command {shown(expect['operation'])}", seen="no such command"
                )
        elif operation.answer is None:
            if history.ended:
                yield Observation(
                    seq=operation.command.seq, expected=f"outcome {_any(expect['outcomes'])}", seen="no answer at all"
                )
        else:
            yield from _differences(history, operation, expect)


def _expected_operation(history: CaseHistory, expect: Event) -> Operation | None:
    same = [operation for operation in history.operations if operation.command.id == expect["operation"]]
    session = sum(told < expect.seq for told, _ in history.hellos) - 1
    mine = [operation for operation in same if operation.session == max(session, 0)]
    before = [operation for operation in same if operation.command.seq < expect.seq]
    if mine:
        return mine[-1]
    return before[-1] if before else None


def _any(choices: object) -> str:
    return " or ".join(str(choice) for choice in choices) if isinstance(choices, list) else shown(choices)


def _why(history: CaseHistory, content: Mapping[str, Any]) -> str:
    """What an answer says of why: reason, the other system's code, what the cashier reads; without personal data."""
    reason, code, prompt = (text(content.get(name)) for name in ("reason", "code", "prompt"))
    told = [reason, f"code {code}" if code else "", f"“{prompt[:PROMPT_SHOWN]}”" if prompt else ""]
    said = ", ".join(part for part in told if part)
    return f" ({Mask(history.records).hide(said.encode(errors='replace')).decode(errors='replace')})" if said else ""


def _differences(history: CaseHistory, operation: Operation, expect: Event) -> Iterator[Observation]:
    outcomes, reasons, amounts = expect["outcomes"] or [], expect["reasons"] or [], expect["amounts"] or {}
    content = operation.answer.content if operation.answer else {}
    seq = operation.last_seq
    if ERROR in outcomes and "error" in content:
        return
    if outcomes and operation.outcome not in outcomes:
        seen = f"{operation.outcome or shown(content.get('error'))}{_why(history, content)}"
        yield Observation(seq=seq, expected=f"{operation.verb}: {_any(outcomes)}", seen=seen)
        return
    if operation.outcome == "refused" and reasons and content.get("reason") not in reasons:
        seen = f"refused{_why(history, content)}"
        yield Observation(seq=seq, expected=f"{operation.verb}: refused ({_any(reasons)})", seen=seen)
    if operation.outcome == "accepted":
        given = as_object(content.get("amounts")) or content
        for part, amount in amounts.items():
            if amount is not None and fen(given.get(part)) != amount:
                yield Observation(
                    seq=seq, expected=f"{part} {format_yuan(amount)}", seen=f"{part} {shown(given.get(part))}"
                )


@rule("outcome-agrees-with-books")
def outcome_agrees_with_books(history: CaseHistory) -> Iterator[Observation]:
    """What the adapter tells the cashier is what the platform booked, and an unknown outcome is cleared up."""
    if not history.stood_in("platform"):
        return
    ledger = read_ledger(history)
    for operation in history.doing(*ON_AN_ORDER):
        if operation.answer is None:
            continue
        match operation.outcome:
            case "accepted" if operation.verb in SETTLING:
                yield from _accepted_settlement(history, ledger, operation)
            case "accepted":
                yield from _accepted_refund(ledger, operation)
            case "refused":
                yield from _refused(history, ledger, operation)
            case "unknown" if history.whole and not _cleared_up(history, operation):
                yield Observation(
                    seq=operation.last_seq,
                    expected="the outcome is resolved before the case ends",
                    seen=f"unknown, and {operation.order} was never resolved",
                )


def _moments(history: CaseHistory, operation: Operation) -> Iterator[tuple[int, str]]:
    """When an answer must hold: as it is given, and until the cashier touches the order again."""
    yield operation.last_seq, "when it was answered"
    nexts = [
        other.command.seq
        for other in history.operations
        if other.command.seq > operation.last_seq and (other.order == operation.order or other.verb == "resolve")
    ]
    yield (nexts[0] if nexts else history.records[-1].seq), "afterwards"


def _accepted_settlement(history: CaseHistory, ledger: Ledger, operation: Operation) -> Iterator[Observation]:
    content = operation.answer.content if operation.answer else {}
    for moment, when in _moments(history, operation):
        standing = _standing_now(ledger, operation, moment)
        if len(standing) != 1:
            yield Observation(
                seq=operation.last_seq,
                expected=f"one standing booking of {operation.order}, since it was accepted",
                seen=f"{len(standing)} {when}",
            )
            return
    booking = _standing_now(ledger, operation, operation.last_seq)[0]
    yield from _same_amounts(operation, booking.amounts)
    if booking.msgid not in {exchange.msgid for exchange in history.sent(*SETTLEMENTS)}:
        yield Observation(
            seq=booking.seq,
            expected=f"the adapter's own {booking.infno} for {booking.setl_id}",
            seen="none is on the tape",
        )
    claimed = text(content.get("setl_id"))
    if claimed and claimed != booking.setl_id:
        yield Observation(seq=operation.last_seq, expected=f"setl_id {booking.setl_id}", seen=f"setl_id {claimed}")
    if operation.verb == "refund-part":
        yield from _refund_before(ledger, operation)


def _standing_now(ledger: Ledger, operation: Operation, moment: int) -> list[Booking]:
    """The standing settlements of an order, without the interim ones of a stay that stood before this command."""
    before = ledger.standing_of(operation.order, operation.command.seq)
    return [b for b in ledger.standing_of(operation.order, moment) if not (b.interim and b in before)]


def _refund_before(ledger: Ledger, operation: Operation) -> Iterator[Observation]:
    claimed = text(operation.answer.content.get("refunded")) if operation.answer else ""
    before = ledger.standing_of(operation.order, operation.command.seq)
    undoing = [ledger.undone_by(booking, operation.last_seq) for booking in before]
    refunds = {booking.setl_id for booking in undoing if booking is not None and booking.infno in REFUNDS}
    if claimed not in refunds:
        due = " or ".join(sorted(refunds)) or "a 2208 of the settlement before"
        yield Observation(seq=operation.last_seq, expected=f"refunded: {due}", seen=shown(claimed))


def _accepted_refund(ledger: Ledger, operation: Operation) -> Iterator[Observation]:
    moment = operation.last_seq
    if ledger.standing_of(operation.order, moment):
        yield Observation(
            seq=moment, expected=f"no standing booking of {operation.order}, since it was refunded", seen="it stands"
        )
        return
    undoing = [
        ledger.undone_by(booking, moment) for booking in ledger.settlements() if booking.order == operation.order
    ]
    refunds = [booking for booking in undoing if booking is not None and booking.infno in REFUNDS]
    if not refunds:
        yield Observation(seq=moment, expected=f"a booked refund of {operation.order}", seen="none")
    else:
        yield from _same_amounts(operation, refunds[-1].amounts)


def _same_amounts(operation: Operation, booked: dict[str, Fen]) -> Iterator[Observation]:
    said = as_object(operation.answer.content.get("amounts")) if operation.answer else {}
    told = {part: amount for part in SPLIT if (amount := fen(said.get(part))) is not None}
    if any(amount != booked[part] for part, amount in told.items()):
        yield Observation(seq=operation.last_seq, expected=f"as booked: {written(booked)}", seen=written(told))


def _refused(history: CaseHistory, ledger: Ledger, operation: Operation) -> Iterator[Observation]:
    before = ledger.standing_of(operation.order, operation.command.seq)
    for moment, when in _moments(history, operation):
        added = [b for b in ledger.standing_of(operation.order, moment) if b not in before]
        undoing = [ledger.undone_by(booking, moment) for booking in before if operation.verb == "refund"]
        refunds = [booking for booking in undoing if booking is not None and booking.infno in REFUNDS]
        if refunds and operation.answer and operation.answer.content.get("reason") == "already-refunded":
            refunds = []  # the refusal itself says so
        if added or refunds:
            kind = "settlement" if added else "refund"
            yield Observation(
                seq=operation.last_seq,
                expected=f"nothing is booked for {operation.order}, since it was refused",
                seen=f"the {kind} {_ids(added or refunds)} stands {when}",
            )
            return


def _ids(bookings: list[Booking]) -> str:
    return ", ".join(sorted(booking.setl_id for booking in bookings))


def _cleared_up(history: CaseHistory, operation: Operation) -> bool:
    if any(other.command.seq > operation.last_seq for other in history.doing("resolve")):
        return True
    doubtful = [e for e in history.sent(*BOOKING) if operation.spans(e.request.seq) and e.unknown]
    return bool(doubtful) and all(settled_at(history, exchange) is not None for exchange in doubtful)
