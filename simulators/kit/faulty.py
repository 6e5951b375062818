"""Faults on HTTP: a layer between a party's server and its application that disturbs the message a fault names."""

import asyncio
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from harness.faults.catalogue import Effect, Fault
from harness.faults.schedule import FaultSchedule
from harness.line.http_connection import connection_of
from simulators.kit.quick_paths import whole_body

NameOf = Callable[[str, bytes], str]
"""The message's name in faults, from its path and body: `2102`, `ec.query`."""
OWN_FAULT = "liantiao.fault"
PAGE_TYPE = (b"content-type", b"text/html")
JSON_TYPE = (b"content-type", b"application/json;charset=UTF-8")
GBK_TYPE = (b"content-type", b"application/json;charset=GBK")
UTF_8, GBK = "utf-8", "gbk"


class Due:
    """A fault that is due with a request, where it is the application's own to see to; `done` says that it did."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.done = False


def due_fault(scope: Scope) -> Due | None:
    """The application's own fault that is due with a request; what is not `done` in the end was in vain."""
    due: Due | None = scope.get(OWN_FAULT)
    return due


def own_fault(scope: Scope) -> Fault | None:
    """The same fault, for an application that then does it in any case."""
    due = due_fault(scope)
    if due is None:
        return None
    due.done = True
    return due.fault


@dataclass(frozen=True)
class Answer:
    """A whole HTTP answer."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


def _page(status: int, text: str) -> Answer:
    title = f"{status} {text}"
    page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Answer(status, (PAGE_TYPE,), page.encode())


BAD_GATEWAY, GATEWAY_TIMEOUT = _page(502, "Bad Gateway"), _page(504, "Gateway Time-out")


class FaultyApp:
    """Wraps an application; `name_of` tells which message a request is.

    `own` are effects that the application itself sees to: it finds the one that is due by `own_fault`.
    """

    def __init__(
        self, app: ASGIApp, *, faults: FaultSchedule, name_of: NameOf, own: Collection[Effect] = frozenset()
    ) -> None:
        self._app = app
        self._own = own
        self._faults = faults
        self._name_of = name_of
        self._late: list[tuple[Scope, bytes]] = []
        """Requests that are still on their way although their clients have given up."""
        self._earlier: dict[str, Answer] = {}
        """By message, the last answer; kept while a fault will want it."""
        self._case = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, disturbed if it is the one."""
        if (self._faults.idle and not self._late) or scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await whole_body(receive)
        name = self._name_of(scope["path"], body)
        fault, kept = self._faults.due(name), self._faults.awaits(Effect.STALE_REPLY, name)
        if fault is None and (kept or self._late):
            answer = await self._answer(scope, body)
            if kept:
                self._earlier[name] = self._earlier["*"] = answer
            await self._take_late()
            await _send(send, answer)
        elif fault is None:
            await self._app(scope, _replay(body, receive), send)
        elif fault.effect in self._own:
            due = Due(fault)
            await self._app({**scope, OWN_FAULT: due}, _replay(body, receive), send)
            if not due.done:
                self._faults.in_vain(fault)
        else:
            await self._disturb(fault, scope, body, send)

    def forget(self) -> None:
        """Drop what is still on its way, or still held by a client that waits; the next case begins."""
        self._case += 1
        self._late.clear()
        self._earlier.clear()

    async def _take_late(self) -> None:
        late, self._late = self._late, []
        for scope, body in late:
            await self._answer(scope, body)

    async def _disturb(self, fault: Fault, scope: Scope, body: bytes, send: Send) -> None:
        gone = connection_of(scope).gone
        match fault.effect:
            case Effect.LOSE_REQUEST:
                await gone.wait()
            case Effect.LATE_REQUEST:
                case = self._case
                await gone.wait()
                if case == self._case:
                    self._late.append((scope, body))
            case Effect.LOSE_REPLY | Effect.LATE_REPLY:
                await self._answer(scope, body)
                await gone.wait()
            case Effect.CUT_CONNECTION:
                await self._answer(scope, body)
                connection_of(scope).abort()
            case Effect.BAD_GATEWAY:
                await _send(send, BAD_GATEWAY)
            case Effect.BAD_GATEWAY_AFTER:
                await self._answer(scope, body)
                await _send(send, BAD_GATEWAY)
            case Effect.GATEWAY_TIMEOUT:
                await _send(send, GATEWAY_TIMEOUT)
            case Effect.GATEWAY_TIMEOUT_AFTER:
                await self._answer(scope, body)
                await _send(send, GATEWAY_TIMEOUT)
            case Effect.STALE_REPLY:
                await self._answer(scope, body)
                earlier = self._earlier.get(fault.message)
                if earlier is None:  # the one before was disturbed, too: there is no answer that could come again
                    await gone.wait()
                else:
                    await _send(send, earlier)
            case effect:
                answer = await self._answer(scope, body)
                damaged = disturbed(effect, answer)
                if damaged.body == answer.body:  # an answer without Chinese is the same in either charset
                    self._faults.in_vain(fault)
                await _send(send, damaged)

    async def _answer(self, scope: Scope, body: bytes) -> Answer:
        status, headers, parts = 500, (), bytearray()

        async def collect(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], tuple(message.get("headers", ()))
            elif message["type"] == "http.response.body":
                parts.extend(message.get("body", b""))

        await self._app(scope, _replay(body, None), collect)
        return Answer(status, headers, bytes(parts))


def disturbed(effect: Effect, answer: Answer) -> Answer:
    """The answer as the client gets it. Raises ValueError for an effect that changes no body."""
    match effect:
        case Effect.EMPTY_BODY:
            return Answer(200, (JSON_TYPE,), b"")
        case Effect.CUT_JSON:
            return Answer(200, (JSON_TYPE,), answer.body[: len(answer.body) // 2])
        case Effect.DOUBLED_JSON:
            text, charset = json.dumps(_text(answer), ensure_ascii=False), _charset(answer)
            return Answer(200, (_json_type(answer),), text.encode(charset, errors="replace"))
        case Effect.WRONG_CHARSET:
            charset = UTF_8 if _charset(answer) == GBK else GBK
            return Answer(200, (_json_type(answer),), _text(answer).encode(charset, errors="replace"))
        case _:
            raise ValueError(f"{effect} changes no body")


def _charset(answer: Answer) -> str:
    """That which the answer says it is in."""
    said = dict(answer.headers).get(JSON_TYPE[0], b"").lower()
    return GBK if said.endswith(b"charset=gbk") else UTF_8


def _json_type(answer: Answer) -> tuple[bytes, bytes]:
    return GBK_TYPE if _charset(answer) == GBK else JSON_TYPE


def _text(answer: Answer) -> str:
    return answer.body.decode(_charset(answer), errors="replace")


async def _send(send: Send, answer: Answer) -> None:
    headers = [(k, v) for k, v in answer.headers if k.lower() != b"content-length"]
    length = (b"content-length", str(len(answer.body)).encode())
    await send({"type": "http.response.start", "status": answer.status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": answer.body})


def _replay(body: bytes, after: Receive | None) -> Receive:
    given = False

    async def receive() -> Message:
        nonlocal given
        if not given:
            given = True
            return {"type": "http.request", "body": body, "more_body": False}
        if after is None:
            await asyncio.Event().wait()
            raise AssertionError
        return await after()

    return receive
