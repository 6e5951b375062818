"""The write-ahead log of the ledger's file: when it is written out, and that this is not at every flush ever after."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulators.platform.ledger import sqlite as sqlite_module
from simulators.platform.ledger.sqlite import SqliteStore
from simulators.platform.ledger.sqlite_log import LogState


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    found = sqlite3.connect(tmp_path / "any.db", isolation_level=None)
    found.execute("PRAGMA journal_mode = WAL")
    found.execute("PRAGMA wal_autocheckpoint = 0")
    found.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, body BLOB)")
    yield found
    found.close()


@pytest.fixture
def log(db: sqlite3.Connection, tmp_path: Path) -> Iterator[int]:
    file = os.open(tmp_path / "any.db-wal", os.O_RDONLY)
    yield file
    os.close(file)


def pages(db: sqlite3.Connection) -> int:
    """What SQLite itself says that the log has; also writes it out."""
    return int(db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1])


def grow(db: sqlite3.Connection) -> None:
    db.execute("INSERT INTO t (body) VALUES (?)", (b"x" * 3000,))


def test_a_log_reaches_a_page_exactly_when_sqlite_has_written_it(db: sqlite3.Connection, log: int) -> None:
    state, commits = LogState(first=40, again=7), 0
    while not state.reaches(log):
        grow(db)
        commits += 1
        assert commits < 100
    assert 40 <= pages(db) <= 42  # one commit writes some pages


def test_a_log_that_was_written_out_is_waited_for_anew_although_its_file_stays_long(
    db: sqlite3.Connection, log: int
) -> None:
    state = LogState(first=40, again=7)
    while not state.reaches(log):
        grow(db)
    size, found = os.fstat(log).st_size, pages(db)
    state.written_out(found, found)
    grow(db)
    assert os.fstat(log).st_size == size
    assert not state.reaches(log)
    while not state.reaches(log):
        grow(db)
    assert 40 <= pages(db) <= 42


def test_what_is_left_behind_is_tried_again_a_few_pages_later(db: sqlite3.Connection, log: int) -> None:
    state = LogState(first=40, again=7)
    while not state.reaches(log):
        grow(db)
    reader = sqlite3.connect(str(Path(db.execute("PRAGMA database_list").fetchone()[2])), isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT COUNT(*) FROM t").fetchone()
    grow(db)
    in_log = pages(db)
    state.written_out(in_log, in_log - 2)
    assert not state.reaches(log)
    commits = 0
    while not state.reaches(log):
        grow(db)
        commits += 1
    assert 2 <= commits <= 7
    reader.close()


def test_an_empty_log_has_reached_nothing(tmp_path: Path) -> None:
    (tmp_path / "log").touch()
    file = os.open(tmp_path / "log", os.O_RDONLY)
    assert not LogState(first=1, again=1).reaches(file)
    os.close(file)


def test_a_ledger_that_has_grown_once_does_not_write_out_at_every_flush(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_module, "LOG_PAGES_ASIDE", 100)
    store = SqliteStore(str(tmp_path / "ledger.db"), full=True)
    written, write_out = [], store._write_out

    def counted() -> tuple[int, int]:
        written.append(write_out())
        return written[-1]

    monkeypatch.setattr(store, "_write_out", counted)
    commits = 400
    for n in range(commits):
        store.begin()
        store.do("INSERT INTO kept (kind, key, body) VALUES (?, ?, ?)", ("test", f"{n:06d}", b"x" * 3000))
        store.commit()
        store.flush()
    store.close()
    assert all(in_log == in_file for in_log, in_file in written)
    assert 4 <= len(written) <= commits // 20
