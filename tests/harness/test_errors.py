"""Errors: the type says who is to blame, the text what to try."""

import pickle

import pytest

from harness import errors
from harness.errors import (
    BenchError,
    ConfigError,
    ExitStatus,
    LiantiaoError,
    NotOffered,
    PeerViolation,
    SimulatorDefect,
)

BLAME: dict[type[LiantiaoError], ExitStatus] = {
    ConfigError: ExitStatus.YOUR_CONFIGURATION,
    BenchError: ExitStatus.INCONCLUSIVE,
    NotOffered: ExitStatus.INCONCLUSIVE,
    PeerViolation: ExitStatus.FINDINGS,
    SimulatorDefect: ExitStatus.INCONCLUSIVE,
}


def test_every_error_is_listed_here() -> None:
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, LiantiaoError)}
    assert kinds - {LiantiaoError} == set(BLAME)


@pytest.mark.parametrize("kind", BLAME)
def test_an_error_tells_problem_cause_and_remedy(kind: type[LiantiaoError]) -> None:
    error = kind("It broke.", cause="a cable", remedy="plug it in")
    assert (error.problem, error.cause, error.remedy) == ("It broke.", "a cable", "plug it in")
    assert str(error).splitlines() == ["It broke.", "  likely cause: a cable", "  try: plug it in"]
    assert error.status is BLAME[kind]
    assert isinstance(error, LiantiaoError)


@pytest.mark.parametrize("kind", BLAME)
def test_an_error_survives_the_way_to_another_process(kind: type[LiantiaoError]) -> None:
    error = kind("It broke.", cause="a cable", remedy="plug it in")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert str(again) == str(error)


def test_exit_statuses_are_those_of_the_command_line() -> None:
    assert {status.name: status.value for status in ExitStatus} == {
        "CERTIFIED": 0,
        "FINDINGS": 1,
        "YOUR_CONFIGURATION": 2,
        "INCONCLUSIVE": 3,
    }
