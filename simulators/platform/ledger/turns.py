"""Transactions of the store, shared by all that books in one turn: while the loop has bookings that are ready.

What is booked is checked against what is known (the store's lock is held, so nobody else writes), then collected, and
written in one go at the end of the turn, or earlier when a statement needs the store itself. Within the turn, one
booking that is undone leaves the others: what it collected is dropped, and what it wrote lies behind a savepoint.
"""

import asyncio
from contextlib import suppress

from harness.errors import LiantiaoError
from simulators.platform.ledger.batch import Batch
from simulators.platform.ledger.errors import TakenError
from simulators.platform.ledger.group_commit import GroupCommit
from simulators.platform.ledger.known import Known
from simulators.platform.ledger.line import Line
from simulators.platform.ledger.outside import Outside
from simulators.platform.ledger.store import Store

QUIET_TURNS, MOST_TOGETHER = 2, 64
"""What is read from a connection in one turn of the loop is booked in the next; so many bookings share a commit."""


class Turns:
    """The store's transactions; `together`: those of one turn of the loop are one.

    `shared`: other processes write as often as this one. Then only those that have waited for `queue` are together, so
    that the store's lock is held for what has to be done under it and for nothing else.
    """

    def __init__(
        self, store: Store, commits: GroupCommit, outside: Outside, *, together: bool, shared: bool = False
    ) -> None:
        self.known = Known()
        self.mine = Batch()
        """What the transaction under way has decided."""
        self.done = Batch()
        """What those before it in this turn have."""
        self.open = False
        """Whether a transaction of the store is to be committed at the end of this turn."""
        self._store = store
        self._commits = commits
        self._together = together and not shared
        self._line = Line(store.lock_file, self._leave_line) if shared else None
        self._inside = self._joined = self._point = self._looked = False
        self._bookings = 0
        """How many share the transaction of the store."""
        self._begun = False
        """Whether a transaction of the store waits for the one that has been promised it."""
        self._broken: Exception | None = None
        self._outside = outside

    def enter(self) -> None:
        """Begin, or join what this turn has begun. Raises BenchError."""
        assert not self._inside, "a transaction within a transaction"
        if self._broken is not None:
            raise self._broken
        self._joined = self.open
        if not self.open and not self._begun:
            self._begin(wait=True)
        self._begun = False
        self._inside = True

    def leave(self) -> None:
        """All is well. Raises TakenError, RuleBroken, BenchError; then `undo` is due."""
        if self._point:
            self._store.drop_point()
            self._point = False
        self.done.take(self.mine)
        if not self._joined:
            loop = running_loop() if self._together or (self._line is not None and self._line.held) else None
            if loop is None:
                self.done.write(self._store)
                self._store.commit()
                self.known.trim()
                self._commits.committed()
            else:
                self.open = True
                self._bookings = 0
                loop.call_soon(self._end_when_quiet, loop, 0, 0)
        self._bookings += 1
        self._inside = False

    def undo(self, raised: object) -> None:
        """Something was raised: this transaction has never been."""
        self._inside = False
        point, self._point = self._point, False
        self.mine.clear()
        self.known.forget()
        if not self._joined:
            self.done.clear()
            self._store.rollback()
            return
        try:
            if point:
                self._store.undo_to_point()
            self.done.write(self._store)  # what is known is read again, and has to be there
        except (LiantiaoError, TakenError) as error:  # a full disk, say: then the store has undone all of the turn
            self._broken = raised if isinstance(raised, LiantiaoError) else error

    async def queue(self) -> None:
        """Return when it is this process's turn to write, and nobody else writes; `enter` has to follow at once.

        Raises LockedError when another process lets nobody write.
        """
        since: float | None = None
        while True:
            if self._line is not None:
                await self._line.wait()
            if self.open or self._begun or (not self._outside.waits and self._begin(wait=False)):
                return
            since = await self._outside.wait(since)

    def close(self) -> None:
        """No more turns."""
        self._give_back()
        self.end()
        self._look_again()
        self._outside.close()
        if self._line is not None:
            self._line.close()

    def _leave_line(self) -> None:
        assert self._line is not None
        try:
            self._give_back()
            self.end()
        finally:
            self._line.release()

    def look(self) -> None:
        """Before what is known is used: has another process written? Once a turn, and never while nobody else can."""
        if self._inside or self.open or self._begun or self._looked:
            return
        if (loop := running_loop()) is not None:
            self._looked = True
            loop.call_soon(self._look_again)
            self._store.begin_reading()
        if self._store.changed():
            self.known.forget()
        self.known.trim()

    def straight(self, *, writes: bool = False) -> Store:
        """The store itself, which has been told all; `writes`: a statement that can be undone follows."""
        if self.done:
            self._write(self.done)
        if self._inside and self._joined and not self._point and (writes or self.mine):
            self._store.keep_point()
            self._point = True
        if self.mine:
            self.mine.write(self._store)
        return self._store

    def end(self) -> None:
        """The turn is over: commit, and tell who waits."""
        if not self.open:
            return
        self.open = False
        error, self._broken = self._broken, None
        try:
            if error is not None:
                raise error
            self.done.write(self._store)
            self._store.commit()
        except (LiantiaoError, TakenError) as failure:
            self.done.clear()
            self.known.forget()
            self._commits.fail(failure)
            with suppress(LiantiaoError):  # a server that is gone has undone it; a file says so at the next turn
                self._store.rollback()
            return
        self.known.trim()
        self._commits.committed()
        if running_loop() is not None:
            self._commits.start()

    def _end_when_quiet(self, loop: asyncio.AbstractEventLoop, seen: int, quiet: int) -> None:
        """Commit when nobody has come for some turns of the loop: a commit and a flush cost no more for many."""
        if not self.open:
            return
        quiet = quiet + 1 if self._bookings == seen else 0
        if self._broken is not None or quiet == QUIET_TURNS or self._bookings >= MOST_TOGETHER:
            self.end()
        else:
            loop.call_soon(self._end_when_quiet, loop, self._bookings, quiet)

    def _look_again(self) -> None:
        if self._looked:
            self._looked = False
            self._store.end_reading()

    def _begin(self, *, wait: bool) -> bool:
        """Begin a transaction of the store; False when another process has one and `wait` is not wished."""
        self._store.end_reading()
        if not self._store.begin(wait=wait):
            return False
        try:
            if self._store.changed():
                self.known.forget()
        except LiantiaoError:
            self._store.rollback()
            raise
        if not wait and (loop := running_loop()) is not None:
            self._begun = True
            loop.call_soon(self._give_back)
        return True

    def _give_back(self) -> None:
        """Whoever was promised a transaction did not take it up: a case ended meanwhile, say."""
        if self._begun:
            self._begun = False
            self._store.rollback()

    def _write(self, batch: Batch) -> None:
        try:
            batch.write(self._store)
        except (LiantiaoError, TakenError) as error:
            self._broken = error
            raise


class Writing:
    """`with` this, a transaction that joins those of its turn; not to be nested."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns

    def __enter__(self) -> None:
        """Begin. Raises BenchError."""
        self._turns.enter()

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        """Keep it, or undo it when something was raised. Raises TakenError, RuleBroken, BenchError."""
        if kind is None:
            try:
                self._turns.leave()
            except (LiantiaoError, TakenError) as failure:
                self._turns.undo(failure)
                raise
        else:
            self._turns.undo(error)


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The loop of this thread, if it runs."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
