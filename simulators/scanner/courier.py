"""Scans that the host acknowledges, one packet at a time: what is not acknowledged is sent again, then given up."""

from collections import deque
from collections.abc import Callable

from simulators.scanner.dialect import Action, Await, Send, Signal

MOST_WAITING = 256
"""Scans that wait at most; real boxes have a few kilobytes."""


class Courier:
    """The scans under way. `again` makes the packet that is sent a second time of the one sent first."""

    def __init__(self, *, seconds: float, tries: int, again: Callable[[bytes], bytes]) -> None:
        self.seconds = seconds
        self._tries = tries
        self._again = again
        self._scans: deque[deque[bytes]] = deque()
        self._tried = 0

    @property
    def busy(self) -> bool:
        """Whether an acknowledgement is awaited."""
        return bool(self._scans)

    def take(self, packets: list[bytes]) -> list[Action]:
        """A scan in packets: sent now, or after those before it."""
        if len(self._scans) >= MOST_WAITING:
            return [Signal("scan-dropped", {"why": "the buffer is full"})]
        self._scans.append(deque(packets))
        return self._first() if len(self._scans) == 1 else []

    def acknowledged(self) -> list[Action]:
        """The host has what was sent last."""
        if not self._scans:
            return []
        self._scans[0].popleft()
        if self._scans[0]:
            self._tried = 1
            return [Send(self._scans[0][0]), Await(self.seconds)]
        return self._next()

    def again(self) -> list[Action]:
        """The host wants it again, or has said nothing in time."""
        if not self._scans:
            return []
        if self._tried >= self._tries:
            return [Signal("not-acknowledged", {"tries": self._tried}), *self._next()]
        self._tried += 1
        return [Send(self._again(self._scans[0][0])), Await(self.seconds)]

    def flush(self) -> list[Action]:
        """Forget everything."""
        busy = self.busy
        self._scans.clear()
        return [Await(None)] if busy else []

    def _next(self) -> list[Action]:
        self._scans.popleft()
        return self._first() if self._scans else [Await(None)]

    def _first(self) -> list[Action]:
        self._tried = 1
        return [Send(self._scans[0][0], scan=True), Await(self.seconds)]
