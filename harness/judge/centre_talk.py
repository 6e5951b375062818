"""What the tape says of the calls between the bench and a voucher centre: requests with their answers.

Read from the bench's own record (channels `client.…`). A centre that answers what is no answer shows here as `trouble`,
never as an exception.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from harness.judge.exchange import Exchange
from harness.judge.history import CaseHistory, Event
from harness.judge.messages import Message
from harness.wire import voucher_messages as messages
from harness.wire.voucher_calls import PATHS, charset_of
from harness.wire.voucher_messages import LIBRARY_CALLS

CLIENT = "client"
"""The bench's side of its calls, as a party."""
FAR = 1 << 62
NS = 1_000_000_000
_BY_PATH = {path: name for name, path in PATHS.items() if name not in LIBRARY_CALLS}


@dataclass(frozen=True, kw_only=True)
class CentreAnswer:
    """A call and its answer, if one came."""

    name: str
    """The call, as field tables name it; empty when its path or transType says none."""
    seq: int
    """The record of the request."""
    asked_ns: int
    body: Mapping[str, Any]
    """The request's JSON; its data an object even if it was sent as a string. Empty when it was none."""
    well_formed: bool
    """Whether the request is a JSON object."""
    reply_seq: int | None = None
    answered_ns: int = 0
    status: int = 0
    """The HTTP status; 0 without an answer."""
    content_type: str = ""
    raw: bytes = b""
    envelope: Mapping[str, Any] = field(default_factory=dict)
    """The answer's JSON."""
    code: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    trouble: str = ""
    """What is wrong with the answer as a whole; empty when nothing is."""

    @property
    def accepted(self) -> bool:
        """Whether the answer says success."""
        return self.code == 0

    @property
    def at(self) -> int:
        """The record to look at: the answer's, or the request's when none came."""
        return self.seq if self.reply_seq is None else self.reply_seq

    @property
    def asked(self) -> Mapping[str, Any]:
        """The data of a library's request."""
        data = self.body.get("data")
        return data if isinstance(data, dict) else {}

    @property
    def institution(self) -> str:
        """Who asks, for a library's call."""
        return str(self.body.get("orgId") or "")

    @property
    def refused_as(self) -> str:
        """The id of the return code; empty when it is none that is known."""
        known = messages.return_code(self.code) if self.code is not None else None
        return known.id if known else ""


@dataclass(frozen=True, kw_only=True)
class CentreTalk:
    """All calls of a case, in the order of the requests."""

    terms: Event
    """How the centre is set: the event `centre` of the crew."""
    calls: tuple[CentreAnswer, ...]
    faults: tuple[int, ...]
    """Records at which a fault of the centre fired that the case had asked for."""

    def undisturbed(self, *names: str) -> Iterator[CentreAnswer]:
        """The calls with one of these names, or all, during which the centre was as it is."""
        for call in self.calls:
            end = call.reply_seq if call.reply_seq is not None else FAR
            if (not names or call.name in names) and not any(call.seq <= at <= end for at in self.faults):
                yield call

    def accepted(self, *names: str) -> Iterator[CentreAnswer]:
        """Those of them that succeeded."""
        return (call for call in self.undisturbed(*names) if call.accepted)

    def seconds(self, term: str) -> int:
        """A duration or count of the settings; 0 when they do not say."""
        found = self.terms[term]
        return found if isinstance(found, int) else 0


@lru_cache(maxsize=4)
def centre_talk(history: CaseHistory) -> CentreTalk | None:
    """The calls of a case; None when no voucher centre was under test."""
    terms = history.named("centre")
    if not terms:
        return None
    return CentreTalk(
        terms=terms[0],
        calls=tuple(_read(exchange) for exchange in history.exchanges if exchange.party == CLIENT),
        faults=tuple(event.seq for event in history.named("fault-fired")),
    )


def _read(exchange: Exchange) -> CentreAnswer:
    request, reply = exchange.request, exchange.reply
    target = urlsplit(exchange.path)
    sent = _sent(request) if request.start.startswith("POST") else dict(parse_qsl(target.query))
    name = next((known for path, known in _BY_PATH.items() if target.path.endswith(path)), "")
    if target.path.endswith(messages.QR_QUERY_PATH) and sent is not None:
        name = str(sent.get("transType") or "")
    asked = CentreAnswer(
        name=name, seq=request.seq, asked_ns=request.at_ns, body=sent or {}, well_formed=sent is not None
    )
    if reply is None:
        return asked
    content_type = reply.headers.get("content-type", "")
    answered = replace(
        asked,
        reply_seq=reply.seq,
        answered_ns=reply.at_ns,
        status=exchange.status,
        content_type=content_type,
        raw=reply.body,
    )
    try:
        envelope = json.loads(reply.body.decode(charset_of(content_type)))
        parsed = messages.parse_reply(envelope)
    except (ValueError, LookupError, RecursionError) as error:
        return replace(answered, trouble=f"it is no answer: {type(error).__name__}")
    return replace(answered, envelope=envelope, code=parsed.code, data=parsed.data)


def _sent(request: Message) -> dict[str, Any] | None:
    """The request as it was meant; None when it is no JSON object."""
    try:
        found = json.loads(request.body.decode(charset_of(request.headers.get("content-type", ""))))
        if isinstance(found, dict) and isinstance(found.get("data"), str):
            found["data"] = json.loads(found["data"])
    except (ValueError, LookupError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
