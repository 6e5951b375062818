"""The protocol of a taped server: uvicorn's, with its bytes taken below the parser, and known heads served at once."""

import asyncio
from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from harness.line.http_connection import Connection, TapedTransport
from harness.line.http_whole import Head, WholeCycle

if TYPE_CHECKING:
    from harness.line.http import TapedServer


def taped_protocol(server: "TapedServer") -> type[HttpToolsProtocol]:
    """The protocol of this server's connections."""

    class TapedProtocol(HttpToolsProtocol):
        taped: Connection
        between = True
        """Whether the parser waits for a request."""
        quiet = True
        """Whether nothing has come in one piece since the timer was set."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            self.taped = server.connection(transport)
            super().connection_made(TapedTransport(transport, self.taped))  # type: ignore[arg-type]
            server.connections[self.client] = self.taped

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self.between = False
            if self.taped.whole:
                self.taped.pipelines = True
            self.scope["liantiao.connection"] = self.taped  # type: ignore[typeddict-unknown-key]

        def data_received(self, data: bytes) -> None:
            cycle: RequestResponseCycle | None = self.cycle
            idle = self.between and (cycle is None or cycle.response_complete)
            self.taped.received(data)
            if not idle or self.transport.is_closing():
                super().data_received(data)
            elif (head := server.heads.find(data)) is not None:
                self._take(head, data)
            else:
                super().data_received(data)
                if self.between and self.cycle is not cycle and not self.pipeline and self.cycle.keep_alive:
                    server.heads.learn(data, dict(self.scope))

        def _take(self, head: Head, data: bytes) -> None:
            """Serve a request that came whole; all happens in the order and in the turns of uvicorn's own way."""
            self.taped.whole = True
            self.quiet = False
            scope = {
                **head.scope,
                "headers": head.scope["headers"].copy(),
                "client": self.client,
                "server": self.server,
                "scheme": self.scheme,
                "state": self.app_state.copy(),
                "liantiao.connection": self.taped,
            }
            body = data[len(data) - head.length :]
            self.cycle = cycle = WholeCycle(self, scope, body, taped=self.taped, answered=self._answered)
            cycle.start(server.serve)
            self.loop.call_soon(self.taped.record_received)

        def _answered(self) -> None:
            """As `on_response_complete`, which would set a timer anew each time."""
            if self.pipeline or self.flow.read_paused or self.timeout_keep_alive_task is None:
                self.on_response_complete()
            else:
                self.server_state.total_requests += 1

        def timeout_keep_alive_handler(self) -> None:
            if self.quiet and self.cycle.response_complete:
                super().timeout_keep_alive_handler()
            else:
                self.quiet = True
                self.timeout_keep_alive_task = self.loop.call_later(
                    self.timeout_keep_alive, self.timeout_keep_alive_handler
                )

        def send_400_response(self, msg: str) -> None:
            """What is no HTTP is told so; behind a request that waits for its answer, that answer is the last word.

            Whoever read a 400 in its place would take for refused what was done.
            """
            cycle: RequestResponseCycle | None = self.cycle
            if cycle is None or cycle.more_body or cycle.response_complete:
                super().send_400_response(msg)
            else:
                cycle.keep_alive = False

        def on_message_complete(self) -> None:
            self.between = True
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
