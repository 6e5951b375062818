"""The adapter's journal: SQLite in its state folder, written before anything is sent, durable when a call returns.

`messages` holds every msgid with its transaction and content before it is sent, and the result after. `settlements`
holds one row for each 2102, 2207 and 2304 and where it stands. What a crash leaves as `sent` or `refunding` is unknown.
`documents` holds what a hospital's counter keeps besides (module `records`).
"""

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

SEQUENCE_END = 9999
ALL_NUMBERS = range(1, SEQUENCE_END + 1)
HELD_S = 1.0
"""How long to wait for an adapter that is just ending."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    msgid TEXT PRIMARY KEY, number INTEGER NOT NULL, infno TEXT NOT NULL, order_no TEXT NOT NULL, at TEXT NOT NULL,
    content TEXT NOT NULL, result TEXT NOT NULL, answer TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS numbers ON messages (at, number);
CREATE TABLE IF NOT EXISTS settlements (
    msgid TEXT PRIMARY KEY, order_no TEXT NOT NULL, infno TEXT NOT NULL, at TEXT NOT NULL, state TEXT NOT NULL,
    to_void INTEGER NOT NULL, psn_no TEXT NOT NULL, insuplc TEXT NOT NULL, setl_id TEXT, mdtrt_id TEXT,
    total INTEGER NOT NULL, fund INTEGER NOT NULL, account INTEGER NOT NULL, cash INTEGER NOT NULL,
    refund_msgid TEXT, refunded_at TEXT);
CREATE INDEX IF NOT EXISTS settlements_of_order ON settlements (order_no);
CREATE TABLE IF NOT EXISTS sign_ins (operator TEXT NOT NULL, day TEXT NOT NULL, sign_no TEXT NOT NULL,
    PRIMARY KEY (operator, day));
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS documents (kind TEXT NOT NULL, number TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (kind, number));
"""
_PUT = """
INSERT INTO settlements (msgid, order_no, infno, at, state, to_void, psn_no, insuplc, setl_id, mdtrt_id, total, fund,
    account, cash, refund_msgid, refunded_at)
VALUES (:msgid, :order, :infno, :at, :state, :to_void, :psn_no, :insuplc,
    :setl_id, :mdtrt_id, :total, :fund, :account, :cash, :refund_msgid, :refunded_at)
ON CONFLICT (msgid) DO UPDATE SET order_no = excluded.order_no, infno = excluded.infno, at = excluded.at,
    state = excluded.state, to_void = excluded.to_void, psn_no = excluded.psn_no, insuplc = excluded.insuplc,
    setl_id = excluded.setl_id, mdtrt_id = excluded.mdtrt_id, total = excluded.total, fund = excluded.fund,
    account = excluded.account, cash = excluded.cash, refund_msgid = excluded.refund_msgid,
    refunded_at = excluded.refunded_at
"""
_COLUMNS = """
SELECT msgid, order_no, infno, at, state, to_void, psn_no, insuplc, setl_id, mdtrt_id, total, fund, account, cash,
    refund_msgid, refunded_at FROM settlements
"""
_SETTLEMENT = {
    *("msgid", "order_no", "infno", "at", "state", "to_void", "psn_no", "insuplc", "setl_id", "mdtrt_id"),
    *("total", "fund", "account", "cash", "refund_msgid", "refunded_at"),
}
_KEEP = """
INSERT INTO documents VALUES (?, ?, ?) ON CONFLICT (kind, number) DO UPDATE SET body = excluded.body
"""


class State(StrEnum):
    """Where a settlement stands."""

    SENT = "sent"
    """The settlement is written, its result is not: unknown to whoever reads this later."""
    UNKNOWN = "unknown"
    SETTLED = "settled"
    REFUSED = "refused"
    REVERSED = "reversed"
    REFUNDING = "refunding"
    """The refund is written, and its result is not, or is unknown."""
    REFUNDED = "refunded"


OPEN_STATES = (State.SENT, State.UNKNOWN, State.REFUNDING)
"""States in which nobody here knows what the platform booked."""
HELD_STATES = (*OPEN_STATES, State.SETTLED)
"""States in which details may be settled at the platform."""


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """How a total is paid, in fen."""

    total: int
    fund: int
    account: int
    cash: int


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """One 2102, 2207 or 2304; `amounts` are those of its answer, before that those of the pre-settlement."""

    msgid: str
    order: str
    at: str
    psn_no: str
    insuplc: str
    amounts: Amounts
    infno: str = "2102"
    state: State = State.SENT
    to_void: bool = False
    """It is to be refunded as soon as that can be done."""
    setl_id: str | None = None
    mdtrt_id: str | None = None
    refund_msgid: str | None = None
    refunded_at: str | None = None


def numbers_of(till: int, tills: int) -> range:
    """The message numbers of one of the institution's tills, from 1: no other's, so that no two make one msgid."""
    each = SEQUENCE_END // tills
    return range((till - 1) * each + 1, till * each + 1)


class JournalError(Exception):
    """The state folder cannot be used, in words for whoever looks after the counter."""


class Journal:
    """The journal in a state folder; one process at a time. Raises JournalError when the folder cannot be used.

    `numbers` are those that its messages may bear.
    """

    def __init__(self, folder: Path, numbers: range = ALL_NUMBERS) -> None:
        self._numbers = numbers
        self._held: sqlite3.Connection | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._held = sqlite3.connect(folder / "in-use.sqlite", isolation_level=None, timeout=HELD_S)
            try:
                self._held.execute("BEGIN EXCLUSIVE")  # ends with this process, however it ends
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    raise
                raise JournalError(f"another adapter works in the state folder {folder}") from error
            self._base = sqlite3.connect(folder / "journal.sqlite", isolation_level=None)
            self._base.execute("PRAGMA journal_mode = WAL")
            self._base.execute("PRAGMA synchronous = FULL")
            self._bring_up_to_date(folder)
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise JournalError(f"the state folder {folder} cannot be used: {error}") from error
        except JournalError:
            self.close()
            raise

    def _bring_up_to_date(self, folder: Path) -> None:
        self._base.executescript(_SCHEMA)
        columns = [row[1] for row in self._base.execute("PRAGMA table_info (settlements)")]
        if "infno" not in columns:  # a pharmacy's, from before there were others
            self._base.execute("ALTER TABLE settlements ADD COLUMN infno TEXT NOT NULL DEFAULT '2102'")
            columns.append("infno")
        if set(columns) != _SETTLEMENT:
            raise JournalError(
                f"the journal in the state folder {folder} was written by another version of this adapter; "
                "resolve what is unknown with that version, then begin with an empty folder"
            )

    def close(self) -> None:
        """Close the file; may be called twice."""
        for base in (getattr(self, "_base", None), self._held):
            if base is not None:
                base.close()

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
        """A message number, 1 to 9999 or the till's part of that, that no message of this second has; it goes on
        across restarts.

        Raises RuntimeError when all numbers of this second are in use.
        """
        first, many = self._numbers.start, len(self._numbers)
        for _ in range(many):
            row = self._base.execute(
                "INSERT INTO counters VALUES ('message', 1) ON CONFLICT (name) DO UPDATE SET value = value % ? + 1"
                " RETURNING value",
                (many,),
            ).fetchone()
            number = int(row[0]) + first - 1
            used = self._base.execute("SELECT 1 FROM messages WHERE at = ? AND number = ?", (at, number))
            if used.fetchone() is None:
                return number
        raise RuntimeError("every message number of this second is in use")

    def next_of(self, name: str) -> int:
        """The next number of a counter of that name, from 1; no number comes twice, also after a crash."""
        row = self._base.execute(
            "INSERT INTO counters VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
            (name,),
        ).fetchone()
        return int(row[0])

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

    def settlement(self, msgid: str) -> Settlement | None:
        """The settlement that a message asked for."""
        found = self._select("WHERE msgid = ?", msgid)
        return found[0] if found else None

    def message(self, msgid: str) -> tuple[str, str, str] | None:
        """What was sent under a msgid: transaction, the cashier's time, content."""
        row = self._base.execute("SELECT infno, at, content FROM messages WHERE msgid = ?", (msgid,)).fetchone()
        return None if row is None else (str(row[0]), str(row[1]), str(row[2]))

    def answer(self, msgid: str) -> dict[str, object]:
        """What was answered to a message, without exact numbers; empty when nothing was that could be read."""
        row = self._base.execute("SELECT answer FROM messages WHERE msgid = ?", (msgid,)).fetchone()
        found = json.loads(row[0]) if row is not None and row[0] else {}
        return found if isinstance(found, dict) else {}

    def keep(self, kind: str, number: str, body: str) -> None:
        """A document, new or changed."""
        self._base.execute(_KEEP, (kind, number, body))

    def document(self, kind: str, number: str) -> str | None:
        """A document's body."""
        row = self._base.execute("SELECT body FROM documents WHERE kind = ? AND number = ?", (kind, number)).fetchone()
        return None if row is None else str(row[0])

    def documents(self, kind: str) -> list[str]:
        """The bodies of all documents of a kind, in the order in which they were first kept."""
        return [
            str(row[0])
            for row in self._base.execute("SELECT body FROM documents WHERE kind = ? ORDER BY rowid", (kind,))
        ]

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
                infno=row[2],
                at=row[3],
                state=State(row[4]),
                to_void=bool(row[5]),
                psn_no=row[6],
                insuplc=row[7],
                setl_id=row[8],
                mdtrt_id=row[9],
                amounts=Amounts(total=row[10], fund=row[11], account=row[12], cash=row[13]),
                refund_msgid=row[14],
                refunded_at=row[15],
            )
            for row in rows
        ]
