"""Activation as a person goes through it in a channel: each step with what it needs, in the channel's order.

A person who has a voucher already is not asked for password and place again; the centre says what is done.
"""

from fixtures.channels import ActivationFlow, Step, activation_flows
from fixtures.people_register import register_records
from fixtures.population import Person
from harness.scenarios.centre_stage import CentreStage
from harness.wire import voucher_calls as calls
from harness.wire.voucher_messages import CentreReply

SKIPPED, UNFINISHED = "step-skipped", "activation-unfinished"
REGION = "639900"


class Activating:
    """One activation of a person in a channel, as far as it has come."""

    def __init__(self, stage: CentreStage, person: Person, channel: str, *, promoter: str = "") -> None:
        self._stage = stage
        self.person = person
        self.channel = channel
        self.flow: ActivationFlow = activation_flows()[channel]
        self.number = ""
        self.done: list[str] = []
        self.activated = False
        self._promoter = promoter

    def take(self, step: Step, *reasons: str, **other: object) -> CentreReply:
        """Take a step; `other` replaces what it needs. Without reasons it has to succeed."""
        if step is Step.SMS and not reasons and "smsCode" not in other:
            self._heard(self._stage.ask(calls.take_step(self.channel, step, activationNo=self.number)))
            text = self._stage.ask(calls.text_message(self.number))
            other = {"smsCode": str(text.data.get("smsCode", ""))}
        given = {**self._needs(step), **other}
        reply = self._stage.ask(calls.take_step(self.channel, step, **given), *reasons)
        self._heard(reply)
        return reply

    def through(self, until: Step | None = None) -> "Activating":
        """Take every step that is not done, to the end or up to and without `until`."""
        for step in self.flow.steps:
            if step is until:
                break
            if step.value not in self.done:
                self.take(step)
        return self

    def refuse_to_skip(self) -> list[Step]:
        """At each mandatory step try the next one first: it has to be refused, and the missing one can be taken then.

        Nor is a code shown as long as one is missing; but a centre that keeps its people from case to case may have the
        person active in the channel already. Returns the steps that were tried to be left out.
        """
        tried = []
        for step, following in zip(self.flow.steps, (*self.flow.steps[1:], None), strict=True):
            if step.value in self.done:
                continue
            mandatory = step in self.flow.mandatory
            if mandatory and Step.ISSUE.value in self.done and self._stage.begins_anew:
                self._stage.ask(calls.show_code(self._stage.holder(self.person.id, self.channel)), UNFINISHED)
            if mandatory and following is not None and following.value not in self.done:
                reply = self.take(following, SKIPPED)
                assert reply.data.get("missing") == step.value, f"{step} is missing, not {reply.data.get('missing')}"
                tried.append(step)
            self.take(step)
        return tried

    def _heard(self, reply: CentreReply) -> None:
        if not reply.accepted:
            return
        self.number = str(reply.data.get("activationNo", self.number))
        done = reply.data.get("done")
        self.done = [str(step) for step in done] if isinstance(done, list) else self.done
        self.activated = reply.data.get("activated") is True

    def _needs(self, step: Step) -> dict[str, object]:
        person, number = self.person, {"activationNo": self.number} if self.number else {}
        match step:
            case Step.IDENTITY:
                more = {"promoterCode": self._promoter} if self._promoter else {}
                return {"idNo": person.id_no, "idType": "01", "userName": person.name, **more}
            case Step.CONSENT:
                return {**number, "agreed": True}
            case Step.FACE:
                return {**number, "faceOf": person.id_no}
            case Step.REGION:
                return {**number, "region": REGION}
            case Step.PASSWORD:
                return {**number, "password": person.password}
            case Step.PLACE:
                places = register_records()[person.id_no].places
                return {**number, "insuOrg": places[0] if places else person.insured_place}
            case _:
                return dict(number)


def activate(stage: CentreStage, person_id: str, channel: str, *, promoter: str = "") -> Activating:
    """A person activates their voucher in a channel. Raises AssertionError when that does not end well."""
    activating = Activating(stage, stage.person(person_id), channel, promoter=promoter).through()
    assert activating.activated, f"after all steps of {channel} the voucher is not activated"
    return activating
