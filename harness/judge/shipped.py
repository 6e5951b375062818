"""A run's plan beside the plan of the same name that ships: a certificate of a plan that was cut says so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.errors import ConfigError
from harness.judge.plan import VIRTUAL_SUBJECT, Plan, RuleTerms, load_plan


@dataclass(frozen=True, kw_only=True)
class PlanGap:
    """How much of the shipped plan another one holds; `total` 0 when no plan of that name ships."""

    cases: int = 0
    """The shipped cases that it demands, or leaves out where the shipped plan lets it."""
    total_cases: int = 0
    other_cases: int = 0
    """Cases that the shipped plan does not have."""
    rules: int = 0
    """The shipped rules that it has with the same severity and clause."""
    total_rules: int = 0
    other_rules: int = 0
    """Rules that the shipped plan does not have."""

    @property
    def whole(self) -> bool:
        """Whether the two are the same."""
        same = (self.cases, self.rules) == (self.total_cases, self.total_rules)
        return same and not self.other_cases and not self.other_rules and bool(self.total_cases)

    @property
    def en(self) -> str:
        """The sentence: `differs from the shipped plan: 1 of 106 cases, 46 of 47 rules`."""
        if not self.total_cases:
            return "differs from the shipped plan: no plan of that name ships"
        cases = f"{self.cases} of {self.total_cases} cases{_more(self.other_cases)}"
        rules = f"{self.rules} of {self.total_rules} rules{_more(self.other_rules)}"
        return f"differs from the shipped plan: {cases}, {rules}"

    @property
    def zh(self) -> str:
        """The same in Chinese."""
        if not self.total_cases:
            return "与随附计划不同：没有同名的随附计划"
        cases = f"用例 {self.cases}/{self.total_cases}{_more_zh(self.other_cases)}"
        return f"与随附计划不同：{cases}，规则 {self.rules}/{self.total_rules}{_more_zh(self.other_rules)}"


def plan_gap(
    plan: str, *, cases: Sequence[str], left_out: Mapping[str, Sequence[str]], rules: Mapping[str, RuleTerms]
) -> PlanGap | None:
    """How a plan differs from the one of its name that ships; None when it does not.

    A case counts as held where the shipped plan lets a bench leave it out for the very reason given.
    """
    try:
        shipped = load_plan(plan)
    except ConfigError:
        return PlanGap()
    held = {*cases, *(case for case, lacks in left_out.items() if _may_lack(shipped, case, lacks))}
    known = set(shipped.cases)
    gap = PlanGap(
        cases=len(known & held),
        total_cases=len(known),
        other_cases=len({*cases, *left_out} - known),
        rules=sum(rules.get(name) == terms for name, terms in shipped.rules.items()),
        total_rules=len(shipped.rules),
        other_rules=len(rules.keys() - shipped.rules.keys()),
    )
    return None if gap.whole else gap


def _may_lack(shipped: Plan, case: str, lacks: Sequence[str]) -> bool:
    """Whether the shipped plan lets a bench leave a case out for want of this."""
    allowed = {*shipped.needs_of(case), *([VIRTUAL_SUBJECT] if shipped.is_virtual_only(case) else [])}
    return bool(lacks) and allowed.issuperset(lacks)


def _more(count: int) -> str:
    return f" and {count} of its own" if count else ""


def _more_zh(count: int) -> str:
    return f"（另有 {count} 项自有）" if count else ""
