"""What a hospital's counter must not believe: a settlement split otherwise, a reversal that was not taken up."""

import pytest

from harness.counter.outcome import OutcomeKind, Reason
from harness.faults.catalogue import Effect
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.inpatient import ready_to_settle, settle
from harness.scenarios.outpatient import pay, seen_by_doctor
from harness.scenarios.registration import NEXT_PATIENT, PATIENT, good_registration_works, lock, pay_lock


@pytest.mark.case(
    "hospital/other-split",
    title="The settlement is split otherwise than its pre-settlement 结算与预结算金额不一致",
    requirements=["MY-OUTPATIENT-PAY", "GS-INPATIENT", "QH-FUND-SAFETY"],
)
@pytest.mark.parametrize("infno", ["2207", "2304"])
def test_other_split(stage: CounterStage, infno: str) -> None:
    """What the patient was not told beforehand is taken back at once and refused; settled anew, the books agree."""
    stage.counter.sign_in()
    settles_stay = infno == "2304"
    patient = ready_to_settle(stage) if settles_stay else seen_by_doctor(stage)
    stage.disturb("platform", infno, Effect.ANOTHER_SPLIT)
    outcome = settle(stage, patient) if settles_stay else pay(stage, patient)
    stage.expect_refused(outcome, Reason.AMOUNTS_DISAGREE)
    again = settle(stage, patient) if settles_stay else pay(stage, patient)
    stage.expect_accepted(again)
    stage.settle_day()


@pytest.mark.case(
    "hospital/reversal-refused",
    title="The reversal is refused, and says nothing of the settlement 冲正被拒但未说明原交易",
    requirements=["QH-FUND-SAFETY"],
)
def test_reversal_refused(stage: CounterStage) -> None:
    """A platform that is too busy to reverse has not reversed: the settlement is as unknown as before."""
    stage.counter.sign_in()
    lock(stage, "R0001")
    lock(stage, "R0002")
    stage.disturb("platform", "2207", Effect.LOSE_REPLY)
    stage.disturb("platform", "2601", Effect.REFUSE, lasting=1)
    stage.expect(pay_lock(stage, "R0001", PATIENT), OutcomeKind.UNKNOWN)
    stage.step("the next patient comes while the outcome is unknown")
    stage.expect_refused(pay_lock(stage, "R0002", NEXT_PATIENT), Reason.PLATFORM_UNAVAILABLE)
    stage.expect(stage.counter.resolve(), OutcomeKind.UNKNOWN)
    stage.counter.books()
    stage.restore("platform")
    stage.expect_accepted(stage.counter.resolve())
    good_registration_works(stage, "R0003")
    stage.settle_day()
