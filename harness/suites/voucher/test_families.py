"""The family account: bound after consent, a child by face, and no code of anybody who is not bound."""

import pytest

from harness.scenarios.activating import SKIPPED, activate
from harness.scenarios.centre_stage import APP, CentreStage
from harness.wire import voucher_calls as calls
from harness.wire.voucher_messages import CentreReply

FAMILY = ["PL-FAMILY"]
DAY_S = 86_400


def _bind(stage: CentreStage, holder: str, member: str, *reasons: str, **more: object) -> CentreReply:
    person = stage.person(member)
    given = {"memberIdNo": person.id_no, "memberName": person.name, "agreed": True, **more}
    return stage.ask(calls.family(stage.holder(holder), "bind", **given), *reasons)


def _unbind(stage: CentreStage, holder: str, member: str, *reasons: str) -> None:
    stage.ask(calls.family(stage.holder(holder), "unbind", memberIdNo=stage.person(member).id_no), *reasons)


def _shown(stage: CentreStage, holder: str, member: str, *reasons: str, channel: str = APP) -> str:
    call = calls.show_code(stage.holder(holder, channel), member=stage.person(member).id_no)
    return str(stage.ask(call, *reasons).data.get("ecQrCode", ""))


@pytest.mark.case("voucher/family", title="A bound member's code 亲情账户展码", requirements=FAMILY)
def test_family(stage: CentreStage) -> None:
    """Bound by ID number after the consent page, the member's code is shown and decodes to the member."""
    _bind(stage, "P001", "P009")
    for channel in (APP, "alipay"):
        identity = stage.decode(_shown(stage, "P001", "P009", channel=channel)).identity()
        assert identity.id_no == stage.person("P009").id_no
    listed = stage.ask(calls.family(stage.holder("P001"), "list"))
    assert stage.person("P009").id_no in str(listed.data["members"])
    _unbind(stage, "P001", "P009")
    _shown(stage, "P001", "P009", "member-not-bound")
    stage.identify(stage.holder("P009"))


@pytest.mark.case("voucher/family-unbound", title="Not bound 未绑定拒绝", requirements=FAMILY)
def test_family_unbound(stage: CentreStage) -> None:
    """Nobody's code is shown who is not bound, nor by a member whom somebody else has bound, nor the other way."""
    _shown(stage, "P001", "P009", "member-not-bound")
    _bind(stage, "P002", "P009")
    _shown(stage, "P001", "P009", "member-not-bound")
    _shown(stage, "P009", "P002", "member-not-bound")
    _unbind(stage, "P001", "P009", "member-not-bound")
    _shown(stage, "P002", "P009")
    _unbind(stage, "P002", "P009")


@pytest.mark.case("voucher/family-consent", title="Without consent 未同意协议", requirements=FAMILY)
@pytest.mark.parametrize("agreed", [False, "yes"], ids=["false", "text"])
def test_family_consent(stage: CentreStage, agreed: object) -> None:
    """Without the consent page nobody is bound."""
    reply = _bind(stage, "P001", "P010", SKIPPED, agreed=agreed)
    assert reply.data.get("missing") == "consent"
    _shown(stage, "P001", "P010", "member-not-bound")


@pytest.mark.case("voucher/family-child", title="A child by face 十六岁以下刷脸", requirements=FAMILY)
def test_family_child(stage: CentreStage) -> None:
    """A member under sixteen is bound by their own face only, and then has a voucher of their own."""
    child, parent = stage.person("P011"), stage.person("P002")
    assert _bind(stage, "P002", "P011", SKIPPED).data.get("missing") == "face"
    _bind(stage, "P002", "P011", "face-mismatch", faceOf=parent.id_no)
    _shown(stage, "P002", "P011", "member-not-bound")
    _bind(stage, "P002", "P011", faceOf=child.id_no)
    identity = stage.decode(_shown(stage, "P002", "P011")).identity()
    assert (identity.id_no, identity.name) == (child.id_no, child.name)
    _unbind(stage, "P002", "P011")


@pytest.mark.case("voucher/family-sixteen", title="The day of sixteen 满十六岁", requirements=FAMILY)
def test_family_sixteen(stage: CentreStage) -> None:
    """The day before, the face is needed; from the birthday on the ID number is enough, and an activated voucher."""
    _bind(stage, "P004", "P012", SKIPPED)
    stage.step_clock(DAY_S)
    _bind(stage, "P004", "P012", "not-activated")
    activate(stage, "P012", APP)
    _bind(stage, "P004", "P012")
    stage.decode(_shown(stage, "P004", "P012"))


@pytest.mark.case("voucher/family-refused", title="Members who cannot be bound 不能绑定", requirements=FAMILY)
def test_family_refused(stage: CentreStage) -> None:
    """A wrong name, somebody the police does not know, oneself, a grown member without a voucher."""
    _bind(stage, "P001", "P009", "identity-not-in-police-register", memberName="测试申")
    _bind(stage, "P001", "P013", "identity-not-in-police-register")
    _bind(stage, "P001", "P001", "invalid-request")
    _bind(stage, "P001", "P019", "not-activated")
    _bind(stage, "P001", "P009")
    stage.decode(_shown(stage, "P001", "P009"))
    _unbind(stage, "P001", "P009")
