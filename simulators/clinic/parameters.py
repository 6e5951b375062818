"""Parameters: a value with its unit and its source, checked against the catalogue in `fixtures/clinic/parameters.toml`.

A source begins with one of three words: `published: where`, `measured: how`, `assumed: why`.
"""

import difflib
import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import TypeAlias

from fixtures import fixture
from harness.errors import ConfigError

CATALOGUE = "clinic/parameters.toml"
SUM_TOLERANCE = 1e-6
"""How far shares may be from a sum of 1."""
Value: TypeAlias = float | int | str | tuple[float, ...]


class Kind(StrEnum):
    """What sort of value a parameter has."""

    NUMBER = "number"
    WHOLE = "whole"
    SHARE = "share"
    SHARES = "shares"
    SPLIT = "split"
    TEXT = "text"


class Source(StrEnum):
    """Where a value comes from."""

    PUBLISHED = "published"
    MEASURED = "measured"
    ASSUMED = "assumed"


@dataclass(frozen=True, kw_only=True)
class Definition:
    """What the catalogue says of a parameter."""

    key: str
    kind: Kind
    unit: str
    en: str
    zh: str
    least: float = -math.inf
    most: float = math.inf
    one_of: tuple[str, ...] = ()

    def check(self, value: object, where: str) -> Value:
        """The value as the model uses it. Raises ConfigError that names the key and what is possible."""
        match self.kind, value:
            case Kind.TEXT, str() if value in self.one_of:
                return value
            case Kind.TEXT, _:
                raise self._wrong(where, value, f"one of: {', '.join(self.one_of)}")
            case ((Kind.SHARES | Kind.SPLIT), (list() | tuple())) if value and all(_is_number(part) for part in value):
                return self._parts(tuple(float(part) for part in value), where)
            case ((Kind.SHARES | Kind.SPLIT), _):
                raise self._wrong(where, value, "a list of numbers, e.g. [6, 3, 1]")
            case Kind.WHOLE, (int() | float()) if _is_number(value) and float(value).is_integer():
                return int(self._ranged(float(value), where))
            case Kind.WHOLE, _:
                raise self._wrong(where, value, "a whole number")
            case _, (int() | float()) if _is_number(value):
                return self._ranged(float(value), where)
        raise self._wrong(where, value, "a number")

    def _parts(self, parts: tuple[float, ...], where: str) -> tuple[float, ...]:
        if min(parts) < 0:
            raise self._wrong(where, list(parts), "parts that are not negative")
        total = math.fsum(parts)
        if self.kind is Kind.SHARES and abs(total - 1) > SUM_TOLERANCE:
            raise ConfigError(
                f"{where}: {self.key} sums to {total:.6g}, not to 1.",
                cause="a share was changed and the others were not",
                remedy=f"divide every share by {total:.6g}, or take {1 - total:+.4g} from the others",
            )
        if total <= 0:
            raise self._wrong(where, list(parts), "at least one part above zero")
        return parts

    def _ranged(self, value: float, where: str) -> float:
        if not self.least <= value <= self.most:
            raise self._wrong(where, value, f"between {self.least:g} and {self.most:g} {self.unit}".rstrip())
        return value

    def _wrong(self, where: str, value: object, possible: str) -> ConfigError:
        return ConfigError(
            f"{where}: {self.key} cannot be {value!r}.",
            cause="a slip of the pen, or a value in another unit",
            remedy=f"give {possible} ({self.en}, {self.zh})",
        )


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A value of a scenario with where it comes from."""

    definition: Definition
    value: Value
    source: Source
    note: str
    """Where it is published, how it was measured or why it is assumed."""

    @property
    def key(self) -> str:
        """Its name, e.g. `hospital.windows`."""
        return self.definition.key

    def with_value(self, value: object, *, where: str, note: str) -> "Parameter":
        """The same parameter with another value, which is then an assumption of whoever set it."""
        checked = self.definition.check(value, where)
        return replace(self, value=checked, source=Source.ASSUMED, note=note)


@cache
def catalogue() -> Mapping[str, Definition]:
    """Every parameter that a scenario may set, by key."""
    raw = tomllib.loads(fixture(CATALOGUE).read_text(encoding="utf-8"))
    found: dict[str, Definition] = {}
    for table, entries in raw.items():
        for name, entry in entries.items():
            for definition in _definitions(f"{table}.{name}", entry, is_step=table == "step"):
                found[definition.key] = definition
    return found


def _definitions(key: str, entry: Mapping[str, object], *, is_step: bool) -> Iterator[Definition]:
    en, zh = str(entry["en"]), str(entry["zh"])
    if is_step:
        mean, cv = f"{en}, mean", f"{en}, coefficient of variation"
        yield Definition(
            key=f"{key}.mean", kind=Kind.NUMBER, unit="s", en=mean, zh=f"{zh}，均值", least=0.0, most=86_400.0
        )
        yield Definition(key=f"{key}.cv", kind=Kind.NUMBER, unit="1", en=cv, zh=f"{zh}，变异系数", least=0, most=10.0)
        return
    kind = Kind(str(entry["kind"]))
    least, most = (0.0, 1.0) if kind is Kind.SHARE else (entry.get("min", -math.inf), entry.get("max", math.inf))
    one_of = entry.get("one_of", ())
    yield Definition(
        key=key,
        kind=kind,
        unit=str(entry["unit"]),
        en=en,
        zh=zh,
        least=float(least) if isinstance(least, (int, float)) else -math.inf,
        most=float(most) if isinstance(most, (int, float)) else math.inf,
        one_of=tuple(str(word) for word in one_of) if isinstance(one_of, list) else (),
    )


def definition(key: str, where: str) -> Definition:
    """What the catalogue says of a key. Raises ConfigError with the nearest key for an unknown one."""
    known = catalogue()
    if key not in known:
        near = difflib.get_close_matches(key, known, n=1) or [k for k in known if k.endswith(f".{key}")]
        raise ConfigError(
            f"{where}: there is no parameter {key!r}.",
            cause=f"a slip of the pen for {near[0]!r}" if near else "a name from another version",
            remedy="the scenario peak-hour holds every parameter; docs/clinic-model.md explains them",
        )
    return known[key]


def read_parameter(key: str, raw: object, where: str) -> Parameter:
    """A parameter from a scenario file: `{ value = 24, unit = "windows", source = "assumed: why" }`."""
    known = definition(key, where)
    if not isinstance(raw, dict) or set(raw) != {"value", "unit", "source"}:
        raise ConfigError(
            f"{where}: {key} must have exactly value, unit and source.",
            cause="every number of a scenario says what it is and where it comes from",
            remedy=f'write {key} = {{ value = ..., unit = "{known.unit}", source = "assumed: why" }}',
        )
    if raw["unit"] != known.unit:
        raise ConfigError(
            f"{where}: {key} is in {raw['unit']!r}, the model takes it in {known.unit!r}.",
            cause="a value in another unit",
            remedy=f'convert the value and write unit = "{known.unit}"',
        )
    word, separator, note = str(raw["source"]).partition(":")
    if word not in set(Source) or not separator or not note.strip():
        raise ConfigError(
            f"{where}: {key} has the source {raw['source']!r}.",
            cause="a number without a source cannot be judged by who reads the report",
            remedy='begin with "published: where", "measured: how" or "assumed: why"',
        )
    return Parameter(definition=known, value=known.check(raw["value"], where), source=Source(word), note=note.strip())


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
