"""A command under way: what it asked for in turn, and how it ended."""

from collections.abc import Callable
from typing import TypeVar

import pytest

from harness.counter.answers import plain_outcome_of
from harness.counter.hospital import Asked
from harness.counter.messages import Answer, Journalled, PresentPlease, Released, ScanPlease
from harness.counter.operation import ProcessOperation
from harness.counter.outcome import OutcomeKind
from harness.errors import PeerViolation

T = TypeVar("T")


class AtOnce:
    """Whatever is waited for is there."""

    def wait_until(self, wanted: Callable[[], T | None], what: str) -> T:
        """What is there."""
        found = wanted()
        assert found is not None, what
        return found


@pytest.fixture
def operation() -> ProcessOperation:
    return ProcessOperation(AtOnce(), 1, "purchase", plain_outcome_of)


def answered(operation: ProcessOperation) -> None:
    operation.answer = Answer(id=1, kind=OutcomeKind.ACCEPTED, raw={"id": 1, "outcome": "accepted"}, line=b"")


def test_what_is_asked_for_is_told_in_turn_and_then_no_more(operation: ProcessOperation) -> None:
    operation.take(PresentPlease(id=1, what=Asked.CARD))
    operation.take(ScanPlease(id=1))
    assert operation.until_scan_please()
    answered(operation)
    assert operation.until_asked() is None
    assert not operation.until_scan_please()


def test_the_journal_is_looked_up_by_transaction(operation: ProcessOperation) -> None:
    for msgid in ("M1", "M2"):
        operation.take(Journalled(id=1, msgid=msgid, infno="2102"))
    operation.take(Released(id=1, order="A0001", what="goods"))
    answered(operation)
    assert operation.until_journalled("2102") == "M2"
    assert operation.until_journalled("2103") is None
    assert [one.what for one in operation.released] == ["goods"]


def test_what_was_not_understood_is_an_error_and_no_outcome(operation: ProcessOperation) -> None:
    operation.not_understood = "no such command"
    assert operation.ended
    assert operation.error() == "no such command"
    with pytest.raises(PeerViolation, match="no such command"):
        operation.outcome()
