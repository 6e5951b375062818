"""What a counter's bench offers, what its adapter does not, and what the adapter's log tells of the cases."""

import shlex
import sys
from pathlib import Path

import pytest

from fixtures import fixture
from harness.bench.config import BenchFile, parse_bench
from harness.crews.counter import CounterCrew
from harness.errors import NotOffered
from harness.judge.plan import load_plan
from harness.judge.verdict import Verdict
from harness.options import RunOptions
from harness.run import CaseHead, Run
from harness.scenarios.counter_stage import at_counter

TERMINAL = 'kind = "terminal"\nat = "virtual"'


def bench_file(terminal: str) -> BenchFile:
    """The pharmacy's bench with another terminal."""
    text = fixture("benches/pharmacy.toml").read_text(encoding="utf-8")
    assert TERMINAL in text
    return parse_bench(text.replace(TERMINAL, terminal), source="bench.toml")


@pytest.mark.parametrize(
    ("terminal", "offered"),
    [
        (TERMINAL, {"terminal", "card-office"}),
        ('kind = "terminal"\nat = "http://127.0.0.1:9"', {"terminal"}),
    ],
    ids=["virtual", "real"],
)
def test_cards_of_a_real_terminal_are_not_to_be_locked(terminal: str, offered: set[str]) -> None:
    offers = CounterCrew.offers(bench_file(terminal))
    assert offers == offered
    cases = load_plan("pharmacy").for_subject_with(offers).cases
    assert ("pharmacy/social-card-locked" in cases) == ("card-office" in offered)
    assert "pharmacy/social-card" in cases


def test_the_log_says_which_case_and_when(tmp_path: Path) -> None:
    plan = load_plan("pharmacy")
    with Run(file=RunOptions().bench_file(plan), plan=plan, folder=tmp_path) as run:
        for name in ("my/first", "my/second"):
            stage = at_counter(run.begin_case(CaseHead(id=name, title=name, requirements=())))
            stage.counter.sign_in()
            run.end_case()
    marks = [line for line in (tmp_path / "adapter.log").read_text("utf-8").splitlines() if line.startswith("=====")]
    assert marks == [f"===== my/{name}, bench time 2020-10-14 08:30:00 =====" for name in ("first", "second")]
    assert sorted(path.name for path in (tmp_path / "adapter").iterdir()) == ["001", "002"]


OWN_CLOCK = """
import json, sys
for line in sys.stdin:
    said = {"ready": {"adapter": "own", "version": "1", "clock": "own", "can": ["sign-in"]}}
    print(json.dumps(said if "hello" in json.loads(line) else {"id": json.loads(line)["id"], "outcome": "accepted"}))
    sys.stdout.flush()
"""


def test_a_clock_that_the_adapter_does_not_follow_is_not_stepped(tmp_path: Path) -> None:
    script = tmp_path / "own.py"
    script.write_text(OWN_CLOCK, encoding="utf-8")
    plan = load_plan("pharmacy")
    file = RunOptions(adapter=shlex.join([sys.executable, str(script)])).bench_file(plan)
    with Run(file=file, plan=plan, folder=tmp_path) as run:
        stage = run.begin_case(CaseHead(id="my/later", title="later", requirements=()))
        with pytest.raises(NotOffered, match="keeps its own clock") as caught:
            stage.step_clock(60)
        run.note_problem(caught.value)
        verdict = run.end_case()
    assert verdict.verdict is Verdict.INCONCLUSIVE
    assert verdict.inconclusive == (f"NotOffered: {caught.value.problem}",)
