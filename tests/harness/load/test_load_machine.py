"""An encryption machine under load: signatures made, verified by it and by us."""

import asyncio

from harness.bench.bench import Bench
from harness.load.machine import MachineLoad
from harness.load.open_loop import replay
from harness.load.results import Check, Outcome, Sample
from harness.wire.encryption_machine.profile import HostProfile, load_host_profile
from tests.harness.load.load_rig import MACHINE, bench_file


def played(load: MachineLoad, count: int) -> tuple[list[Sample], list[Check]]:
    async def run() -> tuple[list[Sample], list[Check]]:
        await load.prepare()
        samples = await replay([k / 500 for k in range(count)], load)
        checks = await load.checks()
        load.close()
        return samples, checks

    return asyncio.run(run())


def profile() -> HostProfile:
    return load_host_profile("payshield-like")


def test_every_signature_is_good_over_few_connections() -> None:
    with Bench(bench_file(MACHINE)) as bench:
        load = MachineLoad(bench.address("encryption-machine"), profile(), index=1, connections=2, reply_s=60)
        samples, [check] = played(load, 40)
    assert {s.attempt.outcome for s in samples} == {Outcome.ACCEPTED}
    assert [step.name for step in samples[0].attempt.steps] == ["sign", "verify"]
    assert check.good
    assert check.figures == {"signatures": 40, "wrong": 0}


def test_signatures_of_another_key_are_found() -> None:
    with Bench(bench_file(MACHINE)) as bench:
        load = MachineLoad(bench.address("encryption-machine"), profile(), index=1, connections=1, reply_s=60)
        other = MachineLoad(bench.address("encryption-machine"), profile(), index=2, connections=1, reply_s=60)

        async def run() -> Check:
            await load.prepare()
            await other.prepare()
            await load(0)
            load._public = other._public
            [check] = await load.checks()
            load.close()
            return check

        check = asyncio.run(run())
    assert not check.good
    assert check.figures == {"signatures": 1, "wrong": 1}


def test_a_key_that_is_not_there_is_refused_and_not_unknown() -> None:
    with Bench(bench_file(MACHINE)) as bench:
        load = MachineLoad(bench.address("encryption-machine"), profile(), index=9000, connections=1, reply_s=60)

        async def run() -> list[Sample]:
            samples = await replay([0.0], load)
            load.close()
            return samples

        [sample] = asyncio.run(run())
    assert sample.attempt.outcome is Outcome.REFUSED
    assert sample.attempt.reason.startswith("refused with")
    assert [step.name for step in sample.attempt.steps] == ["sign"]
