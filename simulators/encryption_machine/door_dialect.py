"""How a door's bytes are read, acted on and spelled: what a dialect must know, and what it answers."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol, TypeVar

from harness.faults.catalogue import Effect
from simulators.encryption_machine.tape_mask import Masked

C = TypeVar("C")
"""What a dialect's codec yields: a call, or what is malformed."""
C_co = TypeVar("C_co", covariant=True)


class Answered(NamedTuple):
    """A reply's bytes, how the tape shows them (None: as they are), and whether the connection ends with it."""

    wire: bytes
    shown: Masked | None = None
    close: bool = False

    def cut(self, size: int) -> "Answered":
        """The first bytes of it, after which the connection ends."""
        shown = None if self.shown is None else Masked(self.shown.data[:size], self.shown.hidden)
        return Answered(self.wire[:size], shown, close=True)


def glued(replies: Sequence[Answered]) -> Answered:
    """Several replies in one piece."""
    shown = b"".join(reply.wire if reply.shown is None else reply.shown.data for reply in replies)
    hidden = sum(reply.shown.hidden for reply in replies if reply.shown is not None)
    wire = b"".join(reply.wire for reply in replies)
    return Answered(wire, Masked(shown, hidden) if hidden else None, close=any(reply.close for reply in replies))


class Codec(Protocol[C_co]):
    """One connection's codec."""

    def feed(self, data: bytes) -> Iterable[C_co]:
        """What is now complete."""
        ...


class Dialect(Protocol[C]):
    """How a door's bytes are read, acted on and spelled."""

    @property
    def suffix(self) -> str:
        """The door's part of a channel's name."""
        ...

    def codec(self) -> Codec[C]:
        """For a new connection."""
        ...

    def name_of(self, call: C) -> str:
        """What faults call this message."""
        ...

    def raw_of(self, call: C) -> bytes:
        """The request's bytes."""
        ...

    def shown(self, call: C) -> Masked | None:
        """The request as the tape shows it; None: as it is."""
        ...

    def remains_shown(self, partial: bytes) -> Masked:
        """How the tape shows a request that never ended."""
        ...

    def serve(self, call: C, effect: Effect | None) -> Answered:
        """Do it, with a fault's effect if there is one. Never raises."""
        ...

    def misspelt(self, effect: Effect, answered: Answered) -> Answered | None:
        """A reply that a fault has spelled wrong; None when the fault does nothing here."""
        ...

    def unsolicited(self) -> Answered:
        """A message in order that answers nothing."""
        ...

    def acts_on(self, effect: Effect, call: C) -> bool:
        """Whether `serve` does anything with this effect."""
        ...
