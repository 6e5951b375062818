"""What the box of each family sends is what the host's side of it reads: rotating codes, each once and in order."""

import random
from collections.abc import Callable, Sequence
from typing import Protocol

import pytest

from harness.wire.scanner import honeywell, letters, newland, register, ssi
from harness.wire.scanner.framing import Scan, ScanFraming
from simulators.scanner.dialect import Changed, Send
from simulators.scanner.families import make_dialect
from simulators.scanner.optics import Sighting, Symbology
from simulators.scanner.settings import ScannerSettings
from tests.simulators.scanner.dialect_rig import DialectRig

FRAMING = ScanFraming(prefix=b"]Q1")


class HostSide(Protocol):
    """What all sides have in common."""

    def feed(self, data: bytes) -> Sequence[object]:
        """Take bytes."""
        ...


SIDES: dict[str, Callable[[], HostSide]] = {
    "newland": lambda: newland.HostSide(FRAMING),
    "honeywell": lambda: honeywell.HostSide(FRAMING),
    "mindeo": lambda: honeywell.HostSide(FRAMING, closed=False),
    "ssi": lambda: ssi.HostSide(FRAMING),
    "register": lambda: register.HostSide(FRAMING),
    "letters": lambda: letters.HostSide(FRAMING),
}
PING = {
    "newland": b"~\x010000#SCNENA1;\x03",
    "ssi": ssi.encode(ssi.Op.SCAN_ENABLE),
    "register": register.encode_read(0),
    "letters": b"s",
}
"""A harmless command with an answer, for the families whose answers need not be awaited."""


@pytest.mark.parametrize("family", SIDES)
def test_codes_that_rotate_arrive_each_once_and_in_order(family: str) -> None:
    draw = random.Random(f"rotation/{family}")
    rig, host = DialectRig(family=family, aim_id=True), SIDES[family]()
    codes = [f"62{draw.randrange(10**26):026}" for _ in range(300)]
    read: list[str] = []
    for number, code in enumerate(codes):
        line = rig.show(Sighting(symbology=Symbology.QR, data=code.encode(), text=code))
        if number % 3 == 0:
            line += rig.ask(PING.get(family, b""))
        cut = draw.randrange(len(line) + 1)
        for piece in (line[:cut], line[cut:]):
            read += [event.text for event in host.feed(piece) if isinstance(event, Scan)]
    assert read == codes


def test_codes_that_rotate_in_packets_are_acknowledged_one_by_one() -> None:
    rig, host = DialectRig(family="ssi", packeted=True), ssi.HostSide(ScanFraming())
    codes = [f"{number:028}" for number in range(300)]
    read: list[str] = []
    line = b""
    for code in codes:
        line += rig.show(Sighting(symbology=Symbology.QR, data=code.encode(), text=code))
        while line:
            events = host.feed(line)
            read += [event.text for event in events if isinstance(event, Scan)]
            line = rig.ask(ssi.acknowledge() * len(events))
    assert read == codes


@pytest.mark.parametrize(
    ("family", "command"),
    [
        ("newland", b"~\x010000#232BAD9;\x03"),
        ("honeywell", b"\x16M\r232BAD9!"),
        ("ssi", ssi.encode_parameters([(156, 10)])),
        ("register", register.encode_write(0x2A, b"\x1a\x00")),
    ],
)
def test_a_change_of_speed_is_answered_at_the_old_one(family: str, command: bytes) -> None:
    answer, changed = make_dialect(ScannerSettings(family=family)).feed(command)
    assert isinstance(answer, Send)
    assert isinstance(changed, Changed)
    assert changed.baud is not None
    assert changed.baud > 100_000
