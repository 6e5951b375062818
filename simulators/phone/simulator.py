"""The phones of all synthetic people, as one party: codes on their screens, prompts, notices and pages."""

from collections.abc import Mapping
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from fixtures.population import Person, people
from harness.bench.plugin import Endpoints, SimulatorContext
from harness.line.record import JsonValue
from harness.money import format_yuan
from simulators.kit.back_door import json_object
from simulators.kit.http_party import HttpParty
from simulators.kit.live_page import Bell, LivePage
from simulators.phone import pages, texts
from simulators.phone.centre import Centre, CentreRefusalError, CentreUnavailableError
from simulators.phone.codes import Code
from simulators.phone.inbox import Inbox, Notice, Prompt, read_notice, read_prompt
from simulators.phone.pictures import PictureFormat
from simulators.phone.requests import Answer, Wish, read_answer, read_wish
from simulators.phone.screens import Screens
from simulators.phone.settings import PhoneSettings


class Phone:
    """Everybody's phone: one simulator, one front door, each person below `/people/ID`."""

    def __init__(self, context: SimulatorContext, settings: PhoneSettings) -> None:
        self._context = context
        self._settings = settings
        self._centre: Centre | None = None
        self._bell = Bell()
        self._begin(context.seed)
        app = Starlette(
            routes=[
                Route("/", self._get_people),
                Route("/people/{person}", self._get_page),
                Route("/people/{person}/code.png", self._get_picture),
                Route("/people/{person}/code.txt", self._get_digits),
                Route("/people/{person}/prompt", self._get_prompt),
                Route("/people/{person}/confirm", self._answer_prompt, methods=["POST"]),
                Route("/people/{person}/notices", self._get_notices),
                Route("/people/{person}/live", self._get_live),
                Route("/push/prompt", self._take_prompt, methods=["POST"]),
                Route("/push/notice", self._take_notice, methods=["POST"]),
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
        """New screens, no prompts, no notices."""
        self._begin(seed)
        self._party.renumber()
        self._bell.ring()

    async def stop(self) -> None:
        """Close both doors."""
        await self._party.stop()

    def _begin(self, seed: int) -> None:
        self._seed = seed
        self._screens = Screens(self._context, self._settings, self._centre, seed=seed)
        self._inbox = Inbox()

    async def _reset(self, seed: int) -> None:
        await self.reset(seed=seed)

    # --- codes ---

    async def _get_picture(self, request: Request) -> Response:
        person, wish = _person(request), read_wish(request.query_params)
        code, png = await self._screens.show(person, wish)
        return Response(png, media_type="image/png", headers=_code_headers(code))

    async def _get_digits(self, request: Request) -> Response:
        person, wish = _person(request), read_wish(request.query_params)
        code = await self._screens.tell(person, wish)
        return PlainTextResponse(code.digits + "\n", headers=_code_headers(code))

    # --- prompts and notices ---

    async def _take_prompt(self, request: Request) -> Response:
        try:
            prompt = read_prompt(await json_object(request))
        except ValueError as error:
            raise texts.bad_request(str(error)) from error
        person = _owner(prompt.id_no)
        if self._inbox.put_prompt(prompt):
            self._context.tape.event(
                self._context.name,
                "prompt-shown",
                prompt=prompt.id,
                person=person.id,
                amount_fen=prompt.amount,
                account_fen=prompt.account,
            )
            self._bell.ring()
        return JSONResponse({}, status_code=202)

    async def _get_prompt(self, request: Request) -> Response:
        return JSONResponse(self._prompt_state(_person(request)))

    async def _answer_prompt(self, request: Request) -> Response:
        person = _person(request)
        answer = read_answer(await json_object(request))
        prompt = self._answerable(person, answer)
        self._inbox.take_prompt(prompt)
        self._context.tape.event(
            self._context.name,
            "prompt-answered",
            prompt=prompt.id,
            person=person.id,
            answer="declined" if answer.password is None else "password",
        )
        self._bell.ring()
        return JSONResponse({"result": await self._deliver(person, prompt, answer)})

    def _answerable(self, person: Person, answer: Answer) -> Prompt:
        waiting = self._inbox.waiting(person.id_no, now_ns=self._context.clock.now_ns())
        for prompt in waiting:
            if answer.prompt in {"", prompt.id}:
                return prompt
        raise texts.no_prompt(person)

    async def _deliver(self, person: Person, prompt: Prompt, answer: Answer) -> str:
        inbox = self._inbox
        try:
            verdict = await self._centre_now().answer(prompt.id, answer.password)
        except CentreRefusalError as refusal:
            raise texts.centre_refused(refusal.code, refusal.message) from refusal
        except CentreUnavailableError as error:
            inbox.give_back(prompt)
            self._bell.ring()
            self._context.tape.event(self._context.name, "answer-undelivered", prompt=prompt.id, person=person.id)
            raise texts.centre_unavailable(str(error)) from error
        if verdict.attempts_left:
            inbox.give_back(prompt)
            self._bell.ring()
        return verdict.result

    def _centre_now(self) -> Centre:
        if self._centre is None:
            raise CentreUnavailableError("none is connected")
        return self._centre

    async def _take_notice(self, request: Request) -> Response:
        try:
            notice = read_notice(await json_object(request))
        except ValueError as error:
            raise texts.bad_request(str(error)) from error
        person = _owner(notice.id_no)
        self._inbox.put_notice(notice)
        self._context.tape.event(
            self._context.name,
            "notice",
            person=person.id,
            amount_fen=notice.amount,
            balance_fen=notice.balance,
            setl_id=notice.setl_id,
        )
        self._bell.ring()
        return JSONResponse({}, status_code=202)

    async def _get_notices(self, request: Request) -> Response:
        return JSONResponse(self._notices_state(_person(request)))

    # --- pages ---

    async def _get_people(self, _: Request) -> Response:
        balances = {person.id: self._balance(person) for person in people()}
        return _html(pages.people_page(balances))

    async def _get_page(self, request: Request) -> Response:
        try:
            person, wish = _person(request), read_wish(request.query_params)
        except texts.Refusal as refusal:
            return _html(pages.refusal_page(refusal), status=refusal.status)
        page = pages.PersonPage(
            person=person,
            channel=wish.channel,
            kind=wish.kind,
            screen=self._screen(person),
            balance=self._balance(person),
        )
        try:
            code, png = await self._screens.show(
                person, Wish(channel=wish.channel, kind=wish.kind, format=PictureFormat.BOTH)
            )
        except texts.Refusal as refusal:
            return _html(pages.person_page(page, refusal=refusal))
        return _html(pages.person_page(page, code=code, png=png))

    async def _get_live(self, request: Request) -> Response:
        person = _person(request)
        return LivePage(self._bell, self._context.clock, lambda: self._screen(person))

    def _screen(self, person: Person) -> dict[str, JsonValue]:
        """What an open page of a person must know, beside the code."""
        return {
            "now_ms": self._context.clock.now_ns() // 1_000_000,
            "runs": not self._context.clock.steppable,
            "prompt": self._prompt_state(person),
            "notices": self._notices_state(person),
            "balance": self._balance(person),
        }

    # --- what is known ---

    def _prompt_state(self, person: Person) -> dict[str, JsonValue]:
        waiting = self._inbox.waiting(person.id_no, now_ns=self._context.clock.now_ns())
        if not waiting:
            return {}
        prompt = waiting[0]
        return {
            "promptId": prompt.id,
            "amount": format_yuan(prompt.amount),
            "accountAmount": format_yuan(prompt.account),
            "institutionName": prompt.institution,
            "expires_ns": prompt.expires_ns,
            "expires_ms": prompt.expires_ns // 1_000_000,
            "waiting": len(waiting),
        }

    def _notices_state(self, person: Person) -> list[JsonValue]:
        return [_notice_json(notice) for notice in self._inbox.notices(person.id_no)]

    def _balance(self, person: Person) -> str:
        """The account's balance in yuan as the phone knows it: of the newest notice, else the opening balance."""
        notices = self._inbox.notices(person.id_no)
        return format_yuan(notices[0].balance) if notices else pages.opening_balance(person)

    def _state(self) -> dict[str, JsonValue]:
        return {
            "issuer": self._screens.issuer.value,
            "codes_on_screen": self._screens.codes_on_show,
            "people": {
                person.id: {"prompt": self._prompt_state(person), "notices": len(self._inbox.notices(person.id_no))}
                for person in people()
            },
        }


def message_name(path: str, body: bytes) -> str:
    """The name of a request in faults: push-prompt, push-notice, code, confirm, prompt, notices, live or page."""
    del body
    parts = unquote(path).strip("/").split("/")
    match parts:
        case ["push", what]:
            return f"push-{what}"
        case ["people", _, "code.png" | "code.txt"]:
            return "code"
        case ["people", _, what]:
            return what
        case _:
            return "page"


def _person(request: Request) -> Person:
    asked = str(request.path_params["person"])
    for person in people():
        if person.id == asked:
            return person
    raise texts.unknown_person(asked)


def _owner(id_no: str) -> Person:
    for person in people():
        if person.id_no == id_no:
            return person
    raise texts.unknown_person(id_no)


def _notice_json(notice: Notice) -> dict[str, JsonValue]:
    return {
        "amount": format_yuan(notice.amount),
        "balance": format_yuan(notice.balance),
        "setlId": notice.setl_id,
        "kind": notice.kind,
        "at": notice.at,
    }


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
