"""A virtual power supply running in a thread with its own loop, for tests."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from harness.bench.loop import LoopThread
from harness.bench.plugin import SimulatorContext
from harness.clock import BenchClock
from harness.faults.schedule import FaultSchedule
from harness.line.record import Kind, Record
from harness.line.tape import Tape
from simulators.power_supply.settings import PowerSupplySettings
from simulators.power_supply.simulator import VirtualPowerSupply


class RunningSupply:
    """A started supply."""

    def __init__(self, loop: LoopThread, settings: PowerSupplySettings) -> None:
        self.loop = loop
        clock = BenchClock()
        self.tape = Tape(clock)
        faults = FaultSchedule("power-supply", self.tape)
        context = SimulatorContext(name="power-supply", clock=clock, tape=self.tape, seed=7, faults=faults)
        self.supply = VirtualPowerSupply(context, settings)
        self.ends = loop.call(self.supply.start())

    def events(self, name: str) -> list[Record]:
        """The supply's events of a name."""
        return [record for record in self.tape.recent() if record.kind is Kind.EVENT and record.name == name]


StartSupply = Callable[..., RunningSupply]


@contextmanager
def supplies() -> Iterator[StartSupply]:
    """Starts supplies with the settings given, and stops them at the end."""
    loop = LoopThread()
    running: list[RunningSupply] = []

    def start(**settings: Any) -> RunningSupply:
        running.append(RunningSupply(loop, PowerSupplySettings(**settings)))
        return running[-1]

    try:
        yield start
    finally:
        for supply in running:
            loop.call(supply.supply.stop())
        loop.close()
