"""One worker process of a platform: serves the connections that it is handed, until its channel breaks.

Started by `app_workers` as `python -m simulators.platform.app_worker FD`; not meant to be started by hand.
"""

import asyncio
import json
import os
import signal
import socket
import sys
from collections import deque
from collections.abc import Coroutine
from typing import Any

from harness.bench.loop import new_loop
from harness.bench.plugin import SimulatorContext
from harness.bench.settings import read_settings
from harness.clock import SystemClock
from harness.errors import LiantiaoError
from harness.faults.schedule import FaultSchedule
from harness.line.http import Connection
from harness.line.tape import Tape
from simulators.kit.handed_server import HandedServer
from simulators.kit.http_party import HttpParty
from simulators.platform.app import Platform
from simulators.platform.settings import PlatformSettings

CHUNK, MOST_SOCKETS = 65536, 64


class HandedParty(HttpParty):
    """An HTTP party that serves what another process has accepted; its own port is known to nobody."""

    def __init__(self, context: SimulatorContext, *rest: Any, **options: Any) -> None:  # noqa: ANN401 - HttpParty's
        super().__init__(context, *rest, **options)
        self._handed = HandedServer(self._faulty, name=context.name, tape=context.tape, host=context.host)
        self._front = self._handed

    def protocol(self) -> asyncio.Protocol:
        """For a connection that was handed over."""
        return self._handed.protocol()

    async def gone(self, protocol: asyncio.Protocol) -> None:
        """Return when such a connection has ended."""
        connection: Connection = protocol.taped  # type: ignore[attr-defined]  # every protocol of a taped server has it
        await connection.gone.wait()


class Worker:
    """The platform of this process, and its channel to the process that accepts."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._platform: Platform | None = None
        self._party: HandedParty | None = None
        self._text = b""
        self._sockets: deque[socket.socket] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
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
            if self._platform is not None:
                await self._platform.stop()

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
            case {"connection": True}:
                self._begin(self._adopt(self._sockets.popleft()))
            case {"reset": True} if self._platform is not None:
                self._platform.begin_again()
            case {"peers": peers} if self._platform is not None:
                self._platform.connect(peers)
            case {"settings": settings}:
                self._begin(self._prepare(settings, message))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _prepare(self, settings: dict[str, Any], message: dict[str, Any]) -> None:
        try:
            clock = SystemClock()
            tape = Tape(clock)
            context = SimulatorContext(
                name=message["name"],
                clock=clock,
                tape=tape,
                seed=message["seed"],
                faults=FaultSchedule(message["name"], tape),
                profile=message["profile"],
            )
            chosen = read_settings(PlatformSettings, settings, where="worker")

            def party(*parts: Any, **options: Any) -> HandedParty:  # noqa: ANN401 - HttpParty's
                self._party = HandedParty(*parts, **options)
                return self._party

            self._platform = Platform(context, chosen, part=message["number"], party=party)
            await self._platform.start()
        except LiantiaoError as error:
            print(error, file=sys.stderr, flush=True)
            self.ended.set()
            return
        self._say({"ready": True})

    async def _adopt(self, connection: socket.socket) -> None:
        assert self._party is not None
        connection.setblocking(False)
        try:
            _, protocol = await asyncio.get_running_loop().connect_accepted_socket(self._party.protocol, connection)
        except OSError:
            connection.close()
        else:
            await self._party.gone(protocol)
        self._say({"gone": 1})

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
