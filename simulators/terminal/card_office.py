"""The terminal's own routes at the back door: the card office that unlocks cards, and its power switch.

POST /cards/unlock {"person": "P001"}   the card takes passwords again (assumed: a real office does so by its own ways)
POST /restart {}                        off and on: held calls are hung up on; cards keep what they remember
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from harness.errors import BenchError
from simulators.kit.back_door import json_object
from simulators.terminal.refusals import NotTakenError
from simulators.terminal.requests import read_card_holder
from simulators.terminal.unit import Unit


class CardOffice:
    """What nobody does at a counter."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def routes(self) -> list[Route]:
        """What can be done."""
        return [
            Route("/cards/unlock", self._unlock, methods=["POST"]),
            Route("/restart", self._restart, methods=["POST"]),
        ]

    async def _unlock(self, request: Request) -> Response:
        try:
            person = read_card_holder(await json_object(request))
            self._unit.chips.right(person.card_sn)
        except NotTakenError as error:
            return JSONResponse(error.as_json(), status_code=error.status)
        except BenchError as error:
            return JSONResponse({"error": error.problem}, status_code=503)
        self._unit.tell("card-unlocked", person=person.id)
        return JSONResponse({"left": self._unit.chips.left(person.card_sn)})

    async def _restart(self, request: Request) -> Response:
        await json_object(request)
        self._unit.tell("restarted")
        self._unit.restart()
        return JSONResponse({})
