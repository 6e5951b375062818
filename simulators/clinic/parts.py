"""What the model consists of: machines, fronts, places, and the records that a day leaves."""

import math
from array import array
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from simulators.clinic.kernel import Kernel, Reserved, Station
from simulators.clinic.scenario import Scenario


class Outcome(IntEnum):
    """What became of a patient."""

    OPEN = 0
    SETTLED = 1
    LEFT = 2
    """Patience ended in the queue."""
    CASH = 3
    """Paid otherwise, after refusals or time-outs."""
    UNSERVED = 4
    """Still there when the day was cut off."""


@dataclass(kw_only=True)
class Tally:
    """How often it happened in one day."""

    time_outs: int = 0
    """Requests without an answer in time: outcome unknown."""
    reversals: int = 0
    """Reversals sent."""
    expired: int = 0
    """Codes that were too old when the platform looked."""
    unavailable: int = 0
    """Requests refused at once because every machine was known to be dead."""
    dead_calls: int = 0
    """Calls to a machine that was dead and not yet known to be."""
    lost: int = 0
    """Requests or answers lost on a cut line, or that could not be signed or verified."""
    late_answers: int = 0
    """Answers for which nobody waited any more."""
    overtaken: int = 0
    """Requests that reached the bank after their own reversal, and were refused."""


class Record:
    """What happened, by patient; times in seconds since midnight, NaN where it never came to that."""

    def __init__(self, count: int) -> None:
        nothing = array("d", [math.nan]) * count
        self.starts = nothing[:]
        """When a counter was free."""
        self.asked = nothing[:]
        """When the code was scanned for the request that was answered in the end."""
        self.told = nothing[:]
        """When its answer came, or when it was given up for good."""
        self.ends = nothing
        """When the person left."""
        self.outcomes = bytearray(count)
        self.tries = bytearray(count)
        """Settlement requests sent; 1 when all went well."""


class Machines:
    """The encryption machines of one party, as sessions: each does one operation at a time."""

    def __init__(self, kernel: Kernel, *, count: int, sessions: int, time_out: float) -> None:
        self.count = count
        self.sessions = sessions
        self.time_out = time_out
        """Seconds after which a call to a dead machine is given up."""
        self.dead = 0
        self.dark = 0
        """How many of the dead still get calls."""
        self.station = Reserved(kernel, count * sessions)

    def fail(self, machines: int) -> None:
        """So many more are dead from now on, and nobody knows yet."""
        self.dead += machines
        self.dark += machines
        self.station.set_capacity((self.count - self.dead) * self.sessions)

    def detect(self, machines: int) -> None:
        """So many of the dead get no more calls."""
        self.dark = max(0, self.dark - machines)

    def restore(self, machines: int) -> None:
        """So many work again."""
        self.dead -= machines
        self.dark = min(self.dark, self.dead)
        self.station.set_capacity((self.count - self.dead) * self.sessions)


class Front:
    """A bank's security front: its encryption machines, its sessions to the platform and to the bank's core."""

    def __init__(self, kernel: Kernel, scenario: Scenario) -> None:
        self.machines = Machines(
            kernel,
            count=scenario.whole("bank.machines"),
            sessions=scenario.whole("bank.machine_sessions"),
            time_out=scenario.number("machine.time_out"),
        )
        self.sessions = Station(kernel, scenario.whole("bank.platform_sessions"))
        self.debits = Station(kernel, scenario.whole("bank.debit_sessions"))
        self.cuts = 0
        """How many faults cut the line to the platform just now."""

    def is_cut(self) -> bool:
        """Whether nothing gets through to the platform."""
        return self.cuts > 0


class Place(NamedTuple):
    """A spot with its servers."""

    counter: Station
    his: Station | None
    front: Front


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The accounts of the stations at one moment: server-seconds of work and customer-seconds in the queue."""

    at: float
    busy: tuple[float, ...]
    queued: tuple[float, ...]
    capacity: tuple[int, ...]


@dataclass(kw_only=True)
class Ledger:
    """What the platform booked and what was undone; by patient."""

    live: bytearray
    """Settlements that stand."""
    last: bytearray
    """The try that was booked last, counted from 1."""
    reversed_first: set[tuple[int, int]] = field(default_factory=set)
    """Tries whose reversal came before they did."""

    def book(self, patient: int, number: int) -> bool:
        """Book a try, unless its reversal has come already."""
        if self.reversed_first and (patient, number) in self.reversed_first:
            return False
        self.live[patient] += 1
        self.last[patient] = number + 1
        return True

    def reverse(self, patient: int, number: int) -> None:
        """Undo a try, or see to it that it is never booked; a second reversal changes nothing."""
        if (patient, number) in self.reversed_first:
            return
        self.reversed_first.add((patient, number))
        if self.live[patient] and self.last[patient] == number + 1:
            self.live[patient] -= 1
