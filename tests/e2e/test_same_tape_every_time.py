"""One seed, one tape: a case that runs many times leaves the same records, apart from ports, ptys, folders."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from harness.bench.config import BenchFile
from harness.faults.catalogue import Effect
from harness.judge.history import read_histories
from harness.judge.plan import load_plan
from harness.line.folder import TAPE
from harness.line.record import comparable_digest, volatile_tokens
from harness.line.tape import read_tape
from harness.options import RunOptions
from harness.run import CaseHead, Run
from harness.scenarios.counter_stage import at_counter
from harness.scenarios.purchase import Shopper, purchase, usual_basket

PURCHASES = int(os.environ.get("LIANTIAO_PURCHASES", "60"))
PLAN = load_plan("pharmacy")
HEAD = CaseHead(id="pharmacy/purchase", title="A purchase", requirements=())
LOSES = (Effect.LOSE_REPLY, Effect.LATE_REQUEST, Effect.LOSE_REQUEST)
"""After these the adapter waits for an answer in vain."""


def asked_for(seed: int, *, loses: bool) -> BenchFile:
    """The plan's bench; where every answer comes, a machine that stands still must not make one come too late."""
    file = RunOptions(seed=seed).bench_file(PLAN)
    return file if loses else replace(file, counter=replace(file.counter, reply_s=15.0))


def digests(folder: Path, *, runs: int, seed: int, effect: Effect | None = None) -> list[str]:
    """The comparable digest of each of so many runs of a purchase."""
    plan = load_plan("pharmacy")
    with Run(file=asked_for(seed, loses=effect in LOSES), plan=plan, folder=folder) as run:
        for _ in range(runs):
            stage = at_counter(run.begin_case(HEAD))
            stage.counter.sign_in()
            if effect is not None:
                stage.disturb("platform", "2102", effect)
            purchase(stage, usual_basket("A0001"), Shopper())
            stage.settle_day()
            assert run.end_case().verdict.value == "passed"
    records = read_tape(folder / TAPE).records
    tokens = volatile_tokens(records)
    return [comparable_digest(history.records, tokens=tokens) for history in read_histories(records)]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_many_purchases_leave_one_tape(tmp_path: Path) -> None:
    found = digests(tmp_path, runs=PURCHASES, seed=20201014)
    assert len(found) == PURCHASES
    assert len(set(found)) == 1


@pytest.mark.parametrize("effect", [Effect.BAD_GATEWAY_AFTER, Effect.CUT_CONNECTION, Effect.CUT_JSON])
def test_a_disturbed_purchase_leaves_one_tape(tmp_path: Path, effect: Effect) -> None:
    assert len(set(digests(tmp_path, runs=5, seed=20201014, effect=effect))) == 1


@pytest.mark.slow
@pytest.mark.parametrize("effect", LOSES)
def test_a_lost_message_leaves_one_tape(tmp_path: Path, effect: Effect) -> None:
    assert len(set(digests(tmp_path, runs=10, seed=20201014, effect=effect))) == 1


def test_another_seed_leaves_another_tape(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.mkdir()
    second.mkdir()
    assert digests(first, runs=1, seed=1) != digests(second, runs=1, seed=2)


def test_two_runs_have_one_tape_from_the_first_record_to_the_last(tmp_path: Path) -> None:
    """Also what stands before and between the cases: what the run was asked for, and the verdicts."""
    found = set()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        with Run(file=asked_for(7, loses=False), plan=PLAN, folder=tmp_path / name) as run:
            stage = at_counter(run.begin_case(HEAD))
            stage.counter.sign_in()
            purchase(stage, usual_basket("A0001"), Shopper())
            stage.settle_day()
            run.end_case()
            run.finish()
        found.add(comparable_digest(read_tape(tmp_path / name / TAPE).records))
    assert len(found) == 1
