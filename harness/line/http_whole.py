"""Requests that come whole, in one piece, under a head whose very bytes were parsed before: most of a busy line's.

The same bytes mean the same, so such a request needs neither the parser nor a new description; and an answer that is
whole, too, goes out in one write. All else (pieces, pipelines, streams, upgrades) is uvicorn's, as are order, errors
and flow control here: a `WholeCycle` is one of its cycles.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp, Message, Scope
from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    HEADER_VALUE_RE,
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

if TYPE_CHECKING:
    from harness.line.http_connection import Connection

END = b"\r\n\r\n"
LONGEST_HEAD, MOST_HEADS = 2048, 512
"""Bytes of a head that is remembered, and how many are; one more pushes the oldest out."""
BODILESS = (204, 304)
OF_THE_CONNECTION = ("client", "server", "scheme", "state", "liantiao.connection")
"""What an ASGI scope says of the connection, not of the head."""
CONNECTION, KEPT = b"connection", b"keep-alive"
SPECIAL = (b"transfer-encoding", b"expect", b"upgrade")
"""Headers that change how a message goes over the line."""


@dataclass(frozen=True, slots=True)
class Head:
    """A request's head: what the ASGI scope says of it, and how many bytes of body follow."""

    scope: dict[str, Any]
    length: int


class Heads:
    """The heads that one server has seen, by their bytes."""

    def __init__(self) -> None:
        self._known: dict[bytes, Head] = {}

    def find(self, data: bytes) -> Head | None:
        """The head of what has come, if it is known and the whole of its request has come, and no more."""
        end = data.find(END, 0, LONGEST_HEAD) + len(END)
        head = self._known.get(data[:end])
        return head if head is not None and len(data) - end == head.length else None

    def learn(self, data: bytes, scope: Scope) -> None:
        """Remember the head of what has come: of one whole request, behind which the connection stays open.

        Not if more has come than that, or if the head says anything about the line.
        """
        end = data.find(END, 0, LONGEST_HEAD) + len(END)
        if end < len(END) or scope["http_version"] != "1.1" or scope["method"] == "HEAD":
            return
        headers = scope["headers"]
        said = next((value for name, value in headers if name == b"content-length"), b"0")
        if said != b"%d" % (len(data) - end):
            return
        if any(name in SPECIAL or (name == CONNECTION and value.lower() != KEPT) for name, value in headers):
            return
        if len(self._known) >= MOST_HEADS:
            del self._known[next(iter(self._known))]
        of_head = {name: value for name, value in scope.items() if name not in OF_THE_CONNECTION}
        self._known[data[:end]] = Head({**of_head, "headers": list(headers)}, len(data) - end)


class WholeCycle(RequestResponseCycle):
    """One request that came whole, and its answer, on the tape.

    An answer in one piece is written in one piece; what an application does otherwise is left to uvicorn.
    """

    # What uvicorn's own `__init__` sets, where it is the same for all; the rest is asked for when uvicorn needs it.
    disconnected = response_started = response_complete = more_body = waiting_for_100_continue = False
    keep_alive = True
    chunked_encoding = None
    expected_content_length = 0
    access_log = False

    def __init__(
        self,
        protocol: HttpToolsProtocol,
        scope: Scope,
        body: bytes,
        *,
        taped: "Connection",
        answered: Callable[[], None],
    ) -> None:
        self.scope = scope  # type: ignore[assignment]  # a scope is a scope
        self.on_response = answered
        self._protocol = protocol
        self._taped = taped
        self._whole: bytes | None = body
        self._start: Message | None = None
        """The beginning of an answer, while it waits for the rest."""
        self._failed = False
        """Whether uvicorn answers in the application's stead, which goes on the tape when the connection ends."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - what uvicorn's cycles have
        match name:
            case "message_event":
                found: Any = asyncio.Event()
                if self.response_complete or self.disconnected:
                    found.set()
            case "body":
                found = bytearray()
            case "default_headers":
                found = self._protocol.server_state.default_headers
            case "transport" | "flow" | "logger" | "access_logger":
                found = getattr(self._protocol, name)
            case _:
                raise AttributeError(name)
        setattr(self, name, found)
        return found

    def start(self, app: ASGIApp) -> None:
        """Begin to serve."""
        self._task = self._protocol.loop.create_task(self._run(app))
        self._protocol.tasks.add(self._task)

    async def _run(self, app: ASGIApp) -> None:
        try:
            await self.run_asgi(app)  # type: ignore[arg-type]  # an application is an application
        finally:
            self._protocol.tasks.discard(self._task)

    async def send_500_response(self) -> None:
        """The application has failed: says so, or hangs up behind the beginning of an answer."""
        start, self._start = self._start, None
        if start is None:
            self._failed = True
            await super().send_500_response()
        else:
            await self._send(start)
            self.transport.close()

    async def receive(self) -> Any:  # noqa: ANN401 - uvicorn's types of messages are its own
        """The request, then, as uvicorn has it, that it is over."""
        if self._whole is None or self.disconnected:
            return await super().receive()
        body, self._whole = self._whole, None
        self._taped.record_received()
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: Any) -> None:  # noqa: ANN401 - as above
        """Part of an answer; its beginning waits for what follows."""
        start = self._start
        if start is None:
            if self._failed:
                await super().send(message)
            elif message["type"] == "http.response.start" and not self.response_started:
                self._taped.record_received()
                self._start = message
            else:
                await self._send(message)
            return
        self._start = None
        head = None if message.get("more_body", False) else answer_head(start, message)
        if head is None or not self.keep_alive or self._protocol.flow.write_paused:
            await self._send(start)
            await self._send(message)
            return
        if not self.disconnected:
            self._taped.send_whole(head + message["body"])
            self.response_started = self.response_complete = True
            if "message_event" in self.__dict__:
                self.message_event.set()
            self.on_response()

    async def _send(self, message: Message) -> None:
        """Part of an answer the long way."""
        self._taped.record_received()
        more = message.get("more_body", False)
        self._taped.holds = not more
        try:
            await super().send(message)  # type: ignore[arg-type]
        finally:
            self._taped.holds = False
        if message["type"] == "http.response.body" and not more:
            self._taped.record_sent()


def answer_head(start: Message, message: Message) -> bytes | None:
    """The head of an answer whose only piece this is, as uvicorn spells it; None where uvicorn is to see to it."""
    status, headers, body = start["status"], start.get("headers", ()), message.get("body")
    if status in BODILESS or not body or message["type"] != "http.response.body":
        return None
    lines = []
    length = b""
    for name, value in headers:
        line = header_line(name, value)
        if line is None:
            return None
        if name == b"content-length":
            length = value
        lines.append(line)
    if length != b"%d" % len(body):
        return None
    return STATUS_LINE[status] + b"".join(lines) + b"\r\n"


@lru_cache(maxsize=4096)
def header_line(name: bytes, value: bytes) -> bytes | None:
    """A header as it goes out; None for one that is to be looked at more closely."""
    if (
        name.lower() != name
        or name in SPECIAL
        or name == CONNECTION
        or HEADER_RE.search(name)
        or HEADER_VALUE_RE.search(value)
    ):
        return None
    return name + b": " + value + b"\r\n"
