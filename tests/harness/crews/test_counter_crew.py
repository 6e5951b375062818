"""What a counter's bench offers, what its adapter does not, and what the adapter's log tells of the cases."""

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from fixtures import fixture
from harness.bench.config import BenchFile, parse_bench
from harness.clock import BEIJING, NS, SystemClock, local_time
from harness.crews.counter import CounterCrew
from harness.errors import ConfigError, NotOffered
from harness.judge.plan import load_plan
from harness.judge.verdict import Verdict
from harness.options import RunOptions
from harness.run import CaseHead, Run
from harness.scenarios.counter_stage import CounterStage, at_counter

TERMINAL = 'kind = "terminal"\nat = "virtual"'


USUAL = ("bench-clock", "sign-in-message", "two-tills")
"""What the shipped bench offers besides what stands at the counter."""


def bench_file(terminal: str) -> BenchFile:
    """The pharmacy's bench with another terminal."""
    text = fixture("benches/pharmacy.toml").read_text(encoding="utf-8")
    assert TERMINAL in text
    return parse_bench(text.replace(TERMINAL, terminal), source="bench.toml")


@pytest.mark.parametrize(
    ("terminal", "offered"),
    [
        (TERMINAL, {*USUAL, "terminal", "card-office", "iot-box"}),
        ('kind = "terminal"\nat = "http://127.0.0.1:9"', {*USUAL, "terminal", "iot-box"}),
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


def counter_said(*lines: str) -> BenchFile:
    """The pharmacy's bench with more lines in [counter]."""
    text = fixture("benches/pharmacy.toml").read_text(encoding="utf-8")
    return parse_bench(text.replace("[counter]", "\n".join(("[counter]", *lines))), source="bench.toml")


def test_what_the_counter_has_not_is_left_out_and_named() -> None:
    offers = CounterCrew.offers(counter_said('clock = "own"', "iot_box = false"))
    assert offers == {"terminal", "card-office", "sign-in-message", "two-tills"}
    plan = load_plan("pharmacy").for_subject_with(offers)
    assert plan.left_out["pharmacy/next-day"] == ("bench-clock",)
    assert {name.partition("[")[0] for name, why in plan.left_out.items() if why == ("iot-box",)} == {
        "pharmacy/iot-box",
        "pharmacy/iot-box-refused",
        "pharmacy/iot-box-disturbed",
    }


def test_an_adapter_with_its_own_clock_cannot_have_a_working_day_for_each_case() -> None:
    with pytest.raises(ConfigError, match="own clock cannot live through a run"):
        CounterCrew.check(counter_said('clock = "own"', 'restart = "run"'))


def test_an_adapter_on_the_benchs_clock_is_not_excused(tmp_path: Path) -> None:
    plan = load_plan("pharmacy")
    with (
        Run(file=counter_said('clock = "own"'), plan=plan, folder=tmp_path) as run,
        pytest.raises(ConfigError, match="takes the time from the commands"),
    ):
        run.begin_case(CaseHead(id="my/excused", title="excused", requirements=()))


@pytest.fixture
def own_clock(tmp_path: Path) -> Iterator[tuple[Run, CounterStage]]:
    """A case at the counter of an adapter that keeps its own clock."""
    script = tmp_path / "own.py"
    script.write_text(OWN_CLOCK, encoding="utf-8")
    plan = load_plan("pharmacy")
    file = RunOptions(adapter=shlex.join([sys.executable, str(script)])).bench_file(plan)
    with Run(file=file, plan=plan, folder=tmp_path) as run:
        yield run, at_counter(run.begin_case(CaseHead(id="my/later", title="later", requirements=())))


def test_time_does_not_pass_for_an_adapter_that_would_not_notice(own_clock: tuple[Run, CounterStage]) -> None:
    run, stage = own_clock
    before = stage.clock.now_ns()
    with pytest.raises(NotOffered, match="keeps its own clock") as caught:
        stage.time_goes_on(60)
    assert stage.clock.now_ns() == before
    stage.step_clock(60)
    assert stage.clock.now_ns() == before + 60 * NS, "codes and prompts grow old as ever"
    run.note_problem(caught.value)
    verdict = run.end_case()
    assert verdict.verdict is Verdict.INCONCLUSIVE
    assert verdict.inconclusive == (f"NotOffered: {caught.value.problem}",)


def test_an_adapter_with_its_own_clock_is_told_the_machines_time(own_clock: tuple[Run, CounterStage]) -> None:
    _, stage = own_clock
    earliest = local_time(SystemClock()).replace(microsecond=0)
    stage.counter.sign_in()
    latest = local_time(SystemClock())
    sent = [json.loads(r.data) for r in stage.tape.recent() if r.channel == "counter" and b'"do":"sign-in"' in r.data]
    (told,) = [datetime.fromisoformat(command["at"]).replace(tzinfo=BEIJING) for command in sent]
    assert earliest <= told <= latest
    assert earliest.date() <= stage.today <= local_time(SystemClock()).date()
    assert stage.today != local_time(stage.clock).date()


@pytest.mark.slow
def test_an_honest_adapter_with_its_own_clock_passes_and_one_in_utc_does_not(tmp_path: Path) -> None:
    cases = ("pharmacy/refund", "pharmacy/code-expired", "pharmacy/face")
    for mutant, status in ((), 0), (("--mutant", "sent-in-utc"), 1):
        words = [sys.executable, "-m", "harness", "certify", "pharmacy", "--runs", str(tmp_path), "--json"]
        words += ["--adapter", shlex.join([sys.executable, "-m", "simulators.his", "pharmacy", "--own-clock"]), *mutant]
        for case in cases:
            words += ["--case", case]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=100)
        assert done.returncode == status, done.stdout + done.stderr
