"""The behaviour of a scanner box, the same for every command dialect: trigger modes, lock-outs, decode sessions.

    sense        looks once whenever what is before it changes, and when triggered
    level/pulse  looks when triggered, until the first read, the end of the session, or (level) the trigger's stop
    continuous   looks all the time; a code that stays in view is read again after its lock-out

A good read passes two gates: the delay between any two reads, and the same-code lock-out (timed from the last read;
not for a triggered session, where somebody asked for the read). All times pass on the bench's clock.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from harness.clock import Clock
from harness.line.record import JsonValue
from simulators.scanner.optics import Sighting, Unreadable, View
from simulators.scanner.settings import Mode

MS = 1_000_000
CONTINUOUS_CYCLE_MS = 100
"""How often a box without any delay set reads in continuous mode; decoding takes 30 to 150 ms on real ones."""


@dataclass(frozen=True, kw_only=True)
class Conduct:
    """How the box is set to behave; times in ms, 0 for none."""

    mode: Mode
    enabled: bool
    same_code_ms: int
    good_read_ms: int
    session_ms: int


class ScannerBox:
    """The device behind the dialect; `report(event, fields)` and `deliver(sighting)` are called as things happen."""

    def __init__(
        self,
        *,
        clock: Clock,
        conduct: Conduct,
        report: Callable[[str, dict[str, JsonValue]], None],
        deliver: Callable[[Sighting], None],
    ) -> None:
        self.conduct = conduct
        self.reads = 0
        self._clock = clock
        self._report = report
        self._deliver = deliver
        self._view: View | None = None
        self._last: tuple[int, bytes] | None = None
        self._session = False
        self._waiting: asyncio.Task[None] | None = None

    @property
    def view(self) -> View | None:
        """What is in view."""
        return self._view

    @property
    def in_session(self) -> bool:
        """Whether a triggered session waits for a code."""
        return self._session

    def place(self, view: View | None) -> None:
        """Put something into view, or nothing, before the box is switched on: no change is noticed."""
        self._view = view

    def show(self, view: View | None) -> str:
        """What is before the box changes; returns why nothing was read, or an empty text for a good read."""
        self._view = view
        if self._session or self.conduct.mode in {Mode.SENSE, Mode.CONTINUOUS}:
            why = self._look(triggered=self._session)
            if self.conduct.mode is Mode.CONTINUOUS and view is not None:
                self._wait(self._cycle())
            return why
        return "the box waits for its trigger"

    def trigger(self, *, on: bool) -> None:
        """The host pulls the trigger, or lets it go."""
        if not on:
            if self._session and self.conduct.mode is not Mode.PULSE:
                self._end_session()
        elif self._look(triggered=True) and self.conduct.enabled and self.conduct.mode is not Mode.CONTINUOUS:
            self._session = True
            if self.conduct.session_ms:
                self._wait(self._time_out(self.conduct.session_ms))

    def conduct_changed(self, conduct: Conduct) -> None:
        """The settings have changed; a session under way goes on."""
        began = conduct.mode is Mode.CONTINUOUS and self.conduct.mode is not Mode.CONTINUOUS
        self.conduct = conduct
        if began and self._view is not None:
            self._wait(self._cycle())

    async def reset(self) -> None:
        """As after power-on, with nothing in view."""
        self._view = None
        self._last = None
        self._session = False
        self.reads = 0
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)

    def _look(self, *, triggered: bool) -> str:
        if not self.conduct.enabled:
            return "the box is disabled"
        match self._view:
            case None:
                return "nothing is in view"
            case Unreadable(why=why):
                self._report("no-read", {})
                return why
            case Sighting() as sighting:
                return self._read(sighting, triggered=triggered)

    def _read(self, sighting: Sighting, *, triggered: bool) -> str:
        now = self._clock.now_ns()
        if self._last is not None:
            since = now - self._last[0]
            if 0 <= since < self.conduct.good_read_ms * MS:
                return "the delay between two reads is not over"
            if not triggered and sighting.data == self._last[1] and 0 <= since < self.conduct.same_code_ms * MS:
                self._report("same-code-locked-out", {"digits": sighting.text})
                return "the same code is locked out"
        self._last = (now, sighting.data)
        self._session = False
        self.reads += 1
        self._report("good-read", {"symbology": sighting.symbology.value, "digits": sighting.text})
        self._deliver(sighting)
        return ""

    def _end_session(self) -> None:
        self._session = False
        if not isinstance(self._view, Unreadable):
            self._report("no-read", {})

    def _wait(self, until: "asyncio._CoroutineLike[None]") -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = asyncio.get_running_loop().create_task(until, name="scanner box")

    async def _time_out(self, after_ms: int) -> None:
        await self._clock.sleep(after_ms / 1000)
        if self._session:
            self._end_session()

    async def _cycle(self) -> None:
        while self._watches():
            await self._clock.sleep(
                max(self.conduct.same_code_ms, self.conduct.good_read_ms, CONTINUOUS_CYCLE_MS) / 1000
            )
            if self._watches():
                self._look(triggered=False)

    def _watches(self) -> bool:
        return self.conduct.mode is Mode.CONTINUOUS and isinstance(self._view, Sighting)
