"""The mobile-payment centre's doors.

    POST /org/local/api/hos/…                     the services, each in an envelope (paths are the variant's)
    POST /api/mipuserquery/userQuery/PARTNER      own design, plain JSON: a payment App asks for a payAuthNo
    POST /pay/own                                 own design, plain JSON: the own-pay leg {"payOrdId", "result"}
    POST /pay/refund-decision                     own design, plain JSON: a person decides an unknown refund
    POST /callback at the back door               {"url": "http://…"}: where 6302 goes until the next reset

The notice 6302 is in `callback`. In faults the messages are called 6201, 6202, 6203, 6301,
6401, 6302 (the centre's own), auth-query, own-pay and refund-decision. A refused envelope leaves envelope-refused.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import ClassVar

import httpx
import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fixtures.population import Institution, Person
from harness.bench.plugin import Endpoints, SimulatorContext
from harness.errors import BenchError
from harness.faults.catalogue import Effect
from harness.line.record import JsonValue
from harness.wire.fields import is_object
from harness.wire.mobile_payment import (
    Application,
    EnvelopeCodec,
    EnvelopeError,
    LocalMachine,
    Machine,
    Pain,
    Suspects,
    encode,
    load_variant,
    read_public_key,
    sm4_key,
)
from harness.wire.mobile_payment.refusals import refused
from harness.wire.profile import load_profile
from harness.wire.voucher_messages import RESIDENT_ID, TOKEN_CHECK_PATH, parse_reply
from simulators.kit.back_door import json_object
from simulators.kit.faulty import own_fault
from simulators.kit.http_party import HttpParty
from simulators.mobile_payment import services
from simulators.mobile_payment.centre import Centre
from simulators.mobile_payment.insurance import Insurance
from simulators.mobile_payment.platform_line import PlatformLine
from simulators.mobile_payment.services import RefusedError
from simulators.mobile_payment.settings import MobilePaymentSettings
from simulators.mobile_payment.spoiling import SpoiltMachine, seal_effects
from simulators.mobile_payment.store import Note, Store
from simulators.platform.ledger import Ledger
from simulators.platform.ledger.store import shown as without_password
from simulators.platform.settings import Durability
from simulators.security_front.keys import seeded_key
from simulators.security_front.settings import Side

AUTH_PATH, OWN_PAY_PATH, DECISION_PATH = "/api/mipuserquery/userQuery", "/pay/own", "/pay/refund-decision"
PLAIN = {OWN_PAY_PATH: services.OWN_PAY, DECISION_PATH: services.REFUND_DECISION}
LONGEST = 1 << 20
"""Bytes of a request that are looked at."""
TOO_LONG = f"at most {LONGEST} bytes expected"
JSON_TYPE = "application/json;charset=UTF-8"
Answer = Mapping[str, object]


class MobilePayment:
    """The centre as a device of a bench."""

    centres: ClassVar[type[Centre]] = Centre
    insurances: ClassVar[type[Insurance]] = Insurance

    def __init__(self, context: SimulatorContext, settings: MobilePaymentSettings) -> None:
        self._context = context
        self._settings = settings
        self._variant = load_variant(settings.variant)
        self._paths = {path: service for service, path in self._variant.paths.items() if service in services.SERVICES}
        self._voucher_centre = self._platform = ""
        enveloped = {path: self._endpoint(service) for path, service in self._paths.items()}
        if self._variant.service_field:
            enveloped[settings.older_path] = self._endpoint("")
        routes = [Route(path, serve, methods=["POST"]) for path, serve in enveloped.items()]
        routes += [Route(path, self._plain(service), methods=["POST"]) for path, service in PLAIN.items()]
        routes.append(Route(AUTH_PATH + "/{partner}", self._plain(services.AUTH_QUERY), methods=["POST"]))
        self._party = HttpParty(
            context,
            Starlette(routes=routes),
            name_of=self._name_of,
            state=self._state,
            reset=self._reset,
            back_routes=[Route("/callback", self._set_callback, methods=["POST"])],
            own_effects=seal_effects(self._variant),
        )
        self._ledger: Ledger | None = None
        self._store: Store | None = None
        self._centre: Centre | None = None
        self._introduced = asyncio.Event()
        self._callback_url = settings.callback_url
        self._seed = context.seed
        self._codec = self._codec_of()
        self._said = ""

    async def start(self) -> Endpoints:
        """Read what the ledger holds and open both doors; services wait for `connect`. Raises BenchError."""
        self._ledger = Ledger(
            self._settings.ledger,
            full=self._settings.durability is Durability.FULL,
            together=False,
            patience_s=self._settings.lock_patience_s,
        )
        self._store = Store(self._ledger, alone=self._settings.ledger is None)
        self._store.open()
        self._begin(self._context.seed)
        if self._introduced.is_set() and self._centre is not None:
            self._centre.resume()
        return await self._party.start()

    def connect(self, peers: Mapping[str, str]) -> None:
        """Learn where voucher centre and platform are, and go on with what the ledger holds."""
        self._voucher_centre = peers.get("voucher-centre", "")
        self._platform = peers.get("platform", "") if self._settings.use_platform else ""
        self._introduced.set()
        if self._centre is not None:
            self._centre.resume()

    async def reset(self, *, seed: int) -> None:
        """Forget orders, authorisations and callbacks, in a file, too; accounts as they opened."""
        await self._end()
        if self._store is not None:
            await self._store.turn()
            self._store.clear()
            self._begin(seed)
        self._party.renumber()

    async def stop(self) -> None:
        """Close both doors and the ledger."""
        await self._end()
        await self._party.stop()
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = self._store = self._centre = None

    async def _reset(self, seed: int) -> None:
        await self.reset(seed=seed)

    async def _end(self) -> None:
        if self._centre is not None:
            await self._centre.stop()

    def _codec_of(self, effect: Effect | None = None) -> EnvelopeCodec:
        """The codec of this seed's keys; with an effect, one whose seals are wrong in that way."""
        settings, seed = self._settings, self._seed
        application = Application(app_id=settings.app_id, secret=settings.secret)
        private = seeded_key(seed, Side.CENTRE)
        peer = read_public_key(settings.peer_key) if settings.peer_key else seeded_key(seed, Side.INSTITUTION).public
        key = sm4_key(application)
        machine: Machine = LocalMachine(own=private, peer=peer, sm4_key=key, repeatable=True)
        if effect is not None:
            machine = SpoiltMachine(effect, own=private, right=machine, sm4_key=key)
        return EnvelopeCodec(application, machine, self._variant, suspects=Suspects(peer=peer, own=private.public))

    def _begin(self, seed: int) -> None:
        assert self._store is not None
        settings, context = self._settings, self._context
        self._seed = seed
        self._codec = self._codec_of()
        noted = self._store.note(Note.CALLBACK)
        # What the back door said holds until the next reset, unless the setting has become another since.
        named_since = noted.get("setting") == settings.callback_url
        self._callback_url = str(noted["url"]) if named_since else settings.callback_url
        line = PlatformLine(
            lambda: self._party.client,
            lambda: self._platform,
            profile=load_profile(context.profile),
            clock=context.clock,
            reply_s=settings.platform_s,
        )
        self._centre = self.centres(
            context,
            settings,
            seed=seed,
            store=self._store,
            client=lambda: self._party.client,
            belongs=self._belongs,
            seal=self._notice,
            callback_url=lambda: self._callback_url,
            insurance=self.insurances(line, key=settings.platform_key),
            out_of_order=self._out_of_order,
        )

    def _state(self) -> Mapping[str, JsonValue]:
        shown: dict[str, JsonValue] = {
            key: "" if key in {"secret", "platform_key"} else str(value) for key, value in vars(self._settings).items()
        }
        if self._settings.ledger is not None:
            shown["ledger"] = without_password(self._settings.ledger)
        found = {} if self._centre is None else self._centre.state()
        return {"settings": shown, "callback_url": self._callback_url, **found}

    def _out_of_order(self, error: BenchError) -> None:
        """The ledger cannot be used: said once in the log, however many ask, until it says something else."""
        self._event("out-of-order", problem=error.problem)
        if str(error) != self._said:
            self._said = str(error)
            print(error, file=sys.stderr, flush=True)

    def _name_of(self, path: str, body: bytes) -> str:
        if path in self._paths:
            return self._paths[path]
        if path.startswith(AUTH_PATH):
            return services.AUTH_QUERY
        if path == self._settings.older_path and self._variant.service_field:
            named = (service for service in services.SERVICES if f'"{service}"'.encode() in body)
            return next(named, path)
        return PLAIN.get(path, path)

    # --- doors ---

    def _endpoint(self, path_service: str) -> Callable[[Request], Awaitable[Response]]:
        async def serve(request: Request) -> Response:
            await self._introduced.wait()
            raw = await request.body()
            centre, service, fault = self._centre, path_service, own_fault(request.scope)
            effect = fault.effect if fault else None
            assert centre is not None
            try:
                if len(raw) > LONGEST:
                    raise refused(Pain.NO_ENVELOPE, TOO_LONG)
                opened = self._codec.open(raw, now_ns=self._context.clock.now_ns())
                service = path_service or opened.service
                answer = await centre.handle(service, opened.data)
            except EnvelopeError as error:
                self._event("envelope-refused", service=service, pain=error.pain.value, code=error.code)
                return self._sealed(error.code, error.chinese, effect=effect)
            except RefusedError as error:
                return self._sealed(error.code, error.message, effect=effect)
            except BenchError as error:
                return self._unavailable(error, centre)
            return self._sealed(0, "成功", answer, effect=effect)

        return serve

    def _unavailable(self, error: BenchError, centre: Centre) -> Response:
        if not centre.ended:  # else it would be told in the midst of another case
            self._out_of_order(error)
        return Response("Service Unavailable", HTTPStatus.SERVICE_UNAVAILABLE)

    def _notice(self, data: Answer, effect: Effect | None) -> bytes:
        codec = self._codec if effect is None else self._codec_of(effect)
        return encode(codec.seal(data, now_ns=self._context.clock.now_ns(), service=services.NOTICE))

    def _sealed(self, code: int, message: str, data: Answer | None = None, *, effect: Effect | None = None) -> Response:
        codec = self._codec if effect is None else self._codec_of(effect)
        envelope = codec.seal_reply(code, message, data, now_ns=self._context.clock.now_ns())
        return Response(encode(envelope), media_type=JSON_TYPE)

    def _plain(self, service: str) -> Callable[[Request], Awaitable[Response]]:
        async def serve(request: Request) -> Response:
            await self._introduced.wait()
            raw, centre = await request.body(), self._centre
            assert centre is not None
            try:
                answer = await centre.handle(service, _plain_body(raw))
            except BenchError as error:
                return self._unavailable(error, centre)
            except (msgspec.DecodeError, RecursionError) as error:
                return _written({"code": RefusedError("field-problems").code, "message": f"{error}", "data": None})
            except RefusedError as error:
                return _written({"code": error.code, "message": error.message, "data": None})
            return _written({"code": 0, "message": "成功", "data": answer})

        return serve

    async def _set_callback(self, request: Request) -> Response:
        url = (await json_object(request)).get("url")
        if not isinstance(url, str) or not (url == "" or url.startswith(("http://", "https://"))):
            raise HTTPException(400, "url must be text that begins with http:// or https://, or is empty")
        centre = self._centre
        assert centre is not None
        try:
            await centre.note(Note.CALLBACK, {"url": url, "setting": self._settings.callback_url})
        except BenchError as error:
            return self._unavailable(error, centre)
        self._callback_url = url
        return JSONResponse({"url": url})

    # --- peers ---

    async def _belongs(self, token: str, person: Person, institution: Institution) -> bool:
        request = {
            "ecToken": token,
            "idType": RESIDENT_ID,
            "idNo": person.id_no,
            "userName": person.name,
            "orgId": institution.code,
        }
        if not self._voucher_centre:
            raise RefusedError("centre-unavailable")
        try:
            answer = await self._party.client.post(
                self._voucher_centre + TOKEN_CHECK_PATH,
                content=msgspec.json.encode(request),
                headers={"content-type": JSON_TYPE},
            )
            answer.raise_for_status()
            reply = parse_reply(msgspec.json.decode(answer.content))
        except (httpx.HTTPError, ValueError) as error:
            raise RefusedError("centre-unavailable") from error
        return reply.accepted and reply.data.get("flag") == "1"

    def _event(self, name: str, /, **fields: JsonValue) -> None:
        self._context.tape.event(self._context.name, name, **fields)


def _plain_body(raw: bytes) -> Answer:
    """The object of a plain request, empty for other JSON. Raises RefusedError or what decoding raises."""
    if len(raw) > LONGEST:
        raise RefusedError("field-problems", TOO_LONG)
    body = msgspec.json.decode(raw)
    return body if is_object(body) else {}


def _written(answer: Answer) -> Response:
    return Response(msgspec.json.encode(answer), media_type=JSON_TYPE)
