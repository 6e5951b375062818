"""What a ledger remembers of what it has read, how bookings of several turns of the loop share, and promised turns."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.money import Fen
from simulators.platform.ledger import Ledger, TakenError, statements
from simulators.platform.ledger import known as known_module
from simulators.platform.ledger.turns import MOST_TOGETHER
from tests.simulators.platform_sale import SALE

Count = Callable[[Ledger, str], list[object]]
SALE_FEN = 3161


@pytest.fixture
def count(monkeypatch: pytest.MonkeyPatch) -> Count:
    """Count the calls of a store's method from now on, by their first argument."""

    def counted(books: Ledger, method: str) -> list[object]:
        calls: list[object] = []
        real = getattr(books._store, method)

        def call(*arguments: object, **options: object) -> object:
            calls.append(arguments[0] if arguments else None)
            return real(*arguments, **options)

        monkeypatch.setattr(books._store, method, call)
        return calls

    return counted


def opened(path: Path, *, full: bool = False, together: bool = True) -> Ledger:
    books = Ledger(str(path / "ledger.db"), full=full, together=together)
    books.open_account("1", Fen(10**9))
    return books


def keep(books: Ledger, body: bytes) -> None:
    with books.writing():
        books.keep("visit", "V1", body)


def book(books: Ledger, number: int) -> None:
    assert books.answer(f"M{number}") is None
    with books.writing():
        books.book(replace(SALE, n=books.next_number(), setl_id=f"S{number}", msgid=f"M{number}"))


def test_a_document_is_read_once_until_another_process_writes(tmp_path: Path, count: Count) -> None:
    mine, theirs = opened(tmp_path), opened(tmp_path)
    keep(theirs, b"first")
    asked = count(mine, "one")
    assert [mine.kept("visit", "V1") for _ in range(3)] == [b"first"] * 3
    assert [mine.kept("visit", "V2") for _ in range(3)] == [None] * 3
    assert asked.count(statements.KEPT) == 2
    keep(theirs, b"second")
    assert mine.kept("visit", "V1") == b"second"
    with theirs.writing():
        theirs.drop("visit", "V1")
    assert mine.kept("visit", "V1") is None
    mine.close()
    theirs.close()


def test_what_is_undone_was_never_known(tmp_path: Path) -> None:
    books = opened(tmp_path)
    keep(books, b"first")

    def undone() -> None:
        with books.writing():
            books.keep("visit", "V1", b"second")
            assert books.kept("visit", "V1") == b"second"
            raise RuntimeError

    with pytest.raises(RuntimeError):
        undone()
    assert books.kept("visit", "V1") == b"first"
    books.close()


def test_long_and_many_documents_are_read_again(tmp_path: Path, count: Count, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_module, "MOST_DOCUMENTS", 10_000)
    books = opened(tmp_path)
    keep(books, b"x" * (known_module.LONGEST_DOCUMENT + 1))
    asked = count(books, "one")
    assert len(books.kept("visit", "V1") or b"") > known_module.LONGEST_DOCUMENT
    assert len(books.kept("visit", "V1") or b"") > known_module.LONGEST_DOCUMENT
    assert len(asked) == 2
    for number in range(500):
        books.kept("visit", f"none {number}")
    assert len(books._known.documents) <= 10_000 // known_module.ENTRY
    books.close()


def test_a_turn_of_the_loop_reads_the_books_at_one_moment_and_the_next_turn_anew(tmp_path: Path) -> None:
    mine, theirs = opened(tmp_path), opened(tmp_path, together=False)

    async def both() -> None:
        assert mine.balance("1") == 10**9
        book(theirs, 1)
        assert mine.settlement("S1") is None
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert mine.settlement("S1") is not None
        assert mine.balance("1") == 10**9 - SALE_FEN
        book(theirs, 2)
        book(mine, 3)  # who writes sees everything, in the same turn, too
        await mine.flushed()

    asyncio.run(both())
    assert [settlement.n for settlement in mine.settlements()] == [1, 2, 3]
    mine.close()
    theirs.close()


@pytest.mark.parametrize(("bookings", "commits"), [(20, 1), (MOST_TOGETHER + 1, 2)])
def test_bookings_that_come_turn_after_turn_share_a_commit(
    tmp_path: Path, count: Count, bookings: int, commits: int
) -> None:
    books = opened(tmp_path, full=True)
    committed, flushed = count(books, "commit"), count(books, "flush")
    books._commits._flush = books._store.flush

    async def one(number: int) -> None:
        for _ in range(number):
            await asyncio.sleep(0)
        book(books, number)
        assert not number or committed or books._turns.open
        await books.flushed()
        assert books.answer(f"M{number}") is None
        assert len(flushed) >= 1

    async def every() -> None:
        await asyncio.gather(*(one(number) for number in range(bookings)))

    asyncio.run(every())
    assert len(committed) == commits
    assert len(flushed) <= commits
    assert len(books.settlements()) == bookings
    books.close()


def test_a_turn_that_nobody_takes_up_is_given_back(tmp_path: Path) -> None:
    mine, theirs = opened(tmp_path), opened(tmp_path)

    async def promised() -> None:
        await mine.turn()
        assert not theirs._store.begin(wait=False)
        await asyncio.sleep(0)
        assert theirs._store.begin(wait=False)
        theirs._store.rollback()
        await mine.turn()
        book(mine, 1)
        await mine.flushed()

    asyncio.run(promised())
    assert len(theirs.settlements()) == 1
    mine.close()
    theirs.close()


def msgid(number: int) -> str:
    return f"P63999900001{number:018d}"


def keep_answer(books: Ledger, number: int) -> None:
    with books.writing():
        books.keep_answer(msgid(number), "P63999900001", b"", b"%d" % number)


def test_a_msgid_beyond_all_that_are_answered_is_not_looked_for(tmp_path: Path, count: Count) -> None:
    books = opened(tmp_path)
    keep_answer(books, 5)
    asked = count(books, "one")
    assert books.answer(msgid(6)) is None
    assert books.answer(msgid(8)) is None
    assert asked == [statements.HIGHEST]
    keep_answer(books, 8)
    del asked[:]
    assert books.answer(msgid(7)) is None
    assert books.answer(msgid(8)) == (b"", b"8")
    assert asked == [statements.ANSWER] * 2
    books.close()


def test_what_another_process_has_answered_meanwhile_is_found(tmp_path: Path) -> None:
    mine, theirs = opened(tmp_path), opened(tmp_path)
    assert mine.answer(msgid(1)) is None
    keep_answer(theirs, 3)
    assert mine.answer(msgid(3)) == (b"", b"3")
    assert mine.answer(msgid(4)) is None
    keep_answer(theirs, 4)
    with pytest.raises(TakenError):
        keep_answer(mine, 4)
    assert mine.answer(msgid(4)) == (b"", b"4")
    mine.close()
    theirs.close()
