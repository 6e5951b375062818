"""What happened in a case, as steps of a sequence diagram: arrows between parties and notes on their life lines.

`sequence(history)` knows the meaning of records and nothing of drawing; `reports.diagram` draws what it returns,
and `reports.step_words` has the words.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.judge.counter_talk import COUNTER, PortLine
from harness.judge.exchange import ADAPTER, Exchange
from harness.judge.history import CaseHistory, Event
from harness.line.record import Direction, Kind
from reports.step_words import answer_words, event_words, message_name, outcome_of, visible
from reports.steps import Arrow, Lane, Look, Note, Sequence, Step
from reports.vocabulary import PARTIES, VERBS, Pair, both, message

CASHIER, SYSTEM_UNDER_TEST = "cashier", "adapter"
"""Life lines of the two ends of the counter port."""
CLIENT = "client"
"""The bench as those who ask a centre; it records its calls itself."""
ORDER = (
    *("phone", "scanner", "terminal", "hospital", CASHIER, CLIENT, SYSTEM_UNDER_TEST),
    *("mobile-payment", "voucher-centre", "platform", "bank", "encryption-machine"),
)
"""Life lines from left to right, by kind; others follow as they appear."""
OUR_SIDE = frozenset({"bench", "case", "driver", "harness"})
"""Clients and channels that act for the cashier or for the bench as a whole."""
VOUCHER_CENTRE, MOBILE_PAYMENT = "voucher-centre", "mobile-payment"
NEVER_ARRIVES = frozenset({"lose-request", "late-request"})


def sequence(history: CaseHistory) -> Sequence:
    """The steps of a case, in the order of the tape."""
    steps = sorted(
        [*_http(history), *_counter(history.port), *_lines(history), *_events(history)], key=lambda step: step.place
    )
    kinds = {str(r.event.get("name")): str(r.event.get("kind")) for r in history.run_records if r.name == "device"}
    return Sequence(lanes=_lanes(steps, kinds), steps=tuple(steps))


def _http(history: CaseHistory) -> Iterator[Step]:
    asked = _asked_by_client(history)
    centre = MOBILE_PAYMENT if history.named("mobile") else VOUCHER_CENTRE
    seen_twice = {other.request.seq for other in asked.values() if other is not None}
    for exchange in history.exchanges:
        if exchange.request.seq in seen_twice:
            continue
        name = message_name(exchange)
        client, party = _lane_of_client(exchange.client), exchange.party
        if party == CLIENT:
            other = asked[exchange.request.seq]
            client, party = CLIENT, centre if other is None else other.party
        shared: dict[str, Any] = {"seq": exchange.request.seq, "at_ns": exchange.request.at_ns}
        fault = _fault_on(history, exchange) if exchange.reply is None else None
        lost = fault is not None and str(fault["effect"]) in NEVER_ARRIVES
        yield Arrow(
            **shared,
            place=exchange.request.seq,
            source=client,
            target=party,
            label=message(name),
            detail=exchange.msgid,
            look=Look.REQUEST,
            lost=lost,
        )
        label, look = outcome_of(exchange)
        if exchange.reply is not None:
            yield Arrow(
                seq=exchange.reply.seq,
                place=exchange.reply.seq,
                at_ns=exchange.reply.at_ns,
                source=party,
                target=client,
                label=label,
                look=look,
            )
            continue
        place = _gives_up(history, exchange) - 0.5
        if lost:
            yield Note(**shared, place=place, lane=client, label=label, look=look)
        else:
            yield Arrow(**shared, place=place, source=party, target=client, label=label, look=look, lost=True)


def _asked_by_client(history: CaseHistory) -> dict[int, Exchange | None]:
    """The bench's own calls by their records' numbers, each with what a simulator recorded of the same call."""
    mine = [exchange for exchange in history.exchanges if exchange.party == CLIENT]
    others = [e for e in history.exchanges if e.party != CLIENT and e.client in OUR_SIDE] if mine else []
    found: dict[int, Exchange | None] = {}
    for call in mine:
        until = history.records[-1].seq if call.reply is None else call.reply.seq
        same = (e for e in others if call.request.seq < e.request.seq <= until and _same_request(call, e))
        found[call.request.seq] = next((e for e in same if e not in found.values()), None)
    return found


def _same_request(one: Exchange, other: Exchange) -> bool:
    return one.path.endswith(other.path) and one.request.body == other.request.body


def _fault_on(history: CaseHistory, exchange: Exchange) -> Event | None:
    others = [e.request.seq for e in history.exchanges if e.party == exchange.party]
    until = min((seq for seq in others if seq > exchange.request.seq), default=history.records[-1].seq + 1)
    fired = (e for e in history.named("fault-fired") if e.device == exchange.party)
    return next((e for e in fired if exchange.request.seq < e.seq < until), None)


def _gives_up(history: CaseHistory, exchange: Exchange) -> int:
    """The record before which the client of an unanswered request must have given up."""
    after = [e.request.seq for e in history.exchanges if e.client == exchange.client]
    if exchange.client == ADAPTER:
        after += [line.seq for line in history.port if not line.sent]
    return min((seq for seq in after if seq > exchange.request.seq), default=history.records[-1].seq)


def _counter(port: Iterable[PortLine]) -> Iterator[Step]:
    for line in port:
        shared: dict[str, Any] = {"seq": line.seq, "place": line.seq, "at_ns": line.at_ns}
        content = line.content
        if line.sent:
            verb = str(content.get("do", "hello" if "hello" in content else "?"))
            words = [str(content[key]) for key in ("order", "slot", "visit", "total", "day") if key in content]
            words += [both(VERBS, str(content[key])) for key in ("by", "way") if key in content]
            yield Arrow(
                **shared,
                source=CASHIER,
                target=SYSTEM_UNDER_TEST,
                label=both(VERBS, verb),
                detail=", ".join(words),
                look=Look.COMMAND,
            )
        elif content.get("event") == "journal":
            text = f"journal 日志: {content.get('infno', '')}"
            yield Note(
                **shared, lane=SYSTEM_UNDER_TEST, label=text, detail=str(content.get("msgid", "")), look=Look.PLAIN
            )
        else:
            label, detail, look = answer_words(line)
            yield Arrow(**shared, source=SYSTEM_UNDER_TEST, target=CASHIER, label=label, detail=detail, look=look)


def _lines(history: CaseHistory) -> Iterator[Step]:
    for record in history.records:
        device, _, line = record.channel.partition(".")
        if record.kind is not Kind.FRAME or device == COUNTER or line.startswith("http"):
            continue
        out = record.direction is Direction.SENT
        scan = out and device == "scanner"
        yield Arrow(
            seq=record.seq,
            place=record.seq,
            at_ns=record.at_ns,
            source=device if out else SYSTEM_UNDER_TEST,
            target=SYSTEM_UNDER_TEST if out else device,
            label="scan 扫码" if scan else f"{len(record.data)} bytes {len(record.data)} 字节",
            detail=visible(record.data[:48]),
            look=Look.SCAN,
        )


def _events(history: CaseHistory) -> Iterator[Step]:
    ours = CLIENT if any(exchange.party == CLIENT for exchange in history.exchanges) else CASHIER
    phone = next((e.device for e in history.named("code-shown")), "")
    for event in history.events:
        if event.name == "image-seen" and phone:
            yield Arrow(
                seq=event.seq,
                place=event.seq,
                at_ns=event.at_ns,
                source=phone,
                target=event.device,
                label="the shown code 展码",
                look=Look.SCAN,
            )
            continue
        told = event_words(event)
        if told is not None:
            label, detail, look = told
            yield Note(
                seq=event.seq,
                place=event.seq,
                at_ns=event.at_ns,
                lane=_lane_of_event(event, look, ours),
                label=label,
                detail=detail,
                look=look,
            )


def _lane_of_event(event: Event, look: Look, ours: str) -> str:
    if look in {Look.STEP, Look.CLOCK} or event.name == "problem":
        return ""
    if event.device == COUNTER or event.name.startswith("adapter-"):
        return SYSTEM_UNDER_TEST
    return ours if event.device in OUR_SIDE else event.device.partition(".")[0]


def _lane_of_client(client: str) -> str:
    if client == ADAPTER:
        return SYSTEM_UNDER_TEST
    return CASHIER if client in OUR_SIDE else client


def _lanes(steps: Iterable[Step], kinds: Mapping[str, str]) -> tuple[Lane, ...]:
    names: dict[str, None] = {}
    for step in steps:
        for name in (step.source, step.target) if isinstance(step, Arrow) else (step.lane,):
            if name:
                names.setdefault(name)
    appeared = list(names)

    def rank(name: str) -> tuple[int, int]:
        kind = kinds.get(name, name)
        return ORDER.index(kind) if kind in ORDER else len(ORDER), appeared.index(name)

    return tuple(Lane(name=name, title=_title(name, kinds.get(name, name))) for name in sorted(appeared, key=rank))


def _title(name: str, kind: str) -> Pair:
    en, zh = PARTIES.get(kind, (kind, ""))
    return (en, zh) if name == kind else (name, zh or en)
