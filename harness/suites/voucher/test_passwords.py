"""The voucher password: six digits, wrong ones counted, locked, reset by face; and the insured place."""

import pytest

from fixtures.channels import Step
from harness.scenarios.activating import Activating
from harness.scenarios.centre_stage import APP, CentreStage
from harness.wire import voucher_calls as calls

PASSWORD = ["NX-ACTIVATION-FLOW"]
WRONG = "000001"
FORMS = {
    "5-digits": "12345",
    "7-digits": "1234567",
    "a-letter": "12345a",
    "full-width": "１２３４５６",
    "blank": "12 456",
}


def _verify(stage: CentreStage, given: str, *reasons: str, person: str = "P001", channel: str = APP) -> None:
    stage.ask(calls.password(stage.holder(person, channel), "verify", given), *reasons)


def _reset(stage: CentreStage, given: str, person: str = "P001") -> None:
    face = stage.person(person).id_no
    stage.ask(calls.password(stage.holder(person), "reset", given, faceOf=face))


def _lock(stage: CentreStage) -> None:
    """So many wrong ones as lock it, spread over two channels."""
    most = stage.terms.password_lock_after
    for number in range(1, most):
        _verify(stage, WRONG, "password-wrong", channel="wechat" if number % 2 else APP)
    _verify(stage, WRONG, "password-locked")


@pytest.mark.case("voucher/password-form", title="Six digits 密码六位数字", requirements=PASSWORD)
@pytest.mark.parametrize("form", list(FORMS))
def test_password_form(stage: CentreStage, form: str) -> None:
    """Anything but six digits is refused, at activation and at a change; the old one stays."""
    right = stage.person("P001").password
    activating = Activating(stage, stage.person("P005"), APP).through(Step.PASSWORD)
    if Step.PASSWORD not in activating.done:
        activating.take(Step.PASSWORD, "password-form", password=FORMS[form])
        assert activating.through().activated
    stage.ask(calls.password(stage.holder("P001"), "change", FORMS[form], oldPassword=right), "password-form")
    _verify(stage, right)


@pytest.mark.case("voucher/password-wrong", title="Wrong password 密码错误", requirements=PASSWORD)
def test_password_wrong(stage: CentreStage) -> None:
    """A wrong password is refused, the right one taken; the count of wrong ones begins anew."""
    right = stage.person("P001").password
    for _ in range(2):
        for _ in range(stage.terms.password_lock_after - 1):
            _verify(stage, WRONG, "password-wrong")
        _verify(stage, right)


@pytest.mark.case("voucher/password-locked", title="Lock-out, and reset by face 锁定与刷脸重置", requirements=PASSWORD)
def test_password_locked(stage: CentreStage) -> None:
    """Locked, even the right password is refused, in every channel; others are not. The face resets it."""
    right, other = stage.person("P001").password, "246802"
    _lock(stage)
    _verify(stage, right, "password-locked")
    _verify(stage, right, "password-locked", channel="alipay")
    _verify(stage, stage.person("P002").password, person="P002")
    wrong_face = stage.person("P002").id_no
    stage.ask(calls.password(stage.holder("P001"), "reset", other, faceOf=wrong_face), "face-mismatch")
    _verify(stage, right, "password-locked")
    _reset(stage, other)
    _verify(stage, other)
    _verify(stage, right, "password-wrong")
    _reset(stage, right)
    _verify(stage, right)


@pytest.mark.case("voucher/password-lock-ends", title="The lock ends 锁定到期", requirements=PASSWORD)
def test_password_lock_ends(stage: CentreStage) -> None:
    """The lock holds to its last second and ends with it."""
    _lock(stage)
    stage.step_clock(stage.terms.password_lock_s - 1)
    _verify(stage, stage.person("P001").password, "password-locked")
    stage.step_clock(1)
    _verify(stage, stage.person("P001").password)


@pytest.mark.case("voucher/password-changed", title="Change the password 修改密码", requirements=PASSWORD)
def test_password_changed(stage: CentreStage) -> None:
    """The old one is needed to change it, and useless afterwards."""
    right, other, holder = stage.person("P002").password, "864209", stage.holder("P002")
    _verify(stage, right, person="P002")
    stage.ask(calls.password(holder, "change", other, oldPassword=WRONG), "password-wrong")
    stage.ask(calls.password(holder, "change", other, oldPassword=right))
    _verify(stage, right, "password-wrong", person="P002")
    _verify(stage, other, person="P002", channel="wechat")
    stage.ask(calls.password(holder, "change", right, oldPassword=other))


@pytest.mark.case("voucher/password-set-twice", title="Set only once 已设置不可再设", requirements=PASSWORD)
def test_password_set_twice(stage: CentreStage) -> None:
    """Who has a password cannot set one without the old one or their face."""
    stage.ask(calls.password(stage.holder("P001"), "set", "975310"), "invalid-request")
    _verify(stage, stage.person("P001").password)
    _verify(stage, "975310", "password-wrong")
    _verify(stage, stage.person("P001").password)


@pytest.mark.case("voucher/place", title="Choose the insured place 选择参保地", requirements=PASSWORD)
@pytest.mark.parametrize("place", ["639900", "639901"])
def test_place(stage: CentreStage, place: str) -> None:
    """Insured in two places, one chooses; identity and token name the chosen one, also after another choice."""
    activating = Activating(stage, stage.person("P019"), APP).through(Step.PLACE)
    if Step.PLACE not in activating.done:
        activating.take(Step.PLACE, insuOrg=place)
    stage.ask(calls.choose_place(stage.holder("P019"), place))
    first = stage.identify(stage.holder("P019"))
    assert (first.insured_place, first.token[:6]) == (place, place)
    other = "639901" if place == "639900" else "639900"
    stage.ask(calls.choose_place(stage.holder("P019"), other))
    assert stage.identify(stage.holder("P019")).insured_place == other


@pytest.mark.case(
    "voucher/place-not-offered", title="A place that is not offered 参保地不在范围", requirements=PASSWORD
)
def test_place_not_offered(stage: CentreStage) -> None:
    """Only an offered place can be chosen; the old one stays."""
    holder = stage.holder("P001")
    stage.ask(calls.ask_state(holder))
    stage.ask(calls.choose_place(holder, "110100"), "place-not-offered")
    stage.ask(calls.choose_place(holder, "639900"))
    assert stage.identify(holder).insured_place == "639900"
