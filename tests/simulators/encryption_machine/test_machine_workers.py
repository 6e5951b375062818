"""Several processes behind one machine's doors."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from harness.errors import ConfigError
from harness.gm import PublicKey
from tests.simulators.encryption_machine_rig import Client, RunningMachine, StartMachine, sign_request, svs

PATIENCE_S = 60


def until(holds: Callable[[], bool]) -> None:
    """Look again until it holds: what one process has done another may not have seen yet."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline


def pids(control: str) -> list[int]:
    found = httpx.get(control + "/state").json()["workers"]
    assert isinstance(found, list)
    return found


def descriptors(machine: RunningMachine) -> list[int]:
    """How many files each worker has open."""
    return [len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids(machine.ends.also["control"])]


class Watched:
    """Processes whose end can be waited for, also when they are not our children."""

    def __init__(self, numbers: list[int]) -> None:
        self._files = [os.pidfd_open(number) for number in numbers]

    def end(self) -> bool:
        """Whether all of them have ended, or do so soon."""
        ended = [bool(select.select([file], [], [], PATIENCE_S)[0]) for file in self._files]
        for file in self._files:
            os.close(file)
        return all(ended)


def test_workers_share_the_doors_and_the_key_store(start_machine: StartMachine) -> None:
    machine = start_machine(real=True, workers=2)
    first, second = Client(machine.ends.at), Client(machine.ends.at)
    spki = first.ask(b"E707K0500" + b"00")[2:93]
    for client in (first, second):
        assert client.ask(b"E2K0500") == b"00" + spki
        raw = client.ask(sign_request(b"m", 500))[6:]
        assert PublicKey.from_spki(spki).verify(b"m", raw)
    changed = second.ask(b"E707K0500" + b"00")[2:93]
    assert changed != spki
    assert first.ask(b"E2K0500") == b"00" + changed
    assert svs(machine, "ExportCert", identification="liantiao-1")["respValue"] == 0
    state = httpx.get(machine.ends.also["control"] + "/state").json()
    assert state["connections"] == 2
    assert len(state["workers"]) == 2


def test_connections_are_spread_evenly_and_counted_together(start_machine: StartMachine) -> None:
    machine = start_machine(real=True, workers=2, connections=4)
    clients = [Client(machine.ends.at) for _ in range(4)]
    assert all(client.ask(b"NC").startswith(b"00") for client in clients)
    until(lambda: max(found := descriptors(machine)) - min(found) <= 1)
    assert Client(machine.ends.at).gone()
    clients[0].close()
    until(lambda: httpx.get(machine.ends.also["control"] + "/state").json()["connections"] == 3)
    assert Client(machine.ends.at).ask(b"NC").startswith(b"00")


def test_stopping_ends_every_worker(start_machine: StartMachine) -> None:
    machine = start_machine(real=True, workers=2)
    watched = Watched(pids(machine.ends.also["control"]))
    machine.stop()
    assert watched.end()


def test_a_worker_that_dies_ends_the_machine(start_machine: StartMachine) -> None:
    machine = start_machine(real=True, workers=2)
    found = pids(machine.ends.also["control"])
    watched = Watched(found)
    os.kill(found[0], signal.SIGKILL)
    assert watched.end()
    with pytest.raises(ConnectionRefusedError):
        Client(machine.ends.at)
    assert "worker-died" in machine.events()


def test_workers_end_when_the_process_before_them_is_killed(tmp_path: Path) -> None:
    program = """
import asyncio, json, sys
from harness.bench.plugin import SimulatorContext
from harness.clock import SystemClock
from harness.faults.schedule import FaultSchedule
from harness.line.tape import Tape
from simulators.encryption_machine import SIMULATOR
from simulators.encryption_machine.settings import EncryptionMachineSettings
async def main():
    clock = SystemClock(); tape = Tape(clock)
    context = SimulatorContext(name="m", clock=clock, tape=tape, seed=7, faults=FaultSchedule("m", tape))
    machine = SIMULATOR.create(context, EncryptionMachineSettings(workers=2, keys=sys.argv[1]))
    ends = await machine.start()
    print(ends.also["control"], flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""
    process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "keys.db")], stdout=subprocess.PIPE)
    assert process.stdout is not None
    watched = Watched(pids(process.stdout.readline().decode().strip()))
    process.kill()
    process.wait()
    process.stdout.close()
    assert watched.end()


def test_faults_are_refused_with_the_reason(start_machine: StartMachine) -> None:
    machine = start_machine(real=True, workers=2)
    found = httpx.post(machine.ends.also["control"] + "/fault", json={"message": "E5", "effect": "busy"})
    assert found.status_code == 400
    assert "--workers 1" in found.json()["error"]


def test_a_bench_clock_cannot_be_shared(start_machine: StartMachine) -> None:
    with pytest.raises(ConfigError, match="bench clock"):
        start_machine(workers=2)
