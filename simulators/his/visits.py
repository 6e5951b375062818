"""Outpatient visits at the platform: opened (2201), described (2203), their fees settled (2206, 2207), closed (2202).

Opening and closing book nothing. A 2201 whose outcome is unknown is sent again under the same ipt_otp_no: either it
opens the visit now, or it is refused because the number is in use, and the refusal says for which mdtrt_id: so it can
be closed. Where the refusal says something else, the visit is left: it holds no fees.
"""

import json
from collections.abc import Callable
from dataclasses import replace

from simulators.his.booking import ATTEMPTS, Order
from simulators.his.details import Details
from simulators.his.equipment import Equipment
from simulators.his.identify import Evidence
from simulators.his.outcome import Done, accepted
from simulators.his.platform import Kind, Result
from simulators.his.records import Patient, Records, Upload, Visit, VisitState
from simulators.his.sale import SaleLine, read_amounts
from simulators.his.texts import NUMBER_TAKEN_WORDS, PLATFORM_REASONS, VISIT_GONE_CODES, VISIT_GONE_WORDS, Reason
from simulators.his.till import Payer, Till
from simulators.his.trace_codes import trace_members
from simulators.his.visit_messages import (
    Attending,
    Content,
    cancelled_registration,
    of_batch,
    pre_settlement,
    read_visit,
    registration,
    scope_members,
    visit_data,
)


class Visits:
    """All visits of a counter."""

    def __init__(self, equipment: Equipment, records: Records, till: Till, details: Details) -> None:
        self._platform = equipment.platform
        self._profile = equipment.hello.profile
        self._behaviour = equipment.behaviour
        self._log = equipment.log
        self._shelf = records.visits
        self._till = till
        self._details = details

    def open(
        self, order: str, number: str, payer: Payer, attending: Attending, *, caty: str, begun: str, at: str
    ) -> Visit:
        """2201. Raises RefusedError; the visit may be there nevertheless, which `tidy` finds out."""
        patient = patient_of(payer)
        sent_as = self._behaviour.began_at(begun)
        content = registration(number, patient, payer.evidence, attending, caty=caty, begun=sent_as)
        visit = Visit(
            number=number,
            order=order,
            patient=patient,
            begun=begun,
            content=json.dumps(content, ensure_ascii=False),
        )

        def written(msgid: str) -> None:
            nonlocal visit
            visit = self._shelf.put(replace(visit, msgid=msgid))

        def finished(result: Result[str]) -> None:
            nonlocal visit
            if result.value is not None:
                visit = self._shelf.put(replace(visit, mdtrt_id=result.value, state=VisitState.OPEN))
            elif result.kind is Kind.REFUSED:
                visit = self._shelf.put(replace(visit, state=VisitState.CLOSED))

        sender = self._till.sender(order, at, insuplc=patient.insuplc, way=payer.ways.way)
        accepted(
            self._platform.call("2201", content, sender=sender, parse=read_visit, written=written, finished=finished)
        )
        return visit

    def describe(self, visit: Visit, diagnosis: tuple[str, str], attending: Attending, payer: Payer, at: str) -> None:
        """2203. Raises RefusedError."""
        if not self._behaviour.sends_visit_data:
            return
        content = visit_data(visit, diagnosis, attending, at, self._behaviour)
        sender = self._till.sender(visit.order, at, insuplc=visit.patient.insuplc, way=payer.ways.way)
        accepted(self._platform.call("2203", content, sender=sender, parse=lambda _: True))

    def settle(
        self,
        visit: Visit,
        order: str,
        lines: tuple[SaleLine, ...],
        payer: Payer,
        attending: Attending,
        *,
        use_account: bool,
        at: str,
        beside: tuple[Upload, ...] = (),
    ) -> Done:
        """2204, 2206, 2207 of an order's lines. Raises RefusedError or OutcomeUnknownError.

        `beside` are uploads of the same batch that are settled with it: the right counter has none.
        """
        behaviour, patient = self._behaviour, visit.patient
        wired = tuple(
            replace(line, amount=behaviour.wire_amount(line.price, line.quantity, line.amount)) for line in lines
        )
        sender = self._till.sender(order, at, insuplc=patient.insuplc, way=payer.ways.way)
        upload = self._details.upload(
            wired,
            order=order,
            batch=order,
            mdtrt_id=visit.mdtrt_id,
            patient=patient,
            attending=attending,
            sender=sender,
        )
        uploads = [*beside, upload]
        total = sum(line.amount for line in wired) + sum(other.total for other in beside)
        common = self._common(visit, payer.evidence, order, total, use_account=use_account)
        expected = None
        if behaviour.pre_settles:
            expected = accepted(self._platform.call("2206", {"data": common}, sender=sender, parse=read_amounts))
        sold = [pair for each in uploads for pair in zip(each.details, each.lines, strict=True)]
        content: Content = {
            "data": {**common, "invono": behaviour.invoiced(order), **scope_members(uploads, behaviour)},
            **trace_members("2207", sold, self._profile, behaviour),
        }
        asked = Order(
            infno="2207",
            content=content,
            psn_no=patient.psn_no,
            expected=expected,
            held=lambda msgid: self._details.hold(uploads, msgid),
        )
        return self._till.bookings.settle(asked, sender)

    def tidy(self, at: str, needed: Callable[[Visit], bool]) -> str:
        """Close what is not needed; returns what could not be closed, as the msgid of its 2201."""
        for visit in self._shelf.all():
            if visit.state is not VisitState.CLOSED and not needed(visit) and not self._close(visit, at):
                return visit.msgid
        return ""

    def get(self, number: str) -> Visit | None:
        """A visit by our own number."""
        return self._shelf.get(number) if number else None

    def _common(self, visit: Visit, evidence: Evidence, batch: str, total: int, *, use_account: bool) -> dict[str, str]:
        behaviour = self._behaviour
        common = pre_settlement(
            visit.mdtrt_id, visit.patient, evidence, total=total, use_account=use_account, behaviour=behaviour
        )
        return {**common, **of_batch(batch, behaviour)}

    def _close(self, visit: Visit, at: str) -> bool:
        if visit.state is VisitState.OPENING:
            found = self._found(visit, at)
            if found is None:
                return False
            visit = found
            if not visit.mdtrt_id:
                self._log.write(at, f"visit {visit.number} is left as it is: nobody says whether it was opened")
                self._shelf.put(replace(visit, state=VisitState.CLOSED))
                return True
        sender = self._till.sender(visit.order, at, insuplc=visit.patient.insuplc)
        for _ in range(ATTEMPTS):
            result = self._platform.call("2202", cancelled_registration(visit), sender=sender, parse=lambda _: True)
            if result.kind is Kind.ACCEPTED or is_gone(result):
                self._shelf.put(replace(visit, state=VisitState.CLOSED))
                return True
            if result.kind is Kind.REFUSED:
                return False
        return False

    def _found(self, visit: Visit, at: str) -> Visit | None:
        """The visit with its mdtrt_id, without one when the platform does not know it; None when it does not say."""
        sender = self._till.sender(visit.order, at, insuplc=visit.patient.insuplc)
        for _ in range(ATTEMPTS):
            result = self._platform.call("2201", json.loads(visit.content), sender=sender, parse=read_visit)
            if result.kind is Kind.UNKNOWN:
                continue
            if result.kind is Kind.REFUSED and PLATFORM_REASONS.get(result.code) is Reason.NOT_SIGNED_IN:
                return None
            _, taken, other = result.message.partition(NUMBER_TAKEN_WORDS)
            mdtrt_id = result.value or (other.strip() if taken else "")
            return self._shelf.put(replace(visit, mdtrt_id=mdtrt_id, state=VisitState.OPEN))
        return None


def patient_of(payer: Payer) -> Patient:
    """Whoever was identified, as a patient."""
    insured = payer.insured
    return Patient(psn_no=insured.psn_no, insutype=insured.insutype, insuplc=insured.insuplc)


def is_gone(result: Result[bool]) -> bool:
    """Whether a refused 2202 or 2404 says that there is nothing to cancel."""
    said = any(word in result.message for word in VISIT_GONE_WORDS)
    return result.kind is Kind.REFUSED and (result.code in VISIT_GONE_CODES or said)
