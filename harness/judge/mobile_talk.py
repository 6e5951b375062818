"""What the tape says of the talk between a hospital and a mobile-payment centre: services, our own doors, notices.

Read from the bench's own record (channels `client.…`, `hospital.…`), never from what a virtual centre says of itself.
Sealed bytes are opened again with the keys that the event `mobile` names. Where the application's secret is not on the
tape, the bench has put what it opened beside them (events `opened`); the signature is computed again all the same, over
the digest that stands there. A centre that answers what is no answer shows here as `trouble`, never as an exception.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from harness.judge.exchange import Exchange
from harness.judge.history import CaseHistory, Event
from harness.line.record import Kind
from harness.wire.mobile_payment import Application, KeyTextError, load_variant, read_public_key
from harness.wire.mobile_payment.answers import (
    AUTH_PATH,
    AUTH_QUERY,
    DECISION_PATH,
    NOTICE,
    OWN_PAY,
    OWN_PAY_PATH,
    REFUND_DECISION,
)
from harness.wire.mobile_payment.opening import Look, Opener, signed_by

CLIENT, HOSPITAL = "client", "hospital"
"""The bench's side of its own calls, and of the notices, as parties."""
PARTY, PLATFORM = "mobile-payment", "platform"
NS = 1_000_000_000
FAR = 1 << 62
GOOD = 200
_PLAIN = {OWN_PAY_PATH: OWN_PAY, DECISION_PATH: REFUND_DECISION}


@dataclass(frozen=True, kw_only=True)
class MobileCall:
    """A call and its answer, if one came."""

    name: str
    """The service's number, or the name of a door of our own design; empty when its path says none."""
    seq: int
    """The record of the request."""
    asked_ns: int
    asked: Mapping[str, Any]
    """What the request holds; empty when it does not open."""
    reply_seq: int | None = None
    answered_ns: int = 0
    status: int = 0
    """The HTTP status; 0 without an answer."""
    envelope: Mapping[str, Any] = field(default_factory=dict)
    """The answer's members as they came."""
    code: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    """What the answer holds."""
    pain: str = ""
    """What is wrong with the answer's seal, by `Pain`; empty when nothing is."""
    trouble: str = ""
    """What is wrong with the answer as a whole; empty when nothing is."""
    disturbed: bool = False
    """Whether a fault of the centre fired meanwhile, that the case had asked for."""

    @property
    def sealed(self) -> bool:
        """Whether it is one of the services, and no plain door of our own design."""
        return self.name.isdigit()

    @property
    def accepted(self) -> bool:
        """Whether the answer says that it was done, and can be trusted."""
        return self.code == 0 and not self.pain

    @property
    def known(self) -> bool:
        """Whether the client knows from the answer what was done."""
        return self.code is not None and not self.pain

    @property
    def at(self) -> int:
        """The record to look at: the answer's, or the request's when none came."""
        return self.seq if self.reply_seq is None else self.reply_seq

    @property
    def message(self) -> str:
        """What the answer says in words."""
        return str(self.envelope.get("message") or "")


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A notice that reached the hospital, and how that answered."""

    seq: int
    at_ns: int
    data: Mapping[str, Any]
    pain: str
    """What is wrong with its seal; empty when nothing is."""
    taken: bool
    """Whether it was answered with HTTP 2xx and code 0."""
    answered_ns: int
    """When; 0 when it was not answered."""
    disturbed: bool
    """Whether a fault of the case's was on it."""

    @property
    def pay_ord_id(self) -> str:
        """Of which order it is."""
        return str(self.data.get("payOrdId") or "")


@dataclass(frozen=True, kw_only=True, eq=False)
class MobileTalk:
    """All of a case, in the order of the requests."""

    terms: Event
    """How the centre is set: the event `mobile` of the crew."""
    calls: tuple[MobileCall, ...]
    notices: tuple[Notice, ...]
    platform_faults: tuple[int, ...]
    """Records at which something was wrong with the platform, or with whoever else is not under test."""
    listens: int
    """The record from which on the hospital takes notices; far when it never does."""

    def undisturbed(self, *names: str) -> Iterator[MobileCall]:
        """The calls with one of these names, or all, during which the centre was as it is."""
        return (call for call in self.calls if (not names or call.name in names) and not call.disturbed)

    def accepted(self, *names: str) -> Iterator[MobileCall]:
        """The calls with one of these names that succeeded, in the order of their answers."""
        found = [call for call in self.calls if call.accepted and (not names or call.name in names)]
        return iter(sorted(found, key=lambda call: call.at))

    def seconds(self, term: str) -> int:
        """A duration or count of the settings; 0 when they do not say."""
        found = self.terms[term]
        return found if isinstance(found, int) else 0

    @property
    def own_doors(self) -> bool:
        """Whether people authorise and pay through doors that are on the tape."""
        return bool(self.terms["own_doors"])


def ran(history: CaseHistory) -> bool:
    """Whether the case ran to where it ended, so that what is not on the tape did not happen before; its own check may
    have ended it."""
    return history.ended and all(event["blame"] == "assertion" for event in history.named("problem"))


@lru_cache(maxsize=4)
def mobile_talk(history: CaseHistory) -> MobileTalk | None:
    """The talk of a case; None when no mobile-payment centre was under test."""
    terms = history.named("mobile")
    if not terms:
        return None
    reader = _Reader(history, terms[0])
    own, other = _faults(history)
    listens = history.named("hospital-listens")
    return MobileTalk(
        terms=terms[0],
        calls=tuple(reader.call(exchange, own) for exchange in history.exchanges if exchange.party == CLIENT),
        notices=tuple(reader.notice(exchange, own) for exchange in history.exchanges if exchange.party == HOSPITAL),
        platform_faults=other,
        listens=listens[0].seq if listens else FAR,
    )


class _Reader:
    """Reads exchanges with the keys of a case."""

    def __init__(self, history: CaseHistory, terms: Event) -> None:
        self._variant = load_variant(str(terms["variant"]))
        self._services = {path: service for service, path in self._variant.paths.items()}
        self._secret = str(terms["secret"] or "")
        self._beside = history.named("opened")
        self._last_notice = -1
        self._channels = {r.seq: r.channel for r in history.records if r.kind is Kind.FRAME} if self._beside else {}
        try:
            self._centre = read_public_key(str(terms["centre_key"]))
        except KeyTextError as error:
            raise ValueError("the event mobile names no key of the centre") from error
        application = Application(app_id=str(terms["app_id"]), secret=self._secret or "-")
        self._opener = Opener(application, self._centre, self._variant)

    def call(self, exchange: Exchange, faults: "tuple[Event, ...]") -> MobileCall:
        request, reply = exchange.request, exchange.reply
        name = self._name(exchange)
        plain = not name.isdigit() and bool(name)
        end = FAR if reply is None else reply.seq
        asked = MobileCall(
            name=name,
            seq=request.seq,
            asked_ns=request.at_ns,
            asked=request.json if plain else self._ours(request.seq, request.body),
            disturbed=any(request.seq <= event.seq <= end and event["message"] != NOTICE for event in faults),
        )
        if reply is None:
            return asked
        answered = replace(asked, reply_seq=reply.seq, answered_ns=reply.at_ns, status=exchange.status)
        envelope = reply.json
        code = str(envelope.get("code", ""))
        if exchange.status != GOOD or not code.lstrip("-").isdigit():
            why = f"HTTP {exchange.status}" if exchange.status != GOOD else "no JSON object with a code"
            return replace(answered, envelope=envelope, trouble=why)
        answered = replace(answered, envelope=envelope, code=int(code))
        if plain:
            data = envelope.get("data")
            return replace(answered, data=data if isinstance(data, dict) else {})
        look = self._theirs(reply.seq, reply.body, at_ns=reply.at_ns, of="answer")
        return replace(answered, data=look.data, pain=look.pain)

    def notice(self, exchange: Exchange, faults: "tuple[Event, ...]") -> Notice:
        request, reply = exchange.request, exchange.reply
        look = self._theirs(request.seq, request.body, at_ns=request.at_ns, of="notice")
        # A fault on a notice fires right before it leaves.
        since, self._last_notice = self._last_notice, request.seq
        disturbed = any(since < event.seq < request.seq and event["message"] == NOTICE for event in faults)
        taken = exchange.status // 100 == 2 and str(exchange.reply_json.get("code", "")) == "0"
        return Notice(
            seq=request.seq,
            at_ns=request.at_ns,
            data=look.data,
            pain=look.pain,
            taken=taken,
            answered_ns=0 if reply is None else reply.at_ns,
            disturbed=disturbed,
        )

    def _name(self, exchange: Exchange) -> str:
        path = exchange.path.partition("?")[0]
        if path in self._services:
            return self._services[path]
        if f"{AUTH_PATH}/" in path:
            return AUTH_QUERY
        found = next((name for at, name in (_PLAIN | self._services).items() if path.endswith(at)), "")
        return found or str(exchange.request.json.get(self._variant.service_field or "-") or "")

    def _ours(self, seq: int, body: bytes) -> Mapping[str, Any]:
        if self._secret:
            return self._opener.look(body, ours=True).data
        return self._opened(seq, "request")[0]

    def _theirs(self, seq: int, body: bytes, *, at_ns: int, of: str) -> Look:
        if self._secret:
            return self._opener.look(body, now_ns=at_ns)
        data, digest = self._opened(seq, of)
        return signed_by(self._centre, body, self._variant, data=data, digest=digest, now_ns=at_ns)

    def _opened(self, seq: int, of: str) -> tuple[Mapping[str, Any], str]:
        """What the bench has opened of the message at a record: the next of its kind that stands beside it."""
        for event in self._beside:
            if event.seq > seq and event["of"] == of and event["channel"] == self._channels.get(seq):
                try:
                    found = json.loads(str(event["data"]))
                except ValueError:
                    return {}, ""
                return (found if isinstance(found, dict) else {}), str(event["digest"] or "")
        return {}, ""


def _faults(history: CaseHistory) -> "tuple[tuple[Event, ...], tuple[int, ...]]":
    """The faults of the centre that fired, and where those of others did."""
    devices = [r.event for r in history.run_records if r.name == "device" and r.event.get("kind") == PARTY]
    names = {str(device.get("name")) for device in devices} or {PARTY}
    fired = history.named("fault-fired")
    own = tuple(event for event in fired if event["party"] in names)
    return own, tuple(event.seq for event in fired if event["party"] not in names)
