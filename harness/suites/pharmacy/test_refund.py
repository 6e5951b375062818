"""Refunds: in full, twice, without an original, and with the reply lost."""

import pytest

from harness.counter.outcome import OutcomeKind, Reason
from harness.faults.catalogue import Effect
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.purchase import Shopper, good_purchase_works, purchase, usual_basket


@pytest.mark.case(
    "pharmacy/refund",
    title="A refund in full 全额退费",
    requirements=["QH-FUND-SAFETY", "QH-CLEARING", "QH-BALANCE-NOTICE"],
)
def test_refund(stage: CounterStage) -> None:
    """Account and fund get back what they paid, once; the person gets a notice."""
    stage.counter.sign_in()
    stage.expect_accepted(purchase(stage, usual_basket("A0001"), Shopper()))
    stage.expect_accepted(stage.counter.refund("A0001"))
    stage.settle_day()


@pytest.mark.case(
    "pharmacy/refund-twice",
    title="A refund is asked for twice 重复退费",
    requirements=["QH-FUND-SAFETY", "QH-CLEARING"],
)
def test_refund_twice(stage: CounterStage) -> None:
    """The second one is refused, and nothing moves; nor does a third, after the adapter was started anew."""
    stage.counter.sign_in()
    stage.expect_accepted(purchase(stage, usual_basket("A0001"), Shopper()))
    stage.expect_accepted(stage.counter.refund("A0001"))
    stage.expect_refused(stage.counter.refund("A0001"), Reason.ALREADY_REFUNDED)
    stage.counter.restart()
    stage.counter.sign_in()
    stage.expect_refused(stage.counter.refund("A0001"), Reason.ALREADY_REFUNDED)
    stage.settle_day()


@pytest.mark.case(
    "pharmacy/refund-without-original",
    title="A refund of an order that was never settled 无原交易退费",
    requirements=["QH-FUND-SAFETY"],
)
def test_refund_without_original(stage: CounterStage) -> None:
    """There is nothing to give back."""
    stage.counter.sign_in()
    stage.expect_accepted(purchase(stage, usual_basket("A0001"), Shopper()))
    stage.expect_refused(stage.counter.refund("A0009"), Reason.NO_ORIGINAL)
    stage.settle_day()


@pytest.mark.case(
    "pharmacy/refund-disturbed",
    title="The refund's request or reply is lost 退费报文丢失",
    requirements=["QH-FUND-SAFETY"],
)
@pytest.mark.parametrize("effect", [Effect.LOSE_REQUEST, Effect.LOSE_REPLY], ids=lambda effect: str(effect.value))
def test_refund_disturbed(stage: CounterStage, effect: Effect) -> None:
    """Whether the refund stands or not, both sides say the same."""
    stage.counter.sign_in()
    stage.expect_accepted(purchase(stage, usual_basket("A0001"), Shopper()))
    stage.disturb("platform", "2103", effect)
    stage.expect(stage.counter.refund("A0001"), OutcomeKind.ACCEPTED, OutcomeKind.REFUSED, OutcomeKind.UNKNOWN)
    stage.counter.resolve()
    good_purchase_works(stage, "A0002")
    stage.settle_day()
