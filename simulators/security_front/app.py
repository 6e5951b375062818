"""The security front's doors.

    POST /seal        {"service": "6202", "data": {…}, "extra": {…}?}       -> the signed and encrypted envelope
    POST /seal-reply  {"code": 0, "message": "…", "data": {…}?}             -> the envelope of an answer
    POST /open        an envelope                                           -> its plain message, or why it is refused
    POST /open-reply  the envelope of an answer                             -> the same

An answer with code 0 carries `envelope` or `data`; a refused envelope is HTTP 200 with its code, `message` in Chinese,
and `pain`, `problem`, `cause` and `remedy` for the person at the bench. HTTP 400: the request is none. 502: the
encryption machine's result is wrong, and nothing was done with it. 503: the machine does not answer or refuses.

What the machine claims is computed again here before it is used. In faults the messages are called seal, seal-reply,
open and open-reply. Events: sealed, opened, open-refused, machine-distrusted, machine-failed.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from harness.bench.plugin import Endpoints, SimulatorContext
from harness.devices.encryption_machine import EncryptionMachine
from harness.errors import ConfigError, LiantiaoError, PeerViolation
from harness.line.record import JsonValue
from harness.wire.fields import is_object
from harness.wire.mobile_payment import (
    EnvelopeCodec,
    EnvelopeError,
    MachineDistrusted,
    Opened,
    load_variant,
)
from harness.wire.mobile_payment.canonical import decode, spell
from simulators.kit.http_party import HttpParty
from simulators.security_front.keys import make_driver, make_keys
from simulators.security_front.settings import BENCH, LOCAL, SecurityFrontSettings

Body = Mapping[str, object]
Answer = dict[str, object]
LONGEST = 1 << 20
"""Bytes of a request that are looked at."""
JSON_TYPE = "application/json;charset=UTF-8"


class NotAskedProperly(ValueError):
    """The request is none that this door takes; the text says why."""


class SecurityFront:
    """The front as a device of a bench."""

    def __init__(self, context: SimulatorContext, settings: SecurityFrontSettings) -> None:
        self._context = context
        self._settings = settings
        self._variant = load_variant(settings.variant)
        self._seed = context.seed
        self._machine_at = "" if settings.machine in {LOCAL, BENCH} else settings.machine
        self._driver: EncryptionMachine | None = None
        self._codec: EnvelopeCodec | None = None
        self._counts: Counter[str] = Counter()
        doors: dict[str, Callable[[bytes], Answer]] = {
            "seal": self._seal,
            "seal-reply": self._seal_reply,
            "open": self._open,
            "open-reply": self._open_reply,
        }
        routes = [Route(f"/{name}", self._endpoint(work), methods=["POST"]) for name, work in doors.items()]
        self._party = HttpParty(
            context,
            Starlette(routes=routes),
            name_of=lambda path, _: path.removeprefix("/"),
            state=self._state,
            reset=self._reset,
        )

    async def start(self) -> Endpoints:
        """Open both doors. Raises BenchError when a port cannot be had."""
        return await self._party.start()

    def connect(self, peers: Mapping[str, str]) -> None:
        """Learn where the encryption machine is, if it is the bench's."""
        if self._settings.machine == BENCH:
            self._machine_at = peers.get("encryption-machine", "")

    async def reset(self, *, seed: int) -> None:
        """As new: no connections to the machine, the keys of the seed."""
        self._seed = seed
        self._counts.clear()
        self._hang_up()
        self._party.renumber()

    async def stop(self) -> None:
        """Close both doors and hang up at the machine."""
        await self._party.stop()
        self._hang_up()

    async def _reset(self, seed: int) -> None:
        await self.reset(seed=seed)

    def _hang_up(self) -> None:
        driver, self._driver, self._codec = self._driver, None, None
        if driver is not None:
            driver.close()

    def _state(self) -> Mapping[str, JsonValue]:
        shown = {key: "" if key == "secret" else str(value) for key, value in vars(self._settings).items()}
        counts: dict[str, JsonValue] = dict(sorted(self._counts.items()))
        return {"settings": dict(shown), "machine": self._machine_at or LOCAL, "counts": counts}

    def _ready(self) -> EnvelopeCodec:
        if self._codec is None:
            if self._settings.machine == BENCH and not self._machine_at:
                raise ConfigError(
                    "The security front has no encryption machine.",
                    cause="machine = 'bench' and there is no device of kind encryption-machine",
                    remedy="add one to the bench file, give its address, or say machine = 'local'",
                )
            if self._machine_at and self._driver is None:
                self._driver = make_driver(self._settings, self._machine_at)
            keys = make_keys(self._settings, seed=self._seed, driver=self._driver)
            self._codec = EnvelopeCodec(keys.application, keys.machine, self._variant, suspects=keys.suspects)
        return self._codec

    def _seal(self, raw: bytes) -> Answer:
        body = _object(raw, {"service", "data", "extra"})
        service, data, extra = str(body.get("service") or ""), body.get("data"), body.get("extra")
        if not is_object(data) or not (extra is None or is_object(extra)):
            raise NotAskedProperly("data, and extra if there is one, must be objects")
        envelope = self._ready().seal(data, now_ns=self._now(), service=service, extra=extra)
        self._event("sealed", service=service)
        return _done(envelope=envelope, path=self._variant.paths.get(service, ""))

    def _seal_reply(self, raw: bytes) -> Answer:
        body = _object(raw, {"code", "message", "data"})
        code, data = body.get("code", 0), body.get("data")
        if not isinstance(code, int) or isinstance(code, bool) or not (data is None or is_object(data)):
            raise NotAskedProperly("code must be a whole number, and data, if there is one, an object")
        message = str(body.get("message") or "")
        envelope = self._ready().seal_reply(code, message, data, now_ns=self._now())
        self._event("sealed", service="", reply=code)
        return _done(envelope=envelope)

    def _open(self, raw: bytes) -> Answer:
        return self._opened(self._ready().open(raw, now_ns=self._now()))

    def _open_reply(self, raw: bytes) -> Answer:
        return self._opened(self._ready().open_reply(raw, now_ns=self._now()))

    def _opened(self, opened: Opened) -> Answer:
        self._event("opened", service=opened.service, signed=opened.signed, encrypted=opened.encrypted)
        return _done(
            service=opened.service,
            data=opened.data,
            at_ns=opened.at_ns,
            signed=opened.signed,
            encrypted=opened.encrypted,
        )

    def _endpoint(self, work: Callable[[bytes], Answer]) -> Callable[[Request], Awaitable[Response]]:
        async def serve(request: Request) -> Response:
            raw = await request.body()
            if len(raw) > LONGEST:
                return _written(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"error": f"at most {LONGEST} bytes are taken"})
            try:
                # A machine on a line is waited for in a thread: this loop may be the one that serves it.
                answer = await asyncio.to_thread(work, raw) if self._machine_at else work(raw)
            except EnvelopeError as error:
                return _written(HTTPStatus.OK, self._refused(error))
            except ValueError as error:
                return _written(HTTPStatus.BAD_REQUEST, {"error": str(error)})
            except MachineDistrusted as error:
                self._event("machine-distrusted", operation=error.operation)
                return _written(HTTPStatus.BAD_GATEWAY, _told(error))
            except PeerViolation as error:
                self._event("machine-failed", kind=type(error).__name__)
                return _written(HTTPStatus.BAD_GATEWAY, _told(error))
            except LiantiaoError as error:
                self._event("machine-failed", kind=type(error).__name__)
                return _written(HTTPStatus.SERVICE_UNAVAILABLE, _told(error))
            return _written(HTTPStatus.OK, answer)

        return serve

    def _refused(self, error: EnvelopeError) -> Answer:
        self._event("open-refused", pain=error.pain.value, code=error.code)
        return {"code": error.code, "message": error.chinese, "pain": error.pain.value, **_told(error)}

    def _now(self) -> int:
        return self._context.clock.now_ns()

    def _event(self, name: str, **fields: JsonValue) -> None:
        self._counts[name] += 1
        self._context.tape.event(self._context.name, name, **fields)


def _object(raw: bytes, known: set[str]) -> Body:
    try:
        body = decode(raw.decode())
    except ValueError as error:
        raise NotAskedProperly(f"the body is no JSON in UTF-8: {error}") from error
    if not is_object(body):
        raise NotAskedProperly("the body must be a JSON object")
    if unknown := sorted(set(body) - known):
        raise NotAskedProperly(f"unknown members {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    return body


def _done(**members: object) -> Answer:
    return {"code": 0, "message": "成功", **members}


def _told(error: LiantiaoError) -> Answer:
    return {"problem": error.problem, "cause": error.cause, "remedy": error.remedy}


def _written(status: HTTPStatus, answer: Mapping[str, object]) -> Response:
    return Response(spell(answer).encode(), status_code=status, media_type=JSON_TYPE)
