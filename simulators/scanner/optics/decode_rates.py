"""How often each engine reads each kind of code under each degradation, measured on the model of the light path.

The degradations, their levels and the rates of an independent measurement stand in `fixtures/optics/decode_rates.toml`.
A frame is 640 by 480 grey levels, the digits, the placing and the noise come from the seed: the same seed gives the
same table, whatever the number of processes.
"""

import random
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import Any

from joblib import Parallel, delayed  # type: ignore[import-untyped]  # has no types
from PIL import Image

from fixtures import fixture
from harness.errors import ConfigError
from simulators.scanner.optics import zbar
from simulators.scanner.optics.camera import expose
from simulators.scanner.optics.engines import Engine, EngineName, engine
from simulators.scanner.optics.light_path import LightPath
from simulators.scanner.optics.symbology import Symbology
from simulators.scanner.optics.target import Grey, Target

DIGITS = 28
SAMPLES = 24
"""Codes a level, unless told otherwise: a rate is then known to about 10 points, a row's mean to about 4."""
TORN = "tearing"


class Kind(StrEnum):
    """The kinds of code that are measured."""

    QR = "qr"
    CODE128 = "code128"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A degradation of a kind of code at its levels, mild to severe, with the reference's rates in per cent."""

    kind: Kind
    name: str
    unit: str
    levels: tuple[float, ...]
    reference: dict[str, tuple[int, ...]]

    def path(self, level: float) -> LightPath:
        """The light path of a level."""
        base = LightPath(**_document()["base"][self.kind])
        match self.name:
            case "resolution":
                return replace(base, module_px=level)
            case "quiet-zone":
                return replace(base, quiet_zone=level, surround=0)
            case "inverted":
                return replace(base, inverted=1, contrast=level)
            case "glare":
                return replace(base, glare=level * _document()["glare_modules"][self.kind])
            case name:
                return replace(base, **{name: level})


@dataclass(frozen=True, kw_only=True)
class Rate:
    """What an engine made of a level's frames."""

    kind: str
    degradation: str
    unit: str
    level: float
    engine: str
    frames: int
    read: int
    wrong: int
    """Frames in which another text than the code's was read."""
    reference: int | None
    """The reference's rate in per cent, where it has one."""

    @property
    def percent(self) -> float:
        """Frames read, in per cent."""
        return 100 * self.read / self.frames


@cache
def _document() -> dict[str, Any]:
    return tomllib.loads(fixture("optics").joinpath("decode_rates.toml").read_text(encoding="utf-8"))


@cache
def rows() -> tuple[Row, ...]:
    """All degradations with their levels."""
    found = []
    for kind in Kind:
        for name, row in _document()["rows"][kind].items():
            rates = {key: tuple(value) for key, value in row.items() if key not in {"levels", "unit"}}
            found.append(Row(kind=kind, name=name, unit=row["unit"], levels=tuple(row["levels"]), reference=rates))
    return tuple(found)


def degradations() -> tuple[str, ...]:
    """Their names, each once."""
    return tuple(dict.fromkeys(row.name for row in rows()))


def engines() -> tuple[EngineName, ...]:
    """The engines of this machine: all, but for budget where there is no zbar."""
    return tuple(name for name in EngineName if name is not EngineName.BUDGET or zbar.available())


def frame(row: Row, level: float, number: int, *, seed: int = 0) -> tuple[Grey, tuple[str, ...]]:
    """A frame of a level and the digits that may be read in it: two codes when the screen tears."""
    dice = random.Random(f"{seed}/{row.kind}/{row.name}/{level:g}/{number}")  # noqa: S311 - repeatable on purpose
    texts = tuple("".join(dice.choices("0123456789", k=DIGITS)) for _ in range(2))
    make: Callable[[str], Target] = Target.qr if row.kind is Kind.QR else Target.code128
    torn = row.name == TORN
    path_seed = f"{seed}/{row.kind}/{row.name}/{level:g}/{number}"
    seen = expose(make(texts[0]), row.path(level), seed=path_seed, before=make(texts[1]) if torn else None)
    return seen, texts if torn else texts[:1]


def measure(
    *,
    samples: int = SAMPLES,
    seed: int = 0,
    processes: int = 2,
    only: Sequence[str] = (),
    by: Sequence[EngineName] = (),
) -> tuple[Rate, ...]:
    """The decode-rate table; `only` these degradations, `by` these engines; all without any.

    Raises ConfigError for a degradation that is none, no samples, or an engine that this machine does not have.
    """
    chosen = [row for row in rows() if not only or row.name in only]
    strange = set(only) - {row.name for row in rows()}
    if strange or samples < 1 or processes < 1:
        raise ConfigError(
            f"There is no degradation {', '.join(sorted(strange))}." if strange else "Nothing would be measured.",
            cause="a slip of the pen",
            remedy=f"one sample and one process at least, and any of: {', '.join(degradations())}",
        )
    names = tuple(by) or engines()
    if EngineName.BUDGET in names:
        zbar.check(tuple(_SYMBOLOGIES.values()))
    cells = [(row, level) for row in chosen for level in row.levels]
    work = Parallel(n_jobs=processes)(delayed(_cell)(row, level, names, samples, seed) for row, level in cells)
    return tuple(rate for rates in work for rate in rates)


_SYMBOLOGIES = {Kind.QR: Symbology.QR, Kind.CODE128: Symbology.CODE128}


@cache
def _engine(name: EngineName) -> Engine:
    return engine(name, formats=tuple(_SYMBOLOGIES.values()), invert=name is not EngineName.BUDGET)


def _cell(row: Row, level: float, names: tuple[EngineName, ...], samples: int, seed: int) -> list[Rate]:
    read, wrong = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    for number in range(samples):
        seen, texts = frame(row, level, number, seed=seed)
        image = Image.fromarray(seen)
        for name in names:
            found = _engine(name).first(image)
            if found is not None:
                count = read if found.sighting.text in texts else wrong
                count[name] += 1
    at = row.levels.index(level)
    return [
        Rate(
            kind=row.kind,
            degradation=row.name,
            unit=row.unit,
            level=level,
            engine=name,
            frames=samples,
            read=read[name],
            wrong=wrong[name],
            reference=row.reference[name][at] if name in row.reference else None,
        )
        for name in names
    ]
