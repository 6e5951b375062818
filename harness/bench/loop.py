"""The event loop of a bench: one thread in which all its virtual devices live, beside the thread of the cases."""

import asyncio
import contextlib
import threading
import warnings
from collections.abc import Callable, Coroutine
from functools import cache
from typing import Any, TypeVar

from harness.errors import SimulatorDefect

T = TypeVar("T")
PATIENCE_S = 30.0
END_S = 5.0
SETTLING_TURNS = 4
"""Turns of the loop until what is in the kernel's hands has become frames: accept, read, parse, handle."""


def new_loop() -> asyncio.AbstractEventLoop:
    """The fastest event loop that is installed."""
    try:
        return _uvloop()()
    except ImportError:
        return asyncio.new_event_loop()


@cache
def _uvloop() -> Callable[[], asyncio.AbstractEventLoop]:
    import uvloop

    class Loop(uvloop.Loop):
        """Where warnings are errors, as in many a pytest, uvloop would stop closing at the first thing that nobody has
        closed, and then wait for it for ever.
        """

        def close(self) -> None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)
                super().close()

    return Loop


class LoopThread:
    """A running event loop in its own thread; usable from any other thread."""

    def __init__(self) -> None:
        self.loop = new_loop()
        self._thread = threading.Thread(target=self._run, name="bench", daemon=True)
        self._thread.start()

    def call(self, work: Coroutine[Any, Any, T], *, timeout: float = PATIENCE_S) -> T:
        """Run a coroutine in the loop and wait for its result. Raises SimulatorDefect when it takes too long."""
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        try:
            return future.result(timeout)
        except TimeoutError as error:
            if future.done():
                raise
            future.cancel()
            raise SimulatorDefect(
                f"The bench's own work did not end within {timeout:.0f} s.",
                cause="a simulator blocks the bench's event loop",
                remedy="report this with the run's folder",
            ) from error

    def soon(self, function: Callable[..., object], *arguments: object) -> None:
        """Have the loop call a function."""
        self.loop.call_soon_threadsafe(function, *arguments)

    def settle(self) -> None:
        """Let the loop take in everything that has arrived so far."""
        self.call(settled())

    def close(self) -> None:
        """Cancel what still runs, stop the loop and end its thread."""
        if self.loop.is_closed():
            return
        with contextlib.suppress(SimulatorDefect):
            self.call(_cancel_all(), timeout=END_S)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(END_S)

    def _run(self) -> None:
        """Closing waits, perhaps for ever, for what a simulator has left behind; so it is this thread that does it."""
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()
        self.loop.close()


async def settled() -> None:
    """Return when the loop has taken in everything that has arrived so far."""
    for _ in range(SETTLING_TURNS):
        await asyncio.sleep(0)


async def _cancel_all() -> None:
    me = asyncio.current_task()
    tasks = [task for task in asyncio.all_tasks() if task is not me]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
