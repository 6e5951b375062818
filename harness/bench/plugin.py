"""What a simulator must offer to plug into a bench; anybody's package can, by the entry point `liantiao.simulators`.

The entry point names a `SimulatorType`. The bench creates each simulator with its settings, starts all of them, tells
each where its peers are, resets them before each case and stops them at the end.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from harness.clock import Clock
from harness.faults.schedule import FaultSchedule
from harness.line.tape import Tape
from harness.line.tls import NOTHING_SAID, ClientTls, ServerTls


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """Where a device can be reached, in the bench file's notation (`tcp:…`, `serial:…`, `http://…`)."""

    at: str
    also: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class SimulatorContext:
    """What the bench gives a simulator: its name there, and the clock, tape, seed and faults that all share.

    `host` is the address that network services listen on; `port` the one for its front door, 0 for any free one.
    `profile` names the province, `institution` is the code of the one at whose counter the bench stands, if any. With
    `tls` an HTTP door speaks HTTPS (the back door never does), and `trust` is whom calls to HTTPS peers trust.
    """

    name: str
    clock: Clock
    tape: Tape
    seed: int
    faults: FaultSchedule
    host: str = "127.0.0.1"
    port: int = 0
    profile: str = "qinghai"
    institution: str = ""
    tls: ServerTls | None = None
    trust: ClientTls = NOTHING_SAID


class Simulator(Protocol):
    """A stand-in for one party; it is created, and all its methods are called, in the thread of its loop."""

    async def start(self) -> Endpoints:
        """Serve; returns where. Raises BenchError when a port cannot be had."""
        ...

    def connect(self, peers: Mapping[str, str]) -> None:
        """Take the addresses of its peers, by kind; called once.

        On a bench once all have started; before `start` where they are known already, so that no request comes earlier.
        """
        ...

    async def reset(self, *, seed: int) -> None:
        """Become as new for the next case, on the same addresses."""
        ...

    async def stop(self) -> None:
        """Leave no task, port or pty behind; may be called twice and after a failed start."""
        ...


class SimulatorType(Protocol):
    """A kind of simulator, as its entry point names it."""

    @property
    def kind(self) -> str:
        """The kind in the bench file, e.g. `voucher-centre`."""
        ...

    @property
    def settings(self) -> type[Any]:
        """A frozen dataclass of defaults; its fields are the keys of the bench file and the options of `simulate`."""
        ...

    @property
    def needs(self) -> tuple[str, ...]:
        """The kinds of the peers it talks to; a peer may be absent when it runs alone."""
        ...

    # A type may also have `mutants: Mapping[str, str]`, each with a sentence; its settings then have a field `mutant`.
    # Where not every defect shows with all settings, `mutants_of(settings)` gives those that do.
    # With `speaks_http = True` its context may have `tls`, which its HTTP doors then heed.

    def create(self, context: SimulatorContext, settings: Any) -> Simulator:  # noqa: ANN401 - its own settings
        """A simulator that is not started yet."""
        ...
