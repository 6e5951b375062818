"""Several processes behind one machine's doors: this one accepts, each worker serves what it is handed.

A connection goes to the worker that has the fewest, so that a client's pool is spread evenly. All workers work on one
key store file. A worker that ends by itself ends the machine: nothing is restarted. Workers end with this process,
however it ends, since their channel to it breaks.

Messages on the channel are JSON lines. To a worker: its orders; `{"door": "host"}` with a socket; `{"reset": SEED}`.
From a worker: `{"ready": true}`, `{"gone": 1}` for a connection to a TCP door that ended.
"""

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from harness.bench.plugin import Endpoints, SimulatorContext
from harness.errors import BenchError, ConfigError
from harness.line.address import tcp_address
from simulators.encryption_machine.plant import listen
from simulators.encryption_machine.settings import EncryptionMachineSettings

START_S, END_S = 20.0, 3.0
ACCEPTED_AT_ONCE = 32
HOST, DER, HTTP = "host", "der", "http"


@dataclass(eq=False)
class _Worker:
    process: subprocess.Popen[bytes]
    channel: socket.socket
    ready: asyncio.Event
    connections: int = 0
    """Connections to TCP doors that it has been handed and that have not ended."""
    handed: int = 0
    text: bytes = b""
    alive: bool = True


class Gate:
    """The listening sockets and the workers."""

    def __init__(self, context: SimulatorContext, settings: EncryptionMachineSettings, *, keys: str) -> None:
        self._context = context
        self._settings = settings
        self._orders = {
            "settings": {**asdict(settings), "keys": keys, "workers": 1},
            "name": context.name,
            "seed": context.seed,
            "host": context.host,
        }
        self._workers: list[_Worker] = []
        self._listening: dict[str, socket.socket] = {}
        self._ending = False

    @property
    def connections(self) -> int:
        """Connections to TCP doors, in all workers."""
        return sum(worker.connections for worker in self._workers)

    @property
    def pids(self) -> list[int]:
        """The workers that live."""
        return [worker.process.pid for worker in self._workers if worker.alive]

    async def start(self) -> Endpoints:
        """Listen, and return when every worker serves. Raises BenchError."""
        host = self._context.host
        for door, port in (
            (HOST, self._settings.host_port or self._context.port),
            (DER, self._settings.der_port),
            (HTTP, self._settings.svs_port),
        ):
            self._listening[door] = listen(host, port, self._context.name)
        for number in range(self._settings.workers):
            self._workers.append(self._spawn(number))
        try:
            async with asyncio.timeout(START_S):
                for worker in self._workers:
                    await worker.ready.wait()
        except TimeoutError as error:
            raise _no_worker() from error
        if not all(worker.alive for worker in self._workers):
            raise _no_worker()
        loop = asyncio.get_running_loop()
        for door, listening in self._listening.items():
            loop.add_reader(listening, self._accept, door)
        ports = {door: listening.getsockname()[1] for door, listening in self._listening.items()}
        bracketed = f"[{host}]" if ":" in host else host
        return Endpoints(
            at=str(tcp_address(host, ports[HOST])),
            also={"svs-http": f"http://{bracketed}:{ports[HTTP]}", "svs-der": str(tcp_address(host, ports[DER]))},
        )

    def reset(self, *, seed: int) -> None:
        """Tell every worker that a new case begins."""
        for worker in self._workers:
            _say(worker, {"reset": seed})

    async def stop(self) -> None:
        """End the workers and listen no more; may be called twice and after a failed start."""
        self._ending = True
        loop = asyncio.get_running_loop()
        for listening in self._listening.values():
            loop.remove_reader(listening)
            listening.close()
        self._listening.clear()
        workers, self._workers = self._workers, []
        for worker in workers:
            loop.remove_reader(worker.channel)
            worker.channel.close()
        for worker in workers:
            await asyncio.to_thread(_end, worker.process)

    def _spawn(self, number: int) -> _Worker:
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", "simulators.encryption_machine.worker", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        ours.setblocking(False)
        worker = _Worker(process=process, channel=ours, ready=asyncio.Event())
        asyncio.get_running_loop().add_reader(ours, self._heard, worker)
        _say(worker, {**self._orders, "number": number})
        return worker

    def _accept(self, door: str) -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                connection, _ = self._listening[door].accept()
            except (BlockingIOError, OSError):
                return
            with connection:
                if door != HTTP and self.connections >= self._settings.connections:
                    self._context.tape.event(self._context.name, "connection-refused", door=door)
                    continue
                living = [worker for worker in self._workers if worker.alive]
                if not living:
                    return
                worker = min(living, key=lambda w: (w.connections, w.handed))
                worker.handed += 1
                if door != HTTP:
                    worker.connections += 1
                try:
                    socket.send_fds(worker.channel, [_line({"door": door})], [connection.fileno()])
                except OSError:
                    self._lost(worker)

    def _heard(self, worker: _Worker) -> None:
        try:
            data = worker.channel.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lost(worker)
            return
        *lines, worker.text = (worker.text + data).split(b"\n")
        for line in lines:
            said = json.loads(line)
            worker.connections -= said.get("gone", 0)
            if said.get("ready"):
                worker.ready.set()

    def _lost(self, worker: _Worker) -> None:
        """A worker ended by itself: the machine ends with it."""
        if not worker.alive:
            return
        loop = asyncio.get_running_loop()
        worker.alive = False
        worker.connections = 0
        worker.ready.set()
        loop.remove_reader(worker.channel)
        if self._ending:
            return
        self._ending = True
        self._context.tape.event(self._context.name, "worker-died", worker=self._workers.index(worker))
        for listening in self._listening.values():
            loop.remove_reader(listening)
            listening.close()
        self._listening.clear()
        for other in self._workers:
            with contextlib.suppress(ProcessLookupError):
                other.process.terminate()


def demand_workers_possible(context: SimulatorContext, settings: EncryptionMachineSettings) -> None:
    """Raises ConfigError where several processes cannot be one machine."""
    if settings.workers > 1 and context.clock.steppable:
        raise ConfigError(
            f"{settings.workers} workers cannot share a bench clock.",
            cause="each worker is a process of its own, and a bench clock is stepped in one process",
            remedy='leave workers at 1 on a bench, or use clock = "system"',
        )


def _say(worker: _Worker, message: Mapping[str, object]) -> None:
    with contextlib.suppress(OSError):
        worker.channel.send(_line(message))


def _line(message: Mapping[str, object]) -> bytes:
    return json.dumps(message).encode() + b"\n"


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _no_worker() -> BenchError:
    return BenchError(
        "A worker of the encryption machine did not start.",
        cause="the machine is short of memory, or the installation is damaged; the worker's own message stands above",
        remedy="try with --workers 1",
    )
