"""The books against what was acknowledged: every way in which a fen can go astray is found."""

from dataclasses import replace

import pytest

from harness.clock import BenchClock
from harness.line.tape import Tape
from harness.load.books import Acknowledged, Booked, Split, added_up, booked_on_tape, books_against, queried_against

SPLIT = Split(total=4498, fund=2000, account=1498, cash=1000)


def told(number: int, amounts: Split = SPLIT) -> Acknowledged:
    return Acknowledged(msgid=f"m{number}", psn_no="p", setl_id=f"s{number}", mdtrt_id="t", amounts=amounts, asked=4498)


def line(number: int, amounts: Split = SPLIT, *, setl_id: str = "", reverses: str | None = None) -> Booked:
    infno = "2601" if reverses else "2102"
    name = setl_id or f"s{number}"
    return Booked(setl_id=name, msgid=f"m{number}", infno=infno, amounts=amounts, reverses=reverses)


def taken_back(number: int, original: str) -> Booked:
    back = Split(total=-4498, fund=-2000, account=-1498, cash=-1000)
    return Booked(setl_id=f"r{number}", msgid=f"rev{number}", infno="2601", amounts=back, reverses=original)


def test_books_that_agree() -> None:
    found = books_against([told(1), told(2)], [line(2), line(1)])
    assert found.good
    assert found.figures["booked_fen"] == 8996
    assert "89.96 yuan" in found.text


def test_a_doubt_that_was_reversed_leaves_nothing() -> None:
    assert books_against([told(1)], [line(1), line(2), taken_back(3, "s2")], undone=frozenset({"m2"})).good


@pytest.mark.parametrize(
    ("acknowledged", "booked", "undone", "named"),
    [
        ([told(1), told(2)], [line(1)], set(), "not on the books (m2)"),
        ([told(1)], [line(1), line(2)], set(), "acknowledged to nobody (m2)"),
        ([told(1)], [line(1), line(1, setl_id="s9")], set(), "booked twice"),
        ([told(1)], [line(1, replace(SPLIT, fund=2001, cash=999))], set(), "other amounts"),
        ([told(1)], [line(1), taken_back(3, "s1")], set(), "not on the books (m1)"),
        ([told(1)], [line(1)], {"m1"}, "acknowledged and reversed"),
    ],
    ids=["lost", "stray", "doubled", "one fen shifted", "reversed behind the back", "reversed and acknowledged"],
)
def test_books_that_do_not_agree(
    acknowledged: list[Acknowledged], booked: list[Booked], undone: set[str], named: str
) -> None:
    found = books_against(acknowledged, booked, undone=frozenset(undone))
    assert not found.good
    assert named in found.text


@pytest.mark.parametrize("amounts", [replace(SPLIT, cash=1001), replace(SPLIT, total=4497, cash=999)])
def test_amounts_that_do_not_add_up_to_the_basket_are_found(amounts: Split) -> None:
    assert added_up([told(1)]).good
    assert not added_up([told(1), told(2, amounts)]).good


def test_what_a_query_says_is_compared_to_the_fen() -> None:
    assert queried_against([told(1)], [SPLIT], unanswered=0).good
    assert not queried_against([told(1)], [replace(SPLIT, fund=1999, cash=1001)], unanswered=0).good
    silent = queried_against([told(1)], [None], unanswered=1)
    assert not silent.good
    assert "1 of them were not answered" in silent.text


def test_books_are_read_from_the_platforms_events_alone() -> None:
    tape = Tape(BenchClock())
    amounts = {"total_fen": 4498, "fund_fen": 2000, "account_fen": 1498, "cash_fen": 1000}
    tape.event("platform", "presettled", msgid="m1", **amounts)
    tape.event("platform", "booked", setl_id="s1", msgid="m1", infno="2102", reverses=None, **amounts)
    assert booked_on_tape(tape.recent()) == [line(1)]
