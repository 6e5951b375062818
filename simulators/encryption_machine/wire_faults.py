"""The faults that happen to a reply on its way: lost, cut, late, swapped, glued, doubled, dripping."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic

from harness.faults.catalogue import Effect, Fault
from simulators.encryption_machine.door_dialect import Answered, C, Dialect, glued

HEAD_BYTES = 3
"""So much of a reply leaves when it is cut in its header."""
DRIP_MS, SLOW_MS, LONGEST_MS = 5, 200, 60_000
WIRE_EFFECTS = frozenset(
    {
        Effect.CUT_IN_HEADER,
        Effect.CUT_IN_BODY,
        Effect.CUT_CONNECTION,
        Effect.DRIP,
        Effect.SLOW,
        Effect.GLUE_REPLIES,
        Effect.SWAP_REPLIES,
        Effect.LATE_REPLY,
        Effect.LOSE_REPLY,
        Effect.DUPLICATE_REPLY,
        Effect.UNSOLICITED,
        Effect.TOO_MANY_CONNECTIONS,
    }
)


@dataclass(kw_only=True)
class OnTheWay(Generic[C]):
    """What faults have held back of one connection's replies."""

    dialect: Dialect[C]
    late: list[Answered] = field(default_factory=list)
    """Leave before the next reply."""
    swapped: list[Answered] = field(default_factory=list)
    """Leave after it."""
    glued: list[Answered] = field(default_factory=list)
    """Leave with it, in one piece."""

    @property
    def empty(self) -> bool:
        """Whether nothing is held back."""
        return not (self.late or self.swapped or self.glued)

    def forget(self) -> None:
        """Nothing is held back any more."""
        self.late, self.swapped, self.glued = [], [], []

    def released(self, answered: Answered) -> list[Answered]:
        """A reply together with those that were held back, in the order in which they leave."""
        leaving = [*self.late, glued([*self.glued, answered]), *self.swapped]
        self.forget()
        return leaving

    def disturbed(self, answered: Answered, effect: Effect) -> list[Answered]:
        """What leaves of a reply under one of `WIRE_EFFECTS`; the pace of it, and cutting the line, is the door's."""
        match effect:
            case Effect.LOSE_REPLY:
                return []
            case Effect.CUT_IN_HEADER:
                return self.released(answered.cut(min(HEAD_BYTES, len(answered.wire) - 1)))
            case Effect.CUT_IN_BODY:
                return self.released(answered.cut(len(answered.wire) // 2))
            case Effect.LATE_REPLY:
                self.late.append(answered)
                return []
            case Effect.SWAP_REPLIES:
                self.swapped.append(answered)
                return []
            case Effect.GLUE_REPLIES:
                self.glued.append(answered)
                return []
            case Effect.DUPLICATE_REPLY:
                return [*self.released(answered), answered]
            case Effect.UNSOLICITED:
                return [self.dialect.unsolicited(), *self.released(answered)]
            case Effect.TOO_MANY_CONNECTIONS:
                return self.released(answered._replace(close=True))
            case _:
                return self.released(answered)


def pace(fault: Fault, wire: bytes) -> tuple[Sequence[bytes], float]:
    """The pieces in which a slow or dripping reply leaves, and the seconds before each."""
    drip = fault.effect is Effect.DRIP
    pause_s = min(LONGEST_MS, max(0, fault.detail.get("pause_ms", DRIP_MS if drip else SLOW_MS))) / 1000
    return [wire[at : at + 1] for at in range(len(wire))] if drip else [wire], pause_s
