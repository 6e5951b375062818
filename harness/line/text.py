"""A tape for reading: one line a record, with its number, both times, its channel and readable data.

    12     0.004210  2020-10-14 08:30:00.000  platform.http#1  ←  POST /fsi/api/... HTTP/1.1 | {"infno":"9001",...}

`←` is what the recording party received, `→` what it sent, `·` an event. Bytes that do not print stand as <0D>, so a
line cannot play tricks on a terminal.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from harness.clock import BEIJING, NS
from harness.line.mask import Mask
from harness.line.record import Direction, JsonValue, Kind, Record

ARROWS = {Direction.RECEIVED: "←", Direction.SENT: "→", Direction.NONE: "·"}
SHORT = 240
"""Characters of a record's data that are shown when not all is asked for."""
_TOKENS = re.compile(r'(?P<text>"(?:[^"\\]|\\.)*")|\s+')
_ESCAPES = re.compile(r"\\u(?P<code>[0-9a-fA-F]{4})|\\.")
PICTURES = ("image/", "font/", "audio/", "video/")
STARTS = (b"HTTP/1.", b"GET ", b"POST ", b"PUT ", b"DELETE ", b"HEAD ", b"OPTIONS ", b"PATCH ")


@dataclass(frozen=True, kw_only=True)
class HttpMessage:
    """One HTTP message as it stands in a frame."""

    start: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    rest: bytes
    """What follows the head, as it was on the wire."""

    @property
    def kind(self) -> str:
        """The media type, without parameters; empty when it is not said."""
        said = (value for name, value in self.headers if name.lower() == b"content-type")
        return readable(next(said, b"").partition(b";")[0])

    @cached_property
    def body(self) -> bytes:
        """The body; its chunks are joined when it came in chunks."""
        chunked = any(name.lower() == b"transfer-encoding" and b"chunked" in value for name, value in self.headers)
        return _joined(self.rest) if chunked else self.rest


def http_message(data: bytes) -> HttpMessage | None:
    """The HTTP message of a frame; None when it is none."""
    head, blank, rest = data.partition(b"\r\n\r\n")
    if not blank or not head.startswith(STARTS):
        return None
    start, *lines = head.split(b"\r\n")
    pairs = (line.partition(b":") for line in lines)
    return HttpMessage(start=start, headers=tuple((name, value.strip()) for name, _, value in pairs), rest=rest)


def tape_lines(
    records: Iterable[Record], *, channel: str | None = None, full: bool = False, clear: bool = False
) -> Iterator[str]:
    """The lines of a tape. `channel` keeps what begins with it, `full` cuts nothing, `clear` masks nothing."""
    known = list(records)
    mask = None if clear else Mask(known)
    shown = [record for record in known if channel is None or record.channel.startswith(channel)]
    width = max((len(record.channel) for record in shown), default=0)
    for record in shown:
        text = printable(_content(record, mask, full=full))
        if not full and len(text) > SHORT:
            text = f"{text[:SHORT]}… (+{len(text) - SHORT})"
        name = printable(record.channel).ljust(width)
        yield f"{record.seq:>6} {_elapsed(record)}  {_bench_time(record)}  {name}  {ARROWS[record.direction]}  {text}"


def readable(data: bytes) -> str:
    """Bytes as text: UTF-8, else GBK and marked so, else byte by byte."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        pass
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        text = ""
    if text and all(character.isprintable() or character in "\r\n\t" for character in text):
        return f"[GBK] {text}"
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else f"<{byte:02X}>" for byte in data)


def printable(text: str) -> str:
    """The text with everything that does not print spelled as <0D>."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else f"<{ord(character):02X}>" for character in text)


def _content(record: Record, mask: Mask | None, *, full: bool) -> str:
    data = record.data if mask is None else mask.hide(record.data)
    if record.kind is Kind.EVENT:
        return _event(data)
    message = http_message(data)
    return readable(data) if message is None else _http(message, full=full)


def _http(message: HttpMessage, *, full: bool) -> str:
    parts = [readable(message.start)]
    if full:
        parts.append("; ".join(f"{readable(name)}: {readable(value)}" for name, value in message.headers))
    if message.kind.startswith(PICTURES):
        parts.append(f"{message.kind}, {len(message.body)} bytes")
    elif message.body:
        parts.append(_compact(readable(message.body)))
    return " | ".join(parts)


def _compact(text: str) -> str:
    """JSON without its blanks and with its escapes spelled out, all else as it was sent; what is no JSON as it is."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text
    return _TOKENS.sub(lambda match: _ESCAPES.sub(_spelled_out, match["text"]) if match["text"] else "", text)


def _spelled_out(match: re.Match[str]) -> str:
    character = chr(int(match["code"], 16)) if match["code"] else ""
    return character if character.isprintable() and not character.isascii() else match[0]


def _event(data: bytes) -> str:
    try:
        fields = json.loads(data)
    except (ValueError, RecursionError):
        return readable(data)
    if not isinstance(fields, dict):
        return readable(data)
    return " ".join([str(fields.pop("event", "")), *(f"{key}={_value(value)}" for key, value in fields.items())])


def _value(value: JsonValue) -> str:
    if isinstance(value, str) and value and not set(value) & set(' "='):
        return value
    if isinstance(value, Mapping) and not value:
        return "{}"
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _elapsed(record: Record) -> str:
    return f"{record.real_ns / NS:>12.6f}"


def _bench_time(record: Record) -> str:
    seconds, ns = divmod(record.at_ns, NS)
    moment = datetime.fromtimestamp(seconds, tz=UTC).astimezone(BEIJING) + timedelta(microseconds=ns // 1000)
    return moment.isoformat(sep=" ", timespec="milliseconds")[:23]


def _joined(rest: bytes) -> bytes:
    """The content of chunks; bytes that are no chunk stay as they are."""
    body = bytearray()
    while rest:
        size, newline, after = rest.partition(b"\r\n")
        try:
            count = int(size.split(b";")[0], 16)
        except ValueError:
            return bytes(body) + rest
        if not newline or count < 0 or after[count : count + 2] not in {b"\r\n", b""}:
            return bytes(body) + rest
        body += after[:count]
        if count == 0:
            return bytes(body)
        rest = after[count + 2 :]
    return bytes(body)
