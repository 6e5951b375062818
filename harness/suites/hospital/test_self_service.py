"""Self-service machines: they settle by the same path without a cashier, and a slip comes only after it."""

import pytest

from harness.counter.hospital import By, Way
from harness.counter.outcome import OutcomeKind, Reason
from harness.faults.catalogue import Effect
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.identification import Answer, Shopper
from harness.scenarios.outpatient import pay, seen_by_doctor
from harness.scenarios.registration import good_registration_works, lock, pay_lock

CITES = ["QH-UNATTENDED", "QH-FUND-SAFETY"]
MACHINE = Shopper(way=Way.SELF_SERVICE)


@pytest.mark.case(
    "hospital/slip-not-confirmed", title="No slip without confirmation 未确认不出凭条", requirements=CITES
)
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(Answer.WRONG_PASSWORD, Reason.WRONG_PASSWORD, id="wrong"),
        pytest.param(Answer.DECLINE, Reason.DECLINED, id="declined"),
        pytest.param(Answer.NOTHING, Reason.NOT_ANSWERED, id="not-answered"),
    ],
)
@pytest.mark.parametrize("by", [By.CODE, By.ID_CARD], ids=lambda by: str(by.value))
def test_slip_not_confirmed(stage: CounterStage, by: By, answer: Answer, reason: Reason) -> None:
    """Nothing is settled and no slip is released."""
    stage.counter.sign_in()
    lock(stage, "R0001")
    patient = Shopper(by=by, way=Way.SELF_SERVICE, answer=answer)
    stage.expect_refused(pay_lock(stage, "R0001", patient), reason)
    good_registration_works(stage, "R0002")
    stage.settle_day()


@pytest.mark.case(
    "hospital/slip-disturbed", title="The settlement is disturbed at a machine 自助机结算异常", requirements=CITES
)
@pytest.mark.parametrize(
    "effect",
    [Effect.LOSE_REQUEST, Effect.LOSE_REPLY, Effect.LATE_REPLY, Effect.BAD_GATEWAY, Effect.DOUBLED_JSON],
    ids=lambda effect: str(effect.value),
)
def test_slip_disturbed(stage: CounterStage, effect: Effect) -> None:
    """A slip comes only when the settlement is known to stand, and once."""
    stage.counter.sign_in()
    patient = seen_by_doctor(stage, MACHINE)
    stage.disturb("platform", "2207", effect)
    stage.expect(pay(stage, patient), OutcomeKind.ACCEPTED, OutcomeKind.REFUSED, OutcomeKind.UNKNOWN)
    stage.counter.resolve()
    good_registration_works(stage, "R0002")
    stage.settle_day()
