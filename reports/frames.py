"""One record of a tape as people read it: HTTP head and JSON, a counter line, the bytes of a line, or an event.

    shown = show(record)
    lit = filled(marked(shown, expected="medfee_sumamt 25.00", seen="medfee_sumamt 24.99"), 120)

Numbers stand as they were on the wire (`12.50` stays `12.50`), and members keep their order, also when one comes twice.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from harness.clock import BEIJING, NS
from harness.judge.counter_talk import COUNTER
from harness.judge.messages import parse_message
from harness.line.record import Direction, Kind, Record
from reports.step_words import visible

HEX_ROW = 16
HEX_LIMIT = 512
"""Bytes of a binary body that are shown."""
SEALED = "encData"
SEALED_DIGITS = 32
"""How much of a cipher text is shown beside what it holds."""
OPENED = "encData opened 解密后:"
"""Above what is sealed in a message, and is shown beside it."""
CALLBACK = "callback"
"""The line on which a centre tells of what was paid: bodies without their HTTP."""
TEXT_LIMIT = 20_000
"""Characters of a text body that are shown."""
WORD = re.compile(r"[A-Za-z0-9_.\-\[\]]+")
LEAST_VALUE = 3
"""A value shorter than this is highlighted only together with its name: `0` and `01` are everywhere."""
LEAST_EXPECTED = 6
"""A value that stands in what was expected alone is lit when it is this long, as a message id is."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of a shown record; `key`, `path` and `value` when it is a member of a JSON object.

    The path leads there from the top: `input.drugdetail[0].pric`.
    """

    text: str
    key: str = ""
    path: str = ""
    value: str = ""
    lit: bool = False
    """Whether a finding points at it."""
    alone: bool = False
    """Whether it shares its line with no other."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A record for reading: one line that says what it is, then its lines."""

    seq: int
    title: str
    lines: tuple[Line, ...]


class _Number(str):
    """A number as the wire spelt it."""

    __slots__ = ()


@dataclass(frozen=True)
class _Members:
    """The members of an object, in order."""

    pairs: list[tuple[str, "_Json"]]


_Json: TypeAlias = "_Members | list[_Json] | _Number | str | bool | None"


def show(record: Record, *, headers: bool = True, opened: str = "") -> Shown:
    """A record as text, JSON with one line a member; an HTTP message without `headers` keeps its start line.

    `opened` is what is sealed in it, where the reader may see that; it stands below, as it was written, and of the
    cipher text without `headers` the beginning.
    """
    shown = _shown(record, headers=headers)
    if not opened:
        return shown
    lines = (line if headers or line.key != SEALED else _cut(line) for line in shown.lines)
    return replace(shown, lines=(*lines, Line(text=""), Line(text=OPENED), *_text_or_hex(opened.encode())))


def same(record: Record, seq: int) -> Shown:
    """A record whose bytes stand on the tape before, as record `seq`."""
    return replace(_shown(record, headers=False), lines=(Line(text=f"= #{seq}, byte for byte 与 #{seq} 逐字节相同"),))


def _cut(line: Line) -> Line:
    left = len(line.value) - SEALED_DIGITS
    if left <= 0:
        return line
    brief = f"{line.value[:SEALED_DIGITS]}… ({left} more digits on the tape)"
    return replace(line, text=line.text.replace(line.value, brief))


def _shown(record: Record, *, headers: bool) -> Shown:
    device, _, line = record.channel.partition(".")
    if record.kind is Kind.EVENT:
        return Shown(seq=record.seq, title=f"{record.channel}: {record.name}", lines=tuple(_event(record.data)))
    arrow = {Direction.RECEIVED: "→", Direction.SENT: "←"}.get(record.direction, "·")
    if record.channel == COUNTER:
        way = "command to the adapter" if record.direction is Direction.SENT else "line of the adapter"
        return Shown(seq=record.seq, title=f"{COUNTER}: {way}", lines=tuple(_text_or_hex(record.data)))
    if device == COUNTER or line == CALLBACK:
        title = f"{record.channel}: {len(record.data)} bytes"
        if line == CALLBACK:
            title = f"{'from' if record.direction is Direction.SENT else 'to'} {device} on {record.channel}"
        return Shown(seq=record.seq, title=title, lines=tuple(_text_or_hex(record.data)))
    if line.startswith("http"):
        what = "request" if record.direction is Direction.RECEIVED else "reply"
        return Shown(seq=record.seq, title=f"{arrow} {record.channel}: {what}", lines=tuple(_http(record, headers)))
    title = f"{'from' if record.direction is Direction.SENT else 'to'} {device} on {record.channel}"
    return Shown(seq=record.seq, title=title, lines=(Line(text=visible(record.data)), *_hex(record.data)))


def filled(shown: Shown, room: int) -> Shown:
    """The same with neighbouring plain members on one line, as many as fit into `room` characters; lit ones apart."""
    lines: list[Line] = []
    for line in shown.lines:
        last = lines[-1] if lines else line
        joined = f"{last.text} {line.text.strip()}"
        if lines and _plain(last) and _plain(line) and _indent(last) == _indent(line) and len(joined) <= room:
            lines[-1] = Line(text=joined)
        else:
            lines.append(line)
    return replace(shown, lines=tuple(lines))


def marked(shown: Shown, *, expected: str, seen: str) -> Shown:
    """The same with the lines lit that the words of a finding point at."""
    lit = _offending(shown.lines, expected=expected, seen=seen)
    return replace(shown, lines=tuple(replace(line, lit=i in lit) for i, line in enumerate(shown.lines)))


def _plain(line: Line) -> bool:
    """Whether a line is a whole member or item of a JSON node that may share its line with others."""
    inner = line.text.strip()
    apart = line.lit or line.alone
    return line.text.startswith("  ") and not apart and inner[-1:] not in {"{", "["} and inner[:1] not in {"}", "]"}


def _indent(line: Line) -> int:
    return len(line.text) - len(line.text.lstrip())


def _offending(lines: Sequence[Line], *, expected: str, seen: str) -> set[int]:
    """The most telling kind of match wins, nothing is lit when nothing matches.

    In this order: a path in the finding, the node in which that path is missing, a name with its value, the name of a
    value, the name of a node, a value that was seen, a long one that was expected.
    """
    wanted, found = ({word.strip(".-") for word in WORD.findall(text)} for text in (expected, seen))
    words = wanted | found
    paths = [word for word in words if "." in word and not word[0].isdigit()]
    members = {i: line for i, line in enumerate(lines) if line.key}
    pathed = _ending(members, paths) or _ending(members, [path.rpartition(".")[0] for path in paths])
    named = {i for i, line in members.items() if line.key in words}
    valued = {i for i, line in members.items() if line.value and line.value in found}
    leaves = {i for i in named if lines[i].value}
    told = {i for i in valued if len(lines[i].value) >= LEAST_VALUE}
    asked = {i for i, line in members.items() if len(line.value) >= LEAST_EXPECTED and line.value in wanted}
    return pathed or named & valued or leaves or named or told or asked


def _ending(members: Mapping[int, Line], paths: Sequence[str]) -> set[int]:
    ends = tuple(f".{path}" for path in paths)
    return {i for i, line in members.items() if ends and f".{line.path}".endswith(ends)}


def _http(record: Record, headers: bool) -> Iterator[Line]:
    head, separator, _ = record.data.partition(b"\r\n\r\n")
    message = parse_message(record)
    if separator:
        start, *more = head.decode("latin-1").split("\r\n")
        yield from (Line(text=text) for text in (start, *(more if headers else ())))
        yield Line(text="")
    kind = message.headers.get("content-type", "").partition(";")[0]
    if kind.startswith(("image/", "application/octet-stream")):
        yield Line(text=f"({kind}, {len(message.body)} bytes)")
        return
    yield from _text_or_hex(message.body)


def _text_or_hex(data: bytes) -> Iterator[Line]:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        try:
            text = data.decode("gbk")
        except UnicodeDecodeError:
            yield from _hex(data)
            return
        yield Line(text="(not UTF-8; read as GBK:)")
    try:
        found: _Json = json.loads(
            text, object_pairs_hook=_Members, parse_float=_Number, parse_int=_Number, parse_constant=_Number
        )
    except (ValueError, RecursionError):
        yield from (Line(text=_printable(part)) for part in text[:TEXT_LIMIT].splitlines())
        if len(text) > TEXT_LIMIT:
            yield Line(text=f"({len(text) - TEXT_LIMIT} more characters)")
        return
    yield from _json(found)


def _event(data: bytes) -> Iterator[Line]:
    for line in _text_or_hex(data):
        if line.key == "event":
            continue
        if line.key.endswith("_ns") and line.value.isdigit():
            at = datetime.fromtimestamp(int(line.value) // NS, tz=BEIJING)
            comma = "," if line.text.endswith(",") else ""
            yield replace(line, text=f"{line.text.removesuffix(',')} ({at:%Y-%m-%d %H:%M:%S}){comma}")
        elif "\n" in line.value:
            first, *more = line.value.splitlines()
            yield replace(line, text=f'  "{line.key}": {_quoted(first)}', alone=True)
            yield from (Line(text=f"  {_printable(part)}", alone=True) for part in more)
        else:
            yield line


def _json(found: _Json, *, indent: str = "", key: str | None = None, path: str = "", comma: str = "") -> Iterator[Line]:
    name = "" if key is None else f"{_quoted(key)}: "
    known = key or ""
    match found:
        case _Members(pairs) if pairs:
            yield Line(text=f"{indent}{name}{{", key=known, path=path)
            for number, (inner, value) in enumerate(pairs, start=1):
                after = "," if number < len(pairs) else ""
                below = f"{path}.{inner}" if path else inner
                yield from _json(value, indent=indent + "  ", key=inner, path=below, comma=after)
            yield Line(text=f"{indent}}}{comma}")
        case list() if found:
            yield Line(text=f"{indent}{name}[", key=known, path=path)
            for number, item in enumerate(found):
                after = "," if number < len(found) - 1 else ""
                yield from _json(item, indent=indent + "  ", path=f"{path}[{number}]", comma=after)
            yield Line(text=f"{indent}]{comma}")
        case _Members() | list():
            nothing = "[]" if isinstance(found, list) else "{}"
            yield Line(text=f"{indent}{name}{nothing}{comma}", key=known, path=path)
        case _Number():
            yield Line(text=f"{indent}{name}{found}{comma}", key=known, path=path, value=str(found))
        case str():
            yield Line(text=f"{indent}{name}{_quoted(found)}{comma}", key=known, path=path, value=found)
        case _:
            word = json.dumps(found)
            yield Line(text=f"{indent}{name}{word}{comma}", key=known, path=path, value=word)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _printable(text: str) -> str:
    return "".join(visible(c.encode()) if ord(c) < 0x20 else c for c in text)


def _hex(data: bytes) -> Iterator[Line]:
    for start in range(0, min(len(data), HEX_LIMIT), HEX_ROW):
        row = data[start : start + HEX_ROW]
        text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)
        yield Line(text=f"{start:04x}  {row.hex(' '):<{HEX_ROW * 3}} {text}")
    if len(data) > HEX_LIMIT:
        yield Line(text=f"({len(data) - HEX_LIMIT} more bytes)")
