"""A bench, brought up: its clock, its tape, its devices at their addresses, and the way back down.

    with Bench(load_bench(path), tape_path=folder / "tape.bin") as bench:
        bench.reset("pharmacy/purchase")
        bench.address("platform")              # http://127.0.0.1:40123

Whatever happens in between, `down` leaves no task, port, pty or thread behind.
"""

import asyncio
import socket
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from harness.bench.config import BenchFile, DeviceSpec
from harness.bench.loop import LoopThread, settled
from harness.bench.plugin import Endpoints, Simulator, SimulatorContext
from harness.bench.registry import simulator_type
from harness.bench.settings import read_settings
from harness.bench.tables import ClockKind
from harness.bench.tls import BenchTls
from harness.clock import BenchClock, SystemClock
from harness.errors import BenchError, ConfigError, LiantiaoError
from harness.faults.schedule import FaultSchedule
from harness.gm import sm3
from harness.line.address import Scheme, parse_address
from harness.line.tape import Tape
from harness.line.tls import ClientTls

STOP_S = 5.0
REACH_S = 3.0
DAY_S = 86_400


@dataclass(frozen=True, kw_only=True)
class Device:
    """A device of a bench that is up; `simulator` and `faults` only for a virtual one."""

    spec: DeviceSpec
    endpoints: Endpoints
    simulator: Simulator | None
    faults: FaultSchedule | None


class Bench:
    """The devices of one set-up, wired by one bench file."""

    def __init__(self, file: BenchFile, *, tape_path: Path | None = None) -> None:
        self.file = file
        self.clock: BenchClock | SystemClock = BenchClock() if file.bench.clock is ClockKind.BENCH else SystemClock()
        self.tape = Tape(self.clock, tape_path)
        self.devices: dict[str, Device] = {}
        self._started: list[tuple[str, Simulator]] = []
        self._folder = None if tape_path is None else tape_path.parent
        self._tls: BenchTls | None = None
        self._thread: LoopThread | None = None

    def __enter__(self) -> Self:
        try:
            self.up()
        except BaseException:
            self.down()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.down()

    @property
    def loop(self) -> LoopThread:
        """The loop in which the virtual devices live. Raises ConfigError before the bench is up."""
        if self._thread is None:
            raise ConfigError("The bench is not up.", cause="a call before up()", remedy="use `with Bench(...)`")
        return self._thread

    def up(self) -> None:
        """Start every virtual device and tell each where its peers are. Raises BenchError or ConfigError."""
        self._tls = BenchTls(self.file, self._folder)
        real = {spec.name: _real(spec) for spec in self.file.devices if not spec.virtual}
        self._thread = LoopThread()
        for spec in self.file.devices:
            self.devices[spec.name] = real.get(spec.name) or self._start(spec)
        addresses = {device.spec.kind: device.endpoints.at for device in self.devices.values()}
        for device in self.devices.values():
            self._announce(device)
            if device.simulator is not None:
                needs = simulator_type(device.spec.kind).needs
                peers = {kind: addresses[kind] for kind in needs if kind in addresses}
                self.loop.call(_connect(device.simulator, peers))

    def down(self) -> None:
        """Stop everything, in reverse order; a device that refuses to stop does not keep the others up."""
        with ExitStack() as last:
            last.callback(setattr, self, "_thread", None)
            last.callback(self.tape.close)
            if self._tls is not None:
                last.callback(self._tls.close)
            if self._thread is not None:
                last.callback(self._thread.close)
            started, self._started = self._started, []
            for name, simulator in started:
                last.callback(self._stop, name, simulator)

    def address(self, kind: str) -> str:
        """Where the device of a kind is reached. Raises ConfigError when there is none."""
        return self.device(kind).endpoints.at

    def towards(self, kind: str) -> ClientTls:
        """Whom a driver trusts that calls the device of a kind, and what it shows. Raises ConfigError."""
        return self._secured.towards(self.device(kind).spec)

    @property
    def tls_told(self) -> Mapping[str, str]:
        """What the adapter under test is told of TLS; empty where everything is plain."""
        return self._secured.told

    @property
    def _secured(self) -> BenchTls:
        if self._tls is None:
            raise ConfigError("The bench is not up.", cause="a call before up()", remedy="use `with Bench(...)`")
        return self._tls

    def back_door(self, kind: str) -> str:
        """The back door of the virtual device of a kind. Raises ConfigError when it is a real one."""
        device = self.device(kind)
        if "control" not in device.endpoints.also:
            raise ConfigError(
                f"{device.spec.name} is a real device and has no back door.",
                cause="the case needs what only a virtual device can do",
                remedy="run this case with the device virtual",
            )
        return device.endpoints.also["control"]

    def device(self, kind: str) -> Device:
        """The device of a kind. Raises ConfigError when the bench has none."""
        return self.devices[self.file.device(kind).name]

    def reset(self, case: str, *, day: int = 0) -> None:
        """Make every virtual device as new for a case, on the same addresses, and the clock with them.

        `day` is how many days after its origin a bench clock begins the case.
        """
        seed = case_seed(self.file.bench.seed, case)
        self.loop.call(self._reset(seed, day))
        self.tape.forget()

    def step(self, *, seconds: int) -> None:
        """Step the bench's clock; every device sees it. Raises ConfigError on a bench with the machine's clock."""
        if not isinstance(self.clock, BenchClock):
            raise ConfigError(
                "The clock of this bench cannot be stepped.",
                cause='the bench file says clock = "system"',
                remedy='set clock = "bench", or leave this case out on real devices',
            )
        self.loop.settle()  # what has just been asked of a device begins to wait before the time goes on, not after
        self.tape.event("bench", "clock-step", seconds=seconds)
        self.clock.step(seconds=seconds)
        self.loop.settle()

    def addresses(self) -> dict[str, dict[str, str]]:
        """Every address of every device, as `liantiao up` shows and writes them."""
        return {
            name: {"kind": device.spec.kind, "at": device.endpoints.at, **device.endpoints.also, **self._ca_of(device)}
            for name, device in self.devices.items()
        }

    def _ca_of(self, device: Device) -> dict[str, str]:
        ca = self._secured.towards(device.spec).ca
        return {"ca": ca} if ca and device.endpoints.at.startswith("https:") else {}

    def _start(self, spec: DeviceSpec) -> Device:
        kind = simulator_type(spec.kind)
        faults = FaultSchedule(spec.name, self.tape)
        context = SimulatorContext(
            name=spec.name,
            clock=self.clock,
            tape=self.tape,
            seed=self.file.bench.seed,
            faults=faults,
            profile=self.file.bench.profile,
            institution=self.file.counter.institution,
            tls=self._secured.server(spec),
            trust=self._secured.between,
        )
        settings = read_settings(kind.settings, spec.settings, where=spec.where)

        async def bring_up() -> tuple[Simulator, Endpoints]:
            simulator = kind.create(context, settings)
            self._started.append((spec.name, simulator))
            return simulator, await simulator.start()

        simulator, endpoints = self.loop.call(bring_up())
        return Device(spec=spec, endpoints=endpoints, simulator=simulator, faults=faults)

    async def _reset(self, seed: int, day: int) -> None:
        for device in self.devices.values():
            if device.simulator is not None:
                await device.simulator.reset(seed=seed)
            if device.faults is not None:
                device.faults.clear()
        if isinstance(self.clock, BenchClock):
            self.clock.rewind()
            self.clock.step(seconds=day * DAY_S)
        await settled()

    def _stop(self, name: str, simulator: Simulator) -> None:
        try:
            self.loop.call(simulator.stop(), timeout=STOP_S)
        except (LiantiaoError, OSError, RuntimeError, asyncio.CancelledError) as error:
            with suppress(BenchError):
                self.tape.event("bench", "problem", blame=type(error).__name__, problem=f"{name} did not stop: {error}")

    def _announce(self, device: Device) -> None:
        spec = device.spec
        at = device.endpoints.at
        self.tape.event("bench", "device", name=spec.name, kind=spec.kind, at=at, virtual=spec.virtual)
        for warning in self._secured.warnings(spec):
            self.tape.event("bench", "tls-warning", device=spec.name, warning=warning)
        for role, address in {"at": device.endpoints.at, **device.endpoints.also}.items():
            self.tape.volatile(f"{spec.name}.{role}", address.partition(":")[2].removeprefix("//"))


def case_seed(seed: int, case: str) -> int:
    """The seed of a case: the same whichever cases run before it."""
    return int.from_bytes(sm3(f"{seed}/{case}".encode())[:6], "big")


async def _connect(simulator: Simulator, peers: Mapping[str, str]) -> None:
    simulator.connect(peers)


def _real(spec: DeviceSpec) -> Device:
    address = parse_address(spec.at)
    if address.scheme is Scheme.SERIAL and not Path(address.target).exists():
        raise BenchError(
            f"{spec.name}: there is no serial port {address.target}.",
            cause="the device is not plugged in, has no power, or got another name",
            remedy=f"plug it in, look below /dev/serial/by-id, and override with --device {spec.name}=serial:PATH",
        )
    if address.port:
        try:
            socket.create_connection((address.host, address.port), REACH_S).close()
        except OSError as error:
            raise BenchError(
                f"{spec.name}: nothing answers at {spec.at}: {error.strerror or error}.",
                cause="the system is down, listens elsewhere, or a firewall is in between",
                remedy=f"try it from this machine with another tool, and override with --device {spec.name}=ADDRESS",
            ) from error
    return Device(spec=spec, endpoints=Endpoints(at=spec.at), simulator=None, faults=None)
