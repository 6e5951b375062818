"""The bench's connections to a mobile-payment centre: bytes out, bytes in, all of it on the tape.

    with MobileLine(parse_address("http://127.0.0.1:8003"), tape=tape) as line:
        line.post_json("/org/local/api/hos/uldFeeInfo", envelope)

What the bytes mean, and how they are sealed, is the driver's business (`mobile_payment`).
"""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Self

from harness.devices.http_line import HttpAnswer, HttpLine, NoHttp, Silent
from harness.errors import BenchError, ConfigError, PeerViolation
from harness.line.address import Address, Scheme
from harness.line.tape import Tape
from harness.line.tls import NOTHING_SAID, ClientTls

OK = 200
JSON_TYPE = "application/json;charset=UTF-8"


class PaymentSilent(BenchError):
    """No whole answer in time. What the centre did is unknown; the connection is closed."""

    def __init__(self, path: str, waited_s: float) -> None:
        self.path = path
        self.waited_s = waited_s
        super().__init__(
            f"The mobile-payment centre did not answer POST {path} within {waited_s:g} s.",
            cause="it hangs, is overloaded, or its answer was lost on the way",
            remedy="see its log; give it more time with timeout_s in [mobile]",
        )

    def __reduce__(self) -> tuple[partial[Self], tuple[()]]:
        return partial(type(self), self.path, self.waited_s), ()


class PaymentSpeaksNonsense(PeerViolation):
    """What came is no answer of a mobile-payment centre."""


class MobileLine:
    """A centre at an HTTP address, one kept connection and others for what runs at once; not for several threads.

    `seen` is told of the channel on which an exchange was recorded, after each.

    Methods raise PaymentSilent, PaymentSpeaksNonsense, or Disconnected when the connection is refused or reset.
    """

    def __init__(
        self,
        address: Address,
        *,
        timeout_s: float = 5.0,
        tape: Tape | None = None,
        channel: str = "client",
        tls: ClientTls = NOTHING_SAID,
        seen: Callable[[str], None] = lambda _channel: None,
    ) -> None:
        if address.scheme not in {Scheme.HTTP, Scheme.HTTPS}:
            raise ConfigError(
                f"{address} is no address of a mobile-payment centre.",
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
        self._begun: list[PostUnderWay] = []
        self._seen = seen

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up; the next request connects anew."""
        for begun in self._begun:
            begun.hang_up()
        self._begun.clear()
        if self._line is not None:
            self._line.close()
            self._line = None

    def post(self, path: str, raw: bytes) -> HttpAnswer:
        """The answer to bytes, whatever its status."""
        line = self._line if self._line is not None and self._line.reusable else None
        if line is None:
            if self._line is not None:
                self._line.close()
            line = self._line = self._open()
        try:
            line.send("POST", path, JSON_TYPE, raw)
            return _received(line, path, self._timeout_s)
        except BaseException:
            line.close()
            self._line = None
            raise
        finally:
            self._seen(line.channel)

    def post_json(self, path: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON object that answers one."""
        return as_object(path, self.post(path, json.dumps(content, ensure_ascii=False).encode()))

    def begin(self, path: str, raw: bytes) -> "PostUnderWay":
        """Send bytes on a connection of their own; others may be sent before the answer is read."""
        line = self._open()
        line.send("POST", path, JSON_TYPE, raw)
        begun = PostUnderWay(line, path, timeout_s=self._timeout_s, seen=self._seen)
        self._begun.append(begun)
        return begun

    def _open(self) -> HttpLine:
        self._numbers += 1
        return HttpLine(self._address, tape=self._tape, channel=f"{self._channel}.http#{self._numbers}", tls=self._tls)


class PostUnderWay:
    """A request on a connection of its own, whose answer is still to come."""

    def __init__(self, line: HttpLine, path: str, *, timeout_s: float, seen: Callable[[str], None]) -> None:
        self._line = line
        self._path = path
        self._timeout_s = timeout_s
        self._seen = seen
        self.channel = line.channel

    def answer(self) -> dict[str, Any]:
        """The JSON object that answers it."""
        try:
            return as_object(self._path, _received(self._line, self._path, self._timeout_s))
        finally:
            self._line.close()
            self._seen(self.channel)

    def hang_up(self) -> None:
        """Wait no longer; may be called twice."""
        self._line.close()


def as_object(path: str, answer: HttpAnswer) -> dict[str, Any]:
    """The JSON object of an answer. Raises PaymentSpeaksNonsense."""
    if answer.status != OK:
        raise _nonsense(path, f"HTTP {answer.status}")
    try:
        content = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise _nonsense(path, f"what is no JSON ({len(answer.body)} bytes)") from error
    if not isinstance(content, dict):
        raise _nonsense(path, "JSON that is no object")
    return content


def _received(line: HttpLine, path: str, timeout_s: float) -> HttpAnswer:
    try:
        return line.receive(timeout_s=timeout_s)
    except Silent:
        raise PaymentSilent(path, timeout_s) from None
    except NoHttp as error:
        raise _nonsense(path, str(error)) from error


def _nonsense(path: str, what: str) -> PaymentSpeaksNonsense:
    return PaymentSpeaksNonsense(
        f"The mobile-payment centre answered POST {path} with {what}.",
        cause="what listens there is no mobile-payment centre, or a gateway before it has failed",
        remedy="check the address in the bench file, then the centre's log",
    )
