"""What a command dialect of a box is: bytes of the host in, actions out; no line, no clock, no picture.

A dialect holds the box's settings (current and permanent) and its codec. Whatever carries its bytes (pty, TCP, RFC
2217, keyboard, HID) calls `feed` with any piece of what the host sent and carries out the actions in their order:

    Send      bytes for the host: an answer, or (scan=True) a scan, which faults may hit
    Changed   the settings have changed: how the box behaves from here on, and the line's speed
    Pull      the trigger is pulled, or let go
    Restart   the box has restarted: what was under way is over
    Signal    something to see or hear: a beep, a lamp, a command that was not understood; an event on the tape
    Await     an acknowledgement is due within so many seconds, then `unanswered`; None: it has come

`scan_data` gives a scan as it leaves on a serial line or keyboard, `prefix, id, data, suffix`; `deliver` gives the
actions of a scan, which for packeted dialects are packets, one at a time as the host acknowledges them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from harness.line.record import JsonValue
from harness.wire.scanner.framing import Malformed
from simulators.scanner.box import Conduct
from simulators.scanner.optics import Sighting
from simulators.scanner.settings import ScannerSettings


@dataclass(frozen=True)
class Send:
    """Bytes for the host; `scan` when they are a scan."""

    data: bytes
    scan: bool = False


@dataclass(frozen=True)
class Changed:
    """The settings have changed. `baud` holds from after the bytes sent before."""

    conduct: Conduct
    baud: int | None = None


@dataclass(frozen=True)
class Pull:
    """The host pulls the trigger, or lets it go."""

    on: bool


@dataclass(frozen=True)
class Restart:
    """The box has restarted, or was put to its factory defaults."""


@dataclass(frozen=True)
class Signal:
    """An event for the tape: `beep` {why}, `led` {on}, `not-understood` {hex, why} and so on."""

    name: str
    fields: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True)
class Await:
    """An acknowledgement is due within `seconds` of the box's clock; None when it has come or nobody waits."""

    seconds: float | None


Action = Send | Changed | Pull | Restart | Signal | Await

BEEP, LED, NOT_UNDERSTOOD = "beep", "led", "not-understood"


def not_understood(event: Malformed) -> Signal:
    """The event for bytes that were no command."""
    return Signal(NOT_UNDERSTOOD, {"hex": event.raw.hex(), "why": event.reason})


class Dialect(Protocol):
    """One family's box, from the host's first byte to the settings behind it."""

    family: str

    @property
    def conduct(self) -> Conduct:
        """How the box is set to behave."""
        ...

    @property
    def baud(self) -> int | None:
        """The line's speed as the box is set; None when nobody has set it, and the bench file's holds."""
        ...

    @property
    def values(self) -> Mapping[str, str]:
        """The settings by the family's own names, as text."""
        ...

    @property
    def silence_s(self) -> float | None:
        """A command has begun: call `silence` when the line has been silent for so many seconds; None if not."""
        ...

    def feed(self, data: bytes) -> list[Action]:
        """What the host sent, in any piece."""
        ...

    def silence(self) -> list[Action]:
        """The line has been silent: a command that has begun is given up."""
        ...

    def unanswered(self) -> list[Action]:
        """The acknowledgement awaited did not come in time."""
        ...

    def scan_data(self, decoded: Sighting) -> bytes:
        """A scan as it leaves on a line: prefix, id, data, suffix."""
        ...

    def deliver(self, decoded: Sighting) -> list[Action]:
        """What a good read sends, now or once the host has acknowledged what is under way."""
        ...

    def no_read(self) -> list[Action]:
        """What a session without a read sends; mostly nothing."""
        ...

    def power_on(self) -> list[Action]:
        """The box has come up: permanent settings hold; returns what it says of itself."""
        ...

    def configure(self, wanted: ScannerSettings, names: frozenset[str]) -> None:
        """Take the named settings from `wanted`, as configuration barcodes would; lost at a restart."""
        ...
