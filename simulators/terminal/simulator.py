"""The terminal of one institution: what people do before it, what the library asks of it, what its screen shows.

    GET  /                             the screen, to be looked at; GET /live keeps it up to date
    GET  /screen                       the same as JSON
    POST /present                      {"what": "id-card"|"face"|"card"|"code", "person": "P001"}
    POST /keypad {"text": "123456"}    type a password
    POST /pull, /cancel                take the card out; press cancel
    POST /HeaSecReadInfo/ReadCardBas, ReadSFZ, VerifyPIN   the social-card library
    POST /push/prompt, /push/screen    from the voucher centre

Events: card-presented, face-presented, code-presented, card-pulled, keypad-asked, keypad-typed, screen, cancelled,
library-read, library-refused, present-undelivered, answer-undelivered; prompt-shown and prompt-answered as on phones.
"""

from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from fixtures.population import people
from harness.bench.plugin import Endpoints, SimulatorContext
from harness.clock import local_time
from harness.line.http import connection_of
from harness.line.record import JsonValue
from simulators.kit.back_door import json_object
from simulators.kit.http_party import HttpParty
from simulators.kit.live_page import Bell, LivePage
from simulators.terminal import pages
from simulators.terminal.cards import Card, CardKind, How, card_info, id_card_info
from simulators.terminal.centre import Centre, CentreRefusalError, CentreUnavailableError
from simulators.terminal.held import GoneError
from simulators.terminal.library import CardReader
from simulators.terminal.prompts import Prompt, read_prompt, read_result
from simulators.terminal.refusals import NotTakenError, Refusal, bad_request, refusals
from simulators.terminal.requests import Presentation, read_keys, read_presentation
from simulators.terminal.screen import Screen
from simulators.terminal.settings import TerminalSettings
from simulators.terminal.watch import Watch

DEFAULT_INSTITUTION = "H63999900001"
LIBRARY = "/HeaSecReadInfo"
CENTRE_FAULTS = {
    How.UNREADABLE: "card-unreadable",
    How.PULLED_OUT: "card-pulled-out",
    How.WRONG_KIND: "card-wrong-kind",
}
"""How the voucher centre's return codes call what may go wrong with an ID card."""


class Terminal:
    """The terminal as a device of a bench."""

    def __init__(self, context: SimulatorContext, settings: TerminalSettings) -> None:
        self._context = context
        self._settings = settings
        self._institution = settings.institution or context.institution or DEFAULT_INSTITUTION
        self._bell = Bell()
        self._watch = Watch(self._bell.ring)
        self._address = ""
        self._reader = CardReader(context.clock, settings)
        self._screen = Screen()
        app = Starlette(
            routes=[
                Route("/", self._get_page),
                Route("/live", self._get_live),
                Route("/screen", self._get_screen),
                Route("/present", self._present, methods=["POST"]),
                Route("/keypad", self._keypad, methods=["POST"]),
                Route("/pull", self._pull, methods=["POST"]),
                Route("/cancel", self._cancel, methods=["POST"]),
                Route("/push/prompt", self._take_prompt, methods=["POST"]),
                Route("/push/screen", self._take_result, methods=["POST"]),
                Route(f"{LIBRARY}/ReadCardBas", self._read_card, methods=["POST"]),
                Route(f"{LIBRARY}/ReadSFZ", self._read_id_card, methods=["POST"]),
                Route(f"{LIBRARY}/VerifyPIN", self._verify_pin, methods=["POST"]),
            ],
            exception_handlers={NotTakenError: _not_taken, HTTPException: _failed},
        )
        self._party = HttpParty(context, app, name_of=message_name, state=self._state, reset=self._reset)
        self._centre = Centre(self._party.client, "", self._institution)

    async def start(self) -> Endpoints:
        """Open both doors. Raises BenchError when a port cannot be had."""
        return await self._party.start()

    def connect(self, peers: Mapping[str, str]) -> None:
        """Take the voucher centre's address."""
        self._address = peers.get("voucher-centre", "")
        self._centre = Centre(self._party.client, self._address, self._institution)
        self._watch.follow(self._centre if self._address else None)

    async def reset(self, *, seed: int) -> None:
        """No card in the slot, nothing asked, an empty screen; held calls are hung up on."""
        del seed
        self._reader.abandon()
        self._reader = CardReader(self._context.clock, self._settings)
        self._screen = Screen()
        self._party.renumber()
        self._bell.ring()

    async def stop(self) -> None:
        """Close both doors."""
        self._reader.abandon()
        self._watch.stop()
        await self._party.stop()

    async def _reset(self, seed: int) -> None:
        await self.reset(seed=seed)

    def _tell(self, name: str, **fields: JsonValue) -> None:
        self._context.tape.event(self._context.name, name, **fields)

    def _changed(self) -> None:
        self._bell.ring()

    # --- what people do ---

    async def _present(self, request: Request) -> Response:
        wish = read_presentation(await json_object(request))
        match wish.what:
            case "face":
                self._tell("face-presented", person=wish.person_id, claimed=wish.claimed_id)
                await self._to_centre("face", wish.claimed.id_no, faceOf=wish.person.id_no)
            case "code":
                self._tell("code-presented")
                await self._to_centre("code", wish.text)
            case "id-card":
                await self._present_id_card(wish)
            case _:
                self._present_social_card(wish)
        self._changed()
        return JSONResponse({})

    async def _present_id_card(self, wish: Presentation) -> None:
        self._tell("card-presented", what=wish.what, person=wish.person_id, how=wish.how.value)
        if self._reader.reading is not None and not self._reader.reading.held.over:
            self._reader.insert(Card(kind=CardKind.ID_CARD, person=wish.person, how=wish.how))
            return
        more = {} if wish.how is How.WELL else {"fault": CENTRE_FAULTS[wish.how]}
        await self._to_centre("card", wish.person.id_no, **more)

    def _present_social_card(self, wish: Presentation) -> None:
        if not wish.person.card_no:
            raise NotTakenError(
                409, "no-card", zh="该人员没有社会保障卡", en=f"{wish.person_id} has no social-insurance card."
            )
        self._tell("card-presented", what=wish.what, person=wish.person_id, how=wish.how.value)
        self._reader.insert(Card(kind=CardKind.SOCIAL_CARD, person=wish.person, how=wish.how))

    async def _to_centre(self, kind: str, text: str, **more: str) -> None:
        try:
            await self._centre.present(kind, text, **more)
        except CentreRefusalError as refusal:
            raise _centre_refused(refusal) from refusal
        except CentreUnavailableError as error:
            self._tell("present-undelivered", kind=kind)
            raise _centre_unavailable(error) from error

    async def _keypad(self, request: Request) -> Response:
        keys = read_keys(await json_object(request))
        pin = self._reader.pin
        if pin is not None and not pin.held.over:
            self._tell("keypad-typed", what="card-pin", person=pin.card.person.id)
            self._reader.type_pin(keys)
            self._changed()
            return JSONResponse({"result": "typed"})
        prompt = self._screen.question(self._context.clock.now_ns())
        if prompt is None:
            raise NotTakenError(409, "nothing-asked", zh="当前无需输入密码", en="No password is asked for now.")
        self._tell("keypad-typed", what="voucher-password", prompt=prompt.id, person=_id_of(prompt.id_no))
        return JSONResponse({"result": await self._answer(prompt, keys)})

    async def _answer(self, prompt: Prompt, password: str | None) -> str:
        self._screen.answered(prompt)
        answer = "declined" if password is None else "password"
        self._tell("prompt-answered", prompt=prompt.id, person=_id_of(prompt.id_no), answer=answer)
        self._changed()
        try:
            verdict = await self._centre.answer(prompt.id, password)
        except CentreRefusalError as refusal:
            raise _centre_refused(refusal) from refusal
        except CentreUnavailableError as error:
            self._screen.ask(prompt)
            self._tell("answer-undelivered", prompt=prompt.id)
            raise _centre_unavailable(error) from error
        if verdict.attempts_left:
            self._screen.ask(prompt)
        self._screen.typed(verdict.result)
        self._changed()
        return verdict.result

    async def _pull(self, request: Request) -> Response:
        await json_object(request)
        if not self._reader.pull():
            raise NotTakenError(409, "no-card", zh="读卡器内没有卡", en="There is no card in the reader.")
        self._tell("card-pulled")
        self._changed()
        return JSONResponse({})

    async def _cancel(self, request: Request) -> Response:
        await json_object(request)
        self._tell("cancelled")
        ended = self._reader.cancel()
        prompt = self._screen.question(self._context.clock.now_ns())
        if not ended and prompt is not None:
            return JSONResponse({"cancelled": 1, "result": await self._answer(prompt, None)})
        if not ended and self._address:
            try:
                ended = await self._centre.cancel()
            except CentreRefusalError as refusal:
                raise _centre_refused(refusal) from refusal
            except CentreUnavailableError as error:
                raise _centre_unavailable(error) from error
        self._changed()
        return JSONResponse({"cancelled": ended})

    # --- the social-card library ---

    async def _read_card(self, request: Request) -> Response:
        return await self._read(request, CardKind.SOCIAL_CARD)

    async def _read_id_card(self, request: Request) -> Response:
        return await self._read(request, CardKind.ID_CARD)

    async def _read(self, request: Request, wanted: CardKind) -> Response:
        refused = await self._unfit(request)
        if refused is not None:
            return self._answered(wanted.value, refused)
        reader = self._reader
        reading = reader.begin(wanted)
        self._changed()
        try:
            found = reader.read(reading, await reading.held.result(connection_of(request.scope).gone))
        except GoneError:
            return await _hung_up(request)
        finally:
            reader.reading = None
            self._changed()
        if isinstance(found, Refusal):
            return self._answered(wanted.value, found)
        self._tell("library-read", what=wanted.value, person=found.person.id)
        if wanted is CardKind.ID_CARD:
            return JSONResponse({"code": 0, "sfzInfo": id_card_info(found.person)})
        now = local_time(self._context.clock)
        return JSONResponse({"code": 0, "cardInfo": card_info(found.person, self._settings, now=now)})

    async def _verify_pin(self, request: Request) -> Response:
        refused = await self._unfit(request)
        if refused is not None:
            return self._answered("card-pin", refused)
        reader = self._reader
        call = reader.ask_pin((await json_object(request)).get("cardNo"))
        if isinstance(call, Refusal):
            return self._answered("card-pin", call)
        self._tell("keypad-asked", what="card-pin", person=call.card.person.id)
        self._changed()
        try:
            proof = await call.held.result(connection_of(request.scope).gone)
        except GoneError:
            return await _hung_up(request)
        finally:
            reader.pin = None
            self._changed()
        return (
            self._answered("card-pin", proof)
            if isinstance(proof, Refusal)
            else JSONResponse({"code": 0, "proof": proof})
        )

    async def _unfit(self, request: Request) -> Refusal | None:
        """Why a call of the library cannot begin."""
        try:
            institution = (await json_object(request)).get("orgId")
        except HTTPException:
            return refusals()["bad-request"]
        if institution != self._institution:
            return refusals()["not-here"]
        return refusals()["busy"] if self._reader.busy else None

    def _answered(self, what: str, refusal: Refusal) -> Response:
        self._tell("library-refused", what=what, reason=refusal.reason)
        self._screen.refused(refusal)
        self._changed()
        return JSONResponse(refusal.as_json())

    # --- what the voucher centre sends ---

    async def _take_prompt(self, request: Request) -> Response:
        body = await self._own(request)
        try:
            prompt = read_prompt(body)
        except ValueError as error:
            raise bad_request(str(error)) from error
        self._screen.ask(prompt)
        person = _id_of(prompt.id_no)
        self._tell("keypad-asked", what="voucher-password", prompt=prompt.id, person=person)
        self._tell(
            "prompt-shown", prompt=prompt.id, person=person, amount_fen=prompt.amount, account_fen=prompt.account
        )
        self._changed()
        return JSONResponse({}, status_code=202)

    async def _take_result(self, request: Request) -> Response:
        body = await self._own(request)
        try:
            result = read_result(body)
        except ValueError as error:
            raise bad_request(str(error)) from error
        self._screen.show(result)
        self._tell(
            "screen",
            what="result",
            succeeded=result.succeeded,
            total_fen=result.total,
            fund_fen=result.fund,
            account_fen=result.account,
            own_fen=result.own,
        )
        self._changed()
        return JSONResponse({}, status_code=202)

    async def _own(self, request: Request) -> Mapping[str, object]:
        body = await json_object(request)
        if body.get("orgId") != self._institution:
            raise NotTakenError(
                409, "not-here", zh="终端不属于该机构", en=f"This terminal belongs to {self._institution}."
            )
        return body

    # --- the screen ---

    async def _get_page(self, _: Request) -> Response:
        page = pages.terminal_page(self._institution, self._shown())
        return HTMLResponse(page, headers={"content-security-policy": pages.POLICY, "cache-control": "no-store"})

    async def _get_screen(self, _: Request) -> Response:
        return JSONResponse(self._shown())

    async def _get_live(self, _: Request) -> Response:
        return _WatchedPage(LivePage(self._bell, self._context.clock, self._shown), self._watch)

    def _shown(self) -> dict[str, JsonValue]:
        reader, clock = self._reader, self._context.clock
        asked: list[JsonValue] = [] if reader.reading is None else [reader.reading.wanted.value]
        asked += ["id-card" if thing == "card" else thing for thing in self._watch.asked]
        return {
            "institution": self._institution,
            "now_ms": clock.now_ns() // 1_000_000,
            "runs": not clock.steppable,
            "asked": asked,
            "card_in": reader.inside is not None,
            **self._screen.as_json(pin=reader.pin, now_ns=clock.now_ns()),
        }

    def _state(self) -> dict[str, JsonValue]:
        return self._shown()


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


def _id_of(id_no: str) -> str:
    return next((person.id for person in people() if person.id_no == id_no), "")


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


async def _hung_up(request: Request) -> Response:
    connection = connection_of(request.scope)
    connection.abort()
    await connection.gone.wait()
    return Response(status_code=503)


async def _not_taken(_: Request, error: Exception) -> Response:
    assert isinstance(error, NotTakenError)
    return JSONResponse(error.as_json(), status_code=error.status)


async def _failed(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, status_code=error.status_code)
