"""What the tape says of the host commands between the bench and an encryption machine: requests with their replies.

Read from the bench's own record (channels `client.…`), by the profile that the case names; a machine that says
something else than its profile allows shows here as `trouble`, never as an exception.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from harness.errors import ConfigError
from harness.judge.history import CaseHistory
from harness.line.record import Direction, Kind, Record
from harness.wire.encryption_machine.host import (
    CODE_SIZE,
    ERROR_SIZE,
    LENGTH_SIZE,
    HostAnswer,
    HostCall,
    HostClientCodec,
    HostServerCodec,
    Malformed,
)
from harness.wire.encryption_machine.host_messages import Refusal, Reply, Request
from harness.wire.encryption_machine.profile import HostProfile, load_host_profile

CONNECT = "connect"
"""What a fault calls the opening of a connection."""
HOST_COMMANDS = ("client.host#", "client.bare#")
"""How the channels begin on which the bench records its own side of host commands."""


@dataclass(frozen=True, kw_only=True)
class HostExchange:
    """A request to the machine and its reply, if one came."""

    channel: str
    seq: int
    """The record that ends the request."""
    raw: bytes
    code: str
    """The command's two characters; empty when there were none."""
    request: Request | None
    """None when the request was not as the profile has it, which is how a case tries a machine."""
    reply_seq: int | None = None
    reply_raw: bytes = b""
    error: str = ""
    """The reply's error code; empty without a reply."""
    reply: Reply | None = None
    """None without a reply, or when it is not as the profile has it."""
    trouble: str = ""
    """What is wrong with the reply; empty when nothing is."""

    @property
    def refusal(self) -> Refusal | None:
        """The reply, when it says no."""
        return self.reply if isinstance(self.reply, Refusal) else None


@dataclass(frozen=True, kw_only=True)
class Stray:
    """Bytes of the machine that answer nothing, or that are no message."""

    channel: str
    seq: int
    what: str


@dataclass(frozen=True, kw_only=True)
class MachineTalk:
    """All host commands of a case, in the order of the requests."""

    profile: HostProfile
    exchanges: tuple[HostExchange, ...]
    strays: tuple[Stray, ...]
    faults: tuple[int, ...]
    """Records at which a fault of the machine fired that the case had asked for."""
    refused: frozenset[str] = frozenset()
    """Channels whose connection such a fault had the machine refuse."""

    def disturbed(self, exchange: HostExchange) -> bool:
        """Whether a fault fired while this exchange was under way, or before it on its connection."""
        same = [e.seq for e in self.exchanges if e.channel == exchange.channel]
        if exchange.channel in self.refused:
            return True
        end = exchange.reply_seq if exchange.reply_seq is not None else max(same, default=exchange.seq) + 1_000_000
        return any(min(same) <= at <= end for at in self.faults)

    def undisturbed(self) -> Iterator[HostExchange]:
        """The exchanges in which the machine was as it is."""
        return (exchange for exchange in self.exchanges if not self.disturbed(exchange))


@lru_cache(maxsize=4)
def machine_talk(history: CaseHistory) -> MachineTalk | None:
    """The host commands of a case; None when no machine was under test, or its profile is not known here."""
    named = history.named("machine")
    if not named:
        return None
    try:
        profile = load_host_profile(str(named[0]["profile"]))
    except ConfigError:
        return None
    channels: dict[str, list[Record]] = {}
    for record in history.records:
        if record.kind is Kind.FRAME and record.channel.startswith(HOST_COMMANDS):
            channels.setdefault(record.channel, []).append(record)
    exchanges: list[HostExchange] = []
    strays: list[Stray] = []
    for channel, records in channels.items():
        for item in _read(profile, channel, records):
            if isinstance(item, Stray):
                strays.append(item)
            else:
                exchanges.append(item)
    return MachineTalk(
        profile=profile,
        exchanges=tuple(sorted(exchanges, key=lambda e: e.seq)),
        strays=tuple(sorted(strays, key=lambda s: s.seq)),
        faults=tuple(event.seq for event in history.named("fault-fired")),
        refused=frozenset(_refused(history, {channel: records[0].seq for channel, records in channels.items()})),
    )


def _refused(history: CaseHistory, begins: dict[str, int]) -> Iterator[str]:
    """The connection that a fault refused is the next one on which anything was said."""
    for event in history.named("fault-fired"):
        later = [(begin, channel) for channel, begin in begins.items() if begin > event.seq]
        if event["message"] == CONNECT and later:
            yield min(later)[1]


def _read(profile: HostProfile, channel: str, records: list[Record]) -> Iterator[HostExchange | Stray]:
    server = HostServerCodec(profile)
    waiting: deque[HostExchange] = deque()
    held = bytearray()
    last = 0
    for record in records:
        last = record.seq
        if record.direction is Direction.RECEIVED:
            waiting.extend(_request(channel, record.seq, call) for call in server.feed(record.data))
            continue
        held += record.data
        while len(held) >= LENGTH_SIZE:
            end = LENGTH_SIZE + int.from_bytes(held[:LENGTH_SIZE])
            if end > len(held):
                break
            raw = bytes(held[:end])
            del held[:end]
            if waiting:
                yield _answered(profile, waiting.popleft(), record.seq, raw)
            else:
                yield Stray(channel=channel, seq=record.seq, what=f"{len(raw)} bytes that answer nothing")
    if held:
        yield Stray(channel=channel, seq=last, what=f"{len(held)} bytes of a message that never ended")
    yield from waiting


def _request(channel: str, seq: int, call: HostCall | Malformed) -> HostExchange:
    request = call.request if isinstance(call, HostCall) else None
    return HostExchange(channel=channel, seq=seq, raw=call.raw, code=call.code, request=request)


def _answered(profile: HostProfile, asked: HostExchange, seq: int, raw: bytes) -> HostExchange:
    at = LENGTH_SIZE + profile.header_length
    header, code = raw[LENGTH_SIZE:at], raw[at : at + CODE_SIZE].decode("latin-1")
    error = raw[at + CODE_SIZE : at + CODE_SIZE + ERROR_SIZE].decode("latin-1")
    due = profile.reply_code(asked.code)
    reply: Reply | None = None
    trouble = ""
    if header != asked.raw[LENGTH_SIZE:at]:
        trouble = f"its header is {header.hex()}, not that of the request"
    elif asked.code and code != due:
        trouble = f"its reply code is {code!r}, not {due!r}"
    elif len(error) < ERROR_SIZE:
        trouble = "it is too short for an error code"
    elif asked.request is None or error != profile.ok:
        reply = Refusal(code=error, detail=raw[at + CODE_SIZE + ERROR_SIZE :])
    else:
        reply, trouble = _decoded(profile, asked, raw)
    return HostExchange(
        channel=asked.channel,
        seq=asked.seq,
        raw=asked.raw,
        code=asked.code,
        request=asked.request,
        reply_seq=seq,
        reply_raw=raw,
        error=error,
        reply=reply,
        trouble=trouble,
    )


def _decoded(profile: HostProfile, asked: HostExchange, raw: bytes) -> tuple[Reply | None, str]:
    assert asked.request is not None
    client = HostClientCodec(profile)
    header = asked.raw[LENGTH_SIZE : LENGTH_SIZE + profile.header_length]
    client.send(asked.request, header=header)
    for found in client.feed(raw):
        if isinstance(found, HostAnswer):
            return found.reply, ""
        return None, found.reason
    return None, "it is no whole message"
