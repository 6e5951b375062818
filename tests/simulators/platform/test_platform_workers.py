"""Several processes behind one front door, on one ledger."""

import asyncio
import os
import select
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.bench.plugin import SimulatorContext
from harness.bench.settings import read_settings
from harness.clock import BenchClock
from harness.errors import ConfigError
from harness.faults.schedule import FaultSchedule
from harness.line.tape import Tape
from simulators.platform import SIMULATOR
from simulators.platform.settings import PlatformSettings
from tests.simulators import platform_rigs as rigs

PATIENCE_S = 60


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[rigs.Alone]:
    alone = rigs.start_alone(str(tmp_path / "ledger.db"), "--workers", "2")
    yield alone
    if alone.process.poll() is None:
        alone.kill()


def state(platform: rigs.Alone) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(platform.control + "/state", trust_env=False, timeout=PATIENCE_S).json()
    return found


def ended(pids: list[int]) -> bool:
    """Whether all of these processes have ended, or do so soon."""
    files = []
    for pid in pids:
        try:
            files.append(os.pidfd_open(pid))
        except ProcessLookupError:
            continue
    gone = [bool(select.select([file], [], [], PATIENCE_S)[0]) for file in files]
    for file in files:
        os.close(file)
    return all(gone)


def test_workers_share_the_front_door_and_the_ledger(platform: rigs.Alone) -> None:
    sign_no = rigs.sign_in(platform.port)
    bodies = rigs.settlements(40, sign_no=sign_no, use_account=False)
    deadline = time.monotonic() + PATIENCE_S
    while any(row["connections"] for row in state(platform)["workers"]):  # the sign-in's may still be counted
        assert time.monotonic() < deadline

    async def both() -> list[bytes]:
        clients = [await rigs.Client.connected(platform.port) for _ in range(4)]
        answers = [await clients[n % 4].ask(rigs.http(body)) for n, body in enumerate(bodies)]
        again = [await clients[(n + 1) % 4].ask(rigs.http(body)) for n, body in enumerate(bodies)]
        assert again == answers, "a message repeated at the other worker gets its first answer"
        connections.extend(row["connections"] for row in state(platform)["workers"])
        for client in clients:
            client.close()
        return answers

    connections: list[int] = []
    answers = [rigs.answered(answer) for answer in rigs.run(both)]
    assert connections == [2, 2]
    assert {answer["infcode"] for answer in answers} == {0}
    assert len({answer["inf_refmsgid"] for answer in answers}) == 40
    rows = state(platform)["settlements"]
    assert [row["n"] for row in rows] == list(range(1, 41))
    assert sum(state(platform)["postings"].values()) == 0


def test_one_msgid_at_both_workers_at_once_is_booked_once(platform: rigs.Alone) -> None:
    bodies = rigs.settlements(30, sign_no=rigs.sign_in(platform.port), use_account=False)

    async def each_at_both() -> None:
        clients = [await rigs.Client.connected(platform.port) for _ in range(4)]
        for body in bodies:
            answers = await asyncio.gather(*(client.ask(rigs.http(body)) for client in clients))
            assert len(set(answers)) == 1
        for client in clients:
            client.close()

    rigs.run(each_at_both)
    assert len(state(platform)["settlements"]) == 30


def test_a_reset_opens_new_books_for_all(platform: rigs.Alone) -> None:
    sign_no = rigs.sign_in(platform.port)
    (body,) = rigs.settlements(1, sign_no=sign_no)
    rigs.ask(platform.port, body)
    reset = httpx.post(platform.control + "/reset", json={"seed": 7}, trust_env=False).json()
    assert reset["settlements"] == []
    refused = [rigs.answered(rigs.ask(platform.port, body))["warn_msg"] for _ in range(2)]
    assert refused == ["981005", "981005"], "nobody is signed in any more, at either worker"


def test_stopping_ends_every_worker(platform: rigs.Alone) -> None:
    pids = [row["pid"] for row in state(platform)["workers"]]
    assert len(pids) == 2
    assert platform.end() == 0
    assert ended(pids)


def test_workers_end_with_the_process_that_accepts(platform: rigs.Alone) -> None:
    pids = [row["pid"] for row in state(platform)["workers"]]
    platform.process.kill()
    platform.process.communicate()
    assert ended(pids)


def test_a_worker_that_dies_ends_the_platform(platform: rigs.Alone) -> None:
    pids = [row["pid"] for row in state(platform)["workers"]]
    os.kill(pids[0], signal.SIGKILL)
    assert ended(pids)
    events = httpx.get(platform.control + "/events", trust_env=False).json()
    assert [event.get("worker") for event in events] == [1]
    with pytest.raises(OSError, match=r"refused|Connect"):
        rigs.sign_in(platform.port)


def test_faults_are_refused_with_the_reason(platform: rigs.Alone) -> None:
    fault = {"message": "2102", "effect": "lose-reply"}
    found = httpx.post(platform.control + "/fault", json=fault, trust_env=False)
    assert found.status_code == 400
    assert "--workers 1" in found.json()["error"]


def test_workers_are_no_choice_on_a_bench_clock() -> None:
    clock = BenchClock()
    tape = Tape(clock)
    context = SimulatorContext(name="platform", clock=clock, tape=tape, seed=1, faults=FaultSchedule("platform", tape))
    with pytest.raises(ConfigError, match="bench clock"):
        SIMULATOR.create(context, PlatformSettings(workers=2))


@pytest.mark.parametrize("workers", ["0", "65", "two"])
def test_a_number_of_workers_that_makes_no_sense_is_an_error_of_configuration(workers: str) -> None:
    with pytest.raises(ConfigError, match="workers"):
        read_settings(PlatformSettings, {"workers": workers}, where="simulate platform")
