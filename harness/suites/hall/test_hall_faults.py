"""Lost and damaged answers: a change of tier is made once, and nobody is told what did not happen."""

import pytest

from harness.counter.outcome import OutcomeKind, Reason
from harness.faults.catalogue import Effect
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.hall import RESIDENT, insurance, proof, terminal_works, tier, visitor

LOST = (
    Effect.LOSE_REQUEST,
    Effect.LATE_REQUEST,
    Effect.LOSE_REPLY,
    Effect.LATE_REPLY,
    Effect.BAD_GATEWAY,
    Effect.BAD_GATEWAY_AFTER,
    Effect.EMPTY_BODY,
    Effect.CUT_JSON,
    Effect.CUT_CONNECTION,
)
CHANGE = "9802"


@pytest.mark.case(
    "hall/tier-lost",
    title="The answer to a change of tier is lost 档次变更应答丢失",
    requirements=["MY-SELF-SERVICE", "QH-FUND-SAFETY"],
)
@pytest.mark.parametrize("effect", LOST)
def test_tier_lost(stage: CounterStage, effect: Effect) -> None:
    """The change is made once, whatever came of the first message, and told as it was made."""
    stage.counter.sign_in()
    stage.disturb("platform", CHANGE, effect)
    stage.expect(tier(stage, visitor(RESIDENT)), OutcomeKind.ACCEPTED, OutcomeKind.UNKNOWN)
    stage.expect_accepted(stage.counter.resolve())
    terminal_works(stage)


@pytest.mark.case(
    "hall/tier-in-doubt",
    title="The change of tier stays in doubt 档次变更结果未知",
    requirements=["MY-SELF-SERVICE", "QH-FUND-SAFETY"],
)
def test_tier_in_doubt(stage: CounterStage) -> None:
    """While the platform is away the outcome is unknown, other changes wait, and it is resolved afterwards."""
    stage.counter.sign_in()
    for nth in (1, 2, 3):
        stage.disturb("platform", CHANGE, Effect.LOSE_REPLY, nth=nth)
    stage.expect(tier(stage, visitor(RESIDENT)), OutcomeKind.UNKNOWN)
    stage.expect_refused(tier(stage, visitor(RESIDENT).again()), Reason.PLATFORM_UNAVAILABLE)
    stage.expect_accepted(stage.counter.resolve())


@pytest.mark.case(
    "hall/restart",
    title="The terminal restarts with a change in doubt 变更未决时重启",
    requirements=["MY-SELF-SERVICE", "QH-FUND-SAFETY"],
)
def test_restart(stage: CounterStage) -> None:
    """What was in doubt before a restart is resolved after it."""
    stage.counter.sign_in()
    for nth in (1, 2):
        stage.disturb("platform", CHANGE, Effect.LOSE_REPLY, nth=nth)
    stage.expect(tier(stage, visitor(RESIDENT)), OutcomeKind.UNKNOWN)
    stage.counter.restart()
    stage.counter.sign_in()
    stage.expect_accepted(stage.counter.resolve())


@pytest.mark.case(
    "hall/centre-down",
    title="The voucher centre is down 电子凭证中心不可用",
    requirements=["MY-SELF-SERVICE"],
)
@pytest.mark.parametrize("effect", [Effect.BAD_GATEWAY, Effect.EMPTY_BODY, Effect.LOSE_REQUEST])
def test_centre_down(stage: CounterStage, effect: Effect) -> None:
    """Without the centre nobody is identified, so nothing is shown."""
    stage.counter.sign_in()
    stage.disturb("voucher-centre", "ec.query", effect)
    stage.expect_refused(insurance(stage, visitor()), Reason.VOUCHER_CENTRE_UNAVAILABLE)
    terminal_works(stage)


@pytest.mark.case(
    "hall/platform-down",
    title="The platform is down 医保平台不可用",
    requirements=["MY-SELF-SERVICE"],
)
@pytest.mark.parametrize("infno", ["1101", "9801"])
def test_platform_down(stage: CounterStage, infno: str) -> None:
    """Nothing is shown or printed that the platform has not told."""
    stage.counter.sign_in()
    stage.disturb("platform", infno, Effect.BAD_GATEWAY)
    stage.expect_refused(proof(stage, visitor()), Reason.PLATFORM_UNAVAILABLE)
    terminal_works(stage)


@pytest.mark.case(
    "hall/stale-reply",
    title="The answer is that to somebody else's message 应答串包",
    requirements=["MY-SELF-SERVICE"],
)
@pytest.mark.parametrize("message", ["ec.query", "1101", "9801"])
def test_stale_reply(stage: CounterStage, message: str) -> None:
    """A pooled connection is out of step: nobody is given what is about the person before."""
    stage.counter.sign_in()
    stage.disturb("voucher-centre" if message == "ec.query" else "platform", message, Effect.STALE_REPLY, nth=2)
    stage.expect_accepted(proof(stage, visitor()))
    stage.expect(proof(stage, visitor(RESIDENT)), OutcomeKind.ACCEPTED, OutcomeKind.REFUSED)
    terminal_works(stage)
