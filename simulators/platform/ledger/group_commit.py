"""Group commit: who waits for the disk while a flush is under way shares the next one."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor


class GroupCommit:
    """Flushes in a thread of its own; `flush` is called there. Without `flush` nobody ever waits."""

    def __init__(self, flush: Callable[[], None] | None) -> None:
        self._flush = flush
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger flush") if flush is not None else None
        self._open: list[asyncio.Future[None]] = []
        """Who waits for what is not committed yet."""
        self._waiting: list[asyncio.Future[None]] = []
        """Who waits for the disk alone."""
        self._busy = False
        self._committed = 0
        self._flushed = 0

    @property
    def behind(self) -> bool:
        """Whether anything has been committed and not been flushed."""
        return self._flush is not None and self._flushed < self._committed

    def committed(self) -> None:
        """All that was written has been committed; those who wait for it may share the next flush."""
        self._committed += 1
        self._waiting += self._open
        self._open = []

    def wait(self, *, committed: bool) -> "asyncio.Future[None]":
        """Done once a flush that began after the commit has ended; `committed`: what it is about has been already."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        (self._waiting if committed else self._open).append(waiter)
        return waiter

    def start(self) -> None:
        """Flush for those whose writing has been committed, now or when the flush under way has ended."""
        if self._busy or not self._waiting:
            return
        taken, self._waiting = self._waiting, []
        if self._flush is None or self._thread is None:
            _tell(taken, None)
            return
        self._busy = True
        covered = self._committed
        loop = asyncio.get_running_loop()

        def ended(done: "Future[None]") -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._ended, taken, covered, done.exception())

        self._thread.submit(self._flush).add_done_callback(ended)

    def fail(self, error: BaseException) -> None:
        """What has not been committed will not be; those before it get their flush all the same."""
        taken, self._open = self._open, []
        _tell(taken, error)

    def close(self) -> None:
        """End the thread; may be called twice."""
        if self._thread is not None:
            self._thread.shutdown()
            self._thread = None

    def _ended(self, taken: list["asyncio.Future[None]"], covered: int, error: BaseException | None) -> None:
        self._busy = False
        if error is None:
            self._flushed = covered
        else:  # a server that fell has lost what was committed meanwhile, too
            taken, self._waiting = taken + self._waiting, []
        _tell(taken, error)
        self.start()


def _tell(waiters: list["asyncio.Future[None]"], error: BaseException | None) -> None:
    for waiter in waiters:
        if waiter.done():
            continue
        if error is None:
            waiter.set_result(None)
        else:
            waiter.set_exception(error)
