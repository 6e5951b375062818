"""A device that several processes serve takes no fault."""

import pytest

from harness.clock import BenchClock
from harness.faults.catalogue import Effect, Fault
from harness.line.tape import Tape
from simulators.kit.no_faults import NoFaults


def test_every_fault_is_refused_and_nothing_is_ever_due() -> None:
    tape = Tape(BenchClock())
    schedule = NoFaults("x", tape)
    with pytest.raises(ValueError, match="--workers 1"):
        schedule.plan(Fault(party="x", message="*", effect=Effect.SLOW))
    assert schedule.due("anything") is None
    assert schedule.state() == {"planned": [], "fired": []}
    assert not tape.recent()
