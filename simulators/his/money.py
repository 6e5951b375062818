"""Amounts as the adapter computes them: integers of fen; decimal arithmetic for price times quantity."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation


def to_fen(value: object) -> int:
    """Fen from an amount on the wire: text of yuan or a JSON number that was not read as a float.

    Raises ValueError for anything else, also for a fraction of a fen.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError(f"{value!r} is no amount")
    fen = _decimal(value) * 100
    if fen != fen.to_integral_value():
        raise ValueError(f"{value!r} has a fraction of a fen")
    return int(fen)


def to_yuan(fen: int) -> str:
    """An amount as the wire spells it."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def line_fen(price: str, quantity: str) -> int:
    """Price times quantity, rounded half up to the fen. Raises ValueError when they are no numbers."""
    return int((_decimal(price) * _decimal(quantity) * 100).to_integral_value(rounding=ROUND_HALF_UP))


def _decimal(value: str | int | Decimal) -> Decimal:
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise ValueError(f"{value!r} is no number") from error
    if not number.is_finite():
        raise ValueError(f"{value!r} is no number")
    return number
