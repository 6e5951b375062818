"""What the voucher centre sends to a terminal: a payment that asks for its password, and results for the screen."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.kit.back_door import json_object
from simulators.terminal.prompts import read_prompt, read_result
from simulators.terminal.refusals import NotTakenError, bad_request
from simulators.terminal.unit import Unit, short_id


class CentreDoor:
    """Where the centre sends to."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def routes(self) -> list[Route]:
        """What it may send."""
        return [
            Route("/push/prompt", self._take_prompt, methods=["POST"]),
            Route("/push/screen", self._take_result, methods=["POST"]),
        ]

    async def _take_prompt(self, request: Request) -> Response:
        body = await self._own(request)
        try:
            prompt = read_prompt(body)
        except ValueError as error:
            raise bad_request(str(error)) from error
        unit = self._unit
        if not unit.screen.is_new(prompt):
            return JSONResponse({}, status_code=202)
        unit.screen.ask(prompt)
        person = short_id(prompt.id_no)
        unit.tell("keypad-asked", what="voucher-password", prompt=prompt.id, person=person)
        unit.tell("prompt-shown", prompt=prompt.id, person=person, amount_fen=prompt.amount, account_fen=prompt.account)
        unit.changed()
        return JSONResponse({}, status_code=202)

    async def _take_result(self, request: Request) -> Response:
        body = await self._own(request)
        try:
            result = read_result(body)
        except ValueError as error:
            raise bad_request(str(error)) from error
        unit = self._unit
        unit.screen.show(result)
        unit.tell(
            "screen",
            what="result",
            succeeded=result.succeeded,
            total_fen=result.total,
            fund_fen=result.fund,
            account_fen=result.account,
            own_fen=result.own,
            **({} if result.medical is None else {"medical_fen": result.medical}),
        )
        unit.changed()
        return JSONResponse({}, status_code=202)

    async def _own(self, request: Request) -> Mapping[str, object]:
        body = await json_object(request)
        if body.get("orgId") != self._unit.institution:
            raise NotTakenError(
                409, "not-here", zh="终端不属于该机构", en=f"This terminal belongs to {self._unit.institution}."
            )
        return body
