"""The platform's books in SQLite: accounts, settlements, their postings in fen, answers by msgid, sign-ins.

Double entry: the postings of each settlement sum to zero (the institution gets what fund, account and cash give), and
an account's balance is its opening plus its postings. A balance never goes below zero: the database refuses it.
Everything of one booking, its answer included, is one transaction. When `writing` is left it is committed: with a file
it then survives the end of the process. When `flushed` returns it survives a power cut, too (`full`): the write-ahead
log is flushed in a thread, once for all bookings that wait, so that many settlements share one flush.
"""

import asyncio
import os
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from harness.errors import BenchError, SimulatorDefect
from harness.money import Fen

_SCHEMA = """
CREATE TABLE IF NOT EXISTS account (
    psn_no TEXT PRIMARY KEY, opening_fen INTEGER NOT NULL, balance_fen INTEGER NOT NULL CHECK (balance_fen >= 0)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS settlement (
    n INTEGER PRIMARY KEY, setl_id TEXT NOT NULL UNIQUE, msgid TEXT NOT NULL UNIQUE, infno TEXT NOT NULL,
    institution TEXT NOT NULL, psn_no TEXT NOT NULL, mdtrt_id TEXT NOT NULL, invono TEXT NOT NULL,
    insutype TEXT NOT NULL, at_ns INTEGER NOT NULL, total_fen INTEGER NOT NULL, fund_fen INTEGER NOT NULL,
    account_fen INTEGER NOT NULL, cash_fen INTEGER NOT NULL, reverses TEXT
);
CREATE INDEX IF NOT EXISTS settlement_reverses ON settlement (reverses) WHERE reverses IS NOT NULL;
CREATE TABLE IF NOT EXISTS posting (n INTEGER NOT NULL, account TEXT NOT NULL, amount_fen INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS answer (msgid TEXT PRIMARY KEY, digest BLOB NOT NULL, reply BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS barred (msgid TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sign_in (
    sign_no TEXT PRIMARY KEY, institution TEXT NOT NULL, opter TEXT NOT NULL, day TEXT NOT NULL,
    sign_time TEXT NOT NULL, signed_out INTEGER NOT NULL DEFAULT 0, UNIQUE (institution, opter, day)
) WITHOUT ROWID;
"""
_COLUMNS = (
    "n, setl_id, msgid, infno, institution, psn_no, mdtrt_id, invono, insutype, at_ns, "
    "total_fen, fund_fen, account_fen, cash_fen, reverses"
)
_INSERT = f"INSERT INTO settlement ({_COLUMNS}) VALUES ({', '.join('?' * 15)})"  # noqa: S608 - constants
_BY_ID = f"SELECT {_COLUMNS} FROM settlement WHERE setl_id = ?"  # noqa: S608
_BY_MSGID = f"SELECT {_COLUMNS} FROM settlement WHERE msgid = ?"  # noqa: S608
_ALL = f"SELECT {_COLUMNS} FROM settlement ORDER BY n"  # noqa: S608
_UNDONE = """
SELECT 1 FROM settlement r WHERE r.reverses = ?
AND NOT EXISTS (SELECT 1 FROM settlement u WHERE u.reverses = r.setl_id)
"""
_PAGES_IN_LOG = 8000
_FLUSH = getattr(os, "fdatasync", os.fsync)
_TABLES = ("account", "settlement", "posting", "answer", "barred", "sign_in")


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """One booking; a refund or reversal has negative amounts and `reverses` names the settlement that it undoes."""

    n: int
    setl_id: str
    msgid: str
    infno: str
    institution: str
    psn_no: str
    mdtrt_id: str
    invono: str
    insutype: str
    at_ns: int
    total_fen: Fen
    fund_fen: Fen
    account_fen: Fen
    cash_fen: Fen
    reverses: str | None

    @property
    def postings(self) -> tuple[tuple[str, int], ...]:
        """What moves: account name and signed fen; sums to zero."""
        return (
            (f"institution:{self.institution}", self.total_fen),
            (f"fund:{self.insutype}", -self.fund_fen),
            (f"account:{self.psn_no}", -self.account_fen),
            (f"cash:{self.psn_no}", -self.cash_fen),
        )


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """An operator's sign-in of one day."""

    sign_no: str
    institution: str
    opter: str
    day: str
    sign_time: str
    signed_out: bool


class Ledger:
    """The books, in a file or (without `path`) in memory. Raises BenchError when the file cannot be used."""

    def __init__(self, path: str | None, *, full: bool = True) -> None:
        self._path = path
        try:
            self._db = sqlite3.connect(path or ":memory:", isolation_level=None, timeout=5, cached_statements=64)
        except sqlite3.Error as error:
            raise self._trouble(error) from error
        try:
            if path:
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = NORMAL")  # the log is flushed by `flushed`
                self._db.execute(f"PRAGMA wal_autocheckpoint = {_PAGES_IN_LOG}")
            self._db.executescript(_SCHEMA)
            self._flusher = _Flusher(f"{path}-wal") if path and full else None
        except (sqlite3.Error, OSError) as error:
            self._db.close()
            raise self._trouble(error) from error

    def close(self) -> None:
        """Close the file; may be called twice."""
        if self._flusher is not None:
            self._flusher.close()
            self._flusher = None
        self._db.close()

    async def flushed(self) -> None:
        """Return when all that is committed survives a power cut; at once in memory or without `full`."""
        if self._flusher is not None:
            try:
                await self._flusher.flush()
            except OSError as error:
                raise self._trouble(error) from error

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction; committed at the end, rolled back when anything is raised. Nothing may be awaited inside."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise self._trouble(error) from error
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            if isinstance(error, sqlite3.OperationalError):
                raise self._trouble(error) from error
            raise

    def clear(self) -> None:
        """Forget everything: as new."""
        with self.writing():
            for table in _TABLES:
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - constants

    def open_account(self, psn_no: str, opening: Fen) -> None:
        """Open a personal account unless it is there already."""
        self._db.execute("INSERT OR IGNORE INTO account VALUES (?, ?, ?)", (psn_no, opening, opening))

    def balance(self, psn_no: str) -> Fen:
        """What is on a personal account."""
        (fen,) = self._db.execute("SELECT balance_fen FROM account WHERE psn_no = ?", (psn_no,)).fetchone()
        return Fen(fen)

    def next_number(self) -> int:
        """The number of the next settlement."""
        (n,) = self._db.execute("SELECT COALESCE(MAX(n), 0) + 1 FROM settlement").fetchone()
        return int(n)

    def book(self, settlement: Settlement) -> None:
        """Write a settlement and its postings and move the account; only inside `writing`."""
        if sum(amount for _, amount in settlement.postings):
            raise SimulatorDefect(
                f"The postings of settlement {settlement.setl_id} do not sum to zero.",
                cause="a benefit rule whose parts do not add up",
                remedy="report this with the run's folder",
            )
        self._db.execute(_INSERT, tuple(vars(settlement).values()))
        moved = [(settlement.n, account, fen) for account, fen in settlement.postings if fen]
        self._db.executemany("INSERT INTO posting VALUES (?, ?, ?)", moved)
        if settlement.account_fen:
            self._db.execute(
                "UPDATE account SET balance_fen = balance_fen - ? WHERE psn_no = ?",
                (settlement.account_fen, settlement.psn_no),
            )

    def settlement(self, setl_id: str) -> Settlement | None:
        """The settlement with a setl_id."""
        return self._one(_BY_ID, setl_id)

    def settlement_of(self, msgid: str) -> Settlement | None:
        """The settlement that a message booked."""
        return self._one(_BY_MSGID, msgid)

    def settlements(self) -> list[Settlement]:
        """All settlements in the order of booking."""
        return [_settlement(row) for row in self._db.execute(_ALL)]

    def in_force(self, setl_id: str) -> bool:
        """Whether a settlement has not been undone (a reversal that was itself reversed does not count)."""
        return self._db.execute(_UNDONE, (setl_id,)).fetchone() is None

    def answer(self, msgid: str) -> tuple[bytes, bytes] | None:
        """The digest of the request that a msgid came with, and what was answered."""
        row: tuple[bytes, bytes] | None = self._db.execute(
            "SELECT digest, reply FROM answer WHERE msgid = ?", (msgid,)
        ).fetchone()
        return row

    def keep_answer(self, msgid: str, digest: bytes, reply: bytes) -> None:
        """Remember what was answered; only the first answer of a msgid counts."""
        self._db.execute("INSERT OR IGNORE INTO answer VALUES (?, ?, ?)", (msgid, digest, reply))

    def bar(self, msgid: str) -> None:
        """Never book this msgid: its reversal came first."""
        self._db.execute("INSERT OR IGNORE INTO barred VALUES (?)", (msgid,))

    def is_barred(self, msgid: str) -> bool:
        """Whether a msgid was barred."""
        return self._db.execute("SELECT 1 FROM barred WHERE msgid = ?", (msgid,)).fetchone() is not None

    def sign_in(self, sign_no: str) -> SignIn | None:
        """The sign-in with a number."""
        return self._sign_in("sign_no = ?", sign_no)

    def sign_in_of(self, institution: str, opter: str, day: str) -> SignIn | None:
        """An operator's sign-in of a day."""
        return self._sign_in("institution = ? AND opter = ? AND day = ?", institution, opter, day)

    def sign_ins(self) -> int:
        """How many sign-ins there are."""
        (count,) = self._db.execute("SELECT COUNT(*) FROM sign_in").fetchone()
        return int(count)

    def keep_sign_in(self, sign_in: SignIn) -> None:
        """Remember a sign-in, or that it has ended."""
        self._db.execute("INSERT OR REPLACE INTO sign_in VALUES (?, ?, ?, ?, ?, ?)", tuple(vars(sign_in).values()))

    def totals(self) -> dict[str, int]:
        """The sum of all postings of each account, in fen; over all accounts they are zero."""
        return dict(self._db.execute("SELECT account, SUM(amount_fen) FROM posting GROUP BY account ORDER BY account"))

    def accounts(self) -> dict[str, tuple[Fen, Fen]]:
        """Opening and present balance of each personal account."""
        rows = self._db.execute("SELECT psn_no, opening_fen, balance_fen FROM account ORDER BY psn_no")
        return {psn_no: (Fen(opening), Fen(balance)) for psn_no, opening, balance in rows}

    def _one(self, query: str, key: str) -> Settlement | None:
        row = self._db.execute(query, (key,)).fetchone()
        return None if row is None else _settlement(row)

    def _sign_in(self, where: str, *keys: str) -> SignIn | None:
        row = self._db.execute(f"SELECT * FROM sign_in WHERE {where}", keys).fetchone()  # noqa: S608 - constants
        if row is None:
            return None
        return SignIn(
            sign_no=row[0], institution=row[1], opter=row[2], day=row[3], sign_time=row[4], signed_out=bool(row[5])
        )

    def _trouble(self, error: sqlite3.Error | OSError) -> BenchError:
        return BenchError(
            f"The ledger {self._path or '(in memory)'} cannot be used: {error}.",
            cause="the folder is missing or not yours, the disk is full, or the file is no ledger of Liantiao",
            remedy="name another file with the setting ledger, or leave it out for a ledger in memory",
        )


class _Flusher:
    """Flushes a file in a thread; who asks while a flush is under way shares the next one."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_RDWR)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger flush")
        self._turn = asyncio.Lock()
        self._asked = 0
        self._done = 0

    async def flush(self) -> None:
        self._asked += 1
        mine = self._asked
        async with self._turn:
            if self._done >= mine:
                return
            covered = self._asked
            await asyncio.get_running_loop().run_in_executor(self._thread, _FLUSH, self._file)
            self._done = covered

    def close(self) -> None:
        self._thread.shutdown()
        os.close(self._file)


def _settlement(row: tuple[object, ...]) -> Settlement:
    return Settlement(**dict(zip(Settlement.__dataclass_fields__, row, strict=True)))  # type: ignore[arg-type]  # typed by the schema
