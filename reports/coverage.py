"""Which requirement of the catalogue is shown by which case of a run, and with what result."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from harness.judge.coverage import Requirement, requirements
from harness.judge.verdict import Verdict
from reports.run_folder import CaseResult, RunFolder

WORST = {Verdict.FAILED: 0, Verdict.INCONCLUSIVE: 1, Verdict.PASSED: 2}


class State(StrEnum):
    """What a run says of a requirement; the worst case that cites it decides."""

    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    PASSED = "passed"
    NOT_RUN = "not-run"
    """Cases of the plan cite it, and none of them ran this time."""
    LEFT_OUT = "left-out"
    """Cases of the plan cite it, and all of them are left out on this bench."""
    NOT_COVERED = "not-covered"
    """No case of the plan cites it."""


SILENT = (State.NOT_RUN, State.LEFT_OUT, State.NOT_COVERED)
"""Of these no case of the run says anything."""
RANK = {state: place for place, state in enumerate(SILENT, start=1)}


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

    def count(self, *states: State) -> int:
        """How many of the area's requirements are in one of these states."""
        return sum(c.state in states for c in self.covered)


def coverage(cases: Sequence[CaseResult], silent: Mapping[str, State] | None = None) -> tuple[Area, ...]:
    """The catalogue by area, what cases speak of first; ids that no catalogue knows follow in an area of their own.

    `silent` says of requirements that no case cites why that is; without, the plan does not cover them.
    """
    known = requirements()
    why = silent or {}
    strange = sorted({name for case in cases for name in case.requirements} - known.keys())
    extra = tuple(Requirement(id=name, source="", system="", area="unlisted", text="") for name in strange)
    areas: dict[str, list[Covered]] = {}
    for requirement in (*known.values(), *extra):
        citing = tuple(
            sorted((case for case in cases if requirement.id in case.requirements), key=lambda c: WORST[c.outcome])
        )
        state = _state(citing) if citing else why.get(requirement.id, State.NOT_COVERED)
        areas.setdefault(requirement.area, []).append(Covered(requirement=requirement, cases=citing, state=state))
    return tuple(
        Area(name=name, covered=tuple(sorted(covered, key=lambda c: RANK.get(c.state, 0))))
        for name, covered in areas.items()
    )


def silent_states(run: RunFolder, cited: Mapping[str, Iterable[str]]) -> dict[str, State]:
    """Why no case of a run speaks of a requirement, of those that the plan's cases cite; `cited` by the bare case."""
    out = {name for left in run.verdict.left_out for name in left.cases}
    ran = {case.case.partition("[")[0] for case in run.cases}
    found: dict[str, State] = {}
    for name in (*run.manifest.cases, *sorted(out)):
        bare = name.partition("[")[0]
        if bare in ran:
            continue
        for requirement in cited.get(bare, ()):
            state = State.LEFT_OUT if name in out else State.NOT_RUN
            if found.get(requirement) is not State.NOT_RUN:
                found[requirement] = state
    return found


def _state(citing: Sequence[CaseResult]) -> State:
    outcomes = {case.outcome for case in citing}
    if Verdict.FAILED in outcomes:
        return State.FAILED
    return State.INCONCLUSIVE if Verdict.INCONCLUSIVE in outcomes else State.PASSED
