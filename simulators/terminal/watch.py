"""What calls at the voucher centre wait for at this terminal; asked only while somebody has the screen open."""

import asyncio
from collections.abc import Callable

from simulators.terminal.centre import Centre, CentreRefusalError, CentreUnavailableError


class Watch:
    """Follows one centre while `opened`; `changed` is called with what is asked for: card, face, code."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._centre: Centre | None = None
        self._pages = 0
        self._task: asyncio.Task[None] | None = None
        self.asked: tuple[str, ...] = ()

    def follow(self, centre: Centre | None) -> None:
        """Follow this centre from now on."""
        self._centre = centre
        self._restart()

    def open(self) -> None:
        """Somebody has opened the screen."""
        self._pages += 1
        if self._task is None:
            self._restart()

    def close(self) -> None:
        """Somebody has closed it."""
        self._pages -= 1
        if self._pages == 0:
            self.stop()

    def stop(self) -> None:
        """Ask no more."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self.asked = ()

    def _restart(self) -> None:
        self.stop()
        if self._centre is not None and self._pages:
            self._task = asyncio.create_task(self._run(self._centre), name="terminal watch")

    async def _run(self, centre: Centre) -> None:
        state = -1
        while True:
            try:
                told = await centre.asked(state)
            except (CentreRefusalError, CentreUnavailableError):
                return  # it has no such service, or is gone: the screen then shows its own calls only
            things, count = told.get("asked"), told.get("state")
            if not isinstance(things, list) or not isinstance(count, int):
                return
            state = count
            self.asked = tuple(str(thing) for thing in things)
            self._changed()
