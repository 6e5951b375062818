"""What a sequence diagram is made of: life lines, arrows between them, and notes on them."""

from dataclasses import dataclass
from enum import StrEnum

from reports.vocabulary import Pair


class Look(StrEnum):
    """What an arrow or note is, for the eye."""

    REQUEST = "request"
    REPLY = "reply"
    REFUSED = "refused"
    TROUBLE = "trouble"
    SCAN = "scan"
    COMMAND = "command"
    ANSWER = "answer"
    STEP = "step"
    CLOCK = "clock"
    FAULT = "fault"
    BOOKED = "booked"
    PROMPT = "prompt"
    PLAIN = "plain"


@dataclass(frozen=True, kw_only=True)
class Arrow:
    """Something that goes from one party to another; a lost one ends on its way."""

    seq: int
    place: float
    """Where it stands among the steps: its record's number, or just before another's when nothing was recorded."""
    at_ns: int
    source: str
    target: str
    label: str
    detail: str = ""
    look: Look
    lost: bool = False


@dataclass(frozen=True, kw_only=True)
class Note:
    """Something that happens at one party, or to all when `lane` is empty."""

    seq: int
    place: float
    at_ns: int
    lane: str
    label: str
    detail: str = ""
    look: Look


Step = Arrow | Note


@dataclass(frozen=True, kw_only=True)
class Lane:
    """A life line: its name on the bench and what people call it."""

    name: str
    title: Pair


@dataclass(frozen=True, kw_only=True)
class Sequence:
    """The life lines from left to right and the steps from top to bottom."""

    lanes: tuple[Lane, ...]
    steps: tuple[Step, ...]
