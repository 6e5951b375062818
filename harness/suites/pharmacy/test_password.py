"""The payment password: wrong, declined, not answered; nothing is paid without it."""

import pytest

from harness.counter.outcome import Reason
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.purchase import CODE_LIFE_S, Answer, Shopper, purchase, usual_basket


@pytest.mark.case(
    "pharmacy/password",
    title="The payment password is not given 密码错误、拒绝、未应答",
    requirements=["GS-PHARMACY", "QH-FUND-SAFETY"],
)
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(Answer.WRONG_PASSWORD, Reason.WRONG_PASSWORD, id="wrong"),
        pytest.param(Answer.DECLINE, Reason.DECLINED, id="declined"),
        pytest.param(Answer.NOTHING, Reason.NOT_ANSWERED, id="not-answered"),
    ],
)
def test_password(stage: CounterStage, answer: Answer, reason: Reason) -> None:
    """Nothing is booked, the cashier reads why, and with the password the same person buys."""
    stage.counter.sign_in()
    stage.expect_refused(purchase(stage, usual_basket("A0001"), Shopper(answer=answer)), reason)
    stage.step("the phone shows its next code")
    stage.step_clock(CODE_LIFE_S)
    stage.expect_accepted(purchase(stage, usual_basket("A0002"), Shopper()))
    stage.settle_day()
