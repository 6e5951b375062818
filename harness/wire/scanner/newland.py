"""The Newland command dialect, both sides, without I/O.

Host to box: `7E 01 30 30 30 30`, `@` (permanent) or `#` (temporary), then `Tag(3) SubTag(3) {data}` items parted by `;`
or, when the tag stays the same and only the sub-tag changes, by `,`, closed by `3B 03`. A query has `*` (current), `&`
(factory) or `^` (range) as its data. The answer is the same with `02` first and a status byte before the punctuation:
`06` done, `15` value out of range, `05` no such tag. The older trigger is `01 54 04` (start) and `01 50 04` (stop); no
answer to it is known, so none is sent.

Assumed, since nowhere published: in a compound command each item has its own status byte (the reader also takes one
status for all); the answer to a query repeats the tag with the value in the query character's place.

Answers and scans share one line. `HostSide` tells them apart by the answer's six opening bytes.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum

from harness.wire.scanner.framing import Malformed, Scan, ScanFramer, ScanFraming

COMMAND_HEAD = b"\x7e\x010000"
ANSWER_HEAD = b"\x02\x010000"
TAIL = b";\x03"
LEGACY_START = b"\x01T\x04"
LEGACY_STOP = b"\x01P\x04"
MAX_COMMAND = 512
"""Bytes of the longest command that is taken; makers' software sends at most 200 characters."""
MAX_ANSWER = 4096
SILENCE_S = 1.0
"""A command whose next byte takes longer is given up (assumed)."""
TAG_SIZE = 6

_ITEM = re.compile(r"([^,;]*)([,;])")
_OPENINGS = (COMMAND_HEAD, LEGACY_START, LEGACY_STOP)
_STARTS = re.compile(rb"[\x7e\x01]")
_ANSWER_END = re.compile(rb"[\x05\x06\x15];\x03")
_ANSWERED = re.compile(r"([^\x05\x06\x15]*)([\x05\x06\x15])([,;])")


class Status(Enum):
    """What the box says to an item of a command."""

    DONE = 0x06
    OUT_OF_RANGE = 0x15
    NO_SUCH_TAG = 0x05


class Query(StrEnum):
    """What may be asked about a setting."""

    CURRENT = "*"
    FACTORY = "&"
    RANGE = "^"


class Storage(StrEnum):
    """Whether a setting survives a restart."""

    PERMANENT = "@"
    TEMPORARY = "#"


@dataclass(frozen=True, kw_only=True)
class Item:
    """One setting or query of a command; `spelled` is its text on the wire, `end` the punctuation after it."""

    tag: str
    data: str = ""
    spelled: str = ""
    end: str = ";"

    @property
    def query(self) -> Query | None:
        """The question, if it is one."""
        return Query(self.data) if self.data in set(Query) else None


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command from the host."""

    raw: bytes
    storage: Storage
    items: tuple[Item, ...]


@dataclass(frozen=True, kw_only=True)
class LegacyTrigger:
    """The three-byte trigger: start or stop."""

    raw: bytes
    on: bool


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One item of an answer."""

    tag: str
    data: str
    status: Status


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The box's answer to a command."""

    raw: bytes
    storage: Storage
    items: tuple[Answered, ...]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the box did with an item; `data` stands in the query character's place."""

    status: Status
    data: str | None = None


def encode_command(items: Iterable[tuple[str, str]], *, storage: Storage = Storage.TEMPORARY) -> bytes:
    """A command of `(tag, data)` items. Raises ValueError for what cannot be spelled, or is too long."""
    parts = [COMMAND_HEAD, storage.encode()]
    for tag, data in items:
        if len(tag) != TAG_SIZE or not (tag + data).isascii() or re.search(r"[,;\x00-\x1f]", tag + data):
            raise ValueError(f"{tag + data!r} cannot stand in a command: a tag has {TAG_SIZE} letters, data no , or ;")
        parts.append(f"{tag}{data};".encode())
    if len(parts) == 2:
        raise ValueError("a command has at least one item")
    raw = b"".join(parts) + TAIL[1:]
    if len(raw) > MAX_COMMAND:
        raise ValueError(f"the command has {len(raw)} bytes, more than {MAX_COMMAND}")
    return raw


def encode_answer(command: Command, outcomes: Sequence[Outcome]) -> bytes:
    """The answer to a command, one outcome an item."""
    parts = [ANSWER_HEAD, command.storage.encode()]
    for item, outcome in zip(command.items, outcomes, strict=True):
        told = item.spelled if outcome.data is None else item.spelled.removesuffix(item.data) + outcome.data
        parts.append(told.encode("latin-1") + bytes([outcome.status.value]) + item.end.encode())
    return b"".join(parts) + TAIL[1:]


class BoxSide:
    """What the host sends, as the box understands it; fed in any pieces."""

    def __init__(self) -> None:
        self._held = b""

    @property
    def pending(self) -> bool:
        """Whether a command has begun; `idle` is due after SILENCE_S without a byte."""
        return bool(self._held)

    def idle(self) -> list[Command | LegacyTrigger | Malformed]:
        """The line has been silent: a command that has begun is given up."""
        held, self._held = self._held, b""
        return [Malformed(held, "is a command cut short")] if held else []

    def feed(self, data: bytes) -> list[Command | LegacyTrigger | Malformed]:
        """Take bytes; returns the commands that are now complete, and what was none of them."""
        if not self._held and (trigger := _TRIGGERS.get(data)) is not None:
            return [trigger]
        self._held += data
        found: list[Command | LegacyTrigger | Malformed] = []
        while self._held:
            size, event = self._next()
            if size == 0:
                break
            self._held = self._held[size:]
            found.append(event)
        return found

    def _next(self) -> tuple[int, Command | LegacyTrigger | Malformed]:
        """The first event held and its size; size 0 when more bytes are due."""
        held = self._held
        if (trigger := _TRIGGERS.get(held[:3])) is not None:
            return 3, trigger
        if held.startswith(COMMAND_HEAD):
            return self._next_command()
        if any(opening.startswith(held) for opening in _OPENINGS):
            return 0, _MORE
        start = _STARTS.search(held, 1)
        size = start.start() if start else len(held)
        return size, Malformed(held[:size], "is neither a command nor a trigger")

    def _next_command(self) -> tuple[int, Command | Malformed]:
        held = self._held
        end = held.find(TAIL, len(COMMAND_HEAD))
        again = held.find(COMMAND_HEAD, 1, None if end < 0 else end)
        limit = MAX_COMMAND - len(TAIL)
        if 0 < again <= limit:
            return again, Malformed(held[:again], "is cut off by the next command")
        if end > limit or (end < 0 and len(held) >= MAX_COMMAND):
            return limit, Malformed(held[:limit], f"has no end within {MAX_COMMAND} bytes")
        if end < 0:
            return 0, _MORE
        raw = held[: end + len(TAIL)]
        return len(raw), _parse_command(raw)


class HostSide:
    """What the box sends, as the host understands it: answers and scans on one line, fed in any pieces."""

    def __init__(self, framing: ScanFraming) -> None:
        self._framer = ScanFramer(framing)
        self._held = b""

    @property
    def pending(self) -> bool:
        """Whether something has begun and not ended; then `idle` is due after the idle gap."""
        return bool(self._held) or self._framer.pending

    def feed(self, data: bytes) -> list[Scan | Answer | Malformed]:
        """Take bytes; returns the scans and answers that are now complete."""
        if not self._held and b"\x02" not in data:
            return [*self._framer.feed(data)]
        self._held += data
        found: list[Scan | Answer | Malformed] = []
        while self._held:
            start = self._held.find(ANSWER_HEAD)
            if start < 0:
                keep = _overlap(self._held, ANSWER_HEAD)
                before, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
                found += self._framer.feed(before)
                break
            if start > 0:
                found += self._framer.feed(self._held[:start])
                self._held = self._held[start:]
            found += self._framer.idle()
            size, answer = self._next_answer()
            if size == 0:
                break
            self._held = self._held[size:]
            found.append(answer)
        return found

    def idle(self) -> list[Scan | Answer | Malformed]:
        """The line has been silent for the idle gap: whatever has begun is over."""
        held, self._held = self._held, b""
        if held.startswith(ANSWER_HEAD):
            return [Malformed(held, "the answer has no end")]
        return [*self._framer.feed(held), *self._framer.idle()]

    def _next_answer(self) -> tuple[int, Answer | Malformed]:
        held = self._held
        end = _ANSWER_END.search(held)
        again = held.find(ANSWER_HEAD, 1, end.start() if end else None)
        limit = MAX_ANSWER - 3
        if 0 < again <= limit:
            return again, Malformed(held[:again], "is cut off by the next answer")
        if (end and end.start() > limit) or (end is None and len(held) >= MAX_ANSWER):
            return limit, Malformed(held[:limit], f"has no end within {MAX_ANSWER} bytes")
        if end is None:
            return 0, _MORE
        raw = held[: end.end()]
        return len(raw), _parse_answer(raw)


_TRIGGERS = {raw: LegacyTrigger(raw=raw, on=raw == LEGACY_START) for raw in (LEGACY_START, LEGACY_STOP)}
_MORE = Malformed(b"", "more bytes are due")


def _parse_command(raw: bytes) -> Command | Malformed:
    text = raw[len(COMMAND_HEAD) : -1].decode("latin-1")
    if text[0] not in set(Storage):
        return Malformed(raw, "says neither @ (permanent) nor # (temporary)")
    items: list[Item] = []
    group = ""
    for spelled, end in _ITEM.findall(text[1:]):
        whole = group + spelled
        tag, data = whole[:TAG_SIZE], whole[TAG_SIZE:]
        items.append(Item(tag=tag, data=data, spelled=spelled, end=end))
        group = whole[:3] if end == "," else ""
    return Command(raw=raw, storage=Storage(text[0]), items=tuple(items))


def _parse_answer(raw: bytes) -> Answer | Malformed:
    text = raw[len(ANSWER_HEAD) : -1].decode("latin-1")
    if text[0] not in set(Storage):
        return Malformed(raw, "says neither @ (permanent) nor # (temporary)")
    items: list[Answered] = []
    group = ""
    for told, status, end in _ANSWERED.findall(text[1:]):
        for part in told.split(";"):
            whole = group + part
            items.append(Answered(tag=whole[:TAG_SIZE], data=whole[TAG_SIZE:], status=Status(ord(status))))
            group = whole[:3] if end == "," else ""
    return Answer(raw=raw, storage=Storage(text[0]), items=tuple(items))


def _overlap(held: bytes, head: bytes) -> int:
    """How many bytes at the end of `held` could be the beginning of `head`."""
    for size in range(min(len(head) - 1, len(held)), 0, -1):
        if head.startswith(held[-size:]):
            return size
    return 0
