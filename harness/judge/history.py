"""The history of a case: its part of the tape, decoded once, for rules to read.

    history = read_histories(reading.records)[0]
    for exchange in history.sent("2102"): ...

A history knows HTTP exchanges, what crossed the counter port, the scans on the scanner's line, and the events that
devices left. It is built from records alone, so that it is the same on any machine, years later.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from harness.judge.counter_talk import COUNTER, Operation, PortLine, living_adapter, read_operations, read_port_line
from harness.judge.exchange import ADAPTER, BENCH, Exchange, read_exchanges
from harness.judge.provinces import in_province
from harness.line.record import Direction, Kind, Record

CASE = "case"
"""Channel of the case's own records."""
PLATFORM = "platform"


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
        found = sorted(read_exchanges(self.records, self._ours), key=lambda e: e.request.seq)
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
        return tuple(read_port_line(r) for r in self.records if r.kind is Kind.FRAME and r.channel == COUNTER)

    @cached_property
    def hellos(self) -> tuple[tuple[int, Mapping[str, Any]], ...]:
        """What the adapter was told at each of its starts, with the record; the first may be from before the case."""
        before = (read_port_line(r) for r in self.run_records if r.kind is Kind.FRAME and r.channel == COUNTER)
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
    def readies(self) -> tuple[tuple[int, Mapping[str, Any]], ...]:
        """What the adapter declared of itself at each of its starts, with the record."""
        before = (read_port_line(r) for r in self.run_records if r.kind is Kind.FRAME and r.channel == COUNTER)
        return tuple(
            (line.seq, dict(line.content["ready"]))
            for line in (*before, *self.port)
            if not line.sent and isinstance(line.content.get("ready"), dict)
        )

    def ready_at(self, seq: int) -> Mapping[str, Any]:
        """What the adapter that ran at this record declared of itself; empty without one."""
        place = bisect_right([told for told, _ in self.readies], seq)
        return self.readies[place - 1][1] if place else {}

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """The cashier's commands, in order, with their answers. A restarted adapter counts its ids anew."""
        last = self.records[-1].seq if self.records else -1
        return tuple(read_operations(self.port, [told for told, _ in self.hellos], last))

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
