"""The social-card library's calls as they travel: each is one request that is held until a person has acted.

That they travel over HTTP is our own design; the fields of a reading are those of the institution reference (§2.8).
"""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from harness.clock import local_time
from harness.line.http import connection_of
from simulators.kit.back_door import json_object
from simulators.terminal.cards import CardKind, card_info, id_card_info
from simulators.terminal.held import GoneError
from simulators.terminal.refusals import Refusal, refusals
from simulators.terminal.unit import Unit

LIBRARY = "/HeaSecReadInfo"


class LibraryDoor:
    """The library's side of a terminal; one call at a time."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def routes(self) -> list[Route]:
        """The calls."""
        return [
            Route(f"{LIBRARY}/ReadCardBas", self._read_card, methods=["POST"]),
            Route(f"{LIBRARY}/ReadSFZ", self._read_id_card, methods=["POST"]),
            Route(f"{LIBRARY}/VerifyPIN", self._verify_pin, methods=["POST"]),
        ]

    async def _read_card(self, request: Request) -> Response:
        return await self._read(request, CardKind.SOCIAL_CARD)

    async def _read_id_card(self, request: Request) -> Response:
        return await self._read(request, CardKind.ID_CARD)

    async def _read(self, request: Request, wanted: CardKind) -> Response:
        refused = await self._unfit(request)
        if refused is not None:
            return self._answered(wanted.value, refused)
        unit = self._unit
        reader = unit.reader
        reading = reader.begin(wanted)
        unit.changed()
        try:
            found = reader.read(reading, await reading.held.result(connection_of(request.scope).gone))
        except GoneError:
            return await _hung_up(request)
        finally:
            reader.reading = None
            unit.changed()
        if isinstance(found, Refusal):
            return self._answered(wanted.value, found)
        unit.tell("library-read", what=wanted.value, person=found.person.id)
        if wanted is CardKind.ID_CARD:
            return JSONResponse({"code": 0, "sfzInfo": id_card_info(found.person)})
        now = local_time(unit.clock)
        return JSONResponse({"code": 0, "cardInfo": card_info(found.person, unit.settings, now=now)})

    async def _verify_pin(self, request: Request) -> Response:
        refused = await self._unfit(request)
        if refused is not None:
            return self._answered("card-pin", refused)
        unit = self._unit
        reader = unit.reader
        call = reader.ask_pin((await json_object(request)).get("cardNo"))
        if isinstance(call, Refusal):
            return self._answered("card-pin", call)
        unit.tell("keypad-asked", what="card-pin", person=call.card.person.id)
        unit.changed()
        try:
            proof = await call.held.result(connection_of(request.scope).gone)
        except GoneError:
            return await _hung_up(request)
        finally:
            reader.pin = None
            unit.changed()
        if isinstance(proof, Refusal):
            return self._answered("card-pin", proof)
        return JSONResponse({"code": 0, "proof": proof})

    async def _unfit(self, request: Request) -> Refusal | None:
        """Why a call cannot begin."""
        try:
            institution = (await json_object(request)).get("orgId")
        except HTTPException:
            return refusals()["bad-request"]
        if institution != self._unit.institution:
            return refusals()["not-here"]
        return refusals()["busy"] if self._unit.reader.busy else None

    def _answered(self, what: str, refusal: Refusal) -> Response:
        unit = self._unit
        unit.tell("library-refused", what=what, reason=refusal.reason)
        unit.screen.refused(refusal)
        unit.changed()
        return JSONResponse(refusal.as_json())


async def _hung_up(request: Request) -> Response:
    connection = connection_of(request.scope)
    connection.abort()
    await connection.gone.wait()
    return Response(status_code=503)
