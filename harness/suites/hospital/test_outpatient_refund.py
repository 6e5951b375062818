"""Refunds of outpatient fees: whole, in part, twice, of nothing."""

import pytest

from harness.counter.outcome import OutcomeKind, Reason
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.identification import Answer, Shopper
from harness.scenarios.outpatient import FEES, paid, pay, pending, refund_part, seen_by_doctor
from harness.scenarios.registration import NEXT_PATIENT

CITES = ["QH-FUND-SAFETY", "QH-CLEARING"]


@pytest.mark.case(
    "hospital/fees-refund", title="Fees are refunded whole 门诊全额退费", requirements=[*CITES, "QH-BALANCE-NOTICE"]
)
def test_fees_refund(stage: CounterStage) -> None:
    """Account and fund get back what they paid, once; nothing is left at the platform."""
    stage.counter.sign_in()
    patient = paid(stage)
    stage.expect_accepted(stage.counter.refund(FEES))
    stage.expect_refused(stage.counter.refund(FEES), Reason.ALREADY_REFUNDED)
    stage.expect_refused(pending(stage, patient), Reason.NOTHING_PENDING)
    stage.settle_day()


@pytest.mark.case("hospital/fees-refund-unpaid", title="Refund of unpaid fees 未缴费退费", requirements=CITES)
def test_fees_refund_unpaid(stage: CounterStage) -> None:
    """There is nothing to give back; the record still waits."""
    stage.counter.sign_in()
    patient = seen_by_doctor(stage)
    stage.expect_refused(stage.counter.refund(FEES), Reason.NO_ORIGINAL)
    stage.expect_accepted(pay(stage, patient))
    stage.settle_day()


@pytest.mark.case("hospital/fees-refund-part", title="Fees are refunded in part 门诊部分退费", requirements=CITES)
@pytest.mark.parametrize("keep", [(0,), (1, 2), (0, 1)], ids=["first", "last-two", "first-two"])
def test_fees_refund_part(stage: CounterStage, keep: tuple[int, ...]) -> None:
    """The settlement is undone, what is kept is settled anew, with or without the account; the books hold the rest."""
    stage.counter.sign_in()
    patient = paid(stage)
    stage.expect_accepted(refund_part(stage, patient, keep, use_account=keep != (1, 2)))
    stage.expect_refused(pending(stage, patient), Reason.NOTHING_PENDING)
    stage.settle_day()


@pytest.mark.case(
    "hospital/fees-refund-part-then-whole", title="In part, then the rest 部分退费后全退", requirements=CITES
)
def test_part_then_whole(stage: CounterStage) -> None:
    """In the end nothing is left."""
    stage.counter.sign_in()
    patient = paid(stage)
    stage.expect_accepted(refund_part(stage, patient, (0, 1)))
    stage.expect_accepted(stage.counter.refund(FEES))
    stage.settle_day()


@pytest.mark.case(
    "hospital/fees-refund-part-others",
    title="Somebody else comes for a partial refund 他人办理部分退费",
    requirements=["QH-FUND-SAFETY"],
)
def test_part_others(stage: CounterStage) -> None:
    """It is refused, and the settlement stands."""
    stage.counter.sign_in()
    paid(stage)
    stage.expect_refused(refund_part(stage, NEXT_PATIENT, (0,)), Reason.NOT_THEIRS)
    stage.settle_day()


@pytest.mark.case(
    "hospital/fees-refund-part-declined",
    title="The rest is not confirmed 部分退费后未确认支付",
    requirements=["QH-FUND-SAFETY", "MY-OUTPATIENT-PAY"],
)
def test_part_declined(stage: CounterStage) -> None:
    """The old settlement is undone and the rest waits to be paid; it is paid later."""
    stage.counter.sign_in()
    patient = paid(stage)
    declining = Shopper(fresh=True, answer=Answer.DECLINE)
    stage.expect(refund_part(stage, declining, (0, 1)), OutcomeKind.REFUSED, reasons=(Reason.DECLINED,))
    stage.expect_accepted(pending(stage, patient))
    stage.expect_accepted(pay(stage, patient))
    stage.settle_day()
