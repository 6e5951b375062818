"""Several processes behind one machine's doors, on one key store file; how, says `simulators.kit.gate`."""

import socket
from dataclasses import asdict

from harness.bench.plugin import Endpoints, SimulatorContext
from harness.line.address import tcp_address
from simulators.encryption_machine.plant import listen
from simulators.encryption_machine.settings import EncryptionMachineSettings
from simulators.kit.gate import Gate, GateKind, http_address, orders_of

HOST, DER, HTTP = "host", "der", "http"
KIND = GateKind(device="encryption machine", module="simulators.encryption_machine.worker", uncounted=frozenset({HTTP}))


class MachineGate:
    """The machine's doors and workers."""

    def __init__(self, context: SimulatorContext, settings: EncryptionMachineSettings, *, keys: str) -> None:
        self._context = context
        self._settings = settings
        orders = {
            "settings": {**asdict(settings), "keys": keys, "workers": 1},
            **orders_of(context),
        }
        self._gate = Gate(context, KIND, workers=settings.workers, orders=orders, most=settings.connections)

    @property
    def connections(self) -> int:
        """Connections to TCP doors, in all workers."""
        return self._gate.connections

    @property
    def pids(self) -> list[int]:
        """The workers that live."""
        return [pid for pid, _ in self._gate.workers]

    async def start(self) -> Endpoints:
        """Listen, and return when every worker serves. Raises BenchError."""
        ports = await self._gate.start(self._listen)
        host = self._context.host
        return Endpoints(
            at=str(tcp_address(host, ports[HOST])),
            also={
                "svs-http": http_address(self._context, ports[HTTP]),
                "svs-der": str(tcp_address(host, ports[DER])),
            },
        )

    def reset(self, *, seed: int) -> None:
        """Tell every worker that a new case begins."""
        self._gate.say({"reset": seed})

    async def stop(self) -> None:
        """End the workers and listen no more; may be called twice and after a failed start."""
        await self._gate.stop()

    def _listen(self) -> dict[str, socket.socket]:
        ports = {
            HOST: self._settings.host_port or self._context.port,
            DER: self._settings.der_port,
            HTTP: self._settings.svs_port,
        }
        found: dict[str, socket.socket] = {}
        try:
            for door, port in ports.items():
                found[door] = listen(self._context.host, port, self._context.name)
        except BaseException:
            for listening in found.values():
                listening.close()
            raise
        return found
