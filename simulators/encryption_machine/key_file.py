"""The file of a key store: one SQLite file, or memory, with its tables, its owner and changes in one step.

A change is on the disk (WAL, synchronous=FULL) when the call that makes it returns, so a killed machine has every key
that it acknowledged. Another process's change is seen at the next call: SQLite counts the file's changes.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import BenchError

VERSION = 1
BUSY_S = 10.0
"""How long a change waits for another process's change."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS slots (idx INTEGER PRIMARY KEY, label BLOB NOT NULL, pin BLOB, wrong INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS pairs (idx INTEGER NOT NULL, use TEXT NOT NULL, wrapped BLOB NOT NULL, point BLOB NOT NULL,
    PRIMARY KEY (idx, use)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS symmetric (space TEXT NOT NULL, idx INTEGER NOT NULL, type TEXT NOT NULL,
    wrapped BLOB NOT NULL, checked TEXT NOT NULL, PRIMARY KEY (space, idx)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS certificates (id TEXT PRIMARY KEY, serial TEXT NOT NULL, der BLOB NOT NULL,
    trusted INTEGER NOT NULL, revoked INTEGER NOT NULL) WITHOUT ROWID;
"""
STORE_FAILURES = (sqlite3.Error, BenchError)
"""What any call may raise when the disk fails, the file is locked for too long, or was damaged."""
_TABLES = ("about", "slots", "pairs", "symmetric", "certificates")
Rows = list[tuple[str, list[tuple[object, ...]]]]
"""Tables with their rows."""


class KeyFile:
    """The rows of one machine's keys; `owner` is its LMK's check value.

    Raises BenchError when the file cannot be had or belongs to another LMK.
    """

    def __init__(self, path: Path | None, *, owner: str) -> None:
        self.path = path
        self.changed: list[Callable[[], None]] = []
        """What is called after every change, ours or another process's."""
        self._owner = owner
        try:
            self.rows = sqlite3.connect(
                path or ":memory:", isolation_level=None, timeout=BUSY_S, check_same_thread=False
            )
            self.rows.execute("PRAGMA journal_mode=WAL")
            self.rows.execute("PRAGMA synchronous=FULL")
            self.rows.executescript(_SCHEMA)
            self._check_owner()
        except (sqlite3.Error, OSError) as error:
            raise BenchError(
                f"The key store {path} cannot be opened: {error}.",
                cause="the file is no key store, the folder is missing, or the disk is full",
                remedy="name another file with --keys; it is made when it does not exist",
            ) from error
        self._seen = self._version()

    @property
    def changes(self) -> int:
        """How often keys have been changed since the store was made."""
        row = self.rows.execute("SELECT value FROM about WHERE name = 'changes'").fetchone()
        return int(row[0]) if row else 0

    @contextmanager
    def change(self, *, counted: bool = True) -> Iterator[None]:
        """What is done within is on the disk afterwards, all of it or nothing; one within another is part of it."""
        if self.rows.in_transaction:
            yield
            self._count(counted)
            return
        self.rows.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._count(counted)
        except BaseException:
            self.rows.execute("ROLLBACK")
            self._tell()
            raise
        self.rows.execute("COMMIT")
        self._tell()

    def follow(self) -> None:
        """See whether another process has changed anything."""
        if self.path is None:
            return
        version = self._version()
        if version != self._seen:
            self._seen = version
            self._tell()

    def erase(self) -> None:
        """Destroy everything, as a tamper does."""
        with self.change():
            for table in _TABLES[1:]:
                self.rows.execute(f"DELETE FROM {table}")  # noqa: S608 - the names stand above

    def dump(self) -> Rows:
        """Every row, for `restore`; private keys stay under the LMK."""
        return [(table, self.rows.execute(f"SELECT * FROM {table}").fetchall()) for table in _TABLES]  # noqa: S608

    def restore(self, rows: Rows) -> None:
        """Put back what `dump` took."""
        with self.change(counted=False):
            for table, found in rows:
                self.rows.execute(f"DELETE FROM {table}")  # noqa: S608 - as above
                if found:
                    marks = ", ".join("?" * len(found[0]))
                    self.rows.executemany(f"INSERT INTO {table} VALUES ({marks})", found)  # noqa: S608 - as above

    def close(self) -> None:
        """Let go of the file."""
        self.rows.close()

    def damaged(self, what: str) -> BenchError:
        """The error for a row that cannot be what was written."""
        return BenchError(
            f"In the key store {self.path}, {what} is damaged.",
            cause="the file was changed by another program, or the disk is failing",
            remedy="destroy that key and make it anew, or name another file with --keys",
        )

    def _tell(self) -> None:
        for forget in self.changed:
            forget()

    def _count(self, counted: bool) -> None:
        if counted:
            self.rows.execute(
                "INSERT INTO about VALUES ('changes', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1"
            )

    def _version(self) -> int:
        number: int = self.rows.execute("PRAGMA data_version").fetchone()[0]
        return number

    def _check_owner(self) -> None:
        with self.change(counted=False):
            self.rows.execute("INSERT OR IGNORE INTO about VALUES ('version', ?)", (str(VERSION),))
            self.rows.execute("INSERT OR IGNORE INTO about VALUES ('lmk', ?)", (self._owner,))
            about = dict(self.rows.execute("SELECT name, value FROM about"))
        if (about["version"], about["lmk"]) != (str(VERSION), self._owner):
            raise BenchError(
                f"The key store {self.path} is under another LMK, or from another version.",
                cause=f"its LMK's check value is {about['lmk']}, its version {about['version']}",
                remedy="name another file with --keys; it is made when it does not exist",
            )
