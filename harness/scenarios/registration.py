"""Registration at a hospital (预约挂号): a slot is chosen and locked, paid for, released or refunded.

Requirements MY-OUTPATIENT-REGISTER and MY-OUTPATIENT-REFUND.
"""

from collections.abc import Callable
from datetime import timedelta

from harness.counter.hospital import Slot
from harness.counter.outcome import Outcome
from harness.devices.phone import Shown
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.identification import Shopper, serve

PATIENT = Shopper(person="P001")
NEXT_PATIENT = Shopper(person="P008", channel="wechat")
"""Somebody else, for showing that the counter works again."""
LOCK_LIFE_S = 901
"""One second more than an unpaid lock holds (assumed, 15 minutes)."""
DAY_S = 86_400


def offered(stage: CounterStage, *, in_days: int = 2) -> tuple[Slot, ...]:
    """The slots of a day that have places, so many days from today."""
    day = stage.today + timedelta(days=in_days)
    return tuple(slot for slot in stage.counter.slots(day) if slot.free > 0)


def lock(stage: CounterStage, order: str, *, in_days: int = 2, slot: Slot | None = None) -> Slot:
    """Choose a slot, the day's first if none is named, and lock it."""
    if slot is None:
        free = offered(stage, in_days=in_days)
        assert free, "the clinic offers nothing on that day"
        slot = free[0]
    stage.expect_accepted(stage.counter.lock(order, slot.slot))
    return slot


def pay_lock(
    stage: CounterStage,
    order: str,
    patient: Shopper,
    *,
    use_account: bool = True,
    before_scan: Callable[[Shown], Shown] | None = None,
) -> Outcome:
    """Pay for the locked slot; `before_scan` as in `serve`."""
    operation = stage.counter.register(order, by=patient.by, way=patient.way, use_account=use_account)
    return serve(stage, operation, patient, before_scan=before_scan)


def register(stage: CounterStage, order: str, patient: Shopper = PATIENT, *, in_days: int = 2) -> Outcome:
    """Choose, lock and pay."""
    lock(stage, order, in_days=in_days)
    return pay_lock(stage, order, patient)


def registered(stage: CounterStage, order: str, patient: Shopper = PATIENT, *, in_days: int = 2) -> Outcome:
    """A registration that must be accepted."""
    return stage.expect_accepted(register(stage, order, patient, in_days=in_days))


def fill(stage: CounterStage, slot: Slot, *, leave: int = 0) -> None:
    """Lock all places of a slot but so many, for other patients."""
    for number in range(slot.free - leave):
        stage.expect_accepted(stage.counter.lock(f"X{number:04d}", slot.slot))


def good_registration_works(stage: CounterStage, order: str) -> Outcome:
    """Show recovery: an ordinary registration of another patient is accepted."""
    stage.step("recovery: an ordinary registration of somebody else")
    return registered(stage, order, NEXT_PATIENT)
