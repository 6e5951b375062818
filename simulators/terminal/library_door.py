"""The social-card library's calls as they travel: each is one request that is held until a person has acted.

EcQuery is in `code_query`. That they travel over HTTP is our own design; the members of Init and the fields of a
reading are those of the institution reference (§2.8).
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from harness.clock import local_time
from harness.line.http_connection import connection_of
from simulators.kit.back_door import json_object
from simulators.terminal.cards import CardKind, card_info, id_card_info
from simulators.terminal.held import GoneError
from simulators.terminal.library_answers import LIBRARY, answered, hung_up, not_ready, unfit
from simulators.terminal.library_setup import Setup, read_setup
from simulators.terminal.refusals import Refusal, refusals
from simulators.terminal.unit import Unit


class LibraryDoor:
    """The library's side of a terminal; one call at a time."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def routes(self) -> list[Route]:
        """The calls."""
        return [
            Route(f"{LIBRARY}/Init", self._init, methods=["POST"]),
            Route(f"{LIBRARY}/ReadCardBas", self._read_card, methods=["POST"]),
            Route(f"{LIBRARY}/ReadSFZ", self._read_id_card, methods=["POST"]),
            Route(f"{LIBRARY}/VerifyPIN", self._verify_pin, methods=["POST"]),
        ]

    async def _init(self, request: Request) -> Response:
        """Init(json): the body is its argument; 0 is well. A later one replaces it."""
        unit = self._unit
        refused = await unfit(unit, request, org="ORG_ID")
        if refused is not None:
            return answered(unit, "init", refused)
        setup = read_setup(await json_object(request), unit.settings.init_members)
        if not isinstance(setup, Setup):
            fields = "、".join(problem.path for problem in setup)
            expected = "; ".join(f"{problem.path}: {problem.expected} expected" for problem in setup)
            return answered(unit, "init", refusals()["init-invalid"].because(fields, expected))
        unit.set_up(setup)
        unit.tell("library-set-up", **unit.library_state())
        return JSONResponse({"code": 0})

    async def _read_card(self, request: Request) -> Response:
        return await self._read(request, CardKind.SOCIAL_CARD)

    async def _read_id_card(self, request: Request) -> Response:
        return await self._read(request, CardKind.ID_CARD)

    async def _read(self, request: Request, wanted: CardKind) -> Response:
        refused = await not_ready(self._unit, request)
        if refused is not None:
            return answered(self._unit, wanted.value, refused)
        unit = self._unit
        reader = unit.reader
        reading = reader.begin(wanted)
        unit.changed()
        try:
            found = reader.read(reading, await reading.held.result(connection_of(request.scope).gone))
        except GoneError:
            return await hung_up(request)
        finally:
            reader.reading = None
            unit.changed()
        if isinstance(found, Refusal):
            return answered(unit, wanted.value, found)
        unit.tell("library-read", what=wanted.value, person=found.person.id)
        if wanted is CardKind.ID_CARD:
            return JSONResponse({"code": 0, "sfzInfo": id_card_info(found.person)})
        now = local_time(unit.clock)
        return JSONResponse({"code": 0, "cardInfo": card_info(found.person, unit.settings, now=now)})

    async def _verify_pin(self, request: Request) -> Response:
        refused = await not_ready(self._unit, request)
        if refused is not None:
            return answered(self._unit, "card-pin", refused)
        unit = self._unit
        reader = unit.reader
        call = reader.ask_pin((await json_object(request)).get("cardNo"))
        if isinstance(call, Refusal):
            return answered(unit, "card-pin", call)
        unit.tell("keypad-asked", what="card-pin", person=call.card.person.id)
        unit.changed()
        try:
            proof = await call.held.result(connection_of(request.scope).gone)
        except GoneError:
            return await hung_up(request)
        finally:
            reader.pin = None
            unit.changed()
        if isinstance(proof, Refusal):
            return answered(unit, "card-pin", proof)
        return JSONResponse({"code": 0, "proof": proof})
