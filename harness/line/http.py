"""HTTP lines: a server whose every message is on the tape, byte for byte, one frame a message with its head.

`TapedServer` runs a Starlette application on uvicorn in the loop that starts it. The bytes are taken below the HTTP
parser, so the tape holds what was really on the wire, also when it was no HTTP at all. The channel of a frame is
`NAME.http#N`: N counts the connections of a case in the order of their first message. With TLS the frames are what
was said inside it; a handshake that failed is the event `tls-failed`, and a client that spoke although it was shown a
certificate that is not to be trusted is the event `tls-not-verified`.

`send_raw` lets a fault put bytes on the wire that no application would send, and `peer_gone` lets it wait for the
client to give up.
"""

import asyncio
import contextlib
import itertools
import logging
import socket
import ssl
from typing import Any

import httptools
import uvicorn
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from harness.errors import BenchError
from harness.line.record import Direction
from harness.line.tape import Tape
from harness.line.tls import GOOD, Choice, ServerSide, ServerTls

logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # its warnings are about clients, and on the tape
LOOPBACK = "127.0.0.1"
GRACE_S = 1
LONGEST = 64 << 20
"""Bytes of a message; whoever sends more is hung up on."""


class Connection:
    """What one client connection has carried since its last complete message."""

    def __init__(self, server: "TapedServer", transport: asyncio.Transport) -> None:
        self._server = server
        self._transport = transport
        self._received = bytearray()
        self._sent = bytearray()
        self._held = b""
        self.holds = False
        """Whether what is written waits: a head for the beginning of its body, the end of an answer for the tape."""
        self.whole = False
        """Whether a message that came whole is not on the tape yet."""
        self.pipelines = False
        """Whether this client sends requests before it has read the answers to those before."""
        self._number = (-1, 0)
        self._channel = ""
        self.gone = asyncio.Event()

    @property
    def channel(self) -> str:
        """The channel of this connection's frames on the tape."""
        number = self._server.number(self._number)
        if number is not self._number:
            self._number, self._channel = number, f"{self._server.channel}#{number[1]}"
        return self._channel

    def received(self, data: bytes) -> None:
        """Take bytes that came; they are recorded when their message is complete."""
        self._received += data
        if len(self._received) > LONGEST:
            self._server.say("message-too-long", channel=self.channel)
            self.abort()

    def write(self, data: bytes) -> None:
        """Put bytes on the wire, or keep them while `holds`; they are recorded when their message is complete."""
        self._held += data
        if not self.holds:
            held, self._held = self._held, b""
            self._sent += held
            self._transport.write(held)

    def record_received(self) -> None:
        """A message has come whole: put it on the tape."""
        self.whole = False
        if self.pipelines:
            *messages, rest = split_messages(bytes(self._received))
            self._received = bytearray(rest)
            for message in messages:
                self._server.tape.frame(self.channel, Direction.RECEIVED, message)
        else:
            self.record_rest()

    def record_rest(self) -> None:
        """Put on the tape what has come, whole or not."""
        if self._received:
            data, self._received = bytes(self._received), bytearray()
            self._server.tape.frame(self.channel, Direction.RECEIVED, data)

    def record_sent(self) -> None:
        """A message is whole: put it on the tape, then its rest on the wire, for its reader may step the clock."""
        held, self._held = self._held, b""
        self._sent += held
        self.record_end()
        if held:
            self._transport.write(held)

    def let_go(self) -> None:
        """The connection is closed after this: what waits goes out first."""
        if self._held:
            self.record_sent()

    def record_end(self) -> None:
        """Put on the tape what has been written, whole or not."""
        if self._sent:
            data, self._sent = bytes(self._sent), bytearray()
            self._server.tape.frame(self.channel, Direction.SENT, data)

    def send_raw(self, data: bytes) -> None:
        """Put bytes on the wire as they are, recorded as one frame."""
        self._held += data
        self.record_sent()

    def abort(self) -> None:
        """Cut the connection."""
        self._transport.abort()


class TrustingConnection(Connection):
    """A connection whose client was shown the spoilt certificate `certificate`; the event says so if it speaks."""

    def __init__(self, server: "TapedServer", transport: asyncio.Transport, *, certificate: str) -> None:
        super().__init__(server, transport)
        self._certificate = certificate

    def received(self, data: bytes) -> None:
        """Take bytes that came."""
        super().received(data)
        if self._certificate != GOOD:
            certificate, self._certificate = self._certificate, GOOD
            self._server.say("tls-not-verified", certificate=certificate, channel=self.channel)


class _TapedTransport:
    """A transport that writes by way of its connection; everything else is the real transport's."""

    def __init__(self, inner: asyncio.Transport, connection: Connection) -> None:
        self._inner = inner
        self._connection = connection
        self.write = connection.write
        self.is_closing = inner.is_closing

    def close(self) -> None:
        self._connection.let_go()
        self._inner.close()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a proxy hands through what it does not know
        return getattr(self._inner, name)


def _protocol(server: "TapedServer") -> type[HttpToolsProtocol]:
    class TapedProtocol(HttpToolsProtocol):
        taped: Connection

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            self.taped = server.connection(transport)
            super().connection_made(_TapedTransport(transport, self.taped))  # type: ignore[arg-type]
            server.connections[self.client] = self.taped

        def on_message_begin(self) -> None:
            super().on_message_begin()
            if self.taped.whole:
                self.taped.pipelines = True
            self.scope["liantiao.connection"] = self.taped  # type: ignore[typeddict-unknown-key]

        def data_received(self, data: bytes) -> None:
            self.taped.received(data)
            super().data_received(data)

        def on_message_complete(self) -> None:
            # One turn later: what the client wrote elsewhere before this request is read in this turn and comes first.
            self.loop.call_soon(self.taped.record_received)
            self.taped.whole = True
            super().on_message_complete()

        def connection_lost(self, exc: Exception | None) -> None:
            self.taped.record_received()
            self.taped.record_rest()
            self.taped.record_end()
            self.taped.gone.set()
            if server.connections.get(self.client) is self.taped:
                del server.connections[self.client]
            super().connection_lost(exc)

    return TapedProtocol


def split_messages(data: bytes) -> list[bytes]:
    """The requests in what a client has sent, and last what is not whole yet; what is no HTTP is one piece."""
    ends: list[int] = []

    class Ends:
        def on_message_complete(self) -> None:
            ends.append(at)

    parser = httptools.HttpRequestParser(Ends())
    try:
        for at in range(1, len(data) + 1):  # the parser does not say where a message ends
            parser.feed_data(data[at - 1 : at])
    except (httptools.HttpParserError, httptools.HttpParserUpgrade):
        ends.append(len(data))
    begins = [0, *ends]
    return [*(data[begin:end] for begin, end in itertools.pairwise(begins)), data[begins[-1] :]]


def connection_of(scope: Scope) -> Connection:
    """The connection that a request came on; for middleware that works on the wire itself."""
    connection: Connection = scope["liantiao.connection"]
    return connection


class TapedServer:
    """An HTTP server on loopback whose messages are on the tape.

    `host` and `port` say where it listens (port 0: any free one); `address` is known once it is started. With `tls` it
    speaks HTTPS, and `choice` tells which certificate the next client is shown.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        name: str,
        tape: Tape,
        host: str = LOOPBACK,
        port: int = 0,
        tls: ServerTls | None = None,
        choice: Choice | None = None,
    ) -> None:
        self.tape = tape
        self.channel = f"{name}.http"
        self.connections: dict[Any, Connection] = {}
        self._name = name
        self._app = app
        self._host = host
        self._port = port
        self._tls = tls
        self._choice = choice
        self._side: ServerSide | None = None
        self._generation = 0
        self._numbers = 0
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        """Where clients connect, e.g. `http://127.0.0.1:8001`."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{'http' if self._tls is None else 'https'}://{host}:{self._port}"

    @property
    def tls_context(self) -> ssl.SSLContext | None:
        """For connections that another process has accepted; None where HTTP is plain. Known once it is started."""
        return None if self._side is None else self._side.context

    def connection(self, transport: asyncio.Transport) -> Connection:
        """A new connection."""
        if self._side is not None:
            certificate = self._side.name_of(transport.get_extra_info("ssl_object").context)
            if certificate != GOOD:
                return TrustingConnection(self, transport, certificate=certificate)
        return Connection(self, transport)

    def say(self, event: str, **fields: str) -> None:
        """Put an event of this party on the tape."""
        self.tape.event(self._name, event, **fields)

    def number(self, known: tuple[int, int]) -> tuple[int, int]:
        """The number of a connection in this case; a new one when `known` is from an earlier case."""
        if known[0] == self._generation:
            return known
        self._numbers += 1
        return self._generation, self._numbers

    def renumber(self) -> None:
        """A new case begins: connections are counted anew."""
        self._generation += 1
        self._numbers = 0

    async def start(self) -> None:
        """Listen and serve. Raises BenchError when the port cannot be had, ConfigError for files of TLS."""
        if self._tls is not None:
            self._side = ServerSide(self._tls, failed=lambda why: self.say("tls-failed", why=why), choice=self._choice)
        listening = bind(self._host, self._port, self._name)
        self._port = listening.getsockname()[1]
        config = uvicorn.Config(
            self._call,
            http=_protocol(self),
            interface="asgi3",
            lifespan="off",
            proxy_headers=False,
            ws="none",
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=False,
            timeout_keep_alive=3600,
            timeout_graceful_shutdown=GRACE_S,
        )
        config.load()
        config.ssl = self.tls_context
        self._server = uvicorn.Server(config)
        self._server.lifespan = config.lifespan_class(config)
        await self._server.startup(sockets=[listening])
        self._serving = asyncio.create_task(self._server.main_loop(), name=f"{self._name} http")

    async def stop(self) -> None:
        """Stop listening and cut what is left of the connections."""
        if self._server is None or self._serving is None:
            return
        server, self._server = self._server, None
        self._serving.cancel()
        for listening in server.servers:
            listening.close()
        for connection in list(self.connections.values()):
            connection.abort()
        with contextlib.suppress(asyncio.CancelledError):
            await self._serving
        # Not `server.shutdown`: it sleeps 0.1 s whatever there is to wait for.
        if tasks := set(server.server_state.tasks):
            _, unending = await asyncio.wait(tasks, timeout=GRACE_S)
            for task in unending:
                task.cancel()

    async def _call(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = connection_of(scope)

        async def taped_receive() -> Message:
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body", False):
                connection.record_received()
            return message

        async def taped_send(message: Message) -> None:
            connection.record_received()
            more = message.get("more_body", False)
            connection.holds = not more
            try:
                await send(message)
            finally:
                connection.holds = False
            if message["type"] == "http.response.body" and not more:
                connection.record_sent()

        try:
            await self._app(scope, taped_receive, taped_send)
        except ClientDisconnect:
            return
        except Exception as error:
            what = f"{self._name} failed to answer {scope['method']} {scope['path']}: {type(error).__name__}: {error}"
            self.tape.event(self._name, "problem", blame="SimulatorDefect", problem=what)
            raise


def bind(host: str, port: int, name: str) -> socket.socket:
    """A listening TCP socket. Raises BenchError naming the device when the port is taken or not allowed."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise BenchError(
            f"{name} cannot listen on {host}:{port}: {error.strerror}.",
            cause="another program, perhaps a bench left running, has the port; or the port needs more rights, or the "
            "host is not this machine",
            remedy="choose another port, 0 for any free one, or end the other program",
        ) from error
    listening.setblocking(False)
    return listening
