"""Several processes behind one front door, on one ledger: this one accepts, each worker serves what it is handed.

A connection goes to the worker that has the fewest. The ledger keeps the workers apart: who books holds it alone, and a
msgid that two get at once is booked by one and answered by both alike. A worker that ends by itself ends the platform;
workers end with this process, however it ends, since their channel to it breaks. Faults and a stepped clock need one
order of messages, which several processes do not have. The back door and the tape of `--tape` are this process's; what
workers record stays in their memories.

Messages on the channel are JSON lines. To a worker: its orders; `{"peers": {…}}`; `{"reset": true}`;
`{"connection": true}` with a socket. From a worker: `{"ready": true}`, `{"gone": 1}` for a connection that ended.
"""

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.bench.plugin import Endpoints, SimulatorContext
from harness.errors import BenchError, ConfigError
from harness.faults.catalogue import ON_HTTP
from harness.line.http import bind
from harness.line.record import JsonValue
from simulators.kit.back_door import BackDoor
from simulators.kit.no_faults import NoFaults
from simulators.platform.app import Platform
from simulators.platform.settings import PlatformSettings

START_S, END_S = 20.0, 3.0
ACCEPTED_AT_ONCE = 32


@dataclass(eq=False)
class _Worker:
    process: "subprocess.Popen[bytes]"
    channel: socket.socket
    ready: asyncio.Event
    connections: int = 0
    text: bytes = b""
    alive: bool = True


class SharedPlatform:
    """The platform as one device in several processes."""

    def __init__(self, context: SimulatorContext, settings: PlatformSettings) -> None:
        if context.clock.steppable:
            raise ConfigError(
                f"{settings.workers} workers cannot share a bench clock.",
                cause="each worker is a process of its own, and a bench clock is stepped in one process",
                remedy='leave workers at 1 on a bench, or use clock = "system"',
            )
        self._context = replace(context, faults=NoFaults(context.name, context.tape))
        self._folder: TemporaryDirectory[str] | None = None
        if settings.ledger is None:
            self._folder = TemporaryDirectory(prefix="platform-")
            settings = replace(settings, ledger=str(Path(self._folder.name) / "ledger.db"))
        self._settings = settings
        self._books = Platform(self._context, replace(settings, workers=1), part=0)
        self._back = BackDoor(
            self._context, state=self._state, reset=lambda seed: self.reset(seed=seed), effects=ON_HTTP
        )
        self._workers: list[_Worker] = []
        self._listening: socket.socket | None = None
        self._ending = False

    async def start(self) -> Endpoints:
        """Open the ledger, listen, and return when every worker serves. Raises BenchError."""
        self._books.open_books()
        host = self._context.host
        self._listening = bind(host, self._context.port, self._context.name)
        for number in range(1, self._settings.workers + 1):
            self._workers.append(self._spawn(number))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_S):
                for worker in self._workers:
                    await worker.ready.wait()
        if not all(worker.alive and worker.ready.is_set() for worker in self._workers):
            raise _no_worker()
        asyncio.get_running_loop().add_reader(self._listening, self._accept)
        await self._back.start()
        bracketed = f"[{host}]" if ":" in host else host
        at = f"http://{bracketed}:{self._listening.getsockname()[1]}"
        return Endpoints(at=at, also={"control": self._back.address})

    def connect(self, peers: Mapping[str, str]) -> None:
        """Tell the workers where voucher centre and phone are."""
        for worker in self._workers:
            _say(worker, {"peers": dict(peers)})

    async def reset(self, *, seed: int) -> None:
        """Close all books and open new ones, then tell the workers."""
        await self._books.reset(seed=seed)
        for worker in self._workers:
            _say(worker, {"reset": True})

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
        await self._back.stop()
        await self._books.stop()
        if self._folder is not None:
            self._folder.cleanup()

    def _state(self) -> Mapping[str, JsonValue]:
        return {
            **self._books.state(),
            "workers": [
                {"pid": worker.process.pid, "connections": worker.connections}
                for worker in self._workers
                if worker.alive
            ],
        }

    def _spawn(self, number: int) -> _Worker:
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", "simulators.platform.app_worker", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        ours.setblocking(False)
        worker = _Worker(process=process, channel=ours, ready=asyncio.Event())
        asyncio.get_running_loop().add_reader(ours, self._heard, worker)
        orders = {
            "settings": {**asdict(self._settings), "workers": 1},
            "name": self._context.name,
            "seed": self._context.seed,
            "profile": self._context.profile,
            "number": number,
        }
        _say(worker, orders)
        return worker

    def _accept(self) -> None:
        assert self._listening is not None
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                connection, _ = self._listening.accept()
            except (BlockingIOError, OSError):
                return
            with connection:
                living = [worker for worker in self._workers if worker.alive]
                if not living:
                    return
                worker = min(living, key=lambda one: one.connections)
                worker.connections += 1
                try:
                    socket.send_fds(worker.channel, [_line({"connection": True})], [connection.fileno()])
                except OSError:
                    self._lost(worker)
                    return

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
        """A worker ended by itself: the platform ends with it."""
        if not worker.alive:
            return
        worker.alive = False
        worker.connections = 0
        worker.ready.set()
        asyncio.get_running_loop().remove_reader(worker.channel)
        if self._ending:
            return
        self._ending = True
        self._context.tape.event(self._context.name, "worker-died", worker=self._workers.index(worker) + 1)
        self._hang_up()
        for other in self._workers:
            with contextlib.suppress(ProcessLookupError):
                other.process.terminate()

    def _hang_up(self) -> None:
        if self._listening is not None:
            asyncio.get_running_loop().remove_reader(self._listening)
            self._listening.close()
            self._listening = None


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


def _no_worker() -> BenchError:
    return BenchError(
        "A worker of the platform did not start.",
        cause="the machine is short of memory, or the installation is damaged; the worker's own message stands above",
        remedy="try with --workers 1",
    )
