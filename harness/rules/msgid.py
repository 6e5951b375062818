"""Message ids: the key by which platform, journal and reversal know a transaction."""

import re
from collections.abc import Iterator
from datetime import datetime

from harness.clock import BEIJING
from harness.judge.history import CaseHistory, Exchange
from harness.rules.registry import Observation, rule
from harness.rules.transactions import as_object, same_transaction, shown, text

CODE_SIZE = 12
FORM = re.compile(r"(?P<code>.{12})(?P<time>\d{14})(?P<number>\d{4})", re.ASCII)


@rule("msgid-form")
def msgid_form(history: CaseHistory) -> Iterator[Observation]:
    """A msgid is the institution's code (12), a real date and time (14 digits) and a number (4 digits)."""
    for exchange in history.sent():
        msgid = exchange.msgid
        told = text(as_object(history.hello_at(exchange.request.seq).get("institution")).get("code"))
        code = (told or text(exchange.request.json.get("fixmedins_code")))[:CODE_SIZE]
        match = FORM.fullmatch(msgid)
        if match is None:
            problem = f"{len(msgid)} characters: {shown(msgid)}"
        elif match["code"] != code:
            problem = f"it begins with {match['code']}"
        elif not _is_time(match["time"]):
            problem = f"{match['time']} is no date and time"
        else:
            continue
        yield Observation(
            seq=exchange.request.seq, expected=f"{code} + yyyyMMddHHmmss + 4 digits, 30 characters", seen=problem
        )


def _is_time(digits: str) -> bool:
    try:
        datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=BEIJING)
    except ValueError:
        return False
    return True


@rule("msgid-unique")
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
