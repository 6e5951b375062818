"""The crew of a scanner box under test: the bench is its host and keeps its own record of every byte.

What is under test does not testify for itself: the host's side is recorded on channels of its own (`client.serial`),
beside what a virtual box records. A virtual box sees pictures through its back door, a real one on a screen.
"""

from collections.abc import Mapping
from contextlib import ExitStack, suppress
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from harness.bench.bench import Bench
from harness.bench.config import BenchFile
from harness.bench.registry import simulator_type
from harness.bench.settings import read_settings
from harness.crews.back_doors import open_back_doors
from harness.devices.back_door import BackDoorClient
from harness.devices.code_screen import CodeScreen
from harness.devices.scanner import NoAnswer, Refused, Scanner
from harness.devices.scanner_family import Family
from harness.devices.scanner_line import WHOLE_SCANS, open_scanner_line
from harness.devices.scanner_stage import ScannerStage, VirtualStage
from harness.errors import ConfigError, PeerViolation
from harness.line.address import Address, parse_address
from harness.line.client import ClientLine, Disconnected
from harness.line.serial_format import SerialFormat
from harness.scenarios.scanner_book import keyboard_book
from harness.scenarios.scanner_books import BOOKS
from harness.scenarios.scanner_box import BoxLine
from harness.scenarios.scanner_host import BoxHost
from harness.scenarios.scanner_spelling import Wish
from harness.scenarios.scanner_stage import PARTY, BoxStage
from harness.scenarios.scanner_stand_in import StandIn

CLIENT = "client"
"""How channels begin on which the bench's own side is recorded."""


class ScannerCrew:
    """A fresh line for every case."""

    def __init__(self, bench: Bench, folder: Path) -> None:
        del folder
        self._bench = bench
        self._table = bench.file.scanner
        self._settings = _settings(bench.file)
        self._family = Family(self._settings.family)
        self._types = Kind.WEDGE in _plugged_into(bench.file, self._settings)
        self._about: dict[str, str] = {}
        self._drivers = ExitStack()
        self._back_doors: dict[str, BackDoorClient] = {}
        self._eye: ScannerStage
        self._box: BoxLine | None = None

    @staticmethod
    def check(file: BenchFile) -> None:
        """Find whatever keeps cases from being run on this bench. Raises ConfigError for the first."""
        settings = _settings(file)
        if Kind.HID in _plugged_into(file, settings):
            raise ConfigError(
                f"{file.device(PARTY).where}: the plan does not read HID-POS reports.",
                cause="it is for boxes on a serial line, on TCP, or that type",
                remedy="switch the box to USB-CDC, RS-232 or keyboard",
            )
        if settings.family not in set(Family):
            raise ConfigError(
                f"{file.device(PARTY).where}: there is no plan for the family {settings.family!r}.",
                cause="a family that this version does not know",
                remedy=f"use one of: {', '.join(Family)}",
            )

    @staticmethod
    def offers(file: BenchFile) -> frozenset[str]:
        """Nothing beyond the usual."""
        del file
        return frozenset()

    @property
    def lives_on(self) -> bool:
        """A box has no working day."""
        return False

    @property
    def about(self) -> Mapping[str, str]:
        """The box's family, and what it said of itself when the run began."""
        return self._about

    def attach(self) -> None:
        """Ask the box who it is, where its family can be asked. Raises Disconnected when its line cannot be had."""
        self._back_doors = open_back_doors(self._bench, self._drivers)
        if self._bench.device(PARTY).spec.virtual:
            self._eye = VirtualStage(self._bench.back_door(PARTY))
        else:
            screen = CodeScreen(self._table.screen)
            self._drivers.callback(screen.close)
            self._eye = screen
        self._about = {"name": f"scanner box, {self._family}", "version": ""}
        wire = SerialFormat(baud=self._settings.baud)
        if self._types:
            return
        with (
            suppress(NoAnswer, Refused, PeerViolation, ConfigError),
            Scanner.open(self._address, family=self._family, wire=wire) as driver,
        ):
            self._about["version"] = driver.identify()[:200]

    def begin(self, case: str, *, day: int) -> BoxStage:
        """The stage of a case, on a fresh line. Raises Disconnected."""
        del case, day
        bench, settings = self._bench, self._settings
        form: dict[str, Wish] = {
            "prefix": settings.prefix_bytes.decode("latin-1"),
            "suffix": settings.suffix.value,
            "code_id": settings.code_id,
            "aim_id": settings.aim_id,
            "packeted": settings.packeted and self._family in {Family.HONEYWELL, Family.SSI},
        }
        box = self._box = BoxLine(
            table=self._table,
            dial=self._dial,
            family=self._family,
            whole_scans=self._address.scheme in WHOLE_SCANS,
            form=form,
        )
        box.open()
        stand_in = StandIn(self._back_doors.get(PARTY))
        book = keyboard_book(self._family) if self._types else BOOKS[self._family]
        stage = BoxStage(
            host=BoxHost(tape=bench.tape, book=book, box=box, stand_in=stand_in),
            box=box,
            stand_in=stand_in,
            eye=self._eye,
            table=self._table,
            tape=bench.tape,
            clock=bench.clock,
            step_clock=lambda seconds: bench.step(seconds=seconds),
            back_doors=self._back_doors,
        )
        stage.host.say_form()
        if not stage.virtual:
            stage.make_ready()
        return stage

    def end_case(self) -> None:
        """Hang up; what came too late is taken in before."""
        box, self._box = self._box, None
        if box is None:
            return
        with suppress(Disconnected):
            while box.line.read(0):
                pass
        box.close()

    def is_lost(self, error: BaseException, *, on_stage: bool) -> bool:
        """Whether the box is gone, or silent."""
        del on_stage
        return isinstance(error, NoAnswer | Disconnected)

    def close(self) -> None:
        """Hang up; may be called twice."""
        if self._box is not None:
            self._box.close()
        self._drivers.close()

    @property
    def _address(self) -> Address:
        """Where the box is now; a virtual one that was unplugged may have come back elsewhere."""
        if PARTY in self._back_doors:
            return parse_address(str(self._back_doors[PARTY].state()["at"]))
        return parse_address(self._bench.address(PARTY))

    def _dial(self) -> ClientLine:
        wire = SerialFormat(baud=self._settings.baud)
        return open_scanner_line(self._address, name=CLIENT, tape=self._bench.tape, wire=wire)


class _Suffix(Protocol):
    value: str


class _Settings(Protocol):
    """What the settings of a scanner box say of how it is set."""

    family: str
    suffix: _Suffix
    code_id: bool
    aim_id: bool
    packeted: bool
    baud: int

    @property
    def prefix_bytes(self) -> bytes: ...

    def plugged_into(self) -> tuple[str, int]:
        """The kind of attachment, and its port or 0."""
        ...


class Kind(StrEnum):
    """Attachments that need words of their own."""

    WEDGE = "wedge"
    HID = "hid"


def _plugged_into(file: BenchFile, settings: _Settings) -> frozenset[str]:
    """What the box is plugged into: for a virtual one its setting, for a real one its address."""
    spec = file.device(PARTY)
    return frozenset({settings.plugged_into()[0] if spec.virtual else parse_address(spec.at).scheme.value})


def _settings(file: BenchFile) -> _Settings:
    """The device's settings, which say how it is set, for a real box as for a virtual one. Raises ConfigError."""
    spec = file.device(PARTY)
    found: _Settings = read_settings(simulator_type(PARTY).settings, spec.settings, where=spec.where)
    return found
