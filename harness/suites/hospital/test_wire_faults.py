"""Faults between adapter and platform: whatever is lost, late or garbled, no fen is lost or doubled."""

import pytest

from harness.counter.hospital import By, Way
from harness.counter.outcome import OutcomeKind, Reason
from harness.faults.catalogue import Effect
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.identification import Shopper
from harness.scenarios.inpatient import (
    BED,
    OPERATION,
    STAY,
    admit,
    admitted,
    charged,
    discharged,
    ready_to_settle,
    settle,
)
from harness.scenarios.outpatient import paid, pay, refund_part, seen_by_doctor
from harness.scenarios.registration import (
    NEXT_PATIENT,
    PATIENT,
    good_registration_works,
    lock,
    pay_lock,
    registered,
)

CITES = ["QH-FUND-SAFETY", "QH-STANDARD-INTERFACE"]
ANY_END = (OutcomeKind.ACCEPTED, OutcomeKind.REFUSED, OutcomeKind.UNKNOWN)
"""An adapter may save what was disturbed or take it back; the books decide whether it did so properly."""
EVERY = (
    Effect.LOSE_REQUEST,
    Effect.LATE_REQUEST,
    Effect.LOSE_REPLY,
    Effect.LATE_REPLY,
    Effect.BAD_GATEWAY,
    Effect.BAD_GATEWAY_AFTER,
    Effect.GATEWAY_TIMEOUT_AFTER,
    Effect.EMPTY_BODY,
    Effect.CUT_JSON,
    Effect.DOUBLED_JSON,
    Effect.WRONG_CHARSET,
    Effect.CUT_CONNECTION,
)


def faults(*rows: tuple[str, tuple[Effect, ...]]) -> list[object]:
    """A parameter for each effect on each message, named after both."""
    return [pytest.param(infno, effect, id=f"{infno}-{effect.value}") for infno, effects in rows for effect in effects]


def finished(stage: CounterStage, order: str = "R0009") -> None:
    """What is unknown is resolved, the next patient is served, and the books agree."""
    stage.counter.resolve()
    good_registration_works(stage, order)
    stage.settle_day()


@pytest.mark.case("hospital/register-disturbed", title="A registration is disturbed 挂号报文异常", requirements=CITES)
@pytest.mark.parametrize(
    ("infno", "effect"),
    faults(
        ("1101", (Effect.BAD_GATEWAY,)),
        ("2201", (Effect.LOSE_REQUEST, Effect.LOSE_REPLY, Effect.LATE_REPLY, Effect.CUT_JSON, Effect.DOUBLED_JSON)),
        ("2203", (Effect.LOSE_REPLY,)),
        ("2204", (Effect.LOSE_REQUEST, Effect.LOSE_REPLY, Effect.BAD_GATEWAY, Effect.EMPTY_BODY)),
        ("2206", (Effect.BAD_GATEWAY, Effect.CUT_JSON, Effect.WRONG_CHARSET)),
        ("2207", EVERY),
    ),
)
def test_register(stage: CounterStage, infno: str, effect: Effect) -> None:
    """Registered, or nothing is left of it; then the next patient is registered."""
    stage.counter.sign_in()
    lock(stage, "R0001")
    stage.disturb("platform", infno, effect)
    stage.expect(pay_lock(stage, "R0001", PATIENT), *ANY_END)
    finished(stage)


@pytest.mark.case("hospital/stale-reply", title="The answer is another patient's 应答串包", requirements=CITES)
@pytest.mark.parametrize("infno", ["2201", "2204", "2206", "2207"])
def test_stale_reply(stage: CounterStage, infno: str) -> None:
    """A pooled connection is out of step: nobody is registered or pays as the patient before, and the books agree."""
    stage.counter.sign_in()
    stage.disturb("platform", infno, Effect.STALE_REPLY, nth=2)
    registered(stage, "R0001", PATIENT)
    lock(stage, "R0002")
    stage.expect(pay_lock(stage, "R0002", Shopper(person="P002")), *ANY_END)
    finished(stage)


@pytest.mark.case("hospital/pay-disturbed", title="A payment of fees is disturbed 缴费报文异常", requirements=CITES)
@pytest.mark.parametrize(
    ("infno", "effect"),
    faults(
        ("2204", (Effect.LOSE_REQUEST, Effect.LOSE_REPLY, Effect.LATE_REQUEST, Effect.CUT_JSON)),
        ("2206", (Effect.EMPTY_BODY, Effect.LOSE_REQUEST)),
        ("2207", (Effect.LOSE_REQUEST, Effect.LOSE_REPLY, Effect.LATE_REPLY, Effect.CUT_JSON, Effect.DOUBLED_JSON)),
    ),
)
def test_pay(stage: CounterStage, infno: str, effect: Effect) -> None:
    """The record is paid, or still waits and is paid then: no detail and no fen twice."""
    stage.counter.sign_in()
    patient = seen_by_doctor(stage)
    stage.disturb("platform", infno, effect)
    outcome = stage.expect(pay(stage, patient), *ANY_END)
    stage.counter.resolve()
    if not outcome.accepted and effect is Effect.LATE_REQUEST:
        stage.step("the late upload arrived after it was withdrawn: it may be found only now")
        outcome = stage.expect(pay(stage, patient), *ANY_END)
    if not outcome.accepted:
        stage.expect_accepted(pay(stage, patient))
    finished(stage)


@pytest.mark.case(
    "hospital/refund-part-disturbed", title="A partial refund is disturbed 部分退费报文异常", requirements=CITES
)
@pytest.mark.parametrize(
    ("infno", "effect"),
    faults(
        ("2208", (Effect.LOSE_REQUEST, Effect.LOSE_REPLY, Effect.CUT_JSON)),
        ("2205", (Effect.LOSE_REPLY, Effect.BAD_GATEWAY)),
        ("2204", (Effect.LOSE_REPLY,)),
        ("2207", (Effect.LOSE_REQUEST, Effect.LOSE_REPLY)),
    ),
)
def test_refund_part(stage: CounterStage, infno: str, effect: Effect) -> None:
    """The old settlement stands or is undone, the new one stands or is not: both sides say the same."""
    stage.counter.sign_in()
    patient = paid(stage)
    stage.disturb("platform", infno, effect)
    stage.expect(refund_part(stage, patient, (0, 1)), *ANY_END)
    finished(stage)


@pytest.mark.case("hospital/reversal-lost", title="The reversal is lost too 冲正也丢失", requirements=CITES)
@pytest.mark.parametrize(
    "effect", [Effect.LOSE_REQUEST, Effect.LOSE_REPLY, Effect.BAD_GATEWAY], ids=lambda effect: str(effect.value)
)
@pytest.mark.parametrize("infno", ["2207", "2304", "2401"])
def test_reversal_lost(stage: CounterStage, infno: str, effect: Effect) -> None:
    """Unknown stays unknown until it is resolved; it is never called refused, and nothing is settled twice."""
    stage.counter.sign_in()
    patient = PATIENT
    if infno == "2207":
        lock(stage, "R0001")
    elif infno == "2304":
        patient = ready_to_settle(stage)
    stage.disturb("platform", infno, Effect.LOSE_REPLY)
    stage.disturb("platform", "2601", effect)
    match infno:
        case "2207":
            stage.expect(pay_lock(stage, "R0001", patient), *ANY_END)
        case "2304":
            stage.expect(settle(stage, patient), *ANY_END)
        case _:
            stage.expect(admit(stage, patient), *ANY_END)
    finished(stage)


@pytest.mark.case(
    "hospital/unknown-stays",
    title="Neither settlement nor reversal is answered for a while 结算与冲正均无应答",
    requirements=["QH-FUND-SAFETY"],
)
@pytest.mark.parametrize("infno", ["2207", "2304"])
def test_unknown_stays(stage: CounterStage, infno: str) -> None:
    """However often it is reversed, it is unknown until that is answered; nothing else is booked, no slip comes out."""
    stage.counter.sign_in()
    patient = Shopper(by=By.FACE, way=Way.SELF_SERVICE)
    if infno == "2304":
        patient = ready_to_settle(stage)
    else:
        lock(stage, "R0001")
    lock(stage, "R0002")
    stage.disturb("platform", infno, Effect.LOSE_REPLY)
    stage.disturb("platform", "2601", Effect.BAD_GATEWAY, lasting=1)
    outcome = settle(stage, patient) if infno == "2304" else pay_lock(stage, "R0001", patient)
    stage.expect(outcome, OutcomeKind.UNKNOWN)
    stage.step("the next patient comes while an outcome is unknown")
    stage.expect_refused(pay_lock(stage, "R0002", NEXT_PATIENT), Reason.PLATFORM_UNAVAILABLE)
    stage.expect(stage.counter.resolve(), OutcomeKind.UNKNOWN)
    stage.settle_day()
    stage.restore("platform")
    stage.expect_accepted(stage.counter.resolve())
    stage.expect_accepted(pay_lock(stage, "R0002", NEXT_PATIENT.again()))
    stage.settle_day()


@pytest.mark.case("hospital/admit-disturbed", title="An admission is disturbed 入院报文异常", requirements=CITES)
@pytest.mark.parametrize(
    "effect",
    [Effect.LOSE_REQUEST, Effect.LOSE_REPLY, Effect.CUT_JSON, Effect.DOUBLED_JSON, Effect.EMPTY_BODY],
    ids=lambda effect: str(effect.value),
)
def test_admit(stage: CounterStage, effect: Effect) -> None:
    """Admitted, or nothing is left of it and the person is admitted then."""
    stage.counter.sign_in()
    stage.disturb("platform", "2401", effect)
    outcome = stage.expect(admit(stage, PATIENT), *ANY_END)
    stage.counter.resolve()
    order = STAY
    if not outcome.accepted:
        order = "I0002"
        stage.expect_accepted(admit(stage, PATIENT.again(), order))
    charged(stage, order=order)
    discharged(stage, order)
    stage.expect_accepted(settle(stage, PATIENT.again(), order))
    stage.settle_day()


@pytest.mark.case(
    "hospital/charge-disturbed", title="An upload of fees is disturbed 住院费用上传异常", requirements=CITES
)
@pytest.mark.parametrize(
    "effect",
    [Effect.LOSE_REQUEST, Effect.LOSE_REPLY, Effect.BAD_GATEWAY, Effect.CUT_JSON],
    ids=lambda effect: str(effect.value),
)
def test_charge(stage: CounterStage, effect: Effect) -> None:
    """The fees are there once, however often it takes to say so, and settled once."""
    stage.counter.sign_in()
    patient = admitted(stage)
    stage.disturb("platform", "2301", effect)
    outcome = stage.expect(stage.counter.charge(STAY, (OPERATION, BED)), *ANY_END)
    stage.counter.resolve()
    if not outcome.accepted:
        charged(stage, OPERATION, BED)
    discharged(stage)
    settled = stage.expect_accepted(settle(stage, patient))
    assert settled.amounts is not None
    assert settled.amounts.total == OPERATION.amount + BED.amount, "the fees are not settled once"
    stage.settle_day()


@pytest.mark.case(
    "hospital/settle-disturbed", title="A stay's settlement is disturbed 住院结算报文异常", requirements=CITES
)
@pytest.mark.parametrize(
    ("infno", "effect"),
    faults(
        ("2402", (Effect.LOSE_REPLY, Effect.LOSE_REQUEST)),
        ("2303", (Effect.BAD_GATEWAY,)),
        (
            "2304",
            (
                Effect.LOSE_REQUEST,
                Effect.LATE_REQUEST,
                Effect.LOSE_REPLY,
                Effect.LATE_REPLY,
                Effect.BAD_GATEWAY,
                Effect.EMPTY_BODY,
                Effect.CUT_JSON,
                Effect.DOUBLED_JSON,
                Effect.WRONG_CHARSET,
            ),
        ),
    ),
)
def test_settle(stage: CounterStage, infno: str, effect: Effect) -> None:
    """The stay is settled, or still to be settled and settled then: once."""
    stage.counter.sign_in()
    patient = admitted(stage)
    charged(stage)
    stage.disturb("platform", infno, effect)
    left = stage.expect(stage.counter.discharge(STAY), *ANY_END)
    if not left.accepted:
        discharged(stage)
    outcome = stage.expect(settle(stage, patient), *ANY_END)
    stage.counter.resolve()
    if not outcome.accepted:
        stage.expect_accepted(settle(stage, patient))
    finished(stage)


@pytest.mark.case(
    "hospital/stay-refund-disturbed", title="A stay's refund is disturbed 住院退费报文异常", requirements=CITES
)
@pytest.mark.parametrize(
    "effect",
    [Effect.LOSE_REQUEST, Effect.LOSE_REPLY, Effect.BAD_GATEWAY_AFTER],
    ids=lambda effect: str(effect.value),
)
def test_stay_refund(stage: CounterStage, effect: Effect) -> None:
    """Whether the refund stands or not, both sides say the same."""
    stage.counter.sign_in()
    patient = ready_to_settle(stage)
    stage.expect_accepted(settle(stage, patient))
    stage.disturb("platform", "2305", effect)
    stage.expect(stage.counter.refund(STAY), *ANY_END)
    finished(stage)


@pytest.mark.case("hospital/platform-down", title="The platform is down for a while 平台中断", requirements=CITES)
def test_platform_down(stage: CounterStage) -> None:
    """Nothing is settled meanwhile; when it is back, the same patient is registered."""
    stage.counter.sign_in()
    lock(stage, "R0001")
    for nth in (1, 2, 3):
        stage.disturb("platform", "1101", Effect.BAD_GATEWAY, nth=nth)
    for _ in range(3):
        stage.expect_refused(pay_lock(stage, "R0001", PATIENT.again()), Reason.PLATFORM_UNAVAILABLE)
    stage.expect_accepted(pay_lock(stage, "R0001", PATIENT.again()))
    registered(stage, "R0002", NEXT_PATIENT)
    stage.settle_day()
