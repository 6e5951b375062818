"""A reversal of a transaction whose number has a letter: oinfno has four characters, or room for all of it."""

import pytest

from harness.rules.registry import all_rules
from tests.harness.rules.breaking import body
from tests.harness.rules.stories import reply_lost
from tests.harness.rules.tape_builder import TapeBuilder

CHECK = "reversal-names-original"


def lettered(oinfno: str) -> TapeBuilder:
    """A story in which a 2207A is in doubt and reversed as `oinfno`."""
    tape = reply_lost()
    for label, path, value in (
        ("A0001 2102 request", ("infno",), "2207A"),
        ("A0001 2601 request", ("input", "data", "oinfno"), oinfno),
    ):
        body(label, *path, value=value)(tape)
    return tape


@pytest.mark.parametrize(("oinfno", "found"), [("2207", 0), ("2207A", 0), ("2208", 1), ("2207B", 1)])
def test_the_letter_may_be_left_out(oinfno: str, found: int) -> None:
    assert len(list(all_rules()[CHECK].check(lettered(oinfno).history()))) == found
