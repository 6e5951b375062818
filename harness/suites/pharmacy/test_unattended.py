"""Without a cashier: a drug cabinet and an internet pharmacy settle by the same path; goods come only after it."""

import pytest

from harness.counter.hospital import By, Way
from harness.counter.outcome import OutcomeKind, Reason
from harness.faults.catalogue import Effect
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.identification import Answer, Shopper
from harness.scenarios.purchase import good_purchase_works, purchase, usual_basket

CITES = ["QH-UNATTENDED", "QH-FUND-SAFETY"]
WAYS = pytest.mark.parametrize("way", [Way.SELF_SERVICE, Way.MOBILE], ids=["cabinet", "internet"])


@pytest.mark.case("pharmacy/unattended", title="Bought without a cashier 无人售药、互联网药店购药", requirements=CITES)
@WAYS
def test_unattended(stage: CounterStage, way: Way) -> None:
    """The person confirms on the phone; the goods are released once, after the settlement."""
    stage.counter.sign_in()
    stage.expect_accepted(purchase(stage, usual_basket("A0001"), Shopper(way=way)))
    stage.settle_day()


@pytest.mark.case(
    "pharmacy/cabinet-by",
    title="A cabinet by ID card or face 无人售药柜身份证、刷脸购药",
    requirements=["QH-UNATTENDED", "QH-ID-CARD-PAY", "QH-FACE"],
)
@pytest.mark.parametrize("by", [By.ID_CARD, By.FACE], ids=lambda by: str(by.value))
def test_cabinet_by(stage: CounterStage, by: By) -> None:
    """The same, identified otherwise."""
    stage.counter.sign_in()
    stage.expect_accepted(purchase(stage, usual_basket("A0001"), Shopper(by=by, way=Way.SELF_SERVICE)))
    stage.settle_day()


@pytest.mark.case("pharmacy/unattended-refused", title="No goods without payment 未支付不出货", requirements=CITES)
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(Answer.WRONG_PASSWORD, Reason.WRONG_PASSWORD, id="wrong"),
        pytest.param(Answer.DECLINE, Reason.DECLINED, id="declined"),
        pytest.param(Answer.NOTHING, Reason.NOT_ANSWERED, id="not-answered"),
    ],
)
@WAYS
def test_unattended_refused(stage: CounterStage, way: Way, answer: Answer, reason: Reason) -> None:
    """Nothing is settled, nothing is released."""
    stage.counter.sign_in()
    stage.expect_refused(purchase(stage, usual_basket("A0001"), Shopper(way=way, answer=answer)), reason)
    good_purchase_works(stage, "A0002")
    stage.settle_day()


@pytest.mark.case(
    "pharmacy/unattended-disturbed", title="The settlement is disturbed 无人售药结算异常", requirements=CITES
)
@pytest.mark.parametrize(
    "effect",
    [Effect.LOSE_REQUEST, Effect.LOSE_REPLY, Effect.LATE_REPLY, Effect.DOUBLED_JSON],
    ids=lambda effect: str(effect.value),
)
def test_unattended_disturbed(stage: CounterStage, effect: Effect) -> None:
    """Goods come only when the settlement is known to stand, and once."""
    stage.counter.sign_in()
    stage.disturb("platform", "2102", effect)
    outcome = purchase(stage, usual_basket("A0001"), Shopper(way=Way.SELF_SERVICE))
    stage.expect(outcome, OutcomeKind.ACCEPTED, OutcomeKind.REFUSED, OutcomeKind.UNKNOWN)
    stage.counter.resolve()
    good_purchase_works(stage, "A0002")
    stage.settle_day()
