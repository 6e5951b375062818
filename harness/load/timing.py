"""How long each request of one customer takes."""

import time
from collections.abc import Awaitable
from typing import TypeVar

from harness.load.results import Attempt, Outcome, Step

T = TypeVar("T")


class Stopwatch:
    """The steps of one customer, timed as they are awaited; one that fails is timed, too."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._steps: list[Step] = []

    async def time(self, name: str, work: Awaitable[T]) -> T:
        """Await a step. Raises what it raises."""
        began = time.perf_counter()
        try:
            return await work
        finally:
            took = time.perf_counter() - began
            self._steps.append(Step(name=name, began_s=began - self._began, took_s=took))

    def attempt(self, outcome: Outcome, *, reason: str = "", key: str = "") -> Attempt:
        """The customer's result with its steps."""
        return Attempt(outcome=outcome, reason=reason, key=key, steps=tuple(self._steps))
