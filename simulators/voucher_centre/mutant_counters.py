"""Counters with one known defect each: activation, showing codes, what the terminal library is told."""

from collections.abc import Mapping

from fixtures.channels import Step
from fixtures.population import Institution, Person
from harness.gm import sm3
from simulators.voucher_centre.activation import Activation, Activations
from simulators.voucher_centre.channel_calls import ChannelCalls
from simulators.voucher_centre.library_calls import LibraryCalls
from simulators.voucher_centre.office import Answer, Body
from simulators.voucher_centre.refusal import RefusedError
from simulators.voucher_centre.terminal import Presented

# --- activation ---


class AnyOrder(Activations):
    """Takes the steps of activation in any order."""

    def _in_order(self, activation: Activation, step: Step) -> None:
        if step in activation.done:
            super()._in_order(activation, step)


class NamesAnotherStep(Activations):
    """Names the step that was refused as the missing one."""

    def _in_order(self, activation: Activation, step: Step) -> None:
        try:
            super()._in_order(activation, step)
        except RefusedError as error:
            if error.why == "step-skipped":
                raise RefusedError(error.why, step.value, {"missing": step.value}) from error
            raise


class DoneTooSoon(Activations):
    """Says that the voucher is activated as soon as it is issued."""

    def _answer(self, activation: Activation) -> dict[str, object]:
        return {**super()._answer(activation), "activated": Step.ISSUE in activation.done}


class ConsentUnread(Activations):
    """Does not look whether the person has agreed."""

    def _step(self, activation: Activation, step: Step, body: dict[str, object]) -> None:
        super()._step(activation, step, {**body, "agreed": True})


# --- channels ---


class ShowsUnfinished(ChannelCalls):
    """Shows a code before the voucher is activated."""

    def _active(self, body: Body) -> Person:
        return self._known(body)


class NoOfflineUse(ChannelCalls):
    """Shows no code to whoever has a place to choose but no valid record."""

    def _warning(self, person: Person) -> Answer:
        found = super()._warning(person)
        if found:
            raise RefusedError("no-valid-insurance-on-show", more=found)
        return found


# --- the terminal library ---


class OneChannel(LibraryCalls):
    """Says that every code was shown in the national app."""

    def _identified(
        self,
        person: Person,
        institution: Institution,
        channel: str,
        digits: str,
        *,
        by_face: bool = False,
        auth_no: str = "",
    ) -> Answer:
        return super()._identified(person, institution, "nhsa-app", digits, by_face=by_face, auth_no=auth_no)


class OtherBirthday(LibraryCalls):
    """Spells the birthday with hyphens."""

    def _identified(
        self,
        person: Person,
        institution: Institution,
        channel: str,
        digits: str,
        *,
        by_face: bool = False,
        auth_no: str = "",
    ) -> Answer:
        found = super()._identified(person, institution, channel, digits, by_face=by_face, auth_no=auth_no)
        return {**found, "birthday": person.birthday}


class IndexByChannel(LibraryCalls):
    """Gives a person another ecIndexNo in each channel."""

    def _identified(
        self,
        person: Person,
        institution: Institution,
        channel: str,
        digits: str,
        *,
        by_face: bool = False,
        auth_no: str = "",
    ) -> Answer:
        found = super()._identified(person, institution, channel, digits, by_face=by_face, auth_no=auth_no)
        return {**found, "ecIndexNo": sm3(f"{person.id_no}{channel}".encode()).hex()[:32]}


class CardGivesToken(LibraryCalls):
    """Gives a token for an ID card, without code or face."""

    def _card(self, id_no: str, institution: Institution) -> Answer:
        found = super()._card(id_no, institution)
        return {**found, "ecToken": f"639900ec{sm3(id_no.encode()).hex()[:30]}"}


class FirstFaceStays(LibraryCalls):
    """Takes the first face that was shown at a terminal for all later ones."""

    async def _face(self, institution: Institution) -> Presented:
        found = await super()._face(institution)
        first: dict[str, Presented] = self.__dict__.setdefault("_first", {})
        return first.setdefault(institution.code, found)


class ResultForAnybody(LibraryCalls):
    """Takes a result for the screen for whomever it names."""

    async def _show_result(self, institution: Institution, data: Body) -> Answer:
        del institution
        return {"outBizNo": data["outBizNo"]}


class KindUnknown(LibraryCalls):
    """Says of every code that it cannot read that nobody was given it."""

    def _code_refused(self, digits: str, why: str) -> RefusedError:
        return super()._code_refused(digits, "unknown" if why == "wrong-kind" else why)


class RefusalNames(LibraryCalls):
    """Says whose code it was when it refuses one."""

    def _code_refused(self, digits: str, why: str) -> RefusedError:
        error = super()._code_refused(digits, why)
        known: Mapping[str, object] = {str(one["digits"]): one["id_no"] for one in self._office.codes.state()}
        if digits in known:
            error.more["idNo"] = known[digits]
        return error
