"""Faults on a schedule: what breaks, when and for how long, as a scenario's [[what_if.fault]] says.

What a fault does to the model is in `simulators.clinic.breaking`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from harness.errors import ConfigError
from simulators.clinic.sites import PLATFORM, bank_names

EVERY_BANK = "all"
HOUR = 3600
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")


class FaultKind(StrEnum):
    """What can break."""

    MACHINE_FAILS = "machine-fails"
    PLATFORM_SLOWS = "platform-slows"
    LINE_CUT = "line-cut"
    BANK_STOPS = "bank-stops"
    WINDOWS_CLOSE = "windows-close"


_MAY = {
    FaultKind.MACHINE_FAILS: {"bank", "machines"},
    FaultKind.PLATFORM_SLOWS: {"factor"},
    FaultKind.LINE_CUT: {"bank"},
    FaultKind.BANK_STOPS: {"bank"},
    FaultKind.WINDOWS_CLOSE: {"share"},
}


class Asked(Protocol):
    """What a fault is checked against."""

    def number(self, key: str) -> float:
        """A number of the scenario."""
        ...

    def shares(self, key: str) -> tuple[float, ...]:
        """A list of the scenario."""
        ...


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A disturbance at a clock time."""

    kind: FaultKind
    at: float
    """Seconds since midnight."""
    seconds: float
    """How long it lasts."""
    bank: str = EVERY_BANK
    machines: int = 1
    """How many encryption machines fail."""
    factor: float = 4.0
    """How many times slower the platform is."""
    share: float = 0.5
    """Share of the windows of every hospital that close."""

    @property
    def until(self) -> float:
        """When it is over, in seconds since midnight."""
        return self.at + self.seconds

    def banks(self, scenario: Asked) -> tuple[str, ...]:
        """The banks it hits."""
        names = bank_names(len(scenario.shares("bank.split")))
        return names if self.bank == EVERY_BANK else (self.bank,)

    def check(self, scenario: Asked) -> None:
        """Raises ConfigError when the scenario has no such bank, machine or hour."""
        names = bank_names(len(scenario.shares("bank.split")))
        known = (*names, EVERY_BANK, *((PLATFORM,) if self.kind is FaultKind.MACHINE_FAILS else ()))
        if self.bank not in known:
            raise _wrong(f"{self.kind} names the bank {self.bank!r}", f"use one of: {', '.join(known)}")
        owned = scenario.number("platform.machines" if self.bank == PLATFORM else "bank.machines")
        if self.kind is FaultKind.MACHINE_FAILS and not 1 <= self.machines <= owned:
            raise _wrong(
                f"{self.kind} lets {self.machines} machines fail where there are {owned:g}",
                f"set machines between 1 and {owned:g}",
            )
        if not scenario.number("day.from") * HOUR <= self.at < scenario.number("day.until") * HOUR:
            raise _wrong(
                f"{self.kind} happens at {clock(self.at)}, outside of the day",
                f"choose a time between {clock(scenario.number('day.from') * HOUR)} and "
                f"{clock(scenario.number('day.until') * HOUR)}",
            )


def read_fault(raw: Mapping[str, object], where: str) -> Fault:
    """A fault from a table. Raises ConfigError that names the key."""
    kinds = [kind.value for kind in FaultKind]
    if raw.get("kind") not in kinds:
        raise _wrong(f"{where}: there is no fault {raw.get('kind')!r}", f"set kind to one of: {', '.join(kinds)}")
    kind = FaultKind(str(raw["kind"]))
    may = {"kind", "at", "minutes", *_MAY[kind]}
    strange = set(raw) - may
    if strange:
        raise _wrong(f"{where}: {kind} has no {', '.join(sorted(strange))}", f"it may have {', '.join(sorted(may))}")
    found = _CLOCK.fullmatch(str(raw.get("at", "")))
    if not found or int(found[1]) > 23 or int(found[2]) > 59:
        raise _wrong(f"{where}: {kind} has at = {raw.get('at')!r}", 'write a clock time, e.g. at = "10:00"')
    numbers: dict[str, float] = {}
    for key, default, least, most in (
        ("minutes", None, 0.0, 1440.0),
        ("machines", 1, 1, 10_000),
        ("factor", 4.0, 1.0, 10_000.0),
        ("share", 0.5, 0.0, 1.0),
    ):
        value = raw.get(key, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
            raise _wrong(f"{where}: {kind} has {key} = {value!r}", f"give a number between {least:g} and {most:g}")
        numbers[key] = float(value)
    return Fault(
        kind=kind,
        at=int(found[1]) * 3600 + int(found[2]) * 60 + int(found[3] or 0),
        seconds=numbers["minutes"] * 60,
        bank=str(raw.get("bank", EVERY_BANK)),
        machines=int(numbers["machines"]),
        factor=numbers["factor"],
        share=numbers["share"],
    )


def clock(seconds: float) -> str:
    """Seconds since midnight as a clock time, `10:00`."""
    minutes = round(seconds / 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _wrong(problem: str, remedy: str) -> ConfigError:
    return ConfigError(f"{problem}.", cause="a slip of the pen, or a value of another scenario", remedy=remedy)
