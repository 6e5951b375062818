"""A call of the library that is held until a person acts: it ends with what came, a refusal, or its time.

The time is the terminal's own timer: a clock that is set back meanwhile does not prolong it. A caller that hangs up,
and the end of the case, end it too; then nobody gets anything.
"""

import asyncio
from typing import Any, Generic, TypeVar

from harness.clock import NS, Clock
from simulators.terminal.refusals import Refusal

T = TypeVar("T")


class GoneError(Exception):
    """Nobody waits for the answer any more."""


class Held(Generic[T]):
    """One held call; `timeout` is the refusal it ends with after `life_s` on the clock."""

    def __init__(self, clock: Clock, *, life_s: int, timeout: Refusal) -> None:
        self._clock = clock
        self._timeout = timeout
        self._deadline_ns = clock.elapsed_ns() + life_s * NS
        self._ended: asyncio.Future[T | Refusal] = asyncio.get_running_loop().create_future()

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self._ended.done()

    @property
    def left_ns(self) -> int:
        """What is left of its time."""
        return max(0, self._deadline_ns - self._clock.elapsed_ns())

    def end(self, result: T | Refusal) -> None:
        """Give it what it waits for; nothing happens when it has ended already."""
        if not self._ended.done():
            self._ended.set_result(result)

    def abandon(self) -> None:
        """The case is over."""
        self._ended.cancel()

    async def result(self, gone: asyncio.Event) -> T | Refusal:
        """What it ends with. Raises GoneError when the caller hangs up first, or the case is over."""
        tasks = {asyncio.create_task(gone.wait(), name="terminal call"), asyncio.create_task(self._expire())}
        try:
            awaited: set[asyncio.Future[Any]] = {self._ended, *tasks}
            await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
            if not self._ended.done() and not gone.is_set():
                self._ended.set_result(self._timeout)
            if not self._ended.done() or self._ended.cancelled():
                raise GoneError
            return self._ended.result()
        finally:
            self._ended.cancel()
            for task in tasks:
                task.cancel()

    async def _expire(self) -> None:
        while left_ns := self.left_ns:
            await self._clock.elapse(left_ns / NS)
