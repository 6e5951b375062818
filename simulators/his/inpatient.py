"""Stays in hospital: admission (2401), fees (2301), discharge (2402), settlement (2303, 2304), and what undoes them.

A 2401 whose outcome is unknown is reversed (2601). 2402 and 2404 book nothing and are sent again when nobody knows what
became of them: whoever is discharged or cancelled already is refused with just these words.
"""

from collections.abc import Callable
from dataclasses import replace

from simulators.his.answers import done_members, time_of
from simulators.his.booking import ATTEMPTS, Order, Reversal
from simulators.his.details import Details
from simulators.his.equipment import Command, Commands, Equipment, Members
from simulators.his.identify import Business, Evidence, Ways, read_ways
from simulators.his.outcome import Done, OutcomeUnknownError, RefusedError, accepted
from simulators.his.platform import Kind, Result
from simulators.his.records import Records, Stay, StayState, Upload, UploadState
from simulators.his.sale import SaleLine, check_lines, flag_of, lines_of, order_of, read_amounts, text_of
from simulators.his.texts import DISCHARGED_WORDS, UNKNOWN_PROMPT, Reason
from simulators.his.till import Payer, Till
from simulators.his.visit_messages import (
    Content,
    admission,
    attending_of,
    cancelled_admission,
    discharge,
    pre_settlement,
    read_visit,
    scope_members,
)
from simulators.his.visits import is_gone, patient_of

IN_HOSPITAL = (StayState.ADMITTED, StayState.LEAVING)


class Inpatient:
    """The stays."""

    def __init__(self, equipment: Equipment, records: Records, till: Till, details: Details) -> None:
        self._platform = equipment.platform
        self._behaviour = equipment.behaviour
        self._shelf = records.stays
        self._till = till
        self._details = details
        self._admitted_with: dict[str, Evidence] = {}

    @property
    def commands(self) -> Commands:
        """What it does."""
        return {
            "admit": self._admit,
            "charge": self._charge,
            "discharge": self._discharge,
            "settle": self._settle,
            "cancel-admission": self._cancel,
        }

    def get(self, order: str) -> Stay | None:
        """The stay of an order."""
        return self._shelf.get(order)

    def refund(self, stay: Stay, at: str, opter_type: str) -> Done:
        """2305 of a stay's newest settlement. Raises RefusedError or OutcomeUnknownError."""
        return self._till.bookings.refund(self._till.original(stay.order), at, opter_type=opter_type)

    def tidy(self, at: str) -> str:
        """Bring stays that are in doubt to where they are known; returns the msgid of one that is not."""
        for stay in self._shelf.all():
            match stay.state:
                case StayState.ADMITTING if not self._reversed(stay, at):
                    return stay.msgid
                case StayState.LEAVING if self._leave(stay, at).kind is Kind.UNKNOWN:
                    return stay.changed_by
                case StayState.CANCELLING if self._end(stay, at).kind is Kind.UNKNOWN:
                    return stay.changed_by
        return ""

    # --- admission ---

    def _admit(self, command: Command) -> Members:
        order, at, ways = order_of(command), time_of(command), read_ways(command)
        before = self._shelf.get(order)
        if before is not None and before.state is not StayState.CANCELLED:
            raise ValueError(f"order {order} is in use already; each stay has an order number of its own")
        dept = text_of(command, "dept_code"), text_of(command, "dept_name")
        bed, diagnosis, doctor = text_of(command, "bed"), _pair(command, "diagnosis"), _pair(command, "doctor")
        self._till.sign_no(at)
        self._till.clear_the_table(at)
        payer = self._till.identify(ways, Business.ADMIT, "", at)
        stay = Stay(
            order=order,
            patient=patient_of(payer),
            msgid="",
            at=at,
            dept_code=dept[0],
            dept_name=dept[1],
            bed=bed,
            diagnosis=diagnosis,
            doctor=doctor,
        )
        result, stay = self._send_admission(stay, payer)
        if result.kind is Kind.UNKNOWN and not self._reversed(stay, at):
            raise OutcomeUnknownError(stay.msgid, UNKNOWN_PROMPT)
        accepted(result)
        self._admitted_with[order] = payer.evidence
        self._till.let_go(payer, order)
        return {
            "outcome": "accepted",
            "order": order,
            "mdtrt_id": stay.mdtrt_id,
            "psn_no": stay.patient.psn_no,
            "msgid": stay.msgid,
        }

    def _send_admission(self, stay: Stay, payer: Payer) -> tuple[Result[str], Stay]:
        kept = stay

        def written(msgid: str) -> None:
            nonlocal kept
            kept = self._shelf.put(replace(kept, msgid=msgid))

        def finished(result: Result[str]) -> None:
            nonlocal kept
            if result.value is not None:
                kept = self._shelf.put(replace(kept, mdtrt_id=result.value, state=StayState.ADMITTED))
            elif result.kind is Kind.REFUSED:
                kept = self._shelf.put(replace(kept, state=StayState.CANCELLED))

        sender = self._till.sender(stay.order, stay.at, insuplc=stay.patient.insuplc, way=payer.ways.way)
        content = admission(stay, payer.evidence, self._behaviour)
        result = self._platform.call(
            "2401", content, sender=sender, parse=read_visit, written=written, finished=finished
        )
        return result, kept

    def _reversed(self, stay: Stay, at: str) -> bool:
        patient = stay.patient
        if self._behaviour.reverses_admissions:
            told = self._till.bookings.reverse(
                "2401", stay.msgid, psn_no=patient.psn_no, insuplc=patient.insuplc, order=stay.order, at=at
            )
            if told is not Reversal.GONE:
                return False
        self._shelf.put(replace(stay, state=StayState.CANCELLED))
        return True

    def _cancel(self, command: Command) -> Members:
        stay, at = self._stay(order_of(command)), time_of(command)
        self._till.sign_no(at)
        self._till.clear_the_table(at)
        stay = self._stay(stay.order)
        if self._till.stands(stay.order):
            raise RefusedError(Reason.HAS_FEES)
        if self._behaviour.withdraws_before_cancelling:
            self._details.withdraw_all(stay, self._till.sender(stay.order, at, insuplc=stay.patient.insuplc))
        result = self._end(stay, at)
        if result.kind is Kind.UNKNOWN:
            raise OutcomeUnknownError(result.msgid, UNKNOWN_PROMPT)
        accepted(result)
        return {"outcome": "accepted", "order": stay.order}

    # --- fees ---

    def _charge(self, command: Command) -> Members:
        stay, at, lines = self._stay(order_of(command)), time_of(command), lines_of(command)
        self._till.sign_no(at)
        if not check_lines(lines, sum(line.amount for line in lines), self._behaviour):
            raise RefusedError(Reason.AMOUNTS_DISAGREE)
        returned = {index: self._taken_back(stay, line) for index, line in enumerate(lines) if line.amount < 0}
        self._till.clear_the_table(at)
        wired = tuple(
            replace(line, amount=self._behaviour.wire_amount(line.price, line.quantity, line.amount)) for line in lines
        )
        sender = self._till.sender(stay.order, at, insuplc=stay.patient.insuplc)
        try:
            upload = self._details.upload(
                wired,
                order=stay.order,
                batch="",
                mdtrt_id=stay.mdtrt_id,
                patient=stay.patient,
                attending=attending_of(stay),
                sender=sender,
                inpatient=True,
                returned=returned,
            )
        except RefusedError:
            doubtful = [u for u in self._details.of_order(stay.order) if u.state is UploadState.SENT]
            if doubtful:
                raise OutcomeUnknownError(doubtful[-1].msgid, UNKNOWN_PROMPT) from None
            raise
        return {"outcome": "accepted", "order": stay.order, "batch": upload.batch, "count": len(lines)}

    def _taken_back(self, stay: Stay, line: SaleLine) -> str:
        batch, _, number = line.returns.rpartition(":")
        for upload in self._details.of_order(stay.order):
            if upload.batch == batch and number.isdigit() and 1 <= int(number) <= len(upload.details):
                return upload.details[int(number) - 1]
        raise ValueError(f"a return must name the line that it takes back, as batch:line from 1, not {line.returns!r}")

    # --- discharge and settlement ---

    def _discharge(self, command: Command) -> Members:
        stay, at = self._stay(order_of(command)), time_of(command)
        way_out = text_of({"way_out": "1"} | dict(command), "way_out")
        self._till.sign_no(at)
        self._till.clear_the_table(at)
        stay = self._stay(stay.order)
        result = self._leave(replace(stay, way_out=way_out, left_at=at), at)
        if result.kind is Kind.UNKNOWN:
            raise OutcomeUnknownError(result.msgid, UNKNOWN_PROMPT)
        accepted(result)
        return {"outcome": "accepted", "order": stay.order}

    def _leave(self, stay: Stay, at: str) -> Result[bool]:
        return self._repeated(
            "2402",
            replace(stay, state=StayState.LEAVING),
            discharge(stay, self._behaviour),
            at,
            done=StayState.DISCHARGED,
            done_already=lambda result: DISCHARGED_WORDS in result.message,
        )

    def _end(self, stay: Stay, at: str) -> Result[bool]:
        stay = replace(stay, state=StayState.CANCELLING)
        return self._repeated(
            "2404", stay, cancelled_admission(stay), at, done=StayState.CANCELLED, done_already=is_gone
        )

    def _repeated(
        self,
        infno: str,
        stay: Stay,
        content: Content,
        at: str,
        *,
        done: StayState,
        done_already: Callable[[Result[bool]], bool],
    ) -> Result[bool]:
        """What books nothing, sent until it is known; a refusal of a repetition may mean that the first one arrived."""
        before = self._shelf.get(stay.order)
        doubtful = before is not None and before.state is stay.state
        sender = self._till.sender(stay.order, at, insuplc=stay.patient.insuplc)
        kept = stay
        for _ in range(ATTEMPTS):

            def written(msgid: str) -> None:
                nonlocal kept
                kept = self._shelf.put(replace(kept, changed_by=msgid))

            result = self._platform.call(infno, content, sender=sender, parse=lambda _: True, written=written)
            if result.kind is Kind.REFUSED and doubtful and done_already(result):
                result = Result(kind=Kind.ACCEPTED, msgid=result.msgid, value=True)
            if result.kind is Kind.ACCEPTED:
                self._shelf.put(replace(kept, state=done))
            if result.kind is Kind.REFUSED:
                self._shelf.put(replace(kept, state=StayState.ADMITTED))
            if result.kind is not Kind.UNKNOWN:
                return result
            doubtful = True
        return result

    def _settle(self, command: Command) -> Members:
        order, at, ways = order_of(command), time_of(command), read_ways(command)
        use_account = self._behaviour.clinic.account_of_fees(flag_of(command, "use_account", default=True))
        interim = flag_of(command, "interim", default=False)
        stay = self._stay(order)
        self._till.sign_no(at)
        self._till.clear_the_table(at)
        stay = self._stay(order)
        uploads = self._details.unsettled(order)
        if self._till.is_sold(order) and not uploads:
            raise ValueError(f"order {order} is settled already")
        discharged = stay.state is StayState.DISCHARGED
        if not discharged and not interim and self._behaviour.settles_after_discharge:
            raise RefusedError(Reason.NOT_DISCHARGED)
        total = sum(upload.total for upload in uploads)
        payer = self._identify(stay, ways, at)
        if payer.insured.psn_no != stay.patient.psn_no:
            self._till.turn_away(payer, order, at, business=Business.SETTLE, total=total)
            raise RefusedError(Reason.NOT_THEIRS)

        def pay() -> Done:
            return self._pay(stay, uploads, payer, at, total=total, use_account=use_account, interim=interim)

        return done_members(self._till.paying(payer, order, at, business=Business.SETTLE, total=total, pay=pay))

    def _identify(self, stay: Stay, ways: Ways, at: str) -> Payer:
        known = self._admitted_with.get(stay.order)
        if self._behaviour.identifies_anew or known is None:
            return self._till.identify(ways, Business.SETTLE, stay.order, at)
        return self._till.known(known, stay.order, ways, at)

    def _pay(
        self, stay: Stay, uploads: list[Upload], payer: Payer, at: str, *, total: int, use_account: bool, interim: bool
    ) -> Done:
        behaviour, patient = self._behaviour, stay.patient
        sender = self._till.sender(stay.order, at, insuplc=patient.insuplc, way=payer.ways.way)
        common = pre_settlement(
            stay.mdtrt_id, patient, payer.evidence, total=total, use_account=use_account, behaviour=behaviour
        )
        left = {"dscg_time": behaviour.clinic.left(stay.left_at, at)} if stay.left_at and not interim else {}
        content: Content = {
            "data": {
                **common,
                "mid_setl_flag": "1" if interim else "0",
                **left,
                "invono": behaviour.invoiced(stay.order),
                **scope_members(uploads, behaviour),
            }
        }
        expected = None
        if behaviour.pre_settles:
            expected = accepted(self._platform.call("2303", content, sender=sender, parse=read_amounts))
        asked = Order(
            infno="2304",
            content=content,
            psn_no=patient.psn_no,
            expected=expected,
            held=lambda msgid: self._details.hold(uploads, msgid),
        )
        return self._till.bookings.settle(asked, sender)

    def _stay(self, order: str) -> Stay:
        stay = self._shelf.get(order)
        if stay is None or stay.state is StayState.CANCELLED:
            raise ValueError(f"there is no stay {order}")
        return stay


def _pair(command: Command, name: str) -> tuple[str, str]:
    value = command.get(name)
    if not isinstance(value, dict):
        raise ValueError(f"{name} must be an object with code and name")
    return text_of(value, "code"), text_of(value, "name")
