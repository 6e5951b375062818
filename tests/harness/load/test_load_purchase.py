"""Purchases as load against virtual systems: accepted, refused and unknown, and the money afterwards."""

import asyncio

import pytest

from harness.bench.bench import Bench
from harness.clock import SystemClock
from harness.errors import BenchError
from harness.faults.catalogue import Effect, Fault
from harness.load.books import booked_on_tape, books_against
from harness.load.open_loop import replay
from harness.load.purchase import PurchaseLoad, Systems
from harness.load.results import Outcome, Sample
from harness.wire.profile import load_profile
from tests.harness.load.load_rig import bench_file


def purchases(bench: Bench, *, reply_s: float = 60.0, platform: str = "", profile: str = "qinghai") -> PurchaseLoad:
    systems = Systems(
        phone=bench.address("phone"),
        centre=bench.address("voucher-centre"),
        platform=platform or bench.address("platform"),
        profile=load_profile(profile),
        institution="P63999900001",
    )
    return PurchaseLoad(systems, clock=SystemClock(), connections=16, reply_s=reply_s)


def played(load: PurchaseLoad, count: int, *, rate: float = 100.0) -> tuple[list[Sample], int, list[bool]]:
    """A few customers; samples, what stayed unknown, and whether each check is good."""

    async def run() -> tuple[list[Sample], int, list[bool]]:
        await load.prepare()
        samples = await replay([k / rate for k in range(count)], load)
        unresolved = await load.reconcile()
        checks = [check.good for check in await load.checks()]
        load.close()
        return samples, unresolved, checks

    return asyncio.run(run())


def test_purchases_are_accepted_and_the_books_agree() -> None:
    with Bench(bench_file()) as bench:
        load = purchases(bench)
        samples, unresolved, checks = played(load, 12)
        booked = booked_on_tape(bench.tape.recent())
    assert {s.attempt.outcome for s in samples} == {Outcome.ACCEPTED}
    assert [step.name for step in samples[0].attempt.steps] == ["code", "ec.query", "1101", "2101", "2102"]
    assert unresolved == 0
    assert checks == [True, True]
    assert len(booked) == 12
    assert books_against(load.acknowledged, booked).good
    assert not books_against(load.acknowledged[1:], booked).good, "an unacknowledged booking would be found"
    assert any(a.amounts.account for a in load.acknowledged), "accounts are used"


UNNAMED = ("unnamed-cainfo", "unnamed-tif", "unnamed-newer", "unnamed-short-codes")


@pytest.mark.parametrize("profile", ["inner-mongolia", "jiangsu", "henan", "shanxi", *UNNAMED])
def test_load_does_as_the_profile_says(profile: str) -> None:
    file = bench_file().with_overrides(profile=profile)
    with Bench(file) as bench:
        load = purchases(bench, profile=profile)
        samples, unresolved, checks = played(load, 3)
    assert {s.attempt.outcome for s in samples} == {Outcome.ACCEPTED}
    assert unresolved == 0
    assert checks == [True, True]


def test_a_lost_answer_is_unknown_and_reversed_at_the_end() -> None:
    with Bench(bench_file()) as bench:
        faults = bench.device("platform").faults
        assert faults is not None
        faults.plan(Fault(party="platform", message="2102", effect=Effect.LOSE_REPLY, nth=2))
        load = purchases(bench, reply_s=2.0)
        samples, unresolved, checks = played(load, 4, rate=10.0)
        booked = booked_on_tape(bench.tape.recent())
    outcomes = [s.attempt.outcome for s in samples]
    assert outcomes.count(Outcome.UNKNOWN) == 1
    assert outcomes.count(Outcome.ACCEPTED) == 3
    assert unresolved == 0
    assert checks == [True, True]
    assert len(booked) == 5, "four settlements and a reversal"
    assert books_against(load.acknowledged, booked, undone=frozenset(load.undone)).good


def test_a_lost_request_is_unknown_and_nothing_is_left_of_it() -> None:
    with Bench(bench_file()) as bench:
        faults = bench.device("platform").faults
        assert faults is not None
        faults.plan(Fault(party="platform", message="2102", effect=Effect.LOSE_REQUEST, nth=1))
        load = purchases(bench, reply_s=2.0)
        samples, unresolved, _ = played(load, 2, rate=10.0)
        booked = booked_on_tape(bench.tape.recent())
    assert sorted(s.attempt.outcome for s in samples) == [Outcome.ACCEPTED, Outcome.UNKNOWN]
    assert unresolved == 0
    assert books_against(load.acknowledged, booked, undone=frozenset(load.undone)).good


def test_silence_before_anything_is_booked_is_a_refusal() -> None:
    with Bench(bench_file()) as bench:
        load = purchases(bench, reply_s=2.0)
        faults = bench.device("platform").faults
        assert faults is not None

        async def run() -> list[Sample]:
            await load.prepare()
            faults.plan(Fault(party="platform", message="2101", effect=Effect.LOSE_REPLY, nth=1))
            samples = await replay([0.0], load)
            load.close()
            return samples

        [sample] = asyncio.run(run())
    assert sample.attempt.outcome is Outcome.REFUSED
    assert sample.attempt.reason.startswith("2101: no answer")
    assert load.in_doubt == []


def test_a_platform_that_is_not_there_stops_the_load_before_it_begins() -> None:
    with Bench(bench_file()) as bench:
        load = purchases(bench, platform="http://127.0.0.1:1")
        with pytest.raises(BenchError, match="does not answer the sign-in"):
            asyncio.run(load.prepare())
