"""A proof: where a quick one looks first, and that it looks everywhere before it lets a mutant live."""

from pathlib import Path
from typing import Any

import pytest

from harness.commands import proving
from harness.commands.proving import ProofOptions, prove
from harness.judge.plan import load_plan, plan_ids

KILL = [{"case": "c", "rule": "r"}]


class Certifications:
    """Stands in for the certifications: what each mutant would be caught in."""

    def __init__(self, caught_in: dict[str, str | None]) -> None:
        self.caught_in = caught_in
        self.asked: list[tuple[str, str | None]] = []

    def __call__(
        self, _options: ProofOptions, _family: object, name: str, folder: Path, *, case: str | None = None
    ) -> dict[str, Any]:
        self.asked.append((name, case))
        shows = self.caught_in.get(name)
        caught = name != proving.REFERENCE and shows is not None and case in (None, shows)
        return {"by": KILL if caught else [], "verdict": "passed", "passed": True, "run": folder.name}


@pytest.fixture
def hinted() -> tuple[str, str]:
    return next(iter(load_plan("pharmacy").shown_in.items()))


def proof_of(
    monkeypatch: pytest.MonkeyPatch, runs: Path, *, mutant: str, shows: str | None, quick: bool
) -> tuple[Certifications, bool]:
    stand_in = Certifications({mutant: shows})
    monkeypatch.setattr(proving, "_certify", stand_in)
    options = ProofOptions(plan="pharmacy", runs=runs, mutants=[mutant], workers=1, quick=quick)
    _, content = prove(options, lambda _name, _good: None)
    return stand_in, bool(content["mutants"][0]["killed"])


def test_a_quick_proof_looks_first_where_the_plan_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, hinted: tuple[str, str]
) -> None:
    mutant, case = hinted
    stand_in, killed = proof_of(monkeypatch, tmp_path, mutant=mutant, shows=case, quick=True)
    assert killed
    assert [asked for asked in stand_in.asked if asked[0] == mutant] == [(mutant, case)]


@pytest.mark.parametrize(("shows", "killed"), [("another case", True), (None, False)])
def test_and_everywhere_else_when_it_does_not_show_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, hinted: tuple[str, str], *, shows: str | None, killed: bool
) -> None:
    mutant, case = hinted
    stand_in, was_killed = proof_of(monkeypatch, tmp_path, mutant=mutant, shows=shows, quick=True)
    assert was_killed is killed
    assert [asked for asked in stand_in.asked if asked[0] == mutant] == [(mutant, case), (mutant, None)]


def test_a_whole_proof_runs_every_case(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, hinted: tuple[str, str]
) -> None:
    mutant, case = hinted
    stand_in, _ = proof_of(monkeypatch, tmp_path, mutant=mutant, shows=case, quick=False)
    assert [asked for asked in stand_in.asked if asked[0] == mutant] == [(mutant, None)]


@pytest.mark.parametrize("plan", plan_ids())
def test_the_plans_name_cases_of_their_own(plan: str) -> None:
    found = load_plan(plan)
    assert set(found.shown_in.values()) <= set(found.cases)
