"""The lines to an encryption machine: plain TCP, and a VISA socket for labs that reach everything through VISA.

Both have the face of any client line. A machine's messages begin with their length, and the VISA line goes by it: VISA
gives what was asked for and no more, so asking for exactly the next message is the only way to wait without polling.
How the beginning tells the length is a `Framing`: two bytes for host commands, a DER head for a signature server's.
"""

import os
import select
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeAlias

from harness.line.address import Address, Scheme
from harness.line.client import ClientLine, Disconnected, HostRecorder
from harness.line.tape import Tape
from harness.line.tcp import TcpClient

if TYPE_CHECKING:
    from pyvisa.resources import MessageBasedResource

LENGTH_SIZE = 2
DER_HEAD_SIZE = 2
QUICK_S = 0.002
"""Seconds that VISA takes to say that nothing is there."""


class Framing(Protocol):
    """How many bytes to ask for next."""

    @property
    def wanted(self) -> int:
        """Bytes that are certainly due, at least 1."""
        ...

    def took(self, data: bytes) -> None:
        """So many as were wanted have come."""
        ...


NewFraming: TypeAlias = Callable[[], Framing]


class LengthFirst:
    """Messages after their length in two bytes."""

    def __init__(self) -> None:
        self.wanted = LENGTH_SIZE
        self._in_body = False

    def took(self, data: bytes) -> None:
        """The length, or the rest."""
        size = LENGTH_SIZE if self._in_body else int.from_bytes(data)
        self._in_body = not self._in_body and size > 0
        self.wanted = size if self._in_body else LENGTH_SIZE


class DerMessages:
    """DER messages one after another; what is none comes in pieces of a head's size, for the codec to refuse."""

    def __init__(self) -> None:
        self.wanted = DER_HEAD_SIZE
        self._length_due = False
        self._in_body = False

    def took(self, data: bytes) -> None:
        """A head, the bytes of a long length, or the rest."""
        if self._in_body or (not self._length_due and len(data) < DER_HEAD_SIZE):
            self._begin()
        elif self._length_due:
            self._length_due = False
            self._body(int.from_bytes(data))
        elif data[1] < 0x80:
            self._body(data[1])
        elif 0 < (count := data[1] & 0x7F) <= 4:
            self._length_due, self.wanted = True, count
        else:
            self._begin()

    def _begin(self) -> None:
        self._in_body, self.wanted = False, DER_HEAD_SIZE

    def _body(self, size: int) -> None:
        self._in_body = size > 0
        self.wanted = size or DER_HEAD_SIZE


class VisaLine:
    """A VISA socket, `TCPIP::HOST::PORT::SOCKET`, by pyvisa-py.

    Its own socket is watched beside VISA, which does not notice a refused connection and spins on a hung-up one.
    """

    def __init__(
        self, resource: "MessageBasedResource", *, name: str, recorder: HostRecorder, framing: Framing
    ) -> None:
        self._resource = resource
        self._socket = _socket_of(resource)
        self._name = name
        self._recorder = recorder
        self._framing = framing
        self._open = True

    @classmethod
    def open(
        cls,
        address: Address,
        *,
        channel: str,
        timeout_s: float,
        tape: Tape | None = None,
        framing: NewFraming = LengthFirst,
    ) -> "VisaLine":
        """Connect. Raises Disconnected when nobody answers, or when there is no VISA for this resource."""
        import pyvisa
        from pyvisa.resources import MessageBasedResource

        try:
            manager = pyvisa.ResourceManager("@py")
            resource = manager.open_resource(address.target, open_timeout=max(1, round(timeout_s * 1000)))
            assert isinstance(resource, MessageBasedResource), "a socket is due"
            recorder = HostRecorder(tape=tape, channel=channel)
            line = cls(resource, name=str(address), recorder=recorder, framing=framing())
            line.demand_connected()
        except Exception as error:  # VISA back ends raise anything, bare Exception too
            raise Disconnected(
                f"VISA cannot open {address.target}: {error}.",
                cause="the machine is off, the resource is misspelt, or VISA lacks this kind of resource",
                remedy="write TCPIP::HOST::PORT::SOCKET; try the same machine by tcp:HOST:PORT",
            ) from error
        return line

    def demand_connected(self) -> None:
        """Raises OSError when nobody took the connection; it is closed then."""
        failed = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) if self._socket is not None else 0
        if failed:
            self.close()
            raise OSError(failed, os.strerror(failed))

    def read(self, timeout: float) -> bytes:
        """The next message's head or the rest of it, when it is there whole; empty after `timeout` seconds.

        Raises Disconnected.
        """
        self._demand_open()
        if self._socket is not None and not self._is_readable(self._socket, timeout):
            return b""
        try:
            self._resource.timeout = max(timeout, QUICK_S) * 1000
            data = self._resource.read_bytes(self._framing.wanted)
        except Exception as error:  # as above
            if _is_timeout(error):
                return b""
            raise self._gone(error) from error
        self._recorder.from_device(data)
        self._framing.took(data)
        return data

    def write(self, data: bytes) -> None:
        """Send all of it. Raises Disconnected."""
        self._demand_open()
        self._recorder.to_device(data)
        try:
            self._resource.write_raw(data)
        except Exception as error:  # as above
            raise self._gone(error) from error

    def close(self) -> None:
        """Hang up; may be called twice."""
        if self._open:
            self._open = False
            self._resource.close()

    def _is_readable(self, connection: socket.socket, timeout: float) -> bool:
        poll = select.poll()
        poll.register(connection, select.POLLIN)
        if not poll.poll(timeout * 1000 if timeout > 0 else 0):
            return False
        try:
            peeked = connection.recv(1, socket.MSG_PEEK)
        except OSError as error:
            raise self._gone(error.strerror) from error
        if not peeked:
            raise self._gone("the machine hung up")
        return True

    def _demand_open(self) -> None:
        if not self._open:
            raise self._gone("it is closed")

    def _gone(self, why: object) -> Disconnected:
        return Disconnected(
            f"The line {self._name} is gone: {why}.",
            cause="the machine restarted, hung up, or refused one connection more",
            remedy="connect anew; see how many connections the machine takes",
        )


def _socket_of(resource: "MessageBasedResource") -> socket.socket | None:
    sessions = getattr(resource.visalib, "sessions", {})
    found = getattr(sessions.get(resource.session), "interface", None)
    return found if isinstance(found, socket.socket) else None


def _is_timeout(error: Exception) -> bool:
    import pyvisa

    timed_out = pyvisa.constants.StatusCode.error_timeout
    return isinstance(error, TimeoutError) or getattr(error, "error_code", None) == timed_out


def open_line(
    address: Address, *, channel: str, timeout_s: float, tape: Tape | None = None, framing: NewFraming = LengthFirst
) -> ClientLine:
    """A line to a `tcp:` or `visa:` address. Raises Disconnected, ValueError for another address."""
    if address.scheme is Scheme.VISA:
        return VisaLine.open(address, channel=channel, timeout_s=timeout_s, tape=tape, framing=framing)
    return TcpClient.open(address, channel=channel, tape=tape)
