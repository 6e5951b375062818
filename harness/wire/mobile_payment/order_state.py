"""What an order's state (ordStas) means to who asks for it: keep asking, paid, undone, failed, or nobody knows.

States 0 to 17 are the interface's (mobile payment centre, ordStas); 18 to 25 are in use without a public meaning and
count as under way, never as an end. A state that no document names says nothing: it is neither paid nor failed.
"""

from collections.abc import Mapping
from enum import StrEnum


class Standing(StrEnum):
    """What a client has to make of a state."""

    UNDER_WAY = "under-way"
    """Ask again."""
    PAID = "paid"
    REFUNDED = "refunded"
    """All of it, or one of its parts; the state says which."""
    REVOKED = "revoked"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """No state that anybody has documented: a person has to look, and nothing may be given back or delivered."""


_MEANING = (
    ((0, 1, 2, 3, 17), Standing.UNDER_WAY),
    (range(18, 26), Standing.UNDER_WAY),
    ((4, 5, 6), Standing.PAID),
    (range(7, 12), Standing.REFUNDED),
    ((12, 13), Standing.REVOKED),
    ((14, 15, 16), Standing.FAILED),
)
STANDINGS = {str(state): standing for states, standing in _MEANING for state in states}
"""By ordStas as the wire spells it."""
NEEDS_A_PERSON = frozenset({"14", "16"})
"""Failed, and what the person has paid may not have been given back."""


def standing_of(ord_stas: object) -> Standing:
    """The standing of an ordStas, text or whole number."""
    if isinstance(ord_stas, bool) or not isinstance(ord_stas, str | int):
        return Standing.UNKNOWN
    return STANDINGS.get(str(ord_stas), Standing.UNKNOWN)


REFUNDED_STATES = frozenset({"7", "8", "9", "10", "11"})
PAID_STATES = frozenset({"4", "5", "6"})
_AFTER_PAYMENT = REFUNDED_STATES | {"17"}
_UNPAID_ENDS = frozenset({"12", "13", "14", "15", "16"})
LEADS: Mapping[str, frozenset[str]] = {
    "0": frozenset({"1", "2", "3"}) | PAID_STATES | _AFTER_PAYMENT | _UNPAID_ENDS,
    "1": frozenset({"2", "3"}) | PAID_STATES | _AFTER_PAYMENT | _UNPAID_ENDS,
    "2": frozenset({"3"}) | PAID_STATES | _AFTER_PAYMENT | _UNPAID_ENDS,
    "3": PAID_STATES | _AFTER_PAYMENT | {"14", "15", "16"},
    "4": frozenset({"5", "6"}) | _AFTER_PAYMENT,
    "5": frozenset({"6"}) | _AFTER_PAYMENT,
    "6": _AFTER_PAYMENT,
    "8": frozenset({"7", "11", "17"}),
    "9": frozenset({"7", "17"}),
    "10": frozenset({"7", "9", "11", "17"}),
    "11": frozenset({"7", "17"}),
    "17": PAID_STATES | REFUNDED_STATES,
}
"""Which states an order may be found in after one that was told, however many lie between; what is no key is an end."""
