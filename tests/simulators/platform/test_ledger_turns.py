"""What bookings of one turn share, and what processes that share a ledger see of each other."""

import asyncio
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import BenchError
from harness.money import Fen
from simulators.platform.ledger import Ledger, RuleBroken, SignIn, TakenError
from simulators.platform.ledger import sqlite as sqlite_module
from tests.simulators.platform_sale import SALE

RICH = Fen(10**9)


def opened(path: Path, *, shared: bool = False) -> Ledger:
    books = Ledger(str(path / "ledger.db"), full=False, shared=shared)
    books.open_account("1", RICH)
    return books


def decide(books: Ledger, msgid: str, *, setl_id: str | None = None) -> None:
    """As the platform does: look, then book under the next number, with the answer."""
    if books.answer(msgid) is not None:
        raise TakenError(msgid)
    with books.writing():
        n = books.next_number()
        books.book(replace(SALE, n=n, setl_id=setl_id or f"S{n}", msgid=msgid))
        books.keep_answer(msgid, "P", b"d", msgid.encode())


def numbers(books: Ledger) -> list[int]:
    return [settlement.n for settlement in books.settlements()]


def test_a_turn_reads_what_it_has_decided_and_not_yet_written(tmp_path: Path) -> None:
    books = opened(tmp_path)

    async def turn() -> None:
        for number in range(3):
            decide(books, f"M{number}")
        assert books.balance("1") == RICH - 3 * 3161
        assert books.answer("M1") == (b"d", b"M1")
        assert books.next_number() == 4
        assert numbers(books) == [1, 2, 3]
        decide(books, "M3")
        await books.flushed()

    asyncio.run(turn())
    other = Ledger(str(tmp_path / "ledger.db"))
    assert numbers(other) == [1, 2, 3, 4]
    assert sum(other.totals().values()) == 0
    assert other.balance("1") == books.balance("1") == RICH - 4 * 3161
    other.close()
    books.close()


@pytest.mark.parametrize("read_between", [False, True])
def test_one_that_is_undone_leaves_the_others_of_its_turn(tmp_path: Path, read_between: bool) -> None:
    books = opened(tmp_path)

    def undone() -> None:
        with books.writing():
            books.book(replace(SALE, n=books.next_number(), setl_id="S9", msgid="M9"))
            if read_between:
                assert books.settlement("S9") is not None
            books.bar("M7")
            raise RuntimeError

    async def turn() -> None:
        decide(books, "M1")
        assert books.answer("M9") is None
        with pytest.raises(RuntimeError):
            undone()
        decide(books, "M2")
        await books.flushed()

    asyncio.run(turn())
    assert [(s.n, s.msgid) for s in books.settlements()] == [(1, "M1"), (2, "M2")]
    assert not books.is_barred("M7")
    assert books.balance("1") == RICH - 2 * 3161
    books.close()


def test_what_the_store_refuses_at_the_end_is_told_to_all_who_wait_and_nothing_is_booked(tmp_path: Path) -> None:
    books = opened(tmp_path)

    async def one(msgid: str) -> None:
        decide(books, msgid, setl_id="the same")
        await books.flushed()

    async def turn() -> list[BaseException | None]:
        return list(await asyncio.gather(one("M1"), one("M2"), return_exceptions=True))

    found = asyncio.run(turn())
    assert [type(error) for error in found] == [TakenError, TakenError]
    assert numbers(books) == []
    assert books.answer("M1") is None
    assert books.balance("1") == RICH
    books.close()


def test_an_account_is_not_overdrawn_within_a_turn(tmp_path: Path) -> None:
    books = opened(tmp_path)
    books.open_account("2", Fen(4000))

    async def turn() -> None:
        for number, refused in ((1, False), (2, True)):
            assert books.answer(f"M{number}") is None
            sale = replace(SALE, n=number, setl_id=f"S{number}", msgid=f"M{number}", psn_no="2")
            if refused:
                with pytest.raises(RuleBroken), books.writing():
                    books.book(sale)
            else:
                with books.writing():
                    books.book(sale)
        await books.flushed()

    asyncio.run(turn())
    assert (numbers(books), books.balance("2")) == ([1], 839)
    books.close()


def test_what_another_process_wrote_is_seen(tmp_path: Path) -> None:
    mine, theirs = opened(tmp_path), opened(tmp_path)
    signed = SignIn(sign_no="N", institution="P", opter="1", day="20201014", sign_time="t", signed_out=False)
    for books, msgid in ((mine, "M1"), (theirs, "M2"), (mine, "M3")):
        decide(books, msgid)
    with mine.writing():
        mine.keep_sign_in(signed)
    assert theirs.sign_in("N") == signed
    with mine.writing():
        mine.keep_sign_in(replace(signed, signed_out=True))
        mine.bar("M8")
    assert theirs.sign_in("N") == replace(signed, signed_out=True)
    assert theirs.is_barred("M8")
    assert theirs.answer("M4") is None
    decide(mine, "M4")
    with pytest.raises(TakenError):
        decide(theirs, "M4")
    assert numbers(mine) == numbers(theirs) == [1, 2, 3, 4]
    mine.close()
    theirs.close()


def test_two_that_share_take_turns_and_neither_waits_for_ever(tmp_path: Path) -> None:
    shared = [opened(tmp_path, shared=True) for _ in range(2)]

    async def one(books: Ledger, msgid: str) -> None:
        await books.turn()
        decide(books, msgid)
        await books.flushed()

    async def both() -> None:
        async with asyncio.timeout(20):
            await asyncio.gather(*(one(shared[n % 2], f"M{n}") for n in range(60)))
            await asyncio.gather(*(one(shared[n % 2], f"N{n}") for n in range(60)))

    asyncio.run(both())
    assert numbers(shared[0]) == numbers(shared[1]) == list(range(1, 121))
    assert shared[0].balance("1") == RICH - 120 * 3161
    for books in shared:
        books.close()


@pytest.mark.parametrize("disk_full", [False, True])
def test_a_flush_that_began_before_the_commit_is_no_promise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, disk_full: bool
) -> None:
    """The flush of the turn before ends between a booking and its commit."""
    may_end, flushed = threading.Event(), []

    def flush(file: int) -> None:
        may_end.wait(60)
        flushed.append(os.fstat(file).st_size)

    def full() -> None:
        raise BenchError("database or disk is full", cause="the test", remedy="none")

    monkeypatch.setattr(sqlite_module, "FLUSH", flush)
    books = Ledger(str(tmp_path / "ledger.db"))
    books.open_account("1", RICH)

    async def both() -> None:
        decide(books, "M1")
        first = asyncio.ensure_future(books.flushed())
        while books._turns.open or not books._commits._busy:
            await asyncio.sleep(0)
        may_end.set()
        assert books._commits._thread is not None
        books._commits._thread.submit(int).result(60)  # now the loop has been told that the flush has ended
        decide(books, "M2")
        with monkeypatch.context() as patch:
            if disk_full:
                patch.setattr(books._store, "commit", full)
                with pytest.raises(BenchError, match="disk is full"):
                    await books.flushed()
            else:
                await books.flushed()
                assert flushed[-1] == (tmp_path / "ledger.db-wal").stat().st_size
        await first

    asyncio.run(both())
    assert numbers(books) == ([1] if disk_full else [1, 2])
    books.close()


def test_a_commit_that_fails_leaves_those_before_it_their_promise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end = threading.Event()
    monkeypatch.setattr(sqlite_module, "FLUSH", lambda _: may_end.wait(60))
    books = Ledger(str(tmp_path / "ledger.db"))
    books.open_account("1", RICH)

    async def one(msgid: str, setl_id: str | None = None) -> None:
        decide(books, msgid, setl_id=setl_id)
        await books.flushed()

    async def many() -> list[BaseException | None]:
        asked = []
        for msgids in (["M1"], ["M2"], ["M3", "M4"]):
            asked += [asyncio.ensure_future(one(msgid, "X" if len(msgids) > 1 else None)) for msgid in msgids]
            await asyncio.sleep(0)
            while books._turns.open:
                await asyncio.sleep(0)
        may_end.set()
        return list(await asyncio.gather(*asked, return_exceptions=True))

    found = asyncio.run(many())
    assert [type(error) for error in found] == [type(None), type(None), TakenError, TakenError]
    assert numbers(books) == [1, 2]
    books.close()


def test_a_store_that_undoes_all_of_a_turn_by_itself_books_nothing_of_it(tmp_path: Path) -> None:
    """As SQLite does where the disk is full in the middle of a statement."""
    books = opened(tmp_path)
    limit = "PRAGMA max_page_count = {}"
    books._store.one(limit.format(100))

    async def one(msgid: str) -> None:
        decide(books, msgid)
        await books.flushed()

    async def too_large() -> None:
        with books.writing():
            books.bar("M8")
            books.keep("visit", "V1", b"x" * 2**20)
        await books.flushed()

    async def turn() -> list[BaseException | None]:
        asked = (one("M1"), too_large(), one("M2"), too_large(), one("M3"))
        return list(await asyncio.gather(*asked, return_exceptions=True))

    for error in asyncio.run(turn()):
        assert isinstance(error, BenchError)
        assert "full" in error.cause
    assert numbers(books) == []
    assert not books.is_barred("M8")
    books._store.one(limit.format(10**6))
    asyncio.run(turn())
    assert [settlement.msgid for settlement in books.settlements()] == ["M1", "M2", "M3"]
    assert books.balance("1") == RICH - 3 * 3161
    books.close()
