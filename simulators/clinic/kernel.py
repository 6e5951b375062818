"""The model's engine: light processes and stations on SimPy's clock and event list.

A process is a generator that yields how many seconds pass, or `PARKED` while something else will resume it:

    def visit(me: Process) -> Steps:
        if not counter.seize(me) and not (yield PARKED):
            return                         # patience ran out in the queue
        yield 20.5                         # served for so long
        counter.release()

Why not `simpy.Process` and `simpy.Resource`: a process here is its own event on SimPy's heap, so a wait costs one heap
entry and no object, a free server costs no event at all, and a queue is a deque, so that a customer costs the same at
any backlog. Rare things (faults) are ordinary SimPy processes on the same environment, `Kernel.env`.
"""
# ruff: noqa: SLF001 - the fields of SimPy's environment, read at every event, are several times dearer as properties

import gc
import math
from collections import deque
from collections.abc import Callable, Generator, Sequence
from heapq import heapify, heappush, heapreplace
from typing import ClassVar

import simpy

PARKED = None
"""What a process yields when it does not know for how long."""
Steps = Generator[float | None, bool | None, None]
"""A process: yields seconds or `PARKED`; a parked one is told whether it got what it waited for."""
NEVER = math.inf
_NORMAL = 1


class Process:
    """A light process, which is its own event on SimPy's heap."""

    __slots__ = ("answered", "callbacks", "client", "deadline", "due", "key", "left_at", "number", "rest", "send")

    _ok: ClassVar[bool] = True
    """It never fails as an event: an exception in a process goes straight through `Kernel.run`."""

    def __init__(self, key: int = 0) -> None:
        self.key = key
        """Whose process it is, e.g. the patient's number."""
        self.deadline = NEVER
        """When it leaves a queue unserved."""
        self.left_at = NEVER
        """When it did."""
        self.due = NEVER
        """When its client gives its answer up; see `Watch`."""
        self.number = 0
        """Which try of its patient it is."""
        self.rest = 0.0
        """Seconds of work for it that are promised and not over yet."""
        self.answered = False
        """Whether nobody waits for its answer any more: it came, or was given up."""
        self.client: Process | None = None
        """The parked process that waits for it, if that is another one."""
        self.callbacks: list[Callable[..., None]] | None = None
        self.send: Callable[[bool | None], float | None]


class Kernel:
    """SimPy's environment with light processes on it. Times are seconds."""

    def __init__(self) -> None:
        self.env = simpy.Environment()
        env, queue, number = self.env, self.env._queue, self.env._eid

        def resume(process: Process, granted: bool | None = None) -> None:
            try:
                delay = process.send(granted)
            except StopIteration:
                return
            if delay is not None:
                process.callbacks = wake
                heappush(queue, (env._now + delay, _NORMAL, next(number), process))  # type: ignore[misc]  # its own event

        wake = [resume]
        self._wake = wake
        self.resume = resume
        """Go on with a parked process, telling it whether it got what it waited for."""

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return self.env._now

    def start(self, process: Process, steps: Steps) -> None:
        """Begin a process now; it runs to its first wait before this returns."""
        process.send = steps.send
        self.resume(process)

    def at(self, time: float, process: Process) -> None:
        """Resume a parked process at a time, exactly."""
        process.callbacks = self._wake
        heappush(self.env._queue, (time, _NORMAL, next(self.env._eid), process))  # type: ignore[misc]  # its own event

    def feed(self, times: Sequence[float], begin: Callable[[int], None]) -> None:
        """Call `begin(k)` at `times[k]`, which are in order; one entry on the heap at a time."""
        process = Process()

        def steps() -> Steps:
            for k, time in enumerate(times):
                self.at(time, process)
                yield PARKED
                begin(k)

        self.start(process, steps())

    def run(self, until: float | None = None) -> None:
        """Run until nothing is left to happen, or to a time.

        The collector of cyclic garbage pauses: what ends here frees itself, and a long queue would be looked at ever
        again.
        """
        collects = gc.isenabled()
        gc.disable()
        try:
            self.env.run(until)
        finally:
            if collects:
                gc.enable()


class Station:
    """Identical servers with one queue, first come first served; whoever's patience ends in the queue is passed over.

    Leaving the queue is found out when a server looks for its next customer: nobody else sees a difference, and the
    event list is not filled with patience that never ends. Accounts of busy and queueing seconds are kept as sums of
    end minus begin, one addition an event.
    """

    __slots__ = ("_busy_sum", "_env", "_line", "_queue_sum", "_resume", "busy", "capacity")

    def __init__(self, kernel: Kernel, capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"a station needs at least one server, not {capacity}")
        self._env = kernel.env
        self._resume = kernel.resume
        self.capacity = capacity
        self.busy = 0
        self._line: deque[Process] = deque()
        self._busy_sum = 0.0
        self._queue_sum = 0.0

    def seize(self, process: Process) -> bool:
        """Take a server if one is free; else the process is in the queue and must yield `PARKED`."""
        if self.busy < self.capacity:
            self.busy += 1
            self._busy_sum -= self._env._now
            return True
        self._queue_sum -= self._env._now
        self._put(process)
        return False

    def _put(self, process: Process) -> None:
        self._line.append(process)

    def _take(self) -> Process:
        return self._line.popleft()

    def release(self) -> None:
        """A server is done: it takes the next in the queue, who goes on at once."""
        if self._line and self.busy <= self.capacity:
            self._hand_over()
        else:
            self.busy -= 1
            self._busy_sum += self._env._now

    def _hand_over(self) -> None:
        line, now = self._line, self._env._now
        while line:
            process = self._take()
            if process.deadline >= now:
                self._queue_sum += now
                self._resume(process, True)
                return
            self._leave(process)
        self.busy -= 1
        self._busy_sum += now

    def _leave(self, process: Process) -> None:
        self._queue_sum += process.deadline
        process.left_at = process.deadline
        self._resume(process, False)

    def set_capacity(self, capacity: int) -> None:
        """Change the number of servers now; those at work above it finish what they do."""
        self.capacity = capacity
        while self._line and self.busy < capacity:
            self.busy += 1
            self._busy_sum -= self._env._now
            self._hand_over()

    def dismiss(self) -> None:
        """Everybody in the queue leaves it now, or when patience ended before."""
        now = self._env._now
        while self._line:
            process = self._take()
            process.deadline = min(process.deadline, now)
            self._leave(process)

    @property
    def busy_seconds(self) -> float:
        """Server-seconds of work until now."""
        return self._busy_sum + self.busy * self._env._now

    @property
    def queue_seconds(self) -> float:
        """Customer-seconds in the queue until now; one who left counts until a server passes over them."""
        return self._queue_sum + len(self._line) * self._env._now


class PriorityStation(Station):
    """A station whose queue is in order of `priority(process)`, then of arrival; service is not interrupted.

    Priorities are 0 (first) to `ranks - 1`, each with a queue of its own, so that a customer costs the same at any
    length.
    """

    __slots__ = ("_priority", "_ranks")

    def __init__(self, kernel: Kernel, capacity: int, priority: Callable[[Process], int], *, ranks: int = 2) -> None:
        super().__init__(kernel, capacity)
        self._priority = priority
        self._ranks: list[deque[Process]] = [deque() for _ in range(ranks)]

    def _put(self, process: Process) -> None:
        self._line.append(process)
        self._ranks[self._priority(process)].append(process)

    def _take(self) -> Process:
        self._line.pop()
        return next(rank for rank in self._ranks if rank).popleft()


class Reserved:
    """Servers whose next free moment is known: a customer learns at once when it will be done, so a visit is no event.

    First come first served, for short work that nobody leaves or interrupts. The same waits as a `Station`.
    """

    __slots__ = ("_busy_sum", "_env", "_free", "_queue_sum", "capacity")

    def __init__(self, kernel: Kernel, capacity: int) -> None:
        self._env = kernel.env
        self._free = [0.0] * capacity
        self.capacity = capacity
        self._busy_sum = 0.0
        self._queue_sum = 0.0

    def visit(self, seconds: float) -> float:
        """Be served for so long as soon as a server is free; returns how long waiting and service take together."""
        now = self._env._now
        free = self._free[0]
        self._busy_sum += seconds
        if free > now:
            self._queue_sum += free - now
            heapreplace(self._free, free + seconds)
            return free - now + seconds
        heapreplace(self._free, now + seconds)
        return seconds

    def set_capacity(self, capacity: int) -> None:
        """Change the number of servers now; what was begun or promised is done."""
        now = self._env._now
        self._free = [*sorted(self._free)[:capacity], *([now] * (capacity - len(self._free)))]
        heapify(self._free)
        self.capacity = capacity

    @property
    def busy_seconds(self) -> float:
        """Server-seconds of work that was promised until now."""
        return self._busy_sum

    @property
    def queue_seconds(self) -> float:
        """Customer-seconds of waiting that were promised until now."""
        return self._queue_sum


class Watch:
    """Gives answers up that are late. All have the same time-out, so the first sent is the first due.

    One entry on SimPy's heap however many answers are awaited, and none for those that come in time.
    """

    def __init__(self, kernel: Kernel, seconds: float, give_up: Callable[[Process], None]) -> None:
        self._kernel = kernel
        self._seconds = seconds
        self._give_up = give_up
        self._awaited: deque[tuple[float, Process]] = deque()
        self._guard = Process()
        self._armed = False
        self._guard.send = self._steps().send
        self._guard.send(None)

    def await_answer(self, process: Process) -> None:
        """`give_up(process)` is called when it has not `answered` in time; it then counts as answered."""
        process.answered = False
        process.due = self._kernel.env._now + self._seconds
        self._awaited.append((process.due, process))
        if not self._armed:
            self._armed = True
            self._kernel.at(process.due, self._guard)

    def _steps(self) -> Steps:
        awaited = self._awaited
        while True:
            self._armed = bool(awaited)
            if awaited:
                self._kernel.at(awaited[0][0], self._guard)
            yield PARKED
            while awaited:
                due, late = awaited[0]
                current = not late.answered and late.due == due
                if current and due > self._kernel.env._now:
                    break
                awaited.popleft()
                if current:
                    late.answered = True
                    self._give_up(late)
