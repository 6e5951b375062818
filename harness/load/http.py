"""A lean HTTP/1.1 client for load: keep-alive connections on asyncio, replies parsed by httptools, nothing else.

    async with HttpPool("http://127.0.0.1:8001", connections=64, reply_s=10) as pool:
        answer = await pool.ask("POST", "/fsi/api/callService", body)

Whether a request may have been acted on is what a caller must know, so there are two errors: `NotSentError` (surely
not) and `NoAnswerError` (perhaps). Nothing is ever sent twice. Out of scope: proxies, redirects, compression.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self, cast
from urllib.parse import urlsplit

import httptools

from harness.errors import ConfigError
from harness.line.tls import NOTHING_SAID, ClientTls, why_not_trusted

LIMIT = 16 << 20
"""The longest reply body."""


class NotSentError(Exception):
    """The request did not leave: no connection could be had."""


class NoAnswerError(Exception):
    """The request left, and no whole answer came: what became of it is unknown."""


@dataclass(frozen=True, kw_only=True)
class HttpAnswer:
    """A whole reply; header names are lower-case."""

    status: int
    headers: dict[str, str]
    body: bytes


class _Connection(asyncio.Protocol):
    """One connection; one request at a time."""

    def __init__(self, pool: "HttpPool") -> None:
        self._pool = pool
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[HttpAnswer] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._headers: dict[str, str] = {}
        self._body = bytearray()

    @property
    def usable(self) -> bool:
        """Whether it is open and owes nothing."""
        return self._transport is not None and not self._transport.is_closing() and self._waiting is None

    def send(self, request: bytes) -> "asyncio.Future[HttpAnswer]":
        """Send a request; the future is done when its answer is whole, or fails with NoAnswerError."""
        assert self._transport is not None
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._waiting

    def abort(self) -> None:
        """Cut it."""
        if self._transport is not None:
            self._transport.abort()

    # --- what asyncio and httptools call ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is no subclass

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(f"no HTTP: {error}")
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._pool.forget(self)
        self._fail(f"the connection was cut: {exc}" if exc else "the connection was closed")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._body += body
        if len(self._body) > LIMIT:
            self._fail("the reply is too long")
            self.abort()

    def on_message_complete(self) -> None:
        waiting, self._waiting = self._waiting, None
        answer = HttpAnswer(status=self._parser.get_status_code(), headers=self._headers, body=bytes(self._body))
        keep = self._parser.should_keep_alive()
        self._headers, self._body = {}, bytearray()
        if waiting is None:  # an answer that nobody asked for: what comes next here answers nothing either
            self.abort()
            return
        if not waiting.done():
            waiting.set_result(answer)
        if not keep:
            self.abort()

    def _fail(self, why: str) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_exception(NoAnswerError(why))


class HttpPool:
    """Keep-alive connections to one origin, at most `connections`; a request waits for a free one, in order.

    `reply_s` is how long an answer may take once its request has left. Over https:// the other side is checked by
    `tls`. Raises ConfigError for another address, and for files that cannot be used.
    """

    def __init__(
        self,
        origin: str,
        *,
        connections: int,
        reply_s: float,
        connect_s: float = 5.0,
        tls: ClientTls = NOTHING_SAID,
    ) -> None:
        parts = urlsplit(origin)
        secured = parts.scheme == "https"
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigError(
                f"Load cannot be put on {origin!r}.",
                cause="its address is not HTTP",
                remedy="give http://HOST:PORT or https://HOST:PORT",
            )
        self._ssl = tls.context() if secured else None
        self._host, self._port = parts.hostname, parts.port or (443 if secured else 80)
        self._prefix = parts.path.rstrip("/")
        self._name = parts.netloc
        self._room = connections
        self._reply_s, self._connect_s = reply_s, connect_s
        self._idle: list[_Connection] = []
        self._all: set[_Connection] = set()
        self._queue: deque[asyncio.Future[None]] = deque()
        self._heads: dict[tuple[str, str], bytes] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Cut every connection."""
        for connection in list(self._all):
            connection.abort()

    def forget(self, connection: _Connection) -> None:
        """A connection is gone."""
        self._all.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    async def ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> HttpAnswer:
        """Send a request and wait for its whole answer. Raises NotSentError or NoAnswerError."""
        connection = await self._take()
        answer = connection.send(self._spelled(method, path, body, headers or {}))
        try:
            async with asyncio.timeout(self._reply_s):
                return await answer
        except TimeoutError as error:
            raise NoAnswerError(f"no answer within {self._reply_s:g} s") from error
        finally:
            self._give_back(connection)

    def _spelled(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        head = self._heads.get((method, path))
        if head is None:
            lines = f"{method} {self._prefix}{path} HTTP/1.1\r\nhost: {self._name}\r\nuser-agent: liantiao-load\r\n"
            kind = "content-type: application/json;charset=UTF-8\r\n" if method == "POST" else ""
            head = self._heads[method, path] = f"{lines}{kind}content-length: ".encode()
        more = "".join(f"\r\n{name}: {value}" for name, value in headers.items()).encode()
        return b"%s%d%s\r\n\r\n%s" % (head, len(body), more, body)

    async def _take(self) -> _Connection:
        while self._room <= 0:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._queue.append(turn)
            await turn
        self._room -= 1
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection
        try:
            async with asyncio.timeout(self._connect_s):
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: _Connection(self), self._host, self._port, ssl=self._ssl
                )
        except (OSError, TimeoutError) as error:
            self._leave()
            why = why_not_trusted(error)
            raise NotSentError(f"{self._name}: {why[0] if why else str(error) or 'no connection in time'}") from error
        except BaseException:
            self._leave()
            raise
        self._all.add(connection)
        return connection

    def _give_back(self, connection: _Connection) -> None:
        if connection.usable:
            self._idle.append(connection)
        else:
            connection.abort()
        self._leave()

    def _leave(self) -> None:
        self._room += 1
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
