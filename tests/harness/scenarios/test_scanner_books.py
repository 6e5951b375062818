"""The books of the families: what they spell is what the family's box does, over a dialect of each in this process."""

import pytest

from harness.devices.scanner_family import Family
from harness.judge.scanner_commands import Ear
from harness.scenarios.scanner_books import BOOKS, SUFFIXES, Told, Wish, keyboard_book
from harness.wire.scanner.framing import ScanFraming
from simulators.scanner.dialect import Send
from simulators.scanner.families import make_dialect
from simulators.scanner.settings import ScannerSettings

FORM: dict[str, Wish] = {"prefix": "", "suffix": "CR", "code_id": False, "aim_id": False, "packeted": False}


def said_to(family: Family, told: Told) -> tuple[str, ...]:
    """What a virtual box of the family answers to these bytes, as the judge reads it."""
    dialect = make_dialect(ScannerSettings(family=family.value))
    ear = Ear(family.value, ScanFraming())
    ear.from_host(told.raw)
    answers = b"".join(action.data for action in dialect.feed(told.raw) if isinstance(action, Send))
    heard = [*ear.from_box(answers), *ear.silence()]
    return tuple(word for one in heard for word in getattr(one, "said", ("?",))) or ("silence",)


@pytest.mark.parametrize(
    ("family", "told"),
    [
        pytest.param(family, told, id=f"{family}: {told.what}")
        for family, book in BOOKS.items()
        for told in (*book.commands, *(one for many in book.refused.values() for one in many))
    ],
)
def test_a_box_says_what_the_book_has_it_say(family: Family, told: Told) -> None:
    said = said_to(family, told)
    assert said == told.said or set(said) == set(told.said)


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
