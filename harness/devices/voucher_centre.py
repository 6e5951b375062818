"""The driver of a voucher centre, as channels and terminal libraries are its clients.

    with VoucherCentre(parse_address("http://127.0.0.1:8001")) as centre:
        reply = centre.ask(voucher_calls.decode(desk, "4240…"))

A call that is refused is an answer like any other. A centre that does not answer in time is `CentreSilent`, one that
answers what is no answer is `CentreSpeaksNonsense`. With a tape every request and every reply is recorded, one frame
each, with their heads.
"""

from functools import partial
from typing import Self
from urllib.parse import urlencode

from harness.devices.http_line import HttpLine, NoHttp, Silent
from harness.errors import BenchError, ConfigError, PeerViolation
from harness.line.address import Address, Scheme
from harness.line.tape import Tape
from harness.line.tls import NOTHING_SAID, ClientTls
from harness.wire.voucher_calls import SMS, CentreCall, decode_answer, encode_call
from harness.wire.voucher_messages import CentreReply

OK = 200


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
    """A centre at an `http:` or `https:` address; not to be shared by threads.

    `timeout_s` is how long a call may take. `channel` is how the channels of the tape begin, `client` giving
    `client.http#1`, one a connection.
    """

    def __init__(
        self,
        address: Address,
        *,
        timeout_s: float = 5.0,
        tape: Tape | None = None,
        channel: str = "client",
        tls: ClientTls = NOTHING_SAID,
    ) -> None:
        if address.scheme not in {Scheme.HTTP, Scheme.HTTPS}:
            raise ConfigError(
                f"{address} is no address of a voucher centre.",
                cause="a slip of the pen, or the address of another kind of line",
                remedy="write it as http://HOST:PORT or https://HOST:PORT",
            )
        self._address = address
        self._timeout_s = timeout_s
        self._tape = tape
        self._tls = tls
        self._channel = channel
        self._numbers = 0
        self._line: HttpLine | None = None
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
            return _answer(line, name, timeout_s=self._timeout_s)
        except BaseException:
            line.close()
            self._line = None
            raise

    def _open(self) -> HttpLine:
        self._numbers += 1
        return HttpLine(self._address, tape=self._tape, channel=f"{self._channel}.http#{self._numbers}", tls=self._tls)


class Held:
    """A call under way on a connection of its own."""

    def __init__(self, line: HttpLine, name: str, *, timeout_s: float) -> None:
        self._line = line
        self._name = name
        self._timeout_s = timeout_s

    def reply(self) -> CentreReply:
        """Its answer. Raises CentreSilent, CentreSpeaksNonsense or Disconnected."""
        try:
            return _answer(self._line, self._name, timeout_s=self._timeout_s)
        finally:
            self._line.close()

    def hang_up(self) -> None:
        """Wait no longer; may be called twice."""
        self._line.close()


def _answer(line: HttpLine, name: str, *, timeout_s: float) -> CentreReply:
    """The answer to the call before. Raises CentreSilent, CentreSpeaksNonsense or Disconnected."""
    try:
        answer = line.receive(timeout_s=timeout_s)
    except Silent:
        raise CentreSilent(name, timeout_s) from None
    except NoHttp as error:
        raise _nonsense(name, str(error)) from error
    if answer.status != OK:
        raise _nonsense(name, f"HTTP {answer.status}")
    try:
        return decode_answer(answer.content_type, answer.body)
    except ValueError as error:
        raise _nonsense(name, f"what is no answer: {error}") from error


def _nonsense(call: str, what: str) -> CentreSpeaksNonsense:
    return CentreSpeaksNonsense(
        f"The voucher centre answered {call} with {what}.",
        cause="what listens there is no voucher centre, or a gateway before it has failed",
        remedy="check the address in the bench file, then the centre's log",
    )
