"""Nothing is shown to an unidentified person: bad codes, no card, another's face, no sign-in."""

import pytest

from harness.counter.hospital import By
from harness.counter.outcome import Reason
from harness.devices.phone import Shown
from harness.faults.catalogue import Effect
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.hall import (
    EMPLOYEE,
    OTHER_EMPLOYEE,
    RESIDENT,
    insurance,
    proof,
    terminal_works,
    tier,
    visitor,
)
from harness.scenarios.identification import CODE_LIFE_S, NEVER, Shopper, serve


@pytest.mark.case(
    "hall/code-expired",
    title="The code has expired 二维码过期",
    requirements=["MY-SELF-SERVICE", "GS-DYNAMIC-QR"],
)
def test_code_expired(stage: CounterStage) -> None:
    """An old code identifies nobody."""
    stage.counter.sign_in()

    def wait(shown: Shown) -> Shown:
        stage.step_clock(CODE_LIFE_S)
        return shown

    stage.expect_refused(insurance(stage, visitor(), before_scan=wait), Reason.CODE_EXPIRED)
    terminal_works(stage)


@pytest.mark.case(
    "hall/code-used",
    title="A used code 二维码已使用",
    requirements=["MY-SELF-SERVICE", "GS-DYNAMIC-QR"],
)
def test_code_used(stage: CounterStage) -> None:
    """A code that identified once does not identify whoever comes with a picture of it."""
    stage.counter.sign_in()
    kept: list[Shown] = []

    def keep(shown: Shown) -> Shown:
        kept.append(shown)
        return shown

    stage.expect_accepted(insurance(stage, visitor(), before_scan=keep))
    stage.counter.leave()
    stage.step_clock(5)
    stage.expect_refused(insurance(stage, visitor(), before_scan=lambda _: kept[0]), Reason.CODE_USED)


@pytest.mark.case(
    "hall/pay-code",
    title="A pay code 误扫支付码",
    requirements=["MY-SELF-SERVICE"],
)
def test_pay_code(stage: CounterStage) -> None:
    """Another kind of code identifies nobody."""
    stage.counter.sign_in()
    who = Shopper(person=EMPLOYEE, channel="wechat", kind="pay")
    stage.expect_refused(serve(stage, stage.counter.proof(), who), Reason.WRONG_CODE_KIND)
    terminal_works(stage)


@pytest.mark.case(
    "hall/not-activated",
    title="No active voucher 凭证未激活",
    requirements=["MY-SELF-SERVICE", "GS-PHARMACY"],
)
@pytest.mark.parametrize(("by", "person"), [("code", "P003"), ("id-card", "P005"), ("face", "P005")])
def test_not_activated(stage: CounterStage, by: str, person: str) -> None:
    """The person is asked to activate the voucher."""
    stage.counter.sign_in()
    stage.expect_refused(insurance(stage, visitor(person, by=By(by))), Reason.NOT_ACTIVATED)


@pytest.mark.case(
    "hall/not-insured",
    title="Identified, and without insurance 无参保信息",
    requirements=["MY-SELF-SERVICE"],
)
def test_not_insured(stage: CounterStage) -> None:
    """Somebody without an insurance record is told so."""
    stage.counter.sign_in()
    stage.expect_refused(insurance(stage, visitor("P016", by=By.ID_CARD)), Reason.PLATFORM_REFUSED)


@pytest.mark.case(
    "hall/no-scan",
    title="No whole scan 未扫到完整的码",
    requirements=["MY-SELF-SERVICE", "QH-SCANNER-BOX"],
)
def test_no_scan(stage: CounterStage) -> None:
    """What is not a whole code identifies nobody, however often it is tried."""
    stage.counter.sign_in()
    for nth in (1, 2):
        stage.disturb("scanner", "scan", Effect.DROP_BYTE, nth=nth, position=13)
    stage.expect_refused(insurance(stage, visitor()), Reason.SCAN_UNREADABLE)
    terminal_works(stage)


@pytest.mark.case(
    "hall/nobody-there",
    title="Nobody shows anything 无人出示",
    requirements=["MY-SELF-SERVICE"],
)
@pytest.mark.parametrize("by", ["face", "id-card"])
def test_nobody_there(stage: CounterStage, by: str) -> None:
    """Without a face or a card nothing is shown, and the terminal is free again."""
    stage.counter.sign_in()
    nobody = Shopper(person=EMPLOYEE, by=By(by), how=NEVER)
    stage.expect_refused(insurance(stage, nobody), Reason.NOT_IDENTIFIED, Reason.CARD_UNREADABLE)
    assert not stage.counter.screen().what
    terminal_works(stage)


@pytest.mark.case(
    "hall/other-face",
    title="Another's face 人脸不符",
    requirements=["MY-SELF-SERVICE"],
)
def test_other_face(stage: CounterStage) -> None:
    """Somebody who claims to be another is shown nothing."""
    stage.counter.sign_in()
    other = Shopper(person=EMPLOYEE, by=By.FACE, shows=OTHER_EMPLOYEE)
    stage.expect_refused(insurance(stage, other), Reason.FACE_MISMATCH)
    stage.expect_accepted(insurance(stage, visitor(by=By.FACE)))


@pytest.mark.case(
    "hall/card-not-read",
    title="The ID card is not read 身份证读取失败",
    requirements=["MY-SELF-SERVICE"],
)
@pytest.mark.parametrize("how", ["unreadable", "pulled-out", "wrong-kind"])
def test_card_not_read(stage: CounterStage, how: str) -> None:
    """A card that cannot be read identifies nobody; put on again, it does."""
    stage.counter.sign_in()
    badly = Shopper(person=EMPLOYEE, by=By.ID_CARD, how=how)
    stage.expect_refused(proof(stage, badly), Reason.CARD_UNREADABLE)
    stage.expect_accepted(proof(stage, visitor(by=By.ID_CARD)))


@pytest.mark.case(
    "hall/not-signed-in",
    title="Without sign-in 未签到",
    requirements=["MY-SELF-SERVICE"],
)
def test_not_signed_in(stage: CounterStage) -> None:
    """Before the day's sign-in nobody is even asked to identify."""
    for ask in (insurance, proof):
        stage.expect_refused(ask(stage, visitor()), Reason.NOT_SIGNED_IN)
    stage.expect_refused(tier(stage, visitor(RESIDENT)), Reason.NOT_SIGNED_IN)
    stage.counter.sign_in()
    stage.expect_accepted(insurance(stage, visitor(OTHER_EMPLOYEE)))
