"""What a hall's terminal does at the points where vendors go wrong; the defaults are right. Part of `Behaviour`."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


class OnUnknownChange(Enum):
    """What follows a change of tier without an answer."""

    REPEAT = "9802 once more, the same message under the same msgid"
    ANEW = "9802 once more under a new msgid"
    AS_REFUSED = "as if the platform had refused"
    AS_DONE = "as if the platform had done it"


class Release(Enum):
    """When the printer prints a proof."""

    ISSUED = "when the platform has issued it"
    ASKED = "when somebody asks for it"
    TWICE = "when the platform has issued it, and a copy"


def as_issued(check: str) -> str:
    """The check value is the platform's."""
    return check


def as_wanted(tier: str) -> str:
    """The tier that the person has chosen is sent."""
    return tier


@dataclass(frozen=True, kw_only=True)
class HallBehaviour:
    """The choices of a self-service terminal in a government hall."""

    identifies_each_time: bool = True
    """Everything personal needs an identification of its own."""
    ends_on_leave: bool = True
    ends_when_idle: bool = True
    clears_for_next: bool = True
    """When somebody else begins, nothing of the one before stays on the screen."""
    asks_each_time: bool = True
    """The insurance shown is that which the platform tells now of this person."""
    names_in_prompts: bool = False
    """A refusal tells the person's name."""
    says_self_service: bool = True
    writes_ahead: bool = True
    """A change of tier stands in the terminal's journal before it is sent, and is resolved after a restart."""
    survives_refusals: bool = True
    """The program goes on after the platform has refused something."""
    tells_change: bool = True
    """What the change was is told as the platform answered it."""
    release: Release = Release.ISSUED
    check_value: Callable[[str], str] = as_issued
    tier: Callable[[str], str] = as_wanted
    on_unknown: OnUnknownChange = OnUnknownChange.REPEAT
