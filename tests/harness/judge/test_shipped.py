"""A plan beside the one that ships: what was cut, made lighter or added counts, and what a bench may lack does not."""

from dataclasses import replace

from harness.judge.plan import VIRTUAL_SUBJECT, Plan, RuleTerms, Severity, load_plan
from harness.judge.shipped import PlanGap, plan_gap

PLAN = load_plan("pharmacy")
CASES, RULES = len(PLAN.cases), len(PLAN.rules)


def gap(plan: Plan) -> PlanGap | None:
    return plan_gap(plan.id, cases=plan.cases, left_out=plan.left_out, rules=plan.rules)


def test_the_shipped_plan_has_no_gap_whatever_the_bench_lacks() -> None:
    assert gap(PLAN) is None
    without = PLAN.for_subject_with(frozenset())
    assert without.left_out
    assert gap(without) is None
    machine = load_plan("encryption-machine")
    assert gap(machine.for_real_subject().for_subject_with(frozenset())) is None


def test_a_cut_plan_is_counted() -> None:
    rules = {name: terms for name, terms in PLAN.rules.items() if name != "case-holds"}
    found = gap(replace(PLAN, cases=PLAN.cases[:1], rules=rules))
    assert found is not None
    assert found.en == f"differs from the shipped plan: 1 of {CASES} cases, {RULES - 1} of {RULES} rules"
    assert found.zh == f"与随附计划不同：用例 1/{CASES}，规则 {RULES - 1}/{RULES}"


def test_a_rule_made_lighter_and_what_is_added_count() -> None:
    lighter = {"case-holds": RuleTerms(severity=Severity.MINOR, clause="none"), "mine": PLAN.rules["case-holds"]}
    found = gap(replace(PLAN, cases=(*PLAN.cases, "mine/case"), rules={**PLAN.rules, **lighter}))
    assert found is not None
    assert found.en.endswith(
        f"{CASES} of {CASES} cases and 1 of its own, {RULES - 1} of {RULES} rules and 1 of its own"
    )


def test_what_the_shipped_plan_does_not_let_out_is_missing() -> None:
    name = "pharmacy/purchase"
    kept = tuple(case for case in PLAN.cases if case != name)
    for lacks in ((), ("terminal",), (VIRTUAL_SUBJECT,)):
        found = gap(replace(PLAN, cases=kept, left_out={name: lacks}))
        assert found is not None
        assert found.cases == CASES - 1


def test_a_plan_that_does_not_ship_is_said_to() -> None:
    found = plan_gap("nosuch", cases=("a",), left_out={}, rules={})
    assert found is not None
    assert found.en == "differs from the shipped plan: no plan of that name ships"
    assert "没有同名的随附计划" in found.zh
