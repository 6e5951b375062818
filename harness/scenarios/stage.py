"""The stage of a scenario: what every scenario has to hand, whoever is tested, and how it waits.

A scenario sees nothing else of the bench, so it runs unchanged on real devices. It never sleeps: it waits for a record
on the tape, for as long as the bench's patience lasts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from harness.clock import Clock
from harness.devices.back_door import BackDoorClient
from harness.errors import BenchError
from harness.faults.catalogue import Effect, Fault
from harness.line.record import Direction, Record
from harness.line.tape import Tape

CASE = "case"


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What every scenario has to hand."""

    tape: Tape
    clock: Clock
    """The bench's; a case only reads it, and steps it by `step_clock`."""
    step_clock: Callable[[int], None]
    """Step the bench's clock by whole seconds."""
    back_doors: Mapping[str, BackDoorClient] = field(default_factory=dict)
    """Back doors of the virtual devices, by kind."""
    patience_s: float = 20.0

    def step(self, text: str) -> None:
        """Note on the tape what the scenario does next, for whoever reads it."""
        self.tape.event(CASE, "step", text=text)

    def disturb(self, party: str, message: str, effect: Effect, *, nth: int = 1, **detail: int) -> None:
        """Schedule a fault at a virtual device, with `lasting=1` until `restore`. Raises BenchError for a real one."""
        if party not in self.back_doors:
            raise BenchError(
                f"The fault {effect} cannot be injected: {party} is a real device.",
                cause="faults are injected through a virtual device's back door",
                remedy=f"run this case with {party} virtual",
            )
        self.back_doors[party].plan_fault(Fault(party=party, message=message, effect=effect, nth=nth, detail=detail))

    def restore(self, party: str) -> None:
        """What was wrong with a virtual device is over: whatever was planned for it, and still lasts, is forgotten."""
        self.step(f"{party} works again")
        self.back_doors[party].clear_faults()

    def await_event(self, *names: str, since: int) -> Record | None:
        """The first event with one of these names from record `since` on; None when patience ends."""
        return self.tape.wait_for(lambda record: record.name in names, since=since, timeout=self.patience_s)

    def await_reply(self, party: str, *, since: int) -> Record | None:
        """The next reply that a party writes from record `since` on; None when patience ends."""
        return self.tape.wait_for(
            lambda r: r.channel.startswith(f"{party}.http") and r.direction is Direction.SENT,
            since=since,
            timeout=self.patience_s,
        )
