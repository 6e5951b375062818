"""TCP lines: a virtual device's server, with the same face as its pty, and the client to a device behind TCP.

A device of this kind has one line, so its server takes one client; a second one is hung up at once, as serial device
servers do.
"""

import asyncio
import contextlib
import select
import socket
import time
from collections.abc import Callable
from typing import Self

from harness.line.address import Address, Scheme, tcp_address
from harness.line.client import Disconnected, HostRecorder
from harness.line.http import LOOPBACK, bind
from harness.line.record import Direction
from harness.line.serial_format import SerialFormat
from harness.line.tape import Tape

CHUNK = 4096
BUFFER_LIMIT = 18_432
"""Bytes that wait at most for a client that does not read, as on a pty."""
CONNECT_TIMEOUT_S = 5.0
WRITE_TIMEOUT_S = 2.0


class TcpLine:
    """The device's end of a TCP line; `port` 0 takes any free one."""

    def __init__(self, *, tape: Tape, channel: str, host: str = LOOPBACK, port: int = 0) -> None:
        self._tape = tape
        self._channel = channel
        self._host = host
        self._port = port
        self._received: Callable[[bytes], None] = _ignore
        self._server: asyncio.Server | None = None
        self._plugged = True
        self._client: asyncio.Transport | None = None

    @property
    def address(self) -> Address:
        """Where clients connect."""
        return tcp_address(self._host, self._port)

    @property
    def host_format(self) -> SerialFormat | None:
        """None: a TCP line has no speed."""
        return None

    async def start(self, received: Callable[[bytes], None]) -> None:
        """Listen; `received` gets every chunk that the client sends. Raises BenchError when the port cannot be had."""
        listening = bind(self._host, self._port, self._channel)
        self._port = listening.getsockname()[1]
        self._received = received
        self._server = await asyncio.get_running_loop().create_server(lambda: _Client(self), sock=listening)

    def send(self, data: bytes) -> bool:
        """Record and send; see `put`."""
        self.record(data)
        return self.put(data)

    def record(self, data: bytes) -> None:
        """Put bytes on the tape that are about to be sent."""
        self._tape.frame(self._channel, Direction.SENT, data)

    def put(self, data: bytes) -> bool:
        """Send without recording. False when they were dropped whole: no client, or one that does not read."""
        client = self._client
        if client is None or client.is_closing() or client.get_write_buffer_size() + len(data) > BUFFER_LIMIT:
            return False
        client.write(data)
        return True

    def discard(self) -> None:
        """What is under way belongs to the client's socket and cannot be taken back."""

    def unplug(self) -> None:
        """Pull the cable: the client is hung up, and none is let in."""
        self._plugged = False
        self._hang_up()

    def replug(self) -> None:
        """Put it back."""
        self._plugged = True

    def _hang_up(self) -> None:
        if self._client is not None:
            self._client.abort()
            self._client = None

    async def stop(self) -> None:
        """Stop listening and hang up; may be called twice and after a failed start."""
        server, self._server = self._server, None
        self._hang_up()
        if server is not None:
            server.close()
            with contextlib.suppress(asyncio.CancelledError):
                await server.wait_closed()

    def connected(self, transport: asyncio.Transport) -> bool:
        """A client came; False when the line is taken or unplugged."""
        if not self._plugged or (self._client is not None and not self._client.is_closing()):
            return False
        self._client = transport
        return True

    def disconnected(self, transport: asyncio.Transport) -> None:
        """A client went."""
        if self._client is transport:
            self._client = None

    def received(self, data: bytes) -> None:
        """The client sent bytes."""
        self._tape.frame(self._channel, Direction.RECEIVED, data)
        self._received(data)


class _Client(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, line: TcpLine) -> None:
        self._line = line
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "abort")
        client: asyncio.Transport = transport  # type: ignore[assignment]  # uvloop's own class, the same face
        if self._line.connected(client):
            self._transport = client
        else:
            client.abort()

    def data_received(self, data: bytes) -> None:
        if self._transport is not None:
            self._line.received(data)

    def connection_lost(self, _: Exception | None) -> None:
        if self._transport is not None:
            self._line.disconnected(self._transport)


class TcpClient:
    """A connected TCP line to a device."""

    def __init__(self, connection: socket.socket, *, name: str, recorder: HostRecorder) -> None:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection = connection
        self._name = name
        self._recorder = recorder
        self._readable = select.poll()
        self._readable.register(connection, select.POLLIN)
        self._writable = select.poll()
        self._writable.register(connection, select.POLLOUT)

    @classmethod
    def open(cls, address: Address, *, channel: str, tape: Tape | None = None) -> Self:
        """Connect to a `tcp:` address. Raises Disconnected when nobody answers, ValueError for another address."""
        if address.scheme is not Scheme.TCP:
            raise ValueError(f"{address} is no TCP line")
        try:
            connection = socket.create_connection((address.host, address.port), timeout=CONNECT_TIMEOUT_S)
        except OSError as error:
            raise Disconnected(
                f"Nobody answers at {address}: {error.strerror or error}.",
                cause="the device is off, the address is wrong, or a firewall is between",
                remedy="check the device's own network settings and try to ping it",
            ) from error
        return cls(connection, name=str(address), recorder=HostRecorder(tape=tape, channel=channel))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, timeout: float) -> bytes:
        """What has come, as soon as something has; empty after `timeout` seconds of silence. Raises Disconnected."""
        try:
            if self._connection.fileno() < 0:
                raise self._gone("it is closed")
            if not self._readable.poll(timeout * 1000 if timeout > 0 else 0):
                return b""
            data = self._connection.recv(CHUNK)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise self._gone(error.strerror or str(error)) from error
        if not data:
            raise self._gone("the device hung up")
        self._recorder.from_device(data)
        return data

    def write(self, data: bytes) -> None:
        """Send all of it. Raises Disconnected, also when the device takes no bytes for two seconds."""
        self._recorder.to_device(data)
        deadline = 0.0
        while data:
            try:
                data = data[self._connection.send(data) :]
            except BlockingIOError:
                now = time.monotonic()
                deadline = deadline or now + WRITE_TIMEOUT_S
                if now >= deadline or not self._writable.poll((deadline - now) * 1000):
                    raise self._gone(f"it takes no bytes for {WRITE_TIMEOUT_S:g} s") from None
            except OSError as error:
                raise self._gone(error.strerror or str(error)) from error

    def close(self) -> None:
        """Hang up; may be called twice."""
        self._connection.close()

    def _gone(self, why: str) -> Disconnected:
        return Disconnected(
            f"The line {self._name} is gone: {why}.",
            cause="the device restarted, the cable was pulled, or another host took the line",
            remedy="connect anew; see that only one host uses the device",
        )


def _ignore(_: bytes) -> None:
    pass
