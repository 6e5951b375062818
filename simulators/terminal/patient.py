"""What people do before the terminal: hold something before it, type, take the card out, press cancel."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.kit.back_door import json_object
from simulators.terminal.cards import Card, CardKind, How
from simulators.terminal.centre import CentreRefusalError, CentreUnavailableError
from simulators.terminal.library import PinCall
from simulators.terminal.prompts import Prompt
from simulators.terminal.refusals import NotTakenError
from simulators.terminal.requests import Presentation, read_keys, read_presentation
from simulators.terminal.unit import Unit, short_id

CENTRE_FAULTS = {
    How.UNREADABLE: "card-unreadable",
    How.PULLED_OUT: "card-pulled-out",
    How.WRONG_KIND: "card-wrong-kind",
}
"""How the voucher centre's return codes call what may go wrong with an ID card."""


class Patient:
    """Whoever stands before a terminal. Every request that leads nowhere raises NotTakenError."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def routes(self) -> list[Route]:
        """What can be done."""
        return [
            Route("/present", self._present, methods=["POST"]),
            Route("/keypad", self._keypad, methods=["POST"]),
            Route("/pull", self._pull, methods=["POST"]),
            Route("/cancel", self._cancel, methods=["POST"]),
        ]

    # --- hold something before it ---

    async def _present(self, request: Request) -> Response:
        wish = read_presentation(await json_object(request))
        unit = self._unit
        match wish.what:
            case "face":
                unit.tell("face-presented", person=wish.person_id, claimed=wish.claimed_id)
                await self._to_centre("face", wish.claimed.id_no, faceOf=wish.person.id_no)
            case "code":
                unit.tell("code-presented")
                if not unit.reader.show_code(wish.text):
                    await self._to_centre("code", wish.text)
            case "id-card":
                await self._present_id_card(wish)
            case _:
                self._present_social_card(wish)
        unit.changed()
        return JSONResponse({})

    async def _present_id_card(self, wish: Presentation) -> None:
        unit = self._unit
        unit.tell("card-presented", what=wish.what, person=wish.person_id, how=wish.how.value)
        if unit.reader.reading is not None and not unit.reader.reading.held.over:
            unit.reader.insert(Card(kind=CardKind.ID_CARD, person=wish.person, how=wish.how))
            return
        more = {} if wish.how is How.WELL else {"fault": CENTRE_FAULTS[wish.how]}
        await self._to_centre("card", wish.person.id_no, **more)

    def _present_social_card(self, wish: Presentation) -> None:
        if not wish.person.card_no:
            raise NotTakenError(
                409, "no-card", zh="该人员没有社会保障卡", en=f"{wish.person_id} has no social-insurance card."
            )
        self._unit.tell("card-presented", what=wish.what, person=wish.person_id, how=wish.how.value)
        self._unit.reader.insert(Card(kind=CardKind.SOCIAL_CARD, person=wish.person, how=wish.how))

    async def _to_centre(self, kind: str, text: str, **more: str) -> None:
        try:
            await self._unit.centre.present(kind, text, **more)
        except CentreRefusalError as refusal:
            raise _centre_refused(refusal) from refusal
        except CentreUnavailableError as error:
            self._unit.tell("present-undelivered", kind=kind)
            raise _centre_unavailable(error) from error

    # --- type ---

    async def _keypad(self, request: Request) -> Response:
        keys = read_keys(await json_object(request))
        unit = self._unit
        pin = unit.reader.pin
        if pin is not None and not pin.held.over:
            self._type_pin(pin, keys)
            return JSONResponse({"result": "typed"})
        prompt = unit.screen.question()
        if prompt is None:
            raise NotTakenError(409, "nothing-asked", zh="当前无需输入密码", en="No password is asked for now.")
        unit.tell("keypad-typed", what="voucher-password", prompt=prompt.id, person=short_id(prompt.id_no))
        return JSONResponse({"result": await self._answer(prompt, keys)})

    def _type_pin(self, pin: PinCall, keys: str) -> None:
        unit, person = self._unit, pin.card.person
        unit.tell("keypad-typed", what="card-pin", person=person.id)
        if unit.reader.type_pin(pin, keys) is not None:
            unit.tell("pin-wrong", person=person.id, left=unit.chips.left(person.card_sn))
        unit.changed()

    async def _answer(self, prompt: Prompt, password: str | None) -> str:
        unit = self._unit
        screen = unit.screen
        screen.answered(prompt)
        answer = "declined" if password is None else "password"
        unit.tell("prompt-answered", prompt=prompt.id, person=short_id(prompt.id_no), answer=answer)
        unit.changed()
        try:
            verdict = await unit.centre.answer(prompt.id, password)
        except CentreRefusalError as refusal:
            raise _centre_refused(refusal) from refusal
        except CentreUnavailableError as error:
            screen.ask(prompt)
            unit.tell("answer-undelivered", prompt=prompt.id)
            raise _centre_unavailable(error) from error
        if verdict.attempts_left:
            screen.ask(prompt)
        screen.typed(verdict.result)
        unit.changed()
        return verdict.result

    # --- go ---

    async def _pull(self, request: Request) -> Response:
        await json_object(request)
        if not self._unit.reader.pull():
            raise NotTakenError(409, "no-card", zh="读卡器内没有卡", en="There is no card in the reader.")
        self._unit.tell("card-pulled")
        self._unit.changed()
        return JSONResponse({})

    async def _cancel(self, request: Request) -> Response:
        await json_object(request)
        unit = self._unit
        unit.tell("cancelled")
        ended = unit.reader.cancel()
        prompt = unit.screen.question()
        if not ended and prompt is not None:
            return JSONResponse({"cancelled": 1, "result": await self._answer(prompt, None)})
        if not ended and unit.address:
            try:
                ended = await unit.centre.cancel()
            except CentreRefusalError as refusal:
                raise _centre_refused(refusal) from refusal
            except CentreUnavailableError as error:
                raise _centre_unavailable(error) from error
        unit.changed()
        return JSONResponse({"cancelled": ended})


def _centre_refused(refusal: CentreRefusalError) -> NotTakenError:
    return NotTakenError(
        409,
        "centre-refused",
        zh=refusal.message or "医保电子凭证中心拒绝了请求",
        en=f"The voucher centre refused with code {refusal.code}: {refusal.message}",
    )


def _centre_unavailable(error: CentreUnavailableError) -> NotTakenError:
    return NotTakenError(
        503, "centre-unavailable", zh="网络异常，请稍后重试", en=f"The voucher centre is not available: {error}."
    )
