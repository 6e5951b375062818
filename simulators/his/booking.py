"""What books: settlements, their refunds, and the reversal (2601) of either when its outcome is unknown.

A settlement is 2102 at a pharmacy, 2207 of a visit, 2304 of a stay; its refund is 2103, 2208, 2305.

The law of this module: between a message that books and its answer the outcome is unknown, and unknown is never
refused. It is resolved by reversing the message in doubt, by its own msgid, which is right whether it was booked or
not:

* a settlement in doubt is reversed: afterwards nothing is booked, and the customer may pay anew;
* a refund in doubt is reversed: afterwards the settlement stands, and the refund may be asked for anew.

A reversal that the platform refuses because it knows no such message says the same: nothing is booked.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from simulators.his.behaviour import Behaviour, OnUnknown, RefundBy
from simulators.his.journal import OPEN_STATES, Amounts, Journal, Settlement, State
from simulators.his.outcome import Done, OutcomeUnknownError, RefusedError, accepted
from simulators.his.platform import Kind, Platform, Result, Sender
from simulators.his.sale import Settled, read_refund, read_settled
from simulators.his.texts import (
    CANNOT_BE_REVERSED_CODES,
    NOTHING_TO_REVERSE_CODES,
    NOTHING_TO_REVERSE_WORDS,
    REFUND_UNKNOWN_PROMPT,
    UNKNOWN_PROMPT,
    Reason,
)

REFUNDS = {"2102": "2103", "2207": "2208", "2304": "2305"}
"""What takes a settlement back."""
ATTEMPTS = 3
"""How often a refund is tried at once that must be."""


class Reversal(Enum):
    """What a reversal told of the message in doubt."""

    GONE = "nothing of it is booked"
    STANDS = "it is booked and stays"
    UNSURE = "nobody knows yet"


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be settled: the input of the settlement, whose it is, and what the pre-settlement said it costs.

    `held` is called in the transaction of the journal that writes the settlement's msgid.
    """

    infno: str = "2102"
    content: Mapping[str, object]
    psn_no: str
    expected: Amounts | None
    held: Callable[[str], None] = lambda _: None


class Bookings:
    """The settlements of a counter. `sign_no` gives the sign-in number of a day or raises RefusedError."""

    def __init__(
        self, *, journal: Journal, platform: Platform, behaviour: Behaviour, sign_no: Callable[[str], str]
    ) -> None:
        self._journal = journal
        self._platform = platform
        self._on_unknown = behaviour.on_unknown
        self._refund_by = behaviour.refund_by
        self._named_refund = behaviour.named_refund
        self._sign_no = sign_no
        self._desk = behaviour.desk
        for settlement in journal.open_ones():
            if not behaviour.remembers_unknown or (settlement.state is State.UNKNOWN and not self._desk.remembers_told):
                journal.put(replace(settlement, state=State.REFUSED))
            elif settlement.state is State.REFUNDING and not self._desk.remembers_refunds:
                journal.put(replace(settlement, state=State.SETTLED, refunded_at=None))
        self._left = frozenset(settlement.msgid for settlement in journal.open_ones())
        """What is in doubt since before the start."""

    def settle(self, order: Order, sender: Sender, *, again: bool = False) -> Done:
        """Settle. Raises RefusedError when nothing is booked, OutcomeUnknownError when that is not known."""
        result, kept = self._send_settlement(order, sender)
        if result.kind is Kind.UNKNOWN:
            return self._after_unknown(kept, order, sender, again=again)
        settled = accepted(result)
        if kept.to_void:
            if not self.resolve(kept, sender.at):
                raise OutcomeUnknownError(kept.msgid, UNKNOWN_PROMPT)
            raise RefusedError(Reason.AMOUNTS_DISAGREE, msgid=kept.msgid)
        return Done(
            order=kept.order,
            setl_id=settled.setl_id,
            mdtrt_id=settled.mdtrt_id,
            psn_no=kept.psn_no,
            msgid=kept.msgid,
            amounts=settled.amounts,
        )

    def refund(self, settlement: Settlement, at: str, *, opter_type: str = "1") -> Done:
        """Refund. Raises RefusedError when the settlement stands, OutcomeUnknownError when that is not known."""
        result, kept = self._send_refund(settlement, at, opter_type)
        if result.kind is Kind.UNKNOWN:
            if not self.resolve(kept, at):
                raise OutcomeUnknownError(result.msgid, REFUND_UNKNOWN_PROMPT)
            refunded = any(
                s.msgid == kept.msgid for s in self._journal.of_order(kept.order) if s.state is State.REFUNDED
            )
            reason = Reason.ALREADY_REFUNDED if refunded else Reason.PLATFORM_UNAVAILABLE
            raise RefusedError(reason, msgid=result.msgid)
        paid = kept.amounts
        unheeded = result.kind is Kind.REFUSED and kept.state is State.REFUNDED
        return Done(
            order=kept.order,
            setl_id=kept.setl_id or "" if unheeded else accepted(result),
            mdtrt_id=kept.mdtrt_id or "",
            psn_no=kept.psn_no,
            msgid=result.msgid,
            amounts=Amounts(total=-paid.total, fund=-paid.fund, account=-paid.account, cash=-paid.cash),
        )

    def resolve_all(self, at: str, *, before_new: bool = False) -> list[Settlement]:
        """Resolve whatever is unknown, as `before_new` before something new is settled; returns what still is."""
        left_alone = self._left if before_new and not self._desk.clears_what_a_crash_left else frozenset()
        doubtful = [settlement for settlement in self._journal.open_ones() if settlement.msgid not in left_alone]
        return [settlement for settlement in doubtful if not self.resolve(settlement, at)]

    def resolve(self, settlement: Settlement, at: str) -> bool:
        """Bring a settlement to where it is known; False when the platform still does not say."""
        for _ in range(ATTEMPTS):
            if settlement.state in OPEN_STATES:
                if not self._desk.books_reversal_when_answered:
                    self._journal.put(_after_reversal(settlement, Reversal.GONE))
                reversal = self._reverse(settlement, at)
                if reversal is Reversal.UNSURE:
                    self._journal.put(settlement)
                    return False
                settlement = _after_reversal(settlement, reversal)
                self._journal.put(settlement)
            if not (settlement.to_void and settlement.state is State.SETTLED):
                return True
            result, settlement = self._send_refund(settlement, at)
            if result.kind is Kind.REFUSED:
                return False
        return settlement.state is State.REFUNDED

    def _send_settlement(self, order: Order, sender: Sender) -> tuple[Result[Settled], Settlement]:
        expected = order.expected
        kept = Settlement(
            msgid="",
            order=sender.order,
            infno=order.infno,
            at=sender.at,
            psn_no=order.psn_no,
            insuplc=sender.insuplc,
            amounts=expected or Amounts(total=0, fund=0, account=0, cash=0),
        )

        def written(msgid: str) -> None:
            nonlocal kept
            kept = replace(kept, msgid=msgid)
            self._journal.put(kept)
            order.held(msgid)

        def finished(result: Result[Settled]) -> None:
            nonlocal kept
            kept = self._after(kept, result, expected)
            self._journal.put(kept)

        result = self._platform.call(
            order.infno, order.content, sender=sender, parse=read_settled, written=written, finished=finished
        )
        return result, kept

    def _after(self, kept: Settlement, result: Result[Settled], expected: Amounts | None) -> Settlement:
        if result.value is not None:
            settled = result.value
            return replace(
                kept,
                state=State.SETTLED,
                setl_id=settled.setl_id,
                mdtrt_id=settled.mdtrt_id,
                amounts=settled.amounts,
                to_void=expected is not None and settled.amounts != expected and self._desk.compares_settled,
            )
        unknown = result.kind is Kind.UNKNOWN and self._on_unknown is OnUnknown.REVERSE
        return replace(kept, state=State.UNKNOWN if unknown else State.REFUSED)

    def _after_unknown(self, kept: Settlement, order: Order, sender: Sender, *, again: bool) -> Done:
        if self._on_unknown is OnUnknown.REVERSE:
            if self._desk.reverses_at_once and not self.resolve(kept, sender.at):
                raise OutcomeUnknownError(kept.msgid, UNKNOWN_PROMPT)
        elif self._on_unknown is OnUnknown.SETTLE_AGAIN and not again:
            return self.settle(order, sender, again=True)
        raise RefusedError(Reason.PLATFORM_UNAVAILABLE, msgid=kept.msgid)

    def _send_refund(self, settlement: Settlement, at: str, opter_type: str = "1") -> tuple[Result[str], Settlement]:
        kept = replace(settlement, state=State.REFUNDING, refunded_at=at)

        def written(msgid: str) -> None:
            nonlocal kept
            kept = replace(kept, refund_msgid=msgid)
            self._journal.put(kept)

        def finished(result: Result[str]) -> None:
            nonlocal kept
            unheeded = result.kind is Kind.REFUSED and not self._desk.heeds_refused_refunds
            if result.kind is Kind.ACCEPTED or unheeded:
                kept = replace(kept, state=State.REFUNDED, to_void=False)
            elif result.kind is Kind.REFUSED:
                kept = replace(settlement, refund_msgid=result.msgid)
            self._journal.put(kept)

        sender = Sender(
            at=at,
            order=settlement.order,
            sign_no=self._sign_no(at),
            insuplc=settlement.insuplc,
            opter_type=opter_type,
        )
        if self._refund_by is RefundBy.REVERSAL:
            data = {"psn_no": settlement.psn_no, "omsgid": settlement.msgid, "oinfno": settlement.infno}
            result = self._platform.call(
                "2601",
                {"data": data},
                sender=sender,
                parse=lambda _: settlement.setl_id or "",
                written=written,
                finished=finished,
                stands_for=settlement.msgid,
            )
            return result, kept
        setl_id = settlement.order if self._refund_by is RefundBy.ORDER_NUMBER else settlement.setl_id or ""
        original = {
            "setl_id": self._named_refund(settlement.infno, setl_id),
            "mdtrt_id": settlement.mdtrt_id or "",
            "psn_no": settlement.psn_no,
        }
        result = self._platform.call(
            REFUNDS[settlement.infno],
            {"data": {**original, "expContent": ""}},
            sender=sender,
            parse=read_refund,
            written=written,
            finished=finished,
        )
        return result, kept

    def reverse(self, infno: str, msgid: str, *, psn_no: str, insuplc: str, order: str, at: str) -> Reversal:
        """2601 for a message in doubt."""
        data = {"psn_no": psn_no, "omsgid": msgid, "oinfno": infno}
        sender = Sender(at=at, order=order, sign_no=self._sign_no(at), insuplc=insuplc)
        for _ in range(self._desk.attempts):
            result = self._platform.call(
                "2601", {"data": data}, sender=sender, parse=lambda _: "reversed", stands_for=msgid
            )
            if result.kind is not Kind.UNKNOWN:
                told = _told_by(result, refund=infno in REFUNDS.values())
                unheeded = told is Reversal.UNSURE and not self._desk.heeds_refused_reversals
                return Reversal.GONE if unheeded else told
        return Reversal.UNSURE

    def _reverse(self, settlement: Settlement, at: str) -> Reversal:
        refund = settlement.state is State.REFUNDING
        return self.reverse(
            REFUNDS[settlement.infno] if refund else settlement.infno,
            (settlement.refund_msgid or "") if refund else settlement.msgid,
            psn_no=settlement.psn_no,
            insuplc=settlement.insuplc,
            order=settlement.order,
            at=at,
        )


def _told_by(result: Result[str], *, refund: bool) -> Reversal:
    gone = result.code in NOTHING_TO_REVERSE_CODES or any(word in result.message for word in NOTHING_TO_REVERSE_WORDS)
    if result.kind is Kind.ACCEPTED or gone:
        return Reversal.GONE
    return Reversal.STANDS if refund and result.code in CANNOT_BE_REVERSED_CODES else Reversal.UNSURE


def _after_reversal(settlement: Settlement, reversal: Reversal) -> Settlement:
    if settlement.state is not State.REFUNDING:
        return replace(settlement, state=State.REVERSED)
    if reversal is Reversal.STANDS:
        return replace(settlement, state=State.REFUNDED, to_void=False)
    return replace(settlement, state=State.SETTLED, refunded_at=None)
