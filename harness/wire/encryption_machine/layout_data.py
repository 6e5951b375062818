"""Layouts of host commands from the tables of a profile; every mistake is a ConfigError that says where it is."""

from collections.abc import Callable, Mapping
from typing import NoReturn

from harness.errors import ConfigError
from harness.wire.encryption_machine.host_compiled import Compiled
from harness.wire.encryption_machine.host_fields import Bytes, Constant, Der, Digits, Field, Hex, Number, Point, Text
from harness.wire.encryption_machine.host_layout import (
    EXTERNAL_FORMS,
    Key,
    Layout,
    Optional,
    Repeat,
    When,
    all_fields,
    names,
)
from harness.wire.encryption_machine.host_messages import EXTERNAL_INDEX
from harness.wire.encryption_machine.reasons import Reason
from harness.wire.fields import is_object

_COMMON = frozenset({"kind", "name", "reason", "error", "note"})


def parse_layout(rows: object, *, limits: Mapping[str, int], where: str) -> Layout:
    """The fields of `rows`; `limits` are the numbers that a `minimum` or `maximum` may name."""
    if not isinstance(rows, list):
        _wrong(where, "a layout is a list of fields")
    layout = Compiled(_Row(row, limits, f"{where}, field {at}").field() for at, row in enumerate(rows, 1))
    for at, part in enumerate(layout):
        if isinstance(part, When) and part.name not in {p.name for p in layout[:at] if isinstance(p, Number)}:
            _wrong(where, f"{part.name!r}, on which a part hangs, is no number that is read before it")
    found = [part.name for part in all_fields(layout)]
    if doubled := {name for name in found if found.count(name) > 1}:
        _wrong(where, f"the name {sorted(doubled)[0]!r} stands twice")
    return layout


def _wrong(where: str, problem: str) -> NoReturn:
    raise ConfigError(
        f"{where}: {problem}.",
        cause="a mistake in the profile",
        remedy="compare it with fixtures/machines/tass-sjj1310.toml; harness/wire/encryption_machine/host_fields.py "
        "lists the kinds of fields",
    )


class _Row:
    """One table of a layout, taken apart key by key so that a leftover one is noticed."""

    def __init__(self, row: object, limits: Mapping[str, int], where: str) -> None:
        if not is_object(row):
            _wrong(where, "a field is a table")
        self._row = row
        self._limits = limits
        self._where = where
        self._used = set(_COMMON)

    def field(self) -> Field:
        """The field it describes."""
        kind = self._text("kind")
        make = _KINDS.get(kind)
        if make is None:
            _wrong(self._where, f"{kind!r} is no kind of field; there are: {', '.join(_KINDS)}")
        made = make(self)
        if unknown := sorted(set(self._row) - self._used):
            _wrong(self._where, f"a field of kind {kind!r} has no {unknown[0]!r}")
        return made

    def constant(self) -> Field:
        key = "hex" if "hex" in self._row else "text"
        spelled = self._text(key)
        try:
            raw = bytes.fromhex(spelled) if key == "hex" else spelled.encode("ascii")
        except ValueError:
            _wrong(self._where, "'hex' is pairs of hex digits")
        name = str(self._row.get("name", "")) or f"the constant {raw!r}"
        return Constant(name=name, text=raw, reason=self._reason(), error=self._error())

    def number(self) -> Field:
        return Number(
            name=self._name(),
            digits=Digits(count=self._int("digits"), base=self._int("base", 10)),
            minimum=self._int("minimum", 0),
            maximum=self._maximum(),
            reason=self._reason(),
            error=self._error(),
        )

    def text(self) -> Field:
        until = str(self._take("until", "")).encode("ascii")
        size = 0 if until else self._int("size")
        return Text(name=self._name(), size=size, until=until, reason=self._reason(), error=self._error())

    def hex(self) -> Field:
        size = self._int("size")
        if size % 2:
            _wrong(self._where, "hex digits come in pairs")
        return Hex(
            name=self._name(), size=size, secret=self._bool("secret"), reason=self._reason(), error=self._error()
        )

    def bytes(self) -> Field:
        length = self._digits("length") if "length" in self._row else None
        size = self._int("size") if "size" in self._row else None
        if length and size is not None:
            _wrong(self._where, "bytes have a length or a size, not both")
        return Bytes(
            name=self._name(),
            length=length,
            size=size,
            minimum=self._int("minimum", 0),
            maximum=self._maximum(),
            secret=self._bool("secret"),
            reason=self._reason(),
            error=self._error(),
        )

    def der(self) -> Field:
        return Der(name=self._name(), reason=self._reason(Reason.PUBLIC_KEY), error=self._error())

    def point(self) -> Field:
        return Point(name=self._name(), reason=self._reason(Reason.PUBLIC_KEY), error=self._error())

    def key(self) -> Field:
        external = self._inside("external") if "external" in self._row else ()
        if external and names(external) not in EXTERNAL_FORMS:
            _wrong(self._where, "the fields of an external key are called public, private, or both")
        schemes = self._take("schemes", {})
        if not is_object(schemes) or not all(isinstance(size, int) and size % 2 == 0 for size in schemes.values()):
            _wrong(self._where, "schemes is a table of letters and even counts of hex digits")
        return Key(
            name=self._name(),
            digits=Digits(count=self._int("digits", 4), base=self._int("base", 10)),
            letter=str(self._take("letter", "K")).encode("ascii"),
            external_index=self._int("external_index", EXTERNAL_INDEX),
            external=external,
            schemes={str(letter): int(str(size)) for letter, size in schemes.items()},
            reason=self._reason(),
            error=self._error(),
        )

    def optional(self) -> Field:
        starts = str(self._take("starts", "")).encode("ascii")
        return Optional(name="an optional part", fields=self._inside("fields"), starts=starts)

    def when(self) -> Field:
        if "is" in self._row:
            return When(name=self._name(), equals=self._int("is"), fields=self._inside("fields"))
        return When(name=self._name(), is_not=self._int("is_not"), fields=self._inside("fields"))

    def repeat(self) -> Field:
        fields = self._inside("fields")
        if not names(fields):
            _wrong(self._where, "what is repeated has a name")
        return Repeat(
            name=self._name(),
            fields=fields,
            count=self._digits("count") if "count" in self._row else None,
            minimum=self._int("minimum", 0),
            maximum=self._maximum(),
            reason=self._reason(),
            error=self._error(),
        )

    def _take(self, key: str, default: object = None) -> object:
        self._used.add(key)
        if key not in self._row and default is None:
            _wrong(self._where, f"{key!r} is missing")
        return self._row.get(key, default)

    def _text(self, key: str) -> str:
        value = self._take(key)
        if not isinstance(value, str) or not value.isascii() or not value:
            _wrong(self._where, f"{key!r} is a text of ASCII characters")
        return value

    def _name(self) -> str:
        return self._text("name")

    def _int(self, key: str, default: int | None = None) -> int:
        value = self._take(key, default)
        if isinstance(value, str):
            value = self._limits.get(value)
        if not isinstance(value, int) or value < 0:
            _wrong(self._where, f"{key!r} is a number of 0 or more, or the name of one of the profile's limits")
        return value

    def _maximum(self) -> int | None:
        return self._int("maximum") if "maximum" in self._row else None

    def _bool(self, key: str) -> bool:
        return self._take(key, default=False) is True

    def _digits(self, key: str) -> Digits:
        try:
            return Digits.of(self._text(key))
        except ValueError as error:
            _wrong(self._where, str(error))

    def _reason(self, default: Reason = Reason.BAD_INPUT) -> Reason:
        try:
            return Reason(str(self._row.get("reason", default)))
        except ValueError:
            _wrong(self._where, f"{self._row['reason']!r} is no reason; there are: {', '.join(Reason)}")

    def _error(self) -> str:
        return str(self._row.get("error", ""))

    def _inside(self, key: str) -> Layout:
        return parse_layout(self._take(key), limits=self._limits, where=f"{self._where}, {key}")


_KINDS: Mapping[str, Callable[[_Row], Field]] = {
    "constant": _Row.constant,
    "number": _Row.number,
    "text": _Row.text,
    "hex": _Row.hex,
    "bytes": _Row.bytes,
    "der": _Row.der,
    "point": _Row.point,
    "key": _Row.key,
    "optional": _Row.optional,
    "when": _Row.when,
    "repeat": _Row.repeat,
}
