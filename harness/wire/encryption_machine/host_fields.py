"""The plain fields that host commands are made of, each of which reads and writes itself; `host_layout` has the rest.

A layout is data: a list of fields, each a table in a profile. All kinds, here and there:

    constant   text | hex                          a fixed part or a delimiter: 07, ;
    number     name, digits, base (10, 16, 256)    ASCII digits; of base 256 raw bytes, the highest first
    text       name, size | until                  printable ASCII of that many characters, or up to a delimiter
    hex        name, size                          that many ASCII hex digits, as the bytes they stand for
    bytes      name, length | size | neither       raw: after a length field (`4N` decimal, `4H` hex, `2B` binary), of a
                                                   fixed size, or all that is left
    der        name                                one DER SEQUENCE, which ends itself
    point      name                                X and Y of a public key, 64 bytes, which the message has as DER
    key        name, digits, external, schemes     `K` (or `letter`) and an index; index 9999 (or `external_index`)
                                                   brings the `external` fields; or a scheme's letter and a key under
                                                   the LMK as hex
    optional   fields, starts                      there when the next character is `starts`, or when anything is left
    when       name, is | is_not, fields           there if, or unless, the number read before has that value
    repeat     name, count | nothing, fields       as often as the count (`2N`) says, or until the end

Lengths are in bytes. `minimum` and `maximum` bound a number's value or the size of bytes. `reason` or `error` says what
a machine answers when the field is wrong; bytes that end too early are bad input whatever the field.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from harness.gm.sm2 import SPKI_HEAD
from harness.wire.encryption_machine.reasons import Reason

_DIGITS = {10: frozenset(b"0123456789"), 16: frozenset(b"0123456789ABCDEFabcdef")}
BINARY = 256
_BASES = {"N": 10, "H": 16, "B": BINARY}
_POINT_SIZE = 64
_PRINTABLE = range(0x20, 0x7F)
_SEQUENCE = 0x30


class LayoutError(Exception):
    """Bytes that do not fit their layout: which field, why, and what a machine says to it."""

    def __init__(self, name: str, text: str, reason: Reason, error: str = "") -> None:
        super().__init__(name, text, reason, error)
        self.name = name
        self.text = text
        self.reason = reason
        self.error = error

    def __str__(self) -> str:
        return f"{self.name}: {self.text}"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One field of a message as it was read, for a person; `raw` is empty where `secret`."""

    name: str
    kind: str
    offset: int
    raw: bytes
    secret: bool


class Cursor:
    """Where reading has come to; `seen` collects the fields when somebody wants to look at them."""

    __slots__ = ("at", "data", "seen")

    def __init__(self, data: bytes, seen: list[Seen] | None = None) -> None:
        self.data = data
        self.at = 0
        self.seen = seen

    @property
    def left(self) -> int:
        """How many bytes have not been read."""
        return len(self.data) - self.at

    def take(self, size: int, field: "Field") -> bytes:
        """The next bytes; raises LayoutError when there are fewer."""
        end = self.at + size
        if end > len(self.data):
            raise LayoutError(field.name, f"{size} bytes are due, {self.left} are left", Reason.BAD_INPUT)
        taken = self.data[self.at : end]
        if self.seen is not None:
            secret = getattr(field, "secret", False)
            raw = b"" if secret else taken
            self.seen.append(Seen(name=field.name, kind=field.kind, offset=self.at, raw=raw, secret=secret))
        self.at = end
        return taken


class Field(Protocol):
    """What every kind of field can do; `values` are the fields of the message by name."""

    @property
    def name(self) -> str:
        """Its name in the message, or what it is called in a complaint."""
        ...

    @property
    def kind(self) -> str:
        """Its kind, as profiles spell it."""
        ...

    def read(self, cursor: Cursor, values: dict[str, object]) -> None:
        """Take it off the bytes into `values`. Raises LayoutError."""
        ...

    def write(self, values: Mapping[str, object]) -> bytes:
        """Its bytes. Raises ValueError for a value that cannot be spelled."""
        ...

    def wrong(self, text: str, reason: Reason | None = None) -> LayoutError:
        """The complaint about it."""
        ...


@dataclass(frozen=True, kw_only=True)
class Complaining:
    """What is answered when a field is wrong: its own error code, or its reason's."""

    name: str = ""
    reason: Reason = Reason.BAD_INPUT
    error: str = ""

    def wrong(self, text: str, reason: Reason | None = None) -> LayoutError:
        """The complaint about it."""
        return LayoutError(self.name, text, reason or self.reason, self.error)

    def given(self, values: Mapping[str, object]) -> object:
        """Its value in a message. Raises ValueError when there is none."""
        if self.name not in values:
            raise ValueError(f"{self.name} is due")
        return values[self.name]


@dataclass(frozen=True, kw_only=True)
class Digits:
    """A number in ASCII digits, decimal or hex (written in capitals), or in raw bytes (base 256); and how many."""

    count: int
    base: int = 10

    @classmethod
    def of(cls, spelled: str) -> "Digits":
        """From `4N` (decimal), `4H` (hex) or `2B` (bytes). Raises ValueError."""
        if not spelled[:-1].isdecimal() or spelled[-1:] not in _BASES:
            raise ValueError(
                f"{spelled!r} is no length field: write 4N for four decimal digits, 4H for hex, 2B for two bytes"
            )
        return cls(count=int(spelled[:-1]), base=_BASES[spelled[-1]])

    def read(self, cursor: Cursor, owner: Field) -> int:
        """Take the number. Raises LayoutError."""
        digits = cursor.take(self.count, owner)
        if self.base == BINARY:
            return int.from_bytes(digits)
        if not _DIGITS[self.base].issuperset(digits):
            raise owner.wrong(f"{self.count} {'decimal' if self.base == 10 else 'hex'} digits are due, not {digits!r}")
        return int(digits, self.base)

    def write(self, value: int, name: str) -> bytes:
        """Its digits. Raises ValueError when it needs more."""
        if self.base == BINARY and 0 <= value < 1 << 8 * self.count:
            return value.to_bytes(self.count)
        if self.base == BINARY:
            raise ValueError(f"{name}: {value} does not fit {self.count} bytes")
        spelled = f"{value:0{self.count}{'d' if self.base == 10 else 'X'}}"
        if value < 0 or len(spelled) > self.count:
            raise ValueError(f"{name}: {value} does not fit {self.count} digits of base {self.base}")
        return spelled.encode()


@dataclass(frozen=True, kw_only=True)
class Constant(Complaining):
    """A fixed part or a delimiter."""

    text: bytes
    kind: str = "constant"

    def read(self, cursor: Cursor, values: dict[str, object]) -> None:
        """Take it."""
        found = cursor.take(len(self.text), self)
        if found != self.text:
            raise self.wrong(f"{self.text!r} is due, not {found!r}")

    def write(self, values: Mapping[str, object]) -> bytes:
        """Its text."""
        return self.text


@dataclass(frozen=True, kw_only=True)
class Number(Complaining):
    """A number of digits."""

    digits: Digits
    minimum: int = 0
    maximum: int | None = None
    kind: str = "number"

    def read(self, cursor: Cursor, values: dict[str, object]) -> None:
        """Take it."""
        value = self.digits.read(cursor, self)
        if value < self.minimum or (self.maximum is not None and value > self.maximum):
            raise self.wrong(f"{value} is not within {self.minimum} to {self.maximum}")
        values[self.name] = value

    def write(self, values: Mapping[str, object]) -> bytes:
        """Its digits."""
        value = self.given(values)
        if not isinstance(value, int) or value < self.minimum or (self.maximum is not None and value > self.maximum):
            raise ValueError(f"{self.name}: {value!r} is no number within {self.minimum} to {self.maximum}")
        return self.digits.write(value, self.name)


@dataclass(frozen=True, kw_only=True)
class Text(Complaining):
    """Printable ASCII of a fixed size, or up to a delimiter; then other characters below 80 may stand in it, too."""

    size: int = 0
    until: bytes = b""
    kind: str = "text"

    def read(self, cursor: Cursor, values: dict[str, object]) -> None:
        """Take it."""
        size = self.size
        if self.until:
            end = cursor.data.find(self.until, cursor.at)
            if end < 0:
                raise self.wrong(f"its delimiter {self.until!r} does not come")
            size = end - cursor.at
        found = cursor.take(size, self)
        if not self._is_text(found):
            raise self.wrong(f"{size} printable characters are due, not {found!r}")
        cursor.at += len(self.until)
        values[self.name] = found.decode("ascii")

    def write(self, values: Mapping[str, object]) -> bytes:
        """Its characters."""
        value = self.given(values)
        if not isinstance(value, str) or not value.isascii() or not self._is_text(spelled := value.encode("ascii")):
            raise ValueError(f"{self.name}: {value!r} is no text of printable characters")
        if len(spelled) != self.size if not self.until else self.until in spelled:
            raise ValueError(f"{self.name}: {value!r} has no {self.size} characters, or its delimiter in it")
        return spelled + self.until

    def _is_text(self, spelled: bytes) -> bool:
        return all(byte in _PRINTABLE or (self.until and byte < 0x80) for byte in spelled)


@dataclass(frozen=True, kw_only=True)
class Hex(Complaining):
    """Bytes as hex digits of a fixed count; written in capitals."""

    size: int
    secret: bool = False
    kind: str = "hex"

    def read(self, cursor: Cursor, values: dict[str, object]) -> None:
        """Take it."""
        found = cursor.take(self.size, self)
        if not _DIGITS[16].issuperset(found):
            raise self.wrong(f"{self.size} hex digits are due")
        values[self.name] = bytes.fromhex(found.decode("ascii"))

    def write(self, values: Mapping[str, object]) -> bytes:
        """Its digits."""
        value = self.given(values)
        if not isinstance(value, bytes) or 2 * len(value) != self.size:
            raise ValueError(f"{self.name}: {self.size // 2} bytes are due")
        return value.hex().upper().encode()


@dataclass(frozen=True, kw_only=True)
class Bytes(Complaining):
    """Raw bytes: after a length, of a fixed size, or the rest."""

    length: Digits | None = None
    size: int | None = None
    minimum: int = 0
    maximum: int | None = None
    secret: bool = False
    kind: str = "bytes"

    def read(self, cursor: Cursor, values: dict[str, object]) -> None:
        """Take them."""
        size = self.size
        if self.length is not None:
            size = self.length.read(cursor, self)
            if size > cursor.left:
                raise self.wrong(f"its length says {size}, {cursor.left} bytes are left", Reason.DATA_LENGTH)
        size = cursor.left if size is None else size
        if problem := self._size_problem(size):
            raise self.wrong(problem, Reason.DATA_LENGTH)
        values[self.name] = cursor.take(size, self)

    def write(self, values: Mapping[str, object]) -> bytes:
        """Them, after their length if they have one."""
        value = self.given(values)
        if not isinstance(value, bytes):
            raise ValueError(f"{self.name}: bytes are due")
        if self.size is not None and len(value) != self.size:
            raise ValueError(f"{self.name}: {self.size} bytes are due, not {len(value)}")
        if problem := self._size_problem(len(value)):
            raise ValueError(f"{self.name}: {problem}")
        return (self.length.write(len(value), self.name) if self.length else b"") + value

    def _size_problem(self, size: int) -> str:
        if size < self.minimum or (self.maximum is not None and size > self.maximum):
            return f"{size} bytes are not within {self.minimum} to {self.maximum}"
        return ""


@dataclass(frozen=True, kw_only=True)
class Der(Complaining):
    """A DER SEQUENCE, delimited by its own length; what is inside is not looked at here."""

    reason: Reason = Reason.PUBLIC_KEY
    kind: str = "der"

    def read(self, cursor: Cursor, values: dict[str, object]) -> None:
        """Take it."""
        size = self._size(cursor.data[cursor.at : cursor.at + 6])
        if size > cursor.left:
            raise self.wrong(f"the SEQUENCE has {size} bytes, {cursor.left} are left")
        values[self.name] = cursor.take(size, self)

    def write(self, values: Mapping[str, object]) -> bytes:
        """It."""
        value = self.given(values)
        if not isinstance(value, bytes):
            raise ValueError(f"{self.name}: bytes are due")
        try:
            size = self._size(value)
        except LayoutError as error:
            raise ValueError(str(error)) from error
        if size != len(value):
            raise ValueError(f"{self.name}: the SEQUENCE says {size} bytes, there are {len(value)}")
        return value

    def _size(self, head: bytes) -> int:
        """Bytes of the whole SEQUENCE that begins so."""
        if len(head) < 2 or head[0] != _SEQUENCE:
            raise self.wrong("a DER SEQUENCE is due")
        if head[1] < 0x80:
            return 2 + head[1]
        count = head[1] & 0x7F
        spelled = head[2 : 2 + count]
        if not 1 <= count <= 4 or len(spelled) < count or spelled[0] == 0 or int.from_bytes(spelled) < 0x80:
            raise self.wrong("the SEQUENCE's length is not the shortest definite one")
        return 2 + count + int.from_bytes(spelled)


@dataclass(frozen=True, kw_only=True)
class Point(Complaining):
    """X‖Y of a public key; the value is its DER SubjectPublicKeyInfo. Whether it lies on the curve is not looked at."""

    reason: Reason = Reason.PUBLIC_KEY
    kind: str = "point"

    def read(self, cursor: Cursor, values: dict[str, object]) -> None:
        """Take it."""
        values[self.name] = SPKI_HEAD + b"\x04" + cursor.take(_POINT_SIZE, self)

    def write(self, values: Mapping[str, object]) -> bytes:
        """Its coordinates."""
        value = self.given(values)
        if not isinstance(value, bytes) or len(value) != len(SPKI_HEAD) + 1 + _POINT_SIZE:
            raise ValueError(f"{self.name}: a DER public key is due")
        if not value.startswith(SPKI_HEAD + b"\x04"):
            raise ValueError(f"{self.name}: this is no SM2 public key")
        return value[-_POINT_SIZE:]
