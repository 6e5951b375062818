"""The crew of a voucher centre under test: the bench is its channels and its institutions' terminal libraries.

What is under test does not testify for itself: the clients' side is recorded on channels of its own (`client.http#1`),
beside what a virtual centre records. A phone on the bench shows the centre's codes as pictures; a bench may have none.
"""

from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from harness.bench.bench import Bench
from harness.bench.config import BenchFile
from harness.bench.registry import simulator_type
from harness.bench.settings import read_settings
from harness.crews.back_doors import open_back_doors
from harness.devices.back_door import BackDoorClient
from harness.devices.phone import PhoneDriver
from harness.devices.voucher_centre import CentreSilent, VoucherCentre
from harness.errors import ConfigError
from harness.line.address import Scheme, parse_address
from harness.line.client import Disconnected
from harness.line.record import JsonValue
from harness.scenarios.centre_stage import PARTY, CentreStage, CentreTerms

CLIENT = "client"
"""How channels begin on which the bench's own side is recorded."""
PHONE = "phone"
"""The kind of the device that shows codes as pictures; what a plan's `needs` calls it, too."""


class CentreCrew:
    """Fresh connections for every case."""

    def __init__(self, bench: Bench, folder: Path) -> None:
        del folder
        self._bench = bench
        self._terms = _terms(bench.file)
        self._about: dict[str, str] = {}
        self._drivers = ExitStack()
        self._case = ExitStack()
        self._back_doors: dict[str, BackDoorClient] = {}
        self._phone: PhoneDriver | None = None

    @staticmethod
    def check(file: BenchFile) -> None:
        """Find whatever keeps cases from being run on this bench. Raises ConfigError for the first."""
        spec = file.device(PARTY)
        _terms(file)
        if not spec.virtual and parse_address(spec.at).scheme not in {Scheme.HTTP, Scheme.HTTPS}:
            raise ConfigError(
                f"{spec.where}: {spec.at} is no address of a voucher centre.",
                cause="a centre is asked over HTTP",
                remedy="write it as http://HOST:PORT or https://HOST:PORT",
            )

    @staticmethod
    def offers(file: BenchFile) -> frozenset[str]:
        """Whether there is a phone on the bench that shows pictures."""
        return frozenset({PHONE} & {spec.kind for spec in file.devices})

    @property
    def lives_on(self) -> bool:
        """A centre has no working day."""
        return False

    @property
    def about(self) -> Mapping[str, str]:
        """Where the centre is; it says nothing of itself."""
        return self._about

    def attach(self) -> None:
        """Look whether the centre takes connections. Raises Disconnected when it does not."""
        self._back_doors = open_back_doors(self._bench, self._drivers)
        self._about = {"name": "voucher centre", "version": ""}
        if PHONE in self.offers(self._bench.file):
            self._phone = self._drivers.enter_context(
                PhoneDriver(self._bench.address(PHONE), tls=self._bench.towards(PHONE))
            )

    def begin(self, case: str, *, day: int) -> CentreStage:
        """The stage of a case."""
        del case, day
        bench, table = self._bench, self._bench.file.centre
        terms: dict[str, JsonValue] = {name: getattr(self._terms, name) for name in CentreTerms.__annotations__}
        bench.tape.event("bench", "centre", **terms, own_codes=table.own_codes)
        centre = VoucherCentre(
            parse_address(bench.address(PARTY)),
            timeout_s=table.timeout_s,
            tape=bench.tape,
            channel=CLIENT,
            tls=bench.towards(PARTY),
        )
        self._case.enter_context(centre)
        return CentreStage(
            centre=centre,
            terms=self._terms,
            table=table,
            phone=self._phone,
            tape=bench.tape,
            clock=bench.clock,
            step_clock=lambda seconds: bench.step(seconds=seconds),
            back_doors=self._back_doors,
        )

    def end_case(self) -> None:
        """Hang up."""
        with suppress(Disconnected):
            self._case.close()

    def is_lost(self, error: BaseException, *, on_stage: bool) -> bool:
        """Whether the centre is gone, or silent."""
        del on_stage
        return isinstance(error, CentreSilent | Disconnected)

    def close(self) -> None:
        """Hang up; may be called twice."""
        self._case.close()
        self._drivers.close()


def _terms(file: BenchFile) -> CentreTerms:
    """The device's settings, which say how it is set, for a real centre as for a virtual one. Raises ConfigError."""
    spec = file.device(PARTY)
    found: CentreTerms = read_settings(simulator_type(PARTY).settings, spec.settings, where=spec.where)
    return found
