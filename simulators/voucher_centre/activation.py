"""Activation: the steps of a channel in their order, up to a voucher that can be shown; own design of the messages.

    {"transType": "ec.activate", "chnlId": "wechat", "step": "identity", "idNo": …, "userName": …}   -> activationNo
    {"transType": "ec.activate", "chnlId": "wechat", "step": "consent", "activationNo": …}           and so on

The order is data (`fixtures/channels_activation.toml`). A step before which a mandatory one was left out is refused and
can be taken after that. The documented failures are refused with their own prompt. Events: activation-step, sms-sent,
voucher-issued, activated, activation-refused.
"""

import random
from dataclasses import dataclass, field

from fixtures.channels import ActivationFlow, Step, activation_flows
from fixtures.people_register import Insurance, Police
from fixtures.population import Person, VoucherState
from fixtures.prompts import failure_prompts
from harness.clock import NS, Clock
from harness.wire.voucher_messages import RESIDENT_ID
from simulators.voucher_centre.people import Register
from simulators.voucher_centre.promoters import Promotion
from simulators.voucher_centre.refusal import RefusedError, required
from simulators.voucher_centre.vouchers import Tell, VoucherBook

Body = dict[str, object]


@dataclass(kw_only=True)
class Activation:
    """One begun activation."""

    number: str
    person: Person
    channel: str
    flow: ActivationFlow
    expires_ns: int
    deadline_ns: int
    """When it ends by the time that has gone by, wherever the clock is set meanwhile."""
    promoter: str
    sms: str
    sms_sent: bool = False
    newly: bool = False
    finished: bool = False
    done: list[Step] = field(default_factory=list)


class Activations:
    """All activations of one case."""

    def __init__(
        self,
        register: Register,
        vouchers: VoucherBook,
        promotion: Promotion,
        clock: Clock,
        *,
        life_s: int,
        seed: int,
        name: str,
        tell: Tell,
    ) -> None:
        self._register = register
        self._vouchers = vouchers
        self._promotion = promotion
        self._clock = clock
        self._life_s = life_s
        self._tell = tell
        self._random = random.Random(f"{seed}/{name}/activation")  # noqa: S311 - reproducible on purpose
        self._begun: dict[str, Activation] = {}

    def take(self, body: Body) -> dict[str, object]:
        """Take one step; answers what is done and what comes next. Raises RefusedError, and leaves an event of it."""
        step = Step(str(body["step"]))
        try:
            activation = self._begin(body) if step is Step.IDENTITY else self._found(body)
            self._take_over(activation)
            self._in_order(activation, step)
            self._step(activation, step, body)
        except RefusedError as error:
            self._tell(
                "activation-refused",
                id_no=self._id_no(body),
                chnl=str(body["chnlId"]),
                step=step.value,
                why=error.why,
                missing=error.more.get("missing"),
            )
            raise
        return self._answer(activation)

    def text_message(self, number: object) -> str:
        """The SMS code that was sent in an activation; empty when none was."""
        activation = self._begun.get(number) if isinstance(number, str) else None
        return activation.sms if activation and activation.sms_sent else ""

    def _begin(self, body: Body) -> Activation:
        channel = str(body["chnlId"])
        flow = activation_flows().get(channel)
        if flow is None:
            raise RefusedError("invalid-request", f"chnlId {channel!r} is no channel")
        id_no, name = required(body, "idNo"), required(body, "userName")
        if body.get("idType") not in {None, "", RESIDENT_ID}:
            raise RefusedError("invalid-request", "idType")
        person = self._register.person(id_no)
        if person is None or person.name != name or self._register.record(person).police is not Police.REGISTERED:
            raise prompted("identity-not-in-police-register")
        activation = Activation(
            number=f"ACT{len(self._begun) + 1:04d}{self._random.getrandbits(64):016x}",
            person=person,
            channel=channel,
            flow=flow,
            expires_ns=self._clock.now_ns() + self._life_s * NS,
            deadline_ns=self._clock.elapsed_ns() + self._life_s * NS,
            promoter=str(body.get("promoterCode") or ""),
            sms=f"{self._random.randrange(10**6):06d}",
        )
        if activation.promoter:
            self._promotion.check(activation.promoter)
        self._begun[activation.number] = activation
        return activation

    def _found(self, body: Body) -> Activation:
        activation = self._begun.get(str(body.get("activationNo") or ""))
        if activation is None:
            raise RefusedError("step-skipped", Step.IDENTITY.value, {"missing": Step.IDENTITY.value})
        if activation.channel != body["chnlId"] or self._is_over(activation):
            raise RefusedError("auth-invalid", "activationNo")
        return activation

    def _is_over(self, activation: Activation) -> bool:
        return self._clock.now_ns() >= activation.expires_ns or self._clock.elapsed_ns() >= activation.deadline_ns

    def _in_order(self, activation: Activation, step: Step) -> None:
        flow = activation.flow
        if step not in flow.steps or step in activation.done:
            raise RefusedError("invalid-request", f"step {step} is not due in this channel")
        for earlier in flow.steps[: flow.steps.index(step)]:
            # Recommended steps may be left out, issuing never: what follows it needs a voucher.
            if earlier in flow.mandatory and earlier not in activation.done:
                raise RefusedError("step-skipped", earlier.value, {"missing": earlier.value})

    def _step(self, activation: Activation, step: Step, body: Body) -> None:
        person = activation.person
        match step:
            case Step.CONSENT if body.get("agreed") is not True:
                raise RefusedError("step-skipped", "agreed", {"missing": step.value})
            case Step.FACE:
                if problem := self._register.face_problem(person, body.get("faceOf")):
                    raise prompted(problem)
            case Step.INSURED_DATA:
                self._insured(person)
            case Step.REGION:
                required(body, "region")
            case Step.SMS if not activation.sms_sent or not body.get("smsCode"):
                activation.sms_sent = True
                self._tell("sms-sent", id_no=person.id_no, activation=activation.number, digits=activation.sms)
                return
            case Step.SMS if body["smsCode"] != activation.sms:
                raise RefusedError("sms-wrong")
            case Step.ISSUE:
                self._insured(person)
                self._issue(activation)
            case Step.PASSWORD:
                self._vouchers.set_password(person, required(body, "password"))
            case Step.PLACE:
                place = required(body, "insuOrg")
                self._vouchers.choose_place(person, place, self._register.record(person).places)
            case _:
                pass
        activation.done.append(step)
        self._tell(
            "activation-step",
            id_no=person.id_no,
            chnl=activation.channel,
            step=step.value,
            activation=activation.number,
        )
        self._take_over(activation)

    def _insured(self, person: Person) -> None:
        if self._register.record(person).insurance is Insurance.NONE:
            raise prompted("no-insurance-record")

    def _issue(self, activation: Activation) -> None:
        voucher = self._vouchers.of(activation.person)
        activation.newly = self._vouchers.issue(activation.person)
        if activation.newly:
            self._tell("voucher-issued", id_no=activation.person.id_no, chnl=activation.channel)
        places = self._register.record(activation.person).places
        if not voucher.place and len(places) == 1 and Step.PLACE not in activation.flow.mandatory:
            voucher.place = places[0]
        if activation.channel not in voucher.channels:  # where it was activated before, it can be shown all the while
            voucher.unfinished.add(activation.channel)

    def _take_over(self, activation: Activation) -> None:
        """Every channel shows the same voucher: what it has already, by whatever way, is not asked for again."""
        if Step.ISSUE not in activation.done:
            return
        voucher = self._vouchers.of(activation.person)
        for step, there in ((Step.PASSWORD, voucher.password), (Step.PLACE, voucher.place)):
            if there and step not in activation.done:
                activation.done.append(step)
        self._finish(activation)

    def _finish(self, activation: Activation) -> None:
        if activation.finished or self._open(activation):
            return
        activation.finished = True
        voucher = self._vouchers.of(activation.person)
        voucher.unfinished.discard(activation.channel)
        voucher.channels.add(activation.channel)
        self._tell(
            "activated", id_no=activation.person.id_no, chnl=activation.channel, newly=activation.newly, by="self"
        )
        if activation.promoter:
            self._promotion.earn(
                activation.promoter, activation.person, channel=activation.channel, newly=activation.newly
            )

    def _open(self, activation: Activation) -> list[str]:
        return [step.value for step in activation.flow.mandatory if step not in activation.done]

    def _answer(self, activation: Activation) -> dict[str, object]:
        rest = [step for step in activation.flow.steps if step not in activation.done]
        voucher = self._vouchers.of(activation.person)
        return {
            "activationNo": activation.number,
            "done": [step.value for step in activation.done],
            "missing": self._open(activation),
            "next": rest[0].value if rest else "",
            "activated": activation.finished and voucher.state is VoucherState.ACTIVE,
            "places": list(self._register.record(activation.person).places),
        }

    def _id_no(self, body: Body) -> str:
        activation = self._begun.get(str(body.get("activationNo") or ""))
        return activation.person.id_no if activation else str(body.get("idNo") or "")


def prompted(failure: str, more: Body | None = None) -> RefusedError:
    """The refusal of a documented failure, with the prompt that the app shows."""
    prompt = failure_prompts()[failure]
    return RefusedError(
        failure, more={"promptId": prompt.id, "promptText": prompt.text, "remedy": prompt.remedy, **(more or {})}
    )
