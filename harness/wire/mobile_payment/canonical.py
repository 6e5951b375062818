"""The canonical string (待签名串) of the mobile-payment centre: what is signed of a message, and every way to spell it.

    canonical_string({"appId": "…", "data": {"b": 1, "a": ""}}, secret="S")   # appId=…&data={"b":"1"}&key=S

The rule (mobile payment centre, signature): drop signData, encData, extra and what is null or empty, sort the keys by
ASCII, spell data as compact JSON with its keys sorted too, append the secret. Where implementations differ, `Canonical`
has an option; its defaults are the rule that a published signature confirms. No keys and no cryptography here.
"""

import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from enum import StrEnum
from typing import NoReturn

DATA = "data"
UNSIGNED = frozenset({"signData", "encData", "extra"})
"""Members of a message that are never signed."""
DEEPEST = 32
"""How many levels of objects and arrays a message may have."""
LONGEST_NUMBER = 40
"""Digits before or after the point that a number may have."""
_LONGEST_INT = 18
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")


class Order(StrEnum):
    """Which objects below data have their keys sorted."""

    SORTED = "sorted"
    """All of them."""
    SHALLOW = "shallow"
    """data itself and the objects of its arrays, as the insurance administration's website does."""
    AS_SENT = "as-sent"
    """None: a mistake that the field knows."""


class Reach(StrEnum):
    """How deep below data empty members are dropped and numbers become text."""

    ALL = "all"
    """At every depth."""
    TOP = "top"
    """Among data's own members alone."""


class Arrays(StrEnum):
    """What becomes of an array in data."""

    KEPT = "kept"
    """Its elements are treated as any value, their order stays."""
    AS_SENT = "as-sent"
    """Its elements are not touched at all."""
    SORTED = "sorted"
    """Its elements are treated and then sorted by their text."""
    DROPPED = "dropped"
    """It is not signed."""


class Scalars(StrEnum):
    """How numbers and booleans in data are spelled."""

    TEXT = "text"
    """As JSON strings: "12.50", "true"."""
    JSON = "json"
    """As they are: 12.50, true."""


class Numbers(StrEnum):
    """Which digits of a number count."""

    AS_SENT = "as-sent"
    """All that were sent: 12.50."""
    SHORTEST = "shortest"
    """No zeros at the end of decimals: 12.5, as JavaScript spells numbers."""


class Empty(StrEnum):
    """What becomes of an empty text, array or object."""

    KEPT = "kept"
    DROPPED = "dropped"
    """It is dropped when it was sent empty."""
    EMPTIED = "emptied"
    """It is dropped also when it became empty by what was dropped from it."""


class Charset(StrEnum):
    """How text beyond ASCII is spelled."""

    UTF8 = "utf-8"
    GBK = "gbk"
    """A mistake of old platforms of the host."""
    ESCAPED = "escaped"
    r"""As \uXXXX."""


class Secret(StrEnum):
    """How the application's secret (appSecret) ends the string."""

    KEYED = "keyed"
    """key=SECRET."""
    BARE = "bare"
    """SECRET alone: a mistake that the field knows."""
    MISSING = "missing"
    """Not at all: a mistake that the field knows."""


@dataclass(frozen=True, kw_only=True)
class Canonical:
    """Every option of the canonical string; the defaults are the national rule."""

    order: Order = Order.SORTED
    reach: Reach = Reach.ALL
    arrays: Arrays = Arrays.KEPT
    scalars: Scalars = Scalars.TEXT
    numbers: Numbers = Numbers.AS_SENT
    nulls: Empty = Empty.DROPPED
    empty_texts: Empty = Empty.DROPPED
    empty_arrays: Empty = Empty.DROPPED
    empty_objects: Empty = Empty.DROPPED
    zeros: Empty = Empty.KEPT
    """Whether the numbers 0, as numbers or as text, are dropped: a mistake that the field knows."""
    charset: Charset = Charset.UTF8
    secret: Secret = Secret.KEYED


NATIONAL = Canonical()


def canonical_bytes(message: Mapping[str, object], *, secret: str, rules: Canonical = NATIONAL) -> bytes:
    """What is signed of a message. Raises ValueError for what no message may contain."""
    text = canonical_string(message, secret=secret, rules=rules)
    return text.encode("gbk", errors="replace") if rules.charset is Charset.GBK else text.encode()


def canonical_string(message: Mapping[str, object], *, secret: str, rules: Canonical = NATIONAL) -> str:
    """What is signed of a message, as text. Raises ValueError for what no message may contain, a float above all."""
    parts = []
    for name in sorted(message):
        text = "" if name in UNSIGNED else _top(message[name], rules)
        if text:
            parts.append(f"{name}={text}&")
    match rules.secret:
        case Secret.KEYED:
            parts.append(f"key={secret}")
        case Secret.BARE:
            parts.append(secret)
        case Secret.MISSING:
            parts[-1:] = [part.removesuffix("&") for part in parts[-1:]]
    return "".join(parts)


def canonical_data(data: Mapping[str, object], *, rules: Canonical = NATIONAL) -> str:
    """The compact JSON that stands for data in the string. Raises ValueError for what no message may contain."""
    return spell(_canonical(data, rules, 0), rules.charset)


def variations(rules: Canonical) -> Iterator[tuple[str, Canonical]]:
    """Every other way to spell the string, named by what differs: first one option, then two."""
    changes = [
        (field.name, value)
        for field in fields(Canonical)
        for value in type(getattr(rules, field.name))
        if value is not getattr(rules, field.name)
    ]
    for name, value in changes:
        yield f"{name} {value}", replace(rules, **{name: value})
    for (first, one), (second, two) in itertools.combinations(changes, 2):
        if first != second:
            yield f"{first} {one}, {second} {two}", replace(rules, **{first: one, second: two})


def spell(value: object, charset: Charset = Charset.UTF8) -> str:
    """Compact JSON of a value that `decode` could have made, keys in their order, numbers with all their digits.

    Raises ValueError for anything else.
    """
    text = "".join(_spelled(value, 0))
    return _BEYOND_ASCII.sub(_escaped, text) if charset is Charset.ESCAPED else text


def decode(text: str) -> object:
    """The value of a JSON text, numbers with all their digits.

    Raises ValueError for what is no JSON, and for keys twice in one object, numbers beyond reason, and depth beyond
    `DEEPEST`, since two implementations would read them differently.
    """
    try:
        value = json.loads(
            text,
            parse_float=_number,
            parse_int=_whole,
            parse_constant=_no_number,
            object_pairs_hook=_object,
        )
    except RecursionError as error:
        raise ValueError(f"the JSON is nested deeper than {DEEPEST} levels") from error
    if _deeper(value, DEEPEST):
        raise ValueError(f"the JSON is nested deeper than {DEEPEST} levels")
    if _ESCAPED_SURROGATE.search(text) is not None:
        try:
            spell(value).encode()
        except UnicodeEncodeError as error:
            raise ValueError("the JSON holds half a character") from error
    return value


def _top(value: object, rules: Canonical) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, Mapping | list | tuple):
        cleaned = _canonical(value, rules, 0)
        whether = rules.empty_objects if isinstance(value, Mapping) else rules.empty_arrays
        return "" if _is_gone(value, cleaned, whether) else spell(cleaned, rules.charset)
    return _plain(value, rules)


def _canonical(value: object, rules: Canonical, level: int, *, in_array: bool = False) -> object:
    if level > DEEPEST:
        raise ValueError(f"the message is nested deeper than {DEEPEST} levels")
    reached = rules.reach is Reach.ALL or level <= 1
    match value:
        case str() | None:
            return value
        case Mapping():
            return _members(value, rules, level, in_array=in_array)
        case list() | tuple():
            if rules.arrays is Arrays.AS_SENT:
                return value
            elements = [_canonical(element, rules, level + 1, in_array=True) for element in value]
            return sorted(elements, key=spell) if rules.arrays is Arrays.SORTED else elements
        case bool() | int() | Decimal():
            text = _plain(value, rules)
            if rules.scalars is Scalars.TEXT and reached:
                return text
            return value if isinstance(value, bool | int) else Decimal(text)
        case _:
            raise ValueError(f"{value!r} is nothing that a message may contain; write amounts as text")


def _members(value: Mapping[str, object], rules: Canonical, level: int, *, in_array: bool) -> dict[str, object]:
    shallow = level == 0 or (level == 2 and in_array)
    is_sorted = rules.order is Order.SORTED or (rules.order is Order.SHALLOW and shallow)
    reached = rules.reach is Reach.ALL or level == 0
    kept = {}
    for name in sorted(value) if is_sorted else value:
        sent = value[name]
        if rules.arrays is Arrays.DROPPED and isinstance(sent, list | tuple):
            continue
        cleaned = _canonical(sent, rules, level + 1)
        if not (reached and _is_dropped(sent, cleaned, rules)):
            kept[name] = cleaned
    return kept


def _is_dropped(sent: object, cleaned: object, rules: Canonical) -> bool:
    match sent:
        case None:
            return rules.nulls is not Empty.KEPT
        case "":
            return rules.empty_texts is not Empty.KEPT
        case Mapping():
            return _is_gone(sent, cleaned, rules.empty_objects)
        case list() | tuple():
            return _is_gone(sent, cleaned, rules.empty_arrays)
        case bool():
            return False
        case int() | Decimal() | str():
            return rules.zeros is not Empty.KEPT and _is_zero(sent)
        case _:
            return False


def _is_gone(sent: object, cleaned: object, whether: Empty) -> bool:
    match whether:
        case Empty.KEPT:
            return False
        case Empty.DROPPED:
            return not sent
        case Empty.EMPTIED:
            return not cleaned


def _is_zero(value: int | Decimal | str) -> bool:
    return value == 0 or (isinstance(value, str) and re.fullmatch(r"0+(\.0+)?", value) is not None)


def _plain(value: object, rules: Canonical) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Decimal():
            text = _digits(value)
            if rules.numbers is Numbers.SHORTEST and "." in text:
                text = text.rstrip("0").removesuffix(".")
            return "0" if text == "-0" else text
        case _:
            raise ValueError(f"{value!r} is nothing that a message may contain; write amounts as text")


def _spelled(value: object, level: int) -> Iterator[str]:
    if level > DEEPEST + 1:
        raise ValueError(f"the message is nested deeper than {DEEPEST} levels")
    match value:
        case str() | bool() | None | int():
            yield json.dumps(value, ensure_ascii=False)
        case Decimal():
            yield _digits(value)
        case Mapping():
            yield "{"
            for number, (name, member) in enumerate(value.items()):
                yield f"{',' if number else ''}{json.dumps(name, ensure_ascii=False)}:"
                yield from _spelled(member, level + 1)
            yield "}"
        case list() | tuple():
            yield "["
            for number, element in enumerate(value):
                if number:
                    yield ","
                yield from _spelled(element, level + 1)
            yield "]"
        case _:
            raise ValueError(f"{value!r} is nothing that a message may contain; write amounts as text")


def _digits(value: Decimal) -> str:
    if not value.is_finite() or abs(value.adjusted()) > LONGEST_NUMBER or len(value.as_tuple().digits) > LONGEST_NUMBER:
        raise ValueError(f"{value} is no number that a message may contain")
    return format(value, "f")


def _escaped(match: re.Match[str]) -> str:
    units = match.group().encode("utf-16-be", errors="surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def _number(text: str) -> Decimal:
    value = Decimal(text)
    _digits(value)
    return value


def _whole(text: str) -> int | Decimal:
    if len(text) > LONGEST_NUMBER:
        raise ValueError(f"a number of {len(text)} digits is none that a message may contain")
    return int(text) if len(text) <= _LONGEST_INT else Decimal(text)


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


def _object(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _deeper(value: object, left: int) -> bool:
    if isinstance(value, dict | list):
        inside = value.values() if isinstance(value, dict) else value
        return left == 0 or any(_deeper(inner, left - 1) for inner in inside)
    return False
