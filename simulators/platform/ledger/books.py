"""The ledger as transactions use it.

Writing happens inside `with ledger.writing():`, never with an await inside: there, nobody else writes, in no process,
and what is read is what will be written upon. All of it comes to be, or nothing. Afterwards `await ledger.flushed()`
before anything leaves that tells of it. Between the two lies the group commit: what several transactions write in one
turn of the loop is one transaction of the store, and one flush serves all who wait.
"""

import asyncio
from collections.abc import Sequence

from harness.errors import LiantiaoError
from harness.money import Fen
from simulators.platform.ledger import statements
from simulators.platform.ledger.errors import RuleBroken, TakenError
from simulators.platform.ledger.group_commit import GroupCommit
from simulators.platform.ledger.records import WITH_BALANCE, AccountKind, Settlement, SignIn, account_name
from simulators.platform.ledger.store import Row, Store, open_store

_BALANCED = tuple(f"{kind.value}:" for kind in WITH_BALANCE)


class Ledger:
    """The books in memory (`where` is None), in an SQLite file, or in a PostgreSQL (`postgresql://…`).

    `full`: `flushed` waits until a booking survives a power cut, else until it survives the end of this process.
    `together`: bookings of one turn of the loop share a commit; not for a process that must not keep others waiting.
    Raises BenchError when the file or server cannot be used, ConfigError when PostgreSQL's driver is absent.
    """

    def __init__(self, where: str | None, *, full: bool = True, together: bool = True) -> None:
        self._store: Store = open_store(where, full=full)
        self._commits = GroupCommit(self._store.flush if where and self._store.durable else None)
        self._durable = bool(where) and self._store.durable
        self._together = bool(where) and together
        self._writing = _Writing(self)
        self._open = False
        """Whether a transaction of the store is under way, to be committed at the end of this turn of the loop."""

    def close(self) -> None:
        """Commit and hang up; may be called twice."""
        self._end_turn()
        self._commits.close()
        self._store.close()

    # --- writing --------------------------------------------------------------------------------------

    def writing(self) -> "_Writing":
        """One transaction, see above. What is raised inside undoes it."""
        return self._writing

    async def flushed(self, *, others: bool = False) -> None:
        """Return when all that has been written here is as safe as was asked for; `others`: by other processes, too.

        Raises BenchError when it could not be brought to the disk; then nobody knows whether it survives.
        """
        if self._open:
            await self._commits.wait()
        elif self._commits.behind or (others and self._durable):
            waiter = self._commits.wait()
            self._commits.start()
            await waiter

    def clear(self) -> None:
        """Forget everything: as new."""
        with self.writing():
            self._store.clear()

    def book(self, settlement: Settlement) -> None:
        """Write a settlement and its postings and move the accounts.

        Raises TakenError when its number, setl_id or msgid is booked already, RuleBroken when it does not balance or
        an account would go below zero.
        """
        postings = settlement.postings
        if sum(fen for _, fen in postings):
            raise RuleBroken(
                f"The postings of settlement {settlement.setl_id} do not sum to zero.",
                cause="a benefit rule whose parts do not add up",
                remedy="report this with the run's folder",
            )
        n = settlement.n
        self._store.many(statements.POST, [(n, account, fen) for account, fen in postings])
        self._store.do(statements.BOOK, tuple(vars(settlement).values()))
        for account, fen in postings:
            if account.startswith(_BALANCED) and not self._store.do(statements.MOVE, (fen, account)):
                raise RuleBroken(
                    f"Settlement {settlement.setl_id} moves the account {account}, which nobody has opened.",
                    cause="a transaction that names an account by mistake",
                    remedy="report this with the run's folder",
                )

    def open_account(self, psn_no: str, opening: Fen) -> None:
        """Open a personal account unless it is there already."""
        self._store.do(statements.OPEN, (account_name(AccountKind.PERSONAL, psn_no), opening, opening))

    def open_mutual_aid(self, name: str, opening: Fen) -> None:
        """Open a mutual-aid account unless it is there already."""
        self._store.do(statements.OPEN, (account_name(AccountKind.MUTUAL, name), opening, opening))

    def keep_answer(self, msgid: str, institution: str, digest: bytes, reply: bytes) -> None:
        """Remember what was answered. Raises TakenError when the msgid has been answered already."""
        if not self._store.do(statements.KEEP_ANSWER, (msgid, institution, digest, reply)):
            raise TakenError(msgid)

    def bar(self, msgid: str) -> None:
        """Never book this msgid: its reversal came first."""
        self._store.do(statements.BAR, (msgid,))

    def keep_sign_in(self, sign_in: SignIn) -> None:
        """Remember a sign-in, or that it has ended. Raises TakenError when the operator has another one of that day."""
        if not self._store.do(statements.KEEP_SIGN_IN, (*list(vars(sign_in).values())[:-1], int(sign_in.signed_out))):
            raise TakenError(sign_in.sign_no)

    def keep(self, kind: str, key: str, body: bytes) -> None:
        """Keep a document of a transaction's own (a visit, a batch of details), replacing the one of that key."""
        self._store.do(statements.KEEP, (kind, key, body))

    def drop(self, kind: str, key: str) -> None:
        """Keep a document no more."""
        self._store.do(statements.DROP, (kind, key))

    # --- reading --------------------------------------------------------------------------------------

    def balance(self, psn_no: str) -> Fen:
        """What is on a personal account. Raises KeyError when there is none."""
        return self._balance(account_name(AccountKind.PERSONAL, psn_no))

    def mutual_balance(self, name: str) -> Fen:
        """What is on a mutual-aid account. Raises KeyError when there is none."""
        return self._balance(account_name(AccountKind.MUTUAL, name))

    def next_number(self) -> int:
        """The number of the next settlement; only inside `writing`."""
        return int(self._found(statements.NEXT)[0])

    def settlement(self, setl_id: str) -> Settlement | None:
        """The settlement with a setl_id."""
        return self._settlement(statements.BY_ID, setl_id)

    def settlement_of(self, msgid: str) -> Settlement | None:
        """The settlement that a message booked."""
        return self._settlement(statements.BY_MSGID, msgid)

    def settlements(self) -> list[Settlement]:
        """All settlements in the order of booking."""
        return [_settlement(row) for row in self._store.rows(statements.ALL)]

    def settled(self, institution: str, *, since_ns: int, until_ns: int) -> list[Settlement]:
        """An institution's settlements from a moment on and before another, in the order of booking; by the clock."""
        return [_settlement(row) for row in self._store.rows(statements.OF_TIME, (institution, since_ns, until_ns))]

    def in_force(self, setl_id: str) -> bool:
        """Whether a settlement has not been undone (a reversal that was itself reversed does not count)."""
        return self._store.one(statements.UNDONE, (setl_id,)) is None

    def answer(self, msgid: str) -> tuple[bytes, bytes] | None:
        """The digest of the request that a msgid came with, and what was answered."""
        row = self._store.one(statements.ANSWER, (msgid,))
        return None if row is None else (row[0], row[1])

    def is_barred(self, msgid: str) -> bool:
        """Whether a msgid was barred."""
        return self._store.one(statements.BARRED, (msgid,)) is not None

    def sign_in(self, sign_no: str) -> SignIn | None:
        """The sign-in with a number."""
        return _sign_in(self._store.one(statements.SIGN_IN, (sign_no,)))

    def sign_in_of(self, institution: str, opter: str, day: str) -> SignIn | None:
        """An operator's sign-in of a day."""
        return _sign_in(self._store.one(statements.SIGN_IN_OF, (institution, opter, day)))

    def sign_ins(self) -> int:
        """How many sign-ins there are."""
        return int(self._found(statements.SIGN_INS)[0])

    def kept(self, kind: str, key: str) -> bytes | None:
        """The document of a kind and key."""
        row = self._store.one(statements.KEPT, (kind, key))
        return None if row is None else bytes(row[0])

    def all_kept(self, kind: str, *, prefix: str = "") -> list[tuple[str, bytes]]:
        """The keys of a kind that begin so, with their documents, in the order of the keys."""
        rows = self._store.rows(statements.ALL_KEPT, (kind, len(prefix), prefix))
        return [(key, bytes(body)) for key, body in rows]

    def totals(self) -> dict[str, int]:
        """The sum of all postings of each account, in fen; over all accounts they are zero."""
        return {account: int(fen) for account, fen in self._store.rows(statements.TOTALS)}

    def accounts(self) -> dict[str, tuple[Fen, Fen]]:
        """Opening and present balance of each personal account, by psn_no."""
        prefix = account_name(AccountKind.PERSONAL, "")
        return {
            name.removeprefix(prefix): (Fen(opening), Fen(balance))
            for name, opening, balance in self._store.rows(statements.ACCOUNTS)
            if name.startswith(prefix)
        }

    def _balance(self, name: str) -> Fen:
        row = self._store.one(statements.BALANCE, (name,))
        if row is None:
            raise KeyError(name)
        return Fen(row[0])

    def _found(self, statement: str) -> Row:
        row = self._store.one(statement)
        assert row is not None
        return row

    def _settlement(self, statement: str, key: str) -> Settlement | None:
        row = self._store.one(statement, (key,))
        return None if row is None else _settlement(row)

    # --- group commit ---------------------------------------------------------------------------------

    def _enter(self) -> bool:
        """Begin, or join what is open; returns whether it joined."""
        if self._open:
            self._store.keep_point()
            return True
        self._store.begin()
        return False

    def _leave(self, *, joined: bool) -> None:
        if joined:
            self._store.drop_point()
        elif self._together and (loop := _running_loop()) is not None:
            self._open = True
            loop.call_soon(self._end_turn)
        else:
            self._store.commit()
            self._commits.committed()

    def _undo(self, *, joined: bool) -> None:
        if joined:
            self._store.undo_to_point()
        else:
            self._store.rollback()

    def _end_turn(self) -> None:
        if not self._open:
            return
        self._open = False
        try:
            self._store.commit()
        except (LiantiaoError, TakenError) as error:
            self._store.rollback()
            self._commits.fail(error)
            return
        self._commits.committed()
        if _running_loop() is not None:
            self._commits.start()


class _Writing:
    """What `Ledger.writing` gives; not to be nested."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._joined = False
        self._inside = False

    def __enter__(self) -> None:
        assert not self._inside, "a transaction within a transaction"
        self._joined = self._ledger._enter()  # noqa: SLF001 - one thing in two classes
        self._inside = True

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._inside = False
        if kind is None:
            try:
                self._ledger._leave(joined=self._joined)  # noqa: SLF001
            except (LiantiaoError, TakenError):
                self._ledger._undo(joined=self._joined)  # noqa: SLF001
                raise
        else:
            self._ledger._undo(joined=self._joined)  # noqa: SLF001


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _settlement(row: Sequence[object]) -> Settlement:
    return Settlement(**dict(zip(statements.SETTLEMENT_COLUMNS, row, strict=True)))  # type: ignore[arg-type]  # schema


def _sign_in(row: Row | None) -> SignIn | None:
    if row is None:
        return None
    return SignIn(
        sign_no=row[0], institution=row[1], opter=row[2], day=row[3], sign_time=row[4], signed_out=bool(row[5])
    )
