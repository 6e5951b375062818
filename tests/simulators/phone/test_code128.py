"""Code 128 C against the standard's arithmetic and an independent reader."""

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from simulators.phone import code128


def test_symbols_are_start_pairs_check_and_stop() -> None:
    # Worked by hand: 105 + 1*42 + 2*42 + 3*0 = 231, 231 mod 103 = 25.
    assert code128.symbol_values("424200") == (105, 42, 42, 0, 25, 106)


def test_28_digits_are_189_modules_from_bar_to_bar() -> None:
    line = code128.modules("4" * 28)
    assert len(line) == 189
    assert line[0]
    assert line[-1]


def test_every_symbol_has_eleven_modules_and_is_told_apart() -> None:
    widths = [tuple(map(int, w)) for w in code128._WIDTHS]
    assert len(set(widths)) == 107
    assert all(sum(w) == 11 and len(w) == 6 and sum(w[::2]) % 2 == 0 for w in widths[:-1])
    assert sum(widths[-1]) == 13


@pytest.mark.parametrize("digits", ["", "1", "123", "12a4", "１２", "12 4"])
def test_what_code_set_c_cannot_hold_is_refused(digits: str) -> None:
    with pytest.raises(ValueError, match="pairs of digits"):
        code128.symbol_values(digits)


@given(st.text("0123456789", min_size=2, max_size=40).filter(lambda d: len(d) % 2 == 0))
def test_an_independent_reader_reads_any_pairs(digits: str) -> None:
    line = code128.modules(digits)
    quiet = [255] * code128.QUIET_MODULES
    row = Image.new("L", (len(line) + 2 * code128.QUIET_MODULES, 1))
    row.putdata([*quiet, *(0 if dark else 255 for dark in line), *quiet])
    image = row.resize((row.width * 2, 60), Image.Resampling.NEAREST)
    assert [found.text for found in zxingcpp.read_barcodes(image)] == [digits]
