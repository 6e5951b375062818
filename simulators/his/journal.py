"""The adapter's journal: SQLite in its state folder, written before anything is sent, durable when a call returns.

`messages` holds every msgid with its transaction and content before it is sent, and the result after. `settlements`
holds one row for each 2102 and where it stands. What a crash leaves as `sent` or `refunding` is unknown.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

SEQUENCE_END = 9999
_SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    msgid TEXT PRIMARY KEY, number INTEGER NOT NULL, infno TEXT NOT NULL, order_no TEXT NOT NULL, at TEXT NOT NULL,
    content TEXT NOT NULL, result TEXT NOT NULL, answer TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS numbers ON messages (at, number);
CREATE TABLE IF NOT EXISTS settlements (
    msgid TEXT PRIMARY KEY, order_no TEXT NOT NULL, at TEXT NOT NULL, state TEXT NOT NULL, to_void INTEGER NOT NULL,
    psn_no TEXT NOT NULL, insuplc TEXT NOT NULL, setl_id TEXT, mdtrt_id TEXT,
    total INTEGER NOT NULL, fund INTEGER NOT NULL, account INTEGER NOT NULL, cash INTEGER NOT NULL,
    refund_msgid TEXT, refunded_at TEXT);
CREATE INDEX IF NOT EXISTS settlements_of_order ON settlements (order_no);
CREATE TABLE IF NOT EXISTS sign_ins (operator TEXT NOT NULL, day TEXT NOT NULL, sign_no TEXT NOT NULL,
    PRIMARY KEY (operator, day));
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""
_PUT = """
INSERT OR REPLACE INTO settlements VALUES (:msgid, :order, :at, :state, :to_void, :psn_no, :insuplc,
    :setl_id, :mdtrt_id, :total, :fund, :account, :cash, :refund_msgid, :refunded_at)
"""
_COLUMNS = """
SELECT msgid, order_no, at, state, to_void, psn_no, insuplc, setl_id, mdtrt_id, total, fund, account, cash,
    refund_msgid, refunded_at FROM settlements
"""


class State(StrEnum):
    """Where a settlement stands."""

    SENT = "sent"
    """2102 is written, its result is not: unknown to whoever reads this later."""
    UNKNOWN = "unknown"
    SETTLED = "settled"
    REFUSED = "refused"
    REVERSED = "reversed"
    REFUNDING = "refunding"
    """2103 is written, and its result is not, or is unknown."""
    REFUNDED = "refunded"


OPEN_STATES = (State.SENT, State.UNKNOWN, State.REFUNDING)
"""States in which nobody here knows what the platform booked."""


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """How a total is paid, in fen."""

    total: int
    fund: int
    account: int
    cash: int


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """One 2102; `amounts` are those of its answer, before that those of the pre-settlement."""

    msgid: str
    order: str
    at: str
    psn_no: str
    insuplc: str
    amounts: Amounts
    state: State = State.SENT
    to_void: bool = False
    """It is to be refunded as soon as that can be done."""
    setl_id: str | None = None
    mdtrt_id: str | None = None
    refund_msgid: str | None = None
    refunded_at: str | None = None


class Journal:
    """The journal in a state folder; one process at a time."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._base = sqlite3.connect(folder / "journal.sqlite", isolation_level=None)
        self._base.execute("PRAGMA journal_mode = WAL")
        self._base.execute("PRAGMA synchronous = FULL")
        self._base.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; durable at its end."""
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._base.execute("ROLLBACK")
            raise
        self._base.execute("COMMIT")

    def next_number(self, at: str) -> int:
        """A message number, 1 to 9999, that no message of this second has; it goes on across restarts.

        Raises RuntimeError when all numbers of this second are in use.
        """
        for _ in range(SEQUENCE_END):
            row = self._base.execute(
                "INSERT INTO counters VALUES ('message', 1) ON CONFLICT (name) DO UPDATE SET value = value % ? + 1"
                " RETURNING value",
                (SEQUENCE_END,),
            ).fetchone()
            number = int(row[0])
            used = self._base.execute("SELECT 1 FROM messages WHERE at = ? AND number = ?", (at, number))
            if used.fetchone() is None:
                return number
        raise RuntimeError("every message number of this second is in use")

    def write(self, *, msgid: str, number: int, infno: str, order: str, at: str, content: str) -> None:
        """A message is about to be sent."""
        self._base.execute(
            "INSERT OR REPLACE INTO messages VALUES (?, ?, ?, ?, ?, ?, '', '')",
            (msgid, number, infno, order, at, content),
        )

    def finish(self, msgid: str, *, result: str, answer: str) -> None:
        """What came of a message."""
        self._base.execute("UPDATE messages SET result = ?, answer = ? WHERE msgid = ?", (result, answer, msgid))

    def put(self, settlement: Settlement) -> None:
        """A settlement, new or changed."""
        row = asdict(settlement)
        self._base.execute(_PUT, {**row, **row["amounts"], "state": settlement.state.value})

    def settlements(self) -> list[Settlement]:
        """Every settlement, in the order in which they were written."""
        return self._select("ORDER BY rowid")

    def of_order(self, order: str) -> list[Settlement]:
        """The settlements of an order, the newest last."""
        return self._select("WHERE order_no = ? ORDER BY rowid", order)

    def open_ones(self) -> list[Settlement]:
        """The settlements of which nobody knows what the platform booked."""
        marks = ", ".join("?" * len(OPEN_STATES))
        return self._select(f"WHERE state IN ({marks}) OR (to_void AND state = 'settled') ORDER BY rowid", *OPEN_STATES)

    def sign_no(self, operator: str, day: str) -> str | None:
        """The sign-in of an operator on a day."""
        row = self._base.execute(
            "SELECT sign_no FROM sign_ins WHERE operator = ? AND day = ?", (operator, day)
        ).fetchone()
        return None if row is None else str(row[0])

    def signed_in(self, operator: str, day: str, sign_no: str) -> None:
        """Keep a sign-in."""
        self._base.execute("INSERT OR REPLACE INTO sign_ins VALUES (?, ?, ?)", (operator, day, sign_no))

    def _select(self, rest: str, *values: str) -> list[Settlement]:
        rows = self._base.execute(
            _COLUMNS + rest,
            values,
        )
        return [
            Settlement(
                msgid=row[0],
                order=row[1],
                at=row[2],
                state=State(row[3]),
                to_void=bool(row[4]),
                psn_no=row[5],
                insuplc=row[6],
                setl_id=row[7],
                mdtrt_id=row[8],
                amounts=Amounts(total=row[9], fund=row[10], account=row[11], cash=row[12]),
                refund_msgid=row[13],
                refunded_at=row[14],
            )
            for row in rows
        ]
