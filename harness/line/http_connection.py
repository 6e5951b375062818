"""One client's connection to a taped server: what of it is on the tape, what waits for the wire, and in which order.

A message is on the tape when it is whole, one frame each; what comes or goes below the HTTP parser is recorded as it
is. An answer is on the tape before its last byte is on the wire.
"""

import asyncio
import itertools
from typing import TYPE_CHECKING, Any

import httptools
from starlette.types import Scope

from harness.line.record import Direction
from harness.line.tls import GOOD

if TYPE_CHECKING:
    from harness.line.http import TapedServer

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
        self._server.deliver()
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

    def send_whole(self, data: bytes) -> None:
        """Put an answer on the tape, and on the wire before the next turn of the loop is over."""
        if self._sent or self._held:
            self.send_raw(data)
            return
        self._server.tape.frame(self.channel, Direction.SENT, data)
        self._server.post(self._transport, data)

    def abort(self) -> None:
        """Cut the connection."""
        self._server.deliver()
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


class TapedTransport:
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


def connection_of(scope: Scope) -> Connection:
    """The connection that a request came on; for middleware that works on the wire itself."""
    connection: Connection = scope["liantiao.connection"]
    return connection


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
