"""Coverage over several runs: what they show together, and that nothing missing passes for shown."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from harness.errors import ConfigError, ExitStatus
from harness.judge.coverage import requirements
from reports.coverage_of_runs import as_json, coverage_of_runs, plans_of, print_coverage, write_coverage

SETTLEMENT = [name for name, requirement in requirements().items() if requirement.area == "settlement"]
Runs = Callable[..., Path]


@pytest.fixture
def run(tmp_path: Path) -> Runs:
    """Makes the folder of a run with the given cases: id -> (verdict, requirements)."""

    def make(plan: str, **cases: tuple[str, list[str]]) -> Path:
        folder = tmp_path / plan
        folder.mkdir(exist_ok=True)
        ids = [f"{plan}/{name}" for name in cases]
        (folder / "manifest.json").write_text(json.dumps({"plan": plan, "cases": ids, "demanded": ids}))
        lines = [
            {"case": case, "title": "", "verdict": verdict, "requirements": cited, "first_seq": 0, "last_seq": 0}
            for case, (verdict, cited) in zip(ids, cases.values(), strict=True)
        ]
        (folder / "cases.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        return folder

    return make


def states(folders: list[Path], *areas: str) -> dict[str, str]:
    found = coverage_of_runs(folders, areas)
    return {c.requirement.id: c.state.value for area in found.areas for c in area.covered}


def test_runs_of_several_plans_add_up(run: Runs) -> None:
    pharmacy = run("pharmacy", buy=("passed", SETTLEMENT[:2]))
    hospital = run("hospital", pay=("passed", SETTLEMENT[1:]))
    assert set(states([pharmacy, hospital], "settlement").values()) == {"passed"}
    found = coverage_of_runs([pharmacy, hospital], ["settlement"])
    by = {c.requirement.id: plans_of(c) for area in found.areas for c in area.covered}
    assert by[SETTLEMENT[1]] == {"pharmacy": 1, "hospital": 1}


def test_what_no_case_cites_is_not_shown(run: Runs) -> None:
    pharmacy = run("pharmacy", buy=("passed", SETTLEMENT[:-1]))
    assert states([pharmacy], "settlement")[SETTLEMENT[-1]] == "not-covered"
    assert coverage_of_runs([pharmacy], ["settlement"]).status is ExitStatus.INCONCLUSIVE


def test_one_failure_in_any_run_outranks_what_passed(run: Runs) -> None:
    pharmacy = run("pharmacy", buy=("passed", SETTLEMENT))
    hospital = run("hospital", pay=("failed", SETTLEMENT[:1]))
    found = coverage_of_runs([pharmacy, hospital], ["settlement"])
    assert found.status is ExitStatus.FINDINGS
    assert states([pharmacy, hospital])[SETTLEMENT[0]] == "failed"


def test_a_folder_with_gaps_certifies_nothing(run: Runs) -> None:
    whole = coverage_of_runs([run("pharmacy", buy=("passed", SETTLEMENT))], ["settlement"])
    assert whole.runs[0].gaps, "a folder without a tape has a gap"
    assert whole.status is ExitStatus.INCONCLUSIVE


def test_the_same_case_of_two_runs_counts_once(run: Runs) -> None:
    folder = run("pharmacy", buy=("passed", SETTLEMENT))
    found = coverage_of_runs([folder, folder], ["settlement"])
    assert plans_of(found.areas[0].covered[0]) == {"pharmacy": 1}


def test_page_table_and_json_say_the_same(run: Runs, tmp_path: Path) -> None:
    found = coverage_of_runs([run("pharmacy", buy=("passed", SETTLEMENT[:1]))], ["settlement"])
    page = write_coverage(found, tmp_path / "new" / "folder").read_text(encoding="utf-8")
    assert f"1 / {len(SETTLEMENT)} shown" in page
    text = io.StringIO()
    print_coverage(found, Console(file=text, width=80))
    assert SETTLEMENT[-1] in text.getvalue()
    rows = json.loads(as_json(found))["requirements"]
    assert [row["state"] for row in rows].count("passed") == 1


def test_an_unknown_area_is_named(run: Runs) -> None:
    with pytest.raises(ConfigError, match="nosuch"):
        coverage_of_runs([run("pharmacy", buy=("passed", []))], ["nosuch"])
