"""The day's reconciliation (对总账, 3201; in Shanghai SL01): the sums that an adapter sends, what it tells of the end.

Whether it has to be sent at all is the province's affair (`statement_with_totals`). The sums are those of the bookings
that stand at the platform, told apart as the platform's own answers tell them apart: by insurance, kind and place of
clearing, settlements and refunds.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from harness.judge.counter_talk import Operation
from harness.judge.exchange import ADAPTER, Exchange
from harness.judge.history import CaseHistory
from harness.judge.messages import PLAIN
from harness.money import Fen, format_yuan
from harness.rules.books import in_doubt, movements_of
from harness.rules.ledger import Booking, summed
from harness.rules.registry import Observation, rule
from harness.rules.session import SHANGHAI
from harness.rules.transactions import (
    as_object,
    call_of,
    fen,
    member,
    reply_output,
    settlement_of,
    shown,
    text,
)

TOTALS, COLLATION = "3201", "SL01"
REFUND_FLAGS = {"0": False, "000000": False, "1": True, "000001": True}
"""refd_setl_flag in both families; without it settlements and refunds go together."""
LEVEL_RESULTS = frozenset({"0", "000000"})
"""stmt_rslt, and resultcollate, of books that agree, in both families."""
NOT_LEVEL = "P900"
"""Shanghai's code of a collation that is not level."""
SUMS = (("total", "medfee_sumamt"), ("fund", "fund_pay_sumamt"), ("account", "acct_pay"), ("cash", "cash_payamt"))
"""The sums of 3201; cash is there where the province wants it."""
ENDS = ("level", "different", "refused", "unknown")
"""What a reconciliation may come to, the better before the worse."""
Key = tuple[str, str, str]
"""Insurance, kind of clearing, place."""


@dataclass(frozen=True, kw_only=True)
class _Group:
    """What was settled and what was refunded of one insurance, kind and place."""

    settled: tuple[Booking, ...] = ()
    refunded: tuple[Booking, ...] = ()

    def due(self, *, refund: bool | None) -> tuple[dict[str, Fen], frozenset[int]]:
        """The sums of one direction, of both for None; and the counts that are right."""
        match refund:
            case True:
                return summed(self.refunded), frozenset({len(self.refunded)})
            case False:
                return summed(self.settled), frozenset({len(self.settled)})
            case None:
                one, other = len(self.settled), len(self.refunded)
                return summed([*self.settled, *self.refunded]), frozenset({one + other, one - other})


@rule("statement-as-booked")
def statement_as_booked(history: CaseHistory) -> Iterator[Observation]:
    """The sums of a day's reconciliation are those of what stands at the platform, refunds apart and below zero."""
    if not history.stood_in("platform"):
        return
    for operation in _totals(history):
        day = text(operation.command.content.get("day"))
        if in_doubt(history, operation):
            continue
        settled, refunded = movements_of(history, operation.last_seq, day)
        collations = _collations(history, operation)
        for exchange in collations:
            yield from _collated(exchange, settled, refunded, day)
        if _profile(history, operation).get("protocol") == SHANGHAI:
            if not collations and _is_due(history, operation):
                yield Observation(seq=operation.last_seq, expected=f"an {COLLATION} of {day}", seen="none")
            continue
        sent = [e for e in history.sent(TOTALS) if operation.spans(e.request.seq)]
        groups = _groups(history, settled, refunded)
        if groups is not None:
            for exchange in sent:
                yield from _stated(exchange, groups, day)
            if sent or _is_due(history, operation):
                yield from _left_out(operation, sent, groups)


@rule("statement-told-as-answered")
def statement_told_as_answered(history: CaseHistory) -> Iterator[Observation]:
    """What a day's reconciliation came to is told as the platform answered it: level only if all of it is level."""
    for operation in _totals(history):
        asked = [e for e in history.sent(TOTALS) if operation.spans(e.request.seq)]
        ends = [_end(exchange) for exchange in [*asked, *_collations(history, operation)]]
        if not ends or operation.answer is None:
            continue
        due, said = max(ends, key=ENDS.index), text(operation.answer.content.get("statement"))
        if said != due:
            yield Observation(
                seq=operation.last_seq,
                expected=f"statement {due}, the worst of {len(ends)} answers",
                seen=f"statement {shown(said)}",
            )


def _totals(history: CaseHistory) -> list[Operation]:
    """The commands for a day's totals that were done, where the province wants a reconciliation with them."""
    found = [o for o in history.doing("totals") if o.outcome == "accepted"]
    return [o for o in found if _profile(history, o).get("statement_with_totals") is True]


def _profile(history: CaseHistory, operation: Operation) -> Mapping[str, Any]:
    return as_object(history.hello_at(operation.command.seq).get("profile"))


def _is_due(history: CaseHistory, operation: Operation) -> bool:
    """Whether somebody has signed in on the day on which the totals are asked for."""
    today = text(operation.command.content.get("at"))[:10]
    signed_in = [o for o in history.doing("sign-in") if o.outcome == "accepted"]
    return any(text(o.command.content.get("at"))[:10] == today for o in signed_in)


def _collations(history: CaseHistory, operation: Operation) -> list[Exchange]:
    asked = (e for e in history.exchanges if e.client == ADAPTER and call_of(e) == COLLATION)
    return [exchange for exchange in asked if operation.spans(exchange.request.seq)]


def _groups(history: CaseHistory, settled: list[Booking], refunded: list[Booking]) -> Mapping[Key, _Group] | None:
    """The bookings by insurance, kind and place, as the answers had them; None where an answer was not to be read."""
    told = {text(info.get("setl_id")): info for e in history.sent() if e.granted and (info := settlement_of(e))}
    found: dict[Key, _Group] = defaultdict(_Group)
    for booking, back in (*((b, False) for b in settled), *((b, True) for b in refunded)):
        info = told.get(booking.reverses or booking.setl_id, {})
        if not info:
            return None
        key = (text(info.get("insutype")), text(info.get("clr_type")), text(info.get("clr_optins")))
        group = found[key]
        found[key] = (
            replace(group, refunded=(*group.refunded, booking))
            if back
            else replace(group, settled=(*group.settled, booking))
        )
    return found


def _stated(exchange: Exchange, groups: Mapping[Key, _Group], day: str) -> Iterator[Observation]:
    """One 3201 against what stands."""
    seq = exchange.request.seq
    for name in ("stmt_begndate", "stmt_enddate"):
        if member(exchange, name) != day:
            yield Observation(seq=seq, expected=f"{name} {day}", seen=f"{name} {shown(member(exchange, name))}")
    key, refund = _key(exchange)
    sums, counts = groups.get(key, _Group()).due(refund=refund)
    wrong = [
        (f"{name} {format_yuan(sums[part])}", f"{name} {shown(said)}")
        for part, name in SUMS
        if (said := member(exchange, name)) and fen(said) != sums[part]
    ]
    count = member(exchange, "fixmedins_setl_cnt")
    if count not in {str(right) for right in counts}:
        wrong.append(
            (f"fixmedins_setl_cnt {' or '.join(map(str, sorted(counts)))}", f"fixmedins_setl_cnt {shown(count)}")
        )
    if wrong:
        yield Observation(
            seq=seq,
            expected=f"{_named(key, refund)}: {', '.join(due for due, _ in wrong)}",
            seen=", ".join(seen for _, seen in wrong),
        )


def _left_out(operation: Operation, sent: list[Exchange], groups: Mapping[Key, _Group]) -> Iterator[Observation]:
    """Whatever stands is in one of the messages."""
    stated = {_key(exchange) for exchange in sent}
    for key, group in sorted(groups.items()):
        for refund, bookings in ((False, group.settled), (True, group.refunded)):
            if bookings and not {(key, refund), (key, None)} & stated:
                yield Observation(
                    seq=operation.last_seq,
                    expected=f"a 3201 of {_named(key, refund)}, {len(bookings)} of them",
                    seen="none",
                )


def _collated(exchange: Exchange, settled: list[Booking], refunded: list[Booking], day: str) -> Iterator[Observation]:
    """Shanghai's SL01: everything in one message, a refund as one more with its amounts off."""
    told = as_object(replace(exchange.request, dialect=PLAIN).readable.get("xxnr"))
    sums, count = summed([*settled, *refunded]), len(settled) + len(refunded)
    account = [fen(told.get(name)) for name in ("curaccountpay", "hisaccountpay")]
    said = {
        "totalexpense": (sums["total"], fen(told.get("totalexpense"))),
        "fundpay": (sums["fund"], fen(told.get("fundpay"))),
        "personpay": (Fen(sums["account"] + sums["cash"]), fen(told.get("personpay"))),
        "curaccountpay and hisaccountpay": (sums["account"], Fen(sum(part or 0 for part in account))),
        "cashpay": (sums["cash"], fen(told.get("cashpay"))),
    }
    wrong = [
        (f"{name} {format_yuan(due)}", f"{name} {'nothing' if seen is None else format_yuan(seen)}")
        for name, (due, seen) in said.items()
        if due != seen
    ]
    for name, right in (("daycollate", day), ("daycount", str(count))):
        if text(told.get(name)) != right:
            wrong.append((f"{name} {right}", f"{name} {shown(told.get(name))}"))
    if wrong:
        yield Observation(
            seq=exchange.request.seq,
            expected=", ".join(due for due, _ in wrong),
            seen=", ".join(seen for _, seen in wrong),
        )


def _key(exchange: Exchange) -> tuple[Key, bool | None]:
    names = ("insutype", "clr_type", "setl_optins")
    insutype, clr_type, place = (member(exchange, name) for name in names)
    return (insutype, clr_type, place), REFUND_FLAGS.get(member(exchange, "refd_setl_flag"))


def _named(key: Key, refund: bool | None) -> str:
    what = {False: "settlements", True: "refunds", None: "settlements and refunds"}[refund]
    insutype, clr_type, place = key
    return f"{what} of insutype {insutype}, clr_type {clr_type}, setl_optins {place}"


def _end(exchange: Exchange) -> str:
    """What one message came to."""
    if not exchange.legible:
        return "unknown"
    if call_of(exchange) == COLLATION:
        result = text(as_object(exchange.readable_reply.get("data")).get("resultcollate"))
        if text(exchange.readable_reply.get("code")) == NOT_LEVEL:
            return "different"
    else:
        result = text(as_object(reply_output(exchange).get("stmtinfo")).get("stmt_rslt"))
    if not exchange.granted:
        return "refused"
    return "level" if result in LEVEL_RESULTS else "different" if result else "unknown"
