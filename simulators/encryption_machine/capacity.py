"""How many clients a machine takes, and how long it keeps one that says nothing. Idle time passes on the clock.

Connections beyond the maximum are hung up at once. A connection opens a session with its first request; beyond the
maximum of sessions the machine says that it is busy until another session ends with its connection.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from harness.clock import NS, Clock


@dataclass(frozen=True, kw_only=True)
class Room:
    """The most that is taken; `idle_s` 0 for without end."""

    connections: int = 64
    sessions: int = 64
    idle_s: int = 3600


class Client(Protocol):
    """What the machine knows of a connection."""

    last_ns: int
    """When it last said something."""
    in_session: bool

    def expire(self) -> None:
        """Close it, since it has been idle."""
        ...


class Capacity:
    """The connections of all TCP doors of a machine together.

    `elsewhere` gives the connections that other processes of the same machine hold.
    """

    def __init__(self, room: Room, clock: Clock) -> None:
        self.room = room
        self._clock = clock
        self._clients: set[Client] = set()
        self._sessions = 0
        self._changed = asyncio.Event()
        self._sweeping: asyncio.Task[None] | None = None
        self.on_change: Callable[[int], None] | None = None
        """Told of the number of connections, when it changes."""

    @property
    def connections(self) -> int:
        """How many there are."""
        return len(self._clients)

    @property
    def sessions(self) -> int:
        """How many there are."""
        return self._sessions

    def start(self) -> None:
        """Watch for idle connections from now on."""
        if self.room.idle_s:
            self._sweeping = asyncio.get_running_loop().create_task(self._sweep(), name="encryption machine idle watch")

    async def stop(self) -> None:
        """Watch no more."""
        sweeping, self._sweeping = self._sweeping, None
        if sweeping is not None:
            sweeping.cancel()
            await asyncio.gather(sweeping, return_exceptions=True)

    def connected(self, client: Client) -> bool:
        """A connection came; False when there is no room for it."""
        if len(self._clients) >= self.room.connections:
            return False
        self._clients.add(client)
        if len(self._clients) == 1:
            self._changed.set()
        if self.on_change is not None:
            self.on_change(len(self._clients))
        return True

    def disconnected(self, client: Client) -> None:
        """A connection went, and its session with it."""
        if client not in self._clients:
            return
        self._clients.discard(client)
        if client.in_session:
            client.in_session = False
            self._sessions -= 1
        if self.on_change is not None:
            self.on_change(len(self._clients))

    def session_opened(self) -> bool:
        """A connection wants a session; False when there are too many."""
        if self._sessions >= self.room.sessions:
            return False
        self._sessions += 1
        return True

    def session_closed(self) -> None:
        """A connection lost its session and stays."""
        self._sessions -= 1

    async def _sweep(self) -> None:
        idle_ns = self.room.idle_s * NS
        while True:
            if not self._clients:
                self._changed.clear()
                await self._changed.wait()
            now = self._clock.now_ns()
            for client in [c for c in self._clients if now - c.last_ns >= idle_ns]:
                client.expire()
                self._clients.discard(client)
                if client.in_session:
                    client.in_session = False
                    self._sessions -= 1
            next_ns = min((client.last_ns for client in self._clients), default=now) + idle_ns
            await self._clock.sleep(max(next_ns - now, 1) / NS)
