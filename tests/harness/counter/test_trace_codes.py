"""Trace codes that commands hand to an adapter: one a pack, always the same, where the profile asks."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from harness.counter.basket import Basket, Line
from harness.counter.trace_codes import MOST, with_trace_codes
from harness.wire.profile import load_profile

NEWER: Any = json.loads(json.dumps(load_profile("unnamed-newer").for_adapter()))
PLAIN: Any = json.loads(json.dumps(load_profile("qinghai").for_adapter()))
SCHEMA = Path(__file__).parents[3] / "fixtures" / "counter-port.schema.json"


def codes(
    *lines: tuple[str, str], order: str = "A0001", institution: str = "P63999900001", do: str = "purchase"
) -> Any:
    """The trace codes of each line of code and quantity; None where a line has none."""
    basket = Basket.of(order, *(Line.priced(code, "x", price="1.00", quantity=quantity) for code, quantity in lines))
    told: Any = with_trace_codes(do, basket.as_json(), NEWER, institution)
    return [line.get("trace_codes") for line in told["lines"]]


def test_goods_have_one_a_pack_and_services_none() -> None:
    pills, service, bandage = codes(("XP000001", "2"), ("XS000001", "1"), ("XP000003", "7"))
    assert (len(pills), service, len(bandage)) == (2, None, 7)
    pattern = json.loads(SCHEMA.read_text())["$defs"]["line"]["properties"]["trace_codes"]["items"]["pattern"]
    assert all(re.match(pattern, code) for code in (*pills, *bandage))


def test_no_two_packs_share_one_and_the_same_sale_has_the_same() -> None:
    sales = [
        codes(("XP000001", "2"), ("XP000001", "2")),
        codes(("XP000001", "2"), order="A0002"),
        codes(("XP000001", "2"), institution="P63999900002"),
    ]
    every = [code for sale in sales for line in sale for code in line]
    assert len(set(every)) == len(every) == 8
    assert codes(("XP000001", "2"), ("XP000001", "2")) == sales[0]


@pytest.mark.parametrize(("quantity", "packs"), [("1", 1), ("0.5", 1), ("2.25", 3), ("0", 0), ("100000", MOST)])
def test_a_pack_that_is_begun_counts(quantity: str, packs: int) -> None:
    assert [len(line) for line in codes(("XP000001", quantity))] == [packs]


@pytest.mark.parametrize("quantity", ["-2", "x", "NaN", "Infinity", "1e999999", None, ["1"]])
def test_a_quantity_that_is_none_has_no_or_bounded_codes(quantity: Any) -> None:
    members: Any = {"order": "A0001", "lines": [{"code": "XP000001", "quantity": quantity}]}
    told: Any = with_trace_codes("purchase", members, NEWER, "P1")
    assert len(told["lines"][0]["trace_codes"]) == (MOST if quantity == "1e999999" else 0)


def test_fees_have_them_and_charges_of_a_ward_do_not() -> None:
    assert len(codes(("XP000001", "2"), do="fees")[0]) == 2
    assert codes(("XP000001", "2"), do="charge") == [None]


def test_elsewhere_commands_are_as_they_were() -> None:
    members = Basket.of("A1", Line.priced("XP000001", "x", price="1.00", quantity="2")).as_json()
    assert with_trace_codes("purchase", members, PLAIN, "P1") == members
    assert with_trace_codes("books", {}, NEWER, "P1") == {}
