"""What a hospital's counter must see by itself: lines that make no sense, another day, why the platform refuses."""

import pytest

from harness.counter.outcome import Reason
from harness.faults.catalogue import Effect
from harness.scenarios.counter_stage import CounterStage
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
    stage.step_clock(DAY_S)
    lock(stage, "R0002")
    stage.expect_refused(pay_lock(stage, "R0002", NEXT_PATIENT), Reason.NOT_SIGNED_IN)
    stage.expect_accepted(stage.counter.sign_in())
    stage.expect_accepted(pay_lock(stage, "R0002", NEXT_PATIENT.again()))
    stage.settle_day(yesterday)
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
