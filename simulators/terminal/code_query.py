"""EcQuery of the social-card library: the terminal library's ec.query, with a code that the terminal itself scans.

EcQuery is a province's NationEcTrans (institution reference §2.8): `in` is the same JSON, told apart by transType,
`out` a buffer with the centre's answer. As there, the scanned code is no input: the call is held until one is shown,
and what its `data` says of one is not looked at. Every other transType goes to the centre as it is. That the call
travels over HTTP, that its return code is 0 whatever the centre says, and how long people have, is our own design.
"""

import asyncio
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from harness.line.http_connection import connection_of
from harness.wire import voucher_messages as messages
from harness.wire.fields import is_object
from simulators.kit.back_door import json_object
from simulators.terminal.centre import CentreUnavailableError
from simulators.terminal.held import GoneError, Held
from simulators.terminal.library_answers import LIBRARY, answered, hung_up, not_ready
from simulators.terminal.refusals import Refusal, refusals
from simulators.terminal.unit import Unit

WHAT = "code"


class CodeQuery:
    """The call, beside those of `library_door`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def routes(self) -> list[Route]:
        """The call."""
        return [Route(f"{LIBRARY}/EcQuery", self._ec_query, methods=["POST"])]

    async def _ec_query(self, request: Request) -> Response:
        unit = self._unit
        refused = await not_ready(unit, request)
        if refused is not None:
            return answered(unit, WHAT, refused)
        body = await json_object(request)
        if body.get("transType") not in messages.LIBRARY_CALLS or not is_object(body.get("data")):
            return answered(unit, WHAT, refusals()["bad-request"])
        if unit.setup is not None and unit.address and not unit.setup.leads_to(unit.address):
            return answered(unit, WHAT, refusals()["ec-url-elsewhere"])
        gone = connection_of(request.scope).gone
        try:
            wish = await self._with_code(body, gone) if body["transType"] == messages.QR_QUERY else body
            found = wish if isinstance(wish, Refusal) else await self._asked(wish, gone)
        except GoneError:
            return await hung_up(request)
        return answered(unit, WHAT, found) if isinstance(found, Refusal) else JSONResponse({"code": 0, "out": found})

    async def _with_code(self, body: Mapping[str, object], gone: asyncio.Event) -> Mapping[str, object] | Refusal:
        """The call with the code that somebody shows."""
        unit = self._unit
        reader = unit.reader
        scan = reader.begin_scan()
        unit.changed()
        try:
            shown = await scan.result(gone)
        finally:
            reader.scan = None
            unit.changed()
        if isinstance(shown, Refusal):
            return shown
        data = body["data"]
        assert is_object(data)
        return {**body, "data": {**data, unit.settings.code_field: shown}}

    async def _asked(self, body: Mapping[str, object], gone: asyncio.Event) -> str | Refusal:
        """What the centre says, as it stands in the caller's buffer."""
        unit = self._unit
        reader = unit.reader
        query = reader.begin_query()
        asking = asyncio.create_task(self._ask(body, query), name="terminal EcQuery")
        try:
            return await query.result(gone)
        finally:
            reader.query = None
            asking.cancel()

    async def _ask(self, body: Mapping[str, object], query: "Held[str]") -> None:
        unit = self._unit
        path = "" if unit.setup is None else unit.setup.path
        try:
            code, message, text = await unit.centre.library(body, path)
        except CentreUnavailableError:
            query.end(refusals()["centre-unavailable"])
            return
        if len(text.encode("gbk", errors="replace")) + 1 > unit.settings.out_buffer:
            query.end(refusals()["buffer-too-small"])
            return
        unit.tell("library-read", what=WHAT, call=str(body["transType"]), answered=code)
        if code:
            unit.screen.typed(message)
            unit.changed()
        query.end(text)
