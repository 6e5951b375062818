"""What a counter works with: where it is, its journal, its devices, and the systems it talks to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from simulators.his.behaviour import Behaviour
from simulators.his.centre import Centre
from simulators.his.hello import Hello
from simulators.his.journal import Journal
from simulators.his.log import Log
from simulators.his.platform import Platform
from simulators.his.scan import Scanner
from simulators.his.terminal import Terminal

Members = dict[str, object]
"""The members of a line of the counter port."""
Command = Mapping[str, object]
Commands = Mapping[str, Callable[[Command], Members]]
"""What does each command, by its name; it raises RefusedError, OutcomeUnknownError, or ValueError for nonsense."""


class Events(Protocol):
    """What a counter tells while a command runs."""

    def scan_please(self) -> None:
        """The scanner is ready: show the code now."""
        ...

    def present_please(self, what: str) -> None:
        """The terminal waits for an `id-card`, `face`, `card` or `card-pin`, the `iot-box` for a code or face."""
        ...

    def released(self, order: str, what: str) -> None:
        """`goods` or a `slip` have left an unattended counter."""
        ...


@dataclass(frozen=True, kw_only=True)
class Equipment:
    """A counter's equipment; `bits` is the width of its process, 32 or 64."""

    hello: Hello
    journal: Journal
    scanner: Scanner
    centre: Centre
    terminal: Terminal
    platform: Platform
    behaviour: Behaviour
    log: Log
    events: Events
    bits: int = 64


class Counter(Protocol):
    """A kind of counter, made from its equipment."""

    @property
    def can(self) -> tuple[str, ...]:
        """The abilities that it declares in `ready`."""
        ...

    @property
    def commands(self) -> Commands:
        """The commands that it takes."""
        ...


CounterKind = Callable[[Equipment], Counter]
