"""An RFC 2217 server over one serial port, and the virtual device's end of such a line.

`Rfc2217Line` has the same face as a pty, with what a pty lacks: the client's parity and data bits, DTR and RTS to
read, CTS, DSR, RI and CD to set. As on a pty, the tape has the port's bytes, not Telnet's. One client at a time; a
second one is hung up at once. The protocol has no authentication: it binds loopback unless told otherwise, and `allow`
can name the only hosts that are let in.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from harness.line.address import Address, rfc2217_address
from harness.line.http import LOOPBACK, bind
from harness.line.record import Direction
from harness.line.rfc2217 import Modem, Words, encode_data
from harness.line.rfc2217_session import Flow, Purge, Session, SharedPort
from harness.line.serial_format import Parity, SerialFormat
from harness.line.tape import Tape

BUFFER_LIMIT = 18_432
"""Bytes that wait at most for a client that does not read, as on a pty."""


class Rfc2217Server:
    """Serves one port to one client at a time.

    `opened` is asked when a client comes, and may refuse; `received` gets its data; `closed` hears that it went.
    """

    def __init__(
        self,
        port: SharedPort,
        *,
        received: Callable[[bytes], None],
        opened: Callable[[], bool] = lambda: True,
        closed: Callable[[], None] = lambda: None,
        allow: frozenset[str] = frozenset(),
    ) -> None:
        self._port = port
        self._received = received
        self._opened = opened
        self._closed = closed
        self._allow = allow
        self._server: asyncio.Server | None = None
        self._client: asyncio.Transport | None = None
        self._session = Session(port)
        self._held = bytearray()

    @property
    def connected(self) -> bool:
        """Whether a client is there."""
        return self._client is not None and not self._client.is_closing()

    async def start(self, host: str, port: int, name: str) -> int:
        """Listen; returns the port. Raises BenchError when it cannot be had."""
        listening = bind(host, port, name)
        number = int(listening.getsockname()[1])
        self._server = await asyncio.get_running_loop().create_server(lambda: _Client(self), sock=listening)
        return number

    def put(self, data: bytes) -> bool:
        """Send the port's data to the client. False when it was dropped: no client, or one that does not read."""
        client = self._client
        if client is None or client.is_closing():
            return False
        if client.get_write_buffer_size() + len(self._held) + len(data) > BUFFER_LIMIT:
            return False
        if self._session.suspended:
            self._held += data
        else:
            client.write(encode_data(data))
        return True

    def discard(self) -> None:
        """Forget what waits for a client that has suspended the flow."""
        self._held.clear()

    def modem_changed(self) -> None:
        """The port's modem lines have changed: tell the client if it wants to know."""
        if self._client is not None and (notice := self._session.modem_changed()):
            self._client.write(notice)

    def hang_up(self) -> None:
        """Cut the connection."""
        client, self._client = self._client, None
        if client is not None:
            client.abort()
            self._closed()

    async def stop(self) -> None:
        """Stop listening and hang up; may be called twice."""
        server, self._server = self._server, None
        self.hang_up()
        if server is not None:
            server.close()
            with contextlib.suppress(asyncio.CancelledError):
                await server.wait_closed()

    def came(self, client: asyncio.Transport) -> bool:
        """A client has connected; False when it is not let in."""
        peer = client.get_extra_info("peername")
        if self._allow and (not peer or peer[0] not in self._allow):
            return False
        if self.connected or not self._opened():
            return False
        self._client, self._session = client, Session(self._port)
        self._held.clear()
        client.write(self._session.greeting())
        return True

    def went(self, client: asyncio.Transport) -> None:
        """A client has gone."""
        if self._client is client:
            self._client = None
            self._closed()

    def take(self, client: asyncio.Transport, words: Words, data: bytes) -> None:
        """A client has sent bytes."""
        answer = self._session.take(words.feed(data), self._received)
        if self._client is not client:
            return  # hung up by what it said
        if answer:
            client.write(answer)
        if self._held and not self._session.suspended:
            client.write(encode_data(bytes(self._held)))
            self._held.clear()


class _Client(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, server: Rfc2217Server) -> None:
        self._server = server
        self._words = Words()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        client: asyncio.Transport = transport  # type: ignore[assignment]  # uvloop's own class, the same face
        if self._server.came(client):
            self._transport = client
        else:
            client.abort()

    def data_received(self, data: bytes) -> None:
        if self._transport is not None:
            self._server.take(self._transport, self._words, data)

    def connection_lost(self, _: Exception | None) -> None:
        if self._transport is not None:
            self._server.went(self._transport)


@dataclass(frozen=True, kw_only=True)
class HostLines:
    """What the client does with the lines it drives."""

    dtr: bool = False
    rts: bool = False
    pause: bool = False
    """The break condition."""
    flow: Flow = Flow.NONE


class Rfc2217Line:
    """The device's end of a serial line behind RFC 2217; `port` 0 takes any free one.

    `changed` hears each change of the client's lines.
    """

    def __init__(
        self,
        *,
        tape: Tape,
        channel: str,
        host: str = LOOPBACK,
        port: int = 0,
        changed: Callable[[HostLines], None] = lambda _: None,
    ) -> None:
        self._tape = tape
        self._channel = channel
        self._host = host
        self._number = port
        self._plugged = True
        self._received: Callable[[bytes], None] = _ignore
        self._port = _VirtualPort(changed, self.discard)
        self._server = Rfc2217Server(
            self._port, received=self._arrived, opened=lambda: self._plugged, closed=self._gone
        )

    @property
    def address(self) -> Address:
        """Where clients connect."""
        return rfc2217_address(self._host, self._number)

    @property
    def host_format(self) -> SerialFormat | None:
        """What the client has set; None without a client."""
        return self._port.format if self._server.connected else None

    @property
    def lines(self) -> HostLines:
        """The lines that the client drives."""
        return self._port.lines

    def set_lines(
        self, *, cts: bool | None = None, dsr: bool | None = None, ri: bool | None = None, cd: bool | None = None
    ) -> None:
        """Drive the device's lines; the client is told."""
        for flag, value in ((Modem.CTS, cts), (Modem.DSR, dsr), (Modem.RI, ri), (Modem.CD, cd)):
            if value is not None:
                self._port.drive(flag, on=value)
        self._server.modem_changed()

    async def start(self, received: Callable[[bytes], None]) -> None:
        """Listen; `received` gets what the client sends. Raises BenchError when the port cannot be had."""
        self._received = received
        self._number = await self._server.start(self._host, self._number, self._channel)

    def send(self, data: bytes) -> bool:
        """Record and send; see `put`."""
        self.record(data)
        return self.put(data)

    def record(self, data: bytes) -> None:
        """Put bytes on the tape that are about to be sent."""
        self._tape.frame(self._channel, Direction.SENT, data)

    def put(self, data: bytes) -> bool:
        """Send without recording. False when they were dropped: no client, or one that does not read."""
        return self._plugged and self._server.put(data)

    def discard(self) -> None:
        """Forget what waits here; what is in the client's socket cannot be taken back."""
        self._server.discard()

    def unplug(self) -> None:
        """Pull the cable: the client is hung up, and none is let in."""
        self._plugged = False
        self._server.hang_up()

    def replug(self) -> None:
        """Put it back."""
        self._plugged = True

    async def stop(self) -> None:
        """Stop listening and hang up; may be called twice and after a failed start."""
        await self._server.stop()

    def _arrived(self, data: bytes) -> None:
        self._tape.frame(self._channel, Direction.RECEIVED, data)
        self._received(data)

    def _gone(self) -> None:
        self._port.let_go()


class _VirtualPort:
    """The port between a client and a virtual device: every setting is possible, and the lines exist."""

    def __init__(self, changed: Callable[[HostLines], None], purged: Callable[[], None]) -> None:
        self._changed = changed
        self._purged = purged
        self._modem = Modem.CTS | Modem.DSR | Modem.CD
        self.format = SerialFormat()
        self.lines = HostLines()

    def configure(self, wanted: SerialFormat) -> None:
        self.format = wanted

    def set_flow(self, flow: Flow) -> None:
        self._set(replace(self.lines, flow=flow))

    def set_output(self, *, dtr: bool | None = None, rts: bool | None = None, pause: bool | None = None) -> None:
        held = self.lines
        self._set(
            replace(
                held,
                dtr=held.dtr if dtr is None else dtr,
                rts=held.rts if rts is None else rts,
                pause=held.pause if pause is None else pause,
            )
        )

    def modem(self) -> Modem:
        return self._modem

    def purge(self, what: Purge) -> None:
        if what is not Purge.TO_SEND:
            self._purged()

    def drive(self, line: Modem, *, on: bool) -> None:
        self._modem = self._modem | line if on else self._modem & ~line

    def let_go(self) -> None:
        """The client has gone: its lines fall, its settings are forgotten."""
        self.format = SerialFormat(parity=Parity.NONE)
        self._set(HostLines())

    def _set(self, lines: HostLines) -> None:
        if lines != self.lines:
            self.lines = lines
            self._changed(lines)


def _ignore(_: bytes) -> None:
    pass
