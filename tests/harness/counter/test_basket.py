"""Baskets: amounts are rounded, add up, and are spelt as a command has them."""

import pytest

from harness.counter.basket import Basket, Line
from harness.money import Fen


@pytest.mark.parametrize(
    ("price", "quantity", "fen"),
    [("4.35", "3", 1305), ("1.005", "1", 101), ("0.333333", "3", 100), ("12.50", "0.5", 625), ("0.29", "100", 2900)],
)
def test_line_is_rounded_half_up_to_the_fen(price: str, quantity: str, fen: int) -> None:
    assert Line.priced("X", "药", price=price, quantity=quantity).amount == Fen(fen)


def test_line_needs_numbers() -> None:
    with pytest.raises(ValueError, match="twelve"):
        Line.priced("X", "药", price="twelve", quantity="1")


def test_basket_adds_up_and_spells_its_amounts() -> None:
    basket = Basket.of("A1", *(Line.priced("X", "药", price="4.35", quantity=n) for n in ("1", "3")))
    spelt = basket.as_json()
    assert spelt["total"] == "17.40"
    assert spelt["lines"] == [
        {"code": "X", "name": "药", "price": "4.35", "quantity": "1", "amount": "4.35", "level": "01"},
        {"code": "X", "name": "药", "price": "4.35", "quantity": "3", "amount": "13.05", "level": "01"},
    ]
