"""One record of a tape and how it is laid out in a file; no I/O.

File: `MAGIC`, then records. A record is its body's length (u32), the body, and the chain digest: SM3 of the digest
before it and the body. The digest before the first record is SM3 of `MAGIC`. Numbers are big-endian.

Body: kind u8 (0 frame, 1 event), direction u8 (0 none, 1 received, 2 sent), seq u64, at_ns i64 (bench clock),
real_ns i64 (elapsed since the tape began, by the machine's monotonic clock), channel length u16, channel (UTF-8), data.
"""

import json
import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import TypeAlias

import msgspec

from harness.gm import sm3, sm3_digest

MAGIC = b"LIANTIAO-TAPE-1\n"
ORIGIN = sm3(MAGIC)
CHAIN_SIZE = 32
LENGTH = struct.Struct(">I")
HEAD = struct.Struct(">BBQqqH")
canonical = msgspec.json.Encoder(order="sorted").encode
"""An event's fields as JSON: sorted keys, no blanks, UTF-8."""

JsonValue: TypeAlias = "bool | int | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
"""What an event's field may be; a float is not: amounts are fen, times are nanoseconds."""


class Kind(IntEnum):
    """Bytes on a line, or anything else that explains the run."""

    FRAME = 0
    EVENT = 1


class Direction(IntEnum):
    """Seen from the party that records."""

    NONE = 0
    RECEIVED = 1
    SENT = 2


@dataclass(frozen=True)
class Record:
    """One frame or event of a tape."""

    seq: int
    at_ns: int
    real_ns: int
    kind: Kind
    direction: Direction
    channel: str
    data: bytes

    @cached_property
    def event(self) -> Mapping[str, JsonValue]:
        """The fields of an event, `event` being its name; empty for a frame."""
        if self.kind is not Kind.EVENT:
            return {}
        fields = json.loads(self.data)
        return fields if isinstance(fields, dict) else {}

    @property
    def name(self) -> str:
        """The name of an event; empty for a frame."""
        return str(self.event.get("event", ""))

    def body(self) -> bytes:
        """The bytes that stand in the file and are chained."""
        channel = self.channel.encode()
        return (
            HEAD.pack(self.kind, self.direction, self.seq, self.at_ns, self.real_ns, len(channel)) + channel + self.data
        )


def parse_body(body: bytes) -> Record:
    """The record of a body; raises ValueError when it is none."""
    try:
        kind, direction, seq, at_ns, real_ns, channel_size = HEAD.unpack_from(body)
    except struct.error as error:
        raise ValueError(str(error)) from error
    end = HEAD.size + channel_size
    if end > len(body):
        raise ValueError("the channel is longer than the record")
    record = Record(
        seq=seq,
        at_ns=at_ns,
        real_ns=real_ns,
        kind=Kind(kind),
        direction=Direction(direction),
        channel=body[HEAD.size : end].decode(),
        data=body[end:],
    )
    if record.kind is Kind.EVENT and not record.event:
        raise ValueError("an event is a JSON object")
    return record


def made_record(
    *, seq: int, at_ns: int, real_ns: int, kind: Kind, direction: Direction, channel: str, data: bytes
) -> Record:
    """A record in a third of the time that its class takes, which guards each of its fields against assignment.

    The tape makes one for everything that happens.
    """
    record = object.__new__(Record)
    record.__dict__.update(
        seq=seq, at_ns=at_ns, real_ns=real_ns, kind=kind, direction=direction, channel=channel, data=data
    )
    return record


def chain(previous: bytes, body: bytes) -> bytes:
    """The chain digest after a record."""
    return sm3(previous + body)


def event_data(name: str, fields: Mapping[str, JsonValue]) -> bytes:
    """An event as canonical JSON."""
    return canonical({"event": name, **fields})


def volatile_tokens(records: Iterable[Record]) -> list[tuple[bytes, bytes]]:
    """What differs between two equal runs (ports, ptys, process ids, folders) and the name that stands for each.

    Longest first, so that a token that another begins with does no harm.
    """
    named = {
        str(record.event["token"]).encode(): f"{{{record.event['name']}}}".encode()
        for record in records
        if record.name == "volatile"
    }
    return sorted(named.items(), key=lambda pair: (-len(pair[0]), pair[0]))


def comparable_digest(records: Iterable[Record], *, tokens: list[tuple[bytes, bytes]] | None = None) -> str:
    """SM3 over what two runs with one seed must share: order, bench time, channels, directions and data.

    Left out: elapsed real time, positions in the file, and the values of volatile tokens (their names stay). A token
    counts where no letter or digit touches it, so a process id does not hide a digit of an amount. `tokens` defaults to
    those the records announce themselves.
    """
    kept = [record for record in records if record.name != "volatile"]
    tokens = volatile_tokens(records) if tokens is None else tokens
    names = dict(tokens)
    touched = b"|".join(re.escape(token) for token, _ in tokens) or b"(?!)"
    found = re.compile(b"(?<![0-9A-Za-z])(?:" + touched + b")(?![0-9A-Za-z])")
    digest = sm3_digest()
    for record in kept:
        data = found.sub(lambda match: names[match[0]], record.data)
        digest.update(HEAD.pack(record.kind, record.direction, 0, record.at_ns, 0, 0))
        digest.update(LENGTH.pack(len(record.channel)) + record.channel.encode() + LENGTH.pack(len(data)) + data)
    return digest.digest().hex()
