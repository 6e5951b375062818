"""What was said between desk and adapter since the adapter's start: which commands run, and whether it has failed.

Lines are taken in the bench's event loop, waited for in the case's thread.
"""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from harness.counter.failures import out_of_turn
from harness.counter.greeting import Ready
from harness.counter.messages import (
    Answer,
    FromAdapter,
    Journalled,
    NotUnderstood,
    PresentPlease,
    Released,
    ScanPlease,
    parse_line,
)
from harness.counter.operation import ProcessOperation
from harness.counter.outcome import Outcome
from harness.counter.port import AdapterSilent
from harness.errors import LiantiaoError, PeerViolation

T = TypeVar("T")
EVENTS_LIMIT = 10_000
"""More events than this in one operation are an endless loop."""


def understood(line: bytes) -> tuple[FromAdapter | None, PeerViolation | None]:
    """What a line says, or what is wrong with it."""
    try:
        return parse_line(line), None
    except PeerViolation as error:
        return None, error


class Dialogue:
    """One start of an adapter after the other; `silent` says what is wrong when none of its lines come in time."""

    def __init__(self, *, patience_s: float, silent: Callable[[str], AdapterSilent]) -> None:
        self._patience_s = patience_s
        self._silent = silent
        self._changed = threading.Condition()
        self._number = 0
        self._running: dict[int, ProcessOperation] = {}
        self._events = 0
        self._last_line = 0.0
        self.ready: Ready | None = None
        """How the adapter introduced itself; None before it did."""
        self.failure: LiantiaoError | None = None
        """The first thing that went wrong since the start."""

    @property
    def busy(self) -> bool:
        """Whether a command has no answer yet."""
        return bool(self._running)

    def begin_anew(self) -> None:
        """The adapter is started again: nothing was said yet. The numbers of commands go on."""
        self.ready = None
        self.failure = None
        self._running = {}
        self._events = 0
        self._last_line = time.monotonic()

    def begun(self, do: str, read: Callable[[Answer], Outcome]) -> ProcessOperation:
        """A command that is about to be sent, with a number of its own."""
        with self._changed:
            self._number += 1
            operation = ProcessOperation(self, self._number, do, read)
            self._running[operation.number] = operation
        return operation

    def wait_until(self, wanted: Callable[[], T | None], what: str) -> T:
        """Wait until `wanted` gives something. Raises PeerViolation when the adapter fails or no line comes in time."""
        since = time.monotonic()
        with self._changed:
            while True:
                found = wanted()
                if found is not None:
                    return found
                if self.failure is not None:
                    raise self.failure
                left = max(since, self._last_line) + self._patience_s - time.monotonic()
                if left <= 0:
                    raise self._silent(what)
                self._changed.wait(left)

    def take(self, message: FromAdapter | None, line: bytes, failure: PeerViolation | None) -> PeerViolation | None:
        """Note a line that came, read by `understood`; what is wrong with it, if anything."""
        with self._changed:
            self._last_line = time.monotonic()
            failure = failure or self._apply(message, line)
            self._changed.notify_all()
        return failure

    def fail(self, failure: LiantiaoError) -> None:
        """Whoever waits is told so, unless something failed before."""
        with self._changed:
            self.failure = self.failure or failure
            self._changed.notify_all()

    def _apply(self, message: FromAdapter | None, line: bytes) -> PeerViolation | None:
        match message:
            case Ready():
                if self.ready is not None:
                    return out_of_turn(line, "it is ready already")
                self.ready = message
            case NotUnderstood(id=number, text=text):
                for operation in [o for o in self._running.values() if number in {None, o.number}]:
                    operation.not_understood = text
                    del self._running[operation.number]
            case Answer(id=number):
                if number not in self._running:
                    return self._not_running(line, number)
                self._running.pop(number).answer = message
                self._events = 0
            case ScanPlease(id=number) | PresentPlease(id=number) | Released(id=number) | Journalled(id=number):
                running = self._running.get(number)
                self._events += 1
                if running is None:
                    return self._not_running(line, number)
                if self._events > EVENTS_LIMIT:
                    return out_of_turn(line, f"that makes {self._events} events in one command")
                running.take(message)
            case _:
                pass
        return None

    def _not_running(self, line: bytes, number: int) -> PeerViolation:
        due = [f"{operation.number} ({operation.do})" for operation in self._running.values()]
        return out_of_turn(line, f"command {number} is not running, {' and '.join(due) or 'none'} is")
