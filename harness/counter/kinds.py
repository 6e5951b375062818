"""The kinds of counter ports, by the name that the bench file gives them, and what each is made of."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from harness.clock import Clock, SystemClock
from harness.counter.greeting import Hello
from harness.counter.port import CounterPort
from harness.errors import ConfigError
from harness.line.tape import Tape


@dataclass(frozen=True, kw_only=True)
class PortContext:
    """What the bench gives a counter port. `folder` takes the adapter's log; `loop` is the bench's, in its thread."""

    name: str = "counter"
    clock: Clock
    machine: Clock = field(default_factory=SystemClock)
    """By which an adapter that keeps its own clock is told the time."""
    tape: Tape
    loop: asyncio.AbstractEventLoop
    hello: Hello
    command: tuple[str, ...] = ()
    folder: Path
    patience_s: float = 20.0


PortKind = Callable[[PortContext], CounterPort]
"""Makes a port that is not started yet."""


class PortKinds:
    """The kinds of ports by the name they have in the bench file (`[counter] port = "process"`)."""

    def __init__(self) -> None:
        self._kinds: dict[str, PortKind] = {}

    def register(self, name: str, kind: PortKind) -> None:
        """Offer a kind of port. Raises ValueError when the name is taken."""
        if name in self._kinds:
            raise ValueError(f"there is a port {name!r} already")
        self._kinds[name] = kind

    def names(self) -> tuple[str, ...]:
        """Every kind, sorted."""
        return tuple(sorted(self._kinds))

    def check(self, name: str) -> None:
        """Raises ConfigError for a kind that does not exist."""
        if name not in self._kinds:
            raise ConfigError(
                f"[counter]: there is no port {name!r}.",
                cause="a slip of the pen, or a port of another version",
                remedy=f"use one of: {', '.join(self.names())}",
            )

    def create(self, name: str, context: PortContext) -> CounterPort:
        """A port of a kind, not started yet. Raises ConfigError for a kind that does not exist."""
        self.check(name)
        return self._kinds[name](context)
