"""Which requirement of the catalogue is covered by which case of a run, and with what result."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from harness.judge.coverage import Requirement, requirements
from harness.judge.verdict import Verdict
from reports.run_folder import CaseResult

WORST = {Verdict.FAILED: 0, Verdict.INCONCLUSIVE: 1, Verdict.PASSED: 2}


class State(StrEnum):
    """What a run says of a requirement; the worst case that cites it decides."""

    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    PASSED = "passed"
    NOT_COVERED = "not-covered"


@dataclass(frozen=True, kw_only=True)
class Covered:
    """A requirement with the cases that cite it, those first that did not pass."""

    requirement: Requirement
    cases: tuple[CaseResult, ...]
    state: State


@dataclass(frozen=True, kw_only=True)
class Area:
    """The requirements of one area."""

    name: str
    covered: tuple[Covered, ...]

    def count(self, state: State) -> int:
        """How many of the area's requirements are in a state."""
        return sum(c.state is state for c in self.covered)


def coverage(cases: Sequence[CaseResult]) -> tuple[Area, ...]:
    """The catalogue by area, what is covered first; ids that no catalogue knows follow in an area of their own."""
    known = requirements()
    strange = sorted({name for case in cases for name in case.requirements} - known.keys())
    extra = tuple(Requirement(id=name, source="", system="", area="unlisted", text="") for name in strange)
    areas: dict[str, list[Covered]] = {}
    for requirement in (*known.values(), *extra):
        citing = tuple(
            sorted((case for case in cases if requirement.id in case.requirements), key=lambda c: WORST[c.outcome])
        )
        areas.setdefault(requirement.area, []).append(
            Covered(requirement=requirement, cases=citing, state=_state(citing))
        )
    return tuple(
        Area(name=name, covered=tuple(sorted(covered, key=lambda c: c.state is State.NOT_COVERED)))
        for name, covered in areas.items()
    )


def _state(citing: Sequence[CaseResult]) -> State:
    if not citing:
        return State.NOT_COVERED
    outcomes = {case.outcome for case in citing}
    if Verdict.FAILED in outcomes:
        return State.FAILED
    return State.INCONCLUSIVE if Verdict.INCONCLUSIVE in outcomes else State.PASSED
