"""How a voucher centre activates vouchers: step by step, by the channel's order, with the documented prompts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from fixtures.channels import ActivationFlow, Step, activation_flows
from fixtures.prompts import failure_prompts
from harness.judge.centre_talk import CentreAnswer, CentreTalk, centre_talk
from harness.judge.history import CaseHistory
from harness.rules.registry import Observation, rule
from harness.wire.voucher_messages import ACTIVATE, QRCODE, STATE

SKIPPED = "step-skipped"
ALREADY_HAD = frozenset({Step.PASSWORD, Step.PLACE})
"""What a person who has a voucher is not asked for again."""


@dataclass(kw_only=True)
class _Begun:
    """An activation as the channel has seen it so far."""

    id_no: str
    channel: str
    flow: ActivationFlow
    done: list[Step] = field(default_factory=list)

    @property
    def open(self) -> list[Step]:
        return [step for step in self.flow.mandatory if step not in self.done]


@rule("centre-steps-in-order")
def centre_steps_in_order(history: CaseHistory) -> Iterator[Observation]:
    """No step of activation is taken before every mandatory step that comes earlier in its channel."""
    talk = centre_talk(history)
    if talk is None:
        return
    for call, begun, step in _steps(talk):
        if call.accepted and begun is not None and step in begun.flow.steps:
            earlier = begun.flow.steps[: begun.flow.steps.index(step)]
            missing = [one for one in earlier if one in begun.open]
            if missing:
                yield Observation(seq=call.at, expected=f"{missing[0]} before {step}", seen=f"{step} taken")


@rule("centre-names-missing-step")
def centre_names_missing_step(history: CaseHistory) -> Iterator[Observation]:
    """A step that comes too early is refused with the name of the first mandatory step that is missing."""
    talk = centre_talk(history)
    if talk is None:
        return
    for call, begun, step in _steps(talk):
        if call.refused_as != SKIPPED or begun is None or step not in begun.flow.steps:
            continue
        upto = begun.flow.steps[: begun.flow.steps.index(step) + 1]
        due = next((one for one in upto if one in begun.open), None)
        if due is not None and call.data.get("missing") != due:
            yield Observation(seq=call.at, expected=f"missing {due}", seen=str(call.data.get("missing")))


@rule("centre-activated-when-done")
def centre_activated_when_done(history: CaseHistory) -> Iterator[Observation]:
    """A voucher counts as activated in a channel when all mandatory steps are done, and not before."""
    talk = centre_talk(history)
    if talk is None:
        return
    for call, begun, step in _steps(talk):
        if not call.accepted or begun is None:
            continue
        had = _had(call) if step is Step.ISSUE else set()
        left = [one for one in begun.open if one not in had and (one is not step or not _really(call, step))]
        if call.data.get("activated") is not (not left):
            seen = f"activated {call.data.get('activated')}"
            yield Observation(seq=call.at, expected=f"open: {', '.join(left) or 'nothing'}", seen=seen)


@rule("centre-consent-given")
def centre_consent_given(history: CaseHistory) -> Iterator[Observation]:
    """The agreement counts as accepted only when the person has agreed."""
    talk = centre_talk(history)
    if talk is None:
        return
    for call, _, step in _steps(talk):
        if call.accepted and step is Step.CONSENT and call.body.get("agreed") is not True:
            yield Observation(seq=call.at, expected="agreed: true", seen="a step taken without it")


@rule("centre-face-is-the-persons")
def centre_face_is_the_persons(history: CaseHistory) -> Iterator[Observation]:
    """A face verifies only the person whose it is: in activation, and when a password is set anew."""
    talk = centre_talk(history)
    if talk is None:
        return
    for call, begun, step in _steps(talk):
        if call.accepted and step is Step.FACE and begun and call.body.get("faceOf") != begun.id_no:
            yield Observation(seq=call.at, expected="the person's own face", seen="another's taken")
    for call in talk.accepted():
        if call.body.get("action") == "reset" and call.body.get("faceOf") != call.body.get("idNo"):
            yield Observation(seq=call.at, expected="the person's own face", seen="another's taken")


@rule("centre-shows-only-activated")
def centre_shows_only_activated(history: CaseHistory) -> Iterator[Observation]:
    """No code is given in a channel in which the voucher is not activated, or not wholly."""
    talk = centre_talk(history)
    if talk is None:
        return
    unfinished: dict[tuple[str, str], bool] = {}
    without: set[str] = set()
    steps = {call.seq: (begun, step) for call, begun, step in _steps(talk)}
    for call in talk.undisturbed(ACTIVATE, STATE, QRCODE):
        id_no, channel = str(call.body.get("idNo") or ""), str(call.body.get("chnlId"))
        if call.name == STATE and call.accepted:
            (without.add if call.data.get("state") == "none" else without.discard)(id_no)
            unfinished[id_no, channel] = channel not in (call.data.get("channels") or [])
        elif call.name == ACTIVATE and call.accepted:
            begun, step = steps.get(call.seq, (None, None))
            if begun is not None and step is Step.ISSUE:
                without.discard(begun.id_no)
            if begun is not None and Step.ISSUE in {step, *begun.done}:
                had = _had(call) if step is Step.ISSUE else set()
                unfinished[begun.id_no, channel] = any(one is not step and one not in had for one in begun.open)
        elif call.accepted and (id_no in without or unfinished.get((id_no, channel), False)):
            yield Observation(seq=call.at, expected=f"no code in {channel} yet", seen="a code")


@rule("centre-prompt-documented")
def centre_prompt_documented(history: CaseHistory) -> Iterator[Observation]:
    """Each of the five documented failures gives its own prompt, word for word, with its remedy."""
    talk = centre_talk(history)
    if talk is None:
        return
    for call in talk.undisturbed():
        id_ = call.refused_as if call.refused_as in failure_prompts() else str(call.data.get("promptId") or "")
        if not id_:
            continue
        prompt = failure_prompts().get(id_)
        shown = call.envelope.get("message") if not call.accepted else call.data.get("promptText")
        if prompt is None or shown != prompt.text:
            yield Observation(
                seq=call.at, expected=prompt.text if prompt else "a documented prompt", seen="another text"
            )
        elif (call.data.get("promptId"), call.data.get("remedy")) != (prompt.id, prompt.remedy):
            yield Observation(seq=call.at, expected=f"{prompt.id} with its remedy", seen="another remedy, or none")


def _steps(talk: CentreTalk) -> Iterator[tuple[CentreAnswer, _Begun | None, Step | None]]:
    """Every call of activation, with the activation as it was before it; what it then did is taken in after that."""
    begun_by: dict[str, _Begun] = {}
    for call in talk.undisturbed(ACTIVATE):
        step = _step(call.body)
        flow = activation_flows().get(str(call.body.get("chnlId")))
        if step is Step.IDENTITY and flow is not None:
            begun = _Begun(id_no=str(call.body.get("idNo")), channel=str(call.body.get("chnlId")), flow=flow)
            yield call, begun, step
            if call.accepted:
                begun_by[str(call.data.get("activationNo"))] = begun
        else:
            found = begun_by.get(str(call.body.get("activationNo") or ""))
            yield call, found, step
            begun = found or _Begun(id_no="", channel="", flow=activation_flows()["nhsa-app"])
        if call.accepted and step is not None:
            if _really(call, step):
                begun.done.append(step)
            begun.done += sorted(_had(call)) if step is Step.ISSUE else ()


def _had(call: CentreAnswer) -> set[Step]:
    """What the person had from before, as the answer to the issue says."""
    done = call.data.get("done")
    return {one for one in ALREADY_HAD if isinstance(done, list) and one.value in done}


def _really(call: CentreAnswer, step: Step | None) -> bool:
    """An SMS that was sent is not yet one that was entered."""
    return step is not Step.SMS or bool(call.body.get("smsCode"))


def _step(body: Mapping[str, object]) -> Step | None:
    try:
        return Step(str(body.get("step")))
    except ValueError:
        return None
