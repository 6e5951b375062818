"""The driver of a mobile-payment centre, as an institution's program speaks to it: services, and the wait for an end.

centre = MobilePayment("http://127.0.0.1:8003", codec, variant, now_ns=clock.now_ns)
order = centre.ask("6201", data)
followed = centre.follow(about, pause=lambda seconds: clock.step(seconds=seconds))
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self

from harness.devices.http import HttpClient
from harness.errors import BenchError
from harness.wire.mobile_payment import EnvelopeCodec, Standing, Variant, standing_of

QUERY = "6301"
Data = Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Followed:
    """Where an order stood when it was asked for last; `asked` times in all, `answer` is empty without any."""

    standing: Standing
    ord_stas: str
    answer: Data
    asked: int


class MobilePayment:
    """The centre at `address`; `now_ns` is the time that envelopes bear.

    Every call raises AnswerRefused for a refusal, another EnvelopeError for an answer that cannot be trusted, and
    BenchError or PeerViolation without one.
    """

    def __init__(
        self, address: str, codec: EnvelopeCodec, variant: Variant, *, now_ns: Callable[[], int], older_path: str = ""
    ) -> None:
        self._http = HttpClient(address, party="the mobile-payment centre")
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
        self._http.close()

    def ask(self, service: str, data: Data) -> Data:
        """The data of a service's answer."""
        envelope = self._codec.seal(data, now_ns=self._now_ns(), service=service)
        path = self._variant.paths.get(service, self._older_path)
        return self._codec.open_reply(self._http.post_json(path, envelope), now_ns=self._now_ns()).data

    def follow(self, about: Data, *, pause: Callable[[int], object], every_s: int = 5, most: int = 60) -> Followed:
        """Ask for an order (6301) until its state is an end, or nobody's, at most so often.

        `pause(every_s)` is called in between. Without an answer, and while it is under way, it is asked again: neither
        is a payment, and neither a failure. Whoever gets UNDER_WAY here asks another day.
        """
        standing, ord_stas, answer = Standing.UNDER_WAY, "", {}
        for asked in range(1, most + 1):
            try:
                answer = dict(self.ask(QUERY, about))
            except BenchError:
                pass
            else:
                ord_stas = str(answer.get("ordStas", ""))
                standing = standing_of(answer.get("ordStas"))
            if standing is not Standing.UNDER_WAY or asked == most:
                break
            pause(every_s)
        return Followed(standing=standing, ord_stas=ord_stas, answer=answer, asked=asked)
