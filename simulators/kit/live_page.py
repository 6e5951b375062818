"""Keeping open pages up to date: server-sent events whenever something changes or a case steps the clock."""

import asyncio
import json
from collections.abc import Callable, Mapping

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from harness.clock import Clock
from harness.line.record import JsonValue

STEP_SEEN_S = 1
"""Steps of a bench clock by less than this are not told to pages."""
TASK = "live page"


class Bell:
    """Rings for whoever waits when something has changed; a ring between two waits is not missed."""

    def __init__(self) -> None:
        self.rung = 0
        self._waiting: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        """Wake everybody."""
        self.rung += 1
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)
        self._waiting.clear()

    async def wait(self, *, since: int) -> None:
        """Return when the bell has rung more than `since` times."""
        if self.rung > since:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiter)
        try:
            await waiter
        finally:
            self._waiting.discard(waiter)


class LivePage(Response):
    """An answer that never ends by itself: `content` as an event at once and after every change."""

    def __init__(self, bell: Bell, clock: Clock, content: Callable[[], Mapping[str, JsonValue]]) -> None:
        super().__init__()
        self._bell = bell
        self._clock = clock
        self._content = content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve until the page is closed."""
        del scope
        headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        closed = asyncio.create_task(_closed(receive), name=TASK)
        tasks = {closed}
        try:
            stepped = await self._stepped(tasks)
            while not closed.done():
                rung = self._bell.rung
                await send({"type": "http.response.body", "body": _event(self._content()), "more_body": True})
                changed = asyncio.create_task(self._bell.wait(since=rung), name=TASK)
                tasks.add(changed)
                await asyncio.wait({closed, changed, stepped}, return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()
                tasks.discard(changed)
                if stepped.done():
                    tasks.discard(stepped)
                    stepped = await self._stepped(tasks)
        finally:
            for task in tasks:
                task.cancel()

    async def _stepped(self, tasks: set[asyncio.Task[None]]) -> asyncio.Task[None]:
        """A task that ends with the clock's next step; it waits already when this returns, so that none is missed."""
        task = asyncio.create_task(_step(self._clock), name=TASK)
        tasks.add(task)
        await asyncio.sleep(0)
        return task


async def _step(clock: Clock) -> None:
    """Return when a case steps the clock; never on the machine's clock, whose course a page follows by itself."""
    if clock.steppable:
        await clock.sleep(STEP_SEEN_S)
    else:
        await asyncio.Event().wait()


async def _closed(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _event(content: Mapping[str, JsonValue]) -> bytes:
    return b"data: " + json.dumps(content, ensure_ascii=False).encode() + b"\n\n"
