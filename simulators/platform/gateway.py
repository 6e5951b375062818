"""The gateway before the platform, where a province has one: it lets a request through, or turns it away itself.

What it turns away the platform never sees: nothing is answered in the interface's envelope, nothing is booked, and the
tape has `gateway-refused`. What it lets through reaches the platform in UTF-8, and answers leave in the province's
charset and, where relays do so, encoded once more.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from harness.clock import NS, Clock, local_time
from harness.line.tape import Tape
from harness.wire.fields import is_object
from harness.wire.gateway import STALE, GatewayProblem, error_body, error_of, find_problem, nonce_of
from harness.wire.profile import GatewayKind, Profile
from simulators.platform.disturbed import clock_is_ahead


@dataclass(kw_only=True)
class TurnedAwayError(Exception):
    """The gateway answers itself."""

    status: int
    body: bytes


class Gateway:
    """One province's; nonces are remembered for as long as their timestamps would be taken."""

    def __init__(self, profile: Profile, *, name: str, clock: Clock, tape: Tape) -> None:
        self._profile = profile
        self._name = name
        self._clock = clock
        self._tape = tape
        self._nonces: dict[str, int] = {}

    def forget(self) -> None:
        """A new case begins."""
        self._nonces.clear()

    def let_in(self, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> bytes:
        """The request as the platform gets it, in UTF-8. Raises TurnedAwayError."""
        named = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}
        body = _recoded(body, self._profile.charset_in)
        gateway, agreed, now = self._profile.gateway, self._profile.headers, local_time(self._clock)
        problem = find_problem(gateway, agreed, named, _object(body) if gateway.cainfo else {}, now=now)
        if problem is None and gateway.kind is not GatewayKind.NONE and (due := clock_is_ahead()) is not None:
            due.done = True
            problem = GatewayProblem(why=STALE)
        if problem is None and not self._is_new(nonce_of(gateway, named)):
            problem = GatewayProblem(why="nonce-replayed")
        if problem is not None:
            raise self._turned_away(problem)
        return body

    def let_out(self, reply: bytes) -> bytes:
        """An answer as it leaves."""
        if self._profile.reply_as == "string":
            reply = json.dumps(reply.decode(), ensure_ascii=False).encode()
        return self._encoded(reply)

    def _encoded(self, text: bytes) -> bytes:
        charset = self._profile.charset_out
        return text if charset == "utf-8" else text.decode().encode(charset, errors="replace")

    def _is_new(self, nonce: str) -> bool:
        if not nonce:
            return True
        now = self._clock.now_ns()
        kept_ns = 2 * self._profile.gateway.tolerance_s * NS
        for old, since in tuple(self._nonces.items()):
            if now - since <= kept_ns:
                break
            del self._nonces[old]
        if nonce in self._nonces:
            return False
        self._nonces[nonce] = now
        return True

    def _turned_away(self, problem: GatewayProblem) -> TurnedAwayError:
        gateway = self._profile.gateway
        code, text = error_of(gateway, problem)
        self._tape.event(self._name, "gateway-refused", code=code, why=problem.why, text=text)
        return TurnedAwayError(status=gateway.error_status, body=self._encoded(error_body(gateway, problem)))


def _recoded(body: bytes, charset: str) -> bytes:
    if charset == "utf-8":
        return body
    try:
        return body.decode(charset).encode()
    except UnicodeDecodeError:
        return body


def _object(body: bytes) -> dict[str, object]:
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return {}
    return dict(found) if is_object(found) else {}
