"""How a party that speaks HTTP is put together: front door on the tape, faults, back door, and calls to its peers."""

import asyncio
import ssl
import sys
from collections.abc import Awaitable, Callable, Sequence
from importlib.util import find_spec

import httpx
from starlette.routing import Route
from starlette.types import ASGIApp

from harness.bench.plugin import Endpoints, SimulatorContext
from harness.faults.catalogue import HANDSHAKE, ON_HTTP, ON_TLS, Effect
from harness.faults.schedule import FaultSchedule
from harness.line.tls import GOOD, Choice
from simulators.kit.back_door import BackDoor, StateOf
from simulators.kit.faulty import FaultyApp, NameOf
from simulators.kit.handed_server import HandedServer
from simulators.kit.late_tls import LateTls

PEER_TIMEOUT_S = 10
KEPT_CONNECTIONS = 20
"""Connections to peers that are kept open for the next call. None are on a bench whose clock is stepped: which call
finds one free depends on real time, and equal runs must leave equal tapes.
"""
TRUSTS_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For what is never to speak TLS; loading authorities would cost 40 ms."""

if find_spec("sniffio") is None:
    # httpcore asks for it at each request, and what is not installed is looked for in every folder of the path again.
    sys.modules["sniffio"] = None  # type: ignore[assignment]  # "not there", as Python's own import spells it


def certificate_choice(faults: FaultSchedule) -> Choice:
    """Which certificate a party shows: the one that a fault wants of this connection, else its right one."""

    def choose() -> str:
        fault = faults.due(HANDSHAKE, among=ON_TLS)
        return GOOD if fault is None else fault.effect.value

    return choose


def offered_on_tls(context: SimulatorContext) -> frozenset[Effect]:
    """The effects on a handshake for which there is a certificate."""
    return frozenset(effect for effect in ON_TLS if context.tls is not None and effect.value in context.tls.spoilt)


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
            self._faulty,
            name=context.name,
            tape=context.tape,
            host=context.host,
            port=context.port,
            tls=context.tls,
            choice=certificate_choice(context.faults),
        )
        effects = ON_HTTP | own_effects | offered_on_tls(context)
        self._back = BackDoor(context, state=state, reset=reset, effects=effects, routes=back_routes)
        self._client: httpx.AsyncClient | None = None

    @property
    def client(self) -> httpx.AsyncClient:
        """For calls to peers; says who calls in its User-Agent, so that the tape can be read."""
        if self._client is None:
            limits = httpx.Limits(max_keepalive_connections=0 if self._context.clock.steppable else KEPT_CONNECTIONS)
            self._client = httpx.AsyncClient(
                timeout=PEER_TIMEOUT_S,
                trust_env=False,
                verify=TRUSTS_NOBODY,
                mounts={"https://": LateTls(self._context.trust, limits)},
                headers={"user-agent": f"liantiao-{self._context.name}"},
                limits=limits,
            )
        return self._client

    def protocol(self) -> asyncio.Protocol:
        """For a connection to the front door that another process has accepted."""
        return self._front.protocol()

    @property
    def tls_context(self) -> ssl.SSLContext | None:
        """The same connection's TLS; None where HTTP is plain."""
        return self._front.tls_context

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
