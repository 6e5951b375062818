"""Money: what is an amount on the wire, what is not, and where a fen is rounded."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.money import BASIS, Fen, format_yuan, parse_yuan, share

FEN = st.integers(-(10**16) + 1, 10**16 - 1).map(Fen)


@given(FEN)
def test_an_amount_comes_back_from_the_wire(amount: Fen) -> None:
    assert parse_yuan(format_yuan(amount)) == amount


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("0", 0),
        ("12.50", 1250),
        ("12.5", 1250),
        ("12", 1200),
        (12, 1200),
        (-3, -300),
        ("0.01", 1),
        ("-0.01", -1),
        ("-0.00", 0),
        ("12.5000", 1250),
        ("99999999999999.99", 9999999999999999),
    ],
)
def test_amounts_of_the_wire(text: str | int, fen: int) -> None:
    assert parse_yuan(text) == fen


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "1 ", " 1", "1\n", "+1", "1.", ".5", "1e2", "1E2", "0x10", "NaN", "inf", "1,000.00", "1.234",
        "1.001", "--1", "1-", "１２.５０", "٣", "一", "1_0", "¥1", "100000000000000",
        10**14, True, False, 12.5, 0.1, None, b"1", [],
    ],
)  # fmt: skip
def test_what_is_no_amount(text: object) -> None:
    with pytest.raises(ValueError, match="amount"):
        parse_yuan(text)  # type: ignore[arg-type]  # wrong types are the point


@pytest.mark.parametrize(
    ("fen", "text"), [(0, "0.00"), (5, "0.05"), (-5, "-0.05"), (-100, "-1.00"), (123456, "1234.56")]
)
def test_amounts_are_spelled_with_two_decimals(fen: int, text: str) -> None:
    assert format_yuan(Fen(fen)) == text


@given(FEN, st.integers(0, BASIS))
def test_a_share_is_rounded_half_up_to_the_fen(amount: Fen, rate: int) -> None:
    exact = Decimal(amount) * rate / BASIS
    assert share(amount, rate) == int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


@given(FEN, st.integers(0, BASIS))
def test_taking_back_a_share_takes_back_as_much(amount: Fen, rate: int) -> None:
    assert share(Fen(-amount), rate) == -share(amount, rate)


@given(FEN)
def test_none_and_all(amount: Fen) -> None:
    assert share(amount, 0) == 0
    assert share(amount, BASIS) == amount


@pytest.mark.parametrize("rate", [-1, BASIS + 1])
def test_a_rate_is_a_part_of_the_whole(rate: int) -> None:
    with pytest.raises(ValueError, match="rate"):
        share(Fen(100), rate)
