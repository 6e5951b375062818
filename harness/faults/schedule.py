"""The schedule of a device's faults: which message is due for which, and what has fired.

Every fault leaves two records on the tape: `fault-scheduled` when it is planned and `fault-fired` when it happens.
A case whose fault was scheduled but never fired proves nothing and is inconclusive; so is one whose fault found nothing
that it could change, which leaves `fault-without-effect` as well.
"""

from collections import Counter
from collections.abc import Container

from harness.faults.catalogue import Effect, Fault
from harness.line.record import JsonValue
from harness.line.tape import Tape


class FaultSchedule:
    """The faults of one device; deterministic, since it counts messages and nothing else."""

    def __init__(self, party: str, tape: Tape) -> None:
        self._party = party
        self._tape = tape
        self._planned: list[Fault] = []
        self._fired: list[Fault] = []
        self._counts: Counter[tuple[int, str]] = Counter()
        self.last: Fault | None = None
        """What `due` gave last; for a party whose parts are told the effect alone."""

    @property
    def idle(self) -> bool:
        """Whether nothing is planned, so that no message need be named and counted."""
        return not self._planned

    def awaits(self, effect: Effect, message: str) -> bool:
        """Whether a fault with that effect is planned for a message of that name."""
        return any(fault.effect is effect and fault.message in {message, "*"} for fault in self._planned)

    def plan(self, fault: Fault) -> None:
        """Schedule a fault; its message is counted from now on."""
        self._planned.append(fault)
        self._tape.event(self._party, "fault-scheduled", **describe(fault))

    def clear(self) -> None:
        """Forget all faults; the next case begins, or what lasted is over."""
        self._planned.clear()
        self._fired.clear()
        self._counts.clear()

    def due(self, message: str, among: Container[Effect] | None = None) -> Fault | None:
        """The fault for this message, if it is the one; call once a message, in order, and apply what is returned.

        Of faults with an effect that is not `among` these, where that is said, the message is none.
        """
        self.last = None
        if not self._planned:
            return None
        due = None
        for fault in self._planned:
            if fault.message not in {message, "*"} or (among is not None and fault.effect not in among):
                continue
            key = (id(fault), fault.message)
            self._counts[key] += 1
            count = self._counts[key]
            if due is None and count >= fault.nth:  # above nth: it lasts, or its message went to another fault
                due = fault
        if due is not None:
            if not due.lasting:
                self._planned.remove(due)
            self._fired.append(due)
            self._tape.event(self._party, "fault-fired", **describe(due))
        self.last = due
        return due

    def in_vain(self, fault: Fault) -> None:
        """A fault that was due could change nothing."""
        self._tape.event(self._party, "fault-without-effect", effect=fault.effect.value, message=fault.message)

    def state(self) -> dict[str, JsonValue]:
        """Planned and fired faults, for the back door."""
        return {"planned": [describe(f) for f in self._planned], "fired": [describe(f) for f in self._fired]}


def describe(fault: Fault) -> dict[str, JsonValue]:
    """A fault as JSON, the same on the tape, at the back door and in reports."""
    return {
        "party": fault.party,
        "message": fault.message,
        "effect": fault.effect.value,
        "nth": fault.nth,
        "detail": dict(fault.detail),
    }
