"""Scenarios: TOML files with every parameter, its unit and its source, and the what-ifs that are asked of them.

    scenario = load_scenario("peak-hour")            # shipped, or a path
    fewer = scenario.with_values({"hospital.windows": 3})
    fewer.number("step.scan.mean")

A file may `extends` another one, shipped or beside it, and then holds only what differs.
"""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from fixtures import fixture
from harness.errors import ConfigError
from simulators.clinic.faults import Fault, read_fault
from simulators.clinic.parameters import Parameter, Source, Value, catalogue, definition, read_parameter

FOLDER = "clinic"
_HEAD = {"id", "title", "title_zh", "extends", "what_if"}
_DEEPEST = 8
"""How many files may extend one another."""
SUM_TOLERANCE = 1e-6
MOST_SETTLEMENTS = 3_000_000
"""A replication with more would not fit into memory or patience."""


@dataclass(frozen=True, kw_only=True)
class WhatIf:
    """The scenario with something different: parameters, and faults at a clock time."""

    name: str
    title: str
    title_zh: str
    shown: bool
    """Whether the report asks it unless told otherwise."""
    set: Mapping[str, Value] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What is simulated. Complete: every parameter of the catalogue has a value."""

    id: str
    title: str
    title_zh: str
    origin: str
    """The name or file it was read from."""
    parameters: Mapping[str, Parameter]
    what_ifs: tuple[WhatIf, ...] = ()
    faults: tuple[Fault, ...] = ()

    def value(self, key: str) -> Value:
        """A value of any kind. Raises ConfigError for an unknown key."""
        if key not in self.parameters:
            definition(key, self.origin)
        return self.parameters[key].value

    def number(self, key: str) -> float:
        """A number or share."""
        value = self.value(key)
        if isinstance(value, (str, tuple)):
            raise ConfigError(
                f"{key} is not a number.", cause="it is a list or a word", remedy="name a number of the scenario"
            )
        return float(value)

    def whole(self, key: str) -> int:
        """A whole number."""
        return int(self.number(key))

    def shares(self, key: str) -> tuple[float, ...]:
        """A list of numbers."""
        value = self.value(key)
        return value if isinstance(value, tuple) else ()

    def text(self, key: str) -> str:
        """A word."""
        return str(self.value(key))

    def with_values(self, values: Mapping[str, object], *, note: str = "set for this run") -> "Scenario":
        """The same with some values changed, checked like a file's. Raises ConfigError."""
        changed = dict(self.parameters)
        for key, value in values.items():
            definition(key, "--set")
            changed[key] = changed[key].with_value(value, where="--set", note=note)
        return checked(replace(self, parameters=changed))

    def asked(self, what_if: WhatIf) -> "Scenario":
        """The scenario as a what-if has it, with its faults."""
        changed = self.with_values(what_if.set, note=f"what if: {what_if.title}") if what_if.set else self
        for fault in what_if.faults:
            fault.check(changed)
        return replace(changed, faults=(*self.faults, *what_if.faults))

    def what_if(self, name: str) -> WhatIf:
        """A what-if by name. Raises ConfigError for an unknown one."""
        known = {one.name: one for one in self.what_ifs}
        if name not in known:
            raise ConfigError(
                f"{self.origin} asks no what-if {name!r}.",
                cause=_slip(name, known),
                remedy=f"use one of: {', '.join(known) or '(none)'}, or all",
            )
        return known[name]

    @property
    def settlements_per_day(self) -> float:
        """The mean number of settlements of a whole day like this."""
        return (
            self.number("population.insured")
            * self.number("population.settlements_per_day")
            * self.number("day.factor")
        )

    def differences(self, other: "Scenario") -> dict[str, tuple[Value, Value]]:
        """Where the values differ: key to (other's, own)."""
        return {
            key: (other.parameters[key].value, mine.value)
            for key, mine in self.parameters.items()
            if other.parameters[key].value != mine.value
        }


def shipped_scenarios() -> list[str]:
    """The names of the scenarios that ship with Liantiao."""
    names = [entry.name for entry in fixture(FOLDER).iterdir() if entry.name.endswith(".toml")]
    return sorted(name.removesuffix(".toml") for name in names if name != "parameters.toml")


def load_scenario(name: str) -> Scenario:
    """A scenario by its shipped name or its file's path. Raises ConfigError that names file, key and remedy."""
    raw, origin, values = _read(name, Path(), depth=0)
    missing = [key for key in catalogue() if key not in values]
    if missing:
        raise ConfigError(
            f"{origin} lacks {', '.join(missing[:5])}{' and more' if len(missing) > 5 else ''}.",
            cause="a scenario must give every parameter",
            remedy='add them, or begin the file with extends = "peak-hour" and give only what differs',
        )
    scenario = Scenario(
        id=str(raw.get("id", Path(origin).stem)),
        title=str(raw.get("title", origin)),
        title_zh=str(raw.get("title_zh", "")),
        origin=origin,
        parameters={key: values[key] for key in catalogue()},
        what_ifs=tuple(_what_if(entry, origin) for entry in _tables(raw.get("what_if", []), origin)),
    )
    return checked(scenario)


def shipped_twin(scenario: Scenario) -> Scenario | None:
    """The shipped scenario with the same id, to compare with what somebody changed."""
    return load_scenario(scenario.id) if scenario.id in shipped_scenarios() else None


def checked(scenario: Scenario) -> Scenario:
    """The scenario itself, when its values go together. Raises ConfigError."""
    where = scenario.origin
    mix = [scenario.number(f"mix.{channel}") for channel in ("window", "kiosk", "pharmacy", "clinic")]
    if abs(sum(mix) - 1) > SUM_TOLERANCE:
        raise ConfigError(
            f"{where}: mix.window, mix.kiosk, mix.pharmacy and mix.clinic sum to {sum(mix):.6g}, not to 1.",
            cause="one share was changed and the others were not",
            remedy=f"take {sum(mix) - 1:+.4g} from one of the others, e.g. mix.window",
        )
    begins, until = scenario.number("day.from"), scenario.number("day.until")
    if begins >= until:
        raise ConfigError(
            f"{where}: day.from is {begins:g} h, day.until {until:g} h.",
            cause="the day ends before it begins",
            remedy="set day.until to a later clock hour",
        )
    for kind in ("hospital", "pharmacy", "clinic"):
        shares = scenario.shares(f"profile.{kind}")
        if scenario.number("profile.begins") + len(shares) * scenario.number("profile.step") > 24 + SUM_TOLERANCE:
            raise ConfigError(
                f"{where}: profile.{kind} goes beyond midnight.",
                cause=f"{len(shares)} spells of {scenario.number('profile.step'):g} h are too many",
                remedy="shorten profile.step or give fewer shares",
            )
    if scenario.settlements_per_day > MOST_SETTLEMENTS:
        raise ConfigError(
            f"{where}: {scenario.settlements_per_day:.3g} settlements a day are more than the model holds.",
            cause="population.insured x population.settlements_per_day x day.factor is too large",
            remedy=f"stay below {MOST_SETTLEMENTS:,} a day, e.g. model one province at a time",
        )
    for fault in scenario.faults:
        fault.check(scenario)
    return scenario


def _read(name: str, beside: Path, *, depth: int) -> tuple[dict[str, object], str, dict[str, Parameter]]:
    text, origin, folder = _text(name, beside)
    try:
        raw: dict[str, object] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{origin} is no valid TOML: {error}.", cause="a slip of the pen", remedy="correct that line"
        ) from error
    values: dict[str, Parameter] = {}
    if "extends" in raw:
        if depth >= _DEEPEST:
            raise ConfigError(
                f"{origin} extends too many files.", cause="two files extend each other", remedy="remove one extends"
            )
        base, _, values = _read(str(raw["extends"]), folder, depth=depth + 1)
        raw = {**{key: base[key] for key in base if key in _HEAD - {"extends"}}, **raw}
    values |= _parameters(raw, origin)
    return raw, origin, values


def _text(name: str, beside: Path) -> tuple[str, str, Path]:
    shipped = shipped_scenarios()
    if name in shipped:
        return fixture(f"{FOLDER}/{name}.toml").read_text(encoding="utf-8"), name, beside
    path = beside / name
    try:
        return path.read_text(encoding="utf-8"), str(path), path.parent
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8.", cause="another encoding", remedy="save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(
            f"There is no scenario {name!r}.",
            cause=_slip(name, shipped) if not path.suffix else f"{path}: {error.strerror}",
            remedy=f"name a file, or one of: {', '.join(shipped)}",
        ) from error


def _parameters(raw: Mapping[str, object], origin: str) -> dict[str, Parameter]:
    found: dict[str, Parameter] = {}

    def walk(key: str, entry: object) -> None:
        if key in catalogue():
            found[key] = read_parameter(key, entry, origin)
        elif isinstance(entry, dict) and "value" not in entry:
            for name, inner in entry.items():
                walk(f"{key}.{name}", inner)
        else:
            definition(key, origin)

    for name, entry in raw.items():
        if name not in _HEAD:
            walk(name, entry)
    return found


def _what_if(raw: Mapping[str, object], origin: str) -> WhatIf:
    strange = set(raw) - {"name", "title", "title_zh", "shown", "set", "fault"}
    if strange or "name" not in raw:
        raise ConfigError(
            f"{origin}: a [[what_if]] has {', '.join(sorted(strange)) or 'no name'}.",
            cause="a slip of the pen",
            remedy="it may have name, title, title_zh, shown, set and [[what_if.fault]]",
        )
    changes = raw.get("set", {})
    given = changes if isinstance(changes, dict) else {}
    where = f"{origin}, what-if {raw['name']}"
    return WhatIf(
        name=str(raw["name"]),
        title=str(raw.get("title", raw["name"])),
        title_zh=str(raw.get("title_zh", "")),
        shown=bool(raw.get("shown", True)),
        set={key: definition(key, where).check(value, where) for key, value in given.items()},
        faults=tuple(read_fault(entry, where) for entry in _tables(raw.get("fault", []), where)),
    )


def _tables(raw: object, where: str) -> list[dict[str, object]]:
    if not isinstance(raw, list) or not all(isinstance(entry, dict) for entry in raw):
        raise ConfigError(
            f"{where}: what_if and fault are lists of tables.", cause="a slip of the pen", remedy="write [[what_if]]"
        )
    return raw


def _slip(name: str, known: object) -> str:
    names = list(known) if isinstance(known, (list, dict)) else []
    near = difflib.get_close_matches(name, names, n=1)
    return f"a slip of the pen for {near[0]!r}" if near else "a wrong name or path"


__all__ = ["Scenario", "Source", "WhatIf", "load_scenario", "shipped_scenarios", "shipped_twin"]
