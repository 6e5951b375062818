"""A purchase at a pharmacy's counter by e-voucher: code shown, scanned, decoded, priced, confirmed on the phone, paid.

Requirements GS-PHARMACY and NX-ORIGINAL-SETTLEMENT-PATH. The scenario plays the shopper and the cashier; everything
between them is the systems' own affair.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from fixtures.population import people
from harness.counter.port import Basket, Line, Operation, Outcome
from harness.devices.phone import Shown
from harness.scenarios.counter_stage import CounterStage

MEDICINE = Line.priced("XP000001", "阿莫西林胶囊", price="12.50", quantity="2")
VITAMINS = Line.priced("XP000002", "维生素C片", price="4.35", quantity="3", level="02")
BANDAGE = Line.priced("XP000003", "医用纱布", price="0.99", quantity="7", level="03")
CODE_LIFE_S = 61
"""One second more than a shown code is valid; the phone then shows its next one."""
PROMPT_LIFE_S = 61
"""One second more than a prompt waits for its answer."""

HELD_UP_AGAIN_S = 5
"""How long it takes to hold a phone up again; longer than a box's same-code lock-out, shorter than a code's life."""


class Answer(StrEnum):
    """What the shopper does when the phone asks for the payment password."""

    PASSWORD = "password"  # noqa: S105 - the name of an answer
    WRONG_PASSWORD = "wrong-password"  # noqa: S105 - the name of an answer
    DECLINE = "decline"
    NOTHING = "nothing"


@dataclass(frozen=True, kw_only=True)
class Shopper:
    """Who buys: a person of the population, the channel that shows the code, and what they do at the prompt."""

    person: str = "P001"
    channel: str = "alipay"
    kind: str = "voucher"
    picture: str = "qr"
    answer: Answer = Answer.PASSWORD

    @property
    def password(self) -> str:
        """The payment password of this synthetic person."""
        return next(person.password for person in people() if person.id == self.person)


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
    operation = stage.counter.purchase(basket)
    return finish_purchase(stage, operation, shopper, before_scan=before_scan)


def finish_purchase(
    stage: CounterStage,
    operation: Operation,
    shopper: Shopper,
    *,
    before_scan: Callable[[Shown], Shown] | None = None,
) -> Outcome:
    """Play the shopper for a purchase that the cashier has begun."""
    while operation.until_scan_please():
        shown = stage.phone.show(shopper.person, channel=shopper.channel, kind=shopper.kind, format=shopper.picture)
        if before_scan is not None:
            shown = before_scan(shown)
        since = stage.tape.seq
        stage.scanner.show(shown.picture)
        match stage.await_prompt_or_answer(since=since):
            case "prompt":
                answer_prompt(stage, shopper)
                break
            case "answer" | "silence":
                break
            case _:
                stage.step("the counter asks for the code once more; the customer holds it up again")
                stage.step_clock(HELD_UP_AGAIN_S)
    return operation.outcome()


def answer_prompt(stage: CounterStage, shopper: Shopper) -> None:
    """Do what the shopper does when the phone asks for the payment password."""
    match shopper.answer:
        case Answer.PASSWORD:
            stage.phone.confirm(shopper.person, shopper.password)
        case Answer.WRONG_PASSWORD:
            wrong = "000000" if shopper.password != "000000" else "000001"  # noqa: S105 - synthetic
            stage.phone.confirm(shopper.person, wrong)
        case Answer.DECLINE:
            stage.phone.decline(shopper.person)
        case Answer.NOTHING:
            stage.step("the shopper does not answer until the prompt has expired")
            stage.step_clock(PROMPT_LIFE_S)


def good_purchase_works(stage: CounterStage, order: str) -> Outcome:
    """Show recovery: an ordinary purchase by another shopper is accepted."""
    stage.step("recovery: an ordinary purchase by somebody else")
    outcome = purchase(stage, usual_basket(order), OTHER)
    return stage.expect_accepted(outcome)
