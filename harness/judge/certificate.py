"""What a run's verdict says, as `verdict.json` has it: a pure function of its charter and the verdicts of its cases."""

from collections.abc import Iterable, Sequence
from typing import Any

from harness.judge.charter import Charter, Scope
from harness.judge.shipped import PlanGap, plan_gap
from harness.judge.verdict import CaseVerdict, Verdict, plan_verdict


def verdict_content(
    charter: Charter, verdicts: Iterable[CaseVerdict], *, demanded: Sequence[str], tape_head: str
) -> dict[str, Any]:
    """What `verdict.json` holds; `demanded` are the charter's cases, or those that were begun where it names none.

    `certified`: every case that the plan demands of this bench passed. `restricted`: but the bench does not let the
    plan demand all, `left_out` says for want of what. `plan_differs`: how the plan was another one than the harness
    shipped when the run was made; empty when it was that.
    """
    verdict, counts = plan_verdict(demanded, verdicts)
    whole = charter.scope is Scope.PLAN
    certified = whole and verdict is Verdict.PASSED
    left_out = lacking(charter) if whole else {}
    return {
        "verdict": verdict.value,
        "plan": charter.plan,
        "scope": charter.scope.value,
        "cases": counts,
        "tape_head": tape_head,
        "certified": certified,
        "restricted": certified and bool(left_out),
        "left_out": left_out,
        "plan_differs": str(charter.told.get("plan_differs", "")),
    }


def lacking(charter: Charter) -> dict[str, list[str]]:
    """The cases left out, by the first thing that each lacks."""
    found: dict[str, list[str]] = {}
    for case, lacks in charter.left_out.items():
        found.setdefault(lacks[0] if lacks else "", []).append(case)
    return dict(sorted(found.items()))


def gap_of(charter: Charter) -> PlanGap | None:
    """How the charter's plan differs from the one that ships now. Raises ValueError for rules that are none."""
    return plan_gap(charter.plan, cases=charter.cases, left_out=charter.left_out, rules=charter.terms)
