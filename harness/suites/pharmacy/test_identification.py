"""Purchases without a code: ID card, face, social-insurance card; refused, nothing is sold."""

import pytest

from harness.counter.hospital import By
from harness.counter.outcome import Reason
from harness.faults.catalogue import Effect
from harness.scenarios.counter_stage import TERMINAL, CounterStage
from harness.scenarios.identification import NEVER, Answer, Shopper
from harness.scenarios.purchase import good_purchase_works, purchase, usual_basket
from harness.wire.voucher_messages import BOX_RESULT, BOX_SCAN

MOST_TRIES = 20
"""More wrong passwords than any card takes."""
KEYPAD = [
    pytest.param(Answer.WRONG_PASSWORD, Reason.WRONG_PASSWORD, id="wrong"),
    pytest.param(Answer.DECLINE, Reason.DECLINED, id="declined"),
    pytest.param(Answer.NOTHING, Reason.NOT_ANSWERED, id="not-answered"),
]


def bought(stage: CounterStage, shopper: Shopper) -> None:
    """A purchase, refunded, with agreeing books."""
    stage.counter.sign_in()
    stage.expect_accepted(purchase(stage, usual_basket("A0001"), shopper))
    stage.settle_day()
    stage.expect_accepted(stage.counter.refund("A0001"))
    stage.settle_day()


def refused(stage: CounterStage, shopper: Shopper, *reasons: Reason) -> None:
    """Nothing is sold, and the next customer buys."""
    stage.counter.sign_in()
    stage.expect_refused(purchase(stage, usual_basket("A0001"), shopper), *reasons)
    good_purchase_works(stage, "A0002")
    stage.settle_day()


@pytest.mark.case(
    "pharmacy/id-card",
    title="An ID card pays 身份证购药",
    requirements=["QH-ID-CARD-PAY", "QH-BALANCE-NOTICE"],
)
def test_id_card(stage: CounterStage) -> None:
    """Card read, voucher password typed at the terminal, settled."""
    bought(stage, Shopper(by=By.ID_CARD))


@pytest.mark.case(
    "pharmacy/id-card-not-activated",
    title="An ID card without an active voucher 身份证未激活电子凭证",
    requirements=["QH-ID-CARD-PAY"],
)
@pytest.mark.parametrize("person", [pytest.param("P003", id="lapsed"), pytest.param("P005", id="never")])
def test_id_card_not_activated(stage: CounterStage, person: str) -> None:
    """It is refused, nothing is sent to the platform, and the prompt asks to activate."""
    refused(stage, Shopper(person=person, by=By.ID_CARD), Reason.NOT_ACTIVATED)


@pytest.mark.case(
    "pharmacy/id-card-password",
    title="The voucher password at the keypad is not given 身份证支付密码错误、取消、未输入",
    requirements=["QH-ID-CARD-PAY", "QH-FUND-SAFETY"],
)
@pytest.mark.parametrize(("answer", "reason"), KEYPAD)
def test_id_card_password(stage: CounterStage, answer: Answer, reason: Reason) -> None:
    """Nothing is settled."""
    refused(stage, Shopper(by=By.ID_CARD, answer=answer), reason)


@pytest.mark.case(
    "pharmacy/card-not-read",
    title="No card, or one that cannot be read 未放卡、读卡失败",
    requirements=["QH-ID-CARD-PAY"],
)
@pytest.mark.parametrize("how", [NEVER, "unreadable"], ids=["none", "unreadable"])
def test_card_not_read(stage: CounterStage, how: str) -> None:
    """Nobody was identified, so nothing is sent."""
    refused(stage, Shopper(by=By.ID_CARD, how=how), Reason.CARD_UNREADABLE, Reason.NOT_IDENTIFIED)


@pytest.mark.case("pharmacy/face", title="A face pays 刷脸购药", requirements=["QH-FACE", "QH-BALANCE-NOTICE"])
def test_face(stage: CounterStage) -> None:
    """The same flow as a scanned code; the terminal shows the result."""
    bought(stage, Shopper(by=By.FACE))


@pytest.mark.case("pharmacy/face-mismatch", title="The face is another's 人脸核验不通过", requirements=["QH-FACE"])
def test_face_mismatch(stage: CounterStage) -> None:
    """A mismatch authorises nothing; the person's own face does."""
    stage.counter.sign_in()
    shopper = Shopper(by=By.FACE, shows="P009")
    stage.expect_refused(purchase(stage, usual_basket("A0001"), shopper), Reason.FACE_MISMATCH)
    stage.expect_accepted(purchase(stage, usual_basket("A0002"), Shopper(by=By.FACE)))
    stage.settle_day()


@pytest.mark.case(
    "pharmacy/face-disturbed",
    title="A face was accepted, the settlement is disturbed 刷脸后结算异常",
    requirements=["QH-FACE", "QH-FUND-SAFETY"],
)
def test_face_disturbed(stage: CounterStage) -> None:
    """The terminal shows that it failed."""
    stage.counter.sign_in()
    stage.disturb("platform", "2102", Effect.BAD_GATEWAY)
    stage.expect_refused(purchase(stage, usual_basket("A0001"), Shopper(by=By.FACE)), Reason.PLATFORM_UNAVAILABLE)
    good_purchase_works(stage, "A0002")
    stage.settle_day()


@pytest.mark.case(
    "pharmacy/iot-box",
    title="A code or a face pays at Alipay's IoT box 支付宝IoT设备购药",
    requirements=["NX-CHANNELS", "QH-FACE"],
)
@pytest.mark.parametrize("to_box", ["code", "face"])
def test_iot_box(stage: CounterStage, to_box: str) -> None:
    """Whichever the box takes identifies; the box shows what insurance and person pay."""
    bought(stage, Shopper(by=By.IOT_BOX, to_box=to_box))


@pytest.mark.case(
    "pharmacy/iot-box-refused",
    title="Alipay's IoT box takes nothing that identifies 支付宝IoT设备取码失败",
    requirements=["NX-CHANNELS", "QH-FACE"],
)
@pytest.mark.parametrize(
    ("shopper", "reasons"),
    [
        pytest.param(Shopper(by=By.IOT_BOX, kind="pay"), (Reason.WRONG_CODE_KIND,), id="pay-code"),
        pytest.param(Shopper(by=By.IOT_BOX, to_box="face", shows="P009"), (Reason.FACE_MISMATCH,), id="other-face"),
        pytest.param(Shopper(by=By.IOT_BOX, how=NEVER), (), id="nobody"),
    ],
)
def test_iot_box_refused(stage: CounterStage, shopper: Shopper, reasons: tuple[Reason, ...]) -> None:
    """A payment code, another's face, nobody: nothing is sold."""
    refused(stage, shopper, *reasons)


@pytest.mark.case(
    "pharmacy/iot-box-disturbed",
    title="Alipay's IoT box is disturbed 支付宝IoT设备通信异常",
    requirements=["QH-FUND-SAFETY", "QH-FACE"],
)
@pytest.mark.parametrize(
    ("party", "message", "effect", "sold"),
    [
        pytest.param("voucher-centre", BOX_SCAN, Effect.CUT_JSON, False, id="scan-cut-json"),
        pytest.param("voucher-centre", BOX_SCAN, Effect.BAD_GATEWAY, False, id="scan-bad-gateway"),
        pytest.param("platform", "2102", Effect.BAD_GATEWAY, False, id="settlement"),
        pytest.param("voucher-centre", BOX_RESULT, Effect.LOSE_REPLY, True, id="result-lose-reply"),
    ],
)
def test_iot_box_disturbed(stage: CounterStage, party: str, message: str, effect: Effect, sold: bool) -> None:
    """Who was not told who it is sells nothing; a settlement that failed is shown so; a lost result changes nothing."""
    stage.counter.sign_in()
    stage.disturb(party, message, effect)
    outcome = purchase(stage, usual_basket("A0001"), Shopper(by=By.IOT_BOX))
    if sold:
        stage.expect_accepted(outcome)
    else:
        stage.expect_refused(outcome, Reason.VOUCHER_CENTRE_UNAVAILABLE, Reason.PLATFORM_UNAVAILABLE)
    good_purchase_works(stage, "A0002")
    stage.settle_day()


@pytest.mark.case(
    "pharmacy/social-card", title="A social-insurance card pays 社会保障卡购药", requirements=["QH-STANDARD-INTERFACE"]
)
def test_social_card(stage: CounterStage) -> None:
    """Card read, its own password typed, settled; it is typed again for every payment."""
    bought(stage, Shopper(by=By.CARD))
    stage.expect_accepted(purchase(stage, usual_basket("A0002"), Shopper(by=By.CARD)))
    stage.settle_day()


@pytest.mark.case(
    "pharmacy/social-card-password",
    title="The card's password is not given 社保卡密码错误、未输入",
    requirements=["QH-FUND-SAFETY"],
)
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(Answer.WRONG_PASSWORD, Reason.WRONG_PASSWORD, id="wrong"),
        pytest.param(Answer.NOTHING, Reason.NOT_ANSWERED, id="not-answered"),
    ],
)
def test_social_card_password(stage: CounterStage, answer: Answer, reason: Reason) -> None:
    """Nothing is settled."""
    refused(stage, Shopper(by=By.CARD, answer=answer), reason)


@pytest.mark.case(
    "pharmacy/social-card-locked",
    title="Wrong passwords lock the card 社保卡密码错误锁定",
    requirements=["QH-FUND-SAFETY"],
)
def test_social_card_locked(stage: CounterStage) -> None:
    """A locked card takes not even the right password; the prompt says why. Others pay, and once unlocked it does."""
    stage.counter.sign_in()
    thief, owner = Shopper(by=By.CARD, answer=Answer.WRONG_PASSWORD), Shopper(by=By.CARD)
    for tried in range(1, MOST_TRIES + 1):
        outcome = purchase(stage, usual_basket(f"A{tried:04d}"), thief)
        if outcome.reason is Reason.CARD_LOCKED:
            stage.expect_refused(outcome, Reason.CARD_LOCKED)
            break
        stage.expect_refused(outcome, Reason.WRONG_PASSWORD)
    stage.expect_refused(purchase(stage, usual_basket("A0101"), owner), Reason.CARD_LOCKED)
    good_purchase_works(stage, "A0102")
    stage.step("the card office unlocks the card")
    stage.back_doors[TERMINAL].call("/cards/unlock", {"person": owner.person})
    stage.expect_accepted(purchase(stage, usual_basket("A0103"), owner))
    stage.settle_day()
