"""Message ids of the institution interface (msgid), in each form that a province has. No I/O."""

import re
from dataclasses import dataclass
from datetime import datetime

from harness.clock import BEIJING

CODE_IN_MSGID = 12
"""Characters of the institution code."""
_MSGID = re.compile(r"(?P<code>[0-9A-Za-z]{12})(?P<at>\d{14})(?P<seq>\d{4})\Z")
_TIME_MSGID = re.compile(r"(?P<at>\d{12})-(?P<code>[0-9A-Za-z]{1,12})-(?P<seq>\d{4})\Z")
_DAY_MSGID = re.compile(r"(?P<code>[0-9A-Za-z]{12})(?P<at>\d{8})(?P<seq>\d{9})\Z")
_STAMP, _SHORT_STAMP = "%Y%m%d%H%M%S", "%y%m%d%H%M%S"
CODE_TIME, TIME_CODE, CODE_DAY = "code-time", "time-code", "code-day"
"""Forms of a msgid: the national one, Henan's yyMMddHHmmss-code-nnnn, Shanghai's code, yyyyMMdd and 9 digits."""
_FORMS = {
    CODE_TIME: (_MSGID, _STAMP, "12 characters of institution code, 14 digits of time and 4 of sequence are due"),
    TIME_CODE: (
        _TIME_MSGID,
        _SHORT_STAMP,
        "yyMMddHHmmss, the institution code (12 at most) and 4 digits are due, joined by -",
    ),
    CODE_DAY: (_DAY_MSGID, "%Y%m%d", "12 characters of institution code, 8 digits of day and 9 more are due"),
}
_SPELT = {CODE_TIME: "yyyyMMddHHmmss", TIME_CODE: "yyMMddHHmmss", CODE_DAY: "yyyyMMdd"}


@dataclass(frozen=True, kw_only=True)
class Msgid:
    """A message id: institution code (12) + yyyyMMddHHmmss + 4-digit sequence; unique for ever, and the key of 2601."""

    institution: str
    at: datetime
    seq: int

    def __str__(self) -> str:
        return f"{self.institution}{self.at.astimezone(BEIJING):{_STAMP}}{self.seq:04d}"


def make_msgid(institution: str, *, at: datetime, seq: int, form: str = CODE_TIME) -> str:
    """A message id; a longer institution code is cut to 12. Raises ValueError for a shorter one or `seq` > 9999."""
    code = institution[:CODE_IN_MSGID]
    if len(code) != CODE_IN_MSGID or not 0 <= seq <= 9999:
        raise ValueError(f"no msgid can be made of institution {institution!r} and sequence {seq}")
    if form == TIME_CODE:
        return f"{at.astimezone(BEIJING):{_SHORT_STAMP}}-{code}-{seq:04d}"
    if form == CODE_DAY:
        local = at.astimezone(BEIJING)
        second = (local.hour * 60 + local.minute) * 60 + local.second
        return f"{code}{local:%Y%m%d}{second:05d}{seq:04d}"
    return str(Msgid(institution=code, at=at, seq=seq))


def parse_msgid(text: str, *, form: str = CODE_TIME) -> Msgid:
    """The parts of a message id. Raises ValueError that says what is wrong."""
    pattern, stamp, wanted = _FORMS[form]
    match = pattern.match(text)
    if match is None:
        raise ValueError(wanted)
    try:
        at = datetime.strptime(match["at"], stamp).replace(tzinfo=BEIJING)
    except ValueError as error:
        raise ValueError(f"{match['at']} is no time of the form {_SPELT[form]}") from error
    return Msgid(institution=match["code"], at=at, seq=int(match["seq"]))
