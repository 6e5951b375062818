"""Each requirement's state is that of its worst case, and the whole catalogue is shown."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.judge.coverage import requirements
from harness.judge.verdict import Verdict
from reports.coverage import State, coverage
from reports.run_folder import CaseResult, read_run_folder


@pytest.fixture
def case(run_folder: Path) -> CaseResult:
    return read_run_folder(run_folder).cases[0]


def states(*cases: CaseResult) -> dict[str, State]:
    return {c.requirement.id: c.state for area in coverage(cases) for c in area.covered}


def test_the_whole_catalogue_is_there_once(case: CaseResult) -> None:
    assert list(states(case)) == list(dict.fromkeys(states(case)))
    assert set(states(case)) == set(requirements())


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ([Verdict.PASSED], State.PASSED),
        ([Verdict.PASSED, Verdict.INCONCLUSIVE], State.INCONCLUSIVE),
        ([Verdict.INCONCLUSIVE, Verdict.FAILED, Verdict.PASSED], State.FAILED),
        ([], State.NOT_COVERED),
    ],
)
def test_the_worst_case_decides(case: CaseResult, outcomes: list[Verdict], state: State) -> None:
    found = states(*(replace(case, outcome=outcome) for outcome in outcomes))
    assert found["GS-PHARMACY"] is state
    assert found["QH-FACE"] is State.NOT_COVERED


def test_an_id_that_no_catalogue_knows_is_not_hidden(case: CaseResult) -> None:
    assert states(replace(case, requirements=("ACME-1",)))["ACME-1"] is State.PASSED
