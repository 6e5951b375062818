"""The behaviour of a scanner box, the same for every command dialect: trigger modes, lock-outs, decode sessions.

    sense         looks once whenever what is before it changes, and when triggered
    presentation  looks while something is in view: a code that cannot be read ends in a no-read after the session's
                  time; a code that stays is read again after its lock-out
    continuous    looks all the time; a code that stays in view is read again after its lock-out
    level, host   looks when triggered, until the first read, the end of the session, or the trigger's stop
    pulse         the same, but the trigger's stop is ignored

A good read passes two gates: the delay between any two reads, and the same-code lock-out (not for a triggered session,
where somebody asked for the read). The lock-out is timed from the last read, or lasts until the code has been out of
view for its time. Another code is read at once: one that rotates in view is a second, legitimate scan. All times pass
on the bench's clock.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from harness.clock import Clock
from harness.line.record import JsonValue
from simulators.scanner.optics import Sighting, Unreadable, View
from simulators.scanner.settings import Mode

MS = 1_000_000
CONTINUOUS_CYCLE_MS = 100
"""How often a box without any delay set reads in continuous mode; decoding takes 30 to 150 ms on real ones."""
TRIGGERED = frozenset({Mode.LEVEL, Mode.PULSE, Mode.HOST})
WATCHING = frozenset({Mode.CONTINUOUS, Mode.PRESENTATION})


@dataclass(frozen=True, kw_only=True)
class Conduct:
    """How the box is set to behave; times in ms, 0 for none.

    `absent`: the same-code lock-out counts from the code's leaving the view. `beep`: on a good read.
    """

    mode: Mode
    enabled: bool
    same_code_ms: int
    good_read_ms: int
    session_ms: int
    absent: bool = False
    beep: bool = True


class ScannerBox:
    """The device behind the dialect; `report(event, fields)` and `deliver(sighting)` are called as things happen.

    `no_read` is called when a session has ended without a read.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        conduct: Conduct,
        report: Callable[[str, dict[str, JsonValue]], None],
        deliver: Callable[[Sighting], None],
        no_read: Callable[[], None] | None = None,
    ) -> None:
        self.conduct = conduct
        self.reads = 0
        self._clock = clock
        self._report = report
        self._deliver = deliver
        self._no_read = no_read
        self._view: View | None = None
        self._last: tuple[int, bytes] | None = None
        self._left_at: int | None = None
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
        self._change_view(view)

    def show(self, view: View | None) -> str:
        """What is before the box changes; returns why nothing was read, or an empty text for a good read."""
        self._change_view(view)
        if not self._session and self.conduct.mode in TRIGGERED:
            return "the box waits for its trigger"
        why = self._look(triggered=self._session)
        self._watch()
        return why

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
        """The settings have changed; a session under way goes on, unless the box was disabled."""
        before, self.conduct = self.conduct, conduct
        if not conduct.enabled:
            self._session = False
        if conduct.mode in WATCHING and (conduct.mode is not before.mode or (conduct.enabled and not before.enabled)):
            self._watch()

    def restart(self) -> None:
        """The box comes up again, with the same before it: no session, no lock-out."""
        self._session = False
        self._last = None
        self._left_at = None
        self._watch()

    async def reset(self) -> None:
        """As after power-on, with nothing in view."""
        self._view = None
        self._last = None
        self._left_at = None
        self._session = False
        self.reads = 0
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)

    def _change_view(self, view: View | None) -> None:
        if self._last is not None and self._shows(self._view, self._last[1]):
            self._left_at = self._clock.now_ns()
        self._view = view

    def _shows(self, view: View | None, data: bytes) -> bool:
        return isinstance(view, Sighting) and view.data == data

    def _look(self, *, triggered: bool) -> str:
        if not self.conduct.enabled:
            return "the box is disabled"
        match self._view:
            case None:
                return "nothing is in view"
            case Unreadable(why=why):
                if triggered or self.conduct.mode is not Mode.PRESENTATION:
                    self._report("no-read", {})
                return why
            case Sighting() as sighting:
                return self._read(sighting, triggered=triggered)

    def _read(self, sighting: Sighting, *, triggered: bool) -> str:
        now = self._clock.now_ns()
        if self._good_read_left(now):
            return "the delay between two reads is not over"
        if not triggered and self._locked_out(sighting, now):
            self._left_at = None
            self._report("same-code-locked-out", {"digits": sighting.text})
            return "the same code is locked out"
        self._last = (now, sighting.data)
        self._left_at = None
        self._session = False
        self.reads += 1
        self._report("good-read", {"symbology": sighting.symbology.value, "digits": sighting.text})
        if self.conduct.beep:
            self._report("beep", {"why": "good-read"})
        self._deliver(sighting)
        return ""

    def _good_read_left(self, now: int) -> int:
        """Nanoseconds left of the delay between any two reads."""
        since = now - self._last[0] if self._last is not None else -1
        return max(0, self.conduct.good_read_ms * MS - since) if since >= 0 else 0

    def _locked_out(self, sighting: Sighting, now: int) -> bool:
        if self._last is None or sighting.data != self._last[1] or not self.conduct.same_code_ms:
            return False
        if not self.conduct.absent:
            return 0 <= now - self._last[0] < self.conduct.same_code_ms * MS
        return self._left_at is None or 0 <= now - self._left_at < self.conduct.same_code_ms * MS

    def _end_session(self) -> None:
        self._session = False
        if not isinstance(self._view, Unreadable):
            self._report("no-read", {})
        if self._no_read is not None:
            self._no_read()

    def _wait(self, until: Coroutine[None, None, None]) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = asyncio.get_running_loop().create_task(until, name="scanner box")

    async def _time_out(self, after_ms: int) -> None:
        await self._clock.sleep(after_ms / 1000)
        if self._session:
            self._end_session()
            self._watch()

    def _watch(self) -> None:
        """Look again while what is in view may yet be read."""
        if self._session or self.conduct.mode not in WATCHING or not self.conduct.enabled:
            return
        match self._view:
            case Sighting() as sighting if self._again_ms(sighting) is not None:
                self._wait(self._cycle())
            case Unreadable() if self.conduct.mode is Mode.PRESENTATION and self.conduct.session_ms:
                self._wait(self._give_up(self.conduct.session_ms))

    def _again_ms(self, sighting: Sighting) -> int | None:
        """When what stays in view could be read again, in ms; None for never."""
        conduct = self.conduct
        read = self._last is not None and self._last[1] == sighting.data
        if read and conduct.absent and conduct.same_code_ms:
            return None
        delay = conduct.same_code_ms if read else 0
        return max(delay, conduct.good_read_ms, CONTINUOUS_CYCLE_MS)

    async def _cycle(self) -> None:
        while True:
            view = self._view
            after = self._again_ms(view) if isinstance(view, Sighting) else None
            if after is None or self.conduct.mode not in WATCHING:
                return
            await self._clock.sleep(after / 1000)
            if self.conduct.mode in WATCHING and isinstance(self._view, Sighting) and not self._session:
                self._look(triggered=False)

    async def _give_up(self, after_ms: int) -> None:
        """Something that cannot be read is before a box in presentation mode."""
        await self._clock.sleep(after_ms / 1000)
        if self.conduct.mode is Mode.PRESENTATION and isinstance(self._view, Unreadable) and self.conduct.enabled:
            self._report("no-read", {})
            if self._no_read is not None:
                self._no_read()
