"""Coverage of the requirement catalogue: which requirement is cited by which case, and how those cases ended."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from fixtures import fixture
from harness.judge.verdict import RANK, CaseVerdict, Verdict


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """One requirement of `fixtures/requirements.toml`."""

    id: str
    source: str
    system: str
    area: str
    text: str


@cache
def requirements() -> dict[str, Requirement]:
    """The catalogue by id, in the order of the file."""
    with fixture("requirements.toml").open("rb") as file:
        rows = tomllib.load(file)["requirement"]
    return {row["id"]: Requirement(**row) for row in rows}


def covered(cases: Iterable[CaseVerdict]) -> dict[str, Verdict]:
    """The requirements that cases cite, each with the worst verdict of its cases."""
    found: dict[str, Verdict] = {}
    for case in cases:
        for requirement in case.requirements:
            worst = found.get(requirement, Verdict.PASSED)
            found[requirement] = max(worst, case.verdict, key=RANK.__getitem__)
    return found
