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
import logging
import socket
import ssl
from typing import Any

import uvicorn
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from harness.errors import BenchError
from harness.line.http_connection import Connection, TrustingConnection, connection_of
from harness.line.http_protocol import taped_protocol
from harness.line.http_whole import Heads
from harness.line.tape import Tape
from harness.line.tls import GOOD, Choice, ServerSide, ServerTls

logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # its warnings are about clients, and on the tape
LOOPBACK = "127.0.0.1"
GRACE_S = 1


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
        self.heads = Heads()
        self._outbox: list[tuple[asyncio.Transport, bytes]] = []
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

    def post(self, transport: asyncio.Transport, data: bytes) -> None:
        """Write an answer with all others of this turn of the loop: their readers are woken up once, not for each."""
        if not self._outbox:
            asyncio.get_running_loop().call_soon(self.deliver)
        self._outbox.append((transport, data))

    def deliver(self) -> None:
        """Write what waits."""
        outbox, self._outbox = self._outbox, []
        for transport, data in outbox:
            if not transport.is_closing():
                transport.write(data)

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
            http=taped_protocol(self),
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

        await self.serve(scope, taped_receive, taped_send)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, whose messages are put on the tape elsewhere. What the application raises is our defect."""
        try:
            await self._app(scope, receive, send)
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
