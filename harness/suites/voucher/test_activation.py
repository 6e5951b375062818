"""Activation: every channel by its steps, no mandatory step left out, one voucher however many channels."""

import pytest

from fixtures.channels import Step, channel_ids
from harness.scenarios.activating import SKIPPED, Activating, activate
from harness.scenarios.centre_stage import APP, MALFORMED, CentreStage
from harness.wire import voucher_calls as calls

FLOW = ["NX-ACTIVATION-FLOW", "NX-CHANNELS"]
NEW = "P005"
"""Who has never activated a voucher."""


@pytest.mark.case("voucher/activation", title="Activation by channel 各渠道激活", requirements=FLOW)
@pytest.mark.parametrize("channel", channel_ids())
def test_activation(stage: CentreStage, channel: str) -> None:
    """All steps of the channel; then the voucher is shown there and decoded to its person."""
    activate(stage, NEW, channel)
    state = stage.ask(calls.ask_state(stage.holder(NEW, channel)))
    assert channel in str(state.data.get("channels")), "the channel is not among those of the voucher"
    identity = stage.identify(stage.holder(NEW, channel))
    assert (identity.id_no, identity.channel) == (stage.person(NEW).id_no, channel)


@pytest.mark.case("voucher/step-skipped", title="Mandatory steps cannot be skipped 漏步骤拒绝", requirements=FLOW)
@pytest.mark.parametrize("channel", channel_ids())
def test_step_skipped(stage: CentreStage, channel: str) -> None:
    """The step after a missing one is refused and names it; the missing one can then be taken."""
    activating = Activating(stage, stage.person(NEW), channel)
    tried = activating.refuse_to_skip()
    assert {Step.IDENTITY, Step.CONSENT, Step.FACE, Step.ISSUE} <= set(tried)
    assert activating.activated
    stage.identify(stage.holder(NEW, channel))


@pytest.mark.case(
    "voucher/consent-declined", title="Agreement not accepted 不同意协议", requirements=["NX-ACTIVATION-FLOW"]
)
@pytest.mark.parametrize("agreed", [False, "true", None], ids=["false", "text", "none"])
def test_consent_declined(stage: CentreStage, agreed: object) -> None:
    """Only `true` is consent."""
    activating = Activating(stage, stage.person(NEW), APP)
    activating.take(Step.IDENTITY)
    activating.take(Step.CONSENT, SKIPPED, agreed=agreed)
    assert activating.through().activated


@pytest.mark.case(
    "voucher/second-channel", title="A second channel shows the same voucher 第二渠道", requirements=["NX-ONE-CODE"]
)
def test_second_channel(stage: CentreStage) -> None:
    """Nothing is issued or asked for again, and both channels show one person's one voucher."""
    activate(stage, NEW, APP)
    first = stage.identify(stage.holder(NEW))
    second = Activating(stage, stage.person(NEW), "icbc").through()
    assert {"password", "place"} <= set(second.done), "what the voucher has is asked for again"
    other = stage.identify(stage.holder(NEW, "icbc"))
    assert (other.index_no, other.insured_place) == (first.index_no, first.insured_place)
    stage.ask(calls.password(stage.holder(NEW, "icbc"), "verify", stage.person(NEW).password))


@pytest.mark.case("voucher/unfinished", title="No code before the end 激活未完成不能展码", requirements=FLOW)
def test_unfinished(stage: CentreStage) -> None:
    """With mandatory steps open no code is shown in that channel; afterwards one is."""
    activating = Activating(stage, stage.person(NEW), APP).through(Step.PASSWORD)
    stage.ask(calls.show_code(stage.holder(NEW)), "activation-unfinished")
    assert activating.through().activated
    stage.identify(stage.holder(NEW))


@pytest.mark.case("voucher/not-activated", title="Never activated 未激活", requirements=FLOW)
def test_not_activated(stage: CentreStage) -> None:
    """Whoever never activated has no code, in no channel."""
    stage.ask(calls.ask_state(stage.holder(NEW)))
    for channel in channel_ids():
        stage.ask(calls.show_code(stage.holder(NEW, channel)), "not-activated")
    stage.still_serves()


@pytest.mark.case("voucher/other-channel", title="Activated in another channel only 他渠道未激活", requirements=FLOW)
def test_other_channel(stage: CentreStage) -> None:
    """The voucher is shown where it was activated; another channel has to be activated first."""
    activate(stage, NEW, APP)
    stage.ask(calls.ask_state(stage.holder(NEW, "boc")))
    stage.ask(calls.show_code(stage.holder(NEW, "boc")), "channel-not-activated")
    activate(stage, NEW, "boc")
    stage.identify(stage.holder(NEW, "boc"))


@pytest.mark.case("voucher/lapsed", title="A lapsed voucher 凭证失效", requirements=["NX-ACTIVATION-FLOW"])
def test_lapsed(stage: CentreStage) -> None:
    """A lapsed voucher identifies nobody; activated anew it does, without its old password."""
    holder = stage.holder("P003", "wechat")
    stage.decode(stage.code(holder), "not-activated")
    activating = Activating(stage, stage.person("P003"), "wechat").through(Step.PASSWORD)
    assert "password" not in activating.done
    stage.ask(calls.password(holder, "verify", stage.person("P003").password), "password-wrong")
    activating.through()
    stage.ask(calls.password(holder, "verify", stage.person("P003").password))
    stage.identify(holder)


@pytest.mark.case("voucher/activation-number", title="Another's activation number 激活流水号", requirements=FLOW)
def test_activation_number(stage: CentreStage) -> None:
    """A number serves the channel that began with it; a number that nobody was given serves nobody."""
    activating = Activating(stage, stage.person(NEW), APP)
    activating.take(Step.IDENTITY)
    other = calls.take_step("wechat", Step.CONSENT, activationNo=activating.number, agreed=True)
    stage.ask(other, "auth-invalid")
    stage.ask(calls.take_step(APP, Step.CONSENT, activationNo="ACT0000", agreed=True), SKIPPED)
    assert activating.through().activated


@pytest.mark.case("voucher/activation-too-slow", title="Activation takes too long 激活超时", requirements=FLOW)
def test_activation_too_slow(stage: CentreStage) -> None:
    """A begun activation ends with its time; a new one succeeds."""
    activating = Activating(stage, stage.person(NEW), APP)
    activating.take(Step.IDENTITY)
    stage.step_clock(stage.terms.activation_s)
    activating.take(Step.CONSENT, "auth-invalid")
    activate(stage, NEW, APP)


@pytest.mark.case("voucher/step-twice", title="A step twice 步骤重复", requirements=["NX-ACTIVATION-FLOW"])
def test_step_twice(stage: CentreStage) -> None:
    """A step that is done, or that the channel has not, is refused; the activation goes on."""
    activating = Activating(stage, stage.person(NEW), APP).through(Step.FACE)
    activating.take(Step.CONSENT, MALFORMED)
    activating.take(Step.SMS, MALFORMED)
    assert activating.through().activated


@pytest.mark.case("voucher/sms-wrong", title="Wrong SMS code 短信验证码错误", requirements=["NX-ACTIVATION-FLOW"])
def test_sms_wrong(stage: CentreStage) -> None:
    """A wrong SMS code is refused, and the right one taken after it."""
    activating = Activating(stage, stage.person(NEW), "abc").through(Step.SMS)
    stage.ask(calls.take_step("abc", Step.SMS, activationNo=activating.number))
    text = str(stage.ask(calls.text_message(activating.number)).data["smsCode"])
    wrong = f"{(int(text) + 1) % 10**6:06d}"
    activating.take(Step.SMS, "sms-wrong", smsCode=wrong)
    activating.take(Step.ISSUE, SKIPPED)
    assert activating.through().activated
