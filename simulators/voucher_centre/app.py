"""The voucher centre's doors: which path does what, and how answers are written.

    POST /localcfc/api/hsecfc/localQrCodeQuery         ec.query: decode a scanned code
    POST /localcfc/api/hsecfc/localEcTokenCheck        is this token this person's (and this institution's)?
    POST /ebus/channel/api/cfc/nationcfc/ec/qrcode     own design: a channel fetches a code
    POST /localcfc/api/hsecfc/payConfirm               own design: have a person confirm a payment; held until they do
    POST /localcfc/api/hsecfc/payAnswer                own design: the person's answer, from phone or keypad
    GET  /terminal/prompts                             own design: the open prompts, for a keypad

In faults the messages are called ec.query, token-check, ec.qrcode, pay-confirm, pay-answer and prompts.
"""

from collections.abc import Awaitable, Callable, Mapping

import httpx
import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from harness.bench.plugin import Endpoints, SimulatorContext
from harness.line.http import connection_of
from harness.line.record import JsonValue
from harness.wire import voucher_messages as messages
from harness.wire.fields import is_object
from harness.wire.voucher_messages import PAY_ANSWER, PAY_CONFIRM, QR_QUERY, QRCODE, TOKEN_CHECK
from simulators.kit.http_party import HttpParty
from simulators.voucher_centre.centre import AbandonedError, Centre
from simulators.voucher_centre.settings import Charset, VoucherCentreSettings

VARIANT_PATH = "/fsi/api/hsecfc/localQrCodeQuery"
"""The same service as one HIS calls it."""
PROMPTS = "prompts"
JSON_HEADERS = {"content-type": "application/json;charset=UTF-8"}
NAMES = {
    messages.QR_QUERY_PATH: QR_QUERY,
    VARIANT_PATH: QR_QUERY,
    messages.TOKEN_CHECK_PATH: TOKEN_CHECK,
    messages.QRCODE_PATH: QRCODE,
    messages.PAY_CONFIRM_PATH: PAY_CONFIRM,
    messages.PAY_ANSWER_PATH: PAY_ANSWER,
    messages.TERMINAL_PROMPTS_PATH: PROMPTS,
}


class VoucherCentre:
    """The centre as a device of a bench."""

    def __init__(self, context: SimulatorContext, settings: VoucherCentreSettings) -> None:
        self._context = context
        self._settings = settings
        self._phone = ""
        self._centre = self._new_centre(context.seed)
        routes = [
            Route(path, self._endpoint(name), methods=["POST"]) for path, name in NAMES.items() if name != PROMPTS
        ]
        app = Starlette(routes=[*routes, Route(messages.TERMINAL_PROMPTS_PATH, self._prompts)])
        self._party = HttpParty(
            context, app, name_of=lambda path, _: NAMES.get(path, path), state=self._state, reset=self._reset
        )

    async def start(self) -> Endpoints:
        """Open both doors."""
        return await self._party.start()

    def connect(self, peers: Mapping[str, str]) -> None:
        """Learn where the phone is."""
        self._phone = peers.get("phone", "")

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
        return Centre(
            self._settings,
            clock=self._context.clock,
            tape=self._context.tape,
            seed=seed,
            name=self._context.name,
            push=self._push,
        )

    def _state(self) -> Mapping[str, JsonValue]:
        return {"settings": {k: str(v) for k, v in vars(self._settings).items()}, **self._centre.state()}

    async def _push(self, prompt: Mapping[str, object]) -> bool:
        if not self._phone:
            return False
        try:
            answer = await self._party.client.post(
                self._phone + messages.PUSH_PROMPT_PATH, content=msgspec.json.encode(prompt), headers=JSON_HEADERS
            )
        except httpx.HTTPError:
            return False
        return answer.is_success

    def _endpoint(self, name: str) -> Callable[[Request], Awaitable[Response]]:
        async def serve(request: Request) -> Response:
            centre = self._centre
            try:
                body = msgspec.json.decode(await request.body())
            except (msgspec.DecodeError, RecursionError) as error:
                return self._written(centre.malformed(f"{error}"))
            if not is_object(body):
                return self._written(centre.malformed("a JSON object is due"))
            try:
                return self._written(await centre.handle(name, body))
            except AbandonedError:
                connection = connection_of(request.scope)
                connection.abort()
                await connection.gone.wait()
                return Response(status_code=503)

        return serve

    async def _prompts(self, _: Request) -> Response:
        return self._written({"prompts": self._centre.open_prompts()})

    def _written(self, answer: Mapping[str, object]) -> Response:
        raw = msgspec.json.encode(answer)
        charset = self._settings.charset
        if charset is Charset.GBK:
            raw = raw.decode().encode("gbk", errors="replace")
        return Response(raw, media_type=f"application/json;charset={charset.upper()}")
