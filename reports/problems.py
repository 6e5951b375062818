"""What cases ran into, for a terminal: each kind once, with its likely cause and what to try."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from rich.text import Text

from harness.judge.problems import Problem
from harness.judge.verdict import Finding
from reports.vocabulary import printable

SHOWN = 4
"""Kinds of problems that are explained."""


class Judged(Protocol):
    """A case with what a judge said of it."""

    @property
    def case(self) -> str:
        """Its id."""
        ...

    @property
    def first_seq(self) -> int:
        """Its first record."""
        ...

    @property
    def last_seq(self) -> int:
        """Its last record."""
        ...

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the rules found."""
        ...

    @property
    def inconclusive(self) -> tuple[str, ...]:
        """Why it is inconclusive."""
        ...


def problem_lines(problems: Sequence[Problem], cases: Iterable[Judged]) -> Iterator[Text]:
    """The lines for the problems that made a finding or a doubt of these cases."""
    kinds: dict[str, list[tuple[str, Problem]]] = {}
    for case in cases:
        for problem in _met(problems, case):
            kinds.setdefault(problem.doubt, []).append((case.case, problem))
    for met in list(kinds.values())[:SHOWN]:
        first, problem = met[0]
        others = len({name for name, _ in met}) - 1
        where = f"{first}{f' (+{others})' if others else ''}, #{problem.seq}"
        yield Text.assemble(("! ", "red"), printable(problem.problem), (f"  {where}", "dim"))
        for name, told in (("likely cause 可能原因", problem.cause), ("try 处理建议", problem.remedy)):
            yield Text.assemble((f"  {name}: ", "bold"), printable(told).replace("\n", "\n  "))
    if len(kinds) > SHOWN:
        yield Text(f"  +{len(kinds) - SHOWN}, see the report 见报告", style="red")


def _met(problems: Sequence[Problem], case: Judged) -> Iterator[Problem]:
    """A case's own problems that count; a check that did not hold is a finding that says it all itself."""
    found = {finding.seq for finding in case.findings}
    for problem in problems:
        counts = problem.seq in found or problem.doubt in case.inconclusive
        if counts and problem.blame != "assertion" and case.first_seq <= problem.seq <= case.last_seq:
            yield problem
