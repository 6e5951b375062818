"""Several processes behind one front door, on one ledger; how, says `simulators.kit.gate`.

The ledger keeps the workers apart: who books holds it alone, and a msgid that two get at once is booked by one and
answered by both alike. Faults and a stepped clock need one order of messages, which several processes do not have. The
back door and the tape of `--tape` are this process's; what workers record stays in their memories.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.bench.plugin import Endpoints, SimulatorContext
from harness.faults.catalogue import ON_HTTP
from harness.line.http import bind
from harness.line.record import JsonValue
from simulators.kit.back_door import BackDoor
from simulators.kit.gate import Gate, GateKind, demand_workers_possible, http_address, orders_of
from simulators.kit.no_faults import NoFaults
from simulators.platform.app import Platform
from simulators.platform.settings import PlatformSettings

DOOR = "http"
KIND = GateKind(device="platform", module="simulators.platform.app_worker", first=1)


class SharedPlatform:
    """The platform as one device in several processes."""

    def __init__(self, context: SimulatorContext, settings: PlatformSettings) -> None:
        demand_workers_possible(context, settings.workers)
        self._context = replace(context, faults=NoFaults(context.name, context.tape))
        self._folder: TemporaryDirectory[str] | None = None
        if settings.ledger is None:
            self._folder = TemporaryDirectory(prefix="platform-")
            settings = replace(settings, ledger=str(Path(self._folder.name) / "ledger.db"))
        self._books = Platform(self._context, replace(settings, workers=1), part=0)
        self._back = BackDoor(
            self._context, state=self._state, reset=lambda seed: self.reset(seed=seed), effects=ON_HTTP
        )
        self._orders: dict[str, object] = {
            "settings": {**asdict(settings), "workers": 1},
            **orders_of(context),
            "host": "127.0.0.1",  # of the worker's own port, which nobody is told
            "peers": {},
        }
        self._gate = Gate(self._context, KIND, workers=settings.workers, orders=self._orders)

    async def start(self) -> Endpoints:
        """Open the ledger, listen, and return when every worker serves. Raises BenchError."""
        self._books.open_books()
        context = self._context
        ports = await self._gate.start(lambda: {DOOR: bind(context.host, context.port, context.name)})
        await self._back.start()
        return Endpoints(at=http_address(context, ports[DOOR]), also={"control": self._back.address})

    def connect(self, peers: Mapping[str, str]) -> None:
        """Tell the workers where voucher centre and phone are."""
        self._orders["peers"] = dict(peers)  # for workers that do not run yet
        self._gate.say({"peers": dict(peers)})

    async def reset(self, *, seed: int) -> None:
        """Close all books and open new ones, then tell the workers."""
        await self._books.reset(seed=seed)
        self._gate.say({"reset": True})

    async def stop(self) -> None:
        """End the workers and listen no more; may be called twice and after a failed start."""
        await self._gate.stop()
        await self._back.stop()
        await self._books.stop()
        if self._folder is not None:
            self._folder.cleanup()

    def _state(self) -> Mapping[str, JsonValue]:
        workers: list[JsonValue] = [{"pid": pid, "connections": count} for pid, count in self._gate.workers]
        return {**self._books.state(), "workers": workers}
