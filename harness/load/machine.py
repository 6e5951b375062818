"""An encryption machine under load: each customer has a message signed (Sm2Sign) and the signature verified by it.

Host commands answer in order, so a connection carries one request at a time, as the driver's do; a customer waits for a
free one, and that counts. At the end every signature is verified once more by our own arithmetic.
"""

import asyncio
from collections import deque
from typing import TypeVar, cast

from harness.devices.encryption_machine import EncryptionMachine
from harness.errors import BenchError
from harness.gm import PublicKey
from harness.line.address import parse_address
from harness.load.http import NoAnswerError, NotSentError
from harness.load.results import Attempt, Check, Outcome
from harness.load.timing import Stopwatch
from harness.wire.encryption_machine import host_messages as wire
from harness.wire.encryption_machine.host import HostAnswer, HostClientCodec
from harness.wire.encryption_machine.profile import HostProfile

R = TypeVar("R", bound=wire.Reply)


class _RefusedError(Exception):
    """The machine answered, and said no."""


class _Connection(asyncio.Protocol):
    """One connection; one request at a time."""

    def __init__(self, profile: HostProfile) -> None:
        self._codec = HostClientCodec(profile)
        self._header = profile.header_length
        self._number = 0
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[wire.Reply] | None = None

    @property
    def usable(self) -> bool:
        """Whether it is open and owes nothing."""
        return self._transport is not None and not self._transport.is_closing() and self._codec.outstanding == 0

    def send(self, request: wire.Request) -> "asyncio.Future[wire.Reply]":
        """Send a request; the future fails with NoAnswerError when no reply comes of it."""
        assert self._transport is not None
        self._number += 1
        header = f"{self._number:0{self._header}d}"[-self._header :].encode() if self._header else b""
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(self._codec.send(request, header=header))
        return self._waiting

    def abort(self) -> None:
        """Cut it."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is no subclass

    def data_received(self, data: bytes) -> None:
        for event in self._codec.feed(data):
            if isinstance(event, HostAnswer) and self._waiting is not None and not self._waiting.done():
                self._waiting.set_result(event.reply)
            else:
                self._fail("it answers with no reply, or one that nobody asked for")
                self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"the connection was cut: {exc}" if exc else "the machine hung up")

    def _fail(self, why: str) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(NoAnswerError(why))


class MachineLoad:
    """Customers of one machine, over at most `connections` connections; `index` is the place of the key pair."""

    kind = "machine"

    def __init__(self, at: str, profile: HostProfile, *, index: int, connections: int, reply_s: float) -> None:
        self._address = parse_address(at)
        self._profile = profile
        self._index = index
        self._room = connections
        self._reply_s = reply_s
        self._idle: list[_Connection] = []
        self._queue: deque[asyncio.Future[None]] = deque()
        self._public: PublicKey | None = None
        self._signed: list[tuple[bytes, bytes]] = []

    def close(self) -> None:
        """Hang up."""
        for connection in self._idle:
            connection.abort()

    async def prepare(self) -> None:
        """Ask for the public key, by the machine's driver. Raises BenchError or PeerViolation."""
        self._public = await asyncio.to_thread(self._asked_public)

    def _asked_public(self) -> PublicKey:
        with EncryptionMachine(self._address, self._profile, timeout_s=self._reply_s) as machine:
            return machine.public_key(self._index)

    async def __call__(self, number: int) -> Attempt:
        """One customer: sign, then verify."""
        message = f"liantiao load {number}".encode()
        key = wire.KeyIndex(index=self._index)
        watch = Stopwatch()
        try:
            request: wire.Request = wire.Sm2Sign(data=message, key=key)
            signed = _good(await watch.time("sign", self._ask(request)), wire.Sm2SignReply)
            self._signed.append((message, signed.signature))
            request = wire.Sm2Verify(data=message, signature=signed.signature, key=key)
            _good(await watch.time("verify", self._ask(request)), wire.Sm2VerifyReply)
        except (_RefusedError, NotSentError) as error:
            return watch.attempt(Outcome.REFUSED, reason=str(error), key=str(number))
        except NoAnswerError as error:
            return watch.attempt(Outcome.UNKNOWN, reason=str(error), key=str(number))
        return watch.attempt(Outcome.ACCEPTED, key=str(number))

    async def reconcile(self) -> int:
        """A signature changes nothing at the machine, so nothing stays in doubt."""
        return 0

    async def checks(self) -> list[Check]:
        """Every signature, by our own arithmetic. Raises BenchError before `prepare`."""
        if self._public is None:
            raise BenchError("The machine was not asked for its key.", cause="no prepare()", remedy="call it first")
        public = self._public
        wrong = sum(not public.verify(message, signature) for message, signature in self._signed)
        count = len(self._signed)
        return [
            Check(
                name="signatures",
                good=not wrong,
                text=f"{wrong} of {count} signatures are none of the machine's key"
                if wrong
                else f"all {count} signatures are the machine's key's, by our own arithmetic",
                figures={"signatures": count, "wrong": wrong},
            )
        ]

    async def _ask(self, request: wire.Request) -> wire.Reply:
        """A reply. Raises NotSentError or NoAnswerError."""
        connection = await self._take()
        try:
            async with asyncio.timeout(self._reply_s):
                return await connection.send(request)
        except TimeoutError as error:
            raise NoAnswerError(f"no answer within {self._reply_s:g} s") from error
        finally:
            if connection.usable:
                self._idle.append(connection)
            else:
                connection.abort()
            self._leave()

    async def _take(self) -> _Connection:
        while self._room <= 0:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._queue.append(turn)
            await turn
        self._room -= 1
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection
        try:
            async with asyncio.timeout(self._reply_s):
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: _Connection(self._profile), self._address.host, self._address.port
                )
        except (OSError, TimeoutError) as error:
            self._leave()
            raise NotSentError(f"{self._address}: {str(error) or 'no connection in time'}") from error
        return connection

    def _leave(self) -> None:
        self._room += 1
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return


def _good(reply: wire.Reply, wanted: type[R]) -> R:
    """The reply, if it is the one that was due. Raises _RefusedError."""
    if isinstance(reply, wanted):
        return reply
    raise _RefusedError(f"refused with {reply.code}" if isinstance(reply, wire.Refusal) else "another reply was due")
