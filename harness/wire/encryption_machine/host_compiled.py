"""Layouts of host commands turned into functions once, for messages that are as they should be.

A machine reads and spells the same few layouts thousands of times a second. `Compiled` holds, for each field, a
function that knows the field's sizes and limits beforehand. It takes what is plain; at anything else the fields
themselves read the whole message again (`host_layout`), so that there is one place that says what is wrong with it.
"""

from collections.abc import Callable, Mapping
from functools import cached_property

from harness.wire.encryption_machine.host_fields import BINARY, Bytes, Constant, Cursor, Digits, Field, Number, Text
from harness.wire.encryption_machine.host_layout import Key, Layout, read_layout, write_layout
from harness.wire.encryption_machine.host_messages import KeyIndex

Reader = Callable[[bytes, int, dict[str, object]], int]
"""Takes a field off the bytes at a position, into the values; returns the position after it, or `NOT_PLAIN`."""
Writer = Callable[[Mapping[str, object]], bytes]
NOT_PLAIN = -1
KEYS_KEPT = 4096
"""How many key references of a layout are remembered."""
_HEX = frozenset(b"0123456789ABCDEFabcdef")
_NO_LIMIT = 1 << 62


class Compiled(tuple[Field, ...]):
    """A layout that is read and written by functions made for it."""

    @cached_property
    def _readers(self) -> tuple[tuple[Reader, ...], bytes]:
        """What takes the fields, in order, each with the constants before it; and the constants at the end."""
        made: list[Reader] = []
        fixed = b""
        for part in self:
            if isinstance(part, Constant):
                fixed += part.text
            else:
                made.append(_reader(part, fixed))
                fixed = b""
        return tuple(made), fixed

    @cached_property
    def writers(self) -> tuple[Writer, ...]:
        """What spells the fields, in order."""
        return tuple(_writer(part) for part in self)

    def plain(self, data: bytes) -> dict[str, object] | None:
        """The values of a message; None when the fields themselves must look at it. Raises LayoutError."""
        readers, end = self._readers
        values: dict[str, object] = {}
        at = 0
        for read in readers:
            at = read(data, at, values)
            if at < 0:
                return None
        return values if data[at:] == end else None


def read_values(layout: Layout, data: bytes) -> dict[str, object]:
    """`read_layout`, quickly where it can be. Raises LayoutError."""
    if isinstance(layout, Compiled):
        values = layout.plain(data)
        if values is not None:
            return values
    return read_layout(layout, data)


def write_values(layout: Layout, values: Mapping[str, object]) -> bytes:
    """`write_layout`, quickly where it can be. Raises ValueError."""
    if not isinstance(layout, Compiled):
        return write_layout(layout, values)
    writers = layout.writers
    return writers[0](values) if len(writers) == 1 else b"".join([write(values) for write in writers])


def _reader(part: Field, before: bytes) -> Reader:
    match part:
        case Bytes(length=Digits(base=10) as length):
            return _bytes_after_decimal(part, length.count, before)
        case Bytes():
            return _after(before, _bytes(part))
        case Number():
            return _after(before, _number(part))
        case Text(until=b""):
            return _after(before, _text(part))
        case Key() if len(part.letter) == 1:
            return _key(part, before)
        case _:
            return _after(before, _by_itself(part))


def _by_itself(part: Field) -> Reader:
    def read(data: bytes, at: int, values: dict[str, object]) -> int:
        cursor = Cursor(data)
        cursor.at = at
        part.read(cursor, values)
        return cursor.at

    return read


def _after(before: bytes, then: Reader) -> Reader:
    size = len(before)

    def read(data: bytes, at: int, values: dict[str, object]) -> int:
        return then(data, at + size, values) if data.startswith(before, at) else NOT_PLAIN

    return read if before else then


def _value(digits: Digits) -> Callable[[bytes], int]:
    """The number that digits stand for; `NOT_PLAIN` when they are none."""

    def decimal(spelled: bytes) -> int:
        return int(spelled) if spelled.isdigit() else NOT_PLAIN

    def hexadecimal(spelled: bytes) -> int:
        return int(spelled, 16) if spelled and _HEX.issuperset(spelled) else NOT_PLAIN

    if digits.base == BINARY:
        return int.from_bytes
    return decimal if digits.base == 10 else hexadecimal


def _bytes_after_decimal(part: Bytes, count: int, before: bytes) -> Reader:
    name, least = part.name, part.minimum
    most = _NO_LIMIT if part.maximum is None else part.maximum
    skipped = len(before)

    def read(data: bytes, at: int, values: dict[str, object]) -> int:
        start = at + skipped
        if not data.startswith(before, at):
            return NOT_PLAIN
        at = start + count
        spelled = data[start:at]
        if not spelled.isdigit():
            return NOT_PLAIN
        size = int(spelled)
        end = at + size
        if end > len(data) or size > most or size < least:
            return NOT_PLAIN
        values[name] = data[at:end]
        return end

    return read


def _bytes(part: Bytes) -> Reader:
    name, least, fixed = part.name, part.minimum, part.size
    most = _NO_LIMIT if part.maximum is None else part.maximum
    count = part.length.count if part.length else 0
    value = None if part.length is None else _value(part.length)

    def read(data: bytes, at: int, values: dict[str, object]) -> int:
        start = at + count
        size = value(data[at:start]) if value else len(data) - at if fixed is None else fixed
        end = start + size
        if end > len(data) or not least <= size <= most or size < 0:
            return NOT_PLAIN
        values[name] = data[start:end]
        return end

    return read


def _number(part: Number) -> Reader:
    name, count, least, value = part.name, part.digits.count, part.minimum, _value(part.digits)
    most = _NO_LIMIT if part.maximum is None else part.maximum

    def read(data: bytes, at: int, values: dict[str, object]) -> int:
        end = at + count
        if end > len(data):
            return NOT_PLAIN
        number = value(data[at:end])
        if number < 0 or not least <= number <= most:
            return NOT_PLAIN
        values[name] = number
        return end

    return read


def _text(part: Text) -> Reader:
    name, size = part.name, part.size

    def read(data: bytes, at: int, values: dict[str, object]) -> int:
        end = at + size
        found = data[at:end]
        if end > len(data) or not found.isascii():
            return NOT_PLAIN
        text = found.decode("ascii")
        if not text.isprintable():
            return NOT_PLAIN
        values[name] = text
        return end

    return read


def _key(part: Key, before: bytes) -> Reader:
    """References to keys that the machine holds, each made once."""
    name, head, value = part.name, before + part.letter, _value(part.digits)
    size = len(head) + part.digits.count
    external = part.external_index if part.external else NOT_PLAIN
    known: dict[bytes, KeyIndex] = {}

    def read(data: bytes, at: int, values: dict[str, object]) -> int:
        end = at + size
        spelled = data[at:end]
        key = known.get(spelled)
        if key is None:
            if len(spelled) < size or not spelled.startswith(head):
                return NOT_PLAIN
            index = value(spelled[len(head) :])
            if index in {NOT_PLAIN, external}:
                return NOT_PLAIN
            key = KeyIndex(index=index)
            if len(known) < KEYS_KEPT:
                known[spelled] = key
        values[name] = key
        return end

    return read


def _writer(part: Field) -> Writer:
    match part:
        case Bytes(length=Digits(base=10 | 16) as digits):
            return _bytes_after_length(part, digits)
        case _:
            return part.write


def _bytes_after_length(part: Bytes, digits: Digits) -> Writer:
    name, least = part.name, part.minimum
    most = digits.base**digits.count - 1
    most = most if part.maximum is None else min(most, part.maximum)
    spelling = f"%0{digits.count}{'d' if digits.base == 10 else 'X'}".encode()

    def write(values: Mapping[str, object]) -> bytes:
        value = values.get(name)
        if type(value) is bytes and least <= len(value) <= most:
            return spelling % len(value) + value
        return part.write(values)

    return write
