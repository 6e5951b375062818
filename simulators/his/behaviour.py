"""What the adapter does at the points where vendors go wrong, gathered in one place.

The defaults are right. A mutant is this with one member changed; nothing else in the adapter knows of mutants.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from simulators.his.money import line_fen
from simulators.his.texts import Reason, prompt_for


class OnUnknown(Enum):
    """What follows a settlement whose outcome is unknown."""

    REVERSE = "2601 with the original msgid"
    TREAT_AS_REFUSED = "as if the platform had refused"
    SETTLE_AGAIN = "2102 once more"


class RefundBy(Enum):
    """What a refund goes by."""

    JOURNAL = "the original in the journal, if it stands"
    ORDER_NUMBER = "the order number, in the place of setl_id, whether there is an original or not"


def msgid(institution: str, stamp: str, sequence: int) -> str:
    """Institution code (12), yyyyMMddHHmmss, sequence (4)."""
    return f"{institution[:12]}{stamp}{sequence:04d}"


def masked(text: str) -> str:
    """A person's datum as the log may hold it: its first character."""
    return text[:1] + "***"


def right_signtype(_infno: str, of_profile: str) -> str:
    """The signature of the profile, for every transaction."""
    return of_profile


def original_msgid(original: str, _own: str) -> str:
    """A reversal names the message that it reverses."""
    return original


def amounts_add_up(stated: int, computed: int) -> bool:
    """An amount is right to the fen or wrong."""
    return stated == computed


def stated_amount(_price: str, _quantity: str, stated: int) -> int:
    """The amount on the wire is the basket's, checked before."""
    return stated


def as_scanned(text: str) -> str:
    """A code is sent as it was scanned."""
    return text


def as_asked(use_account: bool) -> str:
    """acct_used_flag as the cashier asked."""
    return "1" if use_account else "0"


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """The adapter's choices; see each default."""

    name: str = ""
    msgid: Callable[[str, str, int], str] = msgid
    masked: Callable[[str], str] = masked
    signtype: Callable[[str, str], str] = right_signtype
    omsgid: Callable[[str, str], str] = original_msgid
    line_fen: Callable[[str, str], int] = line_fen
    adds_up: Callable[[int, int], bool] = amounts_add_up
    wire_amount: Callable[[str, str, int], int] = stated_amount
    scanned: Callable[[str], str] = as_scanned
    account_flag: Callable[[bool], str] = as_asked
    prompt: Callable[[Reason, str], str] = prompt_for
    on_unknown: OnUnknown = OnUnknown.REVERSE
    refund_by: RefundBy = RefundBy.JOURNAL
    write_ahead: bool = True
    """A message stands in the journal before it is sent."""
    discards_leftovers: bool = True
    """What the scanner sent before the customer was asked is thrown away."""
    caches_identities: bool = False
    """The identity of a code is kept, and the centre is not asked again."""
    pre_settles: bool = True
    """2101 goes before 2102."""
    remembers_unknown: bool = True
    """What was unknown before a restart is resolved after it."""
    needs_sign_in: bool = True
    """Nothing is done without a sign-in of today."""
