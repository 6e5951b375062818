"""The books: double entry, balances that never go below zero, transactions that are whole or not at all.

Every rule is tested in memory, in a file and (slow) in a PostgreSQL.
"""

import asyncio
import contextlib
import os
import random
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import BenchError, ConfigError
from harness.money import Fen
from simulators.platform.ledger import Ledger, RuleBroken, Settlement, SignIn, TakenError, statements
from simulators.platform.ledger import postgres as postgres_module
from simulators.platform.ledger import sqlite as sqlite_module
from tests.simulators import platform_rigs
from tests.simulators.platform_sale import SALE


def undone(original: Settlement, n: int) -> Settlement:
    return replace(
        original,
        n=n,
        setl_id=f"S{n}",
        msgid=f"M{n}",
        total_fen=Fen(-original.total_fen),
        fund_fen=Fen(-original.fund_fen),
        account_fen=Fen(-original.account_fen),
        cash_fen=Fen(-original.cash_fen),
        reverses=original.setl_id,
    )


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    try:
        with platform_rigs.postgres() as url:
            yield url
    except platform_rigs.NoPostgres as error:
        pytest.skip(f"no PostgreSQL: {error}")


@pytest.fixture(params=["memory", "file", pytest.param("postgresql", marks=pytest.mark.slow)])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str | None:
    match request.param:
        case "memory":
            return None
        case "file":
            return str(tmp_path / "ledger.db")
        case _:
            return str(request.getfixturevalue("server"))


@pytest.fixture
def ledger(where: str | None) -> Iterator[Ledger]:
    books = Ledger(where)
    books.clear()
    books.open_account("1", Fen(5000))
    yield books
    books.close()


def book(ledger: Ledger, *settlements: Settlement) -> None:
    with ledger.writing():
        for settlement in settlements:
            ledger.book(settlement)


def test_a_booking_moves_the_account_and_its_postings_sum_to_zero(ledger: Ledger) -> None:
    book(ledger, SALE)
    assert ledger.balance("1") == 1839
    assert ledger.totals() == {"account:1": -3161, "fund:310": -1337, "institution:P63999900001": 4498}
    assert sum(ledger.totals().values()) == 0
    assert ledger.settlement("S1") == ledger.settlement_of("M1") == SALE
    assert ledger.next_number() == 2


def test_undoing_brings_every_account_back(ledger: Ledger) -> None:
    book(ledger, SALE, undone(SALE, 2))
    assert ledger.balance("1") == 5000
    assert set(ledger.totals().values()) == {0}


def test_what_is_undone_is_out_of_force_until_the_undoing_is_undone(ledger: Ledger) -> None:
    back = undone(SALE, 2)
    book(ledger, SALE)
    assert ledger.in_force("S1")
    book(ledger, back)
    assert not ledger.in_force("S1")
    book(ledger, undone(back, 3))
    assert ledger.in_force("S1")
    assert not ledger.in_force("S2")


def test_an_account_never_goes_below_zero(ledger: Ledger) -> None:
    dear = replace(SALE, total_fen=Fen(6338), account_fen=Fen(5001))
    with pytest.raises(RuleBroken):
        book(ledger, dear)
    assert ledger.balance("1") == 5000
    assert ledger.settlements() == []


def test_what_does_not_add_up_is_a_defect_of_ours(ledger: Ledger) -> None:
    with pytest.raises(RuleBroken, match="zero"):
        book(ledger, replace(SALE, cash_fen=Fen(1)))


def test_a_msgid_books_once(ledger: Ledger) -> None:
    book(ledger, SALE)
    with pytest.raises(TakenError):
        book(ledger, replace(SALE, n=2, setl_id="S2", account_fen=Fen(0), cash_fen=Fen(3161)))
    assert ledger.settlements() == [SALE]


def test_the_large_amount_fund_and_mutual_aid_pay_their_part(ledger: Ledger) -> None:
    ledger.open_mutual_aid("family", Fen(1000))
    sale = replace(SALE, large_fen=Fen(300), mutual_fen=Fen(1000), mutual="family")
    book(ledger, sale)
    assert ledger.totals() == {
        "account:1": -2161,
        "fund:310": -1037,
        "institution:P63999900001": 4498,
        "large-fund:310": -300,
        "mutual-aid:family": -1000,
    }
    assert (ledger.balance("1"), ledger.mutual_balance("family")) == (2839, 0)
    assert ledger.accounts() == {"1": (5000, 2839)}
    with pytest.raises(RuleBroken):
        book(ledger, replace(sale, n=2, setl_id="S2", msgid="M2"))
    with pytest.raises(RuleBroken, match="nobody has opened"):
        book(ledger, replace(sale, n=2, setl_id="S2", msgid="M2", mutual="strangers"))


def test_the_store_itself_refuses_what_does_not_balance_or_changes_what_is_booked(ledger: Ledger) -> None:
    book(ledger, SALE)
    unbalanced = replace(SALE, n=2, setl_id="S2", msgid="M2", cash_fen=Fen(1), total_fen=Fen(4499))
    values = tuple(vars(unbalanced).values())

    def write(*done: tuple[str, tuple[object, ...]]) -> None:
        with ledger.writing():
            for statement, parameters in done:
                ledger._store.do(statement, parameters)

    posting = "INSERT INTO posting (n, account, amount_fen) VALUES (?, ?, ?)"
    booking = statements.BOOK
    for wrong in (
        [(posting, (2, "cash:1", 1)), (booking, values)],
        [(posting, (1, "cash:1", 1))],
        [(posting, (3, "cash:1", 1))],
        [(booking, (*values[:13], 5, *values[14:]))],
        [("UPDATE posting SET amount_fen = 0", ())],
        [("UPDATE settlement SET at_ns = 1", ())],
        [("DELETE FROM posting", ())],
        [("DELETE FROM settlement", ())],
        [("UPDATE account SET balance_fen = -1", ())],
    ):
        with pytest.raises(RuleBroken):
            write(*wrong)
    assert ledger.settlements() == [SALE]
    assert sum(ledger.totals().values()) == 0


def test_settlements_are_found_by_institution_and_time(ledger: Ledger) -> None:
    later = [
        replace(SALE, n=n, setl_id=f"S{n}", msgid=f"M{n}", at_ns=n * 10, account_fen=Fen(0), cash_fen=Fen(3161))
        for n in (2, 3, 4)
    ]
    book(ledger, SALE, *later)
    assert ledger.settled("P63999900001", since_ns=0, until_ns=30) == [SALE, later[0]]
    assert ledger.settled("P63999900001", since_ns=30, until_ns=41) == later[1:]
    assert ledger.settled("P63999900002", since_ns=0, until_ns=99) == []


def test_what_was_undone_is_found_by_the_time_of_what_was_undone(ledger: Ledger) -> None:
    in_cash = replace(SALE, account_fen=Fen(0), cash_fen=Fen(3161))
    first, second = (replace(in_cash, n=n, setl_id=f"S{n}", msgid=f"M{n}", at_ns=n * 10) for n in (1, 2))
    back = replace(
        in_cash, total_fen=Fen(-SALE.total_fen), fund_fen=Fen(-SALE.fund_fen), cash_fen=Fen(-in_cash.cash_fen)
    )
    late = replace(back, n=3, setl_id="S3", msgid="M3", infno="2601", at_ns=10**15, reverses="S1")
    refund = replace(back, n=4, setl_id="S4", msgid="M4", infno="2103", at_ns=5, reverses="S2")
    book(ledger, first, second, late, refund)
    assert ledger.undone_by("2601", SALE.institution, since_ns=0, until_ns=100) == {"S1"}
    assert ledger.undone_by("2103", SALE.institution, since_ns=0, until_ns=100) == {"S2"}
    assert ledger.undone_by("2601", SALE.institution, since_ns=11, until_ns=100) == frozenset()
    assert ledger.undone_by("2601", "P63999900002", since_ns=0, until_ns=100) == frozenset()


def test_an_operator_has_one_sign_in_a_day(ledger: Ledger) -> None:
    first = SignIn(sign_no="N1", institution="P", opter="1", day="20201014", sign_time="t", signed_out=False)
    with ledger.writing():
        ledger.keep_sign_in(first)
    with pytest.raises(TakenError), ledger.writing():
        ledger.keep_sign_in(replace(first, sign_no="N2"))
    with ledger.writing():
        ledger.keep_sign_in(replace(first, signed_out=True))
    assert ledger.sign_in("N1") == ledger.sign_in_of("P", "1", "20201014") == replace(first, signed_out=True)
    with pytest.raises(TakenError), ledger.writing():
        ledger.keep_sign_in(replace(first, opter="2"))
    assert ledger.sign_ins() == 1


def test_documents_are_kept_replaced_and_dropped_with_the_transaction(ledger: Ledger) -> None:
    with ledger.writing():
        for key in ("V2/1", "V1/2", "V1/1"):
            ledger.keep("detail", key, key.encode())
        ledger.keep("visit", "V1", b"open")
        ledger.keep("visit", "V1", b"closed")
    assert ledger.kept("visit", "V1") == b"closed"
    assert ledger.all_kept("detail", prefix="V1/") == [("V1/1", b"V1/1"), ("V1/2", b"V1/2")]
    with ledger.writing():
        ledger.drop("visit", "V1")
    assert ledger.kept("visit", "V1") is None

    def undone() -> None:
        with ledger.writing():
            ledger.drop("detail", "V1/1")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        undone()
    assert len(ledger.all_kept("detail")) == 3


def test_a_transaction_is_whole_or_not_at_all(ledger: Ledger) -> None:
    def half() -> None:
        with ledger.writing():
            ledger.book(SALE)
            ledger.keep_answer("M1", "P", b"d", b"r")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert ledger.settlements() == []
    assert ledger.answer("M1") is None
    assert ledger.balance("1") == 5000
    book(ledger, SALE)


def test_only_the_first_answer_counts(ledger: Ledger) -> None:
    with ledger.writing():
        ledger.keep_answer("M1", "P", b"d1", b"first")
    with pytest.raises(TakenError), ledger.writing():
        ledger.keep_answer("M1", "P", b"d2", b"second")
    assert ledger.answer("M1") == (b"d1", b"first")


def test_opening_an_account_again_changes_nothing(ledger: Ledger) -> None:
    book(ledger, SALE)
    ledger.open_account("1", Fen(999_999))
    assert ledger.accounts() == {"1": (5000, 1839)}


def test_a_file_is_in_wal_mode_and_read_again(tmp_path: Path) -> None:
    path = str(tmp_path / "ledger.db")
    first = Ledger(path)
    first.open_account("1", Fen(5000))
    book(first, SALE)
    assert first._store.one("PRAGMA journal_mode") == ("wal",)
    first.close()
    second = Ledger(path, full=False)
    assert second.settlements() == [SALE]
    second.clear()
    assert second.settlements() == []
    assert second.accounts() == {}
    second.close()


def test_bookings_that_wait_together_share_flushes_and_each_is_flushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "ledger.db")
    flushes: list[int] = []
    monkeypatch.setattr(sqlite_module, "FLUSH", lambda file: flushes.append(os.fstat(file).st_size))
    books = Ledger(path)
    books.open_account("1", Fen(10**9))

    async def one(n: int) -> int:
        book(books, replace(SALE, n=n, setl_id=f"S{n}", msgid=f"M{n}"))
        await books.flushed()
        size = (tmp_path / "ledger.db-wal").stat().st_size
        assert flushes
        assert flushes[-1] == size, "not until what was committed last has been flushed"
        return size

    async def many() -> None:
        await asyncio.gather(*(one(n) for n in range(1, 51)))
        await one(51)

    asyncio.run(many())
    assert len(flushes) == 2
    assert len(books.settlements()) == 51
    books.close()


def test_one_that_is_undone_does_not_undo_the_others_of_its_turn(tmp_path: Path) -> None:
    books = Ledger(str(tmp_path / "ledger.db"))
    books.open_account("1", Fen(10**9))

    async def one(n: int) -> None:
        if n % 3 == 0:
            with pytest.raises(TakenError):
                book(books, replace(SALE, n=n, setl_id=f"S{n}", msgid="M1"))
        else:
            book(books, replace(SALE, n=n, setl_id=f"S{n}", msgid=f"M{n}"))
        await books.flushed()

    async def many() -> None:
        await one(1)
        await asyncio.gather(*(one(n) for n in range(2, 11)))

    asyncio.run(many())
    other = Ledger(str(tmp_path / "ledger.db"))
    assert [settlement.n for settlement in other.settlements()] == [1, 2, 4, 5, 7, 8, 10]
    assert books.balance("1") == 10**9 - 7 * 3161
    other.close()
    books.close()


def test_a_flush_that_fails_fails_whoever_waits_and_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    books = Ledger(str(tmp_path / "ledger.db"))
    books.open_account("1", Fen(10**9))

    async def both() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(sqlite_module, "FLUSH", fail)
            book(books, SALE)
            with pytest.raises(BenchError, match="Input/output"):
                await books.flushed()
        with pytest.raises(BenchError, match="Input/output"):
            await books.flushed()

    asyncio.run(both())
    books.close()


def test_without_full_nothing_is_flushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushes: list[int] = []
    monkeypatch.setattr(sqlite_module, "FLUSH", flushes.append)
    for books in (Ledger(str(tmp_path / "ledger.db"), full=False), Ledger(None)):
        asyncio.run(books.flushed())
        books.close()
    assert flushes == []


def test_a_file_that_is_no_ledger_is_an_error_for_people(tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("this is no database" * 100)
    for path in (other, tmp_path / "missing" / "ledger.db"):
        with pytest.raises(BenchError) as caught:
            Ledger(str(path))
        assert str(path) in caught.value.problem


def test_a_file_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE account (psn_no TEXT)")
    db.close()
    with pytest.raises(BenchError, match="version 0"):
        Ledger(str(path))


def test_a_server_that_is_not_there_is_an_error_of_the_lab_without_its_password() -> None:
    with pytest.raises(BenchError) as caught:
        Ledger("postgresql://me:secret@127.0.0.1:1/books")
    assert "secret" not in str(caught.value)
    assert "postgresql://me@127.0.0.1:1/books" in caught.value.problem


def test_postgresql_without_its_driver_is_an_error_of_configuration(without: Callable[[str], None]) -> None:
    without("psycopg")
    with pytest.raises(ConfigError, match="psycopg") as caught:
        Ledger("postgresql://127.0.0.1/books")
    assert "liantiao[postgres]" in caught.value.remedy


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return lambda name: monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.slow
def test_a_postgresql_is_read_again_and_flushed_together(server: str) -> None:
    books = Ledger(server)
    books.clear()
    books.open_account("1", Fen(10**9))
    flushes: list[None] = []
    flush = books._store.flush
    books._commits._flush = lambda: flushes.append(flush())

    async def one(n: int) -> None:
        book(books, replace(SALE, n=n, setl_id=f"S{n}", msgid=f"M{n}"))
        await books.flushed()

    async def many() -> None:
        await asyncio.gather(*(one(n) for n in range(1, 21)))

    asyncio.run(many())
    assert len(flushes) == 1
    books.close()
    again = Ledger(server)
    assert len(again.settlements()) == 20
    again.close()


@pytest.mark.slow
def test_a_postgresql_that_hung_up_is_asked_again(server: str) -> None:
    psycopg = pytest.importorskip("psycopg")
    books = Ledger(server)
    books.clear()
    books.open_account("1", Fen(10**9))

    def cut() -> None:
        with psycopg.connect(server, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")

    async def book_one(n: int) -> None:
        book(books, replace(SALE, n=n, setl_id=f"S{n}", msgid=f"M{n}"))
        await books.flushed()

    async def cut_in_between() -> None:
        book(books, replace(SALE, n=2, setl_id="S2", msgid="M2"))
        cut()
        with pytest.raises(BenchError):
            await books.flushed()

    cut()
    with pytest.raises(BenchError):
        books.answer("M1")  # a mere question, as each request begins with
    assert books.answer("M1") is None
    with pytest.raises(BenchError):
        asyncio.run(book_one(1))  # the connection of the flushes was cut, too, and what was committed may be lost
    asyncio.run(cut_in_between())
    with pytest.raises(BenchError):
        asyncio.run(book_one(2))
    asyncio.run(book_one(3))
    assert [settlement.msgid for settlement in books.settlements()] == ["M1", "M2", "M3"]
    books.close()


@pytest.mark.slow
def test_a_lock_of_another_process_is_waited_for_and_leaves_nothing_begun(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    psycopg = pytest.importorskip("psycopg")
    monkeypatch.setattr(postgres_module, "PATIENTLY", postgres_module.PATIENTLY.replace("'10s'", "'100ms'"))
    books = Ledger(server)
    books.clear()
    books.open_account("1", Fen(10**9))
    with psycopg.connect(server) as other:
        other.execute(f"SELECT pg_advisory_xact_lock({postgres_module.ONE_WRITER})")
        for _ in range(2):
            with pytest.raises(BenchError, match="lock timeout"):
                book(books, SALE)
    book(books, SALE)
    assert books.settlements() == [SALE]
    books.close()


def test_a_file_that_another_process_locks_can_be_written_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_module, "WAIT_S", 0.1)
    books = Ledger(str(tmp_path / "ledger.db"))
    books.open_account("1", Fen(10**9))
    other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for _ in range(2):
        with pytest.raises(BenchError, match="locked"):
            book(books, SALE)
    other.execute("ROLLBACK")
    other.close()
    book(books, SALE)
    assert books.settlements() == [SALE]
    books.close()


@pytest.mark.parametrize("seed", range(5))
def test_whichever_msgids_are_answered_they_are_found_and_no_others(ledger: Ledger, seed: int) -> None:
    drawn, answered = random.Random(seed), dict[str, bytes]()
    codes = ("P63999900001", "P6399990000A", "H63999900001", "P6399990000")

    def any_msgid() -> str:
        number, code = drawn.randrange(40), drawn.choice(codes)
        return drawn.choice(
            [f"{code}{number:018d}"] * 6
            + [f"{code}{number:018d}#2", f"{code}{number}", f"{code}{number:017d}x", f"{code}{'１' * 18}", f"{number}-"]
        )

    for turn in range(60):
        for msgid in {any_msgid() for _ in range(4)}:
            found = ledger.answer(msgid)
            assert found == ((b"", answered[msgid]) if msgid in answered else None)
        with contextlib.suppress(LookupError), ledger.writing():
            kept = {}
            for msgid in {any_msgid() for _ in range(2)} - set(answered):
                if drawn.random() < 0.7:
                    assert ledger.answer(msgid) is None
                ledger.keep_answer(msgid, "P63999900001", b"", b"%d" % turn)
                kept[msgid] = b"%d" % turn
            if drawn.random() < 0.2:
                raise LookupError
            answered |= kept
