"""The stage of a scenario: the drivers and ports it works with, whoever stands behind them, and how it waits.

A scenario sees nothing else of the bench, so it runs unchanged on real devices. It never sleeps: it waits for a record
on the tape, for as long as the bench's patience lasts.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from harness.clock import Clock, local_time
from harness.counter.port import Amounts, CounterPort, Outcome, OutcomeKind, Reason
from harness.devices.back_door import BackDoorClient
from harness.devices.phone import PhoneDriver
from harness.errors import BenchError
from harness.faults.catalogue import Effect, Fault
from harness.line.record import Direction, Kind, Record
from harness.line.tape import Tape

CASE = "case"


class Scanner(Protocol):
    """A scanner box that can be shown a picture."""

    def show(self, picture: bytes) -> object:
        """Hold a picture before the box."""
        ...

    def configure(self, settings: Mapping[str, str | int | bool]) -> object:
        """Change settings of the box, e.g. `{"suffix": "LF"}`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What a scenario has to hand."""

    phone: PhoneDriver
    scanner: Scanner
    counter: CounterPort
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
        """Schedule a fault at a virtual device. Raises BenchError when the device is real."""
        if party not in self.back_doors:
            raise BenchError(
                f"The fault {effect} cannot be injected: {party} is a real device.",
                cause="faults are injected through a virtual device's back door",
                remedy=f"run this case with {party} virtual",
            )
        self.back_doors[party].plan_fault(Fault(party=party, message=message, effect=effect, nth=nth, detail=detail))

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

    def await_prompt_or_answer(self, *, since: int) -> str:
        """What happens next at the counter: `prompt` on the phone, `answer` of the adapter, `scan` asked for again.

        `silence` when nothing does within the bench's patience, or the adapter has failed and nothing will.
        """
        if not self.counter.works:
            return "silence"
        found = self.tape.wait_for(lambda r: bool(_next_at_counter(r)), since=since, timeout=self.patience_s)
        if found is None:
            return "silence"
        if _next_at_counter(found) == "prompt":
            self.await_reply("phone", since=found.seq)  # or what the case does next would race with it
        return _next_at_counter(found)

    def expect(
        self,
        outcome: Outcome,
        *kinds: OutcomeKind,
        reasons: tuple[Reason, ...] = (),
        amounts: Amounts | None = None,
    ) -> Outcome:
        """Put on the tape how the last operation had to end; the judge compares. Returns the outcome."""
        expected = vars(amounts) if amounts else {}
        self.tape.event(
            CASE,
            "expect",
            operation=self._last_command(),
            outcomes=[kind.value for kind in kinds],
            reasons=[reason.value for reason in reasons],
            amounts=dict(expected),
        )
        return outcome

    def expect_accepted(self, outcome: Outcome, amounts: Amounts | None = None) -> Outcome:
        """The last operation had to be accepted, with these amounts if given."""
        return self.expect(outcome, OutcomeKind.ACCEPTED, amounts=amounts)

    def expect_refused(self, outcome: Outcome, *reasons: Reason) -> Outcome:
        """The last operation had to be refused, for one of these reasons if given."""
        return self.expect(outcome, OutcomeKind.REFUSED, reasons=reasons)

    def settle_day(self, day: date | None = None) -> None:
        """Ask the adapter for its books and the totals of a day, by the bench's clock today's.

        The judge compares them with the platform's.
        """
        self.counter.books()
        self.counter.totals(day or local_time(self.clock).date())

    def _last_command(self) -> int:
        for record in reversed(self.tape.recent()):
            if record.channel == "counter" and record.direction is Direction.SENT:
                content = json.loads(record.data)
                if "do" in content:
                    return int(content["id"])
        return -1


def _next_at_counter(record: Record) -> str:
    if record.name == "prompt-shown":
        return "prompt"
    if record.name in {"adapter-failed", "adapter-ended"}:
        return "silence"
    if record.kind is Kind.FRAME and record.channel == "counter" and record.direction is Direction.RECEIVED:
        try:
            content = json.loads(record.data)
        except (ValueError, RecursionError):
            return ""
        if not isinstance(content, dict):
            return ""
        if "outcome" in content or "error" in content:
            return "answer"
        if content.get("event") == "scan-please":
            return "scan"
    return ""
