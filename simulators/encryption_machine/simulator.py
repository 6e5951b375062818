"""The virtual encryption machine put together: key store, machine, three doors, capacity, faults, back door.

Its own routes at the back door; nothing here shows key material, and public keys are no secret:

    POST   /repair              end an alarm, bring the keys back, show the true firmware again
    POST   /keys                {"index": 5, "label": "…", "pin": "…", "separate": false}: a new pair; all but the
                                index may be left out
    DELETE /keys                {"index": 5}: destroy what is at an index
    POST   /keys/lock           {"index": 5}: lock it, as wrong PINs would
    POST   /keys/unlock         {"index": 5}: forget the wrong PINs
    POST   /certificates        {"id": "…", "der": "hex", "trusted": false, "revoked": false}
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.bench.plugin import Endpoints, SimulatorContext
from harness.line.record import JsonValue
from simulators.encryption_machine.console import Console
from simulators.encryption_machine.keystore import KeyStore
from simulators.encryption_machine.plant import Plant
from simulators.encryption_machine.provision import populate
from simulators.encryption_machine.settings import EncryptionMachineSettings, Nonces
from simulators.encryption_machine.spoiling import EFFECTS
from simulators.encryption_machine.workers import MachineGate
from simulators.kit.back_door import BackDoor
from simulators.kit.gate import demand_workers_possible
from simulators.kit.http_party import offered_on_tls
from simulators.kit.no_faults import NoFaults

COUNTED_BY_WORKERS = frozenset({"served", "refused", "sessions"})


class VirtualEncryptionMachine:
    """A machine with all its doors in this process, or in several workers."""

    def __init__(self, context: SimulatorContext, settings: EncryptionMachineSettings) -> None:
        demand_workers_possible(context, settings.workers)
        self._folder: TemporaryDirectory[str] | None = None
        self._gate: MachineGate | None = None
        if settings.workers > 1:
            context = replace(context, faults=NoFaults(context.name, context.tape))
            if settings.keys is None:
                self._folder = TemporaryDirectory(prefix="encryption-machine-")
                settings = replace(settings, keys=str(Path(self._folder.name) / "keys.db"))
        self._plant = Plant(context, settings, store=open_store(context, settings))
        if settings.workers > 1:
            self._gate = MachineGate(context, settings, keys=str(settings.keys))
        console = Console(self._plant)
        self._back = BackDoor(
            context,
            state=self._state,
            reset=lambda seed: self.reset(seed=seed),
            effects=EFFECTS | offered_on_tls(context),
            routes=console.routes(),
        )

    async def start(self) -> Endpoints:
        """Open all doors. Raises BenchError when a port cannot be had."""
        ends = await (self._plant.start() if self._gate is None else self._gate.start())
        await self._back.start()
        return replace(ends, also={**ends.also, "control": self._back.address})

    def connect(self, peers: Mapping[str, str]) -> None:
        """A machine talks to nobody by itself."""

    async def reset(self, *, seed: int) -> None:
        """As new on the same addresses; keys in a file stay as they are, keys in memory are those of the beginning."""
        self._plant.reset(seed=seed)
        if self._gate is not None:
            self._gate.reset(seed=seed)

    async def stop(self) -> None:
        """Leave no task or port behind."""
        if self._gate is not None:
            await self._gate.stop()
        await asyncio.gather(self._plant.stop(), self._back.stop())
        if self._folder is not None:
            self._folder.cleanup()

    def _state(self) -> Mapping[str, JsonValue]:
        if self._gate is None:
            return self._plant.state()
        mine: dict[str, JsonValue] = {
            name: value for name, value in self._plant.state().items() if name not in COUNTED_BY_WORKERS
        }
        return {**mine, "connections": self._gate.connections, "workers": self._gate.pids}


def open_store(context: SimulatorContext, settings: EncryptionMachineSettings) -> KeyStore:
    """The key store, filled when it is new. Raises BenchError."""
    path = None if settings.keys is None else Path(settings.keys)
    store = KeyStore(path, repeatable=repeatable(context, settings))
    if store.empty:
        populate(store, seed=context.seed)
    return store


def repeatable(context: SimulatorContext, settings: EncryptionMachineSettings) -> bool:
    """Whether nonces are repeatable."""
    match settings.nonces:
        case Nonces.AUTO:
            return context.clock.steppable
        case nonces:
            return nonces is Nonces.REPEATABLE
