"""Waiting for another program that lets nobody write, such as a backup or a database browser with an open transaction,
or nobody read either, as a server's `VACUUM FULL` and `ALTER TABLE` do.

The databases' own ways to wait block who waits, so they are used in a thread; the loop goes on with what needs no
writing, or not the ledger. All who wait in this process for the same share one such wait.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from simulators.platform.ledger.errors import locked

AT_ONCE_S = 0.5
"""How long one look aside takes at most, so that nothing has to wait longer for the thread when it is to end."""


class Outside:
    """Lets those who want to write, or to read, wait for others, `patience_s` seconds at most each.

    `look` waits so many seconds and says whether it may be worth another try; `where` names the ledger.
    """

    def __init__(self, look: Callable[[float], bool], where: str, *, patience_s: float) -> None:
        self._look = look
        self._where = where
        self._patience_s = patience_s
        self._thread: ThreadPoolExecutor | None = None
        self._looking: Future[bool] | None = None

    @property
    def waits(self) -> bool:
        """Whether others are waited for now, so that it is not worth trying."""
        return self._looking is not None and not self._looking.done()

    async def wait(self, since: float | None) -> float:
        """Return when it may be worth another try, with the loop's time since when that has been tried.

        Raises LockedError when that is too long ago, BenchError when the store cannot be used.
        """
        loop = asyncio.get_running_loop()
        since = loop.time() if since is None else since
        while loop.time() - since < self._patience_s:
            if await self.looked():
                return since
        raise locked(self._where, self._patience_s)

    async def looked(self) -> bool:
        """One look, which all who wait share: whether it may be worth another try. Raises BenchError like `wait`."""
        if self._looking is None or self._looking.done():
            if self._thread is None:
                self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger outside")
            self._looking = self._thread.submit(self._look, AT_ONCE_S)
        return await asyncio.shield(asyncio.wrap_future(self._looking))

    def close(self) -> None:
        """End the thread; may be called twice."""
        if self._thread is not None:
            self._thread.shutdown(wait=True)
            self._thread = None
