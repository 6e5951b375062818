"""One worker process behind a gate: serves the connections that it is handed, until its channel breaks.

A device's module for `python -m` calls `main` with what its part is made by; the other end of the channel is `gate`.
"""

import asyncio
import json
import os
import signal
import socket
import sys
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol

from harness.bench.garbage import end_of_service, expect_little_garbage
from harness.bench.loop import new_loop
from harness.bench.plugin import SimulatorContext
from harness.clock import SystemClock
from harness.errors import LiantiaoError
from harness.faults.schedule import FaultSchedule
from harness.line.tape import Tape
from harness.line.tls import read_client_tls, read_server_tls

CHUNK, MOST_SOCKETS = 65536, 64
Gone = Callable[[int], None]
"""To be called when so many counted connections have ended."""


class Part(Protocol):
    """A device's part in a worker process."""

    async def prepare(self, orders: Mapping[str, Any]) -> None:
        """Be ready to serve. Raises LiantiaoError."""
        ...

    async def adopt(self, door: str, connection: socket.socket) -> None:
        """Serve a connection to a door. Raises OSError when it is gone already."""
        ...

    def told(self, message: Mapping[str, Any]) -> None:
        """Something else that the device says to its workers."""
        ...

    async def stop(self) -> None:
        """Leave nothing behind; may be called without `prepare`."""
        ...


class GateWorker:
    """The part of this process, and its channel to the process that accepts."""

    def __init__(self, channel: socket.socket, make: Callable[[Gone], Part]) -> None:
        self._channel = channel
        self._part = make(lambda count: self._say({"gone": count}))
        self._text = b""
        self._sockets: deque[socket.socket] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ready = False
        self._ended = asyncio.Event()

    async def serve(self) -> None:
        """Until the channel breaks, or a signal ends it."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._ended.set)
        loop.add_signal_handler(signal.SIGINT, lambda: None)
        loop.add_reader(self._channel, self._heard)
        try:
            await self._ended.wait()
        finally:
            loop.remove_reader(self._channel)
            end_of_service()
            await self._part.stop()

    def _heard(self) -> None:
        try:
            data, numbers, _, _ = socket.recv_fds(self._channel, CHUNK, MOST_SOCKETS)
        except BlockingIOError:
            return
        except OSError:
            data, numbers = b"", []
        self._sockets.extend(socket.socket(fileno=number) for number in numbers)
        if not data:
            self._ended.set()
            return
        *lines, self._text = (self._text + data).split(b"\n")
        for line in lines:
            self._told(json.loads(line))

    def _told(self, message: dict[str, Any]) -> None:
        match message:
            case {"door": door}:
                self._begin(self._adopt(door, self._sockets.popleft()))
            case {"settings": _}:
                self._begin(self._prepare(message))
            case _ if self._ready:
                self._part.told(message)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _prepare(self, orders: Mapping[str, Any]) -> None:
        try:
            await self._part.prepare(orders)
        except LiantiaoError as error:
            print(error, file=sys.stderr, flush=True)
            self._ended.set()
            return
        self._ready = True
        expect_little_garbage()
        self._say({"ready": True})

    async def _adopt(self, door: str, connection: socket.socket) -> None:
        connection.setblocking(False)
        await self._part.adopt(door, connection)

    def _say(self, message: dict[str, object]) -> None:
        try:
            self._channel.send(json.dumps(message).encode() + b"\n")
        except OSError:
            self._ended.set()


def worker_context(orders: Mapping[str, Any]) -> SimulatorContext:
    """The context of a part: the machine's clock, a tape in memory, no faults."""
    clock = SystemClock()
    tape = Tape(clock)
    return SimulatorContext(
        name=orders["name"],
        clock=clock,
        tape=tape,
        seed=orders["seed"],
        faults=FaultSchedule(orders["name"], tape),
        host=orders["host"],
        profile=orders["profile"],
        tls=read_server_tls(orders["tls"]),
        trust=read_client_tls(orders["trust"]),
    )


def main(make: Callable[[Gone], Part]) -> None:
    """Serve on the channel whose number is the only argument."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    channel.setblocking(False)
    os.set_inheritable(channel.fileno(), False)

    async def serve() -> None:
        await GateWorker(channel, make).serve()

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(serve())
