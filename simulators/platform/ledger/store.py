"""What the books need of a database, and which database a setting names."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

Row = tuple[Any, ...]
"""A row as the driver gives it; the statement says what is in it."""
WAIT_S = 10
"""How long to wait for a server, and for another process to end its transaction."""
SCHEMES = ("postgresql://", "postgres://")


class Store(Protocol):
    """One connection to a database. All but `flush` are called in the thread of the loop.

    Statements are written with `?` for a parameter. Raises TakenError for a key that exists, RuleBroken for what the
    schema forbids, KeptOutError for reading while another program lets nobody, BenchError when the database cannot be
    used.
    """

    @property
    def durable(self) -> bool:
        """Whether there is anything that `flush` could bring to a disk."""
        ...

    @property
    def lock_file(self) -> int | None:
        """A file's number by whose lock (flock) processes can queue before `begin`; None where `begin` does it well."""
        ...

    def one(self, statement: str, parameters: Sequence[object] = ()) -> Row | None:
        """The first row."""
        ...

    def rows(self, statement: str, parameters: Sequence[object] = ()) -> Iterable[Row]:
        """All rows."""
        ...

    def do(self, statement: str, parameters: Sequence[object] = ()) -> int:
        """How many rows were written."""
        ...

    def many(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        """Write several rows."""
        ...

    def changed(self) -> bool:
        """Whether another connection may have written since this was asked last."""
        ...

    def begin_reading(self) -> None:
        """From here on, what is read is the books at one moment, and cheaper to read."""
        ...

    def end_reading(self) -> None:
        """No more; may be called when `begin_reading` was not."""
        ...

    def begin(self, *, wait: bool = True) -> bool:
        """Begin a transaction in which nobody else writes: waits for the one who does, or returns False."""
        ...

    def others_end(self, seconds: float) -> bool:
        """Wait until another process's transaction has ended, or so long: whether; called in a thread of its own."""
        ...

    def readable(self, seconds: float) -> bool:
        """Wait until nobody keeps readers out, or so long: whether; called in a thread of its own."""
        ...

    def commit(self) -> None:
        """End it; what was written survives this process."""
        ...

    def rollback(self) -> None:
        """Undo it; may be called when there is none."""
        ...

    def keep_point(self) -> None:
        """From here on, `undo_to_point` undoes."""
        ...

    def drop_point(self) -> None:
        """Forget the point; what was done since stays."""
        ...

    def undo_to_point(self) -> None:
        """Undo what was done since the point, and forget it."""
        ...

    def clear(self) -> None:
        """Forget everything; within a transaction."""
        ...

    def flush(self) -> None:
        """Return when all that is committed survives a power cut; called in a thread of its own."""
        ...

    def close(self) -> None:
        """Hang up; may be called twice."""
        ...


def open_store(where: str | None, *, full: bool) -> Store:
    """The store of a setting: nothing for memory, a PostgreSQL's address, or a file. Raises BenchError, ConfigError."""
    if where is not None and where.startswith(SCHEMES):
        from simulators.platform.ledger.postgres import PostgresStore

        return PostgresStore(where, full=full)
    from simulators.platform.ledger.sqlite import SqliteStore

    return SqliteStore(where, full=full)


def shown(where: str) -> str:
    """An address for people, without the password."""
    scheme, separator, rest = where.partition("://")
    if not separator or "@" not in rest:
        return where
    user, _, host = rest.rpartition("@")
    return f"{scheme}://{user.partition(':')[0]}@{host}"
