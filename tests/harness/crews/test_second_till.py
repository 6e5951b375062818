"""A second till: another process beside the first, with a name, numbers, folder and scanner of its own; or none."""

import json
from pathlib import Path

import pytest

from fixtures import fixture
from harness.bench.config import BenchFile, parse_bench
from harness.counter.outcome import OutcomeKind
from harness.crews.counter import CounterCrew
from harness.errors import ConfigError, NotOffered
from harness.judge.plan import load_plan
from harness.options import RunOptions
from harness.run import CaseHead, Run
from harness.scenarios.counter_stage import CounterStage, at_counter

ALONE = """
import json, sys
for line in sys.stdin:
    said = {"ready": {"adapter": "alone", "version": "1", "clock": "bench", "can": ["sign-in"]}}
    print(json.dumps(said if "hello" in json.loads(line) else {"id": json.loads(line)["id"], "outcome": "accepted"}))
    sys.stdout.flush()
"""


def said(*lines: str, command: str = "") -> BenchFile:
    """The pharmacy's bench with other lines in [counter]."""
    text = fixture("benches/pharmacy.toml").read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if not line.startswith("tills")]
    kept = [f"command = {command}" if command and line.startswith("command") else line for line in kept]
    return parse_bench("\n".join((*kept, *lines)), source="bench.toml")


def begun(run: Run) -> CounterStage:
    return at_counter(run.begin_case(CaseHead(id="my/tills", title="tills", requirements=())))


def hellos(stage: CounterStage) -> list[dict[str, object]]:
    """What each till was told, in turn."""
    frames = [r.data for r in stage.tape.recent() if r.channel in {"counter", "counter-2"} and b'"hello"' in r.data]
    return [json.loads(frame)["hello"] for frame in frames]


def test_without_a_word_there_is_one_till_and_the_case_is_left_out() -> None:
    plan = load_plan("pharmacy").for_subject_with(CounterCrew.offers(said()))
    assert plan.left_out["pharmacy/two-tills"] == ("two-tills",)
    assert "pharmacy/two-tills" not in plan.cases


@pytest.mark.parametrize("number", [0, 3])
def test_there_are_one_or_two(number: int) -> None:
    with pytest.raises(ConfigError, match="tills must be 1 or 2"):
        said(f"tills = {number}")


def test_the_second_is_a_process_of_its_own_and_ends_with_the_case(tmp_path: Path) -> None:
    plan = load_plan("pharmacy")
    with Run(file=RunOptions().bench_file(plan), plan=plan, folder=tmp_path) as run:
        stage = begun(run)
        other = stage.second_till()
        first, second = hellos(stage)
        assert [hello["till"] for hello in (first, second)] == [{"number": 1, "of": 2}, {"number": 2, "of": 2}]
        for name in ("operator", "state_dir", "endpoints"):
            assert first[name] != second[name]
        assert second["institution"] == first["institution"]
        assert [till.desk for till in (stage, other)] == ["counter", "counter-2"]
        for till in (stage, other):
            assert till.counter.sign_in().kind is OutcomeKind.ACCEPTED
        with pytest.raises(ConfigError, match="no other till"):
            other.second_till()
        run.end_case()
        ended = [r.channel for r in stage.tape.recent() if r.name == "adapter-ended"]
        assert sorted(ended) == ["counter", "counter-2"]


def test_an_adapter_that_does_not_say_so_is_not_started_twice(tmp_path: Path) -> None:
    script = tmp_path / "alone.py"
    script.write_text(ALONE)
    file, plan = said("tills = 2", command=json.dumps(["python", str(script)])), load_plan("pharmacy")
    with Run(file=file, plan=plan, folder=tmp_path) as run:
        stage = begun(run)
        with pytest.raises(NotOffered, match="does not offer 'tills'") as raised:
            stage.second_till()
        assert "tills = 1" in raised.value.remedy
        assert len(hellos(stage)) == 1
