"""The host's end of a serial line behind RFC 2217: a virtual box, a terminal server, or a box that is shared.

The same as pyserial's `rfc2217://` on the wire, but read in chunks from the socket, without a thread and without
waiting in steps of 50 ms. Modem lines are kept as the server tells them.
"""

import select
import socket
import time
from typing import Self

from harness.line.address import Address, Scheme
from harness.line.client import Disconnected, HostRecorder
from harness.line.rfc2217 import (
    PARITIES,
    SERVER,
    STOP_SIZES,
    ComPort,
    ComPortCommand,
    Control,
    Data,
    Modem,
    Negotiation,
    Option,
    Verb,
    Words,
    com_port,
    encode_data,
    negotiation,
)
from harness.line.serial_format import SerialFormat
from harness.line.tape import Tape

CHUNK = 4096
CONNECT_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 3.0
WRITE_TIMEOUT_S = 2.0
_WANTED = {
    Verb.WILL: frozenset({Option.BINARY, Option.SUPPRESS_GO_AHEAD, Option.COM_PORT}),
    Verb.DO: frozenset({Option.BINARY, Option.ECHO, Option.SUPPRESS_GO_AHEAD, Option.COM_PORT}),
}
"""What this end does when asked, and what it lets the server do."""


class Rfc2217Client:
    """A connected port. One thread at a time."""

    def __init__(self, connection: socket.socket, *, name: str, recorder: HostRecorder) -> None:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection = connection
        self._name = name
        self._recorder = recorder
        self._words = Words()
        self._data = bytearray()
        self._told: dict[int, bytes] = {}
        self._agreed: set[tuple[Verb, int]] = set()
        self._modem = Modem(0)
        self._readable = select.poll()
        self._readable.register(connection, select.POLLIN)
        self._writable = select.poll()
        self._writable.register(connection, select.POLLOUT)

    @classmethod
    def open(
        cls, address: Address, *, channel: str, tape: Tape | None = None, wire: SerialFormat | None = None
    ) -> Self:
        """Connect to an `rfc2217:` address and set the port, with DTR and RTS on; what waits there is flushed.

        Raises Disconnected when nobody answers or what answers is no such port, ValueError for another address.
        """
        if address.scheme is not Scheme.RFC2217:
            raise ValueError(f"{address} is no port behind RFC 2217")
        try:
            connection = socket.create_connection((address.host, address.port), timeout=CONNECT_TIMEOUT_S)
        except OSError as error:
            raise Disconnected(
                f"Nobody answers at {address}: {error.strerror or error}.",
                cause="the terminal server is off, the address is wrong, or a firewall is between",
                remedy="check the server's own network settings and try to ping it",
            ) from error
        client = cls(connection, name=str(address), recorder=HostRecorder(tape=tape, channel=channel))
        try:
            client._negotiate(wire or SerialFormat())
        except BaseException:
            client.close()
            raise
        return client

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def modem(self) -> Modem:
        """CTS, DSR, RI and CD as the server has told them last; `read` takes in news."""
        return self._modem & Modem(0xF0)

    def read(self, timeout: float) -> bytes:
        """What has come, as soon as something has; empty after `timeout` seconds of silence. Raises Disconnected."""
        deadline = time.monotonic() + timeout
        while not self._data:
            self._receive(max(0.0, deadline - time.monotonic()))
            if time.monotonic() >= deadline:
                break
        data = bytes(self._data)
        self._data.clear()
        if data:
            self._recorder.from_device(data)
        return data

    def write(self, data: bytes) -> None:
        """Send all of it. Raises Disconnected, also when the server takes no bytes for two seconds."""
        self._recorder.to_device(data)
        self._send(encode_data(data))

    def configure(self, wire: SerialFormat) -> None:
        """Set speed and frame. Raises Disconnected when the port answers other values, or nothing."""
        wanted = {
            ComPort.SET_BAUDRATE: wire.baud.to_bytes(4, "big"),
            ComPort.SET_DATASIZE: bytes([wire.data_bits]),
            ComPort.SET_PARITY: bytes([PARITIES[wire.parity]]),
            ComPort.SET_STOPSIZE: bytes([STOP_SIZES[wire.stop_bits]]),
        }
        self._told.clear()
        self._send(b"".join(com_port(command, value) for command, value in wanted.items()))
        self._await_told(frozenset(SERVER + command for command in wanted))
        if any(self._told[SERVER + command] != value for command, value in wanted.items()):
            raise Disconnected(
                f"The port {self._name} refuses {wire}.",
                cause="the real port behind the server cannot work so",
                remedy="set another speed or frame",
            )

    def set_output(self, *, dtr: bool | None = None, rts: bool | None = None) -> None:
        """Drive DTR or RTS. Raises Disconnected."""
        words = b""
        if dtr is not None:
            words += com_port(ComPort.SET_CONTROL, bytes([Control.DTR_ON if dtr else Control.DTR_OFF]))
        if rts is not None:
            words += com_port(ComPort.SET_CONTROL, bytes([Control.RTS_ON if rts else Control.RTS_OFF]))
        self._send(words)

    def close(self) -> None:
        """Hang up; may be called twice."""
        self._connection.close()

    def _negotiate(self, wire: SerialFormat) -> None:
        asked = [(Verb.WILL, option) for option in (Option.BINARY, Option.SUPPRESS_GO_AHEAD, Option.COM_PORT)]
        asked += [(Verb.DO, option) for option in (Option.BINARY, Option.SUPPRESS_GO_AHEAD)]
        self._agreed |= set(asked)
        self._send(b"".join(negotiation(verb, option) for verb, option in asked))
        self.configure(wire)
        self.set_output(dtr=True, rts=True)
        self._send(
            com_port(ComPort.SET_CONTROL, bytes([Control.NO_FLOW]))
            + com_port(ComPort.PURGE_DATA, b"\x03")
            + com_port(ComPort.NOTIFY_MODEMSTATE)
        )
        self._await_told(frozenset({SERVER + ComPort.PURGE_DATA}))
        self._data.clear()

    def _await_told(self, numbers: frozenset[int]) -> None:
        deadline = time.monotonic() + ANSWER_TIMEOUT_S
        while not numbers <= self._told.keys():
            left = deadline - time.monotonic()
            if left <= 0:
                raise Disconnected(
                    f"What answers at {self._name} does not speak RFC 2217.",
                    cause="it is a plain TCP line, or the terminal server has RFC 2217 switched off",
                    remedy="write tcp: instead of rfc2217:, or switch it on at the server",
                )
            self._receive(left)

    def _receive(self, timeout: float) -> None:
        """Take in what has come, or wait for it."""
        try:
            if self._connection.fileno() < 0:
                raise self._gone("it is closed")
            if not self._readable.poll(timeout * 1000):
                return
            raw = self._connection.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            raise self._gone(error.strerror or str(error)) from error
        if not raw:
            raise self._gone("the server hung up")
        for word in self._words.feed(raw):
            match word:
                case Data(data=data):
                    self._data += data
                case Negotiation(verb=verb, option=option):
                    self._answer(verb, option)
                case ComPortCommand(number=number, value=value):
                    self._told[number] = value
                    if number == SERVER + ComPort.NOTIFY_MODEMSTATE and value:
                        self._modem = Modem(value[0])

    def _answer(self, verb: Verb, option: int) -> None:
        """Agree to what is wanted and refuse the rest, once each."""
        match verb:
            case Verb.WONT | Verb.DONT:
                return
            case Verb.DO:
                yes, no = Verb.WILL, Verb.WONT
            case _:
                yes, no = Verb.DO, Verb.DONT
        say = yes if option in _WANTED[yes] else no
        if (say, option) not in self._agreed:
            self._agreed.add((say, option))
            self._send(negotiation(say, option))

    def _send(self, data: bytes) -> None:
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

    def _gone(self, why: str) -> Disconnected:
        return Disconnected(
            f"The line {self._name} is gone: {why}.",
            cause="the box was unplugged at the server, the server restarted, or another host took the line",
            remedy="connect anew; see that only one host uses the box",
        )
