"""Parts of a page that are folded anyway, packed: the page's script unpacks one when the reader opens it.

A page that is small stays as it is, readable without scripts. In a large one the cases that passed are packed, and if
that is not enough the sequence and the records of the others, too; what was found always stands there in plain text.
"""

import base64
import zlib
from collections.abc import Sequence

PLAIN_AT_MOST = 3_000_000
"""Bytes of HTML that a page may have in such parts before any is packed."""


def pack(html: str) -> str:
    """HTML as the page's script unpacks it: a zlib stream in Base64."""
    return base64.b64encode(zlib.compress(html.encode(errors="backslashreplace"), 9)).decode()


def to_pack(sizes: Sequence[int], passed: Sequence[bool]) -> list[bool]:
    """Which parts to pack, by how many bytes each has and whether its case passed."""
    if sum(sizes) <= PLAIN_AT_MOST:
        return [False] * len(sizes)
    left = sum(size for size, good in zip(sizes, passed, strict=True) if not good)
    return [good or left > PLAIN_AT_MOST for good in passed]
