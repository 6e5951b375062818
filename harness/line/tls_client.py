"""The host's end of a TLS line: the face of a TCP line, its bytes those inside."""

import select
import socket
import ssl
import time
from typing import Self

from harness.line.address import Address
from harness.line.client import Disconnected, HostRecorder
from harness.line.tape import Tape
from harness.line.tcp import CONNECT_TIMEOUT_S, WRITE_TIMEOUT_S
from harness.line.tls import ClientTls, why_not_trusted

CHUNK = 16_384


class TlsClient:
    """A connected line over TLS; what is recorded of it is plain."""

    def __init__(self, connection: ssl.SSLSocket, *, name: str, recorder: HostRecorder) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._name = name
        self._recorder = recorder
        self._poll = select.poll()

    @classmethod
    def open(cls, address: Address, tls: ClientTls, *, channel: str, tape: Tape | None = None) -> Self:
        """Connect to an `https:` address. Raises ConfigError for files, Disconnected when there is nobody to trust."""
        context = tls.context()
        try:
            plain = socket.create_connection((address.host, address.port), timeout=CONNECT_TIMEOUT_S)
        except OSError as error:
            raise Disconnected(
                f"Nobody answers at {address}: {error.strerror or error}.",
                cause="the device is off, the address is wrong, or a firewall is between",
                remedy="check the device's own network settings and try to ping it",
            ) from error
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = context.wrap_socket(plain, server_hostname=address.host)
        except OSError as error:
            plain.close()
            raise not_secured(str(address), error) from error
        return cls(connection, name=str(address), recorder=HostRecorder(tape=tape, channel=channel))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, timeout: float) -> bytes:
        """What has come, as soon as something has; empty after `timeout` seconds of silence. Raises Disconnected."""
        until = time.monotonic() + max(0.0, timeout)
        try:
            while True:
                try:
                    data = self._connection.recv(CHUNK)
                    break
                except ssl.SSLWantReadError:
                    wanted = select.POLLIN
                except ssl.SSLWantWriteError:
                    wanted = select.POLLOUT
                if not self._ready(wanted, until):
                    return b""
        except OSError as error:
            raise self._gone(error) from error
        if not data:
            raise self._gone("the other side hung up")
        self._recorder.from_device(data)
        return data

    def write(self, data: bytes) -> None:
        """Send all of it. Raises Disconnected, also when nothing is taken for two seconds."""
        self._recorder.to_device(data)
        until = time.monotonic() + WRITE_TIMEOUT_S
        while data:
            try:
                data = data[self._connection.send(data) :]
                continue
            except ssl.SSLWantReadError:
                wanted = select.POLLIN
            except ssl.SSLWantWriteError:
                wanted = select.POLLOUT
            except OSError as error:
                raise self._gone(error) from error
            if not self._ready(wanted, until):
                raise self._gone(f"it takes no bytes for {WRITE_TIMEOUT_S:g} s")

    def close(self) -> None:
        """Hang up; may be called twice."""
        self._connection.close()

    def _ready(self, wanted: int, until: float) -> bool:
        if self._connection.fileno() < 0:
            raise self._gone("it is closed")
        self._poll.register(self._connection, wanted)
        left_ms = (until - time.monotonic()) * 1000
        return bool(self._poll.poll(max(0.0, left_ms)))

    def _gone(self, why: OSError | str) -> Disconnected:
        told = None if isinstance(why, str) else why_not_trusted(why)
        if told is not None:
            return not_secured(self._name, why)
        return Disconnected(
            f"The line {self._name} is gone: {why if isinstance(why, str) else why.strerror or why}.",
            cause="the other side restarted, or does not want to speak any more",
            remedy="connect anew; see its log",
        )


def not_secured(name: str, error: OSError | str) -> Disconnected:
    """The error for a connection that could not be made safe."""
    told = why_not_trusted(error) if isinstance(error, OSError) else None
    hung_up = "it hung up in the handshake, or a firewall did", "try it with `openssl s_client -connect`"
    cause, remedy = told or hung_up
    return Disconnected(f"There is no safe connection to {name}.", cause=cause, remedy=remedy)
