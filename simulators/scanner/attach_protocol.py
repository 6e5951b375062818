"""What plugs a virtual box into its host: the face that a pty, TCP, RFC 2217, a keyboard wedge and HID-POS share.

Bytes to send go in as whole transmissions, bytes from the host come out, a cable can be pulled and put back. Nothing
here knows what a scan is, except that HID-POS reports carry the symbology: `describe` says it before each `put`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from harness.line.address import Address
from harness.line.record import JsonValue

Report = Callable[[str, Mapping[str, JsonValue]], None]
"""Takes an event's name and fields: `bytes-lost`, `lines-changed`, `host-format`."""


@dataclass(frozen=True, kw_only=True)
class Label:
    """What a box knows of a scan besides its data: the AIM id after `]` (`Q1`), the maker's id (`s`)."""

    aim: bytes = b"Q1"
    code_id: bytes = b"s"


class Attachment(Protocol):
    """The device's end of a line."""

    @property
    def address(self) -> Address:
        """Where hosts connect."""
        ...

    async def start(self, received: Callable[[bytes], None]) -> None:
        """Open it; `received` gets what the host sends. Raises BenchError when it cannot be had."""
        ...

    def describe(self, label: Label) -> None:
        """The next `put` carries a scan of this symbology."""
        ...

    def record(self, data: bytes) -> None:
        """Put bytes on the tape that are about to be sent."""
        ...

    def put(self, data: bytes) -> bool:
        """Send without recording, at the wire's pace, after what is still under way.

        False when they were dropped: unplugged, nobody is there, or nobody reads.
        """
        ...

    def send(self, data: bytes) -> bool:
        """Record and send."""
        ...

    @property
    def busy(self) -> bool:
        """Whether something still leaves."""
        ...

    async def drained(self) -> None:
        """Return when the last bit of everything has left."""
        ...

    def cut_short(self) -> None:
        """The box has lost its power: what has not left it, or not reached it, is lost; what has left is the host's."""
        ...

    def discard(self) -> None:
        """Forget what is under way: the next case begins."""
        ...

    def unplug(self) -> None:
        """Pull the cable; what has not left is lost."""
        ...

    def replug(self) -> None:
        """Put it back. Raises BenchError when the line cannot be had again."""
        ...

    async def stop(self) -> None:
        """Close it; may be called twice and after a failed start."""
        ...
