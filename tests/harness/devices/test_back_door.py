"""The client of back doors, against a simulated phone's."""

from collections.abc import Iterator

import pytest

from harness.bench.loop import LoopThread
from harness.bench.plugin import Endpoints, SimulatorContext
from harness.bench.registry import simulator_type
from harness.clock import BenchClock, Clock, SystemClock
from harness.devices.back_door import BackDoorClient
from harness.devices.http import Refused
from harness.devices.phone import PhoneDriver
from harness.errors import BenchError, PeerViolation
from harness.faults.catalogue import Effect, Fault
from harness.faults.schedule import FaultSchedule
from harness.line.tape import Tape


class Alone:
    """A phone that runs alone, on a clock."""

    def __init__(self, loop: LoopThread, clock: Clock) -> None:
        tape = Tape(clock)
        context = SimulatorContext(name="phone", clock=clock, tape=tape, seed=7, faults=FaultSchedule("phone", tape))
        kind = simulator_type("phone")
        self._loop = loop
        self._simulator = kind.create(context, kind.settings())
        self.ends: Endpoints = loop.call(self._simulator.start())

    def stop(self) -> None:
        """Close its doors."""
        self._loop.call(self._simulator.stop())


@pytest.fixture(scope="module")
def loop() -> Iterator[LoopThread]:
    """A running event loop."""
    thread = LoopThread()
    yield thread
    thread.close()


@pytest.fixture
def alone(loop: LoopThread) -> Iterator[Alone]:
    """A phone on a bench clock."""
    phone = Alone(loop, BenchClock())
    yield phone
    phone.stop()


@pytest.fixture
def door(alone: Alone) -> Iterator[BackDoorClient]:
    """Its back door."""
    with BackDoorClient(alone.ends.also["control"]) as client:
        yield client


def test_state_and_events_tell_what_happened(alone: Alone, door: BackDoorClient) -> None:
    assert door.state()["codes_on_screen"] == 0
    with PhoneDriver(alone.ends.at) as phone:
        digits = phone.show("P001").digits
    assert door.state()["codes_on_screen"] == 1
    events = door.events()
    (shown,) = [event for event in events if event.get("event") == "code-shown"]
    assert shown["digits"] == digits
    assert [event["seq"] for event in door.events(since=shown["seq"])] == [
        event["seq"] for event in events if event["seq"] >= shown["seq"]
    ]


def test_the_clock_is_stepped(alone: Alone, door: BackDoorClient) -> None:
    before = door.clock()
    assert (before["now"], before["steppable"]) == ("2020-10-14 08:30:00", True)
    with PhoneDriver(alone.ends.at) as phone:
        first = phone.show("P001").digits
        assert door.step_clock(60) == before["now_ns"] + 60 * 10**9
        assert phone.show("P001").digits != first


def test_the_machines_clock_is_not(loop: LoopThread) -> None:
    phone = Alone(loop, SystemClock())
    try:
        with BackDoorClient(phone.ends.also["control"]) as door, pytest.raises(Refused) as caught:
            door.step_clock(60)
    finally:
        phone.stop()
    assert caught.value.http_status == 409


def test_a_planned_fault_fires_and_is_told(alone: Alone, door: BackDoorClient) -> None:
    planned = door.plan_fault(Fault(party="phone", message="code", effect=Effect.BAD_GATEWAY, nth=2))["planned"]
    assert [(fault["message"], fault["nth"]) for fault in planned] == [("code", 2)]
    with PhoneDriver(alone.ends.at) as phone:
        phone.show("P001")
        with pytest.raises(PeerViolation, match="502"):
            phone.show("P001")
        phone.show("P001")
    assert [fault["effect"] for fault in door.faults()["fired"]] == ["bad-gateway"]


def test_faults_are_forgotten(door: BackDoorClient) -> None:
    door.plan_fault(Fault(party="phone", message="*", effect=Effect.EMPTY_BODY))
    assert door.clear_faults()["planned"] == []


def test_an_effect_that_is_not_offered_is_refused_with_those_that_are(door: BackDoorClient) -> None:
    with pytest.raises(Refused, match="bad-gateway") as caught:
        door.plan_fault(Fault(party="phone", message="code", effect=Effect.DROP_BYTE))
    assert caught.value.http_status == 400


def test_a_reset_takes_a_seed(alone: Alone, door: BackDoorClient) -> None:
    with PhoneDriver(alone.ends.at) as phone:
        first = phone.show("P001", kind="pay").digits
        assert door.reset(8)["codes_on_screen"] == 0
        assert phone.show("P001", kind="pay").digits != first
        door.reset(7)
        assert phone.show("P001", kind="pay").digits == first


def test_a_front_door_is_no_back_door(alone: Alone) -> None:
    with BackDoorClient(alone.ends.at) as door, pytest.raises(BenchError):
        door.state()
