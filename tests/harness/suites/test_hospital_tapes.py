"""Cases of the plan `hospital`, run whole: they pass, and one seed leaves one tape, whatever is presented."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.counter.hospital import By, Way
from harness.faults.catalogue import Effect
from harness.judge.history import read_histories
from harness.judge.plan import load_plan
from harness.line.folder import TAPE
from harness.line.record import comparable_digest, volatile_tokens
from harness.line.tape import read_tape
from harness.options import RunOptions
from harness.run import CaseHead, Run
from harness.scenarios.counter_stage import CounterStage, at_counter
from harness.suites.hospital import test_crash as crash
from harness.suites.hospital import test_inpatient as inpatient
from harness.suites.hospital import test_outpatient_refund as refund
from harness.suites.hospital import test_registration as registration
from harness.suites.hospital import test_wire_faults as faults

HEAD = CaseHead(id="hospital/made-for-a-test", title="Made for a test", requirements=())
Play = Callable[[CounterStage], None]


def digests(folder: Path, play: Play, *, runs: int) -> list[str]:
    """The comparable digest of each of so many runs of a case, every one of which must pass."""
    plan = load_plan("hospital")
    with Run(file=RunOptions(seed=20201014, plan="hospital").bench_file(plan), plan=plan, folder=folder) as run:
        for _ in range(runs):
            play(at_counter(run.begin_case(HEAD)))
            verdict = run.end_case()
            assert verdict.verdict.value == "passed", verdict.findings
    records = read_tape(folder / TAPE).records
    tokens = volatile_tokens(records)
    return [comparable_digest(history.records, tokens=tokens) for history in read_histories(records)]


@pytest.mark.parametrize("by", list(By), ids=lambda by: str(by.value))
def test_a_registration_leaves_one_tape(tmp_path: Path, by: By) -> None:
    def play(stage: CounterStage) -> None:
        registration.test_registration_by(stage, by, Way.SELF_SERVICE)

    assert len(set(digests(tmp_path, play, runs=2))) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "play",
    [
        pytest.param(lambda stage: inpatient.test_stay(stage, Way.WINDOW), id="stay"),
        pytest.param(inpatient.test_stay_returns, id="returns"),
        pytest.param(lambda stage: refund.test_fees_refund_part(stage, (0, 1)), id="part"),
        pytest.param(crash.test_settle, id="crash"),
        pytest.param(lambda stage: faults.test_register(stage, "2207", Effect.LOSE_REPLY), id="lost-reply"),
        pytest.param(lambda stage: faults.test_charge(stage, Effect.LOSE_REQUEST), id="lost-upload"),
    ],
)
def test_a_disturbed_or_long_case_leaves_one_tape(tmp_path: Path, play: Play) -> None:
    assert len(set(digests(tmp_path, play, runs=3))) == 1
