"""Over TLS a sale is as ever, and nothing is said to a party whose certificate is not to be trusted."""

import pytest

from harness.counter.outcome import Reason
from harness.devices.phone import Shown
from harness.faults.catalogue import HANDSHAKE, Effect
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.purchase import Shopper, good_purchase_works, purchase, usual_basket

DISTRUSTED = (Effect.TLS_EXPIRED, Effect.TLS_WRONG_NAME, Effect.TLS_UNKNOWN_CA)


@pytest.mark.case(
    "pharmacy-tls/purchase",
    title="A good purchase over TLS 通过TLS正常购药",
    requirements=["QH-FUND-SAFETY", "QH-STANDARD-INTERFACE"],
)
def test_purchase(stage: CounterStage) -> None:
    """Sign-in, sale and refund over connections that were verified; books and totals agree."""
    stage.counter.sign_in()
    stage.expect_accepted(purchase(stage, usual_basket("A0001"), Shopper()))
    stage.expect_accepted(stage.counter.refund("A0001"))
    good_purchase_works(stage, "A0002")
    stage.settle_day()


@pytest.mark.case(
    "pharmacy-tls/platform",
    title="The platform's certificate is not to be trusted 医保平台证书不可信",
    requirements=["QH-FUND-SAFETY"],
)
@pytest.mark.parametrize("effect", DISTRUSTED, ids=lambda effect: str(effect.value))
def test_platform(stage: CounterStage, effect: Effect) -> None:
    """Nobody is signed in at it, and nothing is sold; once it is replaced, the day begins."""
    stage.disturb("platform", HANDSHAKE, effect, lasting=1)
    stage.expect_refused(stage.counter.sign_in(), Reason.PLATFORM_UNAVAILABLE)
    stage.restore("platform")
    stage.expect_accepted(stage.counter.sign_in())
    good_purchase_works(stage, "A0001")


@pytest.mark.case(
    "pharmacy-tls/voucher-centre",
    title="The voucher centre's certificate is not to be trusted 电子凭证中心证书不可信",
    requirements=["QH-FUND-SAFETY"],
)
@pytest.mark.parametrize("effect", DISTRUSTED, ids=lambda effect: str(effect.value))
def test_voucher_centre(stage: CounterStage, effect: Effect) -> None:
    """No code is sent to it; once it is replaced, the next customer buys."""
    stage.counter.sign_in()

    def replaced(shown: Shown) -> Shown:
        """Once the phone has its code: it looks at certificates, too."""
        stage.disturb("voucher-centre", HANDSHAKE, effect, lasting=1)
        return shown

    outcome = purchase(stage, usual_basket("A0001"), Shopper(), before_scan=replaced)
    stage.expect_refused(outcome, Reason.VOUCHER_CENTRE_UNAVAILABLE)
    stage.restore("voucher-centre")
    good_purchase_works(stage, "A0002")
