"""The plans that ship: every rule and case they name exists, every requirement cited is in the catalogue."""

import subprocess
import sys

import pytest

from harness.errors import ConfigError
from harness.judge.coverage import covered, requirements
from harness.judge.plan import load_plan, plan_ids
from harness.judge.verdict import CaseVerdict, Verdict
from harness.rules.registry import all_rules

COLLECT = """
import sys, pytest
from harness.commands.running import SUITES
from harness.pytest_plugin import case_id, head_of
class Seen:
    def pytest_collection_finish(self, session):
        for item in session.items:
            print("CASE", case_id(item), ",".join(head_of(item).requirements))
arguments = ["--collect-only", "-q", "-c", str(SUITES / "pytest.ini"), "--rootdir", str(SUITES)]
arguments += ["-p", "no:cacheprovider"]
sys.exit(pytest.main([str(SUITES / sys.argv[1]), *arguments], plugins=[Seen()]))
"""


@pytest.fixture(scope="module", params=plan_ids())
def collected(request: pytest.FixtureRequest) -> tuple[str, dict[str, list[str]]]:
    plan = load_plan(request.param)
    done = subprocess.run([sys.executable, "-c", COLLECT, plan.suite], capture_output=True, text=True, check=True)
    rows = [line.split(" ") for line in done.stdout.splitlines() if line.startswith("CASE ")]
    return request.param, {row[1]: row[2].split(",") for row in rows}


def test_the_plan_demands_exactly_the_cases_of_its_suite(collected: tuple[str, dict[str, list[str]]]) -> None:
    plan, cases = collected
    assert set(load_plan(plan).cases) == set(cases)
    assert len(set(load_plan(plan).cases)) == len(load_plan(plan).cases)


def test_every_case_cites_known_requirements(collected: tuple[str, dict[str, list[str]]]) -> None:
    _, cases = collected
    for case, cited in cases.items():
        assert cited, case
        assert not set(cited) - set(requirements()), case


@pytest.mark.parametrize("plan", plan_ids())
def test_every_rule_of_a_plan_exists(plan: str) -> None:
    assert set(load_plan(plan).rules) <= set(all_rules())


def test_no_rule_is_forgotten_by_all_plans() -> None:
    assert {rule for plan in plan_ids() for rule in load_plan(plan).rules} == set(all_rules())


def test_an_unknown_plan_is_named() -> None:
    with pytest.raises(ConfigError, match="pharmcy"):
        load_plan("pharmcy")


def test_coverage_is_the_worst_of_its_cases() -> None:
    def case(name: str, outcome: Verdict, *cited: str) -> CaseVerdict:
        return CaseVerdict(
            case=name,
            title=name,
            verdict=outcome,
            requirements=cited,
            first_seq=0,
            last_seq=0,
            findings=(),
            inconclusive=(),
            faults=(),
            elapsed_ms=0,
        )

    found = covered(
        [case("a", Verdict.PASSED, "X", "Y"), case("b", Verdict.FAILED, "X"), case("c", Verdict.PASSED, "X")]
    )
    assert found == {"X": Verdict.FAILED, "Y": Verdict.PASSED}


def test_a_real_subject_is_not_asked_for_faults_that_only_a_virtual_one_has() -> None:
    plan = load_plan("encryption-machine")
    real = plan.for_real_subject()
    assert set(real.cases) | set(real.left_out) == set(plan.cases)
    assert "encryption-machine/line-fault[silence]" in real.left_out
    assert "encryption-machine/sign[1]" in real.cases
    assert {case.partition("[")[0] for case in real.left_out} == set(plan.virtual_only)


def test_a_case_that_needs_what_the_subject_lacks_is_left_out() -> None:
    plan = load_plan("encryption-machine")
    everything = frozenset(name for names in plan.needs.values() for name in names)
    assert plan.for_subject_with(everything).cases == plan.cases
    without = plan.for_subject_with(everything - {"MoveKey", "header"})
    assert "encryption-machine/move-key" in {case.partition("[")[0] for case in without.left_out}
    assert "encryption-machine/line-fault[wrong-header]" in without.left_out
    assert "encryption-machine/line-fault[silence]" in without.cases
