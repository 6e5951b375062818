"""When customers come: arrival traces, made from a rate or read from a file. Times are seconds from the beginning.

    poisson(rate=50, seconds=20, seed=1)
    read_trace(Path("arrivals.csv"))          # one time a line; of several columns the first, or the one named `at_s`

A trace is replayed as it stands, however slow the answers are: that is what makes a driver open-loop.
"""

import csv
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ConfigError

MOST = 5_000_000
"""Arrivals of one trace; more would not fit into memory together with their results."""
COLUMN = "at_s"


@dataclass(frozen=True, kw_only=True)
class Trace:
    """Arrivals in order, seconds from the beginning; `origin` says where they come from."""

    at_s: tuple[float, ...]
    origin: str

    @property
    def seconds(self) -> float:
        """From the beginning to the last arrival."""
        return self.at_s[-1] if self.at_s else 0.0

    @property
    def rate(self) -> float:
        """Arrivals a second, on the average; 0 for fewer than two."""
        return len(self.at_s) / self.seconds if self.seconds else 0.0


def poisson(*, rate: float, seconds: float, seed: int) -> Trace:
    """Poisson arrivals: independent exponential gaps. Raises ConfigError for a rate or time that is not positive."""
    _check(rate, seconds)
    dice = random.Random(f"{seed}/arrivals")  # noqa: S311 - a load, and reproducible on purpose
    at, found = dice.expovariate(rate), []
    while at < seconds:
        found.append(at)
        at += dice.expovariate(rate)
    return Trace(at_s=tuple(found), origin=f"Poisson, {rate:g}/s for {seconds:g} s, seed {seed}")


def constant(*, rate: float, seconds: float) -> Trace:
    """Arrivals at equal distances, the first after one of them. Raises ConfigError."""
    _check(rate, seconds)
    count = math.floor(rate * seconds + 1e-9)
    return Trace(at_s=tuple((k + 1) / rate for k in range(count)), origin=f"constant, {rate:g}/s for {seconds:g} s")


def read_trace(path: Path) -> Trace:
    """A trace from a file: one arrival a line, in seconds, in order. Raises ConfigError naming the line."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(
            f"The trace {path} cannot be read: {reason}.",
            cause="a wrong path, or no right to read it",
            remedy="name a file with one arrival a line, in seconds",
        ) from error
    times: list[float] = []
    column = 0
    for number, row in enumerate(csv.reader(lines), start=1):
        if not row or row[0].lstrip().startswith("#"):
            continue
        if not times and COLUMN in row:
            column = row.index(COLUMN)
            continue
        times.append(_time(row, column, times, f"{path}, line {number}"))
    if not times:
        raise ConfigError(
            f"The trace {path} has no arrivals.", cause="an empty file", remedy="write one arrival a line, in seconds"
        )
    return Trace(at_s=tuple(times), origin=path.name)


def write_trace(path: Path, trace: Trace) -> None:
    """Write a trace so that `read_trace` gives the same numbers again."""
    path.write_text("\n".join([COLUMN, *(repr(at) for at in trace.at_s)]) + "\n", encoding="utf-8")


def _time(row: Sequence[str], column: int, before: Sequence[float], where: str) -> float:
    try:
        at = float(row[column])
    except (IndexError, ValueError):
        at = math.nan
    if not (math.isfinite(at) and at >= 0):
        raise ConfigError(
            f"{where}: {','.join(row)!r} is no time.",
            cause="something else than seconds, or a negative time",
            remedy=f"write seconds from the beginning, e.g. 12.5; a head line may name the column {COLUMN}",
        )
    if before and at < before[-1]:
        raise ConfigError(
            f"{where}: {at:g} s comes after {before[-1]:g} s.",
            cause="the trace is out of order",
            remedy="sort the file by time",
        )
    if len(before) >= MOST:
        raise ConfigError(
            f"{where}: a trace has at most {MOST:,} arrivals.",
            cause="a trace for another purpose",
            remedy="replay it in parts",
        )
    return at


def _check(rate: float, seconds: float) -> None:
    for name, value in (("rate", rate), ("seconds", seconds)):
        if not (math.isfinite(value) and value > 0):
            raise ConfigError(
                f"--{name} cannot be {value:g}.", cause="a slip of the pen", remedy="give a number above zero"
            )
    if rate * seconds > MOST:
        raise ConfigError(
            f"{rate:g}/s for {seconds:g} s are more than {MOST:,} arrivals.",
            cause="a rate or a time too large by a factor",
            remedy="give less of one of them",
        )
