"""Waiting for another program that lets nobody write, such as a backup or a database browser with an open transaction.

The databases' own ways to wait block who waits, so they are used in a thread; the loop goes on with what needs no
writing. All who wait in this process share one such wait.
"""

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor

from simulators.platform.ledger.errors import locked
from simulators.platform.ledger.store import Store

AT_ONCE_S = 0.5
"""How long one look aside takes at most, so that nothing has to wait longer for the thread when it is to end."""


class Outside:
    """Lets those who want to write wait for others, `patience_s` seconds at most each; `where` names the ledger."""

    def __init__(self, store: Store, where: str, *, patience_s: float) -> None:
        self._store = store
        self._where = where
        self._patience_s = patience_s
        self._thread: ThreadPoolExecutor | None = None
        self._looking: Future[None] | None = None

    @property
    def waits(self) -> bool:
        """Whether others are waited for now, so that it is not worth trying."""
        return self._looking is not None and not self._looking.done()

    async def wait(self, since: float | None) -> float:
        """Return when it may be worth another try, with the loop's time since when that has been tried.

        Raises LockedError when that is too long ago, BenchError when the store cannot be used.
        """
        now = asyncio.get_running_loop().time()
        since = now if since is None else since
        if now - since >= self._patience_s:
            raise locked(self._where, self._patience_s)
        if self._looking is None or self._looking.done():
            if self._thread is None:
                self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger outside")
            self._looking = self._thread.submit(self._store.others_end, AT_ONCE_S)
        await asyncio.shield(asyncio.wrap_future(self._looking))
        return since

    def close(self) -> None:
        """End the thread; may be called twice."""
        if self._thread is not None:
            self._thread.shutdown(wait=True)
            self._thread = None
