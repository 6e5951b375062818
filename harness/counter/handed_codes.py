"""What hands a second till its codes: a TCP line of ours in the place of a second scanner box.

A till opens it as it would open a box at `tcp:`. What a picture holds is known from the phone that has shown it, so
nothing is decoded here; the first till has a real box, or one that decodes.
"""

import asyncio
import concurrent.futures
from collections.abc import Coroutine

from harness.errors import BenchError
from harness.gm import sm3
from harness.line.record import Direction
from harness.line.tape import Tape

LOOPBACK = "127.0.0.1"
SUFFIX = b"\r"
HAND_S = 10.0
"""How long a till that asked for a scan may take to be connected, in real seconds."""


class HandedCodes:
    """The line, on the tape as NAME.tcp; `loop` is the bench's, in its thread."""

    def __init__(self, name: str, *, tape: Tape, loop: asyncio.AbstractEventLoop) -> None:
        self._name = name
        self._tape = tape
        self._loop = loop
        self._server: asyncio.Server | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._connected = asyncio.Event()

    @property
    def address(self) -> str:
        """Where a till finds it. Raises BenchError before `start`."""
        if self._server is None:
            raise BenchError("Nothing hands codes yet.", cause="a call before start()", remedy="start it first")
        return f"tcp:{LOOPBACK}:{self._server.sockets[0].getsockname()[1]}"

    def start(self) -> None:
        """Listen on any free port."""
        self._run(self._listen())

    def show(self, picture: bytes) -> None:
        """Send what a shown picture holds. Raises BenchError for one that no phone has shown, or without a till."""
        shown = sm3(picture).hex()
        found = [r.event.get("digits") for r in self._tape.recent() if r.event.get("image_sm3") == shown]
        digits = [text for text in found if isinstance(text, str)]
        if not digits:
            raise BenchError(
                "Nobody knows what this picture holds.",
                cause="no phone of this bench has shown it in this case",
                remedy="show a picture that the phone has just shown",
            )
        self._run(self._send(digits[-1].encode() + SUFFIX))

    def configure(self, settings: object) -> None:
        """There is nothing to be set."""

    def close(self) -> None:
        """Listen no more, hang up; may be called twice."""
        if self._server is not None and self._loop.is_running():
            self._run(self._hang_up())
        self._server = None

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._take, LOOPBACK, 0)

    async def _take(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._connected.set()

    async def _send(self, data: bytes) -> None:
        await self._connected.wait()
        assert self._writer is not None
        self._tape.frame(f"{self._name}.tcp", Direction.SENT, data)
        self._writer.write(data)

    async def _hang_up(self) -> None:
        if self._writer is not None:
            self._writer.close()
        if self._server is not None:
            self._server.close()

    def _run(self, work: Coroutine[None, None, None]) -> None:
        done = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            done.result(HAND_S)
        except concurrent.futures.TimeoutError as error:
            done.cancel()
            raise BenchError(
                f"The second till has not opened its scanner's line within {HAND_S:g} s.",
                cause="it asked for a scan before it had connected to the address of its scanner",
                remedy="open `endpoints.scanner` before `scan-please` is written",
            ) from error
