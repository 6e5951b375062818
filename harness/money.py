"""Money: integers of fen inside, decimal strings of yuan on the wire; a float never touches an amount.

Rounding happens in one place, `share`, half up to the fen, and a split never loses a fen.
"""

import re
from typing import NewType

Fen = NewType("Fen", int)
"""An amount in fen (0.01 yuan); negative for what is taken back."""

_YUAN = re.compile(r"(?P<sign>-?)(?P<yuan>[0-9]{1,14})(?:\.(?P<fen>[0-9]{1,2})0*)?\Z")
BASIS = 10_000
"""Rates are integers of one ten-thousandth: 8500 is 85 %."""


def parse_yuan(text: str | int) -> Fen:
    """Fen from a wire amount: a decimal string of yuan, or a JSON integer of yuan.

    Raises ValueError for anything else: floats, exponents, blanks, more than two significant decimals.
    """
    if isinstance(text, bool) or not isinstance(text, str | int):
        raise ValueError(f"an amount must be a decimal string of yuan, not {text!r}")
    match = _YUAN.match(str(text))
    if match is None:
        raise ValueError(f"{text!r} is no amount of yuan with at most two decimals")
    fen = int(match["yuan"]) * 100 + int((match["fen"] or "0").ljust(2, "0"))
    return Fen(-fen if match["sign"] else fen)


def format_yuan(amount: Fen) -> str:
    """The amount as the wire spells it: yuan with exactly two decimals."""
    sign, fen = ("-", -amount) if amount < 0 else ("", amount)
    return f"{sign}{fen // 100}.{fen % 100:02d}"


def share(amount: Fen, rate: int) -> Fen:
    """`rate` ten-thousandths of an amount, rounded half up (away from zero) to the fen."""
    if not 0 <= rate <= BASIS:
        raise ValueError(f"a rate is between 0 and {BASIS} ten-thousandths, not {rate}")
    whole = (abs(amount) * rate * 2 + BASIS) // (2 * BASIS)
    return Fen(-whole if amount < 0 else whole)
