"""Crews: who sets the stage of a plan's cases, one for each kind of thing that can be under test.

A plan names its crew by its stage: `counter` for a HIS adapter, `machine` for an encryption machine, `scanner` for a
scanner box, `centre` for a voucher centre, `mobile` for a mobile-payment centre. The crew says which devices the bench
must have, attaches drivers to them, and gives every case its stage; the run does the rest.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from harness.bench.bench import Bench
from harness.bench.config import BenchFile
from harness.judge.plan import Plan, StageKind
from harness.scenarios.stage import Stage


class Crew(Protocol):
    """Sets the stage for one run's cases, on a bench that is up."""

    @property
    def lives_on(self) -> bool:
        """Whether what is under test lives on from case to case, so that each case is a working day of its own."""
        ...

    @property
    def about(self) -> Mapping[str, str]:
        """`name` and `version` of what is under test, as it said itself; empty until it has."""
        ...

    def attach(self) -> None:
        """Attach drivers to the devices. Raises BenchError."""
        ...

    def begin(self, case: str, *, day: int) -> Stage:
        """The stage of a case, which is the `day`-th of the run from 0. Raises what the start of the subject raises."""
        ...

    def end_case(self) -> None:
        """End what does not outlive a case."""
        ...

    def is_lost(self, error: BaseException, *, on_stage: bool) -> bool:
        """Whether a case ran into this because there is nothing left to test; `on_stage`: after it had begun."""
        ...

    def close(self) -> None:
        """End everything that is attached; may be called twice."""
        ...


class CrewType(Protocol):
    """A kind of crew."""

    def __call__(self, bench: Bench, folder: Path) -> Crew:
        """A crew for a run whose files go to `folder`."""
        ...

    def check(self, file: BenchFile) -> None:
        """Find whatever keeps cases from being run on this bench. Raises ConfigError for the first."""
        ...

    def offers(self, file: BenchFile) -> frozenset[str]:
        """What the subject of this bench offers beyond the usual, by the names that a plan's `needs` uses."""
        ...


def crew_type(plan: Plan) -> CrewType:
    """The crew of a plan; only its own module is read, since another's drivers take a while."""
    match plan.stage:
        case StageKind.COUNTER:
            from harness.crews.counter import CounterCrew

            return CounterCrew
        case StageKind.MACHINE:
            from harness.crews.machine import MachineCrew

            return MachineCrew
        case StageKind.SCANNER:
            from harness.crews.scanner import ScannerCrew

            return ScannerCrew
        case StageKind.CENTRE:
            from harness.crews.centre import CentreCrew

            return CentreCrew
        case StageKind.MOBILE:
            from harness.crews.mobile import MobileCrew

            return MobileCrew
