"""What a client asked over HTTP and what it can know of the answer, put together from frames."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.judge.messages import Message, parse_message
from harness.line.record import Direction, Kind, Record

ADAPTER = "counter"
"""The name of the system under test as a client: whoever is not the bench or one of its devices by its User-Agent."""
BENCH, AGENT = "bench", "liantiao-"
"""The bench's own drivers as a client, and how a User-Agent of ours begins: `liantiao-platform`."""
PERHAPS_DONE = frozenset({408, 499})
"""The 4xx that do not say that nothing was done: request time-out, client closed request."""


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """A request and the reply that its connection carried next, if any left the party."""

    party: str
    client: str
    request: Message
    reply: Message | None

    @property
    def path(self) -> str:
        """The path of the request."""
        parts = self.request.start.split(" ")
        return parts[1] if len(parts) > 1 else ""

    @property
    def status(self) -> int:
        """The HTTP status of the reply; 0 without one."""
        parts = self.reply.start.split(" ") if self.reply else []
        return int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0

    @property
    def infno(self) -> str:
        """The transaction of the institution interface; empty when it is none."""
        return str(self.request.json.get("infno") or "")

    @property
    def msgid(self) -> str:
        """The message id of a transaction of the institution interface; empty when there is none."""
        return str(self.request.json.get("msgid") or "")

    @property
    def reply_json(self) -> dict[str, Any]:
        """The reply's JSON object; empty without one."""
        return self.reply.json if self.reply else {}

    @property
    def understood(self) -> bool:
        """Whether the client got a proper answer: HTTP 200 with a JSON object that carries an infcode or code."""
        return self.status == 200 and bool({"infcode", "code"} & self.reply_json.keys())

    @property
    def accepted(self) -> bool:
        """Whether that answer says success."""
        return self.understood and _says_success(self.reply_json)

    @property
    def readable_reply(self) -> dict[str, Any]:
        """The reply as a forgiving client reads it (see `Message.readable`); empty without one."""
        return self.reply.readable if self.reply else {}

    @property
    def legible(self) -> bool:
        """Whether a forgiving client can make out what was answered: `understood`, or damaged yet readable."""
        return self.status == 200 and bool({"infcode", "code"} & self.readable_reply.keys())

    @property
    def granted(self) -> bool:
        """Whether that legible answer says success."""
        return self.legible and _says_success(self.readable_reply)

    @property
    def unknown(self) -> bool:
        """Whether no client can know what came of the request: no answer, 5xx, or nothing that can be read."""
        refused_by_http = 400 <= self.status < 500 and self.status not in PERHAPS_DONE
        return not self.legible and not refused_by_http


def read_exchanges(records: Iterable[Record], ours: frozenset[str]) -> Iterator[Exchange]:
    """The HTTP exchanges in these records, as they end; `ours` are the names of the bench's own parties.

    Answers come in the order of their requests, also where a client sends the next one before it has read the answer.
    """
    waiting: dict[str, deque[Message]] = defaultdict(deque)
    for record in records:
        device, _, line = record.channel.partition(".")
        if record.kind is not Kind.FRAME or not line.startswith("http"):
            continue
        message = parse_message(record)
        if record.direction is Direction.RECEIVED:
            waiting[record.channel].append(message)
        elif waiting[record.channel]:
            yield _exchange(device, waiting[record.channel].popleft(), message, ours)
    for channel, requests in waiting.items():
        for request in requests:
            yield _exchange(channel.partition(".")[0], request, None, ours)


def _exchange(party: str, request: Message, reply: Message | None, ours: frozenset[str]) -> Exchange:
    agent = request.headers.get("user-agent", "")
    name = agent.removeprefix(AGENT) if agent.startswith(AGENT) else ADAPTER
    client = name if name in ours else ADAPTER
    return Exchange(party=party, client=client, request=request, reply=reply)


def _says_success(answer: Mapping[str, Any]) -> bool:
    return str(answer.get("infcode", answer.get("code"))) == "0"
