"""Where a file of a run's folder says something else than the tape; a pure comparison of JSON values."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

SHOWN = 200
"""So many characters of a value are shown."""
NAMED = 3
"""So many names of a list's difference are shown."""
NOTHING = "nothing"


class How(StrEnum):
    """In what way a file is not what the tape says."""

    CHANGED = "changed"
    LACKING = "lacking"
    ADDED = "added"
    MISSING = "missing"
    """There is no such file."""
    DAMAGED = "damaged"
    """The file cannot be read."""
    ENDLESS = "endless"
    """The tape does not hold the end of its run."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A place where a file does not say what the tape does."""

    file: str
    how: How
    place: str = ""
    """`rules.log-name.severity`; empty for the whole file."""
    expected: str = ""
    """By the tape; short."""
    seen: str = ""
    """In the file; short."""

    @property
    def en(self) -> str:
        """The sentence."""
        match self.how:
            case How.CHANGED:
                return f"{self.file}, {self.place} is not what the tape says"
            case How.LACKING:
                return f"{self.file}, {self.place} is on the tape and is missing here"
            case How.ADDED:
                return f"{self.file}, {self.place} is not on the tape"
            case How.MISSING:
                return f"{self.file} is missing: the run was ended before it was written, or somebody took it away"
            case How.DAMAGED:
                return f"{self._where} is cut short or damaged"
            case How.ENDLESS:
                return f"{self.file} does not hold the end of the run: it was ended early, or its end was cut off"

    @property
    def zh(self) -> str:
        """The same in Chinese."""
        match self.how:
            case How.CHANGED:
                return f"{self.file} 中 {self.place} 与录带不符"
            case How.LACKING:
                return f"{self.file} 缺少录带所载的 {self.place}"
            case How.ADDED:
                return f"{self.file} 中的 {self.place} 不在录带上"
            case How.MISSING:
                return f"缺少 {self.file}"
            case How.DAMAGED:
                return f"{self._where} 不完整或已损坏"
            case How.ENDLESS:
                return f"{self.file} 未载运行的结束：运行提前终止，或结尾被截去"

    @property
    def _where(self) -> str:
        return f"{self.file}, {self.place}" if self.place else self.file

    def lines(self) -> tuple[str, ...]:
        """The sentence, and what was expected and seen where there is such, for a terminal."""
        more = (f"  expected: {self.expected}", f"  seen:     {self.seen}") if self.expected or self.seen else ()
        return (self.en, *more)


def differences(file: str, expected: Any, seen: Any, place: str = "") -> Iterator[Difference]:  # noqa: ANN401 - JSON
    """Every place at which two JSON values differ, in the order of the expected one."""
    match expected, seen:
        case Mapping(), Mapping():
            for name in expected:
                inner = f"{place}.{name}" if place else str(name)
                if name in seen:
                    yield from differences(file, expected[name], seen[name], inner)
                else:
                    yield Difference(
                        file=file, how=How.LACKING, place=inner, expected=brief(expected[name]), seen=NOTHING
                    )
            for name in seen:
                if name not in expected:
                    inner = f"{place}.{name}" if place else str(name)
                    yield Difference(file=file, how=How.ADDED, place=inner, expected=NOTHING, seen=brief(seen[name]))
        case list(), list() if len(expected) == len(seen) and all(isinstance(one, Mapping) for one in expected):
            for number, (one, other) in enumerate(zip(expected, seen, strict=True), start=1):
                yield from differences(file, one, other, f"{place}[{number}]")
        case list(), list() if expected != seen:
            yield Difference(
                file=file, how=How.CHANGED, place=place, expected=brief(expected), seen=_beside(expected, seen)
            )
        case _ if not same(expected, seen):
            yield Difference(file=file, how=How.CHANGED, place=place, expected=brief(expected), seen=brief(seen))


def same(one: object, other: object) -> bool:
    """Whether two JSON values are spelled alike; 1 is not true."""
    return type(one) is type(other) and one == other


def brief(value: object) -> str:
    """A JSON value in a line; of a long list how many there are and the first."""
    if isinstance(value, list) and len(json.dumps(value)) > SHOWN:
        return f"{len(value)} entries: {_some([brief(one) for one in value])}"
    spelled = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    return spelled if len(spelled) <= SHOWN else f"{spelled[:SHOWN]}…"


def _beside(expected: Sequence[object], seen: Sequence[object]) -> str:
    """A list beside another one: what it lacks and what it has more."""
    wanted, found = [brief(one) for one in expected], [brief(one) for one in seen]
    less = [one for one in wanted if one not in found]
    more = [one for one in found if one not in wanted]
    parts = [f"lacks {len(less)}: {_some(less)}"] if less else []
    parts += [f"has {len(more)} more: {_some(more)}"] if more else []
    return f"{len(seen)} entries; {'; '.join(parts) or 'another order, or one twice'}"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED]) + (f" (+{len(names) - NAMED})" if len(names) > NAMED else "")
