"""The lines of the counter port: commands encoded, an adapter's lines read and checked; no I/O.

The rules are those of `fixtures/counter-port.schema.json`; a line that breaks one is a PeerViolation that names the
field, the likely cause and what to try. Members that the schema does not name are let through.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias, TypeVar

from harness.counter.port import (
    Ability,
    AdapterClock,
    Amounts,
    BooksEntry,
    BookState,
    Hello,
    Outcome,
    OutcomeKind,
    Ready,
    Reason,
    Totals,
)
from harness.errors import PeerViolation
from harness.line.record import JsonValue
from harness.money import Fen, parse_yuan

VERSION = 1
"""The version of the port's protocol, `liantiao` in the first line."""
LINE_LIMIT = 1 << 20
"""The longest line that is read, in bytes."""
SHOWN = 200
"""How much of a bad line a message shows, in characters."""
DOCUMENT = "docs/counter-port.md"

E = TypeVar("E", bound=StrEnum)
RawJson: TypeAlias = "bool | int | float | str | Sequence[RawJson] | Mapping[str, RawJson] | None"


@dataclass(frozen=True, kw_only=True)
class ScanPlease:
    """The scanner's port is open and empty: the code may be shown."""

    id: int


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


FromAdapter: TypeAlias = Ready | ScanPlease | Journalled | Answer | NotUnderstood


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
            },
        }
    )


def encode_command(number: int, do: str, *, at: str, **members: JsonValue) -> bytes:
    """A command of the cashier."""
    return _line({"id": number, "do": do, "at": at, **members})


def parse_line(line: bytes) -> FromAdapter:
    """What an adapter's line says. Raises PeerViolation when it is not of the protocol."""
    raw = _json_object(line)
    fields = _Fields(raw, line)
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
            case other:
                raise fields.broken("event", f"{other!r} is none", "events are scan-please and journal")
    if "outcome" in raw:
        return Answer(id=number, kind=fields.one_of("outcome", OutcomeKind), raw=raw, line=line)
    raise fields.broken("outcome", "is missing, and so are event and error", "every line has exactly one of them")


def sale_of(answer: Answer) -> Outcome:
    """The outcome of a purchase or refund. Raises PeerViolation."""
    if answer.kind is not OutcomeKind.ACCEPTED:
        return _not_accepted(answer)
    fields = _Fields(answer.raw, answer.line)
    return Outcome(
        kind=answer.kind,
        order=fields.text("order"),
        setl_id=fields.text("setl_id"),
        mdtrt_id=fields.text("mdtrt_id"),
        psn_no=fields.text("psn_no"),
        msgid=fields.text("msgid"),
        amounts=_amounts(fields.inner("amounts")),
    )


def plain_outcome_of(answer: Answer) -> Outcome:
    """The outcome of a command that has no amounts: sign-in, resolve. Raises PeerViolation."""
    return Outcome(kind=answer.kind) if answer.kind is OutcomeKind.ACCEPTED else _not_accepted(answer)


def totals_of(answer: Answer) -> Totals:
    """The totals of a day. Raises PeerViolation, also when the adapter refused to tell."""
    fields = _accepted(answer, "totals")
    return Totals(count=fields.whole("count"), amounts=_amounts(fields))


def books_of(answer: Answer) -> tuple[BooksEntry, ...]:
    """The adapter's books. Raises PeerViolation, also when the adapter refused to tell."""
    return tuple(
        BooksEntry(
            order=entry.text("order"),
            setl_id=entry.text_or_null("setl_id"),
            msgid=entry.text("msgid"),
            infno=entry.text("infno"),
            state=entry.one_of("state", BookState),
            amounts=_amounts(entry),
        )
        for entry in _accepted(answer, "books").objects("entries")
    )


def rubbish(line: bytes, what: str) -> PeerViolation:
    """The error for a line that is not of the protocol at all."""
    return PeerViolation(
        f"The adapter wrote a line that {what}: {shown(line)}",
        cause="a log or debug text goes to standard output, or the line is in another encoding",
        remedy=f"write one JSON object a line to standard output and all else to standard error; see {DOCUMENT}",
    )


def shown(line: bytes) -> str:
    """A line as messages show it: cut, and without control characters."""
    text = line[: SHOWN * 4].decode("utf-8", errors="backslashreplace").rstrip("\r\n")
    return repr(text[:SHOWN]) + (" ..." if len(text) > SHOWN or len(line) > SHOWN * 4 else "")


class _Fields:
    """A JSON object of a line, read field by field; errors name the field by its path."""

    def __init__(self, raw: Mapping[str, RawJson], line: bytes, path: str = "") -> None:
        self._raw = raw
        self._line = line
        self._path = path

    def broken(self, name: str, what: str, remedy: str) -> PeerViolation:
        return PeerViolation(
            f"The adapter's field `{self._path}{name}` {what}, in {shown(self._line)}",
            cause="the adapter and the counter port's schema differ",
            remedy=f"{remedy}; see {DOCUMENT}",
        )

    def optional_text(self, name: str) -> str | None:
        return self.text(name) if name in self._raw else None

    def text_or_null(self, name: str) -> str | None:
        return None if self._raw.get(name) is None else self.text(name)

    def text(self, name: str) -> str:
        value = self._present(name)
        if not isinstance(value, str) or not value:
            raise self.broken(name, f"is {value!r}", "it must be a text that is not empty")
        return value

    def whole(self, name: str) -> int:
        value = self._present(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.broken(name, f"is {value!r}", "it must be a whole number")
        return value

    def whole_or_null(self, name: str) -> int | None:
        return None if self._present(name) is None else self.whole(name)

    def amount(self, name: str) -> Fen:
        text = self.text(name)
        try:
            return parse_yuan(text)
        except ValueError as error:
            raise self.broken(name, f"is {text!r}", 'amounts are texts of yuan such as "12.50"') from error

    def one_of(self, name: str, choices: type[E]) -> E:
        value = self._present(name)
        offered = [choice.value for choice in choices]
        if value not in offered:
            raise self.broken(name, f"is {value!r}", f"it must be one of {', '.join(offered)}")
        return choices(value)

    def inner(self, name: str) -> "_Fields":
        value = self._present(name)
        if not isinstance(value, Mapping):
            raise self.broken(name, f"is {value!r}", "it must be an object")
        return _Fields(value, self._line, f"{self._path}{name}.")

    def objects(self, name: str) -> "list[_Fields]":
        return [
            _Fields({"": value} if not isinstance(value, Mapping) else value, self._line, f"{self._path}{name}[{at}].")
            for at, value in enumerate(self._list(name))
        ]

    def choices(self, name: str, choices: type[E]) -> frozenset[E]:
        return frozenset(
            _Fields({str(at): value}, self._line, f"{self._path}{name}.").one_of(str(at), choices)
            for at, value in enumerate(self._list(name))
        )

    def _list(self, name: str) -> Sequence[RawJson]:
        value = self._present(name)
        if not isinstance(value, list):
            raise self.broken(name, f"is {value!r}", "it must be a list")
        return value

    def _present(self, name: str) -> RawJson:
        if name not in self._raw:
            raise self.broken(name, "is missing", "add it")
        return self._raw[name]


def _ready(fields: _Fields) -> Ready:
    return Ready(
        adapter=fields.text("adapter"),
        version=fields.text("version"),
        clock=fields.one_of("clock", AdapterClock),
        can=fields.choices("can", Ability),
    )


def _amounts(fields: _Fields) -> Amounts:
    return Amounts(
        total=fields.amount("total"),
        fund=fields.amount("fund"),
        account=fields.amount("account"),
        cash=fields.amount("cash"),
    )


def _not_accepted(answer: Answer) -> Outcome:
    fields = _Fields(answer.raw, answer.line)
    order, msgid, code = (fields.optional_text(name) for name in ("order", "msgid", "code"))
    prompt = fields.text("prompt")
    if answer.kind is OutcomeKind.UNKNOWN:
        return Outcome(kind=answer.kind, order=order, msgid=fields.text("msgid"), prompt=prompt, code=code)
    reason = fields.one_of("reason", Reason)
    return Outcome(kind=answer.kind, order=order, msgid=msgid, reason=reason, prompt=prompt, code=code)


def _accepted(answer: Answer, command: str) -> _Fields:
    fields = _Fields(answer.raw, answer.line)
    if answer.kind is not OutcomeKind.ACCEPTED:
        raise fields.broken("outcome", f"is {answer.kind.value!r}", f"{command} reads the own books and always works")
    return fields


def _json_object(line: bytes) -> Mapping[str, RawJson]:
    try:
        raw = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise rubbish(line, "is not UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise rubbish(line, "is no JSON") from error
    if not isinstance(raw, dict):
        raise rubbish(line, "is JSON but no object")
    return raw


def _line(members: Mapping[str, object]) -> bytes:
    return json.dumps(members, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode() + b"\n"
