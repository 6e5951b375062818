"""The ledger as transactions use it.

Writing happens inside `with ledger.writing():`, never with an await inside: there, nobody else writes, in no process,
and what is read is what will be written upon. All of it comes to be, or nothing. Afterwards `await ledger.flushed()`
before anything leaves that tells of it. Between the two lies the group commit: what several transactions write in one
turn of the loop is one transaction of the store, and one flush serves all who wait.
"""

from collections.abc import Sequence

from harness.money import Fen
from harness.wire.msgid import CODE_IN_MSGID
from simulators.platform.ledger import statements
from simulators.platform.ledger.batch import Batch
from simulators.platform.ledger.errors import TakenError, kept_out, unbalanced, unopened
from simulators.platform.ledger.group_commit import GroupCommit
from simulators.platform.ledger.outside import Outside
from simulators.platform.ledger.records import (
    WITH_BALANCE,
    AccountKind,
    Settlement,
    SignIn,
    account_name,
    settlement_from,
    sign_in_from,
)
from simulators.platform.ledger.store import WAIT_S, Row, Store, open_store, shown
from simulators.platform.ledger.turns import Turns, Writing

DIGITS_IN_MSGID = 18
"""Digits behind the institution code: time and sequence, or day and a longer sequence."""
_BALANCED = tuple(f"{kind.value}:" for kind in WITH_BALANCE)


class Ledger:
    """The books in memory (`where` is None), in an SQLite file, or in a PostgreSQL (`postgresql://…`).

    `full`: `flushed` waits until a booking survives a power cut, else until it survives the end of this process.
    `together`: bookings of one turn of the loop share a commit. `shared`: other processes book as often as this one;
    then those share one that have waited for `turn`. `patience_s`: how long `turn` and `readable` wait for other
    programs. Raises BenchError when the file or server cannot be used, ConfigError when PostgreSQL's driver is absent.
    """

    def __init__(
        self,
        where: str | None,
        *,
        full: bool = True,
        together: bool = True,
        shared: bool = False,
        patience_s: float = WAIT_S,
    ) -> None:
        self._store: Store = open_store(where, full=full)
        self._commits = GroupCommit(self._store.flush if where and self._store.durable else None)
        self._durable = bool(where) and self._store.durable
        self._where = shown(where or "")
        outside = Outside(self._store.others_end, self._where, patience_s=patience_s)
        self._readers = Outside(self._store.readable, self._where, patience_s=patience_s)
        self._turns = Turns(
            self._store, self._commits, outside, together=bool(where) and together, shared=bool(where) and shared
        )
        self._known = self._turns.known
        self._writing = Writing(self._turns)

    def close(self) -> None:
        """Commit and hang up; may be called twice."""
        self._turns.close()
        self._readers.close()
        self._commits.close()
        self._store.close()

    # --- writing --------------------------------------------------------------------------------------

    def writing(self) -> Writing:
        """One transaction, see above. What is raised inside undoes it."""
        return self._writing

    async def turn(self) -> None:
        """Wait for the turn to write, right before `writing`; without it, `writing` waits and the loop with it.

        Raises LockedError when another program lets nobody write for too long; then nothing has been begun.
        """
        await self._turns.queue()

    async def flushed(self, *, others: bool = False) -> None:
        """Return when all that has been written here is as safe as was asked for; `others`: by other processes, too.

        Raises BenchError when it could not be brought to the disk; then nobody knows whether it survives.
        """
        if self._turns.open:
            await self._commits.wait(committed=False)
        elif self._commits.behind or (others and self._durable):
            waiter = self._commits.wait(committed=True)
            self._commits.start()
            await waiter

    def clear(self) -> None:
        """Forget everything: as new."""
        with self.writing():
            self._turns.straight(writes=True).clear()
            self._known.forget()

    def book(self, settlement: Settlement) -> None:
        """Write a settlement and its postings and move the accounts.

        Raises TakenError when its number, setl_id or msgid is booked already, RuleBroken when it does not balance or
        an account would go below zero.
        """
        postings = settlement.postings
        if sum(fen for _, fen in postings):
            raise unbalanced(settlement.setl_id)
        row = tuple(vars(settlement).values())
        moves = dict(found for found in postings if found[0].startswith(_BALANCED))
        after = {account: self._known_balance(account) + fen for account, fen in moves.items()}
        if (
            settlement.msgid in self._known.unanswered
            and settlement.n >= self.next_number()
            and settlement.total_fen == settlement.fund_fen + settlement.account_fen + settlement.cash_fen
            and not any(fen < 0 for fen in after.values())
        ):
            self._turns.mine.book(row, postings, moves)
            self._known.balances.update(after)
            self._known.next_number = settlement.n + 1
            return
        store = self._turns.straight(writes=True)  # which refuses it in its own words, if it is to be refused
        one = Batch()
        one.book(row, postings, moves)
        one.write(store)
        self._known.balances.update(after)
        self._known.next_number = None

    def open_account(self, psn_no: str, opening: Fen) -> None:
        """Open a personal account unless it is there already."""
        self._open(account_name(AccountKind.PERSONAL, psn_no), opening)

    def open_mutual_aid(self, name: str, opening: Fen) -> None:
        """Open a mutual-aid account unless it is there already."""
        self._open(account_name(AccountKind.MUTUAL, name), opening)

    def keep_answer(self, msgid: str, institution: str, digest: bytes, reply: bytes) -> None:
        """Remember what was answered. Raises TakenError when the msgid has been answered already."""
        series = msgid[:CODE_IN_MSGID]
        if msgid > self._known.highest.get(series, msgid):
            self._known.highest[series] = msgid
        if msgid in self._known.unanswered:
            self._known.unanswered.discard(msgid)
            self._turns.mine.answers[msgid] = (institution, digest, reply)
            return
        store = self._turns.straight(writes=True)
        if not store.do(statements.KEEP_ANSWER, (msgid, institution, digest, reply)):
            raise TakenError(msgid)

    def bar(self, msgid: str) -> None:
        """Never book this msgid: its reversal came first."""
        self._turns.straight(writes=True).do(statements.BAR, (msgid,))
        self._known.any_barred = True

    def keep_sign_in(self, sign_in: SignIn) -> None:
        """Remember a sign-in, or that it has ended. Raises TakenError when the operator has another one of that day."""
        row = (*list(vars(sign_in).values())[:-1], int(sign_in.signed_out))
        if not self._turns.straight(writes=True).do(statements.KEEP_SIGN_IN, row):
            raise TakenError(sign_in.sign_no)
        self._known.sign_ins.pop(sign_in.sign_no, None)

    def keep(self, kind: str, key: str, body: bytes) -> None:
        """Keep a document of a transaction's own (a visit, a batch of details), replacing the one of that key."""
        self._turns.straight(writes=True).do(statements.KEEP, (kind, key, body))
        self._known.remember_document(kind, key, body)

    def drop(self, kind: str, key: str) -> None:
        """Keep a document no more."""
        self._turns.straight(writes=True).do(statements.DROP, (kind, key))
        self._known.remember_document(kind, key, None)

    # --- reading --------------------------------------------------------------------------------------

    def require_readable(self) -> None:
        """To be called first, and cheap. Raises KeptOutError while others are waited for by `readable`.

        All that reads raises it when another program lets nobody read, after a moment in which the loop waits.
        """
        if self._readers.waits:
            raise kept_out(self._where)

    async def readable(self, since: float | None) -> float:
        """After KeptOutError, return when readers are let in, with the loop's time since when that is waited for.

        Raises LockedError when that is too long ago; nothing that was to be read has been.
        """
        return await self._readers.wait(since)

    async def looked(self) -> bool:
        """The same for what has to be read however long it takes: wait for a moment, and say whether it can be."""
        return await self._readers.looked()

    def balance(self, psn_no: str) -> Fen:
        """What is on a personal account. Raises KeyError when there is none."""
        return self._balance(account_name(AccountKind.PERSONAL, psn_no))

    def mutual_balance(self, name: str) -> Fen:
        """What is on a mutual-aid account. Raises KeyError when there is none."""
        return self._balance(account_name(AccountKind.MUTUAL, name))

    def next_number(self) -> int:
        """The number of the next settlement; only inside `writing`."""
        self._turns.look()
        number = self._known.next_number
        if number is None:
            number = self._known.next_number = int(self._found(statements.NEXT)[0])
        return number

    def settlement(self, setl_id: str) -> Settlement | None:
        """The settlement with a setl_id."""
        return self._settlement(statements.BY_ID, setl_id)

    def settlement_of(self, msgid: str) -> Settlement | None:
        """The settlement that a message booked."""
        return self._settlement(statements.BY_MSGID, msgid)

    def settlements(self) -> list[Settlement]:
        """All settlements in the order of booking."""
        return [settlement_from(row) for row in self._turns.straight().rows(statements.ALL)]

    def settled(self, institution: str, *, since_ns: int, until_ns: int) -> list[Settlement]:
        """An institution's settlements from a moment on and before another, in the order of booking; by the clock."""
        return [
            settlement_from(row)
            for row in self._turns.straight().rows(statements.OF_TIME, (institution, since_ns, until_ns))
        ]

    def undone_by(self, infno: str, institution: str, *, since_ns: int, until_ns: int) -> frozenset[str]:
        """Those of `settled`, by setl_id, that a booking of this transaction undoes, whenever that was."""
        rows = self._turns.straight().rows(statements.UNDONE_OF_TIME, (infno, institution, since_ns, until_ns))
        return frozenset(str(setl_id) for (setl_id,) in rows)

    def in_force(self, setl_id: str) -> bool:
        """Whether a settlement has not been undone (a reversal that was itself reversed does not count)."""
        return self._turns.straight().one(statements.UNDONE, (setl_id,)) is None

    def answer(self, msgid: str) -> tuple[bytes, bytes] | None:
        """The digest of the request that a msgid came with, and what was answered."""
        self._turns.look()
        if msgid in self._known.unanswered:
            return None
        decided = self._turns.mine.answers.get(msgid) or self._turns.done.answers.get(msgid)
        if decided is not None:
            return decided[1:]
        row = None if self._is_beyond(msgid) else self._store.one(statements.ANSWER, (msgid,))
        if row is None:
            self._known.unanswered.add(msgid)
            return None
        return row[0], row[1]

    def _is_beyond(self, msgid: str) -> bool:
        """Whether a msgid comes after all that its institution has had answers to, as new ones do: they bear the time.

        Only those of institution code and digits alone are compared; whatever else is there is looked for.
        """
        series, digits = msgid[:CODE_IN_MSGID], msgid[CODE_IN_MSGID:]
        if len(digits) != DIGITS_IN_MSGID or not (digits.isascii() and digits.isdigit()):
            return False
        highest = self._known.highest.get(series)
        if highest is None:
            (found,) = self._found(statements.HIGHEST, (series + "0" * DIGITS_IN_MSGID, series + "9" * DIGITS_IN_MSGID))
            highest = self._known.highest[series] = series if found is None else str(found)
        return msgid > highest

    def is_barred(self, msgid: str) -> bool:
        """Whether a msgid was barred."""
        self._turns.look()
        if self._known.any_barred is None:
            self._known.any_barred = self._store.one(statements.ANY_BARRED) is not None
        return self._known.any_barred and self._store.one(statements.BARRED, (msgid,)) is not None

    def sign_in(self, sign_no: str) -> SignIn | None:
        """The sign-in with a number."""
        self._turns.look()
        known = self._known.sign_ins.get(sign_no)
        if known is None and (known := sign_in_from(self._store.one(statements.SIGN_IN, (sign_no,)))) is not None:
            self._known.sign_ins[sign_no] = known
        return known

    def sign_in_of(self, institution: str, opter: str, day: str) -> SignIn | None:
        """An operator's sign-in of a day."""
        return sign_in_from(self._turns.straight().one(statements.SIGN_IN_OF, (institution, opter, day)))

    def sign_ins(self) -> int:
        """How many sign-ins there are."""
        return int(self._found(statements.SIGN_INS)[0])

    def kept(self, kind: str, key: str) -> bytes | None:
        """The document of a kind and key."""
        self._turns.look()
        known = self._known.documents
        if (kind, key) in known:
            return known[kind, key]
        row = self._store.one(statements.KEPT, (kind, key))
        body = None if row is None else bytes(row[0])
        self._known.remember_document(kind, key, body)
        return body

    def all_kept(self, kind: str, *, prefix: str = "") -> list[tuple[str, bytes]]:
        """The keys of a kind that begin so, with their documents, in the order of the keys."""
        rows = self._turns.straight().rows(statements.ALL_KEPT, (kind, len(prefix), prefix))
        return [(key, bytes(body)) for key, body in rows]

    def totals(self) -> dict[str, int]:
        """The sum of all postings of each account, in fen; over all accounts they are zero."""
        return {account: int(fen) for account, fen in self._turns.straight().rows(statements.TOTALS)}

    def accounts(self) -> dict[str, tuple[Fen, Fen]]:
        """Opening and present balance of each personal account, by psn_no."""
        prefix = account_name(AccountKind.PERSONAL, "")
        return {
            name.removeprefix(prefix): (Fen(opening), Fen(balance))
            for name, opening, balance in self._turns.straight().rows(statements.ACCOUNTS)
            if name.startswith(prefix)
        }

    def _open(self, name: str, opening: Fen) -> None:
        self._turns.straight(writes=True).do(statements.OPEN, (name, opening, opening))

    def _balance(self, name: str) -> Fen:
        self._turns.look()
        fen = self._known.balances.get(name)
        if fen is None:
            row = self._store.one(statements.BALANCE, (name,))
            if row is None:
                raise KeyError(name)
            fen = self._known.balances[name] = int(row[0])
        return Fen(fen)

    def _known_balance(self, name: str) -> int:
        try:
            return self._balance(name)
        except KeyError:
            raise unopened(name) from None

    def _found(self, statement: str, parameters: Sequence[object] = ()) -> Row:
        row = self._turns.straight().one(statement, parameters)
        assert row is not None
        return row

    def _settlement(self, statement: str, key: str) -> Settlement | None:
        row = self._turns.straight().one(statement, (key,))
        return None if row is None else settlement_from(row)
