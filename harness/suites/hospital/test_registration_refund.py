"""Refunds of a registration: online before its day, at the window from then on, in full and once."""

from datetime import date

import pytest

from harness.counter.basket import Basket
from harness.counter.hospital import Way
from harness.counter.outcome import OutcomeKind, Reason
from harness.faults.catalogue import Effect
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.outpatient import BANDAGE, FEES, VISIT, ordered, pay, pending, seen_by_doctor
from harness.scenarios.registration import DAY_S, fill, good_registration_works, lock, offered, pay_lock, registered
from harness.scenarios.registration import PATIENT as WHO

CITES = ["MY-OUTPATIENT-REFUND", "QH-FUND-SAFETY", "QH-CLEARING"]


@pytest.mark.case("hospital/refund-online", title="Refunded online in time 线上按时退号", requirements=CITES)
@pytest.mark.parametrize("days", [1, 2], ids=["day-before", "two-days-before"])
def test_refund_online(stage: CounterStage, days: int) -> None:
    """Until the day before, in full; the place is offered again."""
    stage.counter.sign_in()
    slot = offered(stage, in_days=days)[0]
    fill(stage, slot, leave=1)
    lock(stage, "R0001", slot=slot)
    stage.expect_accepted(pay_lock(stage, "R0001", WHO))
    stage.expect_accepted(stage.counter.refund("R0001", way=Way.ONLINE))
    stage.counter.slots(date.fromisoformat(slot.day))
    lock(stage, "R0002", slot=slot)
    stage.settle_day()


@pytest.mark.case("hospital/refund-too-late", title="Refunded online too late 线上退号超时", requirements=CITES)
@pytest.mark.parametrize(
    ("ahead", "later"),
    [
        pytest.param(0, 0, id="for-today"),
        pytest.param(2, 2, id="day-has-come"),
        pytest.param(1, 2, id="day-after"),
    ],
)
def test_refund_too_late(stage: CounterStage, ahead: int, later: int) -> None:
    """On the day and after it nothing is refunded online, and nothing is sent; the window refunds."""
    stage.counter.sign_in()
    registered(stage, "R0001", in_days=ahead)
    if later:
        stage.time_goes_on(later * DAY_S)
        stage.counter.sign_in()
    stage.expect_refused(stage.counter.refund("R0001", way=Way.ONLINE), Reason.REFUND_AT_WINDOW)
    stage.expect_accepted(stage.counter.refund("R0001", way=Way.WINDOW))
    stage.settle_day()


@pytest.mark.case("hospital/refund-at-window", title="Refunded at the window 窗口退号", requirements=CITES)
def test_refund_at_window(stage: CounterStage) -> None:
    """The window refunds at any time, on another day too; the day's totals say so."""
    stage.counter.sign_in()
    registered(stage, "R0001")
    stage.step_clock(DAY_S)
    stage.counter.sign_in()
    stage.expect_accepted(stage.counter.refund("R0001", way=Way.WINDOW))
    stage.settle_day()


@pytest.mark.case("hospital/refund-twice", title="Refunded twice 重复退号", requirements=CITES)
@pytest.mark.parametrize("way", [Way.ONLINE, Way.WINDOW], ids=lambda way: str(way.value))
def test_refund_twice(stage: CounterStage, way: Way) -> None:
    """The second refund is refused, and nothing moves."""
    stage.counter.sign_in()
    registered(stage, "R0001")
    stage.expect_accepted(stage.counter.refund("R0001", way=way))
    stage.expect_refused(stage.counter.refund("R0001", way=way), Reason.ALREADY_REFUNDED)
    stage.settle_day()


@pytest.mark.case("hospital/refund-with-fees", title="Fees were paid at the visit 已缴费的挂号退号", requirements=CITES)
def test_refund_with_fees(stage: CounterStage) -> None:
    """The registration is refunded after its fees, not before; what was never paid is then no longer to be paid."""
    stage.counter.sign_in()
    patient = seen_by_doctor(stage)
    stage.expect_accepted(pay(stage, patient))
    ordered(stage, Basket.of("F0002", BANDAGE))
    stage.expect_refused(stage.counter.refund(VISIT, way=Way.WINDOW), Reason.HAS_FEES)
    stage.expect_accepted(stage.counter.refund(FEES))
    stage.expect_accepted(stage.counter.refund(VISIT, way=Way.WINDOW))
    stage.expect_refused(pending(stage, patient), Reason.NOTHING_PENDING)
    stage.settle_day()


@pytest.mark.case("hospital/refund-unpaid", title="Refund of what was never paid 未支付退号", requirements=CITES)
def test_refund_unpaid(stage: CounterStage) -> None:
    """A lock alone has nothing to give back."""
    stage.counter.sign_in()
    lock(stage, "R0001")
    stage.expect_refused(stage.counter.refund("R0001", way=Way.ONLINE), Reason.NO_ORIGINAL)
    stage.settle_day()


@pytest.mark.case(
    "hospital/refund-disturbed",
    title="The refund's request or reply is disturbed 退号报文异常",
    requirements=["MY-OUTPATIENT-REFUND", "QH-FUND-SAFETY"],
)
@pytest.mark.parametrize(
    "effect",
    [Effect.LOSE_REQUEST, Effect.LOSE_REPLY, Effect.LATE_REPLY, Effect.BAD_GATEWAY_AFTER, Effect.CUT_JSON],
    ids=lambda effect: str(effect.value),
)
def test_refund_disturbed(stage: CounterStage, effect: Effect) -> None:
    """Whether the refund stands or not, both sides say the same."""
    stage.counter.sign_in()
    registered(stage, "R0001")
    stage.disturb("platform", "2208", effect)
    stage.expect(
        stage.counter.refund("R0001", way=Way.ONLINE), OutcomeKind.ACCEPTED, OutcomeKind.REFUSED, OutcomeKind.UNKNOWN
    )
    stage.counter.resolve()
    good_registration_works(stage, "R0002")
    stage.settle_day()
