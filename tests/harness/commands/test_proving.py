"""A proof: where a quick one looks first, and that it looks everywhere before it lets a mutant live."""

import sys
from pathlib import Path
from typing import Any, cast

import pytest

from harness.bench.registry import simulator_type
from harness.commands import proving
from harness.commands.family import Family
from harness.commands.proving import ProofOptions, proof_status, prove
from harness.errors import BenchError, ConfigError, ExitStatus
from harness.judge.plan import load_plan, plan_ids
from reports.prove import read_proof

KILL = [{"case": "c", "rule": "r"}]


class Certifications:
    """Stands in for the certifications: what each mutant would be caught in."""

    def __init__(self, caught_in: dict[str, str | None]) -> None:
        self.caught_in = caught_in
        self.asked: list[tuple[str, str | None]] = []
        self.under: dict[str, str] = {}
        """The profile of each run."""
        self.dirty: set[str] = set()
        """The references that do not pass."""

    def __call__(self, _options: ProofOptions, _family: object, run: proving._Run, folder: Path) -> dict[str, Any]:
        case = run.cases[0] if run.cases else None
        self.asked.append((run.name, case))
        self.under[run.name] = run.profile
        shows = self.caught_in.get(run.name)
        caught = bool(run.mutant) and shows is not None and case in (None, shows)
        passed = run.name not in self.dirty
        return {"by": KILL if caught else [], "verdict": "passed", "passed": passed, "run": folder.name}


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


IN_JIANGSU, ANYWHERE = "csb-signature-body", "float-money"


@pytest.mark.parametrize(("quick", "where"), [(True, "pharmacy/purchase"), (False, None)])
def test_a_mutant_with_a_profile_runs_under_it_and_the_reference_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, quick: bool, where: str | None
) -> None:
    stand_in = Certifications({IN_JIANGSU: "pharmacy/purchase", ANYWHERE: "pharmacy/code-expired"})
    monkeypatch.setattr(proving, "_certify", stand_in)
    options = ProofOptions(
        plan="pharmacy", runs=tmp_path, mutants=[IN_JIANGSU, ANYWHERE], workers=1, quick=quick, profile="shanxi"
    )
    _, content = prove(options, lambda _name, _good: None)
    assert stand_in.under == {
        "reference": "shanxi",
        "reference-jiangsu": "jiangsu",
        IN_JIANGSU: "jiangsu",
        ANYWHERE: "shanxi",
    }
    assert ("reference-jiangsu", where) in stand_in.asked
    assert [mutant.get("profile") for mutant in content["mutants"]] == ["jiangsu", None]
    assert proof_status(content) is ExitStatus.CERTIFIED
    assert content["profile"] == "shanxi"


@pytest.mark.parametrize("dirty", ["reference", "reference-jiangsu"])
def test_a_reference_that_is_not_clean_under_each_profile_proves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, dirty: str
) -> None:
    stand_in = Certifications({IN_JIANGSU: "pharmacy/purchase"})
    stand_in.dirty = {dirty}
    monkeypatch.setattr(proving, "_certify", stand_in)
    options = ProofOptions(plan="pharmacy", runs=tmp_path, mutants=[IN_JIANGSU], workers=1, quick=True)
    folder, content = prove(options, lambda _name, _good: None)
    assert proof_status(content) is ExitStatus.FINDINGS
    assert not read_proof(folder).holds


def test_the_profile_of_the_proof_is_the_reference_of_its_mutants(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stand_in = Certifications({IN_JIANGSU: "pharmacy/purchase"})
    monkeypatch.setattr(proving, "_certify", stand_in)
    options = ProofOptions(plan="pharmacy", runs=tmp_path, mutants=[IN_JIANGSU], workers=1, profile="jiangsu")
    prove(options, lambda _name, _good: None)
    assert stand_in.under == {"reference": "jiangsu", IN_JIANGSU: "jiangsu"}


def test_a_profile_that_does_not_exist_is_said_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="atlantis"):
        prove(ProofOptions(plan="pharmacy", runs=tmp_path, profile="atlantis"), lambda _name, _good: None)
    assert list(tmp_path.iterdir()) == []


LISTS = """
print("plain\\ttext\\t中文\\tshown")
print("with words only")
print("local\\ttext\\t中文\\tshown\\tprofile=jiangsu")
"""


def test_an_adapters_list_may_have_a_profile_as_its_last_column(tmp_path: Path) -> None:
    script = tmp_path / "adapter.py"
    script.write_text(LISTS, encoding="utf-8")
    listed = proving._listed([sys.executable, str(script)])
    assert {name: (one.text, one.profile) for name, one in listed.items()} == {
        "plain": ("text\t中文\tshown", ""),
        "with": ("words only", ""),
        "local": ("text\t中文\tshown", "jiangsu"),
    }
    script.write_text(LISTS.replace("jiangsu", "atlantis"), encoding="utf-8")
    with pytest.raises(ConfigError, match="atlantis"):
        proving._listed([sys.executable, str(script)])


class Words:
    """Stands in for the processes of certifications: notes their command lines."""

    def __init__(self) -> None:
        self.said: list[list[str]] = []

    def run(self, _work: object, *words: str, most_s: float) -> tuple[int, str]:
        assert most_s > 0
        self.said.append(list(words))
        return 2, "no bench"


@pytest.mark.parametrize(("profile", "named"), [("jiangsu", ["--profile", "jiangsu"]), ("", [])])
def test_a_certification_is_told_the_profile(tmp_path: Path, profile: str, named: list[str]) -> None:
    words = Words()
    run = proving._Run(name="m", profile=profile, cases=("a", "b"), mutant="m")
    with pytest.raises(BenchError, match="left no run"):
        proving._certify(ProofOptions(plan="pharmacy", quick=True), cast("Family", words), run, tmp_path)
    tail = words.said[0][words.said[0].index("--mutant") :]
    assert tail == ["--mutant", "m", "--until-finding", "--case", "a", "--case", "b", *named]


@pytest.mark.parametrize("plan", plan_ids())
def test_the_plans_name_cases_of_their_own(plan: str) -> None:
    found = load_plan(plan)
    assert set(found.shown_in.values()) <= set(found.cases)


BESIDE = "platform:books-twice"


def test_a_proof_takes_in_the_mutants_of_bystanders_that_the_plan_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stand_in = Certifications({})
    stand_in.caught_in = {ANYWHERE: "c", BESIDE: "c"}
    monkeypatch.setattr(proving, "_certify", stand_in)
    options = ProofOptions(plan="pharmacy", runs=tmp_path, mutants=[BESIDE], workers=1)
    _, content = prove(options, lambda _name, _good: None)
    (mutant,) = content["mutants"]
    assert (mutant["name"], mutant["text"], mutant["killed"]) == (BESIDE, "Books a settlement twice.", True)
    assert ":" not in mutant["run"]


def test_a_proof_beyond_another_plans_leaves_that_plans_mutants_to_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(proving, "_certify", Certifications({}))
    proved = {}
    for name, beyond in (("pharmacy", None), ("hall", None), ("hall", "pharmacy")):
        options = ProofOptions(plan=name, beyond=beyond, runs=tmp_path, workers=1, quick=True)
        _, content = prove(options, lambda _name, _good: None)
        proved[name, beyond] = {mutant["name"] for mutant in content["mutants"]}
        assert content["beyond"] == beyond
    left_out = proved["hall", None] & proved["pharmacy", None]
    assert left_out
    assert proved["hall", "pharmacy"] == proved["hall", None] - left_out


@pytest.mark.parametrize("plan", plan_ids())
def test_the_bystanders_of_a_plan_exist(plan: str) -> None:
    for kind, names in load_plan(plan).bystanders.items():
        offered = getattr(simulator_type(kind), "mutants", {})
        assert set(names) <= set(offered)
        assert len(set(names)) == len(names)
