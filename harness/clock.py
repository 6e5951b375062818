"""Time on a bench: one clock for every device, either the machine's or one that a case steps.

    clock = BenchClock()                 # stands still at 2020-10-14 08:30:00 in Beijing
    clock.step(seconds=61)               # every waiter whose time has come wakes, in order of its time
    await clock.sleep(60)                # returns once the clock has been stepped that far
    await clock.elapse(60)               # the same for a device's own timer, which no step back prolongs

`SystemClock` has the same face over the machine's clock. Nothing else in Liantiao reads the machine's date.
A step may be negative, as clocks in the field do step back; sleepers then wait longer, and timers do not.
"""

import asyncio
import heapq
import itertools
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Protocol

BEIJING = timezone(timedelta(hours=8), "CST")
"""The one time zone of the insurance platform."""
BENCH_ORIGIN = datetime(2020, 10, 14, 8, 30, tzinfo=BEIJING)
"""Where a bench clock starts: the morning of the documented go-live."""
NS = 1_000_000_000
LATEST_NS = 7_258_118_400 * NS
"""The year 2200: times beyond it are nobody's intention, and some do not fit into what libraries take."""


_Waiter = tuple[int, int, Callable[[], None]]
"""When, in which order, and how somebody is woken."""


class Clock(Protocol):
    """What a device may ask of time."""

    def now_ns(self) -> int:
        """Nanoseconds since 1970 in UTC."""
        ...

    def elapsed_ns(self) -> int:
        """Nanoseconds that have gone by since some moment; a clock that is set back does not change them."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return when this clock has advanced by `seconds`."""
        ...

    async def elapse(self, seconds: float) -> None:
        """Return when `seconds` have gone by, wherever the clock is set meanwhile."""
        ...

    @property
    def steppable(self) -> bool:
        """Whether a case may step this clock."""
        ...


def local_time(clock: Clock) -> datetime:
    """The clock's time in Beijing, exact to the microsecond."""
    seconds, ns = divmod(clock.now_ns(), NS)
    return datetime.fromtimestamp(seconds, tz=UTC).astimezone(BEIJING) + timedelta(microseconds=ns // 1000)


class SystemClock:
    """The machine's clock."""

    steppable = False

    def now_ns(self) -> int:
        """Nanoseconds since 1970 in UTC."""
        return time.time_ns()

    def elapsed_ns(self) -> int:
        """Nanoseconds since the machine started."""
        return time.monotonic_ns()

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` of real time."""
        await asyncio.sleep(max(0.0, seconds))

    async def elapse(self, seconds: float) -> None:
        """Return after `seconds` of real time."""
        await asyncio.sleep(max(0.0, seconds))


class BenchClock:
    """A clock that stands still until it is stepped; safe to step from any thread."""

    steppable = True

    def __init__(self, origin: datetime = BENCH_ORIGIN) -> None:
        if origin.tzinfo is None:
            raise ValueError("the origin of a bench clock needs a time zone")
        self._origin_ns = round(origin.timestamp()) * NS
        self._now_ns = self._origin_ns
        self._elapsed_ns = 0
        self._waiting: list[_Waiter] = []
        self._timers: list[_Waiter] = []
        self._order = itertools.count()
        self._lock = threading.Lock()

    def now_ns(self) -> int:
        """Nanoseconds since 1970 in UTC, as stepped so far."""
        return self._now_ns

    def elapsed_ns(self) -> int:
        """The sum of all steps forward."""
        return self._elapsed_ns

    def step(self, *, seconds: float) -> int:
        """Move the clock, wake whoever waited for a moment now reached; returns the new `now_ns`.

        Raises ValueError, and stays, when that would leave the years 1970 to 2199.
        """
        with self._lock:
            moved = self._now_ns + round(seconds * NS)
            if not 0 <= moved < LATEST_NS:
                raise ValueError(f"a step of {seconds:g} s would leave the years 1970 to 2199")
            self._elapsed_ns += max(0, moved - self._now_ns)
            self._now_ns = moved
            due = _take_due(self._waiting, moved) + _take_due(self._timers, self._elapsed_ns)
        for wake in due:
            wake()
        return self._now_ns

    def rewind(self) -> None:
        """Back to the origin for the next case; whoever still waits is woken first."""
        with self._lock:
            due = _take_due(self._waiting, None) + _take_due(self._timers, None)
            self._now_ns = self._origin_ns
        for wake in due:
            wake()

    async def sleep(self, seconds: float) -> None:
        """Return once the clock has been stepped by `seconds`; at once for zero or less."""
        await self._until(self._waiting, lambda: self._now_ns, seconds)

    async def elapse(self, seconds: float) -> None:
        """Return once steps forward come to `seconds`, whatever is stepped back meanwhile; at once for zero or less."""
        await self._until(self._timers, lambda: self._elapsed_ns, seconds)

    async def _until(self, waiting: "list[_Waiter]", now_ns: Callable[[], int], seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        loop = asyncio.get_running_loop()
        reached = loop.create_future()

        def arrive() -> None:
            if not reached.done():
                reached.set_result(None)

        def wake() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(arrive)

        with self._lock:
            waiter = (now_ns() + round(seconds * NS), next(self._order), wake)
            heapq.heappush(waiting, waiter)
        try:
            await reached
        finally:
            with self._lock:
                if waiter in waiting:
                    waiting.remove(waiter)
                    heapq.heapify(waiting)


def _take_due(waiting: "list[_Waiter]", now_ns: int | None) -> list[Callable[[], None]]:
    """Who is to be woken now, in order; all of them at None."""
    due = []
    while waiting and (now_ns is None or waiting[0][0] <= now_ns):
        due.append(heapq.heappop(waiting)[2])
    return due
