"""Trace codes (追溯码) of the packs that a customer buys: what a cashier would scan off them. Synthetic.

One pack, one code: 20 digits made of institution, order, line and pack, so that the same sale always has the same ones
and no two packs share one. Where a province asks for none, commands have none.
"""

import hashlib
from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, Decimal, InvalidOperation

from harness.line.record import JsonValue

SELLING = ("purchase", "fees")
"""Commands whose lines are goods that a settlement lists; a stay's settlement (2304) lists none."""
DIGITS = 19
"""Behind the 8 with which trace codes begin."""
MOST = 1000
"""Codes of one line; a line of more packs is made for something else than its trace codes."""


def with_trace_codes(
    do: str, members: Mapping[str, JsonValue], profile: Mapping[str, JsonValue], institution: str
) -> Mapping[str, JsonValue]:
    """The members of a command, the lines of goods with their `trace_codes` where the profile asks for them."""
    lines, order = members.get("lines"), members.get("order")
    if do not in SELLING or not profile.get("trace_codes") or not isinstance(lines, list):
        return members
    goods = profile.get("trace_goods")
    beginnings = tuple(str(one) for one in goods) if isinstance(goods, Sequence) and not isinstance(goods, str) else ()
    traced: list[JsonValue] = [
        {**line, "trace_codes": [*codes_of_packs(f"{institution}/{order}/{number}", line.get("quantity"))]}
        if isinstance(line, Mapping) and str(line.get("code")).startswith(beginnings)
        else line
        for number, line in enumerate(lines, start=1)
    ]
    return {**members, "lines": traced}


def codes_of_packs(line: str, quantity: object) -> list[str]:
    """The codes of the packs of a line; `line` is what tells it from all others."""
    made = (hashlib.sha256(f"{line}/{pack}".encode()).digest() for pack in range(1, _packs(quantity) + 1))
    return [f"8{int.from_bytes(digest[:16]) % 10**DIGITS:0{DIGITS}d}" for digest in made]


def _packs(quantity: object) -> int:
    """How many packs a quantity is of; a pack that is begun counts."""
    try:
        packs = Decimal(str(quantity))
    except InvalidOperation:
        return 0
    if not packs.is_finite() or packs <= 0:
        return 0
    return int(min(packs, Decimal(MOST)).to_integral_value(rounding=ROUND_CEILING))
