"""What crossed the counter port: its lines, and the cashier's commands with what came of them."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.line.record import Direction, Record

COUNTER = "counter"
"""Channel of the counter port."""
SECOND_COUNTER, SECOND_SCANNER = "counter-2", "scanner-2"
"""Channels of a second till's port, and (before `.tcp`) of what reads codes to it."""


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


def read_port_line(record: Record) -> PortLine:
    """The line of the counter port that a frame is."""
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


def read_operations(lines: Sequence[PortLine], starts: Sequence[int], last: int) -> Iterator[Operation]:
    """The commands in these lines; the adapter started at the records `starts`, and `last` is the case's last."""
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


def living_adapter(records: Iterable[Record]) -> tuple[Record, ...]:
    """The start of the adapter that still runs after these records, as it was told and answered; empty without one."""
    living: tuple[Record, ...] = ()
    for record in records:
        if record.channel != COUNTER:
            continue
        if record.name in {"adapter-ended", "adapter-killed"}:
            living = ()
        elif record.direction is Direction.SENT and "hello" in read_port_line(record).content:
            living = (record,)
        elif living and record.direction is Direction.RECEIVED and "ready" in read_port_line(record).content:
            living = (living[0], record)
    return living
