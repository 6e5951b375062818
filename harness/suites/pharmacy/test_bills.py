"""The bills page of a channel: what was paid with its code is listed there, once, and nothing else is."""

import pytest

from fixtures.channels import bill_channels
from harness.counter.outcome import OutcomeKind, Reason
from harness.faults.catalogue import Effect
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.identification import Answer, Shopper
from harness.scenarios.purchase import OTHER, good_purchase_works, purchase, usual_basket

CHANNEL = min(bill_channels())
"""A channel with a bills page."""
CUSTOMER = Shopper(channel=CHANNEL)


@pytest.mark.case(
    "pharmacy/bills",
    title="A purchase and its refund in the channel's bills 渠道账单",
    requirements=["NX-ORIGINAL-SETTLEMENT-PATH"],
)
def test_bills(stage: CounterStage) -> None:
    """The page has the purchase with its parts, and then its refund; what another channel's code paid is not there."""
    stage.counter.sign_in()
    bought = stage.expect_accepted(purchase(stage, usual_basket("A0001"), CUSTOMER))
    stage.expect_accepted(purchase(stage, usual_basket("A0002"), OTHER))
    stage.expect_accepted(stage.counter.refund("A0001"))
    lines = stage.phone.bills(CUSTOMER.person, channel=CHANNEL)
    assert [line.reverses for line in lines] == [bought.setl_id, ""], "not the purchase and then its refund"
    assert stage.phone.bills(OTHER.person, channel=CHANNEL) == [], "a bill for what another channel's code paid"
    stage.settle_day()


@pytest.mark.case(
    "pharmacy/bills-refused",
    title="A refused payment is in no bills 支付未成功无账单",
    requirements=["NX-ORIGINAL-SETTLEMENT-PATH"],
)
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(Answer.WRONG_PASSWORD, Reason.WRONG_PASSWORD, id="wrong"),
        pytest.param(Answer.DECLINE, Reason.DECLINED, id="declined"),
        pytest.param(Answer.NOTHING, Reason.NOT_ANSWERED, id="not-answered"),
    ],
)
def test_bills_refused(stage: CounterStage, answer: Answer, reason: Reason) -> None:
    """Nothing was paid, so there is no bill; the next customer's purchase has one."""
    stage.counter.sign_in()
    refused = Shopper(channel=CHANNEL, answer=answer)
    stage.expect_refused(purchase(stage, usual_basket("A0001"), refused), reason)
    assert stage.phone.bills(refused.person, channel=CHANNEL) == [], "a bill for what was not paid"
    stage.expect_accepted(purchase(stage, usual_basket("A0002"), Shopper(person="P008", channel=CHANNEL)))
    stage.settle_day()


@pytest.mark.case(
    "pharmacy/bills-disturbed",
    title="The settlement's request or reply is lost 结算报文丢失后的账单",
    requirements=["NX-ORIGINAL-SETTLEMENT-PATH", "QH-FUND-SAFETY"],
)
@pytest.mark.parametrize("effect", [Effect.LOSE_REQUEST, Effect.LOSE_REPLY], ids=lambda effect: str(effect.value))
def test_bills_disturbed(stage: CounterStage, effect: Effect) -> None:
    """The bills say what stands in the books: what was booked and taken back is two lines, what was not is none."""
    stage.counter.sign_in()
    stage.disturb("platform", "2102", effect)
    outcome = purchase(stage, usual_basket("A0001"), CUSTOMER)
    stage.expect(outcome, OutcomeKind.ACCEPTED, OutcomeKind.REFUSED, OutcomeKind.UNKNOWN)
    stage.counter.resolve()
    good_purchase_works(stage, "A0002")
    stage.settle_day()
