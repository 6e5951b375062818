"""What a counter does while something is in doubt, and with what makes no sense; a mutant is this with one change."""

from collections.abc import Callable
from dataclasses import dataclass


def as_it_is(state: str) -> str:
    """The books tell where a settlement stands."""
    return state


@dataclass(frozen=True, kw_only=True)
class DeskBehaviour:
    """The choices of a desk; see each default."""

    attempts: int = 3
    """How often a reversal is tried at once."""
    reverses_at_once: bool = True
    """A settlement in doubt is reversed before the cashier is told that it was refused."""
    heeds_refused_reversals: bool = True
    """A reversal that is refused for another reason than that nothing is booked leaves all as unknown as it was."""
    clears_first: bool = True
    """What is in doubt is resolved before anything new, and nothing new is settled while it cannot be."""
    clears_what_a_crash_left: bool = True
    """The same of what is in doubt since before a restart."""
    remembers_refunds: bool = True
    """A refund that was in doubt before a restart is resolved after it."""
    remembers_told: bool = True
    """What the cashier was told is unknown is unknown after a restart, too."""
    books_reversal_when_answered: bool = True
    """A reversal stands in the journal when it is answered, not when it is sent."""
    resolves: bool = True
    """`resolve` finds out before it is accepted."""
    state: Callable[[str], str] = as_it_is
    compares_settled: bool = True
    """A settlement that differs from its pre-settlement is taken back."""
    sells_once: bool = True
    """An order that is settled is not sold again."""
    survives_nonsense: bool = True
    """The program goes on after a line that makes no sense."""
    knows_nonsense: bool = True
    """A line that makes no sense is answered with an error."""
    signs_in_daily: bool = True
    """A sign-in is good for its day alone."""
    heeds_refused_sign_ins: bool = True
    """Who was refused is not signed in."""
    signs_in_again: bool = True
    """Who was refused is asked for again at the next sign-in."""
    asks_person_anew: bool = True
    """The platform is asked who somebody is each time they pay (1101)."""
    keeps_to_own_numbers: bool = True
    """Of the message numbers a till uses those that no other till of the institution does."""
    heeds_refused_refunds: bool = True
    """A refund that the platform refuses has not happened."""
