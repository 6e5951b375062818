"""What an adapter's answers say, command by command; an answer that lacks something is a PeerViolation."""

from harness.counter.adapter_books import BooksEntry, BookState, Totals
from harness.counter.basket import Line
from harness.counter.hall import Insurance, Proof, Screen, TierChange
from harness.counter.hospital import Slot
from harness.counter.line_fields import LineFields
from harness.counter.messages import Answer
from harness.counter.outcome import Amounts, Outcome, OutcomeKind, PendingRecord, Reason


def sale_of(answer: Answer) -> Outcome:
    """The outcome of whatever settles or refunds. Raises PeerViolation."""
    if answer.kind is not OutcomeKind.ACCEPTED:
        return _not_accepted(answer)
    fields = LineFields(answer.raw, answer.line)
    return Outcome(
        kind=answer.kind,
        order=fields.text("order"),
        setl_id=fields.text("setl_id"),
        mdtrt_id=fields.text("mdtrt_id"),
        psn_no=fields.text("psn_no"),
        msgid=fields.text("msgid"),
        amounts=_amounts(fields.inner("amounts")),
        slot=fields.optional_text("slot"),
        refunded=fields.optional_text("refunded"),
    )


def plain_outcome_of(answer: Answer) -> Outcome:
    """The outcome of a command that has no amounts: sign-in, resolve. Raises PeerViolation."""
    return Outcome(kind=answer.kind) if answer.kind is OutcomeKind.ACCEPTED else _not_accepted(answer)


def lock_of(answer: Answer) -> Outcome:
    """The outcome of a lock. Raises PeerViolation."""
    if answer.kind is not OutcomeKind.ACCEPTED:
        return _not_accepted(answer)
    fields = LineFields(answer.raw, answer.line)
    return Outcome(kind=answer.kind, order=fields.text("order"), slot=fields.text("slot"), until=fields.text("until"))


def admission_of(answer: Answer) -> Outcome:
    """The outcome of an admission, which has no amounts. Raises PeerViolation."""
    if answer.kind is not OutcomeKind.ACCEPTED:
        return _not_accepted(answer)
    fields = LineFields(answer.raw, answer.line)
    order, mdtrt_id, psn_no, msgid = (fields.text(name) for name in ("order", "mdtrt_id", "psn_no", "msgid"))
    return Outcome(kind=answer.kind, order=order, mdtrt_id=mdtrt_id, psn_no=psn_no, msgid=msgid)


def charge_of(answer: Answer) -> Outcome:
    """The outcome of fees uploaded for a stay. Raises PeerViolation."""
    if answer.kind is not OutcomeKind.ACCEPTED:
        return _not_accepted(answer)
    fields = LineFields(answer.raw, answer.line)
    return Outcome(
        kind=answer.kind, order=fields.text("order"), batch=fields.text("batch"), count=fields.whole("count")
    )


def pending_of(answer: Answer) -> Outcome:
    """The records that wait to be paid. Raises PeerViolation."""
    if answer.kind is not OutcomeKind.ACCEPTED:
        return _not_accepted(answer)
    return Outcome(
        kind=answer.kind,
        records=tuple(
            PendingRecord(
                order=record.text("order"),
                visit=record.text("visit"),
                total=record.amount("total"),
                lines=tuple(_fee(line) for line in record.objects("lines")),
            )
            for record in LineFields(answer.raw, answer.line).objects("records")
        ),
    )


def insurance_of(answer: Answer) -> Outcome:
    """The insurance that a hall's terminal shows. Raises PeerViolation."""
    if answer.kind is not OutcomeKind.ACCEPTED:
        return _not_accepted(answer)
    return Outcome(
        kind=answer.kind,
        insurances=tuple(
            Insurance(
                insutype=row.text("insutype"),
                name=row.text("name"),
                status=row.text("status"),
                place=row.text("place"),
                since=row.text("since"),
                balance=row.amount("balance"),
            )
            for row in LineFields(answer.raw, answer.line).objects("insurances")
        ),
    )


def proof_of(answer: Answer) -> Outcome:
    """The proof of contributions that a hall's terminal prints. Raises PeerViolation."""
    if answer.kind is not OutcomeKind.ACCEPTED:
        return _not_accepted(answer)
    proof = LineFields(answer.raw, answer.line).inner("proof")
    return Outcome(
        kind=answer.kind,
        proof=Proof(
            number=proof.text("no"),
            insutype=proof.text("insutype"),
            since=proof.text("from"),
            until=proof.text("to"),
            months=proof.whole("months"),
            check=proof.text("check"),
        ),
    )


def tier_of(answer: Answer) -> Outcome:
    """A change of tier in a hall. Raises PeerViolation."""
    if answer.kind is not OutcomeKind.ACCEPTED:
        return _not_accepted(answer)
    fields = LineFields(answer.raw, answer.line)
    change = TierChange(before=fields.text("from"), after=fields.text("to"), year=fields.text("year"))
    return Outcome(kind=answer.kind, tier=change)


def screen_of(answer: Answer) -> Screen:
    """What stands on a hall terminal's screen. Raises PeerViolation, also when the adapter refused to tell."""
    shown = _accepted(answer, "screen").inner("screen")
    return Screen(what=shown.optional_text("what") or "", members=shown.raw)


def slots_of(answer: Answer) -> tuple[Slot, ...]:
    """A day's slots. Raises PeerViolation, also when the adapter refused to tell."""
    return tuple(
        Slot(
            slot=slot.text("slot"),
            dept_code=slot.text("dept_code"),
            dept_name=slot.text("dept_name"),
            caty=slot.text("caty"),
            doctor_code=slot.text("doctor_code"),
            doctor_name=slot.text("doctor_name"),
            day=slot.text("day"),
            period=slot.word("period", ("AM", "PM")),
            fee=slot.amount("fee"),
            free=slot.whole("free"),
        )
        for slot in _accepted(answer, "slots").objects("slots")
    )


def totals_of(answer: Answer) -> Totals:
    """The totals of a day. Raises PeerViolation, also when the adapter refused to tell."""
    fields = _accepted(answer, "totals")
    return Totals(count=fields.whole("count"), amounts=_amounts(fields))


def books_of(answer: Answer) -> tuple[BooksEntry, ...]:
    """The adapter's books. Raises PeerViolation, also when the adapter refused to tell."""
    return tuple(
        BooksEntry(
            order=entry.text("order"),
            setl_id=entry.text_or_null("setl_id"),
            msgid=entry.text("msgid"),
            infno=entry.text("infno"),
            state=entry.one_of("state", BookState),
            amounts=_amounts(entry),
        )
        for entry in _accepted(answer, "books").objects("entries")
    )


def _fee(fields: LineFields) -> Line:
    return Line(
        code=fields.text("code"),
        name=fields.text("name"),
        price=fields.text("price"),
        quantity=fields.text("quantity"),
        amount=fields.amount("amount"),
    )


def _amounts(fields: LineFields) -> Amounts:
    return Amounts(
        total=fields.amount("total"),
        fund=fields.amount("fund"),
        account=fields.amount("account"),
        cash=fields.amount("cash"),
    )


def _not_accepted(answer: Answer) -> Outcome:
    fields = LineFields(answer.raw, answer.line)
    order, msgid, code = (fields.optional_text(name) for name in ("order", "msgid", "code"))
    prompt = fields.text("prompt")
    if answer.kind is OutcomeKind.UNKNOWN:
        return Outcome(kind=answer.kind, order=order, msgid=fields.text("msgid"), prompt=prompt, code=code)
    reason = fields.one_of("reason", Reason)
    return Outcome(kind=answer.kind, order=order, msgid=msgid, reason=reason, prompt=prompt, code=code)


def _accepted(answer: Answer, command: str) -> LineFields:
    fields = LineFields(answer.raw, answer.line)
    if answer.kind is not OutcomeKind.ACCEPTED:
        raise fields.broken("outcome", f"is {answer.kind.value!r}", f"{command} reads the own books and always works")
    return fields
