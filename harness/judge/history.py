"""The history of a case: its part of the tape, decoded once, for rules to read.

    history = read_histories(reading.records)[0]
    for exchange in history.sent("2102"): ...

A history knows HTTP exchanges, what crossed the counter port, the scans on the scanner's line, and the events that
devices left. It is built from records alone, so that it is the same on any machine, years later.
"""

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from harness.judge.messages import Message, exact_object, parse_message
from harness.judge.provinces import in_province
from harness.line.record import Direction, Kind, Record

__all__ = [
    "ADAPTER",
    "CASE",
    "COUNTER",
    "CaseHistory",
    "Event",
    "Exchange",
    "Message",
    "Operation",
    "PortLine",
    "exact_object",
    "living_adapter",
    "parse_message",
    "read_histories",
]

ADAPTER = "counter"
"""The name of the system under test as a client: whoever is not the bench or one of its devices by its User-Agent."""
PLATFORM = "platform"
BENCH, AGENT = "bench", "liantiao-"
"""The bench's own drivers as a client, and how a User-Agent of ours begins: `liantiao-platform`."""
CASE, COUNTER = "case", "counter"
"""Channels of the case's own records and of the counter port."""
PERHAPS_DONE = frozenset({408, 499})
"""The 4xx that do not say that nothing was done: request time-out, client closed request."""


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """A request and the reply that its connection carried next, if any left the party."""

    party: str
    client: str
    request: Message
    reply: Message | None

    @property
    def path(self) -> str:
        """The path of the request."""
        parts = self.request.start.split(" ")
        return parts[1] if len(parts) > 1 else ""

    @property
    def status(self) -> int:
        """The HTTP status of the reply; 0 without one."""
        parts = self.reply.start.split(" ") if self.reply else []
        return int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0

    @property
    def infno(self) -> str:
        """The transaction of the institution interface; empty when it is none."""
        return str(self.request.json.get("infno") or "")

    @property
    def msgid(self) -> str:
        """The message id of a transaction of the institution interface; empty when there is none."""
        return str(self.request.json.get("msgid") or "")

    @property
    def reply_json(self) -> dict[str, Any]:
        """The reply's JSON object; empty without one."""
        return self.reply.json if self.reply else {}

    @property
    def understood(self) -> bool:
        """Whether the client got a proper answer: HTTP 200 with a JSON object that carries an infcode or code."""
        return self.status == 200 and bool({"infcode", "code"} & self.reply_json.keys())

    @property
    def accepted(self) -> bool:
        """Whether that answer says success."""
        return self.understood and _says_success(self.reply_json)

    @property
    def readable_reply(self) -> dict[str, Any]:
        """The reply as a forgiving client reads it (see `Message.readable`); empty without one."""
        return self.reply.readable if self.reply else {}

    @property
    def legible(self) -> bool:
        """Whether a forgiving client can make out what was answered: `understood`, or damaged yet readable."""
        return self.status == 200 and bool({"infcode", "code"} & self.readable_reply.keys())

    @property
    def granted(self) -> bool:
        """Whether that legible answer says success."""
        return self.legible and _says_success(self.readable_reply)

    @property
    def unknown(self) -> bool:
        """Whether no client can know what came of the request: no answer, 5xx, or nothing that can be read."""
        refused_by_http = 400 <= self.status < 500 and self.status not in PERHAPS_DONE
        return not self.legible and not refused_by_http


@dataclass(frozen=True, kw_only=True)
class PortLine:
    """One line of the counter port: a command to the adapter, or its answer or event."""

    seq: int
    at_ns: int
    sent: bool
    content: Mapping[str, Any]
    """The JSON object; empty when the line was none."""
    raw: bytes

    @property
    def id(self) -> int:
        """The number of the command that it is or belongs to; -1 without one."""
        found = self.content.get("id")
        return found if isinstance(found, int) else -1


@dataclass(frozen=True, kw_only=True)
class Operation:
    """A command of the cashier with what came of it."""

    command: PortLine
    events: tuple[PortLine, ...]
    answer: PortLine | None
    session: int = 0
    """The start of the adapter that it belongs to, counted from 0; command ids are unique within one."""
    until: int = -1
    """The last record that can belong to it: its answer, else the end of its session."""

    @property
    def verb(self) -> str:
        """What the cashier wanted: `purchase`, `refund`, …"""
        return str(self.command.content.get("do", ""))

    @property
    def order(self) -> str:
        """The order number of a purchase or refund; empty otherwise."""
        return str(self.command.content.get("order", ""))

    @property
    def outcome(self) -> str:
        """`accepted`, `refused`, `unknown`, or empty when no answer came."""
        return str(self.answer.content.get("outcome", "")) if self.answer else ""

    @property
    def last_seq(self) -> int:
        """The record with which the operation ended; its command's when it never did."""
        return self.answer.seq if self.answer else self.command.seq

    def spans(self, seq: int) -> bool:
        """Whether the operation was going on at this record."""
        return self.command.seq <= seq <= max(self.until, self.last_seq)


@dataclass(frozen=True, kw_only=True)
class Event:
    """A record that is not bytes, with the device it is of."""

    seq: int
    at_ns: int
    device: str
    name: str
    fields: Mapping[str, Any]

    def __getitem__(self, field: str) -> Any:  # noqa: ANN401 - fields differ by event
        return self.fields.get(field)


@dataclass(frozen=True, kw_only=True, eq=False)
class CaseHistory:
    """All that a tape says of one case."""

    case: str
    title: str
    requirements: tuple[str, ...]
    records: tuple[Record, ...]
    ended: bool
    """Whether the case's end is on the tape; without it the tape is incomplete."""
    run_records: tuple[Record, ...] = ()
    """Records of the run before its first case, what the bench is made of; and the start of an adapter that lives on
    from a case before."""

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """Every event, in order."""
        return tuple(
            Event(seq=r.seq, at_ns=r.at_ns, device=r.channel, name=r.name, fields=r.event)
            for r in self.records
            if r.kind is Kind.EVENT
        )

    def named(self, *names: str) -> list[Event]:
        """The events with one of these names, in order."""
        return [event for event in self.events if event.name in names]

    @cached_property
    def exchanges(self) -> tuple[Exchange, ...]:
        """Every HTTP exchange, in the order of the requests."""
        found = sorted(_exchanges(self.records, self._ours), key=lambda e: e.request.seq)
        return tuple(self._as_profiled(exchange) for exchange in found)

    def _as_profiled(self, exchange: Exchange) -> Exchange:
        """The same exchange, read as the adapter's province has it."""
        if exchange.client != ADAPTER or exchange.party not in self._platforms:
            return exchange
        told = self.hello_at(exchange.request.seq)
        request, reply = in_province(exchange.request, exchange.reply, told)
        return replace(exchange, request=request, reply=reply)

    @cached_property
    def _platforms(self) -> frozenset[str]:
        """The names of the platforms of the bench."""
        devices = (r.event for r in self.run_records if r.name == "device")
        found = {str(device.get("name", "")) for device in devices if device.get("kind") == PLATFORM}
        return frozenset(found or {PLATFORM})

    @cached_property
    def _ours(self) -> frozenset[str]:
        """The names by which the bench's own parties may call themselves."""
        devices = {str(r.event.get("name", "")) for r in self.run_records if r.name == "device"}
        parties = {r.channel.partition(".")[0] for r in self.records if ".http" in r.channel}
        return frozenset({BENCH} | devices | parties)

    def sent(self, *infnos: str) -> list[Exchange]:
        """The adapter's transactions of the institution interface with one of these numbers; all without any."""
        return [e for e in self.exchanges if e.client == ADAPTER and e.infno and (not infnos or e.infno in infnos)]

    def queries(self) -> list[Exchange]:
        """The adapter's requests to decode a scanned code (ec.query)."""
        return [e for e in self.exchanges if e.client == ADAPTER and e.request.json.get("transType") == "ec.query"]

    @cached_property
    def port(self) -> tuple[PortLine, ...]:
        """Every line of the counter port, in order."""
        return tuple(_port_line(r) for r in self.records if r.kind is Kind.FRAME and r.channel == COUNTER)

    @cached_property
    def hellos(self) -> tuple[tuple[int, Mapping[str, Any]], ...]:
        """What the adapter was told at each of its starts, with the record; the first may be from before the case."""
        before = (_port_line(r) for r in self.run_records if r.kind is Kind.FRAME and r.channel == COUNTER)
        return tuple(
            (line.seq, dict(line.content["hello"]))
            for line in (*before, *self.port)
            if line.sent and isinstance(line.content.get("hello"), dict)
        )

    @property
    def hello(self) -> Mapping[str, Any]:
        """What the adapter was told when it first started; empty without an adapter."""
        return self.hellos[0][1] if self.hellos else {}

    def hello_at(self, seq: int) -> Mapping[str, Any]:
        """What the adapter that ran at this record was told; empty without one."""
        place = bisect_right([told for told, _ in self.hellos], seq)
        return self.hellos[place - 1][1] if place else {}

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """The cashier's commands, in order, with their answers. A restarted adapter counts its ids anew."""
        last = self.records[-1].seq if self.records else -1
        return tuple(_operations(self.port, [told for told, _ in self.hellos], last))

    def operation_at(self, seq: int) -> Operation | None:
        """The cashier's command that the adapter was at work on at this record, if any."""
        going = [operation for operation in self.operations if operation.spans(seq)]
        return going[-1] if going else None

    @property
    def adapter_is_older(self) -> bool:
        """Whether the adapter was started before the case, so that its books may hold more than this case."""
        return bool(self.hellos) and self.hellos[0][0] < self.records[0].seq

    @property
    def crashes(self) -> list[int]:
        """The records at which the case itself killed the adapter."""
        return [event.seq for event in self.named("adapter-crash", "adapter-killed")]

    @property
    def whole(self) -> bool:
        """Whether the case ran to its end undisturbed, so that what is not on the tape did not happen."""
        return self.ended and not self.named("problem")

    def stood_in(self, kind: str) -> bool:
        """Whether devices of this kind are ours, so that their events are on the tape; a real one leaves none."""
        devices = [r.event for r in self.run_records if r.name == "device" and r.event.get("kind") == kind]
        return all(bool(device.get("virtual", True)) for device in devices)

    def doing(self, *verbs: str) -> list[Operation]:
        """The operations with one of these verbs."""
        return [operation for operation in self.operations if operation.verb in verbs]

    @cached_property
    def scans(self) -> tuple[Record, ...]:
        """What scanner boxes sent to the host, one record a write."""
        return tuple(
            r
            for r in self.records
            if r.kind is Kind.FRAME and r.direction is Direction.SENT and r.channel.endswith((".serial", ".tcp"))
        )


def read_histories(records: Sequence[Record]) -> list[CaseHistory]:
    """The cases of a tape, in order; a case whose end is missing is marked so."""
    starts = [i for i, r in enumerate(records) if r.channel == CASE and r.name == "case-start"]
    before = tuple(records[: starts[0]]) if starts else ()
    living: tuple[Record, ...] = ()
    histories = []
    for number, start in enumerate(starts):
        if number:
            living = living_adapter((*living, *records[starts[number - 1] : start]))
        end = starts[number + 1] if number + 1 < len(starts) else len(records)
        mine = tuple(records[start:end])
        ends = [i for i, r in enumerate(mine) if r.channel == CASE and r.name == "case-end"]
        mine = mine[: ends[0] + 1] if ends else mine
        head = mine[0].event
        required = head.get("requirements")
        histories.append(
            CaseHistory(
                case=str(head.get("case", "")),
                title=str(head.get("title", "")),
                requirements=tuple(str(r) for r in required) if isinstance(required, list) else (),
                records=mine,
                ended=bool(ends),
                run_records=(*before, *living),
            )
        )
    return histories


def living_adapter(records: Iterable[Record]) -> tuple[Record, ...]:
    """The start of the adapter that still runs after these records, as it was told; empty without one."""
    living: tuple[Record, ...] = ()
    for record in records:
        if record.channel != COUNTER:
            continue
        if record.name in {"adapter-ended", "adapter-killed"}:
            living = ()
        elif record.direction is Direction.SENT and "hello" in _port_line(record).content:
            living = (record,)
    return living


def _says_success(answer: Mapping[str, Any]) -> bool:
    return str(answer.get("infcode", answer.get("code"))) == "0"


def _exchanges(records: Iterable[Record], ours: frozenset[str]) -> Iterator[Exchange]:
    waiting: dict[str, Message] = {}
    for record in records:
        device, _, line = record.channel.partition(".")
        if record.kind is not Kind.FRAME or not line.startswith("http"):
            continue
        message = parse_message(record)
        if record.direction is Direction.RECEIVED:
            if record.channel in waiting:
                yield _exchange(device, waiting[record.channel], None, ours)
            waiting[record.channel] = message
        elif record.channel in waiting:
            yield _exchange(device, waiting.pop(record.channel), message, ours)
    for channel, request in waiting.items():
        yield _exchange(channel.partition(".")[0], request, None, ours)


def _exchange(party: str, request: Message, reply: Message | None, ours: frozenset[str]) -> Exchange:
    agent = request.headers.get("user-agent", "")
    name = agent.removeprefix(AGENT) if agent.startswith(AGENT) else ADAPTER
    client = name if name in ours else ADAPTER
    return Exchange(party=party, client=client, request=request, reply=reply)


def _port_line(record: Record) -> PortLine:
    try:
        content = json.loads(record.data)
    except (ValueError, RecursionError):
        content = {}
    return PortLine(
        seq=record.seq,
        at_ns=record.at_ns,
        sent=record.direction is Direction.SENT,
        content=content if isinstance(content, dict) else {},
        raw=record.data,
    )


def _operations(lines: Sequence[PortLine], starts: Sequence[int], last: int) -> Iterator[Operation]:
    for place, line in enumerate(lines):
        if not line.sent or "do" not in line.content:
            continue
        later_starts = [seq for seq in starts if seq > line.seq]
        ends = later_starts[0] - 1 if later_starts else last
        mine = []
        for other in lines[place + 1 :]:
            if other.seq > ends or (other.sent and other.id == line.id and "do" in other.content):
                break
            if not other.sent and other.id == line.id:
                mine.append(other)
                if "event" not in other.content:
                    break
        answer = mine.pop() if mine and "event" not in mine[-1].content else None
        yield Operation(
            command=line,
            events=tuple(mine),
            answer=answer,
            session=max(len(starts) - len(later_starts) - 1, 0),
            until=answer.seq if answer else ends,
        )
