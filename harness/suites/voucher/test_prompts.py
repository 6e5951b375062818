"""The five documented failures, each with the documented prompt, and what can be done after it."""

from collections.abc import Callable

import pytest

from fixtures.channels import Step
from fixtures.prompts import failure_prompts
from harness.scenarios.activating import Activating, activate
from harness.scenarios.centre_stage import APP, CentreStage
from harness.wire import voucher_calls as calls
from harness.wire.voucher_messages import CentreReply

PROMPTS = ["PL-PROMPTS"]
POLICE, NO_RECORD, NOT_VALID = "identity-not-in-police-register", "no-insurance-record", "no-valid-insurance-on-show"
UNCLEAR, MISMATCH = "face-reference-unclear", "face-mismatch"


def _identity(stage: CentreStage, person: str, **other: object) -> CentreReply:
    return Activating(stage, stage.person(person), APP).take(Step.IDENTITY, POLICE, **other)


def _not_registered(stage: CentreStage) -> CentreReply:
    return _identity(stage, "P013")


def _differently_registered(stage: CentreStage) -> CentreReply:
    return _identity(stage, "P014")


def _wrong_name(stage: CentreStage) -> CentreReply:
    reply = _identity(stage, "P005", userName="测试戌")
    activate(stage, "P005", APP)
    return reply


def _nobody(stage: CentreStage) -> CentreReply:
    return _identity(stage, "P005", idNo="639999196611187999")


def _no_record(stage: CentreStage) -> CentreReply:
    return Activating(stage, stage.person("P015"), APP).through(Step.ISSUE).take(Step.ISSUE, NO_RECORD)


def _no_record_early(stage: CentreStage) -> CentreReply:
    return Activating(stage, stage.person("P015"), "hxb").through(Step.INSURED_DATA).take(Step.INSURED_DATA, NO_RECORD)


def _not_valid(stage: CentreStage) -> CentreReply:
    return stage.ask(calls.show_code(stage.holder("P016")), NOT_VALID)


def _unclear(stage: CentreStage) -> CentreReply:
    return Activating(stage, stage.person("P018"), APP).through(Step.FACE).take(Step.FACE, UNCLEAR)


def _mismatch(stage: CentreStage) -> CentreReply:
    activating = Activating(stage, stage.person("P005"), APP).through(Step.FACE)
    reply = activating.take(Step.FACE, MISMATCH, faceOf=stage.person("P001").id_no)
    assert activating.through().activated
    return reply


def _mismatch_at_reset(stage: CentreStage) -> CentreReply:
    face = stage.person("P002").id_no
    return stage.ask(calls.password(stage.holder("P001"), "reset", "135792", faceOf=face), MISMATCH)


FAILURES: dict[str, tuple[str, Callable[[CentreStage], CentreReply]]] = {
    "police-missing": (POLICE, _not_registered),
    "police-different": (POLICE, _differently_registered),
    "police-name": (POLICE, _wrong_name),
    "police-nobody": (POLICE, _nobody),
    "no-record": (NO_RECORD, _no_record),
    "no-record-early": (NO_RECORD, _no_record_early),
    "not-valid": (NOT_VALID, _not_valid),
    "photo-unclear": (UNCLEAR, _unclear),
    "face-mismatch": (MISMATCH, _mismatch),
    "face-mismatch-reset": (MISMATCH, _mismatch_at_reset),
}


@pytest.mark.case("voucher/prompt", title="Documented failures 激活失败提示", requirements=PROMPTS)
@pytest.mark.parametrize("failure", list(FAILURES))
def test_prompt(stage: CentreStage, failure: str) -> None:
    """The failure gives its own prompt, word for word; others are served after it."""
    prompt, fail = FAILURES[failure]
    reply = fail(stage)
    assert reply.message == failure_prompts()[prompt].text
    assert reply.data.get("promptId") == prompt
    stage.still_serves()


@pytest.mark.case("voucher/offline-use", title="A place to choose: still usable 有参保地仍可使用", requirements=PROMPTS)
def test_offline_use(stage: CentreStage) -> None:
    """Without a valid record but with a place to choose the prompt comes beside a code, and the code identifies."""
    holder = stage.holder("P017")
    stage.ask(calls.show_code(holder), NOT_VALID)
    stage.ask(calls.choose_place(holder, "639900"))
    shown = stage.ask(calls.show_code(holder))
    assert shown.data.get("promptText") == failure_prompts()[NOT_VALID].text, "no prompt beside the code"
    identity = stage.decode(str(shown.data["ecQrCode"])).identity()
    assert identity.id_no == holder.id_no


@pytest.mark.case("voucher/no-offline-use", title="No place to choose: no code 无参保地不能展码", requirements=PROMPTS)
def test_no_offline_use(stage: CentreStage) -> None:
    """Without a valid record and without a place there is no code, however often one asks."""
    for channel in (APP, "wechat", "ccb"):
        reply = stage.ask(calls.show_code(stage.holder("P016", channel)), NOT_VALID)
        assert not reply.data.get("ecQrCode")
    stage.ask(calls.choose_place(stage.holder("P016"), "639900"), "place-not-offered")
    stage.still_serves()
