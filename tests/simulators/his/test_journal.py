"""The reference adapter's journal: durable, unique numbers, what a crash leaves behind."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from simulators.his.journal import Amounts, Journal, JournalError, Settlement, State, numbers_of

AT = "2020-10-14 08:30:00"
PAID = Amounts(total=2500, fund=0, account=1250, cash=1250)


def settlement(number: int, state: State, **more: object) -> Settlement:
    made = Settlement(msgid=f"M{number}", order=f"A{number}", at="t", psn_no="P", insuplc="639900", amounts=PAID)
    return replace(made, state=state, **more)  # type: ignore[arg-type] # a test's shorthand


def write(journal: Journal, number: int) -> None:
    journal.write(msgid=f"M{number}", number=number, infno="9001", order="", at=AT, content="{}")


def test_number_in_use_is_passed_over_when_the_sequence_comes_round(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    assert journal.next_number(AT) == 1
    write(journal, 1)
    journal._base.execute("UPDATE counters SET value = 9999")
    assert journal.next_number(AT) == 2
    journal._base.execute("UPDATE counters SET value = 9999")
    assert journal.next_number("2020-10-14 08:30:01") == 1
    journal.close()


def test_exhausted_second_is_an_error_and_not_a_repetition(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    with journal.transaction():
        for number in range(1, 10_000):
            write(journal, number)
    with pytest.raises(RuntimeError), journal.transaction():
        journal.next_number(AT)
    journal.close()


def _fail_after(journal: Journal) -> None:
    journal.put(settlement(1, State.SENT))
    raise ZeroDivisionError


def test_transaction_is_all_or_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    with pytest.raises(ZeroDivisionError), journal.transaction():
        _fail_after(journal)
    assert journal.settlements() == []
    journal.close()


def test_open_are_those_of_which_nobody_knows(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for number, state in enumerate(State):
        journal.put(settlement(number, state))
    journal.put(settlement(99, State.SETTLED, to_void=True))
    assert [s.state for s in journal.open_ones()] == [State.SENT, State.UNKNOWN, State.REFUNDING, State.SETTLED]
    journal.close()
    again = Journal(tmp_path)
    assert again.of_order("A2")[0] == settlement(2, State.SETTLED)
    again.close()


def test_journal_is_written_through(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    assert journal._base.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert journal._base.execute("PRAGMA synchronous").fetchone() == (2,)
    write(journal, 1)
    base = sqlite3.connect(tmp_path / "journal.sqlite")
    assert base.execute("SELECT infno, result FROM messages").fetchall() == [("9001", "")]
    base.close()
    journal.close()


def test_books_keep_the_order_in_which_they_were_written(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for number in (1, 2):
        journal.put(settlement(number, State.SETTLED))
    journal.put(settlement(1, State.REFUNDED))
    assert [kept.msgid for kept in journal.settlements()] == ["M1", "M2"]
    journal.close()


def test_documents_and_counters_outlive_the_process(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for number, body in (("2", "b"), ("1", "a"), ("2", "c")):
        journal.keep("stay", number, body)
    assert journal.next_of("face") == 1
    journal.close()
    again = Journal(tmp_path)
    assert again.documents("stay") == ["c", "a"]
    assert again.document("stay", "1") == "a"
    assert again.document("visit", "1") is None
    assert again.next_of("face") == 2
    again.close()


def test_a_journal_from_before_there_were_other_settlements_is_brought_up_to_date(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.put(settlement(1, State.SENT))
    journal._base.execute("ALTER TABLE settlements DROP COLUMN infno")
    journal.close()
    again = Journal(tmp_path)
    again.put(settlement(2, State.SENT, infno="2207"))
    assert [(row.msgid, row.infno, row.amounts) for row in again.open_ones()] == [
        ("M1", "2102", PAID),
        ("M2", "2207", PAID),
    ]
    again.close()


def test_a_journal_of_another_version_is_refused_with_what_to_do(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal._base.execute("ALTER TABLE settlements ADD COLUMN later TEXT")
    journal.close()
    with pytest.raises(JournalError, match=r"another version.*empty folder"):
        Journal(tmp_path)


def test_one_adapter_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulators.his.journal.HELD_S", 0.05)
    journal = Journal(tmp_path)
    with pytest.raises(JournalError, match="another adapter"):
        Journal(tmp_path)
    journal.close()
    Journal(tmp_path).close()


def test_a_state_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(JournalError, match="file"):
        Journal(tmp_path / "file")


def test_the_tills_of_an_institution_share_the_numbers_out(tmp_path: Path) -> None:
    parts = [numbers_of(till, 3) for till in (1, 2, 3)]
    assert len(set().union(*parts)) == sum(len(part) for part in parts) == 9999
    assert numbers_of(1, 1) == range(1, 10_000)
    for till, first in ((1, 1), (2, 5000)):
        journal = Journal(tmp_path / str(till), numbers_of(till, 2))
        assert [journal.next_number(AT) for _ in range(2)] == [first, first + 1]
        journal.close()
    assert numbers_of(2, 2)[-1] == 9998
