"""The crew of an encryption machine under test: the bench is its client and keeps its own record of every byte.

What is under test does not testify for itself: the client's side is recorded on channels of its own (`client.host#1`),
beside what a virtual machine records.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from itertools import count
from pathlib import Path

from harness.bench.bench import Bench
from harness.bench.config import BenchFile
from harness.bench.registry import simulator_type
from harness.bench.settings import read_settings
from harness.crews.back_doors import open_back_doors
from harness.devices.back_door import BackDoorClient
from harness.devices.encryption_machine import EncryptionMachine
from harness.devices.machine_errors import MachineSilent
from harness.devices.machine_line import open_line
from harness.line.address import Address, parse_address
from harness.line.client import ClientLine, Disconnected
from harness.scenarios.machine_stage import PARTY, MachineStage
from harness.wire.encryption_machine.profile import HostProfile, load_host_profile

CLIENT = "client"
"""How channels begin on which the bench's own side is recorded."""


class MachineCrew:
    """A fresh driver for every case."""

    def __init__(self, bench: Bench, folder: Path) -> None:
        del folder
        self._bench = bench
        self._table = bench.file.machine
        self._profile = _profile(bench.file)
        self._about: dict[str, str] = {}
        self._drivers = ExitStack()
        self._case = ExitStack()
        self._back_doors: dict[str, BackDoorClient] = {}

    @staticmethod
    def check(file: BenchFile) -> None:
        """Find whatever keeps cases from being run on this bench. Raises ConfigError for the first."""
        file.device(PARTY)
        _profile(file)

    @property
    def lives_on(self) -> bool:
        """A machine has no working day."""
        return False

    @property
    def about(self) -> Mapping[str, str]:
        """The profile by which it is spoken to, and the firmware it told when the run began."""
        return self._about

    def attach(self) -> None:
        """Ask the machine who it is. Raises BenchError when it does not answer."""
        self._back_doors = open_back_doors(self._bench, self._drivers)
        with EncryptionMachine(self._address, self._profile, timeout_s=self._table.timeout_s) as machine:
            firmware = machine.diagnose().firmware
        self._about = {"name": self._profile.title, "version": firmware}

    def begin(self, case: str, *, day: int) -> MachineStage:
        """The stage of a case."""
        del case, day
        bench, table = self._bench, self._table
        bench.tape.event("bench", "machine", profile=self._profile.name)
        machine = EncryptionMachine(
            self._address,
            self._profile,
            connections=table.connections,
            timeout_s=table.timeout_s,
            tape=bench.tape,
            channel=CLIENT,
        )
        self._case.enter_context(machine)
        return MachineStage(
            machine=machine,
            profile=self._profile,
            keys=table,
            open_line=partial(self._open_line, count(1)),
            tape=bench.tape,
            clock=bench.clock,
            step_clock=lambda seconds: bench.step(seconds=seconds),
            back_doors=self._back_doors,
        )

    def end_case(self) -> None:
        """Hang up."""
        self._case.close()

    def is_lost(self, error: BaseException, *, on_stage: bool) -> bool:
        """Whether the machine is gone, or silent."""
        del on_stage
        return isinstance(error, MachineSilent | Disconnected)

    def close(self) -> None:
        """Hang up; may be called twice."""
        self._case.close()
        self._drivers.close()

    @property
    def _address(self) -> Address:
        return parse_address(self._bench.address(PARTY))

    def _open_line(self, numbers: "count[int]") -> ClientLine:
        channel = f"{CLIENT}.bare#{next(numbers)}"
        line = open_line(self._address, channel=channel, timeout_s=self._table.timeout_s, tape=self._bench.tape)
        self._case.callback(line.close)
        return line


def _profile(file: BenchFile) -> HostProfile:
    """The profile that the device's settings name. Raises ConfigError."""
    spec = file.device(PARTY)
    settings = read_settings(simulator_type(PARTY).settings, spec.settings, where=spec.where)
    return load_host_profile(str(settings.profile))
