"""Verdicts: three outcomes, the worst wins, and nothing passes that was not seen."""

import json
from collections.abc import Callable

import pytest

from harness.clock import BenchClock
from harness.judge.history import CaseHistory, read_histories
from harness.judge.plan import RuleTerms, Severity
from harness.judge.verdict import CaseVerdict, Verdict, judge_case, plan_verdict
from harness.line.record import JsonValue
from harness.line.tape import Tape

TERMS = {
    "case-holds": RuleTerms(severity=Severity.MAJOR, clause="the case's own checks"),
    "protocol-kept": RuleTerms(severity=Severity.MAJOR, clause="counter port"),
}
FAULT: dict[str, JsonValue] = {"party": "platform", "message": "2102", "effect": "lose-reply", "nth": 1}


def history(*write: Callable[[Tape], object], ended: bool = True) -> CaseHistory:
    tape = Tape(BenchClock())
    tape.event("bench", "run", plan="p")
    tape.event("case", "case-start", case="p/one", title="One", requirements=["GS-PHARMACY"])
    for act in write:
        act(tape)
    if ended:
        tape.event("case", "case-end")
    (found,) = read_histories(tape.recent())
    return found


def verdict(*write: Callable[[Tape], object], ended: bool = True) -> CaseVerdict:
    return judge_case(history(*write, ended=ended), TERMS)


def test_a_case_without_a_finding_or_doubt_passed() -> None:
    found = verdict()
    assert found.verdict is Verdict.PASSED
    assert found.requirements == ("GS-PHARMACY",)
    assert (found.first_seq, found.last_seq) == (1, 2)


def test_an_assertion_is_a_finding_at_its_record() -> None:
    found = verdict(lambda tape: tape.event("case", "problem", blame="assertion", problem="1 == 2"))
    assert found.verdict is Verdict.FAILED
    (finding,) = found.findings
    assert (finding.rule, finding.seq, finding.seen) == ("case-holds", 2, "1 == 2")
    assert finding.clause == "the case's own checks"


@pytest.mark.parametrize("blame", ["BenchError", "SimulatorDefect", "ConfigError"])
def test_a_problem_of_ours_is_inconclusive(blame: str) -> None:
    found = verdict(lambda tape: tape.event("case", "problem", blame=blame, problem="no disk"))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.inconclusive == (f"{blame}: no disk",)


def test_a_defect_of_a_stand_in_is_inconclusive() -> None:
    found = verdict(lambda tape: tape.event("platform", "problem", blame="SimulatorDefect", problem="it fell over"))
    assert found.verdict is Verdict.INCONCLUSIVE


def test_a_fault_that_never_happened_is_inconclusive() -> None:
    found = verdict(lambda tape: tape.event("platform", "fault-scheduled", **FAULT))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "never happened" in found.inconclusive[0]
    assert found.faults[0]["fired"] is False


def test_a_witnessed_fault_counts_once() -> None:
    found = verdict(
        lambda tape: tape.event("platform", "fault-scheduled", **FAULT),
        lambda tape: tape.event("platform", "fault-scheduled", **FAULT),
        lambda tape: tape.event("platform", "fault-fired", **FAULT),
    )
    assert [fault["fired"] for fault in found.faults] == [True, False]
    assert found.verdict is Verdict.INCONCLUSIVE


def test_a_fault_that_changed_nothing_is_inconclusive() -> None:
    found = verdict(
        lambda tape: tape.event("platform", "fault-scheduled", **FAULT),
        lambda tape: tape.event("platform", "fault-fired", **FAULT),
        lambda tape: tape.event("platform", "fault-without-effect", effect="another-split", message="2102"),
    )
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.inconclusive == ("the fault another-split on platform 2102 changed nothing there",)


def test_a_case_whose_end_is_missing_is_inconclusive() -> None:
    assert verdict(ended=False).verdict is Verdict.INCONCLUSIVE


def test_of_a_case_that_the_tape_breaks_off_nobody_is_accused() -> None:
    """What has no answer there may have got one; after a power cut for instance."""
    found = verdict(lambda tape: tape.event("case", "problem", blame="assertion", problem="1 == 2"), ended=False)
    assert (found.verdict, found.findings) == (Verdict.INCONCLUSIVE, ())
    assert found.inconclusive == ("the tape ends before the case does",)


def test_a_finding_outranks_a_doubt() -> None:
    found = verdict(
        lambda tape: tape.event("case", "problem", blame="BenchError", problem="no disk"),
        lambda tape: tape.event("case", "problem", blame="PeerViolation", problem="rubbish"),
    )
    assert found.verdict is Verdict.FAILED
    assert found.inconclusive


def test_the_same_history_gives_the_same_line() -> None:
    story = history(lambda tape: tape.event("case", "problem", blame="assertion", problem="药"))
    first, second = judge_case(story, TERMS).line(), judge_case(story, TERMS).line()
    assert first == second
    assert json.loads(first)["findings"][0]["seen"] == "药"


def one(name: str, outcome: Verdict) -> CaseVerdict:
    return CaseVerdict(
        case=name,
        title=name,
        verdict=outcome,
        requirements=(),
        first_seq=0,
        last_seq=0,
        findings=(),
        inconclusive=(),
        faults=(),
        elapsed_ms=0,
    )


@pytest.mark.parametrize(
    ("demanded", "outcomes", "expected"),
    [
        (["a"], {"a": Verdict.PASSED}, Verdict.PASSED),
        (["a", "b"], {"a": Verdict.PASSED}, Verdict.INCONCLUSIVE),
        (["a"], {"a": Verdict.INCONCLUSIVE}, Verdict.INCONCLUSIVE),
        (["a", "b"], {"a": Verdict.INCONCLUSIVE, "b": Verdict.FAILED}, Verdict.FAILED),
        ([], {}, Verdict.INCONCLUSIVE),
    ],
)
def test_a_plan_passes_only_whole(demanded: list[str], outcomes: dict[str, Verdict], expected: Verdict) -> None:
    found, counts = plan_verdict(demanded, [one(name, outcome) for name, outcome in outcomes.items()])
    assert found is expected
    assert counts["missing"] == [name for name in demanded if name not in outcomes]
