"""The stage of a counter: phone, scanner box, terminal, and the adapter under test, reached through a counter port."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol, Self

from harness.clock import Clock, SystemClock, local_time
from harness.counter.greeting import AdapterClock
from harness.counter.libraries import FILES, Libraries, Library
from harness.counter.outcome import Amounts, Outcome, OutcomeKind, Reason
from harness.counter.port import CounterPort
from harness.devices.phone import PhoneDriver
from harness.errors import ConfigError, NotOffered
from harness.faults.catalogue import Effect
from harness.line.record import Direction, JsonValue, Kind, Record
from harness.scenarios.stage import CASE, Stage

COUNTER = "counter"
"""The channel of a till's port; the second till's is another."""
TERMINAL = "terminal"
"""The insurance terminal on the tape."""


class LibraryState(StrEnum):
    """What an installer may have left."""

    FITS = "fits"
    OTHER_WIDTH = "other-width"
    MISSING = "missing"
    CUT = "cut"
    """The copy was broken off: no PE file."""


class Scanner(Protocol):
    """A scanner box that can be shown a picture."""

    def show(self, picture: bytes) -> object:
        """Hold a picture before the box."""
        ...

    def configure(self, settings: Mapping[str, str | int | bool]) -> object:
        """Change settings of the box, e.g. `{"suffix": "LF"}`."""
        ...


class Terminal(Protocol):
    """An insurance terminal (医保综合服务终端): things are held before it, passwords typed on its keypad."""

    def present_id_card(self, person: str, /, *, how: str = "well") -> object:
        """Lay a person's ID card on it; `how` is well or unreadable."""
        ...

    def present_face(self, person: str, as_person: str | None = None, /) -> object:
        """Look into its camera, saying to be somebody."""
        ...

    def present_card(self, person: str, /, *, how: str = "well") -> object:
        """Put a person's social-insurance card in; `how` is well or unreadable."""
        ...

    def present_code(self, text: str, /) -> object:
        """Hold a code before the box at the counter."""
        ...

    def type_password(self, text: str, /) -> object:
        """Type on its keypad."""
        ...

    def cancel(self) -> object:
        """Press its cancel key."""
        ...


@dataclass(frozen=True, kw_only=True)
class CounterStage(Stage):
    """What a scenario at a counter has to hand."""

    phone: PhoneDriver
    scanner: Scanner
    counter: CounterPort
    terminal: Terminal | None = None
    """The insurance terminal (医保综合服务终端) at this counter, where the bench has one."""
    libraries: Libraries | None = None
    """The two libraries as they are installed beside the adapter."""
    machine: Clock = field(default_factory=SystemClock)
    """The clock of an adapter that keeps its own."""
    desk: str = COUNTER
    """The channel on which this till's port stands on the tape."""
    signs_in_by_message: bool = True
    """Whether the province's protocol has a message for the sign-in (9001)."""
    open_second: Callable[[], Self] | None = None
    """Open a second till of the institution, until the case ends; None at the second."""

    def second_till(self) -> Self:
        """The stage of a second till beside this one. Raises NotOffered when the adapter cannot be started twice."""
        if self.open_second is None:
            raise ConfigError(
                "There is no other till to open.", cause="this is the second one already", remedy="use the first stage"
            )
        return self.open_second()

    @property
    def own_clock(self) -> bool:
        """Whether the adapter keeps its own clock."""
        return self.counter.ready.clock is AdapterClock.OWN

    @property
    def today(self) -> date:
        """The day at the counter, in Beijing: on the bench's clock, or on the adapter's own."""
        return local_time(self.machine if self.own_clock else self.clock).date()

    def time_goes_on(self, seconds: int) -> None:
        """Let time pass at the counter as well. Raises NotOffered when the adapter would not notice."""
        if self.own_clock:
            raise NotOffered(
                f"The adapter {self.counter.ready.adapter} keeps its own clock, and in this case time passes at the "
                "counter.",
                cause='its `ready.clock` is "own": its messages carry the machine\'s time',
                remedy='say clock = "own" in [counter] of the bench file for a certificate without such cases, or have '
                'the adapter take the time `at` of the command and declare `clock` "bench"',
            )
        self.step_clock(seconds)

    def disturb_sign_in(self, effect: Effect) -> None:
        """Schedule a fault at the platform for the next sign-in. Raises ConfigError where there is no such message."""
        if not self.signs_in_by_message:
            raise ConfigError(
                "In this province nobody signs in by a message, so none can be disturbed.",
                cause="the profile's protocol has no 9001",
                remedy="leave the case out, as a run of the whole plan does",
            )
        self.disturb("platform", "9001", effect)

    def await_prompt_or_answer(self, *, since: int) -> str:
        """What happens next at the counter.

        `prompt` on the phone, `keypad` of the terminal, `answer` of the adapter, `scan` asked for (again), `ask` for
        something else. `silence` when nothing does within the bench's patience, or the adapter has failed.
        """
        if not self.counter.works:
            return "silence"
        found = self.tape.wait_for(lambda r: bool(next_at_counter(r, self.desk)), since=since, timeout=self.patience_s)
        return "silence" if found is None else self.happened(found)

    def happened(self, record: Record) -> str:
        """What a record means at the counter, once whoever asks for a password has been heard."""
        what = next_at_counter(record, self.desk)
        if what in {"prompt", "keypad"}:
            self.await_reply(record.channel, since=record.seq)  # or what the case does next would race with it
        return what

    def await_call(self, party: str, call: str, *, since: int) -> Record | None:
        """The adapter's next request to a party that names a call (transType, or the end of its path)."""
        wanted = call.encode()
        return self.tape.wait_for(
            lambda r: r.direction is Direction.RECEIVED and r.channel.startswith(f"{party}.http") and wanted in r.data,
            since=since,
            timeout=self.patience_s,
        )

    def keypad_asks(self, *, since: int) -> bool:
        """Whether the terminal asks for a card's password since a record, and has not refused to; a real one does."""
        if TERMINAL not in self.back_doors:
            return True
        found = self.tape.wait_for(
            lambda r: r.name in {"keypad-asked", "library-refused"}, since=since, timeout=self.patience_s
        )
        return found is not None and found.name == "keypad-asked"

    def at_terminal(self) -> Terminal:
        """The terminal's driver. Raises ConfigError when the bench has none."""
        if self.terminal is None:
            raise ConfigError(
                "This case needs an insurance terminal.",
                cause="the bench has no device of kind terminal",
                remedy='add a table [device.terminal] with kind = "terminal" and at = "virtual"',
            )
        return self.terminal

    def install_library(self, library: Library, state: LibraryState) -> None:
        """Leave a library as an installer's mistake would, and start the adapter anew with it."""
        libraries = self.libraries
        if libraries is None:
            raise ConfigError(
                "This case needs libraries.", cause="the adapter was told none", remedy="use a crew's stage"
            )
        match state:
            case LibraryState.OTHER_WIDTH:
                libraries.install(library, bits=32 if self.counter.ready.bits == 64 else 64)
            case LibraryState.MISSING:
                libraries.remove(library)
            case LibraryState.CUT:
                libraries.cut(library)
            case LibraryState.FITS:
                libraries.install(library, bits=self.counter.ready.bits)
        self.tape.event(CASE, "library", library=library.value, file=FILES[library], state=state.value)
        self.counter.restart()

    @property
    def command_at(self) -> int:
        """The record of the last command to the adapter; 0 before the first."""
        return next((r.seq for r in reversed(self.tape.recent()) if _command_of(r, self.desk) is not None), 0)

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
            **self._which_desk,
        )
        return outcome

    def expect_accepted(self, outcome: Outcome, amounts: Amounts | None = None) -> Outcome:
        """The last operation had to be accepted, with these amounts if given."""
        return self.expect(outcome, OutcomeKind.ACCEPTED, amounts=amounts)

    def expect_refused(self, outcome: Outcome, *reasons: Reason) -> Outcome:
        """The last operation had to be refused, for one of these reasons if given."""
        return self.expect(outcome, OutcomeKind.REFUSED, reasons=reasons)

    def expect_error(self, said: str | None) -> str | None:
        """The last operation had to be answered with `error`, since it made no sense. Returns what the adapter said."""
        last, which = self._last_command(), self._which_desk
        self.tape.event(CASE, "expect", operation=last, outcomes=["error"], reasons=[], amounts={}, **which)
        return said

    def settle_day(self, day: date | None = None) -> None:
        """Ask the adapter for its books and the totals of a day, today's without one.

        The judge compares them with the platform's.
        """
        self.counter.books()
        self.counter.totals(day or self.today)

    @property
    def _which_desk(self) -> dict[str, JsonValue]:
        return {} if self.desk == COUNTER else {"desk": self.desk}

    def _last_command(self) -> int:
        found = (_command_of(record, self.desk) for record in reversed(self.tape.recent()))
        return next((number for number in found if number is not None), -1)


def at_counter(stage: Stage) -> CounterStage:
    """The stage of a plan that plays at a counter. Raises ConfigError for another plan's."""
    if isinstance(stage, CounterStage):
        return stage
    raise ConfigError(
        "This case needs a counter.", cause="the plan that was chosen has another stage", remedy="choose another plan"
    )


def _command_of(record: Record, desk: str) -> int | None:
    """The number of the command to a desk that a record is; None when it is none."""
    if record.channel != desk or record.direction is not Direction.SENT:
        return None
    try:
        content = json.loads(record.data)
    except ValueError:
        return None
    number = content.get("id") if isinstance(content, dict) and "do" in content else None
    return number if isinstance(number, int) else None


def next_at_counter(record: Record, desk: str = COUNTER) -> str:
    """What a record means to whoever stands at a counter; empty for nothing (see `await_prompt_or_answer`)."""
    if record.name == "prompt-shown":
        return "keypad" if record.channel == TERMINAL else "prompt"
    if record.name in {"adapter-failed", "adapter-ended"}:
        return "silence"
    if record.kind is Kind.FRAME and record.channel == desk and record.direction is Direction.RECEIVED:
        try:
            content = json.loads(record.data)
        except (ValueError, RecursionError):
            return ""
        if not isinstance(content, dict):
            return ""
        if "outcome" in content or "error" in content:
            return "answer"
        if content.get("event") == "present-please":
            return "ask"
        if content.get("event") == "scan-please":
            return "scan"
    return ""
