"""Several processes behind one device's doors: this one accepts, each worker serves what it is handed.

A connection goes to the worker that has the fewest, so that a client's pool is spread evenly. A worker that ends by
itself ends the device: nothing is restarted. Workers end with this process, however it ends, since their channel to it
breaks.

Messages on the channel are JSON lines. To a worker: its orders; `{"door": NAME}` with a socket; whatever else its
device says. From a worker: `{"ready": true}`, `{"gone": 1}` for a counted connection that ended. The other end is
`gate_worker`.
"""

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from harness.bench.plugin import SimulatorContext
from harness.errors import BenchError, ConfigError

START_S, END_S = 20.0, 3.0
ACCEPTED_AT_ONCE = 32


@dataclass(eq=False)
class _Worker:
    number: int
    process: "subprocess.Popen[bytes]"
    channel: socket.socket
    ready: asyncio.Event
    connections: int = 0
    """Counted connections that it has been handed and that have not ended."""
    handed: int = 0
    text: bytes = b""
    alive: bool = True


@dataclass(frozen=True, kw_only=True)
class GateKind:
    """What differs between devices: how people call it, and the module that `python -m` starts as a worker."""

    device: str
    module: str
    first: int = 0
    """The number of the first worker."""
    uncounted: frozenset[str] = frozenset()
    """Doors whose connections are neither counted nor limited."""


class Gate:
    """The listening sockets and the workers. `orders` go to each worker with its number; `most` connections at once."""

    def __init__(
        self,
        context: SimulatorContext,
        kind: GateKind,
        *,
        workers: int,
        orders: Mapping[str, object],
        most: int | None = None,
    ) -> None:
        self._context = context
        self._kind = kind
        self._count = workers
        self._orders = orders
        self._most = most
        self._workers: list[_Worker] = []
        self._listening: dict[str, socket.socket] = {}
        self._ending = False

    @property
    def connections(self) -> int:
        """Counted connections, in all workers."""
        return sum(worker.connections for worker in self._workers)

    @property
    def workers(self) -> list[tuple[int, int]]:
        """Process id and counted connections of each worker that lives."""
        return [(worker.process.pid, worker.connections) for worker in self._workers if worker.alive]

    async def start(self, listen: Callable[[], Mapping[str, socket.socket]]) -> Mapping[str, int]:
        """Listen, and return the doors' ports when every worker serves. Raises BenchError."""
        self._listening = dict(listen())
        for number in range(self._kind.first, self._kind.first + self._count):
            self._workers.append(self._spawn(number))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_S):
                for worker in self._workers:
                    await worker.ready.wait()
        if not all(worker.alive and worker.ready.is_set() for worker in self._workers):
            raise BenchError(
                f"A worker of the {self._kind.device} did not start.",
                cause="the machine is short of memory, or the installation is damaged; the worker's own message stands "
                "above",
                remedy="try with --workers 1",
            )
        loop = asyncio.get_running_loop()
        for door, listening in self._listening.items():
            loop.add_reader(listening, self._accept, door)
        return {door: listening.getsockname()[1] for door, listening in self._listening.items()}

    def say(self, message: Mapping[str, object]) -> None:
        """Tell every worker."""
        for worker in self._workers:
            _say(worker, message)

    async def stop(self) -> None:
        """End the workers and listen no more; may be called twice and after a failed start."""
        self._ending = True
        loop = asyncio.get_running_loop()
        self._hang_up()
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
                [sys.executable, "-m", self._kind.module, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        ours.setblocking(False)
        worker = _Worker(number=number, process=process, channel=ours, ready=asyncio.Event())
        asyncio.get_running_loop().add_reader(ours, self._heard, worker)
        _say(worker, {**self._orders, "number": number})
        return worker

    def _accept(self, door: str) -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            listening = self._listening.get(door)
            if listening is None:
                return
            try:
                connection, _ = listening.accept()
            except (BlockingIOError, OSError):
                return
            with connection:
                self._hand(door, connection)

    def _hand(self, door: str, connection: socket.socket) -> None:
        counted = door not in self._kind.uncounted
        if counted and self._most is not None and self.connections >= self._most:
            self._context.tape.event(self._context.name, "connection-refused", door=door)
            return
        living = [worker for worker in self._workers if worker.alive]
        if not living:
            return
        worker = min(living, key=lambda one: (one.connections, one.handed))
        worker.handed += 1
        worker.connections += counted
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
        """A worker ended by itself: the device ends with it."""
        if not worker.alive:
            return
        worker.alive = False
        worker.connections = 0
        worker.ready.set()
        asyncio.get_running_loop().remove_reader(worker.channel)
        if self._ending:
            return
        self._ending = True
        self._context.tape.event(self._context.name, "worker-died", worker=worker.number)
        died = f"Worker {worker.number} of the {self._kind.device} died; it listens no more. Start it again."
        print(died, file=sys.stderr, flush=True)
        self._hang_up()
        for other in self._workers:
            with contextlib.suppress(ProcessLookupError):
                other.process.terminate()

    def _hang_up(self) -> None:
        loop = asyncio.get_running_loop()
        for listening in self._listening.values():
            loop.remove_reader(listening)
            listening.close()
        self._listening.clear()


def orders_of(context: SimulatorContext) -> dict[str, object]:
    """What every worker is told of its device's context; `gate_worker.worker_context` reads it."""
    return {
        "name": context.name,
        "seed": context.seed,
        "host": context.host,
        "profile": context.profile,
        "tls": None if context.tls is None else asdict(context.tls),
        "trust": asdict(context.trust),
    }


def demand_workers_possible(context: SimulatorContext, workers: int) -> None:
    """Raises ConfigError where several processes cannot be one device."""
    if workers > 1 and context.clock.steppable:
        raise ConfigError(
            f"{workers} workers cannot share a bench clock.",
            cause="each worker is a process of its own, and a bench clock is stepped in one process",
            remedy='leave workers at 1 on a bench, or use clock = "system"',
        )


def http_address(context: SimulatorContext, port: int) -> str:
    """Where an HTTP door is."""
    host = f"[{context.host}]" if ":" in context.host else context.host
    return f"{'http' if context.tls is None else 'https'}://{host}:{port}"


def _say(worker: _Worker, message: Mapping[str, object]) -> None:
    with contextlib.suppress(OSError):
        worker.channel.send(_line(message))


def _line(message: Mapping[str, object]) -> bytes:
    return json.dumps(message).encode() + b"\n"


def _end(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
