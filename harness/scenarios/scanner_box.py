"""The line to a scanner box under test: open or not, how scans stand on it, and taking in whatever comes."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from harness.bench.tables import ScannerTable
from harness.devices.scanner import NoScan, Scanner
from harness.devices.scanner_family import Family
from harness.errors import PeerViolation
from harness.line.client import ClientLine
from harness.scenarios.scanner_spelling import SUFFIXES, Wish
from harness.wire.scanner.framing import ScanFraming


@dataclass(kw_only=True)
class BoxLine:
    """The line to the box as it is now, how its scans look, and what comes; a case may hang up and open it again."""

    table: ScannerTable
    """How long the bench waits."""
    dial: Callable[[], ClientLine]
    """Open the line. Raises Disconnected."""
    family: Family
    whole_scans: bool
    """Whether the line gives each scan whole."""
    form: dict[str, Wish]
    """`prefix`, `suffix` (by name), `code_id`, `aim_id`, `packeted`."""
    at_start: dict[str, Wish] = field(init=False)
    """How scans look by the bench file."""
    line: ClientLine = field(init=False)
    driver: Scanner = field(init=False)

    def __post_init__(self) -> None:
        self.at_start = dict(self.form)

    @property
    def framing(self) -> ScanFraming:
        """How scans stand on the line."""
        prefix = str(self.form["prefix"]).encode("latin-1")
        return ScanFraming(prefix=prefix, suffix=SUFFIXES[str(self.form["suffix"])])

    def open(self) -> None:
        """Open the line anew. Raises Disconnected."""
        self.line = self.dial()
        self.renew()

    def renew(self) -> None:
        """A driver that reads scans as they look now."""
        self.driver = Scanner(self.line, framing=self.framing, family=self.family, whole_scans=self.whole_scans)

    def close(self) -> None:
        """Hang up; may be called twice."""
        if hasattr(self, "driver"):
            self.driver.close()

    def quiet(self) -> str:
        """Take in whatever arrives until the line is silent; returns the last of it."""
        last = ""
        while True:
            try:
                last = self.driver.read(self.table.quiet_s).text
            except NoScan:
                return last
            except PeerViolation:
                continue

    def hear_raw(self) -> bytes:
        """Take in bytes as they come, acknowledging nothing, until the line is silent."""
        held = self.line.read(self.table.read_s)
        while piece := self.line.read(self.table.quiet_s):
            held += piece
        return held

    def listen(self, seconds: float) -> None:
        """Take in whatever arrives for so many seconds."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                self.driver.read(left)
            except (NoScan, PeerViolation):
                continue

    def drain(self) -> None:
        """Take in what has come; it belongs to what was due before."""
        while True:
            try:
                self.driver.read(0)
            except NoScan:
                return
            except PeerViolation:
                continue
