"""Robot Framework keywords for a pharmacy's counter: the same scenarios, bench, tape, rules and run folder as pytest.

*** Settings ***
Library    harness.keywords.pharmacy.PharmacyKeywords
"""

from typing import ClassVar

from robot.api.deco import keyword, library

from harness.devices.phone import Shown
from harness.errors import ConfigError
from harness.keywords.counter import CounterKeywords
from harness.scenarios.identification import HELD_UP_AGAIN_S, Answer, Shopper
from harness.scenarios.purchase import purchase, usual_basket


@library(scope="SUITE", auto_keywords=False)
class PharmacyKeywords(CounterKeywords):
    """Purchases."""

    plan: ClassVar[str] = "pharmacy"

    def __init__(self, runs: str = "runs") -> None:
        super().__init__(runs)
        self._kept: Shown | None = None

    @keyword("Buy Basket")
    def buy_basket(
        self, order: str, person: str = "P001", channel: str = "alipay", answer: Answer = Answer.PASSWORD
    ) -> None:
        """Buy the usual basket under an order number, with a code shown by a channel."""
        shopper = Shopper(person=person, channel=channel, answer=answer)
        self._outcome = purchase(self._on_stage(), usual_basket(order), shopper, before_scan=self._keep)

    @keyword("Buy Basket With Kept Code")
    def buy_with_kept_code(self, order: str, person: str = "P001") -> None:
        """Try to buy, a few seconds later, with the picture that the last purchase showed."""
        kept = self._kept
        if kept is None:
            raise ConfigError("No code has been shown yet.", cause="the order of the keywords", remedy="buy first")
        stage = self._on_stage()
        stage.step_clock(HELD_UP_AGAIN_S)
        self._outcome = purchase(stage, usual_basket(order), Shopper(person=person), before_scan=lambda _: kept)

    @keyword("Buy Basket After Waiting")
    def buy_after_waiting(self, order: str, seconds: int) -> None:
        """Show a code, let the bench's clock advance, then scan it."""
        stage = self._on_stage()

        def wait(shown: Shown) -> Shown:
            stage.step_clock(seconds)
            return shown

        self._outcome = purchase(stage, usual_basket(order), Shopper(), before_scan=wait)

    def _keep(self, shown: Shown) -> Shown:
        self._kept = shown
        return shown
