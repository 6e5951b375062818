"""Message ids: the key by which platform, journal and reversal know a transaction."""

import re
from collections.abc import Iterator
from datetime import datetime

from harness.clock import BEIJING
from harness.judge.exchange import Exchange
from harness.judge.history import CaseHistory
from harness.rules.registry import Observation, rule
from harness.rules.transactions import as_object, same_transaction, shown, text

CODE_SIZE = 12
STAMPS = {14: "%Y%m%d%H%M%S", 12: "%y%m%d%H%M%S", 8: "%Y%m%d"}
"""How the digits of time in a msgid are read, by their number."""
FORMS = {
    "code-time": re.compile(r"(?P<code>.{12})(?P<time>\d{14})(?P<number>\d{4})", re.ASCII),
    "time-code": re.compile(r"(?P<time>\d{12})-(?P<code>.{1,12})-(?P<number>\d{4})", re.ASCII),
    "code-day": re.compile(r"(?P<code>.{12})(?P<time>\d{8})(?P<number>\d{9})", re.ASCII),
}
"""The national form, and those of provinces which have their own, as profiles call them."""
SPELT = {
    "code-time": "{code} + yyyyMMddHHmmss + 4 digits, 30 characters",
    "time-code": "yyMMddHHmmss-{code}-4 digits",
    "code-day": "{code} + yyyyMMdd + 9 digits",
}


@rule("msgid-form")
def msgid_form(history: CaseHistory) -> Iterator[Observation]:
    """A msgid is the institution's code (12), a real date and time (14 digits) and a number (4), or as profiled."""
    for exchange in history.sent():
        msgid = exchange.msgid
        hello = history.hello_at(exchange.request.seq)
        told = text(as_object(hello.get("institution")).get("code"))
        form = text(as_object(hello.get("profile")).get("msgid_form"))
        form = form if form in FORMS else "code-time"
        code = (told or text(exchange.request.json.get("fixmedins_code")))[:CODE_SIZE]
        match = FORMS[form].fullmatch(msgid)
        if match is None:
            problem = f"{len(msgid)} characters: {shown(msgid)}"
        elif match["code"] != code:
            problem = f"it begins with {match['code']}"
        elif not _is_time(match["time"]):
            problem = f"{match['time']} is no date and time"
        else:
            continue
        yield Observation(seq=exchange.request.seq, expected=SPELT[form].format(code=code), seen=problem)


def _is_time(digits: str) -> bool:
    try:
        datetime.strptime(digits, STAMPS[len(digits)]).replace(tzinfo=BEIJING)
    except ValueError:
        return False
    return True


@rule("msgid-unique", whole=True)
def msgid_unique(history: CaseHistory) -> Iterator[Observation]:
    """A msgid serves one transaction only; nothing but that very transaction is sent with it again."""
    first: dict[str, Exchange] = {}
    for exchange in history.sent():
        original = first.setdefault(exchange.msgid, exchange)
        if original is not exchange and not same_transaction(original, exchange):
            what = f"{exchange.infno} with other content" if original.infno == exchange.infno else exchange.infno
            yield Observation(
                seq=exchange.request.seq,
                expected=f"a msgid that no other transaction had ({original.infno} in record {original.request.seq})",
                seen=f"{exchange.msgid} again, for {what}",
            )
