"""Slots and locks: a place is held for one patient, for a time, and offered again when it is not taken."""

from datetime import date

import pytest

from harness.counter.outcome import Reason
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.registration import (
    LOCK_LIFE_S,
    PATIENT,
    fill,
    lock,
    offered,
    pay_lock,
    registered,
)


@pytest.mark.case(
    "hospital/slot-taken",
    title="The last place is chosen by two 两人抢同一号源",
    requirements=["MY-OUTPATIENT-REGISTER"],
)
def test_slot_taken(stage: CounterStage) -> None:
    """The first lock holds; the second is refused, and the list shows no place."""
    stage.counter.sign_in()
    slot = offered(stage)[0]
    fill(stage, slot, leave=1)
    lock(stage, "R0001", slot=slot)
    stage.expect_refused(stage.counter.lock("R0002", slot.slot), Reason.SLOT_TAKEN)
    stage.counter.slots(date.fromisoformat(slot.day))
    stage.expect_accepted(pay_lock(stage, "R0001", PATIENT))
    stage.settle_day()


@pytest.mark.case(
    "hospital/lock-expires",
    title="An unpaid lock ends 锁号超时释放",
    requirements=["MY-OUTPATIENT-REGISTER"],
)
def test_lock_expires(stage: CounterStage) -> None:
    """After its time nothing can be paid on it, nothing is sent, and another takes the place."""
    stage.counter.sign_in()
    slot = offered(stage)[0]
    fill(stage, slot, leave=1)
    lock(stage, "R0001", slot=slot)
    stage.time_goes_on(LOCK_LIFE_S)
    stage.expect_refused(pay_lock(stage, "R0001", PATIENT), Reason.LOCK_EXPIRED)
    stage.counter.slots(date.fromisoformat(slot.day))
    lock(stage, "R0002", slot=slot)
    stage.expect_accepted(pay_lock(stage, "R0002", PATIENT))
    stage.settle_day()


@pytest.mark.case(
    "hospital/lock-just-in-time",
    title="A lock is paid at its last second 锁号到期前支付",
    requirements=["MY-OUTPATIENT-REGISTER"],
)
def test_lock_just_in_time(stage: CounterStage) -> None:
    """One second before the end the place is still the patient's."""
    stage.counter.sign_in()
    slot = offered(stage)[0]
    lock(stage, "R0001", slot=slot)
    stage.time_goes_on(LOCK_LIFE_S - 2)
    stage.expect_accepted(pay_lock(stage, "R0001", PATIENT))
    stage.settle_day()


@pytest.mark.case(
    "hospital/lock-released",
    title="A lock is given up 主动取消锁号",
    requirements=["MY-OUTPATIENT-REGISTER"],
)
def test_lock_released(stage: CounterStage) -> None:
    """The place is offered again at once, and nothing can be paid on the old lock."""
    stage.counter.sign_in()
    slot = offered(stage)[0]
    fill(stage, slot, leave=1)
    lock(stage, "R0001", slot=slot)
    stage.expect_accepted(stage.counter.release("R0001"))
    stage.counter.slots(date.fromisoformat(slot.day))
    stage.expect_refused(pay_lock(stage, "R0001", PATIENT), Reason.LOCK_EXPIRED)
    lock(stage, "R0002", slot=slot)
    stage.expect_accepted(pay_lock(stage, "R0002", PATIENT))


@pytest.mark.case(
    "hospital/no-such-slot",
    title="A slot that does not exist 号源不存在",
    requirements=["MY-OUTPATIENT-REGISTER"],
)
def test_no_such_slot(stage: CounterStage) -> None:
    """It is refused, and so is one whose time is past."""
    stage.counter.sign_in()
    slot = offered(stage)[0]
    stage.expect_refused(stage.counter.lock("R0001", "S20991231-9999-99-PM-99"), Reason.NO_SUCH_SLOT)
    stage.step("the day of the appointment goes by")
    stage.time_goes_on(3 * 86_400)
    stage.counter.sign_in()
    stage.expect_refused(stage.counter.lock("R0002", slot.slot), Reason.NO_SUCH_SLOT)
    registered(stage, "R0003")


@pytest.mark.case(
    "hospital/lock-survives-restart",
    title="A lock outlives a restart of the adapter 重启后锁号仍有效",
    requirements=["MY-OUTPATIENT-REGISTER"],
)
def test_lock_survives_restart(stage: CounterStage) -> None:
    """What is locked is locked, also for an adapter that was started anew."""
    stage.counter.sign_in()
    slot = offered(stage)[0]
    fill(stage, slot, leave=1)
    lock(stage, "R0001", slot=slot)
    stage.counter.kill()
    stage.counter.restart()
    stage.counter.sign_in()
    stage.expect_refused(stage.counter.lock("R0002", slot.slot), Reason.SLOT_TAKEN)
    stage.expect_accepted(pay_lock(stage, "R0001", PATIENT))
    stage.settle_day()
