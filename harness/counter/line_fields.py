"""A JSON object of a line of the counter port, read field by field; what breaks the schema is named by its path."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeAlias, TypeVar

from harness.errors import PeerViolation
from harness.money import Fen, parse_yuan

SHOWN = 200
"""How much of a bad line a message shows, in characters."""
DOCUMENT = "docs/counter-port.md"
WIDTHS = (32, 64)

E = TypeVar("E", bound=StrEnum)
RawJson: TypeAlias = "bool | int | float | str | Sequence[RawJson] | Mapping[str, RawJson] | None"


class LineFields:
    """A JSON object of a line, read field by field; errors name the field by its path."""

    def __init__(self, raw: Mapping[str, RawJson], line: bytes, path: str = "") -> None:
        self._raw = raw
        self._line = line
        self._path = path

    @property
    def raw(self) -> Mapping[str, RawJson]:
        return self._raw

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

    def one_of(self, name: str, choices: type[E], offered: Sequence[E] = ()) -> E:
        return choices(self.word(name, [choice.value for choice in offered or choices]))

    def word(self, name: str, offered: Sequence[str]) -> str:
        value = self._present(name)
        if value not in offered:
            raise self.broken(name, f"is {value!r}", f"it must be one of {', '.join(offered)}")
        return str(value)

    def width(self, name: str) -> int:
        value = self.whole(name) if name in self._raw else WIDTHS[-1]
        if value not in WIDTHS:
            raise self.broken(name, f"is {value!r}", "it must be 32 or 64")
        return value

    def inner(self, name: str) -> "LineFields":
        value = self._present(name)
        if not isinstance(value, Mapping):
            raise self.broken(name, f"is {value!r}", "it must be an object")
        return LineFields(value, self._line, f"{self._path}{name}.")

    def objects(self, name: str) -> "list[LineFields]":
        return [
            LineFields(
                {"": value} if not isinstance(value, Mapping) else value, self._line, f"{self._path}{name}[{at}]."
            )
            for at, value in enumerate(self._list(name))
        ]

    def choices(self, name: str, choices: type[E]) -> frozenset[E]:
        return frozenset(
            LineFields({str(at): value}, self._line, f"{self._path}{name}.").one_of(str(at), choices)
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


def rubbish(line: bytes, what: str, *, cause: str = "") -> PeerViolation:
    """The error for a line that is not of the protocol at all."""
    return PeerViolation(
        f"The adapter wrote a line that {what}: {shown(line)}",
        cause=cause or "a log, a banner or a debug text goes to standard output",
        remedy=f"write one JSON object a line to standard output and all else to standard error; see {DOCUMENT}",
    )


def shown(line: bytes) -> str:
    """A line as messages show it: between quotes, cut, and what cannot be read as escapes."""
    text = escaped(line[: SHOWN * 4].rstrip(b"\r\n"))
    return f"'{text[:SHOWN]}'" + (" …" if len(text) > SHOWN or len(line) > SHOWN * 4 else "")


def escaped(data: bytes, *, keep: str = "") -> str:
    r"""Bytes as text; control characters but those to `keep`, and what is no UTF-8, as one `\x00` a byte."""
    text = data.decode("utf-8", errors="surrogateescape")
    return "".join(char if char.isprintable() or char in keep else _bytewise(char) for char in text)


def as_gbk(line: bytes) -> str:
    """What a line says if it is GBK where UTF-8 is due; empty when it is not that either."""
    try:
        text = line.rstrip(b"\r\n").decode("gbk")
    except UnicodeDecodeError:
        return ""
    return text if text.isprintable() else ""


def _bytewise(char: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", errors="surrogateescape"))
