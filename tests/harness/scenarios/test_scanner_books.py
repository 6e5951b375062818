"""The books of the families: what they spell is what the family's box does, over a dialect of each in this process."""

import pytest

from harness.devices.scanner_family import Family
from harness.judge.scanner_commands import Ear
from harness.scenarios.scanner_book import Told
from harness.scenarios.scanner_books import BOOKS
from harness.wire.scanner.framing import ScanFraming
from simulators.scanner.dialect import Send
from simulators.scanner.families import make_dialect
from simulators.scanner.settings import ScannerSettings


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
