"""Slots of a clinic: locked once, locks that end, places offered again, and refunds that come in time."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from harness.judge.counter_talk import Operation
from harness.judge.history import CaseHistory
from harness.rules.registry import Observation, rule
from harness.rules.transactions import as_object, shown, text, way_of


class _Held(StrEnum):
    LOCKED = "locked"
    TAKEN = "taken"
    FREE = "free"
    UNSURE = "unsure"
    """A crash or an unknown outcome: nobody can say from outside."""


@dataclass
class _Place:
    slot: str
    until: str
    held: _Held = _Held.LOCKED

    def counts(self, at: str) -> bool:
        """Whether it takes up a place at a time."""
        return self.held is _Held.TAKEN or (self.held is _Held.LOCKED and at < self.until)


@dataclass
class _Clinic:
    """The clinic as the answers of the adapter make it."""

    capacity: dict[str, int] = field(default_factory=dict)
    days: dict[str, str] = field(default_factory=dict)
    places: dict[str, _Place] = field(default_factory=dict)

    def held(self, slot: str, at: str) -> int | None:
        """How many places of a slot are taken up; None when that cannot be told."""
        mine = [place for place in self.places.values() if place.slot == slot]
        if any(place.held is _Held.UNSURE for place in mine):
            return None
        return sum(place.counts(at) for place in mine)

    def free(self, slot: str, at: str) -> int | None:
        """How many places of a slot are left; None when that cannot be told."""
        held = self.held(slot, at)
        return None if held is None or slot not in self.capacity else self.capacity[slot] - held

    def take(self, history: CaseHistory, operation: Operation) -> None:
        """What a command has changed."""
        order, at, done = operation.order, _at(operation), operation.outcome == "accepted"
        place = self.places.get(order)
        match operation.verb:
            case "slots" if operation.answer is not None:
                for row in map(as_object, operation.answer.content.get("slots") or []):
                    self._offered(row, at)
            case "lock" if done and operation.answer is not None:
                until = text(operation.answer.content.get("until"))
                self.places[order] = _Place(slot=text(operation.command.content.get("slot")), until=until)
            case "release" | "refund" if done and place is not None:
                place.held = _Held.FREE
            case "register" if place is not None:
                place.held = _after_register(history, operation, place)
            case _:
                pass

    def _offered(self, row: dict[str, object], at: str) -> None:
        slot, free = text(row.get("slot")), row.get("free")
        self.days[slot] = text(row.get("day"))
        held = self.held(slot, at)
        if slot not in self.capacity and isinstance(free, int) and held is not None:
            self.capacity[slot] = free + held


def _after_register(history: CaseHistory, operation: Operation, place: _Place) -> _Held:
    openings = [e for e in history.sent("2201") if operation.spans(e.request.seq)]
    match operation.outcome:
        case "accepted":
            return _Held.TAKEN
        case "refused" if any(e.granted for e in openings):
            return _Held.FREE
        case "refused" if not openings:
            return place.held
        case _:
            return _Held.UNSURE


def _at(operation: Operation) -> str:
    return text(operation.command.content.get("at"))


def _played(history: CaseHistory) -> Iterator[tuple[Operation, _Clinic]]:
    """Each command, with the clinic as it was before it."""
    clinic = _Clinic()
    for operation in history.operations:
        yield operation, clinic
        clinic.take(history, operation)


@rule("slot-locked-once")
def slot_locked_once(history: CaseHistory) -> Iterator[Observation]:
    """A place of a slot is locked for one patient at a time."""
    for operation, clinic in _played(history):
        slot = text(operation.command.content.get("slot"))
        if operation.verb == "lock" and operation.outcome == "accepted" and clinic.free(slot, _at(operation)) == 0:
            yield Observation(
                seq=operation.last_seq, expected=f"slot-taken: {slot} has no place left", seen="locked once more"
            )


@rule("lock-ends")
def lock_ends(history: CaseHistory) -> Iterator[Observation]:
    """Nothing is registered on a lock that has ended or was given up: it is refused, and nothing is sent."""
    for operation, clinic in _played(history):
        place = clinic.places.get(operation.order)
        if operation.verb != "register" or place is None or place.held is _Held.UNSURE:
            continue
        if place.held is _Held.LOCKED and _at(operation) < place.until:
            continue
        sent = [e for e in history.sent() if operation.spans(e.request.seq)]
        if sent or operation.outcome == "accepted":
            yield Observation(
                seq=sent[0].request.seq if sent else operation.last_seq,
                expected=f"lock-expired: {operation.order} holds no place at {_at(operation)}",
                seen=sent[0].infno if sent else "registered",
            )


@rule("slots-as-held")
def slots_as_held(history: CaseHistory) -> Iterator[Observation]:
    """A place that is given up, refunded, not paid in time or not paid at all is offered again, and no other is."""
    for operation, clinic in _played(history):
        at, answer = _at(operation), operation.answer
        if operation.verb == "slots" and answer is not None:
            for row in map(as_object, answer.content.get("slots") or []):
                slot = text(row.get("slot"))
                free = clinic.free(slot, at)
                if free is not None and row.get("free") != free:
                    yield Observation(
                        seq=answer.seq, expected=f"{free} places of {slot}", seen=f"{shown(row.get('free'))} places"
                    )
        slot = text(operation.command.content.get("slot"))
        taken = answer is not None and answer.content.get("reason") == "slot-taken"
        free = clinic.free(slot, at)
        if operation.verb == "lock" and taken and free:
            yield Observation(seq=operation.last_seq, expected=f"{free} places of {slot}", seen="slot-taken")


@rule("online-refund-in-time")
def online_refund_in_time(history: CaseHistory) -> Iterator[Observation]:
    """A registration is refunded online until the day before its appointment, from that day on only at the window."""
    for operation, clinic in _played(history):
        place = clinic.places.get(operation.order)
        day = clinic.days.get(place.slot, "") if place is not None else ""
        if operation.verb != "refund" or way_of(operation) != "online" or not day:
            continue
        today, answer = _at(operation)[:10], operation.answer
        sent = [e for e in history.sent() if operation.spans(e.request.seq)]
        if day <= today and (sent or operation.outcome == "accepted"):
            yield Observation(
                seq=sent[0].request.seq if sent else operation.last_seq,
                expected=f"refund-at-window on {today}: the appointment is on {day}",
                seen=sent[0].infno if sent else operation.outcome,
            )
        if day > today and answer is not None and answer.content.get("reason") == "refund-at-window":
            yield Observation(
                seq=answer.seq, expected=f"an online refund on {today}, before {day}", seen="refund-at-window"
            )
