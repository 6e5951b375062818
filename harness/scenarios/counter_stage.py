"""The stage of a cashier's counter: phone, scanner box and the adapter under test, reached through a counter port."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from harness.clock import local_time
from harness.counter.port import Amounts, CounterPort, Outcome, OutcomeKind, Reason
from harness.devices.phone import PhoneDriver
from harness.errors import ConfigError
from harness.line.record import Direction, Kind, Record
from harness.scenarios.stage import CASE, Stage


class Scanner(Protocol):
    """A scanner box that can be shown a picture."""

    def show(self, picture: bytes) -> object:
        """Hold a picture before the box."""
        ...

    def configure(self, settings: Mapping[str, str | int | bool]) -> object:
        """Change settings of the box, e.g. `{"suffix": "LF"}`."""
        ...


@dataclass(frozen=True, kw_only=True)
class CounterStage(Stage):
    """What a scenario at a counter has to hand."""

    phone: PhoneDriver
    scanner: Scanner
    counter: CounterPort

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


def at_counter(stage: Stage) -> CounterStage:
    """The stage of a plan that plays at a counter. Raises ConfigError for another plan's."""
    if isinstance(stage, CounterStage):
        return stage
    raise ConfigError(
        "This case needs a counter.", cause="the plan that was chosen has another stage", remedy="choose another plan"
    )


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
