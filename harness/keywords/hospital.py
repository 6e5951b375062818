"""Robot Framework keywords for a hospital's counter: registrations, outpatient fees, stays.

    *** Settings ***
    Library    harness.keywords.hospital.HospitalKeywords

`Patient Is` says who comes, how they identify (code, id-card, face, card), where (window, self-service, mobile) and
what they do when asked for their password; it holds until it is said anew.
"""

from dataclasses import replace
from typing import ClassVar

from robot.api.deco import keyword, library

from harness.counter.hospital import By, Way
from harness.keywords.counter import CounterKeywords
from harness.scenarios import inpatient, outpatient, registration
from harness.scenarios.identification import Answer, Shopper


@library(scope="SUITE", auto_keywords=False)
class HospitalKeywords(CounterKeywords):
    """What happens at a hospital's windows and machines."""

    plan: ClassVar[str] = "hospital"

    def __init__(self, runs: str = "runs") -> None:
        super().__init__(runs)
        self._patient = Shopper()

    @keyword("Begin Case")
    def begin_case(self, case: str, *requirements: str) -> None:
        """Begin a case that cites requirements; its id is `robot/<case>`. Whoever comes is the usual patient again."""
        self._patient = Shopper()
        super().begin_case(case, *requirements)

    @keyword("Patient Is")
    def patient_is(
        self,
        person: str = "P001",
        by: By = By.CODE,
        way: Way = Way.WINDOW,
        answer: Answer = Answer.PASSWORD,
        shows: str = "",
    ) -> None:
        """Who comes from now on; `shows` is whose card or face is presented where it is not their own."""
        self._patient = Shopper(person=person, by=by, way=way, answer=answer, shows=shows)

    @keyword("Lock Slot")
    def lock_slot(self, order: str, in_days: int = 2) -> None:
        """Lock the first free slot of a day, so many days from today."""
        registration.lock(self._on_stage(), order, in_days=in_days)

    @keyword("Pay Slot")
    def pay_slot(self, order: str) -> None:
        """Pay for the locked slot."""
        self._outcome = registration.pay_lock(self._on_stage(), order, self._comes())

    @keyword("Register")
    def register(self, order: str, in_days: int = 2) -> None:
        """Lock a slot and pay for it."""
        self.lock_slot(order, in_days)
        self.pay_slot(order)

    @keyword("Doctor Orders")
    def doctor_orders(self, order: str, visit: str) -> None:
        """The doctor orders the usual things at a visit, named by the registration's order."""
        outpatient.ordered(self._on_stage(), outpatient.usual_fees(order), visit=visit)

    @keyword("Ask What Is Pending")
    def ask_pending(self) -> None:
        """Ask what there is to pay."""
        self._outcome = outpatient.pending(self._on_stage(), self._comes())

    @keyword("Pay Fees")
    def pay_fees(self, order: str) -> None:
        """Pay what a doctor ordered."""
        self._outcome = outpatient.pay(self._on_stage(), self._comes(), order)

    @keyword("Refund All But")
    def refund_all_but(self, order: str, *kept: int) -> None:
        """Take back the lines of paid fees but those kept, counted from 0."""
        self._outcome = outpatient.refund_part(self._on_stage(), self._comes(), kept, order)

    @keyword("Refund Registration")
    def refund_registration(self, order: str, way: Way = Way.ONLINE) -> None:
        """Take a registration back, online or at the window."""
        self._outcome = self._on_stage().counter.refund(order, way=way)

    @keyword("Admit")
    def admit(self, order: str) -> None:
        """Admit the patient."""
        self._outcome = inpatient.admit(self._on_stage(), self._comes(), order)

    @keyword("Charge Stay")
    def charge_stay(self, order: str) -> None:
        """Upload the usual fees of a stay."""
        inpatient.charged(self._on_stage(), order=order)

    @keyword("Discharge")
    def discharge(self, order: str) -> None:
        """End a stay."""
        inpatient.discharged(self._on_stage(), order)

    @keyword("Settle Stay")
    def settle_stay(self, order: str) -> None:
        """Settle a stay with whoever comes."""
        self._outcome = inpatient.settle(self._on_stage(), self._comes(), order)

    @keyword("Time Passes")
    def time_passes(self, seconds: int) -> None:
        """Let time pass, at the counter as well."""
        self._on_stage().time_goes_on(seconds)

    def _comes(self) -> Shopper:
        """The patient as they come now; next time with a fresh code."""
        patient = self._patient
        self._patient = replace(patient, fresh=True)
        return patient
