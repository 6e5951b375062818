"""The books: double entry, balances that never go below zero, transactions that are whole or not at all."""

import asyncio
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import BenchError, SimulatorDefect
from harness.money import Fen
from simulators.platform import ledger as ledger_module
from simulators.platform.ledger import Ledger, Settlement

SALE = Settlement(
    n=1,
    setl_id="S1",
    msgid="M1",
    infno="2102",
    institution="P63999900001",
    psn_no="1",
    mdtrt_id="V1",
    invono="A1",
    insutype="310",
    at_ns=0,
    total_fen=Fen(4498),
    fund_fen=Fen(1337),
    account_fen=Fen(3161),
    cash_fen=Fen(0),
    reverses=None,
)


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


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    books = Ledger(None)
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
    with pytest.raises(sqlite3.IntegrityError):
        book(ledger, dear)
    assert ledger.balance("1") == 5000
    assert ledger.settlements() == []


def test_what_does_not_add_up_is_a_defect_of_ours(ledger: Ledger) -> None:
    with pytest.raises(SimulatorDefect, match="zero"):
        book(ledger, replace(SALE, cash_fen=Fen(1)))


def test_a_msgid_books_once(ledger: Ledger) -> None:
    book(ledger, SALE)
    with pytest.raises(sqlite3.IntegrityError):
        book(ledger, replace(SALE, n=2, setl_id="S2", account_fen=Fen(0), cash_fen=Fen(3161)))


def test_a_transaction_is_whole_or_not_at_all(ledger: Ledger) -> None:
    def half() -> None:
        with ledger.writing():
            ledger.book(SALE)
            ledger.keep_answer("M1", b"d", b"r")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert ledger.settlements() == []
    assert ledger.answer("M1") is None
    assert ledger.balance("1") == 5000
    book(ledger, SALE)


def test_only_the_first_answer_counts(ledger: Ledger) -> None:
    ledger.keep_answer("M1", b"d1", b"first")
    ledger.keep_answer("M1", b"d2", b"second")
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
    assert first._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
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
    monkeypatch.setattr(ledger_module, "_FLUSH", lambda file: flushes.append(os.fstat(file).st_size))
    books = Ledger(path)
    books.open_account("1", Fen(10**9))

    async def one(n: int) -> int:
        book(books, replace(SALE, n=n, setl_id=f"S{n}", msgid=f"M{n}"))
        size = (tmp_path / "ledger.db-wal").stat().st_size
        await books.flushed()
        assert flushes
        assert flushes[-1] >= size
        return size

    async def many() -> None:
        await asyncio.gather(*(one(n) for n in range(1, 51)))
        await one(51)

    asyncio.run(many())
    assert 2 <= len(flushes) <= 4
    books.close()


def test_without_full_nothing_is_flushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushes: list[int] = []
    monkeypatch.setattr(ledger_module, "_FLUSH", flushes.append)
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
