"""What every client line has in common: its face, its one error, and how it records.

A channel of the tape belongs to the device: SENT is what the device sends, also when the host's side records, as it
does for a real device. A virtual device records itself; its driver is then given no tape, so that no byte stands twice.
"""

from dataclasses import dataclass
from typing import Protocol

from harness.errors import BenchError
from harness.line.record import Direction
from harness.line.tape import Tape


class Disconnected(BenchError):
    """The line is gone, could not be opened, or takes no more bytes: unplugged, closed, or held by another program.

    Every way in which pyserial, the operating system or termios says so arrives as this one error.
    """


class ClientLine(Protocol):
    """A byte line to a device, driven from an ordinary thread."""

    def read(self, timeout: float) -> bytes:
        """What has come, as soon as something has; empty after `timeout` seconds of silence. Raises Disconnected."""
        ...

    def write(self, data: bytes) -> None:
        """Send all of it. Raises Disconnected."""
        ...

    def close(self) -> None:
        """Hang up; may be called twice."""
        ...


@dataclass(frozen=True, kw_only=True)
class HostRecorder:
    """Records a device's channel from the host's side; without a tape it records nothing."""

    tape: Tape | None
    channel: str

    def to_device(self, data: bytes) -> None:
        """The device is about to receive these bytes."""
        if self.tape is not None:
            self.tape.frame(self.channel, Direction.RECEIVED, data)

    def from_device(self, data: bytes) -> None:
        """The device has sent these bytes."""
        if self.tape is not None:
            self.tape.frame(self.channel, Direction.SENT, data)
