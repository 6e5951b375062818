"""Error codes as numbers (错误码): how a fault names a code of a machine's table.

A host command's code is two hex digits in every table that is known: D2 is 210. A response code of a signature server
is a number anyway.
"""

from collections.abc import Iterable

_MOST = 0xFF


def code_number(code: str) -> int:
    """The number of a host command's error code. Raises ValueError for one that is not two hex digits."""
    number = int(code, 16)
    if len(code) != 2 or not 0 <= number <= _MOST:
        raise ValueError(f"{code!r} is not two hex digits")
    return number


def code_of_number(number: int, known: Iterable[str]) -> str:
    """The error code of a number, spelled as in a table if it is there. Raises ValueError outside of 0 to 255."""
    if not 0 <= number <= _MOST:
        raise ValueError(f"an error code is 0 to {_MOST}, not {number}")
    spelled = f"{number:02X}"
    return next((code for code in known if code.upper() == spelled), spelled)
