"""How families spell the bench's settings."""

import pytest

from harness.devices.scanner_family import Family
from harness.scenarios.scanner_book import keyboard_book
from harness.scenarios.scanner_books import BOOKS
from harness.scenarios.scanner_spelling import SUFFIXES, Wish

FORM: dict[str, Wish] = {"prefix": "", "suffix": "CR", "code_id": False, "aim_id": False, "packeted": False}


@pytest.mark.parametrize("family", [family for family in BOOKS if family is not Family.LETTERS])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_family_with_settings_can_be_told_its_suffix(family: Family, suffix: str) -> None:
    assert BOOKS[family].spell("suffix", suffix, FORM)


def test_a_keyboard_and_single_letters_are_told_nothing() -> None:
    assert keyboard_book(Family.NEWLAND).spell("suffix", "LF", FORM) is None
    assert BOOKS[Family.LETTERS].spell("suffix", "LF", FORM) is None


def test_ids_are_spelled_together_where_the_family_has_one_place_for_them() -> None:
    both = {**FORM, "prefix": "*", "code_id": True}
    assert BOOKS[Family.HONEYWELL].spell("aim_id", value=True, form=both) == (("PREBK2", "992A5C805C81"),)
    assert BOOKS[Family.SSI].spell("aim_id", value=False, form=both) == (("45", "2"),)
