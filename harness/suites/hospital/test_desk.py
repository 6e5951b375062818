"""What a hospital's counter must see by itself: fees, orders and lines that make no sense, another day, refusals."""

from dataclasses import replace

import pytest

from harness.counter.basket import Basket
from harness.counter.outcome import Reason
from harness.faults.catalogue import Effect
from harness.money import Fen
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.identification import attend
from harness.scenarios.inpatient import STAY, admitted, charged, ready_to_settle, settle
from harness.scenarios.outpatient import BANDAGE, BLOOD_COUNT, FEES, VISIT, pay, seen_by_doctor
from harness.scenarios.registration import (
    DAY_S,
    NEXT_PATIENT,
    PATIENT,
    good_registration_works,
    lock,
    pay_lock,
    registered,
)

UNREADABLE = ('{"id":{id},"do":"register","at":"{at}","order":"R0', '["register","R0009"]')
"""Cut off; no object."""
SENSELESS = ('{"id":{id},"do":"dance","at":"{at}"}', '{"id":{id},"do":"register","at":"{at}","use_account":true}')
"""No such command; members missing."""


@pytest.mark.case(
    "hospital/fees-amount",
    title="A line that is not price times quantity 明细金额与单价乘数量不符",
    requirements=["MY-OUTPATIENT-PAY", "GS-INPATIENT", "QH-FUND-SAFETY"],
)
def test_fees_amount(stage: CounterStage) -> None:
    """A fen too dear: neither a doctor's order nor a ward's fees are taken so; nothing is sent, and right ones are."""
    stage.counter.sign_in()
    dear = replace(BANDAGE, amount=Fen(BANDAGE.amount + 1))
    patient = seen_by_doctor(stage)
    order = Basket.of("F0002", BLOOD_COUNT, dear)
    stage.expect_refused(stage.counter.fees(order, visit=VISIT), Reason.AMOUNTS_DISAGREE)
    stage.expect_accepted(pay(stage, patient))
    admitted(stage, NEXT_PATIENT)
    stage.expect_refused(stage.counter.charge(STAY, (dear,)), Reason.AMOUNTS_DISAGREE)
    charged(stage, BANDAGE)
    stage.settle_day()


@pytest.mark.case(
    "hospital/order-again",
    title="What is paid already is paid again 已结算的挂号、缴费再次收费",
    requirements=["QH-FUND-SAFETY"],
)
def test_order_again(stage: CounterStage) -> None:
    """A registration, fees and a stay that are paid get an error, and nobody pays for them twice."""
    stage.counter.sign_in()
    patient = seen_by_doctor(stage)
    again = stage.counter.register(VISIT)
    attend(stage, again, NEXT_PATIENT)
    stage.expect_error(again.error())
    stage.expect_accepted(pay(stage, patient))
    again = stage.counter.pay(FEES)
    attend(stage, again, patient.again())
    stage.expect_error(again.error())
    patient = ready_to_settle(stage, patient.again())
    stage.expect_accepted(settle(stage, patient))
    again = stage.counter.settle(STAY)
    attend(stage, again, patient.again())
    stage.expect_error(again.error())
    good_registration_works(stage, "R0002")
    stage.settle_day()


@pytest.mark.case(
    "hospital/nonsense",
    title="Commands that make no sense 无法识别的命令",
    requirements=["QH-STANDARD-INTERFACE"],
)
def test_nonsense(stage: CounterStage) -> None:
    """Each gets an error, and the counter goes on."""
    stage.counter.sign_in()
    for line in UNREADABLE:
        stage.counter.nonsense(line).error()
    for line in SENSELESS:
        stage.expect_error(stage.counter.nonsense(line).error())
    registered(stage, "R0001", PATIENT)
    stage.settle_day()


@pytest.mark.case(
    "hospital/next-day",
    title="The next day begins with a sign-in 次日重新签到",
    requirements=["QH-STANDARD-INTERFACE", "QH-CLEARING"],
)
def test_next_day(stage: CounterStage) -> None:
    """Yesterday's sign-in is good for nothing today; the totals of each day are its own."""
    yesterday = stage.today
    stage.counter.sign_in()
    registered(stage, "R0001", PATIENT)
    stage.step("the counter is closed until tomorrow")
    stage.time_goes_on(DAY_S)
    lock(stage, "R0002")
    stage.expect_refused(pay_lock(stage, "R0002", NEXT_PATIENT), Reason.NOT_SIGNED_IN)
    stage.expect_accepted(stage.counter.sign_in())
    stage.expect_accepted(pay_lock(stage, "R0002", NEXT_PATIENT.again()))
    stage.settle_day(yesterday)
    stage.settle_day()


@pytest.mark.case(
    "hospital/sign-in-refused",
    title="The platform refuses a sign-in 签到被拒绝",
    requirements=["QH-STANDARD-INTERFACE"],
)
def test_sign_in_refused(stage: CounterStage) -> None:
    """Nobody is signed in then, nor served; the next sign-in asks the platform again, and business goes on."""
    stage.disturb_sign_in(Effect.REFUSE)
    stage.expect_refused(stage.counter.sign_in(), Reason.PLATFORM_REFUSED)
    lock(stage, "R0001")
    stage.expect_refused(pay_lock(stage, "R0001", PATIENT), Reason.NOT_SIGNED_IN)
    stage.expect_accepted(stage.counter.sign_in())
    stage.expect_accepted(pay_lock(stage, "R0001", NEXT_PATIENT))
    stage.settle_day()


@pytest.mark.case(
    "hospital/platform-refuses",
    title="The platform refuses, and says why 平台拒绝并说明原因",
    requirements=["QH-STANDARD-INTERFACE"],
)
@pytest.mark.parametrize("message", ["1101", "2206", "2207"])
def test_platform_refuses(stage: CounterStage, message: str) -> None:
    """The cashier reads the platform's own words; nothing is booked, and the next patient is registered."""
    stage.counter.sign_in()
    lock(stage, "R0001")
    stage.disturb("platform", message, Effect.REFUSE)
    stage.expect_refused(pay_lock(stage, "R0001", PATIENT), Reason.PLATFORM_REFUSED)
    good_registration_works(stage, "R0009")
    stage.settle_day()
