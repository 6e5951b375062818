"""The driver of a mobile-payment centre, as an institution's program speaks to it: services, and the wait for an end.

centre = MobilePayment("http://127.0.0.1:8003", codec, variant, now_ns=clock.now_ns)
order = centre.ask("6201", data)
followed = centre.follow(about, pause=lambda seconds: clock.step(seconds=seconds))
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from harness.devices.http import HttpClient
from harness.errors import BenchError, PeerViolation
from harness.wire.mobile_payment import EnvelopeCodec, Standing, Variant, standing_of
from harness.wire.mobile_payment.refusals import AnswerRefused

QUERY = "6301"
Data = Mapping[str, object]


class Posts(Protocol):
    """Whatever carries a JSON object there and another one back: a plain client, or one that is recorded."""

    def post_json(self, path: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """The answer's object. Raises BenchError without one, PeerViolation for nonsense."""
        ...

    def close(self) -> None:
        """Hang up."""
        ...


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What the centre said: done (code 0) with its data, or why not."""

    code: int
    message: str = ""
    data: Data = field(default_factory=dict)

    @property
    def accepted(self) -> bool:
        """Whether it was done."""
        return self.code == 0


@dataclass(frozen=True, kw_only=True)
class Followed:
    """Where an order stood when it was asked for last; `asked` times in all, `answer` is empty without any."""

    standing: Standing
    ord_stas: str
    answer: Data
    asked: int


class MobilePayment:
    """The centre at `address`; `now_ns` is the time that envelopes bear.

    Every call raises an EnvelopeError for an answer that cannot be trusted, and BenchError or PeerViolation without
    one. `posts` carries the messages instead of a client of its own.
    """

    def __init__(
        self,
        address: str,
        codec: EnvelopeCodec,
        variant: Variant,
        *,
        now_ns: Callable[[], int],
        older_path: str = "",
        posts: Posts | None = None,
    ) -> None:
        self._posts = posts or HttpClient(address, party="the mobile-payment centre")
        self._codec = codec
        self._variant = variant
        self._now_ns = now_ns
        self._older_path = older_path

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._posts.close()

    def ask(self, service: str, data: Data) -> Data:
        """The data of a service's answer. Raises AnswerRefused for a refusal."""
        return self._codec.open_reply(self._said(service, data), now_ns=self._now_ns()).data

    def answer(self, service: str, data: Data) -> Answered:
        """A service's answer; a refusal is one, too."""
        return self.read(self._said(service, data))

    def path_of(self, service: str) -> str:
        """Where a service is asked for."""
        return self._variant.paths.get(service, self._older_path)

    def sealed(self, service: str, data: Data) -> dict[str, object]:
        """The envelope of a request, as of now."""
        return self._codec.seal(data, now_ns=self._now_ns(), service=service)

    def read(self, envelope: Mapping[str, Any]) -> Answered:
        """What an answer's envelope says."""
        try:
            opened = self._codec.open_reply(envelope, now_ns=self._now_ns())
        except AnswerRefused:
            return Answered(code=int(str(envelope["code"])), message=str(envelope.get("message") or ""))
        return Answered(code=0, message=str(envelope.get("message") or ""), data=opened.data)

    def follow(self, about: Data, *, pause: Callable[[int], object], every_s: int = 5, most: int = 60) -> Followed:
        """Ask for an order (6301) until its state is an end, or nobody's, at most so often.

        `pause(every_s)` is called in between. Without an answer, with one that nobody can read or trust, and while it
        is under way, it is asked again: none of these is a payment, and none a failure. Whoever gets UNDER_WAY here
        asks another day. A refusal is raised.
        """
        standing, ord_stas, answer = Standing.UNDER_WAY, "", {}
        for asked in range(1, most + 1):
            try:
                answer = dict(self.ask(QUERY, about))
            except AnswerRefused:
                raise
            except (BenchError, PeerViolation):
                pass
            else:
                ord_stas = str(answer.get("ordStas", ""))
                standing = standing_of(answer.get("ordStas"))
            if standing is not Standing.UNDER_WAY or asked == most:
                break
            pause(every_s)
        return Followed(standing=standing, ord_stas=ord_stas, answer=answer, asked=asked)

    def _said(self, service: str, data: Data) -> dict[str, Any]:
        return self._posts.post_json(self.path_of(service), self.sealed(service, data))


def is_doubt(error: Exception) -> bool:
    """Whether nobody can know from this what the centre did: no answer, or none that can be read or trusted."""
    return isinstance(error, BenchError | PeerViolation) and not isinstance(error, AnswerRefused)
