"""The crew of an encryption machine under test: the bench is its client and keeps its own record of every byte.

What is under test does not testify for itself: the client's side is recorded on channels of its own (`client.host#1`),
beside what a virtual machine records.
"""

from collections.abc import Mapping
from contextlib import ExitStack, suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import Protocol, cast

from harness.bench.bench import Bench
from harness.bench.config import BenchFile
from harness.bench.registry import simulator_type
from harness.bench.settings import read_settings
from harness.crews.back_doors import open_back_doors
from harness.devices.back_door import BackDoorClient
from harness.devices.encryption_machine import EncryptionMachine
from harness.devices.machine_errors import MachineSilent
from harness.devices.machine_line import open_line
from harness.devices.signature_server import SignatureServer
from harness.errors import BenchError, PeerViolation
from harness.line.address import Address, parse_address
from harness.line.client import ClientLine, Disconnected
from harness.line.hiding import HidingRecorder
from harness.line.tape import Tape
from harness.scenarios.machine_stage import PARTY, Door, MachineStage
from harness.wire.encryption_machine.profile import load_host_profile
from harness.wire.encryption_machine.svs import WIRE_NAMES
from harness.wire.encryption_machine.svs_profile import load_svs_profile

CLIENT = "client"
"""How channels begin on which the bench's own side is recorded."""


class MachineCrew:
    """A fresh driver for every case."""

    def __init__(self, bench: Bench, folder: Path) -> None:
        del folder
        self._bench = bench
        self._table = bench.file.machine
        settings = _settings(bench.file)
        self._profile = load_host_profile(settings.profile)
        self._http_profile = load_svs_profile(settings.svs_profile.partition(",")[0])
        self._der_profile = load_svs_profile(settings.der_profile)
        self._about: dict[str, str] = {}
        self._drivers = ExitStack()
        self._case = ExitStack()
        self._back_doors: dict[str, BackDoorClient] = {}
        self._servers: dict[Door, SignatureServer] = {}

    @staticmethod
    def check(file: BenchFile) -> None:
        """Find whatever keeps cases from being run on this bench. Raises ConfigError for the first."""
        file.device(PARTY)
        settings = _settings(file)
        load_host_profile(settings.profile)
        load_svs_profile(settings.svs_profile.partition(",")[0])
        load_svs_profile(settings.der_profile)

    @staticmethod
    def offers(file: BenchFile) -> frozenset[str]:
        """What the machine can do by its profiles: a header, messages and commands of host commands, server requests.

        A plan's `needs` name these; a case whose needs a machine does not offer is not demanded of it. Raises
        ConfigError.
        """
        settings = _settings(file)
        profile = load_host_profile(settings.profile)
        commands, header = profile.commands, {"header"} if profile.header_length else set[str]()
        servers = (settings.svs_profile.partition(",")[0], settings.der_profile)
        requests = {
            f"{door.value}:{WIRE_NAMES[type_]}"
            for door, name in zip(Door, servers, strict=True)
            for type_ in load_svs_profile(name).messages
        }
        return frozenset({*header, *commands, *(spec.message for spec in commands.values()), *requests})

    @property
    def lives_on(self) -> bool:
        """A machine has no working day."""
        return False

    @property
    def about(self) -> Mapping[str, str]:
        """The profile by which it is spoken to, and the firmware it told when the run began."""
        return self._about

    def attach(self) -> None:
        """Ask the machine who it is. Raises BenchError when it does not answer at all."""
        self._back_doors = open_back_doors(self._bench, self._drivers)
        self._about = {"name": self._profile.title, "version": ""}
        with (
            suppress(PeerViolation),
            EncryptionMachine(self._address, self._profile, timeout_s=self._table.timeout_s) as machine,
        ):
            self._about["version"] = machine.diagnose().firmware

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
            server=self._server,
            open_line=partial(self._open_line, count(1)),
            tape=bench.tape,
            clock=bench.clock,
            step_clock=lambda seconds: bench.step(seconds=seconds),
            back_doors=self._back_doors,
        )

    def end_case(self) -> None:
        """Hang up."""
        self._servers.clear()
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

    def _server(self, door: Door) -> SignatureServer:
        if door in self._servers:
            return self._servers[door]
        device = self._bench.device(PARTY)
        at = device.endpoints.also.get(door.value) or getattr(self._table, door.value.replace("-", "_"))
        if not at:
            raise BenchError(
                f"The bench file does not say where the machine's signature server ({door}) is.",
                cause="a real machine's other doors are not known by its host-command port",
                remedy=f'write {door.value.replace("-", "_")} = "ADDRESS" in [machine]',
            )
        profile = self._http_profile if door is Door.HTTP else self._der_profile
        hidden = HidingRecorder(self._bench.tape, (self._table.pin.encode(),))
        server = SignatureServer(
            parse_address(at),
            profile,
            timeout_s=self._table.timeout_s,
            clock=self._bench.clock,
            tape=cast("Tape", hidden),  # a client's line only records frames
            channel=CLIENT,
            tls=self._bench.towards(PARTY),
        )
        self._servers[door] = server
        self._case.enter_context(server)
        return server

    def _open_line(self, numbers: "count[int]") -> ClientLine:
        channel = f"{CLIENT}.bare#{next(numbers)}"
        line = open_line(self._address, channel=channel, timeout_s=self._table.timeout_s, tape=self._bench.tape)
        self._case.callback(line.close)
        return line


class _Profiles(Protocol):
    """What the settings of an encryption machine say of its dialects."""

    profile: str
    svs_profile: str
    der_profile: str


def _settings(file: BenchFile) -> _Profiles:
    """The device's settings, which name its dialects, for a real machine as for a virtual one. Raises ConfigError."""
    spec = file.device(PARTY)
    found: _Profiles = read_settings(simulator_type(PARTY).settings, spec.settings, where=spec.where)
    return found
