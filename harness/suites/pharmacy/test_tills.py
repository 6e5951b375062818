"""Two tills of the pharmacy at once: another adapter of the same kind stands beside the one under test."""

import pytest

from harness.counter.outcome import Reason
from harness.devices.phone import Shown
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.identification import Shopper, answer_prompt, present
from harness.scenarios.purchase import OTHER, purchase, usual_basket

CUSTOMER = Shopper(channel="icbc")


@pytest.mark.case(
    "pharmacy/two-tills",
    title="Two tills at once 两个收银台同时收费",
    requirements=["QH-STANDARD-INTERFACE", "QH-FUND-SAFETY", "GS-DYNAMIC-QR", "QH-CLEARING"],
)
def test_two_tills(stage: CounterStage) -> None:
    """Each signs in for its own cashier; a code that one has read is spent at the other; each books what it sold."""
    other = stage.second_till()
    stage.expect_accepted(stage.counter.sign_in())
    other.expect_accepted(other.counter.sign_in())
    kept: list[Shown] = []

    def keep(shown: Shown) -> Shown:
        kept.append(shown)
        return shown

    first = stage.counter.purchase(usual_basket("A0001"), by=CUSTOMER.by)
    asked = first.until_asked()
    assert asked is not None, "the first till sells without asking for a code"
    since = present(stage, asked, CUSTOMER, since=stage.command_at, before_scan=keep)
    waiting = stage.await_prompt_or_answer(since=since)
    other.step("the same code at the other till, while the first one waits for the password")
    outcome = purchase(other, usual_basket("B0001"), CUSTOMER, before_scan=lambda _: kept[0])
    other.expect_refused(outcome, Reason.CODE_USED)
    other.expect_accepted(purchase(other, usual_basket("B0002"), OTHER))
    if waiting == "prompt":
        answer_prompt(stage, CUSTOMER)
    stage.expect_accepted(first.outcome())
    other.expect_accepted(other.counter.refund("B0002"))
    stage.settle_day()
    other.settle_day()
