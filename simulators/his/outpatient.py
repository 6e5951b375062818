"""Fees of a visit: a doctor's orders become a record to pay, which is paid, taken back whole, or taken back in part.

A partial refund is a whole one and a new settlement of the rest: 2208, 2205, 2204, 2206, 2207. What it is to leave
behind is kept before the 2208, so that after a crash the rest waits to be paid.
"""

from dataclasses import replace

from simulators.his.answers import done_members, time_of
from simulators.his.behaviour import PartRefund
from simulators.his.clinic_plan import clinic_plan
from simulators.his.details import Details
from simulators.his.equipment import Command, Commands, Equipment, Members
from simulators.his.identify import Business, read_ways
from simulators.his.journal import HELD_STATES
from simulators.his.money import to_fen, to_yuan
from simulators.his.outcome import Done, OutcomeUnknownError, RefusedError
from simulators.his.records import Plan, Record, Records, Upload, Visit
from simulators.his.registration import Registrations
from simulators.his.sale import SaleLine, check_lines, flag_of, lines_of, order_of, text_of
from simulators.his.texts import Reason
from simulators.his.till import Payer, Till
from simulators.his.visits import Visits

REST_PENDING = "原结算已退费，保留项目待缴费 (the former settlement is refunded; the lines kept are to be paid)"


class Outpatient:
    """The records to pay."""

    def __init__(
        self,
        equipment: Equipment,
        records: Records,
        till: Till,
        *,
        details: Details,
        visits: Visits,
        registrations: Registrations,
    ) -> None:
        self._journal = equipment.journal
        self._behaviour = equipment.behaviour
        self._shelf = records.records
        self._till = till
        self._details = details
        self._visits = visits
        self._registrations = registrations

    @property
    def commands(self) -> Commands:
        """What it does."""
        return {"fees": self._fees, "pending": self._pending, "pay": self._pay, "refund-part": self._refund_part}

    def get(self, order: str) -> Record | None:
        """The record of an order."""
        return self._shelf.get(order)

    def fees_in(self, registration: str) -> bool:
        """Whether fees of a registration's visit are paid, or perhaps paid."""
        return any(self._in_force(record.order) for record in self._shelf.all() if record.registration == registration)

    def refund(self, record: Record, at: str, opter_type: str) -> Done:
        """2208 of a record; it is not to be paid any more. Raises RefusedError or OutcomeUnknownError."""
        original = self._till.original(record.order)
        self._shelf.put(replace(record, plan=Plan.WHOLE))
        done = self._till.bookings.refund(original, at, opter_type=opter_type)
        self.tidy()
        return done

    def tidy(self) -> None:
        """What refunds that were under way have left behind."""
        for record in self._shelf.all():
            if record.plan is Plan.NONE:
                continue
            if self._in_force(record.order):
                self._shelf.put(replace(record, plan=Plan.NONE, keep=()))
            elif record.plan is Plan.WHOLE:
                self._shelf.put(replace(record, plan=Plan.NONE, closed=True))
            else:
                self._shelf.put(replace(record, plan=Plan.NONE, lines=_kept(record), keep=()))

    def _fees(self, command: Command) -> Members:
        order, lines, registration = order_of(command), lines_of(command), order_of(command, "visit")
        if self._shelf.get(order) is not None or self._journal.of_order(order):
            raise ValueError(f"order {order} is in use already; each record has an order number of its own")
        if self._registrations.visit_of(registration) is None:
            raise ValueError(f"there is no paid registration {registration}")
        if not check_lines(lines, to_fen(text_of(command, "total")), self._behaviour):
            raise RefusedError(Reason.AMOUNTS_DISAGREE)
        self._shelf.put(Record(order=order, registration=registration, lines=lines))
        return {"outcome": "accepted", "order": order}

    def _pending(self, command: Command) -> Members:
        at, ways = time_of(command), read_ways(command)
        self._till.sign_no(at)
        self._till.clear_the_table(at)
        payer = self._till.identify(ways, Business.SETTLE, "", at)
        found = [record for record in self._shelf.all() if self._waits(record) and self._may_see(record, payer)]
        if not found and self._behaviour.tells_nothing_pending:
            raise RefusedError(Reason.NOTHING_PENDING)
        return {"outcome": "accepted", "records": [_shown(record) for record in found]}

    def _pay(self, command: Command) -> Members:
        order, at, ways = order_of(command), time_of(command), read_ways(command)
        use_account = self._behaviour.clinic.account_of_fees(flag_of(command, "use_account", default=True))
        if self._till.is_sold(order):
            raise ValueError(f"order {order} is paid already")
        self._till.sign_no(at)
        self._till.clear_the_table(at)
        record, visit = self._record(order)
        payer = self._till.identify(ways, Business.SETTLE, order, at)
        self._require_theirs(payer, visit, record, at)
        attending = self._registrations.attending(record.registration)

        def pay() -> Done:
            try:
                self._visits.describe(visit, clinic_plan().diagnosis, attending, payer, at)
                return self._settle(record, visit, record.lines, payer, at, use_account=use_account)
            except RefusedError:
                if self._behaviour.cleans_up:
                    self._till.tidy(at)
                raise

        return done_members(self._till.paying(payer, order, at, business=Business.SETTLE, total=record.total, pay=pay))

    def _refund_part(self, command: Command) -> Members:
        order, at, ways = order_of(command), time_of(command), read_ways(command)
        use_account = self._behaviour.clinic.account_of_fees(flag_of(command, "use_account", default=True))
        self._till.sign_no(at)
        self._till.clear_the_table(at)
        original = self._till.original(order)
        record, visit = self._record(order)
        record = replace(record, keep=_keep(command, record), plan=Plan.PART)
        payer = self._till.identify(ways, Business.SETTLE, order, at)
        self._require_theirs(payer, visit, record, at)
        refunded = ""

        def pay() -> Done:
            nonlocal refunded
            self._shelf.put(record)
            if self._behaviour.part_refund is not PartRefund.WITHOUT_UNDOING:
                opter_type = self._behaviour.opter_type(payer.ways.way)
                refunded = self._till.bookings.refund(original, at, opter_type=opter_type).setl_id
            return self._settle_rest(record, visit, payer, at, use_account=use_account)

        kept = sum(line.amount for line in _kept(record))
        done = self._till.paying(payer, order, at, business=Business.SETTLE, total=kept, pay=pay)
        return {**done_members(done), "refunded": refunded or original.setl_id or ""}

    def _settle_rest(self, record: Record, visit: Visit, payer: Payer, at: str, *, use_account: bool) -> Done:
        how = self._behaviour.part_refund
        old = tuple(self._details.unsettled(record.order))
        self.tidy()
        lines, beside = _kept(record), tuple[Upload, ...]()
        try:
            if how is PartRefund.NEGATIVE_LINES:
                back = [line for index, line in enumerate(record.lines) if index not in record.keep]
                lines = tuple(replace(line, quantity=f"-{line.quantity}", amount=-line.amount) for line in back)
                beside = old
            elif how is PartRefund.WITHOUT_WITHDRAWING:
                pass
            else:
                self._till.clear_the_table(at)
            return self._settle(record, visit, lines, payer, at, use_account=use_account, beside=beside)
        except RefusedError as error:
            if self._behaviour.cleans_up:
                self._till.tidy(at)
            message = f"{REST_PENDING} {error.message}".rstrip()
            raise RefusedError(error.reason, message=message, code=error.code, msgid=error.msgid) from error
        except OutcomeUnknownError as error:
            raise OutcomeUnknownError(error.msgid, f"{REST_PENDING}。{error.prompt}") from error

    def _settle(
        self,
        record: Record,
        visit: Visit,
        lines: tuple[SaleLine, ...],
        payer: Payer,
        at: str,
        *,
        use_account: bool,
        beside: tuple[Upload, ...] = (),
    ) -> Done:
        attending = self._registrations.attending(record.registration)
        return self._visits.settle(
            visit, record.order, lines, payer, attending, use_account=use_account, at=at, beside=beside
        )

    def _record(self, order: str) -> tuple[Record, Visit]:
        record = self._shelf.get(order)
        visit = self._registrations.visit_of(record.registration) if record is not None and not record.closed else None
        if record is None or visit is None:
            raise RefusedError(Reason.NOTHING_PENDING)
        if self._behaviour.clinic.newest_visit:
            visit = self._registrations.newest_of(visit)
        return record, visit

    def _waits(self, record: Record) -> bool:
        visit = self._registrations.visit_of(record.registration)
        return not record.closed and visit is not None and not self._in_force(record.order)

    def _may_see(self, record: Record, payer: Payer) -> bool:
        visit = self._registrations.visit_of(record.registration)
        theirs = visit is not None and visit.patient.psn_no == payer.insured.psn_no
        return theirs or not self._behaviour.pending_of_own

    def _require_theirs(self, payer: Payer, visit: Visit, record: Record, at: str) -> None:
        if visit.patient.psn_no != payer.insured.psn_no and self._behaviour.pays_own_only:
            self._till.turn_away(payer, record.order, at, business=Business.SETTLE, total=record.total)
            raise RefusedError(Reason.NOT_THEIRS)

    def _in_force(self, order: str) -> bool:
        return any(kept.state in HELD_STATES for kept in self._journal.of_order(order))


def _kept(record: Record) -> tuple[SaleLine, ...]:
    return tuple(line for index, line in enumerate(record.lines) if index in record.keep)


def _keep(command: Command, record: Record) -> tuple[int, ...]:
    keep = command.get("keep")
    whole = isinstance(keep, list) and all(isinstance(index, int) and not isinstance(index, bool) for index in keep)
    if not isinstance(keep, list) or not whole or not set(keep) < set(range(len(record.lines))) or not keep:
        raise ValueError(f"keep must list some, but not all, of the lines 0 to {len(record.lines) - 1}")
    return tuple(sorted(set(keep)))


def _shown(record: Record) -> Members:
    lines = [
        {
            "code": line.code,
            "name": line.name,
            "price": line.price,
            "quantity": line.quantity,
            "amount": to_yuan(line.amount),
            "level": line.level,
        }
        for line in record.lines
    ]
    return {
        "order": record.order,
        "visit": record.registration,
        "total": to_yuan(record.total),
        "lines": lines,
    }
