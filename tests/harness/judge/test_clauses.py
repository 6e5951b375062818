"""Every clause of a plan's rules cites something that is there: a requirement, or a place in the page of sources."""

import re

import pytest

from harness.judge.coverage import requirements
from harness.judge.plan import load_plan, plan_ids
from tests.pages import DOCS

PAGE = (DOCS / "sources.md").read_text(encoding="utf-8")
CITED = re.compile(r"§([0-9.]+)(?:\(([0-9]+)\))?")
FAMILIES = "|".join({name.partition("-")[0] for name in requirements()})
REQUIREMENT = re.compile(rf"\b(?:{FAMILIES})-[A-Z0-9]+(?:-[A-Z0-9]+)*\b")
CLAUSES = [(plan, name, terms.clause) for plan in plan_ids() for name, terms in load_plan(plan).rules.items()]


def is_there(place: str, part: str) -> bool:
    """Whether the page has a place: a section, or a part of one that it names in brackets."""
    if place == "9":
        return "§9" in PAGE
    if place == "8":
        return f"§8({part})" in PAGE or f"({part})" in PAGE
    row = re.search(rf"^\| {re.escape(place)} \|(.*)$", PAGE, re.MULTILINE)
    return row is not None and (not part or f"({part})" in row[1])


@pytest.mark.parametrize(("plan", "rule", "clause"), CLAUSES, ids=[f"{plan}/{rule}" for plan, rule, _ in CLAUSES])
def test_what_a_clause_cites_is_there(plan: str, rule: str, clause: str) -> None:
    places = CITED.findall(clause.replace("4.1-4.8", "4.1"))
    assert all(is_there(place.rstrip("."), part) for place, part in places), places
    named = REQUIREMENT.findall(clause)
    assert all(name in requirements() for name in named), named
    assert clause.strip(), (plan, rule)
