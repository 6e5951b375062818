"""The platform's own route at its back door: the insurance office that moves a person's insurance.

POST /people/move {"person": "P001", "place": "649900", "insutype": "390"}

From then on 1101 tells the new place and kind, messages that name the former ones are refused, and benefits are those
of the new kind; the account stays. It holds until the next case. What is left out stays as it is. (Own design; in the
field the office does so at any time, 参保关系转移.) A platform of several processes has no such route.
"""

from collections.abc import Callable
from dataclasses import replace

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fixtures.population import people
from simulators.kit.back_door import json_object
from simulators.platform.benefit_tables import table_of
from simulators.platform.desk import Desk

ADMDVS = 6
"""Digits of an insured place."""


class InsuranceOffice:
    """Where insurances are moved; `desk` is the present case's, None before the first."""

    def __init__(self, desk: Callable[[], Desk | None]) -> None:
        self._desk = desk

    def routes(self) -> list[Route]:
        """What can be done."""
        return [Route("/people/move", self._move, methods=["POST"])]

    async def _move(self, request: Request) -> Response:
        said, desk = await json_object(request), self._desk()
        known = {person.id: person.psn_no for person in people()}
        if desk is None or said.get("person") not in known:
            raise HTTPException(400, "person is nobody who is insured")
        insured_by = {insutype for insutype, *_ in table_of(desk.profile.name).rules}
        before = desk.person(known[str(said["person"])])
        place, insutype = (str(said.get(name) or "") for name in ("place", "insutype"))
        if place and not (len(place) == ADMDVS and place.isascii() and place.isdigit()):
            raise HTTPException(400, "place is no admdvs code of six digits")
        if insutype and insutype not in insured_by:
            raise HTTPException(400, "insutype is none that has benefits here")
        moved = replace(before, insured_place=place or before.insured_place, insutype=insutype or before.insutype)
        desk.moved(moved)
        return JSONResponse({"place": moved.insured_place, "insutype": moved.insutype})
