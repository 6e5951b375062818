"""Keyboard tables: usages, key codes and layouts."""

import pytest

from harness.line.wedge_keys import (
    CODE_OF,
    ENTER,
    LEFT_SHIFT,
    RIGHT_ALT,
    USAGE_OF,
    Country,
    Stroke,
    strokes_for,
    typed,
)

ASCII = [chr(code) for code in range(32, 127)]


@pytest.mark.parametrize("country", Country)
def test_each_layout_types_what_it_says(country: Country) -> None:
    for character in ASCII:
        stroke = strokes_for(country, character)
        if stroke is not None:
            assert typed(country, stroke.usage, stroke.modifiers) == character


@pytest.mark.parametrize(
    ("country", "beyond"), [(Country.US, ""), (Country.FR, ""), (Country.DE, "^`"), (Country.IT, "`{}~")]
)
def test_what_no_key_gives(country: Country, beyond: str) -> None:
    assert "".join(c for c in ASCII if strokes_for(country, c) is None) == beyond


@pytest.mark.parametrize(
    ("box", "host", "sent", "received"),
    [
        (Country.US, Country.FR, "0123456789", "à&é\"'(-è_ç"),
        (Country.FR, Country.US, "0123456789", ")!@#$%^&*("),
        (Country.US, Country.IT, "-", "'"),
        (Country.US, Country.DE, "yz", "zy"),
        (Country.US, Country.FR, "qwa", "azq"),
        (Country.US, Country.DE, "0123456789", "0123456789"),
        (Country.US, Country.IT, "0123456789", "0123456789"),
    ],
)
def test_a_box_of_one_country_at_a_host_of_another(box: Country, host: Country, sent: str, received: str) -> None:
    strokes = [stroke for stroke in (strokes_for(box, character) for character in sent) if stroke is not None]
    assert "".join(typed(host, stroke.usage, stroke.modifiers) for stroke in strokes) == received


def test_caps_lock_turns_letters_round_and_nothing_else() -> None:
    got = [strokes_for(Country.US, character) for character in "]Q1abc"]
    assert "".join(typed(Country.US, s.usage, s.modifiers, caps_lock=True) for s in got if s) == "]q1ABC"


@pytest.mark.parametrize(
    ("usage", "code"),
    [
        (0x04, 30),
        (0x1D, 44),
        (0x1E, 2),
        (0x27, 11),
        (0x28, 28),
        (0x2B, 15),
        (0x39, 58),
        (0x53, 69),
        (0x58, 96),
        (0x62, 82),
    ],
)
def test_published_pairs_of_usage_and_key_code(usage: int, code: int) -> None:
    """A, Z, 1, 0, Enter, Tab, Caps Lock, Num Lock, keypad Enter, keypad 0: HID usage tables and input-event-codes.h."""
    assert CODE_OF[usage] == code
    assert USAGE_OF[code] == usage


def test_strokes() -> None:
    assert strokes_for(Country.US, "A") == Stroke(usage=0x04, modifiers=LEFT_SHIFT)
    assert strokes_for(Country.US, "\r") == strokes_for(Country.US, "\n") == Stroke(usage=ENTER)
    assert strokes_for(Country.FR, "@") == Stroke(usage=0x27, modifiers=RIGHT_ALT)
    assert strokes_for(Country.US, "\x1d") is None
