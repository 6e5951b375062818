"""One worker process of an encryption machine; `workers` starts it, nobody starts it by hand."""

import asyncio
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from simulators.encryption_machine.keystore import KeyStore
from simulators.encryption_machine.plant import Plant
from simulators.encryption_machine.settings import EncryptionMachineSettings, Nonces
from simulators.encryption_machine.workers import DER, HOST, HTTP
from simulators.kit.gate_worker import Gone, main, worker_context


class MachinePart:
    """The plant of this process."""

    def __init__(self, gone: Gone) -> None:
        self._gone = gone
        self._plant: Plant | None = None
        self._connections = 0

    async def prepare(self, orders: Mapping[str, Any]) -> None:
        """Build the plant on the shared key store."""
        settings = orders["settings"]
        chosen = EncryptionMachineSettings(**{**settings, "nonces": Nonces(settings["nonces"])})
        store = KeyStore(Path(settings["keys"]), repeatable=chosen.nonces is Nonces.REPEATABLE)
        plant = Plant(worker_context(orders), chosen, store=store, part=f"/{orders['number']}")
        self._plant = plant
        plant.capacity.on_change = self._changed
        await plant.start_handed()

    async def adopt(self, door: str, connection: socket.socket) -> None:
        """Serve a connection; those to TCP doors are counted by the plant's capacity."""
        assert self._plant is not None
        factories: dict[str, Callable[[], asyncio.Protocol]] = {
            HOST: self._plant.host_door.protocol,
            DER: self._plant.der_door.protocol,
            HTTP: self._plant.http_door.server.protocol,
        }
        try:
            tls = self._plant.http_door.server.tls_context if door == HTTP else None
            await asyncio.get_running_loop().connect_accepted_socket(factories[door], connection, ssl=tls)
        except OSError:
            connection.close()
            if door != HTTP:
                self._gone(1)

    def told(self, message: Mapping[str, Any]) -> None:
        """A new case begins."""
        if "reset" in message and self._plant is not None:
            self._plant.reset(seed=message["reset"])

    async def stop(self) -> None:
        """Close the doors."""
        if self._plant is not None:
            await self._plant.stop()

    def _changed(self, connections: int) -> None:
        before, self._connections = self._connections, connections
        if connections < before:
            self._gone(before - connections)


if __name__ == "__main__":
    main(MachinePart)
