"""The driver of a voucher centre, as channels and terminal libraries are its clients.

    with VoucherCentre(parse_address("http://127.0.0.1:8001")) as centre:
        reply = centre.ask(voucher_calls.decode(desk, "4240…"))

A call that is refused is an answer like any other. A centre that does not answer in time is `CentreSilent`, one that
answers what is no answer is `CentreSpeaksNonsense`. With a tape every request and every reply is recorded, one frame
each, with their heads.
"""

import time
from functools import partial
from typing import Self
from urllib.parse import urlencode, urlsplit

import h11

from harness.errors import BenchError, ConfigError, PeerViolation
from harness.line.address import Address, Scheme
from harness.line.client import HostRecorder
from harness.line.tape import Tape
from harness.line.tcp import TcpClient
from harness.wire.voucher_calls import SMS, CentreCall, decode_answer, encode_call
from harness.wire.voucher_messages import CentreReply

USER_AGENT = "liantiao-bench"
OK = 200
LONGEST = 1_000_000
"""Bytes of an answer."""


class CentreSilent(BenchError):
    """No whole answer in time. What the centre did is unknown; the connection is closed."""

    def __init__(self, call: str, waited_s: float) -> None:
        self.call = call
        self.waited_s = waited_s
        super().__init__(
            f"The voucher centre did not answer {call} within {waited_s:g} s.",
            cause="it hangs or is overloaded, or the call waits for a patient at the terminal",
            remedy="see its log; give it more time with timeout_s in [centre]",
        )

    def __reduce__(self) -> tuple[partial[Self], tuple[()]]:
        return partial(type(self), self.call, self.waited_s), ()


class CentreSpeaksNonsense(PeerViolation):
    """What came is no answer of a voucher centre."""


class VoucherCentre:
    """A centre at an `http:` address; not to be shared by threads.

    `timeout_s` is how long a call may take. `channel` is how the channels of the tape begin, `client` giving
    `client.http#1`, one a connection.
    """

    def __init__(
        self, address: Address, *, timeout_s: float = 5.0, tape: Tape | None = None, channel: str = "client"
    ) -> None:
        if address.scheme is not Scheme.HTTP:
            raise ConfigError(
                f"{address} is no address of a voucher centre.",
                cause="a slip of the pen, or the address of another kind of line",
                remedy="write it as http://HOST:PORT",
            )
        self._address = address
        self._timeout_s = timeout_s
        self._tape = tape
        self._channel = channel
        self._numbers = 0
        self._line: _Line | None = None
        self._held: list[Held] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up, also on calls that still wait; the next call connects anew."""
        for held in self._held:
            held.hang_up()
        self._held.clear()
        if self._line is not None:
            self._line.close()
            self._line = None

    def ask(self, call: CentreCall, *, charset: str = "utf-8", data_as: str = "object") -> CentreReply:
        """The answer to a call. Raises CentreSilent, CentreSpeaksNonsense or Disconnected."""
        if call.name == SMS:
            return self._exchange(call.name, "GET", f"{call.path}?{urlencode(dict(call.body))}", "", b"")
        content_type, raw = encode_call(call, charset=charset, data_as=data_as)
        return self._exchange(call.name, "POST", call.path, content_type, raw)

    def say(self, path: str, raw: bytes, *, content_type: str = "application/json;charset=UTF-8") -> CentreReply:
        """The answer to a body by hand. Raises what `ask` raises."""
        return self._exchange(f"POST {path}", "POST", path, content_type, raw)

    def begin(self, call: CentreCall) -> "Held":
        """Make a call on a connection of its own, whose answer may be long in coming. Raises Disconnected."""
        content_type, raw = encode_call(call)
        line = self._open()
        line.send("POST", call.path, content_type, raw)
        held = Held(line, call.name, timeout_s=self._timeout_s)
        self._held.append(held)
        return held

    def _exchange(self, name: str, method: str, target: str, content_type: str, raw: bytes) -> CentreReply:
        line = self._line if self._line is not None and self._line.reusable else None
        if line is None:
            if self._line is not None:
                self._line.close()
            line = self._line = self._open()
        try:
            line.send(method, target, content_type, raw)
            return line.receive(name, timeout_s=self._timeout_s)
        except BaseException:
            line.close()
            self._line = None
            raise

    def _open(self) -> "_Line":
        self._numbers += 1
        return _Line(self._address, tape=self._tape, channel=f"{self._channel}.http#{self._numbers}")


class Held:
    """A call under way on a connection of its own."""

    def __init__(self, line: "_Line", name: str, *, timeout_s: float) -> None:
        self._line = line
        self._name = name
        self._timeout_s = timeout_s

    def reply(self) -> CentreReply:
        """Its answer. Raises CentreSilent, CentreSpeaksNonsense or Disconnected."""
        try:
            return self._line.receive(self._name, timeout_s=self._timeout_s)
        finally:
            self._line.close()

    def hang_up(self) -> None:
        """Wait no longer; may be called twice."""
        self._line.close()


class _Line:
    """One connection: a request, its answer, the next one."""

    def __init__(self, address: Address, *, tape: Tape | None, channel: str) -> None:
        parts = urlsplit(str(address))
        self._host, self._base = parts.netloc, parts.path.rstrip("/")
        self._recorder = HostRecorder(tape=tape, channel=channel)
        tcp = Address(scheme=Scheme.TCP, target=self._host, host=address.host, port=address.port)
        self._tcp = TcpClient.open(tcp, channel=channel)
        self._http = h11.Connection(h11.CLIENT)

    @property
    def reusable(self) -> bool:
        """Whether another request may follow."""
        return self._http.our_state is h11.IDLE or (
            self._http.our_state is h11.DONE and self._http.their_state is h11.DONE
        )

    def close(self) -> None:
        self._tcp.close()

    def send(self, method: str, target: str, content_type: str, raw: bytes) -> None:
        if self._http.our_state is h11.DONE:
            self._http.start_next_cycle()
        headers = {"host": self._host, "user-agent": USER_AGENT, "accept-encoding": "identity"}
        if method == "POST":
            headers |= {"content-type": content_type, "content-length": str(len(raw))}
        head = h11.Request(method=method, target=self._base + target, headers=list(headers.items()))
        parts = (self._http.send(event) for event in (head, h11.Data(data=raw), h11.EndOfMessage()))
        data = b"".join(part for part in parts if part)
        self._recorder.to_device(data)
        self._tcp.write(data)

    def receive(self, name: str, *, timeout_s: float) -> CentreReply:
        came, body = bytearray(), bytearray()
        response: h11.Response | None = None
        until = time.monotonic() + timeout_s
        try:
            while True:
                match self._http.next_event():
                    case h11.Response() as response:
                        pass
                    case h11.Data(data=piece):
                        body += piece
                        if len(body) > LONGEST:
                            raise _nonsense(name, f"more than {LONGEST} bytes")
                    case h11.EndOfMessage():
                        break
                    case h11.NEED_DATA:
                        data = self._tcp.read(max(0.0, until - time.monotonic()))
                        if not data:
                            raise CentreSilent(name, timeout_s)
                        came += data
                        self._http.receive_data(data)
                    case _:
                        pass
        except h11.RemoteProtocolError as error:
            raise _nonsense(name, f"what is no HTTP: {error}") from error
        finally:
            if came:
                self._recorder.from_device(bytes(came))
        assert response is not None
        if response.status_code != OK:
            raise _nonsense(name, f"HTTP {response.status_code}")
        content_type = dict(response.headers).get(b"content-type", b"").decode("latin-1")
        try:
            return decode_answer(content_type, bytes(body))
        except ValueError as error:
            raise _nonsense(name, f"what is no answer: {error}") from error


def _nonsense(call: str, what: str) -> CentreSpeaksNonsense:
    return CentreSpeaksNonsense(
        f"The voucher centre answered {call} with {what}.",
        cause="what listens there is no voucher centre, or a gateway before it has failed",
        remedy="check the address in the bench file, then the centre's log",
    )
