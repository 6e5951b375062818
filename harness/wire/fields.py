"""Fields of a message and what can be wrong with them: the engine behind the institution and the voucher interface.

A field table is data (`fixtures/institution/*.toml`, `fixtures/voucher_fields.toml`); this module reads such tables and
compares a message with one. Every wrong field is reported, not the first. What the fields mean lives elsewhere.
"""

import base64
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache, lru_cache
from typing import TypeGuard

from fixtures import fixture

SEEN_LIMIT = 60
MOST_DECIMALS = 1000
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z")
_MOMENT = {
    "date": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z"),
    "datetime": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\Z"),
}
_SPELLED = {"date": "yyyy-MM-dd", "datetime": "yyyy-MM-dd HH:mm:ss"}


class Rule(StrEnum):
    """What a field broke."""

    REQUIRED = "required"
    """It is missing, null or empty although it must be there."""
    TYPE = "type"
    """It is of another JSON type: a number where text is due, text where an object is due."""
    LENGTH = "length"
    """It is longer than the specification allows; for a number, has too many digits or decimals."""
    FORMAT = "format"
    """It does not have the form of its kind: a date, a number, a message id."""
    CODE = "code-table"
    """It is not in its code table."""
    CONSISTENT = "consistent"
    """It contradicts another field of the same message."""


@dataclass(frozen=True, kw_only=True)
class FieldProblem:
    """One wrong field: where it is, which rule it breaks, what was expected and what was seen."""

    path: str
    rule: Rule
    expected: str
    seen: str

    def __str__(self) -> str:
        return f"{self.path}: {self.expected} expected, {self.seen} seen"


@dataclass(frozen=True, kw_only=True)
class FieldSpec:
    """One row of a field table.

    `type` is C (text), N (number), D (a moment; `form` is `date` or `datetime`), O (object), A (array of objects) or
    B (bytes: Base64 text, or an array of their numbers, -128 to 255).
    `length` counts characters for C and all digits for N, of which `decimals` after the point.
    `required_when` names another field of the same node and the value that makes this one required.
    """

    name: str
    type: str
    length: int = 0
    decimals: int = 0
    form: str = "datetime"
    required: bool = False
    required_when: Mapping[str, str] | None = None
    table: str = ""


@dataclass(frozen=True, kw_only=True)
class Node:
    """An object or a list of objects below a message, with the fields of (each of) it."""

    name: str
    many: bool
    required: bool
    fields: tuple[FieldSpec, ...]


@cache
def load_toml(name: str) -> Mapping[str, object]:
    """A data file of the fixtures folder, read once."""
    with fixture(name).open("rb") as file:
        return tomllib.load(file)


@cache
def code_table(name: str) -> Mapping[str, str]:
    """A code table: code to meaning. Raises KeyError for a table that does not exist."""
    for file in ("institution/code_tables.toml", "voucher_fields.toml"):
        table = load_toml(file).get(name)
        if is_object(table):
            return {code: str(meaning) for code, meaning in table.items()}
    raise KeyError(name)


def parse_nodes(rows: object) -> tuple[Node, ...]:
    """The nodes of a field table's `[[input]]` or `[[output]]`."""
    assert isinstance(rows, list)
    return tuple(
        Node(
            name=row["node"],
            many=row.get("many", False),
            required=row.get("required", True),
            fields=tuple(FieldSpec(**field) for field in row["fields"]),
        )
        for row in rows
    )


def is_object(value: object) -> TypeGuard[Mapping[str, object]]:
    """Whether a decoded JSON value is an object."""
    return type(value) is dict or isinstance(value, Mapping)  # the common case first: an ABC is slow to ask


def is_array(value: object) -> TypeGuard[Sequence[object]]:
    """Whether a decoded JSON value is an array."""
    return type(value) is list or isinstance(value, list | tuple)


def is_absent(value: object) -> bool:
    """Whether a value counts as not given: missing, null or the empty text."""
    return value is None or value == ""


def has_nul(value: object) -> bool:
    """Whether any text in a value of JSON, a member's name included, has the character U+0000."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, str):
            if "\0" in one:
                return True
        elif is_object(one):
            left += [*one, *one.values()]
        elif is_array(one):
            left += one
    return False


def show(value: object) -> str:
    """A value for a person, cut to a line."""
    if value is None:
        return "nothing"
    if isinstance(value, Decimal) and value.is_nan():
        return "a number with an exponent"  # which is what decoding a message makes of one
    text = repr(str(value)) if isinstance(value, Decimal) else repr(value)
    return text if len(text) <= SEEN_LIMIT else text[: SEEN_LIMIT - 1] + "…"


def check_nodes(nodes: Sequence[Node], values: Mapping[str, object], path: str) -> Iterator[FieldProblem]:
    """Every problem of the nodes below `path`."""
    for node in nodes:
        where = f"{path}.{node.name}" if path else node.name
        value = values.get(node.name)
        if is_absent(value):
            if node.required:
                kind = "an array" if node.many else "an object"
                yield FieldProblem(path=where, rule=Rule.REQUIRED, expected=kind, seen=show(value))
        elif not node.many:
            if is_object(value):
                yield from check_fields(node.fields, value, where)
            else:
                yield FieldProblem(path=where, rule=Rule.TYPE, expected="an object", seen=show(value))
        elif not is_array(value):
            yield FieldProblem(path=where, rule=Rule.TYPE, expected="an array of objects", seen=show(value))
        elif node.required and not value:
            yield FieldProblem(path=where, rule=Rule.REQUIRED, expected="at least one entry", seen="an empty array")
        else:
            for index, entry in enumerate(value):
                if is_object(entry):
                    yield from check_fields(node.fields, entry, f"{where}[{index}]")
                else:
                    yield FieldProblem(path=f"{where}[{index}]", rule=Rule.TYPE, expected="an object", seen=show(entry))


def check_fields(specs: Sequence[FieldSpec], values: Mapping[str, object], path: str) -> Iterator[FieldProblem]:
    """Every problem of one object's fields."""
    for spec in specs:
        value = values.get(spec.name)
        if isinstance(value, str) and value and spec.type == "C" and not spec.table and len(value) <= spec.length:
            continue  # the common case, for the sake of speed
        where = f"{path}.{spec.name}" if path else spec.name
        if not is_absent(value):
            yield from _check_value(spec, value, where)
        elif spec.required:
            yield FieldProblem(path=where, rule=Rule.REQUIRED, expected=_described(spec), seen=show(value))
        elif spec.required_when:
            for other, wanted in spec.required_when.items():
                if values.get(other) == wanted:
                    expected = f"{_described(spec)}, since {other} is {wanted},"
                    yield FieldProblem(path=where, rule=Rule.REQUIRED, expected=expected, seen=show(value))


def unknown_fields(nodes: Sequence[Node], values: Mapping[str, object]) -> tuple[str, ...]:
    """Paths of fields that no table knows: a misspelt optional field is lost without a word."""
    found = []
    known = {node.name: node for node in nodes}
    for name, value in values.items():
        node = known.get(name)
        if node is None:
            found.append(name)
            continue
        names = {spec.name for spec in node.fields}
        entries = value if is_array(value) else [value]
        found += sorted({f"{name}.{key}" for entry in entries if is_object(entry) for key in entry if key not in names})
    return tuple(found)


def _described(spec: FieldSpec) -> str:
    match spec.type:
        case "C":
            return f"text of at most {spec.length} characters"
        case "N":
            return f"a number of at most {spec.length} digits, {spec.decimals} of them decimals"
        case "D":
            return f"a moment as {_SPELLED[spec.form]}"
        case "A":
            return "an array"
        case "B":
            return "Base64 text or an array of bytes"
        case _:
            return "an object"


def bytes_of(value: object) -> bytes:
    """The bytes of a field of type B. Raises ValueError when it is neither Base64 text nor an array of byte values."""
    if isinstance(value, str):
        return base64.b64decode(value, validate=True)
    if not is_array(value):
        raise ValueError(f"Base64 text or an array of bytes is due, not {show(value)}")
    numbers = [number & 0xFF for number in value if type(number) is int and -128 <= number <= 255]
    if len(numbers) != len(value):
        raise ValueError("an array of bytes has numbers from -128 to 255 and nothing else")
    return bytes(numbers)


def _check_value(spec: FieldSpec, value: object, where: str) -> Iterator[FieldProblem]:
    match spec.type:
        case "C":
            if not isinstance(value, str):
                yield _wrong(spec, value, where, Rule.TYPE)
                return
            if len(value) > spec.length:
                seen = f"{len(value)} characters"
                yield FieldProblem(path=where, rule=Rule.LENGTH, expected=_described(spec), seen=seen)
            if spec.table and value not in code_table(spec.table):
                offered = " ".join(code_table(spec.table))
                yield FieldProblem(path=where, rule=Rule.CODE, expected=f"one of {offered}", seen=show(value))
        case "N":
            yield from _check_number(spec, value, where)
        case "D":
            if not isinstance(value, str):
                yield _wrong(spec, value, where, Rule.TYPE)
            elif not is_moment(value, spec.form):
                yield _wrong(spec, value, where, Rule.FORMAT)
        case "A":
            if not is_array(value):
                yield _wrong(spec, value, where, Rule.TYPE)
        case "B":
            if not isinstance(value, str) and not is_array(value):
                yield _wrong(spec, value, where, Rule.TYPE)
            elif not _has_bytes(value):
                yield _wrong(spec, value, where, Rule.FORMAT)
        case _:
            if not is_object(value):
                yield _wrong(spec, value, where, Rule.TYPE)


def _has_bytes(value: object) -> bool:
    try:
        bytes_of(value)
    except ValueError:
        return False
    return True


def _check_number(spec: FieldSpec, value: object, where: str) -> Iterator[FieldProblem]:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        yield _wrong(spec, value, where, Rule.TYPE)
        return
    if isinstance(value, Decimal) and not written_plainly(value):
        yield _wrong(spec, value, where, Rule.FORMAT)
        return
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    if not _NUMBER.match(text):
        yield _wrong(spec, value, where, Rule.FORMAT)
        return
    whole, _, decimals = text.lstrip("-").partition(".")
    digits, places = len(whole.lstrip("0") or "0"), len(decimals.rstrip("0"))
    if places > spec.decimals or digits > spec.length - spec.decimals:
        yield _wrong(spec, value, where, Rule.LENGTH)


def written_plainly(value: Decimal) -> bool:
    """Whether a number is none of NaN, infinity, 1E+2, 1E-999999999; spelt out, the last would fill the memory."""
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and -MOST_DECIMALS <= exponent <= 0


def _wrong(spec: FieldSpec, value: object, where: str, rule: Rule) -> FieldProblem:
    return FieldProblem(path=where, rule=rule, expected=_described(spec), seen=show(value))


@lru_cache(maxsize=1024)
def is_moment(text: str, form: str) -> bool:
    """Whether text is a `date` or `datetime` spelt exactly as the interface wants it, and exists in the calendar."""
    if not _MOMENT[form].match(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
