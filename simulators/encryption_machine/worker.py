"""One worker process of an encryption machine: serves the connections that it is handed, until its channel breaks.

Started by `workers` as `python -m simulators.encryption_machine.worker FD`; not meant to be started by hand.
"""

import asyncio
import json
import os
import signal
import socket
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.bench.loop import new_loop
from harness.bench.plugin import SimulatorContext
from harness.clock import SystemClock
from harness.errors import LiantiaoError
from harness.faults.schedule import FaultSchedule
from harness.line.tape import Tape
from simulators.encryption_machine.keystore import KeyStore
from simulators.encryption_machine.plant import Plant
from simulators.encryption_machine.settings import EncryptionMachineSettings, Nonces
from simulators.encryption_machine.workers import DER, HOST, HTTP

CHUNK, MOST_SOCKETS = 65536, 64


class Worker:
    """The plant of this process, and its channel to the process that accepts."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._plant: Plant | None = None
        self._text = b""
        self._sockets: deque[socket.socket] = deque()
        self._connections = 0
        self._adopting: set[asyncio.Task[None]] = set()
        self.ended = asyncio.Event()

    async def serve(self) -> None:
        """Until the channel breaks, or a signal ends it."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.ended.set)
        loop.add_signal_handler(signal.SIGINT, lambda: None)
        loop.add_reader(self._channel, self._heard)
        try:
            await self.ended.wait()
        finally:
            loop.remove_reader(self._channel)
            if self._plant is not None:
                await self._plant.stop()

    def _heard(self) -> None:
        try:
            data, numbers, _, _ = socket.recv_fds(self._channel, CHUNK, MOST_SOCKETS)
        except BlockingIOError:
            return
        except OSError:
            data, numbers = b"", []
        self._sockets.extend(socket.socket(fileno=number) for number in numbers)
        if not data:
            self.ended.set()
            return
        *lines, self._text = (self._text + data).split(b"\n")
        for line in lines:
            self._told(json.loads(line))

    def _told(self, message: dict[str, Any]) -> None:
        match message:
            case {"door": door}:
                self._begin(self._adopt(door, self._sockets.popleft()))
            case {"reset": seed} if self._plant is not None:
                self._plant.reset(seed=seed)
            case {"settings": settings}:
                self._begin(self._prepare(settings, message))

    def _begin(self, work: Any) -> None:  # noqa: ANN401 - a coroutine of this class
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._adopting.add(task)
        task.add_done_callback(self._adopting.discard)

    async def _prepare(self, settings: dict[str, Any], message: dict[str, Any]) -> None:
        try:
            clock = SystemClock()
            tape = Tape(clock)
            chosen = EncryptionMachineSettings(**{**settings, "nonces": Nonces(settings["nonces"])})
            context = SimulatorContext(
                name=message["name"],
                clock=clock,
                tape=tape,
                seed=message["seed"],
                faults=FaultSchedule(message["name"], tape),
                host=message["host"],
            )
            store = KeyStore(Path(settings["keys"]), repeatable=chosen.nonces is Nonces.REPEATABLE)
            self._plant = Plant(context, chosen, store=store, part=f"/{message['number']}")
            self._plant.capacity.on_change = self._changed
            await self._plant.start_handed()
        except LiantiaoError as error:
            print(error, file=sys.stderr, flush=True)
            self.ended.set()
            return
        self._say({"ready": True})

    async def _adopt(self, door: str, connection: socket.socket) -> None:
        assert self._plant is not None
        connection.setblocking(False)
        factories: dict[str, Callable[[], asyncio.Protocol]] = {
            HOST: self._plant.host_door.protocol,
            DER: self._plant.der_door.protocol,
            HTTP: self._plant.http_door.server.protocol,
        }
        loop = asyncio.get_running_loop()
        try:
            await loop.connect_accepted_socket(factories[door], connection)
        except OSError:
            connection.close()
            if door != HTTP:
                self._say({"gone": 1})

    def _changed(self, connections: int) -> None:
        before, self._connections = self._connections, connections
        if connections < before:
            self._say({"gone": before - connections})

    def _say(self, message: dict[str, object]) -> None:
        try:
            self._channel.send(json.dumps(message).encode() + b"\n")
        except OSError:
            self.ended.set()


def main() -> None:
    """Serve on the channel whose number is the only argument."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    channel.setblocking(False)
    os.set_inheritable(channel.fileno(), False)
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(_serve(channel))


async def _serve(channel: socket.socket) -> None:
    await Worker(channel).serve()


if __name__ == "__main__":
    main()
