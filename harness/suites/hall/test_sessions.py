"""A session ends: when the person leaves, when nobody does anything, when somebody else begins."""

import pytest

from harness.counter.hospital import By
from harness.counter.outcome import Reason
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.hall import IDLE_S, OTHER_EMPLOYEE, RESIDENT, insurance, proof, tier, visitor


@pytest.mark.case(
    "hall/leave",
    title="The person leaves 退出会话",
    requirements=["MY-SELF-SERVICE"],
)
def test_leave(stage: CounterStage) -> None:
    """Nothing is left on the screen, and whoever comes next has to identify."""
    stage.counter.sign_in()
    stage.expect_accepted(insurance(stage, visitor()))
    assert stage.counter.screen().what == "insurance"
    stage.expect_accepted(stage.counter.leave())
    assert not stage.counter.screen().what
    stage.expect_accepted(stage.counter.leave())


@pytest.mark.case(
    "hall/idle",
    title="Nobody touches the terminal 会话超时",
    requirements=["MY-SELF-SERVICE"],
)
def test_idle(stage: CounterStage) -> None:
    """What was shown goes after a minute, and not long before."""
    stage.counter.sign_in()
    stage.expect_accepted(proof(stage, visitor()))
    stage.time_goes_on(IDLE_S - 5)
    assert stage.counter.screen().what == "proof"
    stage.time_goes_on(5)
    assert not stage.counter.screen().what
    stage.expect_accepted(tier(stage, visitor(RESIDENT)))
    stage.time_goes_on(2 * IDLE_S)
    assert not stage.counter.screen().what


@pytest.mark.case(
    "hall/next-person",
    title="The next person comes at once 下一位直接办理",
    requirements=["MY-SELF-SERVICE"],
)
def test_next_person(stage: CounterStage) -> None:
    """The next person identifies; nothing of the one before is shown."""
    stage.counter.sign_in()
    stage.expect_accepted(insurance(stage, visitor()))
    stage.expect_accepted(insurance(stage, visitor(RESIDENT)))
    stage.counter.screen()
    stage.expect_accepted(proof(stage, visitor(OTHER_EMPLOYEE, by=By.FACE)))
    stage.counter.screen()


@pytest.mark.case(
    "hall/next-person-refused",
    title="The next person cannot identify 下一位核验失败",
    requirements=["MY-SELF-SERVICE"],
)
def test_next_person_refused(stage: CounterStage) -> None:
    """Whoever fails to identify sees nothing of the one before."""
    stage.counter.sign_in()
    stage.expect_accepted(insurance(stage, visitor()))
    stage.expect_refused(insurance(stage, visitor("P003")), Reason.NOT_ACTIVATED)
    assert not stage.counter.screen().what
    stage.expect_accepted(proof(stage, visitor().again()))
    stage.expect_refused(tier(stage, visitor(OTHER_EMPLOYEE)), Reason.PLATFORM_REFUSED)
    assert not stage.counter.screen().what
