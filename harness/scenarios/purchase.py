"""A purchase at a pharmacy's counter by e-voucher: code shown, scanned, decoded, priced, confirmed on the phone, paid.

Requirements GS-PHARMACY and NX-ORIGINAL-SETTLEMENT-PATH. The scenario plays the shopper and the cashier; everything
between them is the systems' own affair.
"""

from collections.abc import Callable

from harness.counter.basket import Basket, Line
from harness.counter.outcome import Outcome
from harness.counter.port import Operation
from harness.devices.phone import Shown
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.identification import (
    CODE_LIFE_S,
    HELD_UP_AGAIN_S,
    PROMPT_LIFE_S,
    Answer,
    Shopper,
    answer_prompt,
    serve,
)

__all__ = [
    "BANDAGE",
    "CODE_LIFE_S",
    "HELD_UP_AGAIN_S",
    "MEDICINE",
    "OTHER",
    "PROMPT_LIFE_S",
    "VITAMINS",
    "Answer",
    "Shopper",
    "answer_prompt",
    "finish_purchase",
    "good_purchase_works",
    "purchase",
    "usual_basket",
]

MEDICINE = Line.priced("XP000001", "阿莫西林胶囊", price="12.50", quantity="2")
VITAMINS = Line.priced("XP000002", "维生素C片", price="4.35", quantity="3", level="02")
BANDAGE = Line.priced("XP000003", "医用纱布", price="0.99", quantity="7", level="03")
OTHER = Shopper(person="P008", channel="wechat")
"""Somebody else, for showing that the counter works again."""


def usual_basket(order: str, *, use_account: bool = True) -> Basket:
    """A basket with a line of each level and amounts that floats get wrong."""
    return Basket.of(order, MEDICINE, VITAMINS, BANDAGE, use_account=use_account)


def purchase(
    stage: CounterStage,
    basket: Basket,
    shopper: Shopper,
    *,
    before_scan: Callable[[Shown], Shown] | None = None,
) -> Outcome:
    """Buy a basket; `before_scan` may let time pass, or put another picture, between showing and scanning."""
    operation = stage.counter.purchase(basket, by=shopper.by, way=shopper.way)
    return finish_purchase(stage, operation, shopper, before_scan=before_scan)


def finish_purchase(
    stage: CounterStage,
    operation: Operation,
    shopper: Shopper,
    *,
    before_scan: Callable[[Shown], Shown] | None = None,
) -> Outcome:
    """Play the shopper for a purchase that the cashier has begun."""
    return serve(stage, operation, shopper, before_scan=before_scan)


def good_purchase_works(stage: CounterStage, order: str) -> Outcome:
    """Show recovery: an ordinary purchase by another shopper is accepted."""
    stage.step("recovery: an ordinary purchase by somebody else")
    outcome = purchase(stage, usual_basket(order), OTHER)
    return stage.expect_accepted(outcome)
