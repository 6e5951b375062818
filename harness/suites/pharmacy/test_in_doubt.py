"""While an outcome is unknown: the platform stays away for a while, and the counter neither guesses nor goes on."""

import pytest

from harness.counter.outcome import OutcomeKind, Reason
from harness.faults.catalogue import Effect
from harness.line.record import Record
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.identification import answer_prompt, kill_when_booked, present
from harness.scenarios.purchase import OTHER, Shopper, good_purchase_works, purchase, usual_basket

SETTLEMENT, REFUND, REVERSAL = "2102", "2103", "2601"
FIRST = Shopper(person="P002", channel="ccb")
THIRD = Shopper(person="P009", channel="icbc")
"""Who comes while the first one's outcome is unknown."""


def nothing_new_meanwhile(stage: CounterStage, order: str) -> None:
    """While the platform does not answer, nobody else pays; neither `resolve` nor the books say that it is known."""
    stage.step("somebody else comes while an outcome is unknown")
    stage.expect_refused(purchase(stage, usual_basket(order), THIRD), Reason.PLATFORM_UNAVAILABLE)
    stage.expect(stage.counter.resolve(), OutcomeKind.UNKNOWN)
    stage.counter.books()


def all_known_again(stage: CounterStage, order: str) -> None:
    """The platform answers again: everything is resolved, the next customer buys, and the books agree."""
    stage.restore("platform")
    stage.expect_accepted(stage.counter.resolve())
    good_purchase_works(stage, order)
    stage.settle_day()


@pytest.mark.case(
    "pharmacy/unknown-stays",
    title="Neither settlement nor reversal is answered for a while 结算与冲正均无应答",
    requirements=["QH-FUND-SAFETY"],
)
@pytest.mark.parametrize("effect", [Effect.BAD_GATEWAY, Effect.BAD_GATEWAY_AFTER], ids=lambda effect: str(effect.value))
def test_unknown_stays(stage: CounterStage, effect: Effect) -> None:
    """However often the reversal is tried, it is unknown until it is answered; meanwhile nothing else is booked.

    Somebody has paid before, so that the day's sums and the platform's differ by what is in doubt.
    """
    stage.counter.sign_in()
    stage.expect_accepted(purchase(stage, usual_basket("A0000"), FIRST))
    stage.disturb("platform", SETTLEMENT, Effect.LOSE_REPLY)
    stage.disturb("platform", REVERSAL, effect, lasting=1)
    stage.expect(purchase(stage, usual_basket("A0001"), Shopper()), OutcomeKind.UNKNOWN)
    nothing_new_meanwhile(stage, "A0002")
    stage.counter.totals(stage.today)
    all_known_again(stage, "A0003")


@pytest.mark.case(
    "pharmacy/refund-unknown-stays",
    title="Neither refund nor its reversal is answered for a while 退费与冲正均无应答",
    requirements=["QH-FUND-SAFETY"],
)
def test_refund_unknown_stays(stage: CounterStage) -> None:
    """A refund in doubt holds everything up as a settlement does; once it is known, what stands is refunded."""
    stage.counter.sign_in()
    stage.expect_accepted(purchase(stage, usual_basket("A0001"), Shopper()))
    stage.disturb("platform", REFUND, Effect.LOSE_REPLY)
    stage.disturb("platform", REVERSAL, Effect.BAD_GATEWAY, lasting=1)
    stage.expect(stage.counter.refund("A0001"), OutcomeKind.UNKNOWN)
    stage.step("the cashier asks for the same refund once more")
    stage.expect(stage.counter.refund("A0001"), OutcomeKind.REFUSED, OutcomeKind.UNKNOWN)
    nothing_new_meanwhile(stage, "A0002")
    all_known_again(stage, "A0003")


@pytest.mark.case(
    "pharmacy/unknown-restart",
    title="The adapter is started anew while an outcome is unknown 未知期间重启",
    requirements=["QH-FUND-SAFETY"],
)
def test_unknown_restart(stage: CounterStage) -> None:
    """What the cashier was told is unknown is as unknown after a good night's rest."""
    stage.counter.sign_in()
    stage.disturb("platform", SETTLEMENT, Effect.LOSE_REPLY)
    stage.disturb("platform", REVERSAL, Effect.BAD_GATEWAY, lasting=1)
    stage.expect(purchase(stage, usual_basket("A0001"), Shopper()), OutcomeKind.UNKNOWN)
    stage.counter.restart()
    stage.counter.sign_in()
    nothing_new_meanwhile(stage, "A0002")
    all_known_again(stage, "A0003")


@pytest.mark.case(
    "pharmacy/reversal-refused",
    title="The reversal is refused, and says nothing of the settlement 冲正被拒但未说明原交易",
    requirements=["QH-FUND-SAFETY"],
)
def test_reversal_refused(stage: CounterStage) -> None:
    """A platform that is too busy to reverse has not reversed: the settlement is as unknown as before."""
    stage.counter.sign_in()
    stage.disturb("platform", SETTLEMENT, Effect.LOSE_REPLY)
    stage.disturb("platform", REVERSAL, Effect.REFUSE, lasting=1)
    stage.expect(purchase(stage, usual_basket("A0001"), Shopper()), OutcomeKind.UNKNOWN)
    nothing_new_meanwhile(stage, "A0002")
    all_known_again(stage, "A0003")


@pytest.mark.case(
    "pharmacy/crash-refund",
    title="The adapter is killed while a refund is under way 退费中途被杀",
    requirements=["QH-FUND-SAFETY"],
)
def test_crash_refund(stage: CounterStage) -> None:
    """Started again with what it kept, the adapter finds out what became of the refund."""
    stage.counter.sign_in()
    shopper = Shopper()
    stage.expect_accepted(purchase(stage, usual_basket("A0001"), shopper))
    stage.disturb("platform", REFUND, Effect.LOSE_REPLY)
    kill_when_booked(stage, stage.counter.start_refund("A0001"), shopper, REFUND)
    stage.counter.restart()
    stage.counter.sign_in()
    stage.expect_accepted(stage.counter.resolve())
    good_purchase_works(stage, "A0002")
    stage.settle_day()


@pytest.mark.case(
    "pharmacy/crash-reversal",
    title="The adapter is killed while a reversal is under way 冲正中途被杀",
    requirements=["QH-FUND-SAFETY"],
)
def test_crash_reversal(stage: CounterStage) -> None:
    """The reversal never arrived; started again, the adapter does not take it for done."""
    stage.counter.sign_in()
    stage.disturb("platform", SETTLEMENT, Effect.LOSE_REPLY)
    stage.disturb("platform", REVERSAL, Effect.LOSE_REQUEST)
    operation = stage.counter.purchase(usual_basket("A0001"))
    since = stage.command_at
    if (asked := operation.until_asked()) is not None:
        since = present(stage, asked, Shopper(), since=since)
    if stage.await_prompt_or_answer(since=since) == "prompt":
        answer_prompt(stage, Shopper())
    stage.tape.wait_for(lambda record: _lost(record, REVERSAL), since=since, timeout=stage.patience_s)
    stage.step("the reversal is lost on its way, and the adapter dies")
    stage.counter.kill()
    stage.counter.restart()
    stage.counter.sign_in()
    stage.expect_accepted(stage.counter.resolve())
    good_purchase_works(stage, "A0002")
    stage.settle_day()


def _lost(record: Record, infno: str) -> bool:
    return record.name == "fault-fired" and record.event.get("message") == infno


@pytest.mark.case(
    "pharmacy/crash-straight-on",
    title="The next customer comes right after a crash 重启后直接收费",
    requirements=["QH-FUND-SAFETY"],
)
def test_crash_straight_on(stage: CounterStage) -> None:
    """Nobody asks to resolve: what the crash left in doubt is cleared up before the next customer pays."""
    stage.counter.sign_in()
    shopper = Shopper()
    stage.disturb("platform", SETTLEMENT, Effect.LOSE_REPLY)
    kill_when_booked(stage, stage.counter.purchase(usual_basket("A0001")), shopper, SETTLEMENT)
    stage.counter.restart()
    stage.step("the operator has signed in today, so the next customer is served at once")
    outcome = purchase(stage, usual_basket("A0002"), OTHER)
    stage.expect(outcome, OutcomeKind.ACCEPTED, OutcomeKind.REFUSED)
    if not outcome.accepted:
        stage.counter.sign_in()
        stage.expect_accepted(purchase(stage, usual_basket("A0003"), OTHER.again()))
    stage.settle_day()
