"""What the library asks at a terminal: a scan, a face, an ID card, and the result on the screen."""

from dataclasses import dataclass, replace

import pytest

from harness.scenarios.centre_stage import CentreStage
from harness.wire import voucher_calls as calls
from harness.wire.voucher_calls import Desk, ResultNotice
from harness.wire.voucher_messages import FACE_CHECK, FACE_START, READ_CARD, TERMINAL_SCAN, CentreReply

ONE_CODE, DYNAMIC = ["NX-ONE-CODE"], ["GS-DYNAMIC-QR"]


def _present(stage: CentreStage, thing: str, text: str, desk: Desk | None = None) -> None:
    stage.ask(calls.present((desk or stage.desk).institution, thing, text))


def _scan(stage: CentreStage, *reasons: str, desk: Desk | None = None) -> CentreReply:
    return stage.ask(calls.at_terminal(desk or stage.desk, TERMINAL_SCAN), *reasons)


@dataclass(frozen=True)
class Auth:
    """A face check that an institution has begun."""

    number: str
    business_number: str


def _begin(stage: CentreStage, business_number: str = "", *reasons: str, desk: Desk | None = None) -> Auth:
    given = business_number or stage.business_number()
    call = calls.at_terminal(desk or stage.desk, FACE_START, outBizNo=given)
    return Auth(str(stage.ask(call, *reasons).data.get("authNo", "")), given)


def _check(stage: CentreStage, auth: Auth, *reasons: str, desk: Desk | None = None) -> CentreReply:
    call = calls.at_terminal(desk or stage.desk, FACE_CHECK, authNo=auth.number, outBizNo=auth.business_number)
    return stage.ask(call, *reasons)


def _notice(stage: CentreStage, auth: Auth, person: str, **other: str) -> ResultNotice:
    known = stage.person(person)
    given = {"total": "10.00", "fund": "6.00", "account": "3.00", "own": "1.00", "settlement": "S000001", **other}
    return ResultNotice(
        auth_no=auth.number,
        business_number=auth.business_number,
        id_no=known.id_no,
        name=known.name,
        at=stage.now,
        **given,
    )


@pytest.mark.case("voucher/terminal-scan", title="Scan at the terminal 综合终端扫码", requirements=DYNAMIC)
def test_terminal_scan(stage: CentreStage) -> None:
    """What lies before the terminal is decoded like a cashier's scan: once, while it lives, of its own kind."""
    code = stage.code(stage.holder("P001"))
    _present(stage, "code", code)
    assert _scan(stage).identity().id_no == stage.person("P001").id_no
    _present(stage, "code", code)
    _scan(stage, "used")
    _present(stage, "code", "134567890123456789")
    _scan(stage, "wrong-kind")
    _present(stage, "code", stage.code(stage.holder("P002", "wechat")))
    assert _scan(stage).identity().channel == "wechat"


@pytest.mark.case("voucher/terminal-waits", title="The call waits for the patient 等待扫码", requirements=DYNAMIC)
def test_terminal_waits(stage: CentreStage) -> None:
    """A call that began before the patient came gets the code, and only at its own institution."""
    held = stage.begin(calls.at_terminal(stage.desk, TERMINAL_SCAN))
    theirs, mine = stage.code(stage.holder("P002")), stage.code(stage.holder("P001"))
    _present(stage, "code", theirs, stage.other_desk)
    reply = stage.ended_by(calls.present(stage.desk.institution, "code", mine), held)
    stage.expect()
    assert reply.identity().id_no == stage.person("P001").id_no
    assert _scan(stage, desk=stage.other_desk).identity().id_no == stage.person("P002").id_no


@pytest.mark.case("voucher/terminal-timeout", title="Nobody comes 等待超时", requirements=DYNAMIC)
def test_terminal_timeout(stage: CentreStage) -> None:
    """A call that gets nothing in its time ends and says so; the next one is served."""
    held = stage.begin(calls.at_terminal(stage.desk, TERMINAL_SCAN))
    stage.step_clock(stage.terms.scan_s)
    held.answer()
    stage.expect("scan-timeout")
    stage.still_serves()


@pytest.mark.case("voucher/terminal-cancelled", title="The patient cancels 用户取消", requirements=DYNAMIC)
def test_terminal_cancelled(stage: CentreStage) -> None:
    """Cancel ends the call with -2; the next one is served."""
    held = stage.begin(calls.at_terminal(stage.desk, TERMINAL_SCAN))
    stage.ended_by(calls.cancel(stage.desk.institution), held)
    stage.expect("cancelled")
    _present(stage, "code", stage.code(stage.holder("P001")))
    _scan(stage)


@pytest.mark.case("voucher/face", title="A face becomes an identity 刷脸授权", requirements=ONE_CODE)
def test_face(stage: CentreStage) -> None:
    """Begun, shown, identified: the same voucher as by code, a token, and once only."""
    by_code = stage.identify(stage.holder("P001"))
    auth = _begin(stage)
    _check(stage, auth, "face-not-shown")
    _present(stage, "face", stage.person("P001").id_no)
    identity = _check(stage, auth).identity()
    assert (identity.id_no, identity.index_no, identity.auth_no) == (by_code.id_no, by_code.index_no, auth.number)
    reply = stage.ask(calls.check_token(identity.token, id_no=identity.id_no, institution=stage.table.institution))
    assert reply.data.get("flag") == "1"
    _present(stage, "face", stage.person("P001").id_no)
    _check(stage, auth, "auth-invalid")
    _check(stage, _begin(stage))


@pytest.mark.case("voucher/face-next", title="The next patient's face 下一位患者", requirements=ONE_CODE)
def test_face_next(stage: CentreStage) -> None:
    """One face check after another at one terminal: each identifies whoever stands there then."""
    for person in ("P001", "P002", "P010"):
        auth = _begin(stage)
        _present(stage, "face", stage.person(person).id_no)
        assert _check(stage, auth).identity().id_no == stage.person(person).id_no


@pytest.mark.case("voucher/face-of-another", title="Another's face check 他机构授权号", requirements=ONE_CODE)
def test_face_of_another(stage: CentreStage) -> None:
    """An authorisation serves the institution and the business number that began it."""
    auth = _begin(stage)
    for desk in (stage.desk, stage.other_desk):
        _present(stage, "face", stage.person("P001").id_no, desk)
    _check(stage, auth, "auth-invalid", desk=stage.other_desk)
    _check(stage, replace(auth, business_number=stage.business_number()), "auth-invalid")
    _check(stage, replace(auth, number="ano0000000000000000000000000"), "auth-invalid")
    _check(stage, auth)
    _check(stage, _begin(stage, desk=stage.other_desk), desk=stage.other_desk)


@pytest.mark.case("voucher/face-refused", title="Faces that authorise nothing 刷脸拒绝", requirements=["PL-PROMPTS"])
@pytest.mark.parametrize(
    ("person", "reason"), [("P018", "face-reference-unclear"), ("P005", "not-activated")], ids=["unclear", "inactive"]
)
def test_face_refused(stage: CentreStage, person: str, reason: str) -> None:
    """An unclear photo, or no voucher: no identity; the same authorisation then serves somebody else."""
    auth = _begin(stage)
    _present(stage, "face", stage.person(person).id_no)
    _check(stage, auth, reason)
    _present(stage, "face", stage.person("P002").id_no)
    assert _check(stage, auth).identity().id_no == stage.person("P002").id_no


@pytest.mark.case("voucher/face-nobody", title="A face that nobody has 无此人脸", requirements=["PL-PROMPTS"])
def test_face_nobody(stage: CentreStage) -> None:
    """A face that is no insured person's is not recognised."""
    auth = _begin(stage)
    _present(stage, "face", "639999199901019999")
    _check(stage, auth, "face-mismatch")
    stage.still_serves()


@pytest.mark.case("voucher/face-too-late", title="The face comes too late 刷脸授权过期", requirements=ONE_CODE)
def test_face_too_late(stage: CentreStage) -> None:
    """An authorisation ends with its time; a new one serves."""
    auth = _begin(stage)
    stage.step_clock(stage.terms.face_auth_s)
    _present(stage, "face", stage.person("P001").id_no)
    _check(stage, auth, "auth-invalid")
    _check(stage, _begin(stage))


@pytest.mark.case("voucher/business-number", title="A business number twice 业务流水号重复", requirements=ONE_CODE)
def test_business_number(stage: CentreStage) -> None:
    """Once an institution; another institution may use the same one."""
    number = _begin(stage).business_number
    _begin(stage, number, "business-number-repeated")
    _begin(stage, number, desk=stage.other_desk)
    _begin(stage)


@pytest.mark.case("voucher/result", title="The result on the screen 结算结果通知", requirements=ONE_CODE)
def test_result(stage: CentreStage) -> None:
    """Taken for the person of the face check at that institution, and for nobody else."""
    auth = _begin(stage)
    _present(stage, "face", stage.person("P001").id_no)
    _check(stage, auth)
    stage.ask(calls.show_result(stage.desk, _notice(stage, auth, "P001")))
    stage.ask(calls.show_result(stage.desk, _notice(stage, auth, "P002")), "auth-invalid")
    stage.ask(calls.show_result(stage.other_desk, _notice(stage, auth, "P001")), "auth-invalid")
    stage.ask(calls.show_result(stage.desk, _notice(stage, auth, "P001"), drugList="[1]"), "invalid-request")
    drugs = '[{"ITEM_NO": "XP000001", "ITEMNAME": "阿莫西林胶囊", "HI_ITEM": "Y"}]'
    stage.ask(calls.show_result(stage.desk, _notice(stage, auth, "P001"), drugList=drugs))


@pytest.mark.case("voucher/result-early", title="A result before the face 未刷脸的结果", requirements=ONE_CODE)
def test_result_early(stage: CentreStage) -> None:
    """Nobody has been identified yet, so there is nobody to show a result to."""
    auth = _begin(stage)
    stage.ask(calls.show_result(stage.desk, _notice(stage, auth, "P001")), "auth-invalid")
    _present(stage, "face", stage.person("P001").id_no)
    _check(stage, auth)
    stage.ask(calls.show_result(stage.desk, _notice(stage, auth, "P001")))


@pytest.mark.case("voucher/card", title="An ID card 读身份证", requirements=["NX-ACTIVATION-FLOW"])
@pytest.mark.parametrize("person", ["P001", "P013"])
def test_card(stage: CentreStage, person: str) -> None:
    """It says who somebody is and whether their voucher is activated, and gives no token."""
    _present(stage, "card", stage.person(person).id_no)
    reply = stage.ask(calls.at_terminal(stage.desk, READ_CARD))
    assert (reply.data["idNo"], reply.data["userName"]) == (stage.person(person).id_no, stage.person(person).name)
    assert reply.data["activated"] is (person == "P001")
    assert not reply.data.get("ecToken")


@pytest.mark.case("voucher/card-unknown", title="A card of nobody 无此人", requirements=["NX-ACTIVATION-FLOW"])
def test_card_unknown(stage: CentreStage) -> None:
    """A card of somebody who is not insured is refused as that."""
    _present(stage, "card", "639999199901019999")
    stage.ask(calls.at_terminal(stage.desk, READ_CARD), "person-unknown")
    stage.still_serves()
