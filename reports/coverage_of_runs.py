"""The requirement catalogue over several runs: which plan's cases show each requirement, as a page and as a table.

    liantiao coverage runs/*-pharmacy runs/*-hospital runs/*-voucher --area settlement

A requirement is shown when a case that cites it passed, in every run given, and none of them failed.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.errors import ConfigError, ExitStatus
from harness.judge.coverage import requirements
from reports.coverage import Area, Covered, State, coverage
from reports.html import render
from reports.run_folder import RunFolder, read_run_folder
from reports.vocabulary import AREAS, OUTCOMES, both

PAGE = "coverage.html"
STYLES = {State.PASSED: "green", State.FAILED: "bold red", State.INCONCLUSIVE: "yellow", State.NOT_COVERED: "dim"}


@dataclass(frozen=True, kw_only=True)
class CoverageOfRuns:
    """What some runs show together."""

    runs: tuple[RunFolder, ...]
    areas: tuple[Area, ...]

    @property
    def status(self) -> ExitStatus:
        """Certified when every requirement of the areas is shown; findings outrank what is not covered."""
        states = {covered.state for area in self.areas for covered in area.covered}
        if State.FAILED in states:
            return ExitStatus.FINDINGS
        whole = states == {State.PASSED} and not any(run.gaps for run in self.runs)
        return ExitStatus.CERTIFIED if whole else ExitStatus.INCONCLUSIVE


def coverage_of_runs(folders: Sequence[Path], areas: Iterable[str] = ()) -> CoverageOfRuns:
    """Read some runs' folders; of all areas, or only of these. Raises ConfigError for no run or an unknown area."""
    wanted = tuple(areas)
    known = dict.fromkeys(requirement.area for requirement in requirements().values())
    if strange := [area for area in wanted if area not in known]:
        raise ConfigError(
            f"There is no area {strange[0]!r} in the requirement catalogue.",
            cause="a slip of the pen",
            remedy=f"use one of: {', '.join(known)}",
        )
    runs = tuple(read_run_folder(folder) for folder in folders)
    cases = tuple(chain.from_iterable(run.cases for run in runs))
    found = coverage(cases)
    return CoverageOfRuns(runs=runs, areas=tuple(area for area in found if not wanted or area.name in wanted))


def plans_of(covered: Covered) -> dict[str, int]:
    """How many cases of each plan cite a requirement; the plan is the case's first word."""
    return dict(Counter(case.partition("/")[0] for case in {case.case: None for case in covered.cases}))


def write_coverage(found: CoverageOfRuns, target: Path) -> Path:
    """Write the page and return its path; `target` is a folder, made when it is not there."""
    target.mkdir(parents=True, exist_ok=True)
    page = target / PAGE
    page.write_text(render("coverage.html.j2", found=found, State=State, plans_of=plans_of), encoding="utf-8")
    return page


def coverage_table(found: CoverageOfRuns) -> Table:
    """The same for the terminal."""
    table = Table(title="requirements 需求覆盖", expand=True)
    table.add_column("requirement 需求", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("cases 用例", ratio=1)
    for area in found.areas:
        shown = area.count(State.PASSED)
        table.add_row(Text(f"{both(AREAS, area.name)}  {shown}/{len(area.covered)}", style="bold"), "", "")
        for covered in area.covered:
            by = ", ".join(f"{plan} {count}" for plan, count in plans_of(covered).items())
            word = both(OUTCOMES, covered.state.value if covered.cases else "not-shown")
            table.add_row(f"  {covered.requirement.id}", Text(word, style=STYLES[covered.state]), by)
    return table


def as_json(found: CoverageOfRuns) -> str:
    """The same for machines: one object, requirement by requirement."""
    rows = [
        {"id": c.requirement.id, "area": area.name, "state": c.state.value, "cases": [case.case for case in c.cases]}
        for area in found.areas
        for c in area.covered
    ]
    runs = [{"run": str(run.path), "plan": run.manifest.plan, "verdict": run.verdict.word.value} for run in found.runs]
    return json.dumps({"runs": runs, "requirements": rows}, ensure_ascii=False)


def print_coverage(found: CoverageOfRuns, console: Console | None = None) -> None:
    """Print the table."""
    (console or Console(highlight=False)).print(coverage_table(found))
