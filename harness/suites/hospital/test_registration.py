"""Registrations that succeed: at the window, at a machine, on the phone, by every way of identification."""

import pytest

from harness.counter.hospital import By, Way
from harness.counter.outcome import Reason
from harness.faults.catalogue import Effect
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.identification import Answer, Shopper
from harness.scenarios.insurance import MOVER, moves
from harness.scenarios.registration import (
    NEXT_PATIENT,
    PATIENT,
    good_registration_works,
    lock,
    offered,
    pay_lock,
    registered,
)


@pytest.mark.case(
    "hospital/registration",
    title="A good registration 正常挂号",
    requirements=[
        "MY-OUTPATIENT-REGISTER",
        "NX-ORIGINAL-SETTLEMENT-PATH",
        "QH-STANDARD-INTERFACE",
        "QH-BALANCE-NOTICE",
        "QH-CLEARING",
    ],
)
def test_registration(stage: CounterStage) -> None:
    """Department, doctor and slot chosen, locked, paid; the phone shows what was paid; books and totals agree."""
    stage.counter.sign_in()
    outcome = registered(stage, "R0001")
    seen = {notice.setl_id for notice in stage.phone.notices(PATIENT.person)}
    assert outcome.setl_id in seen, "the patient does not see the payment on the phone"
    stage.settle_day()


@pytest.mark.case(
    "hospital/registration-by",
    title="Registration by each way of identification 各种身份核验方式挂号",
    requirements=["MY-OUTPATIENT-REGISTER", "QH-ID-CARD-PAY", "QH-FACE"],
)
@pytest.mark.parametrize("way", [Way.WINDOW, Way.SELF_SERVICE], ids=lambda way: str(way.value))
@pytest.mark.parametrize("by", [By.CODE, By.ID_CARD, By.FACE, By.CARD], ids=lambda by: str(by.value))
def test_registration_by(stage: CounterStage, by: By, way: Way) -> None:
    """Whatever is presented, the same registration follows; at a machine a slip is released."""
    stage.counter.sign_in()
    registered(stage, "R0001", Shopper(by=by, way=way))
    stage.settle_day()


@pytest.mark.case(
    "hospital/registration-mobile",
    title="Registration on the phone 手机预约挂号",
    requirements=["MY-OUTPATIENT-REGISTER"],
)
def test_registration_mobile(stage: CounterStage) -> None:
    """On the phone the same steps, marked as mobile."""
    stage.counter.sign_in()
    registered(stage, "R0001", Shopper(way=Way.MOBILE))
    stage.settle_day()


@pytest.mark.case(
    "hospital/registration-person",
    title="Patients of every kind 各类参保人挂号",
    requirements=["MY-OUTPATIENT-REGISTER", "QH-STANDARD-INTERFACE"],
)
@pytest.mark.parametrize(
    "person",
    [
        pytest.param("P002", id="small-account"),
        pytest.param("P004", id="resident"),
        pytest.param("P006", id="rare-character"),
        pytest.param("P007", id="middle-dot"),
        pytest.param("P008", id="pensioner"),
    ],
)
def test_registration_person(stage: CounterStage, person: str) -> None:
    """An account of 5 yuan, a resident, names with rare characters, a pensioner: each is registered."""
    stage.counter.sign_in()
    registered(stage, "R0001", Shopper(person=person))
    stage.settle_day()


@pytest.mark.case(
    "hospital/registration-account-not-used",
    title="The patient does not want the account to be used 不使用个人账户",
    requirements=["MY-OUTPATIENT-REGISTER"],
)
def test_account_not_used(stage: CounterStage) -> None:
    """Nothing leaves the personal account."""
    stage.counter.sign_in()
    lock(stage, "R0001")
    outcome = stage.expect_accepted(pay_lock(stage, "R0001", PATIENT, use_account=False))
    assert outcome.amounts is not None
    assert outcome.amounts.account == 0, "the account was used"
    stage.settle_day()


@pytest.mark.case(
    "hospital/registration-password",
    title="The payment is not confirmed 挂号未确认支付",
    requirements=["MY-OUTPATIENT-REGISTER", "QH-FUND-SAFETY"],
)
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(Answer.WRONG_PASSWORD, Reason.WRONG_PASSWORD, id="wrong"),
        pytest.param(Answer.DECLINE, Reason.DECLINED, id="declined"),
        pytest.param(Answer.NOTHING, Reason.NOT_ANSWERED, id="not-answered"),
    ],
)
def test_password(stage: CounterStage, answer: Answer, reason: Reason) -> None:
    """Nothing is booked, the visit is cancelled, the place is offered again, and the same person then registers."""
    stage.counter.sign_in()
    slot = lock(stage, "R0001")
    stage.expect_refused(pay_lock(stage, "R0001", Shopper(answer=answer)), reason)
    stage.counter.slots(stage.today.fromisoformat(slot.day))
    registered(stage, "R0002", PATIENT.again())
    stage.settle_day()


@pytest.mark.case(
    "hospital/two-patients",
    title="Two patients one after the other 连续两位患者",
    requirements=["MY-OUTPATIENT-REGISTER", "QH-CLEARING"],
)
def test_two_patients(stage: CounterStage) -> None:
    """Each is registered under their own number, with the doctor of their own slot; the day's totals hold both."""
    stage.counter.sign_in()
    registered(stage, "R0001", PATIENT)
    lock(stage, "R0002", slot=offered(stage)[-1])
    stage.expect_accepted(pay_lock(stage, "R0002", NEXT_PATIENT))
    stage.settle_day()


@pytest.mark.case(
    "hospital/insurance-moved",
    title="Somebody's insurance moves between two registrations 两次挂号之间参保关系转移",
    requirements=["MY-OUTPATIENT-REGISTER", "QH-FUND-SAFETY"],
)
def test_insurance_moved(stage: CounterStage) -> None:
    """The second registration is settled under the insurance of now, which the platform alone knows."""
    stage.counter.sign_in()
    registered(stage, "R0001", MOVER)
    moves(stage)
    lock(stage, "R0002", slot=offered(stage)[-1])
    stage.expect_accepted(pay_lock(stage, "R0002", MOVER.again()))
    stage.settle_day()


@pytest.mark.case(
    "hospital/sign-in-missing",
    title="No sign-in today 未签到",
    requirements=["QH-STANDARD-INTERFACE"],
)
def test_sign_in_missing(stage: CounterStage) -> None:
    """Without 9001 nothing is registered; after it the counter works."""
    lock(stage, "R0001")
    stage.expect_refused(pay_lock(stage, "R0001", PATIENT), Reason.NOT_SIGNED_IN)
    stage.expect_accepted(stage.counter.sign_in())
    good_registration_works(stage, "R0002")


@pytest.mark.case(
    "hospital/centre-down",
    title="The voucher centre does not answer properly 凭证中心异常",
    requirements=["QH-FUND-SAFETY"],
)
@pytest.mark.parametrize(
    "effect", [Effect.BAD_GATEWAY, Effect.EMPTY_BODY, Effect.LOSE_REQUEST], ids=lambda effect: str(effect.value)
)
def test_centre_down(stage: CounterStage, effect: Effect) -> None:
    """Nobody was identified, so nothing is sent; the next patient is registered."""
    stage.counter.sign_in()
    lock(stage, "R0001")
    stage.disturb("voucher-centre", "ec.query", effect)
    stage.expect_refused(pay_lock(stage, "R0001", PATIENT), Reason.VOUCHER_CENTRE_UNAVAILABLE)
    good_registration_works(stage, "R0002")
