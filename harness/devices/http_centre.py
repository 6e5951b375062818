"""What the drivers of centres that are asked over HTTP have in common: how they connect, wait, hang up and complain.

A driver says in its class what it drives (`party`), and what it raises for silence and for nonsense. Requests go over
one kept connection; what runs at once, or may be long in coming, has a connection of its own (`UnderWay`).
"""

from collections.abc import Callable
from functools import partial
from typing import ClassVar, Generic, Self, TypeVar

from harness.devices.http_line import HttpAnswer, HttpLine, NoHttp, Silent
from harness.errors import BenchError, ConfigError, PeerViolation
from harness.line.address import Address, Scheme
from harness.line.tape import Tape
from harness.line.tls import NOTHING_SAID, ClientTls

T = TypeVar("T")
OK = 200


class NoAnswer(BenchError):
    """No whole answer in time. What the centre did is unknown; the connection is closed."""

    party: ClassVar[str]
    """Of whom, with its article: "The voucher centre"."""
    likely: ClassVar[str]
    """The cause, most of the time."""
    table: ClassVar[str]
    """The table of the bench file that gives more time."""

    def __init__(self, call: str, waited_s: float) -> None:
        self.call = call
        self.waited_s = waited_s
        super().__init__(
            f"{self.party} did not answer {call} within {waited_s:g} s.",
            cause=self.likely,
            remedy=f"see its log; give it more time with timeout_s in [{self.table}]",
        )

    def __reduce__(self) -> tuple[partial[Self], tuple[()]]:
        return partial(type(self), self.call, self.waited_s), ()


class HttpCentre:
    """A centre at an `http:` or `https:` address; not to be shared by threads.

    `timeout_s` is how long a call may take. `channel` is how the channels of the tape begin, `client` giving
    `client.http#1`, one a connection. `seen` is told of the channel on which an exchange was recorded, after each.
    """

    party: ClassVar[str]
    """What is driven, in words: "voucher centre"."""
    silent: ClassVar[type[NoAnswer]]
    nonsense: ClassVar[type[PeerViolation]]

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
                f"{address} is no address of a {self.party}.",
                cause="a slip of the pen, or the address of another kind of line",
                remedy="write it as http://HOST:PORT or https://HOST:PORT",
            )
        self._address = address
        self._timeout_s = timeout_s
        self._tape = tape
        self._tls = tls
        self._channel = channel
        self._seen = seen
        self._numbers = 0
        self._line: HttpLine | None = None
        self._others: list[HttpLine] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up, also on what is still under way; the next call connects anew."""
        for line in self._others:
            line.close()
        self._others.clear()
        if self._line is not None:
            self._line.close()
            self._line = None

    def _exchange(
        self,
        call: str,
        raw: bytes,
        *,
        target: str,
        content_type: str,
        read: Callable[[str, HttpAnswer], T],
        method: str = "POST",
    ) -> T:
        """What `read` makes of the answer; whatever is raised hangs up."""
        line = self._line if self._line is not None and self._line.reusable else None
        if line is None:
            if self._line is not None:
                self._line.close()
            line = self._line = self._open()
        try:
            line.send(method, target, content_type, raw)
            return read(call, self._received(line, call))
        except BaseException:
            line.close()
            self._line = None
            raise
        finally:
            self._seen(line.channel)

    def _begun(
        self, call: str, raw: bytes, *, target: str, content_type: str, read: Callable[[str, HttpAnswer], T]
    ) -> "UnderWay[T]":
        """A request on a connection of its own, sent, with what `read` will make of its answer. Raises Disconnected."""
        line = self._open()
        line.send("POST", target, content_type, raw)
        self._others.append(line)
        return UnderWay(line, lambda: read(call, self._received(line, call)), seen=self._seen)

    def _open(self) -> HttpLine:
        self._numbers += 1
        return HttpLine(self._address, tape=self._tape, channel=f"{self._channel}.http#{self._numbers}", tls=self._tls)

    def _received(self, line: HttpLine, call: str) -> HttpAnswer:
        try:
            return line.receive(timeout_s=self._timeout_s)
        except Silent:
            raise self.silent(call, self._timeout_s) from None
        except NoHttp as error:
            raise self.no_answer(call, str(error)) from error

    @classmethod
    def no_answer(cls, call: str, what: str) -> PeerViolation:
        """What came is no answer of such a centre."""
        return cls.nonsense(
            f"The {cls.party} answered {call} with {what}.",
            cause=f"what listens there is no {cls.party}, or a gateway before it has failed",
            remedy="check the address in the bench file, then the centre's log",
        )


class UnderWay(Generic[T]):
    """A request on a connection of its own, whose answer is still to come."""

    def __init__(self, line: HttpLine, receive: Callable[[], T], *, seen: Callable[[str], None]) -> None:
        self._line = line
        self._receive = receive
        self._seen = seen
        self.channel = line.channel

    def answer(self) -> T:
        """What its answer says. Raises what the driver raises."""
        try:
            return self._receive()
        finally:
            self._line.close()
            self._seen(self.channel)

    def hang_up(self) -> None:
        """Wait no longer; may be called twice."""
        self._line.close()
