"""Two tills of one institution at the same time: what each of them said and did, as a history of its own.

The second till's lines are on the channel `counter-2`, and its requests ask the bench's parties by another name of
their host (header Host), whatever their bodies say. Each till is judged by its own history, as if it were alone:
without the other's lines, scans and requests, and without what the platform booked for the other's messages. What the
institution as a whole owes or is owed (a rule with `whole`) is judged by the whole.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from harness.judge.counter_talk import COUNTER, SECOND_COUNTER, SECOND_SCANNER, read_port_line
from harness.judge.exchange import ADAPTER
from harness.judge.history import CaseHistory
from harness.line.record import Direction, Kind, Record

FIRST, SECOND = 0, 1
HOST = re.compile(rb"\r\nhost:[ \t]*([^\r\n]+)", re.IGNORECASE)


def tills_of(history: CaseHistory) -> tuple[CaseHistory, ...]:
    """The history of each till; that of the whole case where there is but one."""
    if not any(record.channel == SECOND_COUNTER for record in history.records):
        return (history,)
    hosts = _second_hosts((*history.run_records, *history.records))
    owners = _owners(history, hosts)
    return tuple(_of_till(history, owners, till) for till in (FIRST, SECOND))


def _second_hosts(records: Iterable[Record]) -> frozenset[bytes]:
    """By what names the second till alone was told to ask for the parties; empty without a second till."""
    records = tuple(records)
    return _hosts_told(records, SECOND_COUNTER) - _hosts_told(records, COUNTER)


def _hosts_told(records: Iterable[Record], counter: str) -> frozenset[bytes]:
    told = (read_port_line(r) for r in records if r.kind is Kind.FRAME and r.channel == counter)
    hellos = [line.content["hello"] for line in told if line.sent and isinstance(line.content.get("hello"), dict)]
    places = [endpoints for hello in hellos if isinstance(endpoints := hello.get("endpoints"), dict)]
    addresses = [str(address) for place in places for address in place.values()]
    return frozenset(urlsplit(address).netloc.encode() for address in addresses if address.startswith("http"))


def _owners(history: CaseHistory, hosts: frozenset[bytes]) -> Mapping[int, int]:
    """Whose each record is that is one till's alone, by its number."""
    by_channel: dict[str, int] = {}
    channels = {record.seq: record.channel for record in history.records}
    requests: dict[int, bytes] = {r.seq: r.data for r in history.records if r.direction is Direction.RECEIVED}
    sent: tuple[set[str], set[str]] = (set(), set())
    for exchange in history.exchanges:
        if exchange.client == ADAPTER:
            seq = exchange.request.seq
            found = HOST.search(requests.get(seq, b""))
            till = SECOND if found is not None and found[1].strip() in hosts else FIRST
            by_channel[channels[seq]] = till
            sent[till].add(exchange.msgid)
    owners: dict[int, int] = {}
    for record in history.records:
        owner = by_channel.get(record.channel) if record.kind is Kind.FRAME else _owner_of_event(record, sent)
        if owner is None:
            owner = _owner_by_place(record)
        if owner is not None:
            owners[record.seq] = owner
    return owners


def _owner_of_event(record: Record, sent: tuple[set[str], set[str]]) -> int | None:
    """Whose an event is: of a message that only one till has sent, or an expectation of one desk."""
    if record.name == "expect":
        return SECOND if record.event.get("desk") == SECOND_COUNTER else FIRST
    msgid = record.event.get("msgid")
    mine = [till for till in (FIRST, SECOND) if msgid in sent[till]]
    return mine[0] if len(mine) == 1 else None


def _owner_by_place(record: Record) -> int | None:
    """Whose a record is by its channel: a counter's lines and log, and what a scanner box reads to it."""
    device, _, line = record.channel.partition(".")
    if device in {SECOND_COUNTER, SECOND_SCANNER}:
        return SECOND
    return FIRST if device == COUNTER or line in {"serial", "tcp"} else None


def _of_till(history: CaseHistory, owners: Mapping[int, int], till: int) -> CaseHistory:
    """The history without what is the other till's; the second's lines are named like the first's."""
    kept = tuple(_as_first(record) for record in history.records if owners.get(record.seq, till) == till)
    before = tuple(r for r in history.run_records if till == FIRST or r.channel.partition(".")[0] != COUNTER)
    return replace(history, records=kept, run_records=before)


def _as_first(record: Record) -> Record:
    device, dot, line = record.channel.partition(".")
    return replace(record, channel=f"{COUNTER}{dot}{line}") if device == SECOND_COUNTER else record
