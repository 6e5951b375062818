"""Faults between adapter and systems: whatever is lost, late or garbled, no fen is lost or doubled."""

import pytest

from harness.counter.basket import Basket
from harness.counter.outcome import OutcomeKind, Reason
from harness.faults.catalogue import Effect
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.purchase import (
    BANDAGE,
    MEDICINE,
    VITAMINS,
    Shopper,
    answer_prompt,
    good_purchase_works,
    purchase,
    usual_basket,
)

SETTLEMENT = "2102"
UNDECIDED = (OutcomeKind.ACCEPTED, OutcomeKind.REFUSED)
"""An adapter may save a disturbed settlement or take it back; the books decide whether it did so properly."""


@pytest.mark.case(
    "pharmacy/settlement",
    title="The settlement's request or reply is disturbed 结算报文异常",
    requirements=["QH-FUND-SAFETY", "QH-STANDARD-INTERFACE"],
)
@pytest.mark.parametrize(
    "effect",
    [
        Effect.LOSE_REQUEST,
        Effect.LATE_REQUEST,
        Effect.LOSE_REPLY,
        Effect.LATE_REPLY,
        Effect.BAD_GATEWAY,
        Effect.BAD_GATEWAY_AFTER,
        Effect.GATEWAY_TIMEOUT,
        Effect.GATEWAY_TIMEOUT_AFTER,
        Effect.EMPTY_BODY,
        Effect.CUT_JSON,
        Effect.DOUBLED_JSON,
        Effect.WRONG_CHARSET,
        Effect.CUT_CONNECTION,
    ],
    ids=lambda effect: str(effect.value),
)
def test_settlement(stage: CounterStage, effect: Effect) -> None:
    """After the disturbance adapter and platform have the same books, and the next customer buys."""
    stage.counter.sign_in()
    stage.disturb("platform", SETTLEMENT, effect)
    outcome = purchase(stage, usual_basket("A0001"), Shopper())
    stage.expect(outcome, *UNDECIDED)
    good_purchase_works(stage, "A0002")
    stage.settle_day()


@pytest.mark.case(
    "pharmacy/reversal-lost",
    title="The reversal after a lost reply is lost too 冲正也丢失",
    requirements=["QH-FUND-SAFETY"],
)
@pytest.mark.parametrize("effect", [Effect.LOSE_REQUEST, Effect.LOSE_REPLY], ids=lambda effect: str(effect.value))
def test_reversal_lost(stage: CounterStage, effect: Effect) -> None:
    """Unknown stays unknown until it is resolved; it is never called refused, and never settled twice."""
    stage.counter.sign_in()
    stage.disturb("platform", SETTLEMENT, Effect.LOSE_REPLY)
    stage.disturb("platform", "2601", effect)
    outcome = purchase(stage, usual_basket("A0001"), Shopper())
    stage.expect(outcome, OutcomeKind.REFUSED, OutcomeKind.ACCEPTED, OutcomeKind.UNKNOWN)
    stage.counter.resolve()
    good_purchase_works(stage, "A0002")
    stage.settle_day()


@pytest.mark.case(
    "pharmacy/before-settlement",
    title="A step before the settlement is disturbed 结算前步骤异常",
    requirements=["QH-FUND-SAFETY", "QH-STANDARD-INTERFACE"],
)
@pytest.mark.parametrize("message", ["1101", "2101"])
@pytest.mark.parametrize("effect", [Effect.BAD_GATEWAY, Effect.CUT_JSON], ids=lambda effect: str(effect.value))
def test_before_settlement(stage: CounterStage, message: str, effect: Effect) -> None:
    """Nothing has been booked, so the purchase is refused, and the next one works."""
    stage.counter.sign_in()
    stage.disturb("platform", message, effect)
    stage.expect_refused(purchase(stage, usual_basket("A0001"), Shopper()), Reason.PLATFORM_UNAVAILABLE)
    good_purchase_works(stage, "A0002")
    stage.settle_day()


@pytest.mark.case(
    "pharmacy/stale-reply",
    title="The answer is that to somebody else's message 应答串包",
    requirements=["QH-FUND-SAFETY", "QH-STANDARD-INTERFACE"],
)
@pytest.mark.parametrize("message", ["ec.query", "1101", "2101", SETTLEMENT])
def test_stale_reply(stage: CounterStage, message: str) -> None:
    """A pooled connection is out of step: nobody pays for the customer before, and the books agree."""
    stage.counter.sign_in()
    stage.disturb("voucher-centre" if message == "ec.query" else "platform", message, Effect.STALE_REPLY, nth=2)
    stage.expect_accepted(purchase(stage, Basket.of("A0001", MEDICINE, VITAMINS), Shopper()))
    outcome = purchase(stage, Basket.of("A0002", VITAMINS, BANDAGE), Shopper(person="P002"))
    stage.expect(outcome, *UNDECIDED)
    good_purchase_works(stage, "A0003")
    stage.settle_day()


@pytest.mark.case(
    "pharmacy/centre-down",
    title="The voucher centre does not answer properly 凭证中心异常",
    requirements=["QH-FUND-SAFETY"],
)
@pytest.mark.parametrize(
    "effect", [Effect.BAD_GATEWAY, Effect.EMPTY_BODY, Effect.LOSE_REQUEST], ids=lambda effect: str(effect.value)
)
def test_centre_down(stage: CounterStage, effect: Effect) -> None:
    """Nobody was identified, so nothing is settled; the next customer buys."""
    stage.counter.sign_in()
    stage.disturb("voucher-centre", "ec.query", effect)
    stage.expect_refused(purchase(stage, usual_basket("A0001"), Shopper()), Reason.VOUCHER_CENTRE_UNAVAILABLE)
    good_purchase_works(stage, "A0002")


@pytest.mark.case(
    "pharmacy/crash",
    title="The adapter is killed while a settlement is under way 适配器中途被杀",
    requirements=["QH-FUND-SAFETY"],
)
def test_crash(stage: CounterStage) -> None:
    """Started again with what it kept, the adapter finds out what became of the settlement."""
    stage.counter.sign_in()
    stage.disturb("platform", SETTLEMENT, Effect.LOSE_REPLY)
    operation = stage.counter.purchase(usual_basket("A0001"))
    operation.until_scan_please()
    since = stage.tape.seq
    stage.scanner.show(stage.phone.show("P001", channel="alipay").picture)
    stage.await_prompt_or_answer(since=since)
    answer_prompt(stage, Shopper())
    stage.await_event("booked", since=since)
    notice = stage.await_event("notice", since=since)
    stage.await_reply("phone", since=notice.seq if notice else since)
    stage.step("the platform has booked and told the phone; its reply is lost, and the adapter dies")
    stage.counter.kill()
    stage.counter.restart()
    stage.counter.sign_in()
    stage.counter.resolve()
    good_purchase_works(stage, "A0002")
    stage.settle_day()
