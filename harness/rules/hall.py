"""The self-service terminal of a government hall: who is shown what, what is printed, how a tier is changed."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from fixtures.population import people
from harness.judge.counter_talk import Operation, PortLine
from harness.judge.exchange import ADAPTER, Exchange
from harness.judge.history import CaseHistory
from harness.rules.registry import Observation, rule
from harness.rules.transactions import (
    as_object,
    fen,
    id_numbers,
    identity_of,
    masked,
    member,
    reply_output,
    shown,
    text,
)

PERSONAL = ("insurance", "proof", "tier")
"""Commands that show something of a person."""
LEAVE, SCREEN = "leave", "screen"
ISSUE, CHANGE = "9801", "9802"
IDENTIFYING = ("ec.query", "cn.nhsa.auth.check", "cn.nhsa.cert.get")
"""Calls of the voucher centre that say who stands there."""
SAYS_WHERE = ("ec.query", "cn.nhsa.cert.get")
"""Those that carry deviceType."""
SELF_SERVICE, DEVICE = "2", "SelfService"
IDLE_S = 60
"""A session that nobody touches has ended after so many seconds, by the commands' times."""
PROOF = {
    "no": "proof_no",
    "insutype": "insutype",
    "from": "from_month",
    "to": "to_month",
    "months": "months",
    "check": "check_value",
}
"""Members of a printed proof, and where 9801 tells them."""
TIER = {"from": "from_tier", "to": "to_tier", "year": "year"}
"""Members of a changed tier, and where the platform's event tells them."""


@rule("nothing-to-unidentified")
def nothing_to_unidentified(history: CaseHistory) -> Iterator[Observation]:
    """Nothing personal is answered without an identification in the same command, and a refusal names nobody."""
    secrets = {secret for person in people() for secret in (person.name, person.id_no, person.psn_no)}
    for operation in history.doing(*PERSONAL):
        if operation.answer is None:
            continue
        if operation.outcome == "accepted":
            if not _identities(history, operation):
                yield Observation(seq=operation.last_seq, expected="a code, card or face first", seen="none accepted")
            continue
        said = operation.answer.raw.decode("utf-8", errors="replace")
        told = sorted(secret for secret in secrets if secret in said)
        if told:
            yield Observation(seq=operation.last_seq, expected="a refusal without personal data", seen=masked(told[0]))


@rule("shows-own-data-only")
def shows_own_data_only(history: CaseHistory) -> Iterator[Observation]:
    """What is shown, proved or changed is of the person who identified in that command, as the platform told it."""
    id_of = id_numbers(history)
    for operation in history.doing(*PERSONAL):
        who = _identities(history, operation)
        for exchange in _sent(history, operation, ISSUE, CHANGE):
            owner = id_of.get(member(exchange, "psn_no"), "")
            if who and owner not in who:
                seq = exchange.request.seq
                yield Observation(seq=seq, expected="the psn_no of who identified", seen=f"another: {masked(owner)}")
        if operation.verb != "insurance" or operation.outcome != "accepted" or operation.answer is None:
            continue
        answers = [reply_output(exchange) for exchange in _sent(history, operation, "1101") if exchange.granted]
        own = [answer for answer in answers if text(as_object(answer.get("baseinfo")).get("certno")) in who]
        told = [_row(row, ("insutype", "place", "since", "balance")) for row in _rows(operation, "insurances")]
        due = [
            _row(as_object(row), ("insutype", "insuplc_admdvs", "psn_insu_date", "balc"))
            for answer in own
            for row in answer.get("insuinfo") or []
        ]
        if told != due:
            yield Observation(
                seq=operation.last_seq, expected=f"the {len(due)} rows of this person's own 1101", seen="other rows"
            )


@rule("proof-verifiable")
def proof_verifiable(history: CaseHistory) -> Iterator[Observation]:
    """A proof says what the platform has issued for it in that command, number and check value included."""
    for operation in history.doing("proof"):
        if operation.outcome != "accepted" or operation.answer is None:
            continue
        printed = as_object(operation.answer.content.get("proof"))
        issued = [as_object(reply_output(e).get("proof")) for e in _sent(history, operation, ISSUE) if e.granted]
        if not issued:
            yield Observation(seq=operation.last_seq, expected="a proof issued by 9801", seen="none was issued")
            continue
        for here, there in PROOF.items():
            if text(printed.get(here)) != text(issued[-1].get(there)):
                yield Observation(
                    seq=operation.last_seq,
                    expected=f"{here} {shown(issued[-1].get(there))}",
                    seen=f"{here} {shown(printed.get(here))}",
                )


@rule("proof-printed-once")
def proof_printed_once(history: CaseHistory) -> Iterator[Observation]:
    """One proof leaves the printer once the platform has issued it, and none otherwise."""
    for operation in history.operations:
        printed = [event for event in operation.events if _is_proof(event)]
        issued = [e for e in _sent(history, operation, ISSUE) if e.granted and e.reply is not None]
        early = [event for event in printed if not any(e.reply.seq < event.seq for e in issued if e.reply is not None)]
        if early:
            yield Observation(seq=early[0].seq, expected="9801 accepted before anything is printed", seen="printed")
        elif len(printed) > len(issued):
            seen = f"{len(printed)} printed"
            yield Observation(seq=printed[-1].seq, expected=f"{len(issued)} proof a command", seen=seen)
        elif operation.verb == "proof" and operation.outcome == "accepted" and not printed:
            yield Observation(seq=operation.last_seq, expected="the proof is printed", seen="nothing was printed")


@rule("tier-as-chosen")
def tier_as_chosen(history: CaseHistory) -> Iterator[Observation]:
    """The tier that is asked for at the platform is the one that the person has chosen."""
    for operation in history.doing("tier"):
        chosen = text(operation.command.content.get("tier"))
        begun = {e.msgid for e in _changes(history) if e.request.seq < operation.command.seq}
        for exchange in _sent(history, operation, CHANGE):
            asked = member(exchange, "tier")
            if exchange.msgid not in begun and asked != chosen:
                yield Observation(
                    seq=exchange.request.seq, expected=f"tier {shown(chosen)}", seen=f"tier {shown(asked)}"
                )


@rule("tier-changed-once")
def tier_changed_once(history: CaseHistory) -> Iterator[Observation]:
    """A change of tier without a readable answer is sent again only as it was, under the same msgid."""
    changes = _changes(history)
    for place, exchange in enumerate(changes):
        if not exchange.unknown:
            continue
        for other in changes[place + 1 :]:
            if other.msgid == exchange.msgid:
                if not other.unknown:
                    break
            elif member(other, "psn_no") == member(exchange, "psn_no"):
                yield Observation(
                    seq=other.request.seq,
                    expected=f"9802 {exchange.msgid} once more, until it is answered",
                    seen=f"another 9802: {other.msgid}",
                )


@rule("tier-journalled-first")
def tier_journalled_first(history: CaseHistory) -> Iterator[Observation]:
    """The msgid of a change of tier is durable in the terminal's journal before it is sent."""
    for exchange in _changes(history):
        operation = history.operation_at(exchange.request.seq)
        noted = [
            line.seq
            for line in history.port
            if not line.sent and line.content.get("event") == "journal" and line.content.get("msgid") == exchange.msgid
        ]
        if operation is not None and (not noted or min(noted) > exchange.request.seq):
            seen = "journalled after it" if noted else "never journalled"
            yield Observation(seq=exchange.request.seq, expected="a journal event before 9802", seen=seen)


@rule("tier-told-as-done")
def tier_told_as_done(history: CaseHistory) -> Iterator[Observation]:
    """What the person is told of a change of tier is what the platform did, and what is in doubt is cleared up."""
    for operation in history.doing("tier"):
        begun = {e.msgid for e in _changes(history) if e.request.seq < operation.command.seq}
        own = {e.msgid for e in _sent(history, operation, CHANGE)} - begun
        done = [e for e in history.named("tier-changed") if e["msgid"] in own and e.seq < operation.last_seq]
        if operation.outcome == "accepted":
            told = as_object(operation.answer.content) if operation.answer else {}
            wrong = [here for here, there in TIER.items() if not done or text(told.get(here)) != text(done[-1][there])]
            if wrong:
                due = f"{wrong[0]} {shown(done[-1][TIER[wrong[0]]])}" if done else "refused or unknown: nothing changed"
                yield Observation(seq=operation.last_seq, expected=due, seen=f"accepted, {shown(told.get(wrong[0]))}")
        elif operation.outcome == "refused" and done:
            yield Observation(seq=operation.last_seq, expected="accepted: the tier was changed", seen="refused")
    yield from _left_in_doubt(history)


def _left_in_doubt(history: CaseHistory) -> Iterator[Observation]:
    for operation in history.doing("resolve"):
        if operation.outcome != "accepted":
            continue
        known: dict[str, bool] = {}
        for exchange in _changes(history):
            if exchange.request.seq < operation.last_seq:
                known[exchange.msgid] = known.get(exchange.msgid, False) or not exchange.unknown
        for msgid in (msgid for msgid, answered in known.items() if not answered):
            yield Observation(seq=operation.last_seq, expected=f"9802 {msgid} cleared up first", seen="accepted")


@rule("tier-confirmed")
def tier_confirmed(history: CaseHistory) -> Iterator[Observation]:
    """A tier is changed only after its person has confirmed it to the voucher centre, by password or face."""
    confirmed = history.named("payment-confirmed")
    for change in history.named("tier-changed"):
        asked = [e.request.seq for e in _changes(history) if e.msgid == change["msgid"]]
        first = min(asked, default=change.seq)
        mine = [e for e in confirmed if e["id_no"] == change["id_no"] and first < e.seq < change.seq]
        if not mine:
            yield Observation(seq=change.seq, expected="a confirmation between 9802 and the change", seen="none")


@rule("session-ends")
def session_ends(history: CaseHistory) -> Iterator[Observation]:
    """Nothing stays on the screen when the person has left, is idle for a minute, or somebody else has begun."""
    for place, operation in enumerate(history.operations):
        if operation.verb != SCREEN or operation.answer is None:
            continue
        on_screen = as_object(operation.answer.content.get("screen"))
        if not on_screen:
            continue
        before = [other for other in history.operations[:place] if other.verb in (*PERSONAL, LEAVE)]
        last = before[-1] if before and before[-1].session == operation.session else None
        why = _ended(last, operation)
        if why:
            yield Observation(seq=operation.last_seq, expected=f"an empty screen: {why}", seen="somebody's data")
        elif last is not None and last.answer is not None:
            told = {k: v for k, v in last.answer.content.items() if k not in {"id", "outcome"}}
            if {k: v for k, v in on_screen.items() if k != "what"} != told:
                yield Observation(seq=operation.last_seq, expected="what was last shown", seen="something else")


def _ended(last: Operation | None, now: Operation) -> str:
    """Why no session can be open; empty when one may be."""
    if last is None:
        return "nobody was there"
    if last.verb == LEAVE:
        return "the person left"
    if last.outcome != "accepted":
        return f"{last.verb} was not accepted"
    idle = _moment(now) - _moment(last)
    return f"nobody touched it for {idle:.0f} s" if idle >= IDLE_S else ""


@rule("self-service-said")
def self_service_said(history: CaseHistory) -> Iterator[Observation]:
    """The terminal says of itself that it is one: opter_type 2, deviceType SelfService."""
    for operation in history.doing(*PERSONAL):
        for exchange in _sent(history, operation):
            told = text(exchange.request.json.get("opter_type"))
            if told != SELF_SERVICE and not _repeated(history, exchange):
                yield Observation(
                    seq=exchange.request.seq, expected=f"opter_type {SELF_SERVICE}", seen=f"opter_type {shown(told)}"
                )
        for exchange in _asked(history, operation, *SAYS_WHERE):
            device = text(as_object(exchange.request.json.get("data")).get("deviceType"))
            if device != DEVICE:
                yield Observation(seq=exchange.request.seq, expected=f"deviceType {DEVICE}", seen=shown(device))


def _identities(history: CaseHistory, operation: Operation) -> set[str]:
    """ID numbers of whoever the voucher centre identified during a command."""
    found = {text(identity_of(e).get("idNo")) for e in _asked(history, operation, *IDENTIFYING)}
    return found - {""}


def _asked(history: CaseHistory, operation: Operation, *calls: str) -> list[Exchange]:
    return [
        e
        for e in history.exchanges
        if e.client == ADAPTER and e.request.json.get("transType") in calls and operation.spans(e.request.seq)
    ]


def _sent(history: CaseHistory, operation: Operation, *infnos: str) -> list[Exchange]:
    return [e for e in history.sent(*infnos) if operation.spans(e.request.seq)]


def _changes(history: CaseHistory) -> list[Exchange]:
    return history.sent(CHANGE)


def _repeated(history: CaseHistory, exchange: Exchange) -> bool:
    return any(e.msgid == exchange.msgid and e.request.seq < exchange.request.seq for e in history.sent(exchange.infno))


def _rows(operation: Operation, name: str) -> list[dict[str, Any]]:
    rows = operation.answer.content.get(name) if operation.answer else None
    return [as_object(row) for row in rows] if isinstance(rows, list) else []


def _row(row: Mapping[str, Any], names: tuple[str, str, str, str]) -> tuple[object, ...]:
    *texts, balance = names
    return (*(text(row.get(name)) for name in texts), fen(row.get(balance)))


def _moment(operation: Operation) -> float:
    return datetime.fromisoformat(text(operation.command.content.get("at")) or "1970-01-01 00:00:00").timestamp()


def _is_proof(event: PortLine) -> bool:
    """Whether something was released that is neither goods nor a slip, which other counters release."""
    return event.content.get("event") == "released" and event.content.get("what") not in {"goods", "slip"}
