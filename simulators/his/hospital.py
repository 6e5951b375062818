"""The counter of a hospital: registration, fees of visits, stays; each in a module of its own, on one till.

What a crash or a lost answer left behind is brought to an end in this order: settlements and refunds in doubt (2601),
stays, details that nothing settles, visits that nobody paid for.
"""

from simulators.his.answers import done_members, time_of
from simulators.his.details import Details
from simulators.his.equipment import Command, Commands, Equipment, Members
from simulators.his.identify import Way
from simulators.his.inpatient import Inpatient
from simulators.his.journal import State
from simulators.his.outcome import Done, RefusedError
from simulators.his.outpatient import Outpatient
from simulators.his.records import Records
from simulators.his.registration import Registrations
from simulators.his.sale import text_of
from simulators.his.texts import Reason
from simulators.his.till import CAN, CAN_IDENTIFY, Till
from simulators.his.visits import Visits

WAYS_TO_REFUND = ("window", "online", "self-service", "mobile")


class Hospital:
    """A cashier's desk of a hospital, or its self-service terminal."""

    can = (*CAN, "register", "outpatient", "inpatient", *CAN_IDENTIFY)

    def __init__(self, equipment: Equipment) -> None:
        self._behaviour = equipment.behaviour
        self._journal = equipment.journal
        self._till = Till(equipment, lambda way: "slip" if way is Way.SELF_SERVICE else "")
        records = Records(equipment.journal)
        self._details = Details(equipment, records, self._till)
        self._visits = Visits(equipment, records, self._till, self._details)
        self._registrations = Registrations(equipment, records, self._till, self._visits)
        self._outpatient = Outpatient(
            equipment,
            records,
            self._till,
            details=self._details,
            visits=self._visits,
            registrations=self._registrations,
        )
        self._inpatient = Inpatient(equipment, records, self._till, self._details)
        self._till.tidy = self._tidy

    @property
    def commands(self) -> Commands:
        """The commands that it takes."""
        return {
            **self._till.commands,
            **self._registrations.commands,
            **self._outpatient.commands,
            **self._inpatient.commands,
            "refund": self._refund,
            "books": self._books,
        }

    def _tidy(self, at: str) -> str:
        if not self._behaviour.cleans_up:
            return self._inpatient.tidy(at)
        left = self._inpatient.tidy(at) or self._details.tidy(at) or self._visits.tidy(at, self._registrations.needs)
        self._outpatient.tidy()
        if not left:
            self._registrations.tidy()
        return left

    def _refund(self, command: Command) -> Members:
        order, at = text_of(command, "order"), time_of(command)
        way = str(command.get("way") or Way.WINDOW)
        if way not in WAYS_TO_REFUND:
            raise ValueError(f"way must be one of {', '.join(WAYS_TO_REFUND)}")
        self._till.sign_no(at)
        self._till.clear_the_table(at)
        done = self._refunded(order, way, at)
        self._till.tidy(at)
        return done_members(done)

    def _refunded(self, order: str, way: str, at: str) -> Done:
        opter_type = self._behaviour.opter_type(way)
        if (registration := self._registrations.get(order)) is not None:
            if self._outpatient.fees_in(order) and self._behaviour.clinic.heeds_paid_fees:
                raise RefusedError(Reason.HAS_FEES)
            return self._registrations.refund(registration, way, at)
        if (record := self._outpatient.get(order)) is not None:
            return self._outpatient.refund(record, at, opter_type)
        if (stay := self._inpatient.get(order)) is not None:
            return self._inpatient.refund(stay, at, opter_type)
        return self._till.bookings.refund(self._till.original(order), at, opter_type=opter_type)

    def _books(self, _: Command) -> Members:
        kept = self._journal.settlements()
        entries = [self._till.entry(settlement) for settlement in kept]
        if not self._behaviour.books_part_refunds:
            standing = {settlement.order for settlement in kept if settlement.state is State.SETTLED}
            for entry in entries:
                if entry["state"] == State.REFUNDED and entry["order"] in standing:
                    entry["state"] = State.SETTLED.value
        return {"outcome": "accepted", "entries": entries}
