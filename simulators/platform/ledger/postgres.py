"""The ledger in a PostgreSQL, in the schema `liantiao` of the database that is named.

Who writes holds one advisory lock, so a transaction sees the books as it will leave them, as with SQLite. Commits do
not wait for the server's disk; `flush` commits a message of its own on a second connection and waits for that, which
brings everything before it to the disk, too: many bookings share one flush.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from harness.errors import BenchError
from simulators.platform.ledger import statements
from simulators.platform.ledger.errors import (
    TakenError,
    kept_out,
    no_driver,
    of_another_version,
    rule_broken,
    unusable,
)
from simulators.platform.ledger.store import WAIT_S, Row, shown

if TYPE_CHECKING:
    import psycopg

WORDS = {"INT": "BIGINT", "BYTES": "BYTEA", "BY_KEY": ""}
ONE_WRITER = 0x4C5F4C45  # any number of our own
GUARDS = """
CREATE OR REPLACE FUNCTION posting_late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
IF EXISTS (SELECT 1 FROM settlement WHERE n = NEW.n) THEN RAISE 'nothing is added to a booking'
USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$;
CREATE OR REPLACE FUNCTION settlement_balances() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
IF (SELECT COALESCE(SUM(amount_fen), 0) FROM posting WHERE n = NEW.n) <> 0 THEN
RAISE 'the postings do not sum to zero' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$;
CREATE OR REPLACE FUNCTION booked_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
RAISE 'nothing that is booked is changed or deleted' USING ERRCODE = 'check_violation'; END $$;
CREATE TRIGGER posting_late BEFORE INSERT ON posting FOR EACH ROW EXECUTE FUNCTION posting_late();
CREATE TRIGGER settlement_balances BEFORE INSERT ON settlement FOR EACH ROW EXECUTE FUNCTION settlement_balances();
CREATE TRIGGER posting_stays BEFORE UPDATE OR DELETE ON posting FOR EACH ROW EXECUTE FUNCTION booked_stays();
CREATE TRIGGER settlement_stays BEFORE UPDATE OR DELETE ON settlement FOR EACH ROW EXECUTE FUNCTION booked_stays();
CREATE TABLE about (version BIGINT NOT NULL);
"""
TABLES = ", ".join(statements.TABLES)
TAKE = f"LOCK TABLE {TABLES} IN ROW EXCLUSIVE MODE"
"""What every writing statement takes of its table. Taken at the beginning, so that no later statement has to wait."""
LOOK = f"LOCK TABLE {TABLES} IN ACCESS SHARE MODE"
"""What every reading statement takes of its table."""
TURN = f"SELECT pg_advisory_xact_lock({ONE_WRITER})"
AT_ONCE = "20ms"
"""What may be waited on the loop: workers book one after the other in less."""
BRIEFLY, PATIENTLY = f"SET LOCAL lock_timeout TO '{AT_ONCE}'", f"SET LOCAL lock_timeout TO '{WAIT_S}s'"
"""How long a transaction waits for another at its beginning, and later; reading outside of one waits `AT_ONCE`."""
SETTINGS = f"SET search_path TO liantiao; SET lock_timeout TO '{AT_ONCE}'; SET synchronous_commit TO "
FLUSH = "SELECT pg_logical_emit_message(true, 'liantiao', '')"


class PostgresStore:
    """See `store.Store`. A server that went away is asked again at the next transaction."""

    def __init__(self, url: str, *, full: bool) -> None:
        try:
            import psycopg
        except ImportError as error:
            raise no_driver(error) from error
        self._psycopg = psycopg
        self._url = url
        self._where = shown(url)
        self._full = full
        self._spelled: dict[str, str] = {}
        self._flushing: psycopg.Connection[Any] | None = None
        self._inside = False
        self._db = self._connected("off")
        try:
            self._prepare()
            if full:
                self._flushing = self._connected("on")
        except psycopg.Error as error:
            self.close()
            raise unusable(self._where, error) from error
        except Exception:
            self.close()
            raise

    @property
    def durable(self) -> bool:
        """Whether commits are to be flushed."""
        return self._full

    @property
    def lock_file(self) -> None:
        """The server queues."""
        return None

    def _connected(self, synchronous: str) -> "psycopg.Connection[Any]":
        try:
            connection = self._psycopg.connect(self._url, autocommit=True, connect_timeout=WAIT_S)
            try:
                connection.execute(f"{SETTINGS}{synchronous}")
            except self._psycopg.Error:
                connection.close()
                raise
        except self._psycopg.Error as error:
            raise unusable(self._where, error) from error
        return connection

    def _prepare(self) -> None:
        with self._db.transaction():
            self._db.execute(f"{PATIENTLY}; {TURN}")
            (there,) = self._db.execute("SELECT to_regclass('liantiao.settlement') IS NOT NULL").fetchone() or (False,)
            if not there:
                self._db.execute("CREATE SCHEMA IF NOT EXISTS liantiao")
                self._db.execute(statements.SCHEMA.format(**WORDS) + GUARDS)
                self._db.execute(f"INSERT INTO about VALUES ({statements.VERSION})")  # noqa: S608 - a constant
            (found,) = self._db.execute("SELECT max(version) FROM about").fetchone() or (0,)
        if found != statements.VERSION:
            raise of_another_version(self._where, found, statements.VERSION)

    def one(self, statement: str, parameters: Sequence[object] = ()) -> Row | None:
        """The first row."""
        row: Row | None = self._read(statement, parameters).fetchone()
        return row

    def rows(self, statement: str, parameters: Sequence[object] = ()) -> Iterable[Row]:
        """All rows."""
        found: list[Row] = self._read(statement, parameters).fetchall()
        return found

    def do(self, statement: str, parameters: Sequence[object] = ()) -> int:
        """How many rows were written."""
        return self._asked(statement, parameters).rowcount

    def many(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        """Write several rows."""
        for row in rows:
            self._asked(statement, row)

    def changed(self) -> bool:
        """Nobody says so: it may always."""
        return True

    def begin_reading(self) -> None:
        """Nothing to be gained: each statement would be asked all the same."""

    def end_reading(self) -> None:
        """See `begin_reading`."""

    def begin(self, *, wait: bool = True) -> bool:
        """Begin; waits for another process's transaction, or not."""
        if self._full and self._flushing is None:
            self._flushing = self._connected("on")  # before anything is committed: see `flush`
        try:
            begun = self._begun() if wait else self._begun_at_once()
        except BenchError:
            self.rollback()  # of a wait that took too long the beginning is left
            raise
        if not begun:
            self.rollback()
        self._inside = begun
        return begun

    def _begun(self) -> bool:
        self._asked(f"BEGIN; {PATIENTLY}; {TURN}")
        return True

    def _begun_at_once(self) -> bool:
        try:
            self._asked(f"BEGIN; {BRIEFLY}; {TAKE}; {TURN}; {PATIENTLY}")
        except BenchError as error:
            if isinstance(error.__cause__, self._psycopg.errors.LockNotAvailable):
                return False
            raise
        return True

    def others_end(self, seconds: float) -> bool:
        """Have a connection of its own wait for its turn to write."""
        return self._can_be_had(seconds, TAKE, TURN)

    def readable(self, seconds: float) -> bool:
        """Have a connection of its own wait until it may read."""
        return self._can_be_had(seconds, LOOK)

    def _can_be_had(self, seconds: float, *locks: str) -> bool:
        db = self._connected("off")
        try:
            db.execute(f"SET lock_timeout TO '{seconds:g}s'")
            with db.transaction(force_rollback=True):
                for lock in locks:
                    db.execute(lock)
        except self._psycopg.errors.LockNotAvailable:
            return False
        except self._psycopg.Error as error:
            raise unusable(self._where, error) from error
        finally:
            db.close()
        return True

    def commit(self) -> None:
        """End it."""
        self._asked("COMMIT")
        self._inside = False

    def rollback(self) -> None:
        """Undo it."""
        self._inside = False
        if not self._db.closed:
            self._asked("ROLLBACK")

    def keep_point(self) -> None:
        """Set a point."""
        self._asked("SAVEPOINT booking")

    def drop_point(self) -> None:
        """Forget the point."""
        self._asked("RELEASE booking")

    def undo_to_point(self) -> None:
        """Undo, and forget the point."""
        self._asked("ROLLBACK TO booking; RELEASE booking")

    def clear(self) -> None:
        """Forget everything."""
        self._asked(f"TRUNCATE {TABLES}")

    def flush(self) -> None:
        """Have the server bring its log to the disk.

        A server that fell has lost what was not flushed, and this connection with it: the flush that finds it cut
        fails, even if there is a server again.
        """
        if self._flushing is None:
            self._flushing = self._connected("on")
            raise unusable(self._where, ConnectionError("what was committed before it hung up may be lost"))
        try:
            self._flushing.execute(FLUSH)
        except self._psycopg.Error as error:
            broken, self._flushing = self._flushing, None
            broken.close()
            raise unusable(self._where, error) from error

    def close(self) -> None:
        """Hang up."""
        self._db.close()
        if self._flushing is not None:
            self._flushing.close()
            self._flushing = None

    def _read(self, statement: str, parameters: Sequence[object]) -> "psycopg.Cursor[Any]":
        try:
            return self._asked(statement, parameters)
        except BenchError as error:
            if not self._inside and isinstance(error.__cause__, self._psycopg.errors.LockNotAvailable):
                raise kept_out(self._where) from error.__cause__
            raise

    def _asked(self, statement: str, parameters: Sequence[object] = ()) -> "psycopg.Cursor[Any]":
        if self._db.closed and not self._inside:
            self._db = self._connected("off")
        spelled = self._spelled.get(statement)
        if spelled is None:
            spelled = self._spelled[statement] = statement.format(**WORDS).replace("?", "%s")
        try:
            return self._db.execute(spelled, parameters or None)
        except self._psycopg.errors.UniqueViolation as error:
            raise TakenError(str(error)) from error
        except self._psycopg.IntegrityError as error:
            raise rule_broken(error) from error
        except self._psycopg.Error as error:
            raise unusable(self._where, error) from error
