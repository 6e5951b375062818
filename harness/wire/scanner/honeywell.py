"""The Honeywell menu dialect, both sides, without I/O; Mindeo boxes frame alike, with numbers for tags.

Host to box: `16 4D 0D`, then `Tag(3) SubTag(3) {data}` items parted by `;`, or by `,` when the tag stays the same,
closed by `!` (until power-off) or `.` (for good; flash wears). A question has `?` (current), `^` (default) or `*`
(range) as its data; asked about three letters it lists all sub-tags. The answer is the same text without the head, with
a status byte before each punctuation mark: `06` done, `05` no such tag, `15` value refused. Letters may be small.
`16 54 0D` pulls the trigger, `16 55 0D` lets it go, `16 07 0D` beeps.

Mindeo: the tag is four digits, the value `D` and two digits, and the published answer ends with its status byte.

A menu answer has no beginning of its own, so the host must say what it awaits (`HostSide.expect`). With DECHDR on, a
scan is a packet: `16 FE`, length, `0D`, `MSGGET`, four digits of length, id letter, AIM letter and modifier, `1D`,
data, `0D`. Assumed: the binary length counts all that follows its `0D`; the reader goes by the four digits alone.
"""

import re
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum

from harness.wire.scanner.framing import Malformed, Scan, ScanFraming
from harness.wire.scanner.mixed import NEED_MORE, NO_MESSAGE, Message, MixedLine

MENU = b"\x16M\r"
TRIGGER = b"\x16T\r"
UNTRIGGER = b"\x16U\r"
BEEP = b"\x16\x07\r"
HEADER = b"\x16\xfe"
HEADER_SIZE = 21
ACK, NAK = b"\x06", b"\x15"
"""What a host answers to a scan when the box is set to await it."""
NO_READ = b"NR"
"""The data of a session without a read, where that is switched on."""
MAX_COMMAND = 512
MAX_ANSWER = 8192
SILENCE_S = 5.0
"""A command whose next byte takes longer is given up (assumed)."""
HID_OUTPUT = 0xFD
REVISION = "REVINF"
REVISION_HEAD = b"PRODUCT NAME:"

_ITEM = re.compile(r"([^,;!.]*)([,;!.])")
_ANSWERED = re.compile(r"([^\x05\x06\x15]*)([\x05\x06\x15])([,;!.]?)", re.DOTALL)
_STOP = re.compile(rb"[\x05\x06\x15\r\n]")
_STATUS = b"\x05\x06\x15"


class Status(Enum):
    """What the box says to an item of a command."""

    DONE = 0x06
    NO_SUCH_TAG = 0x05
    REFUSED = 0x15


class Query(StrEnum):
    """What may be asked about a setting."""

    CURRENT = "?"
    FACTORY = "^"
    RANGE = "*"


class Storage(StrEnum):
    """Whether a setting survives a power-off."""

    TEMPORARY = "!"
    PERMANENT = "."


class Action(Enum):
    """The commands of three bytes."""

    TRIGGER = TRIGGER
    UNTRIGGER = UNTRIGGER
    BEEP = BEEP


@dataclass(frozen=True, kw_only=True)
class Item:
    """One setting or question: `spelled` as it stood on the wire, `end` the punctuation after it."""

    tag: str
    data: str = ""
    spelled: str = ""
    end: str = "."

    @property
    def query(self) -> Query | None:
        """The question, if it is one."""
        return Query(self.data) if self.data in set(Query) else None


@dataclass(frozen=True, kw_only=True)
class Command:
    """A menu command."""

    raw: bytes
    storage: Storage
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Acknowledged:
    """The host's single byte for a scan: it has it, or wants it again."""

    ok: bool


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the box did with an item: `told` is the text of each part of the answer, the item's own if None."""

    status: Status
    told: str | None = None


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One item of an answer."""

    tag: str
    data: str
    status: Status


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The box's answer to a menu command; `text` is what it said before, for a question such as REVINF."""

    raw: bytes
    items: tuple[Answered, ...]
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class Headed(Scan):
    """A scan that came with a header: its one-letter id and its AIM id."""

    letter: str
    aim: str


def encode_menu(items: Iterable[tuple[str, str]], *, storage: Storage = Storage.TEMPORARY) -> bytes:
    """A menu command of `(tag, data)` items. Raises ValueError for what cannot be spelled, or is too long."""
    told = []
    for tag, data in items:
        if not re.fullmatch(r"[0-9A-Za-z]{3}|[0-9A-Za-z]{4}|[0-9A-Za-z]{6}", tag) or not (tag + data).isascii():
            raise ValueError(f"{tag!r} cannot stand in a command: a tag has six letters, three to ask, or four digits")
        if re.search(r"[,;!.\x00-\x1f]", data):
            raise ValueError(f"{data!r} cannot stand in a command: it holds punctuation or control characters")
        told.append(tag + data)
    if not told:
        raise ValueError("a command has at least one item")
    raw = MENU + ";".join(told).encode() + storage.encode()
    if len(raw) > MAX_COMMAND:
        raise ValueError(f"the command has {len(raw)} bytes, more than {MAX_COMMAND}")
    return raw


def encode_answer(command: Command, outcomes: Sequence[Outcome], *, closed: bool = True) -> bytes:
    """The answer, one outcome an item; without its last punctuation mark if not `closed`, as Mindeo boxes have it."""
    parts = []
    for item, outcome in zip(command.items, outcomes, strict=True):
        told = item.spelled if outcome.told is None else outcome.told
        end = item.end if closed or item is not command.items[-1] else ""
        parts.append(told.encode("latin-1") + bytes([outcome.status.value]) + end.encode())
    return b"".join(parts)


def encode_headed(letter: bytes, aim: bytes, data: bytes) -> bytes:
    """A scan with its header. Raises ValueError for more than 9999 bytes of data."""
    if len(data) > 9999:
        raise ValueError(f"a headed scan has at most 9999 bytes, not {len(data)}")
    rest = b"MSGGET" + b"%04d" % len(data) + letter + aim[1:3] + b"\x1d" + data + b"\r"
    return HEADER + len(rest).to_bytes(4, "little") + b"\r" + rest


def hid_output(command: bytes) -> bytes:
    """A command as the output report of a USB HID box: report id FD, length, command.

    Raises ValueError when the report would be longer than 64 bytes.
    """
    if len(command) > 62:
        raise ValueError(f"a report holds at most 62 bytes of a command, not {len(command)}")
    return bytes([HID_OUTPUT, len(command)]) + command


def command_of_hid_output(report: bytes) -> bytes | None:
    """The command of an output report, zeros behind it left out; None for a report of another kind."""
    if len(report) < 2 or report[0] != HID_OUTPUT:
        return None
    return report[2 : 2 + report[1]]


class BoxSide:
    """What the host sends, as the box understands it; fed in any pieces."""

    def __init__(self) -> None:
        self._held = b""

    @property
    def pending(self) -> bool:
        """Whether a command has begun; `idle` is due after SILENCE_S without a byte."""
        return bool(self._held)

    def feed(self, data: bytes) -> list[Command | Action | Acknowledged | Malformed]:
        """Take bytes; returns the commands that are now complete, and what was none."""
        self._held += data
        found: list[Command | Action | Acknowledged | Malformed] = []
        while self._held:
            size, event = self._next()
            if size == 0:
                break
            self._held = self._held[size:]
            found.append(event)
        return found

    def idle(self) -> list[Command | Action | Acknowledged | Malformed]:
        """The line has been silent: a command that has begun is given up."""
        held, self._held = self._held, b""
        return [Malformed(held, "is a command cut short")] if held else []

    def _next(self) -> tuple[int, Command | Action | Acknowledged | Malformed]:
        """The first event held and its size; size 0 when more bytes are due."""
        held = self._held
        if held[:1] in {ACK, NAK}:
            return 1, Acknowledged(held[:1] == ACK)
        if held[:3] in _ACTIONS:
            return 3, _ACTIONS[held[:3]]
        if held.startswith(MENU):
            return _next_menu(held)
        if any(opening.startswith(held) for opening in _OPENINGS):
            return 0, _MORE
        start = _STARTS.search(held, 1)
        size = start.start() if start else len(held)
        return size, Malformed(held[:size], "is no command")


_ACTIONS = {action.value: action for action in Action}
_OPENINGS = (MENU, *_ACTIONS)
_STARTS = re.compile(rb"[\x16\x06\x15]")
_MENU_STOP = re.compile(rb"[!.\x16]")
_MORE = Malformed(b"", "more bytes are due")


def _next_menu(held: bytes) -> tuple[int, Command | Malformed]:
    stop = _MENU_STOP.search(held, len(MENU), MAX_COMMAND)
    if stop is None:
        if len(held) < MAX_COMMAND:
            return 0, _MORE
        return MAX_COMMAND, Malformed(held[:MAX_COMMAND], f"has no end within {MAX_COMMAND} bytes")
    if stop.group() == MENU[:1]:
        return stop.start(), Malformed(held[: stop.start()], "is cut off by the next command")
    raw = held[: stop.end()]
    text = raw[len(MENU) :].decode("latin-1")
    items = tuple(
        Item(tag=tag, data=data, spelled=spelled, end=end)
        for tag, data, spelled, end in _items((spelled, end) for spelled, end in _ITEM.findall(text))
    )
    return len(raw), Command(raw=raw, storage=Storage(text[-1]), items=items)


def _items(parts: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str, str, str]]:
    """Tag, data, spelling and punctuation of each item; a sub-tag after a comma has the tag of the item before."""
    group = ""
    for spelled, end in parts:
        whole = group + spelled
        size = 4 if whole[:4].isdigit() else 6
        if whole[-1:] in set(Query) and len(whole) <= size:
            size = len(whole) - 1
        yield whole[:size].upper(), whole[size:], spelled, end
        group = whole[:3] if end == "," else ""


class HostSide:
    """What the box sends, as the host understands it: awaited answers and scans on one line, fed in any pieces.

    `closed` is False for boxes whose answers end with their status byte (Mindeo).
    """

    def __init__(self, framing: ScanFraming, *, closed: bool = True) -> None:
        self._line = MixedLine(framing, self._message_at, markers=(HEADER[:1],))
        self._closed = closed
        self._awaited: deque[tuple[bytes, int]] = deque()

    @property
    def pending(self) -> bool:
        """Whether something has begun and not ended; then `idle` is due after the idle gap."""
        return self._line.pending

    def expect(self, command: bytes) -> None:
        """A menu command has been sent, and its answer is awaited. Raises ValueError for what is no menu command."""
        events = BoxSide().feed(command)
        if len(events) != 1 or not isinstance(events[0], Command):
            raise ValueError(f"{command!r} is not one menu command")
        items = events[0].items
        self._awaited.append((items[0].tag.encode("latin-1"), len(items)))
        self._line.careful = True

    def forget(self) -> None:
        """No answer is awaited any more: it did not come in time."""
        self._awaited.clear()
        self._line.careful = False

    def feed(self, data: bytes) -> list[Scan | Headed | Answer | Malformed]:
        """Take bytes; returns the scans and answers that are now complete."""
        return [self._told(found) for found in self._line.feed(data)]

    def idle(self) -> list[Scan | Headed | Answer | Malformed]:
        """The line has been silent for the idle gap: whatever has begun is over."""
        return [self._told(found) for found in self._line.idle()]

    def _told(self, found: Scan | Message | Malformed) -> Scan | Headed | Answer | Malformed:
        if not isinstance(found, Message):
            return found
        raw = found.raw
        if raw.startswith(HEADER):
            aim = "]" + raw[18:20].decode("latin-1")
            return Headed(raw, raw[HEADER_SIZE:-1], letter=raw[17:18].decode("latin-1"), aim=aim)
        return _parse_answer(raw)

    def _message_at(self, held: bytes, at: int) -> int:
        if HEADER.startswith(held[at : at + 2]):
            return _headed_at(held, at)
        if not self._awaited:
            return NO_MESSAGE
        size = self._answer_at(held, at)
        if size > 0:
            self._awaited.popleft()
            self._line.careful = bool(self._awaited)
        return size

    def _answer_at(self, held: bytes, at: int) -> int:
        name, count = self._awaited[0]
        head = held[at : at + len(REVISION_HEAD)].upper()
        if name == REVISION.encode() and REVISION_HEAD.startswith(head):
            return _revision_at(held, at)
        head = head[: len(name)]
        if not name.startswith(head):
            return NO_MESSAGE
        for statuses, stop in enumerate(_STOP.finditer(held, at, at + MAX_ANSWER), start=1):
            if stop.group() not in _STATUS:
                return NO_MESSAGE
            after = held[stop.end() : stop.end() + 1]
            if not self._closed and statuses == count:
                return stop.end() - at
            if after in {b".", b"!"}:
                return stop.end() + 1 - at
            if after not in {b"", b",", b";"}:
                return NO_MESSAGE
        return NEED_MORE if len(held) - at < MAX_ANSWER else NO_MESSAGE


def _headed_at(held: bytes, at: int) -> int:
    head = held[at : at + HEADER_SIZE]
    for begin, fixed in ((0, HEADER), (6, b"\r"), (7, b"MSGGET"), (20, b"\x1d")):
        if not fixed.startswith(head[begin : begin + len(fixed)]):
            return NO_MESSAGE
    digits = head[13:17]
    if digits and not digits.isdigit():
        return NO_MESSAGE
    if len(head) < HEADER_SIZE:
        return NEED_MORE
    size = HEADER_SIZE + int(digits) + 1
    if len(held) - at < size:
        return NEED_MORE
    return size if held[at + size - 1 : at + size] == b"\r" else NO_MESSAGE


def _revision_at(held: bytes, at: int) -> int:
    end = re.compile(rb"REVINF[\x05\x06\x15][.!]", re.IGNORECASE).search(held, at, at + MAX_ANSWER)
    if end is not None:
        return end.end() - at
    return NEED_MORE if len(held) - at < MAX_ANSWER else NO_MESSAGE


def _parse_answer(raw: bytes) -> Answer:
    told = raw.decode("latin-1")
    text = ""
    if told.upper().startswith(REVISION_HEAD.decode()):
        at = told.upper().rindex(REVISION)
        text, told = told[:at], told[at:]
    parts = _ANSWERED.findall(told)
    items = _items((spelled, end) for spelled, _, end in parts)
    return Answer(
        raw=raw,
        text=text,
        items=tuple(
            Answered(tag=tag, data=data, status=Status(ord(status)))
            for (tag, data, _, _), (_, status, _) in zip(items, parts, strict=True)
        ),
    )
