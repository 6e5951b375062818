"""The door for the HTTP form of the signature server: JSON and form bodies over a taped HTTP server.

A body that is longer than the profile allows is refused as soon as that is clear, and the connection is closed. Faults
on the HTTP message itself are the kit's; those of a machine's results are this door's.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import cast

from starlette.types import Message, Receive, Scope, Send

from harness.bench.plugin import SimulatorContext
from harness.clock import local_time
from harness.faults.catalogue import ON_HTTP, Effect, Fault
from harness.line.http_connection import connection_of
from harness.line.tape import Tape
from harness.wire.encryption_machine.reasons import Reason
from harness.wire.encryption_machine.svs import WIRE_NAMES, SvsCall, SvsMalformed, SvsRefusal
from harness.wire.encryption_machine.svs_http import FORM_TYPE, JSON_TYPE, HttpMessage, SvsHttpCodec
from harness.wire.encryption_machine.svs_profile import SvsProfile
from simulators.encryption_machine import spoiling
from simulators.encryption_machine.capacity import Capacity
from simulators.encryption_machine.key_file import STORE_FAILURES
from simulators.encryption_machine.machine import Machine, Refused
from simulators.encryption_machine.refusing import response_code
from simulators.encryption_machine.svs_service import SvsService
from simulators.encryption_machine.tape_mask import MaskingTape
from simulators.kit.faulty import FaultyApp, own_fault
from simulators.kit.handed_server import HandedServer
from simulators.kit.http_party import certificate_choice

NO_SUCH_PATH, NOT_ALLOWED = 404, 405
SLOW_MS, LONGEST_MS = 200, 60_000


class SvsHttpDoor:
    """The HTTP door of one machine."""

    def __init__(
        self,
        context: SimulatorContext,
        machine: Machine,
        service: SvsService,
        profiles: Sequence[SvsProfile],
        capacity: Capacity,
        *,
        port: int,
        fell_into: Callable[[Effect], None],
        rebooted: Callable[[], None],
    ) -> None:
        self._context = context
        self._machine = machine
        self._service = service
        self._codecs = [SvsHttpCodec(profile) for profile in profiles]
        self._longest = max(profile.max_body for profile in profiles)
        self._capacity = capacity
        self._fell_into = fell_into
        self._rebooted = rebooted
        self._paths = {path for codec in self._codecs for path in codec.paths}
        self._faulty = FaultyApp(
            self._app, faults=context.faults, name_of=self._name_of, own=spoiling.EFFECTS - ON_HTTP
        )
        tape = cast("Tape", MaskingTape(context.tape, context.name))
        self.server = HandedServer(
            self._limited,
            name=f"{context.name}.svs",
            tape=tape,
            host=context.host,
            port=port,
            tls=context.tls,
            choice=certificate_choice(context.faults),
        )

    @property
    def address(self) -> str:
        """Where clients connect, without the profile's prefix."""
        return self.server.address

    def renumber(self) -> None:
        """A new case begins."""
        self._faulty.forget()
        self.server.renumber()

    def abort_all(self) -> None:
        """Cut every connection."""
        for connection in list(self.server.connections.values()):
            connection.abort()

    async def _limited(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            if len(body) > self._longest:
                await self._app(scope, _whole(bytes(body[: self._longest + 1]), receive), send)
                return
            if not message.get("more_body", False):
                break
        await self._faulty(scope, _whole(bytes(body), receive), send)

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = own_fault(scope)
        body = (await receive()).get("body", b"")
        path = scope["path"]
        if path not in self._paths:
            await _send(send, NO_SUCH_PATH, HttpMessage(content_type=JSON_TYPE, headers={}, body=b"{}"))
            return
        if scope["method"] != "POST":
            await _send(send, NOT_ALLOWED, HttpMessage(content_type=JSON_TYPE, headers={}, body=b"{}"))
            return
        codec = self._codec_for(path, _content_type(scope))
        call = codec.read_call(path, _content_type(scope), body)
        answer = self._serve(codec, call, None) if fault is None else await self._disturbed(scope, codec, call, fault)
        if answer is not None:
            await _send(send, 200, answer, close=len(body) > self._longest)

    def _name_of(self, path: str, body: bytes) -> str:
        """What faults call a request."""
        types = (codec.type_of(path, body) for codec in self._codecs if path in codec.paths)
        return next((WIRE_NAMES[type_] for type_ in types if type_ is not None), path)

    def _codec_for(self, path: str, content_type: str) -> SvsHttpCodec:
        found = [codec for codec in self._codecs if path in codec.paths]
        kind = "form" if content_type.partition(";")[0].strip().lower() == FORM_TYPE else "json"
        takes = [codec for codec in found if codec.profile.http is not None and kind in codec.profile.http.bodies]
        return (takes or found)[0]

    def _serve(self, codec: SvsHttpCodec, call: SvsCall | SvsMalformed, effect: Effect | None) -> HttpMessage:
        now = self._now()
        if isinstance(call, SvsMalformed):
            self._machine.refused += 1
            return codec.refuse(call, when=now)
        if len(self.server.connections) > self._capacity.room.connections:
            self._machine.refused += 1
            return codec.refuse(call, Reason.BUSY, when=now)
        try:
            answer = codec.answer(call, self._service.serve(call.request, effect), when=now)
        except Refused as refusal:
            self._machine.refused += 1
            return codec.refuse(call, refusal.reason, when=now)
        except (ValueError, *STORE_FAILURES):
            self._machine.refused += 1
            return codec.refuse(call, Reason.HARDWARE, when=now)
        self._machine.served += 1
        return answer

    async def _disturbed(
        self, scope: Scope, codec: SvsHttpCodec, call: SvsCall | SvsMalformed, fault: Fault
    ) -> HttpMessage | None:
        effect = fault.effect
        match effect:
            case Effect.REBOOT:
                self._rebooted()
                await connection_of(scope).gone.wait()
                return None
            case Effect.CLOSE_UNANSWERED:
                connection_of(scope).abort()
                await connection_of(scope).gone.wait()
                return None
            case Effect.SILENCE:
                await connection_of(scope).gone.wait()
                return None
            case Effect.SLOW:
                answer = self._serve(codec, call, None)
                await asyncio.sleep(min(LONGEST_MS, max(0, fault.detail.get("pause_ms", SLOW_MS))) / 1000)
                return answer
            case Effect.REFUSE if call.type is not None and (code := response_code(fault)) is not None:
                self._machine.refused += 1
                return codec.answer(call, SvsRefusal(code=code), when=self._now())
        if effect in spoiling.CONDITIONS:
            self._fell_into(effect)
            return self._serve(codec, call, None)
        applicable = effect in spoiling.REFUSALS or (
            isinstance(call, SvsCall) and spoiling.applies(effect, call.request)
        )
        if not applicable:
            self._context.faults.in_vain(fault)
            return self._serve(codec, call, None)
        return self._serve(codec, call, effect)

    def _now(self) -> datetime:
        return local_time(self._machine.clock)


def _whole(body: bytes, after: Receive) -> Receive:
    given = False

    async def receive() -> Message:
        nonlocal given
        if given:
            return await after()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _content_type(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"content-type":
            return str(value.decode("latin-1"))
    return ""


async def _send(
    send: Callable[[Message], Awaitable[None]], status: int, message: HttpMessage, *, close: bool = False
) -> None:
    headers = [
        (b"content-type", message.content_type.encode()),
        (b"content-length", str(len(message.body)).encode()),
        *((name.lower().encode(), value.encode()) for name, value in message.headers.items()),
    ]
    if close:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": message.body})
