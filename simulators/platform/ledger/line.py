"""The line in which processes wait to write: in the kernel, without sleeps, while each loop goes on with its work."""

import asyncio
import fcntl
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor


class Line:
    """Lets all who wait in this process go at once, while no other process's may; `file` is what they lock, if any.

    `after`, which must `release`, is called behind those who waited.
    """

    def __init__(self, file: int | None, after: Callable[[], None]) -> None:
        self._file = file
        self._after = after
        self._waiting: list[asyncio.Future[None]] = []
        self._busy = False
        self._thread: ThreadPoolExecutor | None = None
        self.held = False
        """Whether it is this process's turn."""

    async def wait(self) -> None:
        """Return when it is this process's turn."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        if not self._busy:
            self._begin()
        await waiter

    def _begin(self) -> None:
        self._busy = True
        loop = asyncio.get_running_loop()
        loop.call_soon(self._ask, loop)

    def release(self) -> None:
        """The turn is over; who came meanwhile waits for the next."""
        self.held = self._busy = False
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        if self._waiting:
            self._begin()

    def close(self) -> None:
        """End the thread; may be called twice."""
        if self._thread is not None:
            self._thread.shutdown(wait=False)
            self._thread = None

    def _ask(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._file is None:
            self._go(loop)
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._wait_aside(loop, self._file)
        else:
            self._go(loop)

    def _wait_aside(self, loop: asyncio.AbstractEventLoop, file: int) -> None:
        def locked(_: "Future[None]") -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._go, loop)

        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger line")
        self._thread.submit(fcntl.flock, file, fcntl.LOCK_EX).add_done_callback(locked)

    def _go(self, loop: asyncio.AbstractEventLoop) -> None:
        self.held = True
        going, self._waiting = self._waiting, []
        for waiter in going:
            if not waiter.done():
                waiter.set_result(None)
        loop.call_soon(self._after)  # behind all of them
