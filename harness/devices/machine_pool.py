"""Connections to a machine that answers in order, shared by many threads: at most so many, one request on each.

A reply belongs to a request by its order on a connection alone, so a connection carries one request at a time. One that
was silent too long, that said something nobody asked for, or that broke the protocol is closed and never used again:
no late reply can answer the next request. Before each request a kept connection is looked at for bytes that nobody
asked for. Which bytes are a request and a reply is the `Talk`'s matter.
"""

import itertools
import threading
import time
from collections.abc import Callable, Iterable
from typing import Generic, Protocol, TypeVar

from harness.devices.machine_errors import ENCRYPTION_MACHINE, MachineBusy, MachineSilent
from harness.errors import ConfigError
from harness.line.client import ClientLine, Disconnected

TIMEOUT_S = 2.0
CONNECTIONS = 4
Q = TypeVar("Q")
A = TypeVar("A")
Q_contra = TypeVar("Q_contra", contravariant=True)
A_co = TypeVar("A_co", covariant=True)


class Talk(Protocol[Q_contra, A_co]):
    """One connection's codec, for one request after another."""

    def spell(self, request: Q_contra, number: int) -> bytes:
        """A request's bytes, `number` counting all of the pool. Raises ValueError for one that cannot be spelled."""
        ...

    def feed(self, data: bytes) -> A_co | None:
        """Take what came; the reply when it is whole. Raises MachineSpeaksNonsense, or a refusal."""
        ...

    def ended(self) -> A_co | None:
        """The machine hung up: the reply, if its end is how the reply ends."""
        ...

    @property
    def pending(self) -> bool:
        """Whether a reply has begun and not ended."""
        ...

    @property
    def reusable(self) -> bool:
        """Whether another request may follow on the same connection."""
        ...


class Connection(Generic[Q, A]):
    """One line with its codec; used by one thread at a time."""

    def __init__(self, line: ClientLine, talk: Talk[Q, A]) -> None:
        self.line = line
        self.talk = talk
        self.kept = False

    def is_clean(self) -> bool:
        """Whether a kept connection may be used: it is open, and nothing waits on it that nobody asked for."""
        try:
            return not self.line.read(0)
        except Disconnected:
            return False

    def receive(self, deadline: float, party: str) -> A:
        """The reply. Raises MachineSilent, MachineSpeaksNonsense, Disconnected, refusals."""
        while True:
            left = deadline - time.monotonic()
            try:
                data = self.line.read(left) if left > 0 else b""
            except Disconnected:
                last = self.talk.ended()
                if last is None:
                    raise
                return last
            if not data:
                raise MachineSilent(begun=self.talk.pending, party=party)
            reply = self.talk.feed(data)
            if reply is not None:
                return reply


class MachinePool(Generic[Q, A]):
    """At most `connections` connections; a request takes at most `timeout_s` seconds.

    `connect` opens a connection, given its number from 1; `changes` says of a request that it must never be sent twice,
    since the machine may have acted on the first.
    """

    def __init__(
        self,
        connect: Callable[[int], Connection[Q, A]],
        *,
        changes: Callable[[Q], bool],
        title: str,
        connections: int = CONNECTIONS,
        timeout_s: float = TIMEOUT_S,
        party: str = ENCRYPTION_MACHINE,
    ) -> None:
        if connections < 1 or timeout_s <= 0:
            raise ValueError("a pool has at least one connection, and a time-out is longer than nothing")
        self.timeout_s = timeout_s
        self._connect = connect
        self._changes = changes
        self._title = title
        self._party = party
        self._width = connections
        self._idle: list[Connection[Q, A]] = []
        self._lock = threading.Lock()
        self._free = threading.Semaphore(connections)
        self._numbers = itertools.count(1)
        self._opened = itertools.count(1)
        self._closed = False

    def close(self) -> None:
        """Hang up all idle connections; those in use are hung up when their request ends. May be called twice."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.line.close()

    def ask(self, request: Q, accept: Callable[[A], None] | None = None) -> A:
        """The reply to a request.

        `accept` looks at the reply and may raise; then the connection is closed, since it may be out of step.
        """
        if not self._free.acquire(timeout=self.timeout_s):
            raise MachineBusy(self._width, self.timeout_s, party=self._party)
        try:
            return self._exchange(request, accept)
        finally:
            self._free.release()

    def ask_all(self, requests: Iterable[Q]) -> list[A]:
        """The replies to many requests, in their order: one is under way on each connection of the pool at a time.

        The first request that gets no reply ends it: its error is raised, and what is under way is abandoned with its
        connections.
        """
        waiting = list(requests)
        replies: list[A] = []
        under_way: list[tuple[Connection[Q, A], float]] = []
        taken = 0
        try:
            while len(replies) < len(waiting):
                while len(under_way) < self._width and len(replies) + len(under_way) < len(waiting):
                    if not self._free.acquire(blocking=not under_way, timeout=None if under_way else self.timeout_s):
                        if under_way:
                            break
                        raise MachineBusy(self._width, self.timeout_s, party=self._party)
                    taken += 1
                    under_way.append(self._sent(waiting[len(replies) + len(under_way)]))
                connection, deadline = under_way[0]
                replies.append(connection.receive(deadline, self._party))
                under_way.pop(0)
                self._keep(connection)
                self._free.release()
                taken -= 1
        finally:
            for connection, _ in under_way:
                connection.line.close()
            for _ in range(taken):
                self._free.release()
        return replies

    def _exchange(self, request: Q, accept: Callable[[A], None] | None, *, fresh: bool = False) -> A:
        connection, deadline = self._sent(request, fresh=fresh)
        try:
            reply = connection.receive(deadline, self._party)
            if accept is not None:
                accept(reply)
        except Disconnected:
            # A machine that closed a kept connection while the request was on its way: ask once more, on a new one.
            connection.line.close()
            if not connection.kept or self._changes(request):
                raise
            return self._exchange(request, accept, fresh=True)
        except BaseException:
            connection.line.close()
            raise
        self._keep(connection)
        return reply

    def _sent(self, request: Q, *, fresh: bool = False) -> tuple[Connection[Q, A], float]:
        """A connection on which the request has been sent, and until when its reply may come."""
        deadline = time.monotonic() + self.timeout_s
        connection = self._open() if fresh else self._connection()
        try:
            connection.line.write(connection.talk.spell(request, next(self._numbers)))
        except Disconnected:
            connection.line.close()
            if not connection.kept or self._changes(request):
                raise
            return self._sent(request, fresh=True)
        except ValueError as error:
            self._keep(connection)
            raise ConfigError(
                f"This request cannot be spelled for {self._title}: {error}.",
                cause="it is longer than the machine takes, or the machine has no such command",
                remedy="see the limits and commands in the machine's profile; a signature server takes longer messages",
            ) from error
        except BaseException:
            connection.line.close()
            raise
        return connection, deadline

    def _connection(self) -> Connection[Q, A]:
        while True:
            with self._lock:
                kept = self._idle.pop() if self._idle else None
            if kept is None:
                return self._open()
            if kept.is_clean():
                kept.kept = True
                return kept
            kept.line.close()

    def _open(self) -> Connection[Q, A]:
        return self._connect(next(self._opened))

    def _keep(self, connection: Connection[Q, A]) -> None:
        with self._lock:
            kept = not self._closed and connection.talk.reusable
            if kept:
                self._idle.append(connection)
        if not kept:
            connection.line.close()
