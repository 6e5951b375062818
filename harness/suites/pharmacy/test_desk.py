"""What the counter must see by itself: baskets, orders and lines that make no sense, another day, another split."""

from dataclasses import replace

import pytest

from harness.counter.basket import Basket
from harness.counter.outcome import OutcomeKind, Reason
from harness.faults.catalogue import Effect
from harness.money import Fen
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.identification import attend
from harness.scenarios.purchase import BANDAGE, MEDICINE, OTHER, Shopper, good_purchase_works, purchase, usual_basket
from harness.scenarios.registration import DAY_S

SOMEBODY = Shopper(person="P009", channel="icbc")
UNREADABLE = ('{"id":{id},"do":"purchase","at":"{at}","order":"A0', '["purchase","A0009"]')
"""Cut off; no object."""
SENSELESS = (
    '{"id":{id},"do":"dance","at":"{at}"}',
    '{"id":{id},"do":"purchase","at":"{at}","order":"A0009","use_account":true}',
)
"""No such command; members missing."""


@pytest.mark.case(
    "pharmacy/line-amount",
    title="A line that is not price times quantity 明细金额与单价乘数量不符",
    requirements=["GS-PHARMACY", "QH-FUND-SAFETY"],
)
def test_line_amount(stage: CounterStage) -> None:
    """The total is the sum of its lines, and one of them is a fen too dear: refused before anything is sent."""
    stage.counter.sign_in()
    dear = replace(BANDAGE, amount=Fen(BANDAGE.amount + 1))
    stage.expect_refused(purchase(stage, Basket.of("A0001", MEDICINE, dear), Shopper()), Reason.AMOUNTS_DISAGREE)
    stage.expect_accepted(purchase(stage, usual_basket("A0002"), OTHER))


@pytest.mark.case(
    "pharmacy/other-split",
    title="The settlement is split otherwise than its pre-settlement 结算与预结算金额不一致",
    requirements=["GS-PHARMACY", "QH-FUND-SAFETY"],
)
def test_other_split(stage: CounterStage) -> None:
    """What the customer was not told beforehand is taken back at once and refused; the books agree."""
    stage.counter.sign_in()
    stage.disturb("platform", "2102", Effect.ANOTHER_SPLIT)
    stage.expect_refused(purchase(stage, usual_basket("A0001"), Shopper()), Reason.AMOUNTS_DISAGREE)
    good_purchase_works(stage, "A0002")
    stage.settle_day()


@pytest.mark.case(
    "pharmacy/order-again",
    title="An order that is settled already is rung up again 已结算订单再次收费",
    requirements=["QH-FUND-SAFETY"],
)
def test_order_again(stage: CounterStage) -> None:
    """It gets an error, and nobody pays for it twice."""
    stage.counter.sign_in()
    stage.expect_accepted(purchase(stage, usual_basket("A0001"), Shopper()))
    again = stage.counter.purchase(usual_basket("A0001"))
    attend(stage, again, SOMEBODY)
    stage.expect_error(again.error())
    good_purchase_works(stage, "A0002")
    stage.settle_day()


@pytest.mark.case(
    "pharmacy/nonsense",
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
    stage.expect_accepted(purchase(stage, usual_basket("A0001"), Shopper()))
    stage.settle_day()


@pytest.mark.case(
    "pharmacy/next-day",
    title="The next day begins with a sign-in 次日重新签到",
    requirements=["QH-STANDARD-INTERFACE", "QH-CLEARING"],
)
def test_next_day(stage: CounterStage) -> None:
    """Yesterday's sign-in is good for nothing today; the totals of each day are its own, and today's has the refund of
    what was sold yesterday.
    """
    yesterday = stage.today
    stage.counter.sign_in()
    stage.expect_accepted(purchase(stage, usual_basket("A0001"), Shopper()))
    stage.step("the counter is closed until tomorrow")
    stage.time_goes_on(DAY_S)
    stage.expect_refused(purchase(stage, usual_basket("A0002"), SOMEBODY), Reason.NOT_SIGNED_IN)
    stage.expect_accepted(stage.counter.sign_in())
    stage.expect_accepted(purchase(stage, usual_basket("A0003"), OTHER))
    stage.expect_accepted(stage.counter.refund("A0001"))
    stage.settle_day(yesterday)
    stage.settle_day()


@pytest.mark.case(
    "pharmacy/sign-in-refused",
    title="The platform refuses a sign-in 签到被拒绝",
    requirements=["QH-STANDARD-INTERFACE", "GS-PHARMACY"],
)
@pytest.mark.parametrize("effect", [Effect.REFUSE, Effect.BAD_GATEWAY_AFTER], ids=lambda effect: str(effect.value))
def test_sign_in_refused(stage: CounterStage, effect: Effect) -> None:
    """Nobody is signed in then, nor served; the next sign-in asks the platform again, and business goes on."""
    stage.disturb_sign_in(effect)
    stage.expect(stage.counter.sign_in(), OutcomeKind.REFUSED, OutcomeKind.UNKNOWN)
    stage.expect_refused(purchase(stage, usual_basket("A0001"), SOMEBODY), Reason.NOT_SIGNED_IN)
    stage.expect_accepted(stage.counter.sign_in())
    good_purchase_works(stage, "A0002")
    stage.settle_day()


@pytest.mark.case(
    "pharmacy/platform-refuses",
    title="The platform refuses, and says why 平台拒绝并说明原因",
    requirements=["GS-PHARMACY", "QH-STANDARD-INTERFACE"],
)
@pytest.mark.parametrize("message", ["1101", "2101", "2102"])
def test_platform_refuses(stage: CounterStage, message: str) -> None:
    """The cashier reads the platform's own words; nothing is booked, and the next customer buys."""
    stage.counter.sign_in()
    stage.disturb("platform", message, Effect.REFUSE)
    stage.expect_refused(purchase(stage, usual_basket("A0001"), Shopper()), Reason.PLATFORM_REFUSED)
    good_purchase_works(stage, "A0002")
    stage.settle_day()


@pytest.mark.case(
    "pharmacy/clock-ahead",
    title="The platform's clock is ahead, and the message counts as stale 中心时间超前，报文被判超时",
    requirements=["GS-PHARMACY", "QH-STANDARD-INTERFACE"],
)
@pytest.mark.parametrize("message", ["2101", "2102"])
def test_clock_ahead(stage: CounterStage, message: str) -> None:
    """Turned away by the gateway (CSB: 9000 签名超时) or the platform: nothing is booked, the cashier is told why."""
    stage.counter.sign_in()
    stage.disturb("platform", message, Effect.CLOCK_SKEW)
    stage.expect_refused(purchase(stage, usual_basket("A0001"), Shopper()), Reason.PLATFORM_REFUSED)
    good_purchase_works(stage, "A0002")
    stage.settle_day()


@pytest.mark.case(
    "pharmacy/platform-refuses-refund",
    title="The platform refuses a refund 平台拒绝退费",
    requirements=["QH-FUND-SAFETY", "QH-CLEARING"],
)
def test_platform_refuses_refund(stage: CounterStage) -> None:
    """What was not taken back stands, in the books as well; asked for again, it is refunded."""
    stage.counter.sign_in()
    stage.expect_accepted(purchase(stage, usual_basket("A0001"), Shopper()))
    stage.disturb("platform", "2103", Effect.REFUSE)
    stage.expect_refused(stage.counter.refund("A0001"), Reason.PLATFORM_REFUSED)
    stage.settle_day()
    stage.expect_accepted(stage.counter.refund("A0001"))
    stage.settle_day()
