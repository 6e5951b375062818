"""The ledger in SQLite: a file in WAL mode, or memory.

A commit hands the log to the kernel, which survives the end of this process; `flush` brings the log to the disk. The
database file itself is brought up to date (a checkpoint) in the flushing thread when the log has grown, so that the
loop hardly ever waits for it.
"""

import os
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from typing import TypeVar

from harness.errors import BenchError
from simulators.platform.ledger import statements
from simulators.platform.ledger.errors import TakenError, of_another_version, rule_broken, unusable
from simulators.platform.ledger.sqlite_log import LogState
from simulators.platform.ledger.store import WAIT_S, Row

T = TypeVar("T")
WORDS = {"INT": "INTEGER", "BYTES": "BLOB", "BY_KEY": "WITHOUT ROWID"}
GUARDS = """
CREATE TRIGGER IF NOT EXISTS posting_late BEFORE INSERT ON posting
WHEN EXISTS (SELECT 1 FROM settlement WHERE n = NEW.n) BEGIN SELECT RAISE(ABORT, 'nothing is added to a booking'); END;
CREATE TRIGGER IF NOT EXISTS settlement_balances BEFORE INSERT ON settlement
WHEN (SELECT COALESCE(SUM(amount_fen), 0) FROM posting WHERE n = NEW.n) <> 0
BEGIN SELECT RAISE(ABORT, 'the postings do not sum to zero'); END;
CREATE TRIGGER IF NOT EXISTS posting_stays BEFORE UPDATE ON posting
BEGIN SELECT RAISE(ABORT, 'nothing that is booked is changed'); END;
CREATE TRIGGER IF NOT EXISTS settlement_stays BEFORE UPDATE ON settlement
BEGIN SELECT RAISE(ABORT, 'nothing that is booked is changed'); END;
CREATE TRIGGER IF NOT EXISTS posting_remains BEFORE DELETE ON posting
BEGIN SELECT RAISE(ABORT, 'nothing that is booked is deleted'); END;
CREATE TRIGGER IF NOT EXISTS settlement_remains BEFORE DELETE ON settlement
BEGIN SELECT RAISE(ABORT, 'nothing that is booked is deleted'); END;
"""
CACHE_KIB = 16_384
LOG_PAGES, LOG_PAGES_ASIDE, LOG_PAGES_LEFT = 12_000, 6_000, 500
"""When the loop itself, and when the flushing thread, writes the log into the database file; and when that thread tries
again because the loop went on meanwhile. Only a log that is written out whole is begun anew.
"""
FLUSH = getattr(os, "fdatasync", os.fsync)
_PATIENT = f"PRAGMA busy_timeout = {WAIT_S * 1000}"
_TAKEN = frozenset({sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE})


class SqliteStore:
    """See `store.Store`."""

    def __init__(self, path: str | None, *, full: bool) -> None:
        self._path = path
        self._where = path or "(in memory)"
        self._log = -1
        self._full = False
        self._log_state = LogState(first=LOG_PAGES_ASIDE, again=LOG_PAGES_LEFT)
        self._version = -1
        self._second: sqlite3.Connection | None = None
        self._failed: OSError | None = None
        self._reading = False
        try:
            self._db = sqlite3.connect(path or ":memory:", isolation_level=None, timeout=WAIT_S, cached_statements=128)
        except sqlite3.Error as error:
            raise unusable(self._where, error) from error
        try:
            self._prepare(full=full)
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise unusable(self._where, error) from error
        except BenchError:
            self.close()
            raise
        self._execute = self._db.execute
        self._totals = statements.TOTALS.format(**WORDS)

    @property
    def durable(self) -> bool:
        """Whether there is a log to flush."""
        return self._full and self._log >= 0

    @property
    def lock_file(self) -> int | None:
        """The log: SQLite itself locks other files, and waits for them with sleeps."""
        return self._log if self._log >= 0 else None

    def _prepare(self, *, full: bool) -> None:
        if self._path:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")  # the log is flushed by `flush`
            self._db.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
        self._db.execute("PRAGMA foreign_keys = ON")
        self._db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        self._db.execute("BEGIN IMMEDIATE")
        (found,) = self._db.execute("PRAGMA user_version").fetchone()
        (tables,) = self._db.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        if tables and found != statements.VERSION:
            self._db.execute("ROLLBACK")
            raise of_another_version(self._where, found, statements.VERSION)
        if not tables:
            for statement in _each(statements.SCHEMA.format(**WORDS), GUARDS):
                self._db.execute(statement)
            self._db.execute(f"PRAGMA user_version = {statements.VERSION}")
        self._db.execute("COMMIT")
        self._full = full
        if self._path:
            self._log = os.open(f"{self._path}-wal", os.O_RDWR | os.O_CLOEXEC)

    def one(self, statement: str, parameters: Sequence[object] = ()) -> Row | None:
        """The first row."""
        try:
            row: Row | None = self._execute(statement, parameters).fetchone()
        except sqlite3.Error as error:
            raise self._told(error) from error
        return row

    def rows(self, statement: str, parameters: Sequence[object] = ()) -> Iterable[Row]:
        """All rows."""
        if statement == statements.TOTALS:
            statement = self._totals
        return self._asked(lambda: self._execute(statement, parameters).fetchall())

    def do(self, statement: str, parameters: Sequence[object] = ()) -> int:
        """How many rows were written."""
        try:
            return self._execute(statement, parameters).rowcount
        except sqlite3.Error as error:
            raise self._told(error) from error

    def many(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        """Write several rows."""
        try:
            self._db.executemany(statement, rows)
        except sqlite3.Error as error:
            raise self._told(error) from error

    def changed(self) -> bool:
        """Whether another connection has written since this was asked last."""
        before = self._version
        (self._version,) = self._asked(lambda: self._execute("PRAGMA data_version").fetchone())
        return self._version != before

    def begin_reading(self) -> None:
        """A transaction, so that SQLite locks and looks for changes once and not for every statement."""
        if self._path:
            self._asked(lambda: self._execute("BEGIN"))
            self._reading = True

    def end_reading(self) -> None:
        """End it."""
        if self._reading:
            self._reading = False
            self.rollback()

    def begin(self, *, wait: bool = True) -> bool:
        """Begin; waits for another process's transaction, or not."""
        try:
            if wait:
                self._execute("BEGIN IMMEDIATE")
            else:
                self._begin_at_once()
        except sqlite3.Error as error:
            if not wait and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                return False
            raise self._told(error) from error
        return True

    def _begin_at_once(self) -> None:
        self._execute("PRAGMA busy_timeout = 0").fetchone()
        try:
            self._execute("BEGIN IMMEDIATE")
        finally:
            self._execute(_PATIENT).fetchone()

    def others_end(self, seconds: float) -> bool:
        """Have a connection of its own wait for its turn to write."""
        try:
            with closing(sqlite3.connect(self._where, isolation_level=None, timeout=seconds)) as db:
                db.execute("BEGIN IMMEDIATE")
                db.execute("ROLLBACK")
        except sqlite3.Error as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise self._told(error) from error
            return False
        return True

    def readable(self, seconds: float) -> bool:
        """Always: with its log, nobody can keep readers out of a file that is open."""
        del seconds
        return True

    def commit(self) -> None:
        """End it."""
        self._asked(lambda: self._execute("COMMIT"))

    def rollback(self) -> None:
        """Undo it."""
        if self._db.in_transaction:
            self._asked(lambda: self._execute("ROLLBACK"))

    def keep_point(self) -> None:
        """Set a point."""
        self._asked(lambda: self._execute("SAVEPOINT booking"))

    def drop_point(self) -> None:
        """Forget the point."""
        self._asked(lambda: self._execute("RELEASE booking"))

    def undo_to_point(self) -> None:
        """Undo, and forget the point."""
        self._asked(lambda: self._execute("ROLLBACK TO booking"))
        self._asked(lambda: self._execute("RELEASE booking"))

    def clear(self) -> None:
        """Forget everything."""
        booked = self.one("SELECT 1 FROM settlement LIMIT 1") or self.one("SELECT 1 FROM posting LIMIT 1")
        if booked:
            for guard in ("posting_remains", "settlement_remains"):
                self.do(f"DROP TRIGGER {guard}")
        for table in statements.TABLES:
            self.do(f"DELETE FROM {table}")  # noqa: S608 - constants
        for statement in _each(GUARDS) if booked else ():
            self.do(statement)

    def flush(self) -> None:
        """Bring the log to the disk; now and then, the log into the database file. What failed once fails for ever."""
        try:
            if self._failed is not None:
                raise self._failed
            FLUSH(self._log)
        except OSError as error:
            self._failed = error  # the kernel may have dropped the pages and would report success next time
            raise unusable(self._where, error) from error
        if self._log_state.reaches(self._log):
            self._log_state.written_out(*self._write_out())

    def _write_out(self) -> tuple[int, int]:
        """Write the log into the database file; how many pages the log has, and how many of them are there now."""
        if self._second is None:
            assert self._path is not None
            self._second = sqlite3.connect(self._path, isolation_level=None, timeout=WAIT_S, check_same_thread=False)
            self._second.execute("PRAGMA synchronous = NORMAL")
        _, in_log, in_file = self._second.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        return in_log, in_file

    def close(self) -> None:
        """Hang up."""
        if self._second is not None:
            self._second.close()
            self._second = None
        self._reading = False
        self._db.close()
        if self._log >= 0:
            os.close(self._log)
            self._log = -1

    def _asked(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except sqlite3.Error as error:
            raise self._told(error) from error

    def _told(self, error: sqlite3.Error) -> Exception:
        if not isinstance(error, sqlite3.IntegrityError):
            return unusable(self._where, error)
        return TakenError(str(error)) if error.sqlite_errorcode in _TAKEN else rule_broken(error)


def _each(*scripts: str) -> Iterable[str]:
    """The statements of scripts; a trigger's body has one of its own."""
    pending = ""
    for script in scripts:
        for part in script.split(";"):
            pending += part + ";"
            if sqlite3.complete_statement(pending):
                if pending.strip(" \n;"):
                    yield pending
                pending = ""
