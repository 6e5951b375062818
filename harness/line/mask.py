"""Personal data out of sight: what every export does to a tape unless it is told otherwise.

Masked are ID numbers and pay codes (18 characters), voucher codes (28 digits, also short of one or two), voucher tokens
(ecToken), and by their keys names, passwords, birthdays and other numbers of persons, in JSON (also JSON inside a JSON
string), in forms and in percent-encoding. A patient's name is also masked where it stands without its key. Every byte
that goes becomes `*`, so lengths stay; the ends of a number stay too, so that one can follow whose it is. Not looked
into: base64, compressed bodies, pictures, and what a fault has garbled or split over two frames.
"""

import json
import re
from collections.abc import Iterable
from functools import partial
from urllib.parse import quote

from harness.line.record import Record

STAR = b"*"
NAMES = ("userName", "psn_name", "patn_name", "coner_name", "personname", "lxr")
"""Keys of patients' names."""
STAFF = ("operatorName", "opter_name", "dr_name", "atddrName", "atddr_name", "czyxm", "ysxm")
"""Keys of names of those who work there."""
SECRETS = (
    *("password", "oldPassword", "newPassword", "proof", "birthday", "brdy"),
    *("tel", "mob", "mobile", "email", "addr", "cardInfo", "sfzInfo", "cardinfo", "lxdh", "ACCESS_KEY", "SECRETKEY"),
)
"""Keys of what is masked whole."""
NUMBERS = (
    *("idNo", "id_no", "certno", "psn_no", "psnNo", "mdtrt_cert_no", "card_sn", "cardNo", "ecIndexNo", "authNo"),
    *("idno", "personno", "carddata", "cardsn"),
)
"""Keys of what keeps its ends."""
NUMBER_ENDS, TOKEN_ENDS, CODE_ENDS = (6, 2), (8, 4), (2, 4)

_ALONE = rb"(?:(?<![0-9A-Za-z])|(?<=%[0-9A-Fa-f]{2}))"
_END = rb"(?![0-9A-Za-z])"
_PATTERNS = (
    (re.compile(_ALONE + rb"[0-9]{17}[0-9Xx]" + _END), NUMBER_ENDS),
    (re.compile(_ALONE + rb"[0-9]{26,28}" + _END), CODE_ENDS),
    (re.compile(_ALONE + rb"[0-9]{6}ec[0-9A-Za-z]{30}" + _END), TOKEN_ENDS),
)


def _keyed(keys: tuple[str, ...]) -> re.Pattern[bytes]:
    names = rb"(?:" + "|".join(keys).encode() + rb")"
    quoted = rb"(?P<q>\\*\"|%22)" + names + rb"(?P=q)(?:\s|%20)*(?::|%3[Aa])(?:\s|%20)*(?P=q)(?P<v>.*?)(?<!\\)(?P=q)"
    form = rb"(?<![0-9A-Za-z_])" + names + rb"=(?P<f>[^&\s\"\\]*)"
    return re.compile(quoted + rb"|" + form, re.DOTALL)


_WHOLE, _ENDS, _NAMED = _keyed(NAMES + STAFF + SECRETS), _keyed(NUMBERS), _keyed(NAMES)


class Mask:
    """Hides personal data in bytes of a tape; knows the names that stand under their keys in the given records."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        spellings = {spelling for record in records for spelling in _names_in(record.data)}
        known = b"|".join(re.escape(spelling) for spelling in sorted(spellings, key=lambda name: (-len(name), name)))
        self._names = re.compile(known or rb"(?!)")

    def hide(self, data: bytes) -> bytes:
        """The same bytes, as many, without personal data."""
        for pattern, ends in _PATTERNS:
            data = pattern.sub(partial(_whole, ends=ends), data)
        data = _WHOLE.sub(partial(_within, ends=(0, 0)), data)
        data = _ENDS.sub(partial(_within, ends=NUMBER_ENDS), data)
        return self._names.sub(partial(_whole, ends=(0, 0)), data)


def _whole(match: re.Match[bytes], *, ends: tuple[int, int]) -> bytes:
    return _starred(match[0], *ends)


def _within(match: re.Match[bytes], *, ends: tuple[int, int]) -> bytes:
    group = "f" if match["v"] is None else "v"
    start, end = (position - match.start() for position in match.span(group))
    return match[0][:start] + _starred(match[group], *ends) + match[0][end:]


def _starred(value: bytes, head: int, tail: int) -> bytes:
    if head + tail >= len(value):
        return STAR * len(value)
    return value[:head] + STAR * (len(value) - head - tail) + value[len(value) - tail :]


def _names_in(data: bytes) -> set[bytes]:
    """Every spelling of the names under their keys; a name in ASCII might be any word, so it is left to its key."""
    spellings = set()
    for match in _NAMED.finditer(data):
        for name in _read(match["v"] or match["f"] or b""):
            if not name.isascii() and len(name) > 1:
                spellings |= {name.encode(), quote(name).encode(), json.dumps(name)[1:-1].encode()}
                spellings.add(name.encode("gb18030", errors="replace"))
    return spellings


def _read(value: bytes) -> set[str]:
    texts = set()
    for charset in ("utf-8", "gb18030"):
        try:
            text = value.decode(charset)
        except UnicodeDecodeError:
            continue
        texts.add(text)
        break
    for text in tuple(texts):
        try:
            texts.add(json.loads(f'"{text}"'))
        except ValueError:
            continue
    return texts
