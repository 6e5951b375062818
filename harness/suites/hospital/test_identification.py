"""Identification without a code: ID card, face, social-insurance card; refused, nothing is settled."""

import pytest

from harness.counter.hospital import By, Way
from harness.counter.outcome import OutcomeKind, Reason
from harness.devices.phone import Shown
from harness.faults.catalogue import Effect
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.identification import NEVER, Answer, Shopper
from harness.scenarios.purchase import CODE_LIFE_S
from harness.scenarios.registration import PATIENT, good_registration_works, lock, pay_lock, registered


def refused_then_works(stage: CounterStage, patient: Shopper, *reasons: Reason) -> None:
    """A registration is refused, and somebody else's works."""
    stage.counter.sign_in()
    lock(stage, "R0001")
    stage.expect_refused(pay_lock(stage, "R0001", patient), *reasons)
    good_registration_works(stage, "R0002")
    stage.settle_day()


@pytest.mark.case(
    "hospital/id-card-not-activated",
    title="An ID card without an active voucher 身份证未激活电子凭证",
    requirements=["QH-ID-CARD-PAY"],
)
@pytest.mark.parametrize("person", [pytest.param("P003", id="lapsed"), pytest.param("P005", id="never")])
@pytest.mark.parametrize("way", [Way.WINDOW, Way.SELF_SERVICE], ids=lambda way: str(way.value))
def test_not_activated(stage: CounterStage, person: str, way: Way) -> None:
    """It is refused, nothing is sent to the platform, and the prompt asks to activate."""
    refused_then_works(stage, Shopper(person=person, by=By.ID_CARD, way=way), Reason.NOT_ACTIVATED)


@pytest.mark.case(
    "hospital/id-card-password",
    title="The voucher password at the keypad is not given 身份证支付密码错误、取消、未输入",
    requirements=["QH-ID-CARD-PAY", "QH-FUND-SAFETY"],
)
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(Answer.WRONG_PASSWORD, Reason.WRONG_PASSWORD, id="wrong"),
        pytest.param(Answer.DECLINE, Reason.DECLINED, id="declined"),
        pytest.param(Answer.NOTHING, Reason.NOT_ANSWERED, id="not-answered"),
    ],
)
def test_id_card_password(stage: CounterStage, answer: Answer, reason: Reason) -> None:
    """Nothing is settled; with the password the same card pays."""
    stage.counter.sign_in()
    lock(stage, "R0001")
    stage.expect_refused(pay_lock(stage, "R0001", Shopper(by=By.ID_CARD, answer=answer)), reason)
    registered(stage, "R0002", Shopper(by=By.ID_CARD))
    stage.settle_day()


@pytest.mark.case(
    "hospital/card-not-read",
    title="No card, or one that cannot be read 未放卡、读卡失败",
    requirements=["QH-ID-CARD-PAY"],
)
@pytest.mark.parametrize("how", [NEVER, "unreadable"], ids=["none", "unreadable"])
@pytest.mark.parametrize("by", [By.ID_CARD, By.CARD], ids=lambda by: str(by.value))
def test_card_not_read(stage: CounterStage, by: By, how: str) -> None:
    """Nobody was identified, so nothing is sent."""
    reasons = (Reason.CARD_UNREADABLE, Reason.NOT_IDENTIFIED)
    refused_then_works(stage, Shopper(by=by, how=how), *reasons)


@pytest.mark.case("hospital/face-mismatch", title="The face is another's 人脸核验不通过", requirements=["QH-FACE"])
@pytest.mark.parametrize("way", [Way.WINDOW, Way.SELF_SERVICE], ids=lambda way: str(way.value))
def test_face_mismatch(stage: CounterStage, way: Way) -> None:
    """A mismatch authorises nothing; the person's own face does."""
    stage.counter.sign_in()
    lock(stage, "R0001")
    stage.expect_refused(pay_lock(stage, "R0001", Shopper(by=By.FACE, shows="P009", way=way)), Reason.FACE_MISMATCH)
    registered(stage, "R0002", Shopper(by=By.FACE, way=way))
    stage.settle_day()


@pytest.mark.case(
    "hospital/face-not-activated",
    title="A face without an active voucher 刷脸未激活电子凭证",
    requirements=["QH-FACE"],
)
def test_face_not_activated(stage: CounterStage) -> None:
    """Whoever has no voucher is asked to activate it."""
    refused_then_works(stage, Shopper(person="P005", by=By.FACE), Reason.NOT_ACTIVATED)


@pytest.mark.case(
    "hospital/face-disturbed",
    title="A face was accepted, the settlement is disturbed 刷脸后结算异常",
    requirements=["QH-FACE", "QH-FUND-SAFETY"],
)
@pytest.mark.parametrize(
    "effect",
    [Effect.LOSE_REQUEST, Effect.LOSE_REPLY, Effect.BAD_GATEWAY, Effect.DOUBLED_JSON],
    ids=lambda effect: str(effect.value),
)
def test_face_disturbed(stage: CounterStage, effect: Effect) -> None:
    """The terminal shows how it ended, with the amounts as booked."""
    stage.counter.sign_in()
    lock(stage, "R0001")
    stage.disturb("platform", "2207", effect)
    stage.expect(pay_lock(stage, "R0001", Shopper(by=By.FACE)), OutcomeKind.ACCEPTED, OutcomeKind.REFUSED)
    stage.counter.resolve()
    good_registration_works(stage, "R0002")
    stage.settle_day()


@pytest.mark.case(
    "hospital/card-pin",
    title="The social-insurance card's password is not given 社保卡密码错误、未输入",
    requirements=["QH-FUND-SAFETY"],
)
@pytest.mark.parametrize(
    ("answer", "reasons"),
    [
        pytest.param(Answer.WRONG_PASSWORD, (Reason.WRONG_PASSWORD,), id="wrong"),
        pytest.param(Answer.DECLINE, (Reason.DECLINED, Reason.NOT_ANSWERED), id="declined"),
        pytest.param(Answer.NOTHING, (Reason.NOT_ANSWERED,), id="not-answered"),
    ],
)
def test_card_pin(stage: CounterStage, answer: Answer, reasons: tuple[Reason, ...]) -> None:
    """Nothing is settled; with its password the same card pays."""
    stage.counter.sign_in()
    lock(stage, "R0001")
    stage.expect_refused(pay_lock(stage, "R0001", Shopper(by=By.CARD, answer=answer)), *reasons)
    registered(stage, "R0002", Shopper(by=By.CARD))
    stage.settle_day()


@pytest.mark.case(
    "hospital/code-refused",
    title="A code that identifies nobody 无效二维码",
    requirements=["QH-FUND-SAFETY"],
)
@pytest.mark.parametrize(
    ("patient", "reason"),
    [
        pytest.param(Shopper(kind="pay"), Reason.WRONG_CODE_KIND, id="pay-code"),
        pytest.param(Shopper(person="P003"), Reason.NOT_ACTIVATED, id="lapsed"),
    ],
)
def test_code_refused(stage: CounterStage, patient: Shopper, reason: Reason) -> None:
    """Nothing is sent to the platform."""
    refused_then_works(stage, patient, reason)


@pytest.mark.case(
    "hospital/code-expired",
    title="The code expires between showing and scanning 二维码过期",
    requirements=["GS-DYNAMIC-QR"],
)
def test_code_expired(stage: CounterStage) -> None:
    """Nothing is sent to the platform; a fresh code pays for the same slot."""
    stage.counter.sign_in()
    lock(stage, "R0001")

    def wait(shown: Shown) -> Shown:
        stage.step_clock(CODE_LIFE_S)
        return shown

    stage.expect_refused(pay_lock(stage, "R0001", PATIENT, before_scan=wait), Reason.CODE_EXPIRED)
    registered(stage, "R0002", PATIENT.again())
    stage.settle_day()


@pytest.mark.case(
    "hospital/code-used",
    title="A code is used twice 二维码重复使用",
    requirements=["GS-DYNAMIC-QR", "QH-FUND-SAFETY"],
)
def test_code_used(stage: CounterStage) -> None:
    """A code that was decoded once is spent, although it has not expired."""
    stage.counter.sign_in()
    kept: list[Shown] = []

    def keep(shown: Shown) -> Shown:
        kept.append(shown)
        return shown

    lock(stage, "R0001")
    stage.expect_accepted(pay_lock(stage, "R0001", PATIENT, before_scan=keep))
    stage.step_clock(5)  # the box reads the same code again
    lock(stage, "R0002", in_days=1)
    refused = pay_lock(stage, "R0002", PATIENT, before_scan=lambda _: kept[0])
    stage.expect_refused(refused, Reason.CODE_USED)
    good_registration_works(stage, "R0003")
    stage.settle_day()
