"""The terminal of one institution: its doors, and its screen to be looked at.

    GET  /                             the screen, to be looked at; GET /live keeps it up to date
    GET  /screen                       the same as JSON
    POST /present                      {"what": "id-card"|"face"|"card"|"code", "person": "P001"}
    POST /keypad {"text": "123456"}    type a password
    POST /pull, /cancel                take the card out; press cancel
    POST /HeaSecReadInfo/Init, ReadCardBas, ReadSFZ, VerifyPIN, EcQuery   the social-card library
    POST /push/prompt, /push/screen    from the voucher centre

Events: card-presented, face-presented, code-presented, card-pulled, keypad-asked, keypad-typed, pin-wrong,
card-unlocked, screen, cancelled, library-set-up, library-read, library-refused, present-undelivered,
answer-undelivered, restarted;
prompt-shown and prompt-answered as on phones.
"""

from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from harness.bench.plugin import Endpoints, SimulatorContext
from harness.errors import BenchError
from harness.line.record import JsonValue
from simulators.kit.http_party import HttpParty
from simulators.kit.live_page import Bell, LivePage
from simulators.terminal import pages
from simulators.terminal.card_office import CardOffice
from simulators.terminal.centre import Centre
from simulators.terminal.centre_door import CentreDoor
from simulators.terminal.code_query import CodeQuery
from simulators.terminal.library_door import LibraryDoor
from simulators.terminal.patient import Patient
from simulators.terminal.refusals import NotTakenError
from simulators.terminal.settings import TerminalSettings
from simulators.terminal.unit import Unit
from simulators.terminal.watch import Watch


class Terminal:
    """The terminal as a device of a bench."""

    def __init__(self, context: SimulatorContext, settings: TerminalSettings) -> None:
        bell = Bell()
        self._watch = Watch(bell.ring)
        self._unit = Unit(context, settings, bell)
        app = Starlette(
            routes=[
                Route("/", self._get_page),
                Route("/live", self._get_live),
                Route("/screen", self._get_screen),
                *Patient(self._unit).routes(),
                *LibraryDoor(self._unit).routes(),
                *CodeQuery(self._unit).routes(),
                *CentreDoor(self._unit).routes(),
            ],
            exception_handlers={NotTakenError: _not_taken, HTTPException: _failed, BenchError: _out_of_order},
        )
        self._party = HttpParty(
            context,
            app,
            name_of=message_name,
            state=self._state,
            reset=self._reset,
            back_routes=CardOffice(self._unit).routes(),
        )
        self._unit.centre = Centre(self._party.client, "", self._unit.institution)

    async def start(self) -> Endpoints:
        """Open both doors. Raises BenchError when a port, or the cards' file, cannot be had."""
        self._unit.chips.open()
        return await self._party.start()

    def connect(self, peers: Mapping[str, str]) -> None:
        """Take the voucher centre's address."""
        unit = self._unit
        unit.address = peers.get("voucher-centre", "")
        unit.centre = Centre(self._party.client, unit.address, unit.institution)
        self._watch.follow(unit.centre if unit.address else None)

    async def reset(self, *, seed: int) -> None:
        """No card in the slot, nothing asked, an empty screen, all cards new; held calls are hung up on."""
        del seed
        self._unit.begin()
        self._party.renumber()

    async def stop(self) -> None:
        """Close both doors."""
        self._unit.reader.abandon()
        self._watch.stop()
        await self._party.stop()

    async def _reset(self, seed: int) -> None:
        await self.reset(seed=seed)

    async def _get_page(self, _: Request) -> Response:
        page = pages.terminal_page(self._unit.institution, self._shown())
        return HTMLResponse(page, headers={"content-security-policy": pages.POLICY, "cache-control": "no-store"})

    async def _get_screen(self, _: Request) -> Response:
        return JSONResponse(self._shown())

    async def _get_live(self, _: Request) -> Response:
        return _WatchedPage(LivePage(self._unit.bell, self._unit.clock, self._shown), self._watch)

    def _shown(self) -> dict[str, JsonValue]:
        return self._unit.shown(self._watch.asked)

    def _state(self) -> dict[str, JsonValue]:
        unit = self._unit
        return {**self._shown(), "cards": dict(unit.chips.state()), "library": unit.library_state()}


class _WatchedPage(Response):
    """A live page; while it is open the voucher centre is asked what it waits for."""

    def __init__(self, page: LivePage, watch: Watch) -> None:
        super().__init__()
        self._page = page
        self._watch = watch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._watch.open()
        try:
            await self._page(scope, receive, send)
        finally:
            self._watch.close()


def message_name(path: str, body: bytes) -> str:
    """The name of a request in faults: present, keypad, ReadCardBas, VerifyPIN, push-prompt, push-screen, …"""
    del body
    parts = path.strip("/").split("/")
    match parts:
        case ["push", what]:
            return f"push-{what}"
        case ["HeaSecReadInfo", what]:
            return what
        case [""]:
            return "page"
        case _:
            return "/".join(parts)


async def _not_taken(_: Request, error: Exception) -> Response:
    assert isinstance(error, NotTakenError)
    return JSONResponse(error.as_json(), status_code=error.status)


async def _failed(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, status_code=error.status_code)


async def _out_of_order(_: Request, error: Exception) -> Response:
    assert isinstance(error, BenchError)
    return JSONResponse({"error": error.problem}, status_code=503)
