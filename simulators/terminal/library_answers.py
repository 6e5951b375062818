"""How calls of the social-card library begin and end: why one cannot begin, what one without data says, hanging up."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from harness.line.http_connection import connection_of
from simulators.kit.back_door import json_object
from simulators.terminal.refusals import Refusal, refusals
from simulators.terminal.unit import Unit

LIBRARY = "/HeaSecReadInfo"


async def unfit(unit: Unit, request: Request, *, org: str = "orgId") -> Refusal | None:
    """Why a call cannot begin; `org` is the member that names the institution."""
    try:
        institution = (await json_object(request)).get(org)
    except HTTPException:
        return refusals()["bad-request"]
    if institution != unit.institution:
        return refusals()["not-here"]
    return refusals()["busy"] if unit.reader.busy else None


async def not_ready(unit: Unit, request: Request) -> Refusal | None:
    """Why a call that may need Init cannot begin."""
    refused = await unfit(unit, request)
    if refused is None and unit.settings.init_first and unit.setup is None:
        return refusals()["not-set-up"]
    return refused


def answered(unit: Unit, what: str, refusal: Refusal) -> Response:
    """An answer without data, which the screen and the tape tell, too."""
    unit.tell("library-refused", what=what, reason=refusal.reason)
    unit.screen.refused(refusal)
    unit.changed()
    return JSONResponse(refusal.as_json())


async def hung_up(request: Request) -> Response:
    """Nobody waits for the answer any more."""
    connection = connection_of(request.scope)
    connection.abort()
    await connection.gone.wait()
    return Response(status_code=503)
