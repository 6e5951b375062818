"""Fields that hold other fields, keys first of all, and whole layouts read and written.

`host_fields` lists every kind and has the plain ones.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from harness.wire.encryption_machine.host_fields import (
    Complaining,
    Constant,
    Cursor,
    Digits,
    Field,
    Hex,
    LayoutError,
    Seen,
)
from harness.wire.encryption_machine.host_messages import (
    EXTERNAL_INDEX,
    ExternalKeyPair,
    ExternalPrivateKey,
    ExternalPublicKey,
    KeyIndex,
    WrappedKey,
)
from harness.wire.encryption_machine.reasons import Reason

Layout = tuple[Field, ...]
EXTERNAL_FORMS: Mapping[frozenset[str], Callable[..., object]] = {
    frozenset({"public"}): ExternalPublicKey,
    frozenset({"private"}): ExternalPrivateKey,
    frozenset({"public", "private"}): ExternalKeyPair,
}


@dataclass(frozen=True, kw_only=True)
class Key(Complaining):
    """A key the machine holds, or one in the message."""

    digits: Digits = field(default_factory=lambda: Digits(count=4))
    letter: bytes = b"K"
    external_index: int = EXTERNAL_INDEX
    """The index that says "the key is in the message"."""
    external: Layout = ()
    schemes: Mapping[str, int] = field(default_factory=dict)
    """Letter of a scheme to the hex digits after it; the letter "" stands for digits alone."""
    kind: str = "key"

    def read(self, cursor: Cursor, values: dict[str, object]) -> None:
        """Take it."""
        first = cursor.data[cursor.at : cursor.at + 1]
        if not self.letter or first == self.letter:
            cursor.take(len(self.letter), self)
            values[self.name] = self._referred(cursor)
            return
        letter = first.decode("latin-1")
        scheme = letter if letter in self.schemes else ""
        if scheme not in self.schemes:
            raise self.wrong(f"a key index or a key scheme is due, not {first!r}", self._unknown_letter)
        cursor.take(len(scheme), self)
        digits = Hex(name=self.name, size=self.schemes[scheme], secret=True, reason=self.reason, error=self.error)
        inside: dict[str, object] = {}
        digits.read(cursor, inside)
        wrapped = inside[self.name]
        assert isinstance(wrapped, bytes)
        values[self.name] = WrappedKey(scheme=scheme, wrapped=wrapped)

    def write(self, values: Mapping[str, object]) -> bytes:
        """It."""
        value = self.given(values)
        match value:
            case KeyIndex(index=index) if index != self.external_index or not self.external:
                return self.letter + self.digits.write(index, self.name)
            case WrappedKey(scheme=scheme, wrapped=wrapped) if self.schemes.get(scheme) == 2 * len(wrapped):
                return scheme.encode() + wrapped.hex().upper().encode()
            case ExternalPublicKey() | ExternalPrivateKey() | ExternalKeyPair() if self._takes(value):
                head = self.letter + self.digits.write(self.external_index, self.name)
                return head + write_layout(self.external, vars(value))
            case _:
                raise ValueError(f"{self.name}: {type(value).__name__} cannot be spelled here")

    @property
    def makes(self) -> set[object]:
        """The types of its values."""
        made: set[object] = {KeyIndex}
        if self.external:
            made.add(EXTERNAL_FORMS[names(self.external)])
        return made | ({WrappedKey} if self.schemes else set())

    def _takes(self, value: ExternalPublicKey | ExternalPrivateKey | ExternalKeyPair) -> bool:
        """Whether the external fields are all there; of a pair a layout may have the private key alone."""
        wanted = names(self.external)
        return vars(value).keys() == wanted or (isinstance(value, ExternalKeyPair) and wanted == {"private"})

    @property
    def _unknown_letter(self) -> Reason:
        return Reason.KEY_SCHEME if self.schemes else self.reason

    def _referred(self, cursor: Cursor) -> object:
        index = self.digits.read(cursor, self)
        if index != self.external_index or not self.external:
            return KeyIndex(index=index)
        inside: dict[str, object] = {}
        for part in self.external:
            part.read(cursor, inside)
        return EXTERNAL_FORMS[names(self.external)](**inside)


@dataclass(frozen=True, kw_only=True)
class Optional(Complaining):
    """Fields that may be absent."""

    fields: Layout
    starts: bytes = b""
    kind: str = "optional"

    def read(self, cursor: Cursor, values: dict[str, object]) -> None:
        """Take them if they are there."""
        there = cursor.data.startswith(self.starts, cursor.at) if self.starts else cursor.left > 0
        if there:
            for part in self.fields:
                part.read(cursor, values)

    def write(self, values: Mapping[str, object]) -> bytes:
        """Them, unless each is None or empty."""
        return write_layout(self.fields, values) if _any_given(self.fields, values) else b""


@dataclass(frozen=True, kw_only=True)
class When(Complaining):
    """Fields that are there unless the number `name`, read before, is `is_not`; or if it is `equals`, where given."""

    fields: Layout
    is_not: int = 0
    equals: int | None = None
    kind: str = "when"

    def read(self, cursor: Cursor, values: dict[str, object]) -> None:
        """Take them if they are there."""
        if self._due(values[self.name]):
            for part in self.fields:
                part.read(cursor, values)

    def write(self, values: Mapping[str, object]) -> bytes:
        """Them, if they are due."""
        number = self.given(values)
        if self._due(number):
            return write_layout(self.fields, values)
        if _any_given(self.fields, values):
            raise ValueError(f"{', '.join(ordered_names(self.fields))}: nothing is due when {self.name} is {number}")
        return b""

    def _due(self, number: object) -> bool:
        return number != self.is_not if self.equals is None else number == self.equals


@dataclass(frozen=True, kw_only=True)
class Repeat(Complaining):
    """The same fields many times. The value is a tuple: of values where one field has a name, of tuples otherwise."""

    fields: Layout
    count: Digits | None = None
    minimum: int = 0
    maximum: int | None = None
    kind: str = "repeat"

    def read(self, cursor: Cursor, values: dict[str, object]) -> None:
        """Take them all."""
        count = self.count.read(cursor, self) if self.count else None
        if count is not None and (count < self.minimum or (self.maximum is not None and count > self.maximum)):
            raise self.wrong(f"{count} are not within {self.minimum} to {self.maximum}")
        inside_names = ordered_names(self.fields)
        rows: list[object] = []
        while len(rows) < count if count is not None else cursor.left > 0:
            before = cursor.at
            inside: dict[str, object] = {}
            for part in self.fields:
                part.read(cursor, inside)
            rows.append(inside[inside_names[0]] if len(inside_names) == 1 else tuple(inside[n] for n in inside_names))
            if cursor.at == before:
                raise self.wrong("it is empty and would never end")
        values[self.name] = tuple(rows)

    def write(self, values: Mapping[str, object]) -> bytes:
        """Them all."""
        rows = self.given(values)
        too_many = isinstance(rows, tuple) and self.maximum is not None and len(rows) > self.maximum
        if not isinstance(rows, tuple) or len(rows) < self.minimum or too_many:
            raise ValueError(f"{self.name}: {self.minimum} to {self.maximum} are due")
        inside_names = ordered_names(self.fields)
        parts = [self.count.write(len(rows), self.name)] if self.count else []
        for row in rows:
            inside = row if len(inside_names) > 1 and isinstance(row, tuple) else (row,)
            if len(inside) != len(inside_names):
                raise ValueError(f"{self.name}: each has {len(inside_names)} values")
            parts.append(write_layout(self.fields, dict(zip(inside_names, inside, strict=True))))
        return b"".join(parts)


def read_layout(layout: Layout, data: bytes, seen: list[Seen] | None = None) -> dict[str, object]:
    """The values of a message whose bytes are all of `data`. Raises LayoutError."""
    cursor = Cursor(data, seen)
    values: dict[str, object] = {}
    for part in layout:
        part.read(cursor, values)
    if cursor.left:
        raise LayoutError("end", f"{cursor.left} bytes too many", Reason.BAD_INPUT)
    return values


def write_layout(layout: Layout, values: Mapping[str, object]) -> bytes:
    """The bytes of a message. Raises ValueError naming the field whose value cannot be spelled."""
    return b"".join(part.write(values) for part in layout)


def all_fields(layout: Layout) -> Iterator[Field]:
    """The fields that put values into a message of this layout, with those inside optional ones."""
    for part in layout:
        match part:
            case Constant():
                pass
            case Optional() | When():
                yield from all_fields(part.fields)
            case _:
                yield part


def ordered_names(layout: Layout) -> Sequence[str]:
    """The names of a layout's values, in its order."""
    return [part.name for part in all_fields(layout)]


def names(layout: Layout) -> frozenset[str]:
    """The names of a layout's values."""
    return frozenset(ordered_names(layout))


def _any_given(layout: Layout, values: Mapping[str, object]) -> bool:
    return any(values.get(name) not in (None, b"", "") for name in names(layout))
