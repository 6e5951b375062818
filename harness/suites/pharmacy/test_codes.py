"""Codes that must not identify anybody: expired, used, of another kind, lapsed."""

import pytest

from harness.counter.outcome import Reason
from harness.devices.phone import Shown
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.purchase import CODE_LIFE_S, Shopper, good_purchase_works, purchase, usual_basket


@pytest.mark.case(
    "pharmacy/code-expired",
    title="The code expires between showing and scanning 二维码过期",
    requirements=["GS-DYNAMIC-QR"],
)
def test_code_expired(stage: CounterStage) -> None:
    """A code older than its life is refused with a prompt to show a new one."""
    stage.counter.sign_in()

    def wait(shown: Shown) -> Shown:
        stage.step_clock(CODE_LIFE_S)
        return shown

    outcome = purchase(stage, usual_basket("A0001"), Shopper(), before_scan=wait)
    stage.expect_refused(outcome, Reason.CODE_EXPIRED)
    stage.expect_accepted(purchase(stage, usual_basket("A0002"), Shopper()))


@pytest.mark.case(
    "pharmacy/code-expired-after-purchase",
    title="A screenshot of an old code after a purchase 截屏旧码",
    requirements=["GS-DYNAMIC-QR", "QH-FUND-SAFETY"],
)
def test_screenshot(stage: CounterStage) -> None:
    """The picture of a code that bought once does not buy again when it has expired."""
    stage.counter.sign_in()
    kept: list[Shown] = []

    def keep(shown: Shown) -> Shown:
        kept.append(shown)
        return shown

    stage.expect_accepted(purchase(stage, usual_basket("A0001"), Shopper(), before_scan=keep))
    stage.step_clock(CODE_LIFE_S)
    outcome = purchase(stage, usual_basket("A0002"), Shopper(), before_scan=lambda _: kept[0])
    stage.expect_refused(outcome, Reason.CODE_EXPIRED, Reason.CODE_USED)
    stage.settle_day()


@pytest.mark.case(
    "pharmacy/code-used-twice",
    title="A code is used twice 二维码重复使用",
    requirements=["GS-DYNAMIC-QR", "QH-FUND-SAFETY"],
)
def test_code_used_twice(stage: CounterStage) -> None:
    """A code that was decoded once is spent, although it has not expired."""
    stage.counter.sign_in()
    kept: list[Shown] = []

    def keep(shown: Shown) -> Shown:
        kept.append(shown)
        return shown

    stage.expect_accepted(purchase(stage, usual_basket("A0001"), Shopper(), before_scan=keep))
    stage.step_clock(5)
    outcome = purchase(stage, usual_basket("A0002"), Shopper(), before_scan=lambda _: kept[0])
    stage.expect_refused(outcome, Reason.CODE_USED)
    stage.settle_day()


@pytest.mark.case(
    "pharmacy/pay-code",
    title="A pay code of another kind 误扫支付码",
    requirements=["NX-CHANNELS", "GS-PHARMACY"],
)
def test_pay_code(stage: CounterStage) -> None:
    """An 18-digit pay code is refused as the wrong kind (500159), and the customer may show the right one."""
    stage.counter.sign_in()
    outcome = purchase(stage, usual_basket("A0001"), Shopper(channel="wechat", kind="pay"))
    stage.expect_refused(outcome, Reason.WRONG_CODE_KIND)
    stage.expect_accepted(purchase(stage, usual_basket("A0002"), Shopper(channel="wechat")))


@pytest.mark.case(
    "pharmacy/not-activated",
    title="The voucher is not active 凭证未激活",
    requirements=["GS-PHARMACY"],
)
def test_not_activated(stage: CounterStage) -> None:
    """A person without an active voucher is asked to activate it."""
    stage.counter.sign_in()
    outcome = purchase(stage, usual_basket("A0001"), Shopper(person="P003"))
    stage.expect_refused(outcome, Reason.NOT_ACTIVATED)
    good_purchase_works(stage, "A0002")
