"""The adapter is killed in the middle of something, and started again with what it kept."""

import pytest

from harness.faults.catalogue import Effect
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.identification import kill_when_booked
from harness.scenarios.inpatient import STAY, ready_to_settle
from harness.scenarios.outpatient import FEES, paid, seen_by_doctor
from harness.scenarios.registration import PATIENT, good_registration_works, lock, registered

CITES = ["QH-FUND-SAFETY"]


def revived(stage: CounterStage) -> None:
    """Started again, the adapter finds out what became of everything, and works."""
    stage.counter.restart()
    stage.counter.sign_in()
    stage.counter.resolve()
    good_registration_works(stage, "R0009")
    stage.settle_day()


@pytest.mark.case("hospital/crash-register", title="Killed during a registration 挂号中途被杀", requirements=CITES)
def test_register(stage: CounterStage) -> None:
    """2207 is booked, its reply is lost, the adapter dies."""
    stage.counter.sign_in()
    lock(stage, "R0001")
    stage.disturb("platform", "2207", Effect.LOSE_REPLY)
    kill_when_booked(stage, stage.counter.register("R0001"), PATIENT, "2207")
    revived(stage)


@pytest.mark.case("hospital/crash-pay", title="Killed during a payment 缴费中途被杀", requirements=CITES)
def test_pay(stage: CounterStage) -> None:
    """Likewise while fees are paid."""
    stage.counter.sign_in()
    patient = seen_by_doctor(stage)
    stage.disturb("platform", "2207", Effect.LOSE_REPLY)
    kill_when_booked(stage, stage.counter.pay(FEES), patient, "2207")
    revived(stage)


@pytest.mark.case("hospital/crash-refund", title="Killed during a refund 退号中途被杀", requirements=CITES)
def test_refund(stage: CounterStage) -> None:
    """2208 is booked, its reply is lost, the adapter dies."""
    stage.counter.sign_in()
    registered(stage, "R0001")
    stage.disturb("platform", "2208", Effect.LOSE_REPLY)
    kill_when_booked(stage, stage.counter.start_refund("R0001"), PATIENT, "2208")
    revived(stage)


@pytest.mark.case(
    "hospital/crash-refund-part", title="Killed during a partial refund 部分退费中途被杀", requirements=CITES
)
@pytest.mark.parametrize("infno", ["2208", "2207"])
def test_refund_part(stage: CounterStage, infno: str) -> None:
    """While the old settlement is undone, or while the rest is settled."""
    stage.counter.sign_in()
    patient = paid(stage)
    stage.disturb("platform", infno, Effect.LOSE_REPLY)
    kill_when_booked(stage, stage.counter.refund_part(FEES, (0, 1)), patient, infno)
    revived(stage)


@pytest.mark.case("hospital/crash-settle", title="Killed while a stay is settled 出院结算中途被杀", requirements=CITES)
def test_settle(stage: CounterStage) -> None:
    """2304 is booked, its reply is lost, the adapter dies."""
    stage.counter.sign_in()
    patient = ready_to_settle(stage)
    stage.disturb("platform", "2304", Effect.LOSE_REPLY)
    kill_when_booked(stage, stage.counter.settle(STAY), patient, "2304")
    revived(stage)
