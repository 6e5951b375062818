"""The lines of the counter port: commands encoded, an adapter's lines read and checked; no I/O.

The rules are those of `fixtures/counter-port.schema.json`; a line that breaks one is a PeerViolation that names the
field, the likely cause and what to try. Members that the schema does not name are let through.
"""

import codecs
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from harness.counter.greeting import Ability, AdapterClock, Hello, Ready
from harness.counter.hospital import Asked
from harness.counter.line_fields import SHOWN, LineFields, RawJson, as_gbk, rubbish
from harness.counter.outcome import OutcomeKind
from harness.line.record import JsonValue

VERSION = 1
"""The version of the port's protocol, `liantiao` in the first line."""
LINE_LIMIT = 1 << 20
"""The longest line that is read, in bytes."""


@dataclass(frozen=True, kw_only=True)
class ScanPlease:
    """The scanner's port is open and empty: the code may be shown."""

    id: int


@dataclass(frozen=True, kw_only=True)
class PresentPlease:
    """Something other than a code is asked for: a card, a face, the card's password."""

    id: int
    what: Asked


@dataclass(frozen=True, kw_only=True)
class Released:
    """Goods or a slip are given out without a cashier."""

    id: int
    order: str
    what: str


@dataclass(frozen=True, kw_only=True)
class Journalled:
    """A msgid is durable in the adapter's journal and about to be sent."""

    id: int
    msgid: str
    infno: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The end of a command; what its members must be depends on the command."""

    id: int
    kind: OutcomeKind
    raw: Mapping[str, RawJson]
    line: bytes


@dataclass(frozen=True, kw_only=True)
class NotUnderstood:
    """The adapter could not make sense of a command; `id` is None when not even that could be read."""

    id: int | None
    text: str


FromAdapter: TypeAlias = Ready | ScanPlease | PresentPlease | Released | Journalled | Answer | NotUnderstood
PRESENTED = tuple(asked for asked in Asked if asked is not Asked.SCAN)
"""What `present-please` may ask for."""
EVENTS = ("scan-please", "present-please", "released", "journal")
RELEASED = ("goods", "slip", "proof")
"""What may be released."""


def encode_hello(hello: Hello, *, now: str) -> bytes:
    """The first line to an adapter; `now` is the cashier's time, yyyy-MM-dd HH:mm:ss."""
    return _line(
        {
            "liantiao": VERSION,
            "hello": {
                "institution": hello.institution,
                "operator": hello.operator,
                "endpoints": hello.endpoints,
                "profile": hello.profile,
                "timeouts": {"connect_s": hello.connect_s, "reply_s": hello.reply_s},
                "scan": hello.scan,
                "state_dir": str(hello.state_dir),
                "seed": hello.seed,
                "now": now,
                **({"kind": hello.kind} if hello.kind else {}),
                **({"libraries": hello.libraries} if hello.libraries else {}),
                **({"tls": hello.tls} if hello.tls else {}),
                **({"till": hello.till} if hello.till else {}),
            },
        }
    )


def encode_command(number: int, do: str, *, at: str, **members: JsonValue) -> bytes:
    """A command of the cashier."""
    return _line({"id": number, "do": do, "at": at, **members})


def parse_line(line: bytes) -> FromAdapter:
    """What an adapter's line says. Raises PeerViolation when it is not of the protocol."""
    raw = _json_object(line)
    fields = LineFields(raw, line)
    if "ready" in raw:
        return _ready(fields.inner("ready"))
    if "error" in raw:
        return NotUnderstood(id=fields.whole_or_null("id"), text=fields.text("error"))
    number = fields.whole("id")
    if "event" in raw:
        match fields.text("event"):
            case "scan-please":
                return ScanPlease(id=number)
            case "journal":
                return Journalled(id=number, msgid=fields.text("msgid"), infno=fields.text("infno"))
            case "present-please":
                return PresentPlease(id=number, what=fields.one_of("what", Asked, PRESENTED))
            case "released":
                return Released(
                    id=number, order=fields.optional_text("order") or "", what=fields.word("what", RELEASED)
                )
            case other:
                raise fields.broken("event", f"{other!r} is none", f"events are {', '.join(EVENTS)}")
    if "outcome" in raw:
        return Answer(id=number, kind=fields.one_of("outcome", OutcomeKind), raw=raw, line=line)
    raise fields.broken("outcome", "is missing, and so are event and error", "every line has exactly one of them")


def _ready(fields: LineFields) -> Ready:
    return Ready(
        adapter=fields.text("adapter"),
        version=fields.text("version"),
        clock=fields.one_of("clock", AdapterClock),
        can=fields.choices("can", Ability),
        bits=fields.width("bits"),
    )


def _json_object(line: bytes) -> Mapping[str, RawJson]:
    try:
        raw = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise rubbish(line, "is not UTF-8", cause=_other_charset(line)) from error
    except (ValueError, RecursionError) as error:
        marked = line.startswith(codecs.BOM_UTF8)
        cause = "it begins with a byte order mark (BOM), as .NET writes unless told not to" if marked else ""
        raise rubbish(line, "is no JSON", cause=cause) from error
    if not isinstance(raw, dict):
        raise rubbish(line, "is JSON but no object")
    return raw


def _other_charset(line: bytes) -> str:
    if (line[:2], line[3:4]) == (codecs.BOM_UTF16_LE, b"\0") or line[:3] == codecs.BOM_UTF16_BE + b"\0":
        return "it is UTF-16, as PowerShell writes to a pipe"
    gbk = as_gbk(line)
    return "the runtime's default charset is another one" + (f"; read as GBK it says: {gbk[:SHOWN]}" if gbk else "")


def _line(members: Mapping[str, object]) -> bytes:
    return json.dumps(members, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode() + b"\n"
