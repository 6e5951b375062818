"""How a party that speaks HTTP is put together: front door on the tape, faults, back door, and calls to its peers."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import httpx
from starlette.routing import Route
from starlette.types import ASGIApp

from harness.bench.plugin import Endpoints, SimulatorContext
from harness.faults.catalogue import ON_HTTP, Effect
from simulators.kit.back_door import BackDoor, StateOf
from simulators.kit.faulty import FaultyApp, NameOf
from simulators.kit.handed_server import HandedServer

PEER_TIMEOUT_S = 10
KEPT_CONNECTIONS = 20
"""Connections to peers that are kept open for the next call. None are on a bench whose clock is stepped: which call
finds one free depends on real time, and equal runs must leave equal tapes.
"""


class HttpParty:
    """The doors of an HTTP simulator; the simulator owns one and keeps its own behaviour."""

    def __init__(
        self,
        context: SimulatorContext,
        app: ASGIApp,
        *,
        name_of: NameOf,
        state: StateOf,
        reset: Callable[[int], Awaitable[None]],
        back_routes: Sequence[Route] = (),
        own_effects: frozenset[Effect] = frozenset(),
    ) -> None:
        self._faulty = FaultyApp(app, faults=context.faults, name_of=name_of, own=own_effects)
        self._context = context
        self._front = HandedServer(
            self._faulty, name=context.name, tape=context.tape, host=context.host, port=context.port
        )
        self._back = BackDoor(context, state=state, reset=reset, effects=ON_HTTP | own_effects, routes=back_routes)
        self._client: httpx.AsyncClient | None = None

    @property
    def client(self) -> httpx.AsyncClient:
        """For calls to peers; says who calls in its User-Agent, so that the tape can be read."""
        if self._client is None:
            self._client = httpx.AsyncClient(
                timeout=PEER_TIMEOUT_S,
                trust_env=False,
                verify=False,  # noqa: S501 - peers are plain HTTP on a bench; loading certificates costs 25 ms
                headers={"user-agent": f"liantiao-{self._context.name}"},
                limits=httpx.Limits(max_keepalive_connections=0 if self._context.clock.steppable else KEPT_CONNECTIONS),
            )
        return self._client

    def protocol(self) -> asyncio.Protocol:
        """For a connection to the front door that another process has accepted."""
        return self._front.protocol()

    async def start(self) -> Endpoints:
        """Open both doors."""
        await self._front.start()
        await self._back.start()
        return Endpoints(at=self._front.address, also={"control": self._back.address})

    def renumber(self) -> None:
        """A new case begins on the tape."""
        self._faulty.forget()
        self._front.renumber()

    async def stop(self) -> None:
        """Close both doors and hang up."""
        await self._front.stop()
        await self._back.stop()
        if self._client is not None:
            await self._client.aclose()
            self._client = None
