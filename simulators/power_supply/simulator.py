"""The virtual power supply put together: SCPI over TCP (one line a message), the box on its output, and the back door.

Messages end with LF or CR LF. A line longer than `MAX_MESSAGE` is an input overrun, as on a real instrument. Responses
that nobody reads are thrown away when too many wait. The box on the output is switched through its own back door before
the next message is taken, so `*OPC?` after `OUTP OFF` answers when the box is off.
"""

import asyncio
import contextlib
from collections.abc import Mapping

import httpx

from harness.bench.plugin import Endpoints, SimulatorContext
from harness.faults.catalogue import Effect
from harness.line.address import tcp_address
from harness.line.http import bind
from harness.line.record import Direction, JsonValue
from simulators.kit.back_door import BackDoor
from simulators.kit.http_party import TRUSTS_NOBODY
from simulators.power_supply.scpi import OVERRUN, Limits, Output, ScpiSupply
from simulators.power_supply.settings import PowerSupplySettings

MAX_MESSAGE = 4096
MAX_WAITING = 65_536
CLIENTS = 8
BOX_TIMEOUT_S = 10
NO_EFFECTS: frozenset[Effect] = frozenset()


class VirtualPowerSupply:
    """A supply with one output. The tape has messages and responses, each with its line end."""

    def __init__(self, context: SimulatorContext, settings: PowerSupplySettings) -> None:
        self._context = context
        self._settings = settings
        self._drawn_ma = settings.idle_ma
        self._fed = True
        self._limits = Limits(identity=settings.identity, most_mv=settings.most_mv, most_ma=settings.most_ma)
        self._scpi = self._supply()
        self._number = context.port
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()
        self._client: httpx.AsyncClient | None = None
        self._back = BackDoor(context, state=self._state, reset=lambda seed: self.reset(seed=seed), effects=NO_EFFECTS)

    async def start(self) -> Endpoints:
        """Serve. Raises BenchError when a port cannot be had."""
        listening = bind(self._context.host, self._number, self._context.name)
        self._number = listening.getsockname()[1]
        self._server = await asyncio.start_server(self._serve, sock=listening, limit=MAX_MESSAGE)
        await self._back.start()
        await self._feed()
        address = tcp_address(self._context.host, self._number)
        visa = f"visa:TCPIP::{self._context.host}::{self._number}::SOCKET"
        return Endpoints(at=str(address), also={"control": self._back.address, "visa": visa})

    def connect(self, peers: Mapping[str, str]) -> None:
        """A supply talks to nobody but the box that its settings name."""

    async def reset(self, *, seed: int) -> None:
        """As after power-on; the box on the output has power again if the supply starts switched on."""
        async with self._turn:
            self._scpi = self._supply()
            await self._feed()

    async def stop(self) -> None:
        """Leave no task or port behind; may be called twice."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for task in list(self._serving):
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        if server is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await server.wait_closed()
        await self._back.stop()
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _supply(self) -> ScpiSupply:
        return ScpiSupply(self._limits, fresh=self._fresh, load_ma=lambda: self._drawn_ma)

    def _fresh(self) -> Output:
        held = self._settings
        return Output(on=held.on, volts_mv=held.start_mv, limit_ma=held.start_ma)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._serving) >= CLIENTS:
            writer.transport.abort()
            return
        self._serving.add(task)
        try:
            while line := await self._message(reader):
                async with self._turn:
                    response = await self._carry_out(line)
                if response and writer.transport.get_write_buffer_size() + len(response) <= MAX_WAITING:
                    self._context.tape.frame(self._channel, Direction.SENT, response)
                    writer.write(response)
        except OSError:
            return
        except asyncio.CancelledError:
            return
        finally:
            self._serving.discard(task)
            writer.transport.abort()

    async def _message(self, reader: asyncio.StreamReader) -> bytes:
        """The next line, or nothing at the end; what is too long is thrown away up to its end, and is an error."""
        while True:
            try:
                return await reader.readuntil(b"\n")
            except asyncio.IncompleteReadError:
                return b""
            except asyncio.LimitOverrunError as error:
                await reader.readexactly(max(1, error.consumed))
                await self._skip_line(reader)
                self._scpi.fail(OVERRUN)

    async def _skip_line(self, reader: asyncio.StreamReader) -> None:
        while True:
            try:
                await reader.readuntil(b"\n")
            except asyncio.LimitOverrunError as error:
                await reader.readexactly(max(1, error.consumed))
            except asyncio.IncompleteReadError:
                return
            else:
                return

    async def _carry_out(self, line: bytes) -> bytes:
        self._context.tape.frame(self._channel, Direction.RECEIVED, line)
        message = line.decode("latin-1").strip()
        if "MEAS" in message.upper():
            await self._look_at_the_box()
        before = self._scpi.output.across(self._drawn_ma)
        told = self._scpi.execute(message)
        after = self._scpi.output.across(self._drawn_ma)
        if before != after:
            self._context.tape.event(self._context.name, "output", mv=after[0], ma=after[1])
        await self._feed()
        return told.encode("latin-1") + b"\n" if told else b""

    async def _feed(self) -> None:
        """Give the box power or take it, as the output now is."""
        fed = self._scpi.output.across(self._settings.idle_ma)[0] >= self._settings.least_mv
        if fed == self._fed:
            return
        self._fed = fed
        self._drawn_ma = self._settings.idle_ma if fed else 0
        if self._settings.feeds is not None and await self._ask_box("POST", "/power", {"on": fed}) is None:
            self._context.tape.event(self._context.name, "box-unreachable", feeds=self._settings.feeds)

    async def _look_at_the_box(self) -> None:
        """What the box draws depends on what it does."""
        if not self._fed:
            self._drawn_ma = 0
            return
        state = await self._ask_box("GET", "/state") if self._settings.feeds is not None else None
        busy = state is not None and state.get("in_session") is True
        self._drawn_ma = self._settings.decoding_ma if busy else self._settings.idle_ma

    async def _ask_box(
        self, method: str, path: str, body: Mapping[str, JsonValue] | None = None
    ) -> dict[str, object] | None:
        """What the box's back door says; None when it does not answer, or refuses."""
        if self._client is None:
            self._client = httpx.AsyncClient(
                timeout=BOX_TIMEOUT_S,
                trust_env=False,
                verify=TRUSTS_NOBODY,  # a back door is plain HTTP
                limits=httpx.Limits(max_keepalive_connections=0),
            )
        try:
            response = await self._client.request(method, f"{self._settings.feeds}{path}", json=body)
            told = response.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):
            return None
        return told if response.is_success and isinstance(told, dict) else None

    def _state(self) -> dict[str, JsonValue]:
        output = self._scpi.output
        volts_mv, current_ma = output.across(self._drawn_ma)
        return {
            "at": str(tcp_address(self._context.host, self._number)),
            "on": output.on,
            "set_mv": output.volts_mv,
            "limit_ma": output.limit_ma,
            "mv": volts_mv,
            "ma": current_ma,
            "box_fed": self._fed,
            "errors": self._scpi.errors,
        }

    @property
    def _channel(self) -> str:
        return f"{self._context.name}.tcp"
