"""How a personal datum can stand in a text: whole, in another spelling, or in a part that says too much. No rule here.

Hashes of a datum are not looked for: they tell two people apart and name nobody.
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import quote

from harness.rules.limits import Limits

SHORTEST = 6
"""Bytes of a spelling that is looked for; a shorter one would be found by chance."""
SEPARATORS = b" \t-._,/:|"
"""What may stand between the digits of a number that is written in groups."""
ID_LENGTH = 18
_MASKED = re.compile(rb"(?<![0-9A-Za-z*])[0-9Xx*#_?]{18}(?![0-9A-Za-z*])")
_ALIGNED = ((0, 0), (1, 2), (2, 3))
"""Base64 of a text in the middle of another: bytes before it, and characters that these spoil."""


def whole(data: bytes, secret: str) -> tuple[int, str] | None:
    """Where a datum stands whole in a text, and how it is spelt there (empty: as it is); None where it does not."""
    if not data:
        return None
    lowered = data.lower()
    for form, how in _spellings(secret):
        place = (lowered if how in {"hex", "escapes"} else data).find(form)
        if place >= 0:
            return place, how
    return None


def part(data: bytes, id_no: str, limits: Limits) -> tuple[int, int] | None:
    """Where more of an ID number stands than may, and how many of its digits; None where that is nowhere.

    Digits count as in a row also when they are written in groups.
    """
    places = [at for at, byte in enumerate(data) if byte not in SEPARATORS]
    squeezed, wanted = bytes(data[at] for at in places), id_no.encode(errors="ignore")
    for size in range(len(wanted), limits.id_digits_in_row, -1):
        for start in range(len(wanted) - size + 1):
            found = squeezed.find(wanted[start : start + size])
            if found >= 0:
                return places[found], size
    return _badly_masked(data, wanted, limits.id_digits_shown)


def _badly_masked(data: bytes, wanted: bytes, most: int) -> tuple[int, int] | None:
    if len(wanted) != ID_LENGTH:
        return None
    for match in _MASKED.finditer(data):
        pairs = [(seen, due) for seen, due in zip(match[0], wanted, strict=True) if chr(seen).isdigit()]
        if len(pairs) > most and all(seen == due for seen, due in pairs):
            return match.start(), len(pairs)
    return None


@lru_cache(maxsize=4096)
def _spellings(secret: str) -> tuple[tuple[bytes, str], ...]:
    return tuple(_spelt(secret))


def _spelt(secret: str) -> Iterator[tuple[bytes, str]]:
    readable = secret.encode(errors="ignore").decode()
    if not readable:
        return
    yield readable.encode(), ""
    for charset in ("utf-8", "gb18030"):
        plain = readable.encode(charset)
        forms = [(plain, charset), (plain.hex().encode(), "hex"), *((form, "Base64") for form in _base64(plain))]
        yield from ((form, how) for form, how in forms if len(form) >= SHORTEST)
    for escaped in (json.dumps(readable)[1:-1], quote(readable)):
        if escaped != readable:
            yield escaped.lower().encode(), "escapes"


def _base64(plain: bytes) -> Iterator[bytes]:
    """What is the same in every Base64 of a text that holds this one, of both alphabets."""
    for before, spoilt in _ALIGNED:
        form = b64encode(bytes(before) + plain)[spoilt : 8 * (before + len(plain)) // 6]
        yield form
        yield form.translate(bytes.maketrans(b"+/", b"-_"))
