"""Service times from the tape of a bench: how long each party took for each message, by the real time of its records.

An exchange is a request that a party received and the reply that it sent on the same connection; at a scanner, the
picture it saw and the code it sent. Calls between the parties themselves lie within those of the till, whose customer
is found by what links the messages: digits, token, order number.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.line.record import Direction, Kind, Record

NS = 1_000_000_000
STEPS = ("code", "ec.query", "1101", "2101", "2102")
"""What a till asks for in one purchase, in order."""
_DIGITS, _TOKEN = re.compile(rb"\b(424\d{25})\b"), re.compile(rb'"(?:ecToken|mdtrt_cert_no)"\s*:\s*"([^"]+)"')
_ORDER, _INFNO = re.compile(rb'"invono"\s*:\s*"([^"]+)"'), re.compile(rb'"infno"\s*:\s*"([^"]+)"')
_AGENT = re.compile(rb"\r\nuser-agent: *liantiao-(phone|voucher-centre|platform)\b", re.IGNORECASE)
_COMMANDS = {b"E5": "sign", b"E6": "verify"}


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One message and its reply at one party; `within` is whether another party asked, for somebody else's request."""

    party: str
    name: str
    begin_ns: int
    end_ns: int
    request: bytes = field(repr=False)
    reply: bytes = field(repr=False)
    within: bool

    @property
    def seconds(self) -> float:
        """From the request on the tape to the reply on the tape."""
        return (self.end_ns - self.begin_ns) / NS


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One purchase: the seconds of each step, and how many calls between the parties each contained."""

    order: str
    seconds: Mapping[str, float]
    inner: Mapping[str, int]


def exchanges(records: Iterable[Record]) -> list[Exchange]:
    """Every exchange of HTTP parties, encryption machines and scanners on a tape, by the moment of its reply."""
    pending: dict[str, Record] = {}
    found: list[Exchange] = []
    for record in records:
        if record.name == "image-seen":
            pending[f"{record.channel} picture"] = record
        elif record.kind is Kind.FRAME and ".http#" in record.channel:
            if record.direction is Direction.RECEIVED:
                pending[record.channel] = record
            elif (asked := pending.pop(record.channel, None)) is not None:
                found.append(_http(asked, record))
        elif record.kind is Kind.FRAME and record.channel.endswith(".serial"):
            party = record.channel.removesuffix(".serial")
            if record.direction is Direction.SENT and (seen := pending.pop(f"{party} picture", None)) is not None:
                found.append(_exchange("scanner", "decode", seen, record))
        elif record.kind is Kind.FRAME and ".host#" in record.channel and not record.channel.startswith("client"):
            if record.direction is Direction.RECEIVED:
                pending[record.channel] = record
            elif (asked := pending.pop(record.channel, None)) is not None and (name := _command(asked.data)):
                found.append(_exchange("encryption-machine", name, asked, record))
    return found


def visits(found: Sequence[Exchange]) -> list[Visit]:
    """The purchases whose every step stands on the tape, in order."""
    own = [one for one in found if not one.within]
    inner = sorted((one for one in found if one.within), key=lambda one: one.begin_ns)
    by_digits = {key: one for one in own if one.name == "code" and (key := _first(_DIGITS, one.reply))}
    by_token: dict[bytes, dict[str, Exchange]] = defaultdict(dict)
    orders: dict[bytes, bytes] = {}
    for one in own:
        if one.name == "ec.query":
            digits, token = _first(_DIGITS, one.request), _first(_TOKEN, one.reply)
            if token and digits in by_digits:
                by_token[token] |= {"code": by_digits[digits], "ec.query": one}
        elif one.name in STEPS and (token := _first(_TOKEN, one.request)):
            by_token[token][one.name] = one
            orders.setdefault(token, _first(_ORDER, one.request))
            orders[token] = orders[token] or _first(_ORDER, one.request)
    whole = []
    for token, steps in by_token.items():
        if len(steps) == len(STEPS) and orders.get(token):
            counted = {
                name: sum(step.begin_ns <= one.begin_ns <= step.end_ns for one in inner) for name, step in steps.items()
            }
            seconds = {name: steps[name].seconds for name in STEPS}
            whole.append(Visit(order=orders[token].decode(), seconds=seconds, inner=counted))
    return whole


def service_times(found: Sequence[Exchange]) -> dict[str, list[float]]:
    """Seconds by party and message, e.g. `platform 2102`; calls between parties by their own names."""
    times: dict[str, list[float]] = defaultdict(list)
    for one in found:
        times[f"{one.party} {one.name}"].append(one.seconds)
    return dict(times)


def _http(asked: Record, replied: Record) -> Exchange:
    party = asked.channel.partition(".http#")[0]
    head, _, body = asked.data.partition(b"\r\n\r\n")
    path = head.split(b" ", 2)[1] if head.count(b" ") > 1 else b""
    infno = _first(_INFNO, body)
    if infno:
        name = infno.decode()
    elif path.endswith(b"localQrCodeQuery"):
        name = "ec.query"
    elif b"/code." in path:
        name = "code"
    else:
        name = path.partition(b"?")[0].rpartition(b"/")[2].decode("latin-1")
    return _exchange(party, name, asked, replied, within=_AGENT.search(head) is not None)


def _exchange(party: str, name: str, asked: Record, replied: Record, *, within: bool = False) -> Exchange:
    return Exchange(
        party=party,
        name=name,
        begin_ns=asked.real_ns,
        end_ns=replied.real_ns,
        request=asked.data,
        reply=replied.data,
        within=within,
    )


def _command(frame: bytes) -> str:
    """`sign` or `verify`, whatever the length of the header; empty for another command."""
    at = {spelled: frame.find(spelled, 2, 24) for spelled in _COMMANDS}
    there = {spelled: place for spelled, place in at.items() if place >= 0}
    return _COMMANDS[min(there, key=lambda spelled: there[spelled])] if there else ""


def _first(pattern: re.Pattern[bytes], data: bytes) -> bytes:
    match = pattern.search(data)
    return match[1] if match else b""
