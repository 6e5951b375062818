"""The voucher centre's doors: which path does what, and how answers are written.

    POST /localcfc/api/hsecfc/localQrCodeQuery         the terminal library, by transType: ec.query (decode a scanned
                                                       code), cn.nhsa.qrcode.get, .ec.auth, .auth.check, .cert.get and
                                                       .settle.notify
    POST /localcfc/api/hsecfc/localEcTokenCheck        is this token this person's (and this institution's)?
    POST /ebus/channel/api/cfc/nationcfc/ec/qrcode     own design: a channel fetches a code
    POST /localcfc/api/hsecfc/payConfirm               own design: have a person confirm a payment; held until they do
    POST /localcfc/api/hsecfc/payAnswer                own design: the person's answer, from phone or keypad
    GET  /terminal/prompts                             own design: the open prompts, for a keypad
    POST /terminal/present, /terminal/cancel           own design: what the patient does at an institution's terminal
    GET  /terminal/asked?orgId=…&since=N               own design: what calls wait for there, once that has changed
    GET  /sms?activationNo=…                           own design: the SMS code of an activation
    POST /ebus/channel/api/cfc/nationcfc/ec/…          own design: ec_state, activate, password, place, family,
                                                       promoter, orgcode, orgquery

In faults the messages are called by their transType, or token-check, pay-confirm, pay-answer, prompts, terminal, sms.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import partial

import httpx
import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from harness.bench.plugin import Endpoints, SimulatorContext
from harness.line.http_connection import connection_of
from harness.line.record import JsonValue
from harness.wire import voucher_messages as messages
from harness.wire.profile import load_profile
from harness.wire.voucher_messages import LIBRARY_CALLS, PAY_ANSWER, PAY_CONFIRM, QR_QUERY, QRCODE, TOKEN_CHECK
from simulators.kit.http_party import HttpParty
from simulators.kit.quick_paths import QuickPaths, answer, whole_body
from simulators.voucher_centre.centre import AbandonedError, Centre
from simulators.voucher_centre.mutants import centre_for
from simulators.voucher_centre.office import Answer
from simulators.voucher_centre.settings import Charset, VoucherCentreSettings
from simulators.voucher_centre.terminal import TerminalLine

VARIANT_PATH = "/fsi/api/hsecfc/localQrCodeQuery"
"""The same service as one HIS calls it."""
PROMPTS, TERMINAL, SMS = "prompts", "terminal", "sms"
SMS_PATH = "/sms"
JSON_HEADERS = {"content-type": "application/json;charset=UTF-8"}
CALLS = {
    messages.QR_QUERY_PATH: QR_QUERY,
    VARIANT_PATH: QR_QUERY,
    messages.TOKEN_CHECK_PATH: TOKEN_CHECK,
    messages.QRCODE_PATH: QRCODE,
    messages.PAY_CONFIRM_PATH: PAY_CONFIRM,
    messages.PAY_ANSWER_PATH: PAY_ANSWER,
    messages.STATE_PATH: messages.STATE,
    messages.ACTIVATE_PATH: messages.ACTIVATE,
    messages.PASSWORD_PATH: messages.PASSWORD,
    messages.PLACE_PATH: messages.PLACE,
    messages.FAMILY_PATH: messages.FAMILY,
    messages.PROMOTER_PATH: messages.PROMOTER,
    messages.ORG_CODE_PATH: messages.ORG_CODE,
    messages.ORG_QUERY_PATH: messages.ORG_QUERY,
}
NAMES = {
    **CALLS,
    messages.TERMINAL_PROMPTS_PATH: PROMPTS,
    messages.TERMINAL_PRESENT_PATH: TERMINAL,
    messages.TERMINAL_CANCEL_PATH: TERMINAL,
    messages.TERMINAL_ASKED_PATH: TERMINAL,
    SMS_PATH: SMS,
}


class VoucherCentre:
    """The centre as a device of a bench."""

    def __init__(self, context: SimulatorContext, settings: VoucherCentreSettings) -> None:
        self._context = context
        self._settings = settings
        self._phone = ""
        self._terminal = TerminalLine(post=self._post_to_terminal)
        self._centre = self._new_centre(context.seed)
        self._content_type = f"application/json;charset={settings.charset.upper()}".encode()
        posts: dict[str, ASGIApp] = {path: partial(self._answer, name=name) for path, name in CALLS.items()}
        routes = [
            Route(messages.TERMINAL_PROMPTS_PATH, self._prompts),
            Route(messages.TERMINAL_PRESENT_PATH, self._plain(Centre.present), methods=["POST"]),
            Route(messages.TERMINAL_CANCEL_PATH, self._plain(Centre.cancel), methods=["POST"]),
            Route(messages.TERMINAL_ASKED_PATH, self._asked),
            Route(SMS_PATH, self._sms),
        ]
        self._party = HttpParty(
            context,
            QuickPaths(Starlette(routes=routes), posts),
            name_of=message_name,
            state=self._state,
            reset=self._reset,
        )

    async def start(self) -> Endpoints:
        """Open both doors."""
        return await self._party.start()

    def connect(self, peers: Mapping[str, str]) -> None:
        """Learn where the phone and the terminal are."""
        self._phone = peers.get("phone", "")
        self._terminal.address = peers.get("terminal", "")

    async def reset(self, *, seed: int) -> None:
        """Forget codes, tokens and prompts; whoever still waits for a prompt is hung up on."""
        self._centre.abandon()
        self._centre = self._new_centre(seed)
        self._party.renumber()

    async def stop(self) -> None:
        """Close both doors."""
        self._centre.abandon()
        await self._party.stop()

    async def _reset(self, seed: int) -> None:
        await self.reset(seed=seed)

    def _new_centre(self, seed: int) -> Centre:
        return centre_for(self._settings.mutant)(
            self._settings,
            clock=self._context.clock,
            tape=self._context.tape,
            seed=seed,
            name=self._context.name,
            push=self._push,
            lengths=load_profile(self._context.profile).operator_lengths,
            terminal=self._terminal,
        )

    def _state(self) -> Mapping[str, JsonValue]:
        return {"settings": {k: str(v) for k, v in vars(self._settings).items()}, **self._centre.state()}

    async def _push(self, prompt: Mapping[str, object]) -> bool:
        return await self._post(self._phone, messages.PUSH_PROMPT_PATH, prompt)

    async def _post_to_terminal(self, path: str, body: Mapping[str, object]) -> bool:
        return await self._post(self._terminal.address, path, body)

    async def _post(self, address: str, path: str, body: Mapping[str, object]) -> bool:
        if not address:
            return False
        try:
            answer = await self._party.client.post(
                address + path, content=msgspec.json.encode(body), headers=JSON_HEADERS
            )
        except httpx.HTTPError:
            return False
        return answer.is_success

    async def _answer(self, scope: Scope, receive: Receive, send: Send, *, name: str) -> None:
        """One of `CALLS`. No routing framework stands here: it would cost as much as the decoding of a code."""
        centre = self._centre
        try:
            body = decoded(await whole_body(receive), _content_type(scope))
            called = _library_call(body) if name == QR_QUERY else name
            if called not in messages.AT_TERMINAL:
                found = await centre.handle(called, body)
            else:
                found = await _unless_hung_up(scope, centre.handle(called, body))
        except ValueError as error:
            found = centre.malformed(f"{error}")
        except AbandonedError:
            connection = connection_of(scope)
            connection.abort()
            await connection.gone.wait()
            return
        await answer(send, self._spelled(found), content_type=self._content_type)

    def _plain(self, work: Callable[[Centre, Answer], Answer]) -> Callable[[Request], Awaitable[Response]]:
        async def serve(request: Request) -> Response:
            try:
                body = decoded(await request.body(), _content_type(request.scope))
                return self._written(work(self._centre, body))
            except ValueError as error:
                return self._written(self._centre.malformed(f"{error}"))

        return serve

    async def _sms(self, request: Request) -> Response:
        return self._written(self._centre.text_message(request.query_params.get("activationNo")))

    async def _asked(self, request: Request) -> Response:
        query = request.query_params
        try:
            since = int(query.get("since", "-1"))
        except ValueError as error:
            return self._written(self._centre.malformed(f"since: {error}"))
        work = self._centre.asked(query.get("orgId", ""), since=since)
        try:
            return self._written(await _unless_hung_up(request.scope, work))
        except AbandonedError:
            return Response(status_code=503)

    async def _prompts(self, _: Request) -> Response:
        return self._written({"prompts": self._centre.open_prompts()})

    def _written(self, found: Answer) -> Response:
        return Response(self._spelled(found), media_type=self._content_type.decode())

    def _spelled(self, found: Answer) -> bytes:
        raw = msgspec.json.encode(found)
        return raw.decode().encode("gbk", errors="replace") if self._settings.charset is Charset.GBK else raw


def message_name(path: str, body: bytes) -> str:
    """A message's name in faults."""
    name = NAMES.get(path, path)
    if name != QR_QUERY:
        return name
    return next((call for call in LIBRARY_CALLS if f'"{call}"'.encode() in body), QR_QUERY)


async def _unless_hung_up(scope: Scope, work: Coroutine[None, None, Answer]) -> Answer:
    """The answer of a call that waits for a patient; nobody's card goes to a caller who has given up.

    Raises AbandonedError when the caller has hung up.
    """
    handling = asyncio.ensure_future(work)
    hung_up = asyncio.ensure_future(connection_of(scope).gone.wait())
    try:
        await asyncio.wait({handling, hung_up}, return_when=asyncio.FIRST_COMPLETED)
        if not handling.done():
            raise AbandonedError
        return handling.result()
    finally:
        handling.cancel()
        hung_up.cancel()


def _content_type(scope: Scope) -> str:
    found: bytes = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    return found.decode("latin-1")


def decoded(raw: bytes, content_type: str) -> Answer:
    """A request's object; its data may be a string of JSON. Raises ValueError that says what is wrong."""
    charset = content_type.lower().partition("charset=")[2].strip(' ";') or "utf-8"
    try:
        body = msgspec.json.decode(raw if charset in {"utf-8", "utf8"} else raw.decode(charset).encode())
        data = body.get("data") if isinstance(body, dict) else None
        if isinstance(data, str):
            body["data"] = msgspec.json.decode(data)
    except RecursionError as error:
        raise ValueError("too deep") from error
    except LookupError as error:
        raise ValueError(f"charset {charset!r} is unknown") from error
    if not isinstance(body, dict):
        raise ValueError("a JSON object is due")
    return body


def _library_call(body: Answer) -> str:
    """Which call of the terminal library a body is; ec.query when it does not say, whose check then tells."""
    called = body.get("transType")
    return called if isinstance(called, str) and called in LIBRARY_CALLS else QR_QUERY
