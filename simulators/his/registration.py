"""Registrations (挂号): slots are locked, paid for, and given back.

A slot is taken by whoever pays for it, by a visit that may be at the platform, and by a lock for as long as it lasts by
the cashier's time. The unpaid lock ends by itself: nobody has to be there to end it.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from simulators.his.answers import done_members, time_of
from simulators.his.clinic_plan import Slot, clinic_plan
from simulators.his.equipment import Command, Commands, Equipment, Members
from simulators.his.identify import Business, read_ways
from simulators.his.journal import HELD_STATES, State
from simulators.his.money import to_yuan
from simulators.his.outcome import Done, RefusedError
from simulators.his.records import Records, Registration, Visit
from simulators.his.sale import SaleLine, flag_of, order_of, text_of
from simulators.his.texts import Reason
from simulators.his.till import Payer, Till
from simulators.his.visit_messages import Attending
from simulators.his.visits import Visits

TIME = "%Y-%m-%d %H:%M:%S"


class Registrations:
    """The clinic's slots, and who has them."""

    def __init__(self, equipment: Equipment, records: Records, till: Till, visits: Visits) -> None:
        self._journal = equipment.journal
        self._behaviour = equipment.behaviour
        self._shelf = records.registrations
        self._till = till
        self._visits = visits
        self._plan = clinic_plan()

    @property
    def commands(self) -> Commands:
        """What it does."""
        return {"slots": self._slots, "lock": self._lock, "release": self._release, "register": self._register}

    def get(self, order: str) -> Registration | None:
        """The registration of an order."""
        return self._shelf.get(order)

    def visit_of(self, order: str) -> Visit | None:
        """The visit of a registration that is paid."""
        registration = self._shelf.get(order)
        return self._visits.get(registration.visit) if registration and self._till.stands(order) else None

    def newest_of(self, visit: Visit) -> Visit:
        """For the defect `fees-in-newest-visit`: the newest paid visit of whoever this one is of."""
        theirs = [found for one in self._shelf.all() if (found := self.visit_of(one.order)) is not None]
        return [found for found in theirs if found.patient.psn_no == visit.patient.psn_no][-1]

    def attending(self, order: str) -> Attending:
        """The doctor that an order was registered for. Raises ValueError when there is no such registration."""
        return _attending(self._slot_of(order))

    def refund(self, registration: Registration, way: str, at: str) -> Done:
        """2208 of a registration, the slot free again. Raises RefusedError or OutcomeUnknownError."""
        original = self._till.original(registration.order)
        day = self._slot_of(registration.order).day
        if way == "online" and day <= at[:10] and self._behaviour.refunds_online_before_the_day_only:
            raise RefusedError(Reason.REFUND_AT_WINDOW)
        done = self._till.bookings.refund(original, at, opter_type=self._behaviour.opter_type(way))
        self._let_slot_go(registration)
        return done

    def needs(self, visit: Visit) -> bool:
        """Whether a visit is one that somebody has paid for, or perhaps has."""
        registration = self._shelf.get(visit.order)
        return registration is not None and registration.visit == visit.number and self._in_force(visit.order)

    def tidy(self) -> None:
        """Free the slots of registrations whose payment came to nothing, or was taken back."""
        for registration in self._shelf.all():
            begun = registration.visit and not registration.released
            if begun and not self._in_force(registration.order):
                self._let_slot_go(registration)

    def _slots(self, command: Command) -> Members:
        at, day = time_of(command), text_of(command, "day")
        shown = [
            {
                "slot": slot.number,
                "dept_code": slot.doctor.dept_code,
                "dept_name": slot.doctor.dept_name,
                "caty": slot.doctor.caty,
                "doctor_code": slot.doctor.code,
                "doctor_name": slot.doctor.name,
                "day": slot.day,
                "period": slot.period,
                "fee": to_yuan(slot.doctor.fee),
                "free": self._free(slot, at),
            }
            for slot in self._plan.slots(day, at)
        ]
        return {"outcome": "accepted", "slots": shown}

    def _lock(self, command: Command) -> Members:
        at, order, number = time_of(command), order_of(command), text_of(command, "slot")
        slot = self._plan.slot(number, at)
        if slot is None:
            raise RefusedError(Reason.NO_SUCH_SLOT)
        before = self._shelf.get(order)
        used = any(kept.state in {State.SETTLED, State.REFUNDED} for kept in self._journal.of_order(order))
        if used or (before is not None and self._holds(before, at)):
            raise ValueError(f"order {order} is in use already; each registration has an order number of its own")
        if self._free(slot, at) < 1 and self._behaviour.counts_locks:
            raise RefusedError(Reason.SLOT_TAKEN)
        until = (_moment(at) + timedelta(seconds=self._plan.lock_s)).strftime(TIME)
        attempts = before.attempts if before else 0
        self._shelf.put(Registration(order=order, slot=number, until=until, attempts=attempts))
        return {"outcome": "accepted", "order": order, "slot": number, "until": until}

    def _release(self, command: Command) -> Members:
        at, order = time_of(command), order_of(command)
        registration = self._shelf.get(order)
        if registration is None or not self._holds(registration, at):
            raise RefusedError(Reason.LOCK_EXPIRED)
        if self._in_force(order):
            raise ValueError(f"order {order} is paid: refund it")
        self._shelf.put(replace(registration, released=True))
        return {"outcome": "accepted", "order": order}

    def _register(self, command: Command) -> Members:
        order, at, ways = order_of(command), time_of(command), read_ways(command)
        use_account = flag_of(command, "use_account", default=True)
        if self._till.is_sold(order):
            raise ValueError(f"order {order} is settled already; each registration has an order number of its own")
        self._till.sign_no(at)
        self._locked(order, at)
        self._till.clear_the_table(at)
        registration = self._locked(order, at)
        slot = self._slot_of(order)
        if not self._behaviour.clinic.heeds_choice:
            slot = self._plan.slots(slot.day, at)[0]
        payer = self._till.identify(ways, Business.REGISTER, order, at)
        done = self._till.paying(
            payer,
            order,
            at,
            business=Business.REGISTER,
            total=slot.doctor.fee,
            pay=lambda: self._pay(registration, slot, payer, at, use_account=use_account),
        )
        return {**done_members(done), "slot": slot.number}

    def _pay(self, registration: Registration, slot: Slot, payer: Payer, at: str, *, use_account: bool) -> Done:
        order, attending = registration.order, _attending(slot)
        number = f"{order}-{registration.attempts + 1}"
        registration = self._shelf.put(replace(registration, attempts=registration.attempts + 1, visit=number))
        try:
            caty = slot.doctor.caty
            visit = self._visits.open(order, number, payer, attending, caty=caty, begun=slot.begins, at=at)
            self._visits.describe(visit, self._plan.diagnosis, attending, payer, at)
            fee = (self._fee(slot),)
            return self._visits.settle(visit, order, fee, payer, attending, use_account=use_account, at=at)
        except RefusedError:
            self._shelf.put(replace(registration, released=True))
            if self._behaviour.cleans_up:
                self._till.tidy(at)
            raise

    def _fee(self, slot: Slot) -> SaleLine:
        code, name, level = self._plan.fee
        fee = slot.doctor.fee
        return SaleLine(code=code, name=name, price=to_yuan(fee), quantity="1", amount=fee, level=level)

    def _locked(self, order: str, at: str) -> Registration:
        registration = self._shelf.get(order)
        if registration is None:
            raise RefusedError(Reason.LOCK_EXPIRED)
        if self._behaviour.heeds_lock and (registration.released or at >= registration.until):
            raise RefusedError(Reason.LOCK_EXPIRED)
        return registration

    def _free(self, slot: Slot, at: str) -> int:
        taken = sum(1 for kept in self._shelf.all() if kept.slot == slot.number and self._holds(kept, at))
        return max(0, slot.doctor.places - taken)

    def _holds(self, registration: Registration, at: str) -> bool:
        if registration.released:
            return False
        if self._in_force(registration.order):
            return True
        if any(kept.state is State.REFUNDED for kept in self._journal.of_order(registration.order)):
            return not self._behaviour.frees_refunded_slots
        return at < registration.until or not self._behaviour.frees_expired_locks

    def _in_force(self, order: str) -> bool:
        return any(kept.state in HELD_STATES for kept in self._journal.of_order(order))

    def _let_slot_go(self, registration: Registration) -> None:
        if self._behaviour.frees_refunded_slots:
            self._shelf.put(replace(registration, released=True))

    def _slot_of(self, order: str) -> Slot:
        registration = self._shelf.get(order)
        slot = self._plan.known(registration.slot) if registration else None
        if slot is None:
            raise ValueError(f"there is no registration {order}")
        return slot


def _attending(slot: Slot) -> Attending:
    doctor = slot.doctor
    return Attending(
        dept_code=doctor.dept_code, dept_name=doctor.dept_name, doctor_code=doctor.code, doctor_name=doctor.name
    )


def _moment(at: str) -> datetime:
    return datetime.strptime(at, TIME)  # noqa: DTZ007 - the cashier's time has no zone
