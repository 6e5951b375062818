"""The same message done once more, where the platform processes a repeated msgid again (setting `repeated_msgid`).

The ledger knows a message by its key: its msgid, from the second time on with the number of the attempt behind it. So
each attempt books for itself, keeps its own answer, and is guarded like any other. A reversal still names the msgid: it
takes back the newest attempt that stands, the next one the one before (assumed; no source says).
"""

from simulators.platform.ledger import Ledger, Settlement

MARK = "#"
"""Stands in no msgid, whichever the form."""


def key_of(msgid: str, attempt: int) -> str:
    """By what the ledger knows an attempt, counted from 1."""
    return msgid if attempt == 1 else f"{msgid}{MARK}{attempt}"


def msgid_of(key: str) -> str:
    """The msgid of an attempt."""
    return key.partition(MARK)[0]


def next_attempt(ledger: Ledger, msgid: str) -> int:
    """The number of the attempt that has no answer yet."""
    attempt = 1
    while ledger.answer(key_of(msgid, attempt)) is not None:
        attempt += 1
    return attempt


def booked_by(ledger: Ledger, msgid: str) -> Settlement | None:
    """What a message booked: of several attempts the newest that stands, else the newest that booked anything."""
    newest = ledger.settlement_of(msgid)
    attempt = 2
    while ledger.answer(key_of(msgid, attempt)) is not None:
        found = ledger.settlement_of(key_of(msgid, attempt))
        if found is not None and (
            newest is None or ledger.in_force(found.setl_id) or not ledger.in_force(newest.setl_id)
        ):
            newest = found
        attempt += 1
    return newest
