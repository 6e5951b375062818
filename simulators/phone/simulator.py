"""The phones of all synthetic people, as one party: codes on their screens, and the pages to look at.

What the systems send to them is the business of `deliveries`.
"""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from fixtures.channels import bill_channels, channels
from fixtures.population import Person, people
from harness.bench.plugin import Endpoints, SimulatorContext
from harness.line.record import JsonValue
from simulators.kit.http_party import HttpParty
from simulators.kit.live_page import Bell, LivePage
from simulators.phone import pages, texts
from simulators.phone.centre import Centre
from simulators.phone.codes import Code
from simulators.phone.deliveries import Deliveries
from simulators.phone.family import Family
from simulators.phone.pictures import PictureFormat
from simulators.phone.requests import member_of, person_of, read_channel, read_wish
from simulators.phone.screens import Screens
from simulators.phone.settings import FamilyPrompts, PhoneSettings


class Phone:
    """Everybody's phone: one simulator, one front door, each person below `/people/ID`."""

    def __init__(self, context: SimulatorContext, settings: PhoneSettings) -> None:
        self._context = context
        self._settings = settings
        self._centre: Centre | None = None
        self._bell = Bell()
        shared = settings.family_prompts is FamilyPrompts.BOTH
        self._deliveries = Deliveries(context, self._bell, lambda: self._centre, shared=shared)
        self._begin(context.seed)
        app = Starlette(
            routes=[
                Route("/", self._get_people),
                Route("/people/{person}", self._get_page),
                Route("/people/{person}/code.png", self._get_picture),
                Route("/people/{person}/code.txt", self._get_digits),
                Route("/people/{person}/bills", self._get_bills_page),
                Route("/people/{person}/bills.json", self._get_bills),
                Route("/people/{person}/family", self._get_family),
                Route("/people/{person}/live", self._get_live),
                *self._deliveries.routes(),
            ],
            exception_handlers={texts.Refusal: _refused, HTTPException: _failed},
        )
        self._party = HttpParty(context, app, name_of=message_name, state=self._state, reset=self._reset)

    async def start(self) -> Endpoints:
        """Open both doors. Raises BenchError when a port cannot be had."""
        return await self._party.start()

    def connect(self, peers: Mapping[str, str]) -> None:
        """Take the voucher centre's address; without one the phone makes its codes itself."""
        address = peers.get("voucher-centre")
        self._centre = Centre(self._party.client, address) if address else None
        self._begin(self._seed)

    async def reset(self, *, seed: int) -> None:
        """New screens, no prompts, no notices, no bills."""
        self._begin(seed)
        self._party.renumber()
        self._bell.ring()

    async def stop(self) -> None:
        """Close both doors."""
        await self._party.stop()

    def _begin(self, seed: int) -> None:
        self._seed = seed
        self._family = Family(self._centre, self._bell)
        self._screens = Screens(self._context, self._settings, self._centre, self._family, seed=seed)
        self._deliveries.begin(self._family)

    async def _reset(self, seed: int) -> None:
        await self.reset(seed=seed)

    # --- codes ---

    async def _get_picture(self, request: Request) -> Response:
        person, wish = person_of(request), read_wish(request.query_params)
        code, png = await self._screens.show(person, wish)
        return Response(png, media_type="image/png", headers=_code_headers(code))

    async def _get_digits(self, request: Request) -> Response:
        person, wish = person_of(request), read_wish(request.query_params)
        code = await self._screens.tell(person, wish)
        return PlainTextResponse(code.digits + "\n", headers=_code_headers(code))

    # --- pages ---

    async def _get_people(self, _: Request) -> Response:
        balances = {person.id: self._deliveries.balance(person) for person in people()}
        return _html(pages.people_page(balances))

    async def _get_page(self, request: Request) -> Response:
        try:
            person, wish = person_of(request), read_wish(request.query_params)
        except texts.Refusal as refusal:
            return _html(pages.refusal_page(refusal), status=refusal.status)
        shown: tuple[Code, bytes] | None = None
        why: texts.Refusal | None = None
        try:
            shown = await self._screens.show(person, replace(wish, format=PictureFormat.BOTH, fresh=False))
        except texts.Refusal as refusal:
            why = refusal
        family = self._family.known(person)
        if wish.member is None:
            family = await self._family.members(person, wish.channel)
        page = pages.PersonPage(
            person=person,
            channel=wish.channel,
            kind=wish.kind,
            screen=self._screen(person, wish.member),
            member=wish.member,
            family=family,
        )
        if shown is None:
            return _html(pages.person_page(page, refusal=why))
        code, png = shown
        return _html(pages.person_page(page, code=code, png=png))

    async def _get_bills_page(self, request: Request) -> Response:
        try:
            person, channel = person_of(request), read_channel(request.query_params, _default_bills())
        except texts.Refusal as refusal:
            return _html(pages.refusal_page(refusal), status=refusal.status)
        return _html(pages.bills_page(person, channel, screen=self._deliveries.screen(person)))

    async def _get_bills(self, request: Request) -> Response:
        person, channel = person_of(request), read_channel(request.query_params, _default_bills())
        if channel.id not in bill_channels():
            raise texts.no_bills(channel.id)
        return JSONResponse(self._deliveries.bills(person, channel.id))

    async def _get_live(self, request: Request) -> Response:
        person, member = person_of(request), member_of(request.query_params)
        if member is not None:
            await self._family.members(person, read_channel(request.query_params, channels()[0].id))
        return LivePage(self._bell, self._context.clock, lambda: self._screen(person, member))

    async def _get_family(self, request: Request) -> Response:
        person, channel = person_of(request), read_channel(request.query_params, channels()[0].id)
        members = await self._family.members(person, channel)
        rows = [{"id": m.id, "name": m.name, "number": pages.masked(m.id_no)} for m in members]
        return JSONResponse({"members": rows})

    def _screen(self, person: Person, member: Person | None) -> dict[str, JsonValue]:
        deliveries = self._deliveries
        return deliveries.screen(person) if member is None else deliveries.member_screen(person, member)

    def _state(self) -> dict[str, JsonValue]:
        return {
            "issuer": self._screens.issuer.value,
            "codes_on_screen": self._screens.codes_on_show,
            "people": self._deliveries.state(),
        }


def message_name(path: str, body: bytes) -> str:
    """The name of a request in faults: push-prompt, push-bill, code, confirm, prompt, bills, live, …, page."""
    del body
    parts = unquote(path).strip("/").split("/")
    match parts:
        case ["push", what]:
            return f"push-{what}"
        case ["people", _, "code.png" | "code.txt"]:
            return "code"
        case ["people", _, "bills" | "bills.json"]:
            return "bills"
        case ["people", _, what]:
            return what
        case _:
            return "page"


def _default_bills() -> str:
    return min(bill_channels(), default="")


def _code_headers(code: Code) -> dict[str, str]:
    return {
        "x-code": code.digits,
        "x-issued-ns": str(code.issued_ns),
        "x-refresh-ns": str(code.refresh_ns),
        "x-expires-ns": str(code.expires_ns),
        "cache-control": "no-store",
    }


def _html(page: str, *, status: int = 200) -> Response:
    return HTMLResponse(
        page, status_code=status, headers={"content-security-policy": pages.POLICY, "cache-control": "no-store"}
    )


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, texts.Refusal)
    return JSONResponse(error.as_json(), status_code=error.status)


async def _failed(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, status_code=error.status_code)
