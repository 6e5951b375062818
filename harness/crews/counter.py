"""The crew of a counter: the adapter under test in a process of its own, a phone, a scanner box, perhaps a terminal."""

import json
import shlex
import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from fixtures.population import Institution, institutions
from harness.bench.bench import Bench, case_seed
from harness.bench.config import BenchFile
from harness.bench.tables import ClockKind, Restart
from harness.clock import local_time
from harness.counter import PORTS, create_port
from harness.counter.child import mark_log
from harness.counter.command import runnable
from harness.counter.days import DayCounter
from harness.counter.greeting import AdapterClock, Hello
from harness.counter.kinds import PortContext
from harness.counter.libraries import Libraries
from harness.counter.port import AdapterSilent, CounterPort
from harness.crews.back_doors import open_back_doors
from harness.crews.second_till import SecondTill, require_tills
from harness.devices.back_door import BackDoorClient
from harness.devices.phone import PhoneDriver
from harness.devices.scanner import VirtualStage
from harness.devices.terminal import TerminalDriver
from harness.errors import ConfigError, PeerViolation
from harness.line.record import JsonValue
from harness.scenarios.counter_stage import CounterStage
from harness.wire.profile import load_profile

NEEDED = ("phone", "scanner", "voucher-centre", "platform")
"""The kinds of devices that a counter needs."""
TERMINAL = "terminal"
"""The kind of the insurance terminal; a counter may do without. Also what a plan's `needs` calls it."""
CARD_OFFICE = "card-office"
"""What a plan's `needs` calls a terminal whose cards may be locked: a virtual one; a real card would stay locked."""
IOT_BOX = "iot-box"
"""What a plan's `needs` calls Alipay's box; people present to it as to the terminal."""
BENCH_CLOCK = "bench-clock"
"""What a plan's `needs` calls an adapter that takes the time from the commands, so that a case can let it pass."""
SIGN_IN_MESSAGE = "sign-in-message"
"""What a plan's `needs` calls a province whose protocol has a message for the sign-in; Shanghai's has none."""
SHANGHAI = "shanghai"
TWO_TILLS = "two-tills"
"""What a plan's `needs` calls an adapter that can be started twice, side by side."""
OPERATOR: Mapping[str, str] = {"no": "C0001", "name": "联调收银员", "mac": "00-00-5E-00-53-01", "ip": "127.0.0.1"}
"""The cashier who signs in; the address ranges are those reserved for documentation."""


class CounterCrew:
    """Starts the adapter for a case, or once for the run where the bench file says so."""

    def __init__(self, bench: Bench, folder: Path) -> None:
        self._bench = bench
        self._folder = folder
        self._table = bench.file.counter
        self._started = 0
        self._counter: CounterPort | None = None
        self._about: dict[str, str] = {}
        self._drivers = ExitStack()
        self._phone: PhoneDriver
        self._scanner: VirtualStage
        self._terminal: TerminalDriver | None = None
        self._libraries: Libraries | None = None
        self._back_doors: dict[str, BackDoorClient] = {}
        self._second: SecondTill | None = None

    @staticmethod
    def check(file: BenchFile) -> None:
        """Find whatever keeps cases from being run on this bench. Raises ConfigError for the first."""
        for kind in NEEDED:
            file.device(kind)
        institution_of(file)
        load_profile(file.bench.profile)
        PORTS.check(file.counter.port)
        if file.counter.restart is Restart.RUN and file.bench.clock is ClockKind.SYSTEM:
            raise ConfigError(
                f'{file.source}: restart = "run" needs clock = "bench".',
                cause="an adapter that outlives a case gets a working day for each, so the clock must be stepped",
                remedy='set restart = "case" in [counter], or clock = "bench" in [bench]',
            )
        if file.counter.restart is Restart.RUN and file.counter.clock is AdapterClock.OWN:
            raise _lives_in_one_day(f"{file.source}, [counter]")
        _check_command(file)

    @staticmethod
    def offers(file: BenchFile) -> frozenset[str]:
        """What there is of the things that a plan's `needs` names, see above."""
        there = {
            TERMINAL: _has_terminal(file),
            CARD_OFFICE: any(spec.kind == TERMINAL and spec.virtual for spec in file.devices),
            IOT_BOX: _has_terminal(file) and file.counter.iot_box,
            BENCH_CLOCK: file.counter.clock is AdapterClock.BENCH,
            TWO_TILLS: file.counter.tills > 1,
            SIGN_IN_MESSAGE: _signs_in_by_message(file),
        }
        return frozenset(name for name, offered in there.items() if offered)

    @property
    def lives_on(self) -> bool:
        """One adapter for the whole run."""
        return self._table.restart is Restart.RUN

    @property
    def about(self) -> Mapping[str, str]:
        """As the adapter said hello when it first started."""
        return self._about

    def attach(self) -> None:
        """Attach the drivers of phone, scanner box and terminal. Raises BenchError."""
        self._phone = self._drivers.enter_context(
            PhoneDriver(self._bench.address("phone"), tls=self._bench.towards("phone"))
        )
        self._scanner = VirtualStage(self._bench.back_door("scanner"))
        if _has_terminal(self._bench.file):
            self._terminal = self._drivers.enter_context(
                TerminalDriver(self._bench.address(TERMINAL), tls=self._bench.towards(TERMINAL))
            )
        self._back_doors = open_back_doors(self._bench, self._drivers)

    def begin(self, case: str, *, day: int) -> CounterStage:
        """The stage of a case. Raises what the adapter's start raises."""
        mark_log(self._folder, f"{case}, bench time {local_time(self._bench.clock):%Y-%m-%d %H:%M:%S}")
        counter = self._counter or self._start(case, number=day + 1)
        if self._libraries is not None:
            self._libraries.fit(counter.ready.bits)
        stage = CounterStage(
            phone=self._phone,
            scanner=self._scanner,
            counter=self._of_day(counter, day),
            tape=self._bench.tape,
            clock=self._bench.clock,
            step_clock=lambda seconds: self._bench.step(seconds=seconds),
            terminal=self._terminal,
            libraries=self._libraries,
            back_doors=self._back_doors,
            patience_s=self._table.patience_s,
            signs_in_by_message=_signs_in_by_message(self._bench.file),
        )
        return replace(stage, open_second=lambda: self._open_second(stage, case, day=day))

    def _of_day(self, counter: CounterPort, day: int) -> CounterPort:
        return DayCounter(counter, day=day) if self.lives_on else counter

    def _open_second(self, stage: CounterStage, case: str, *, day: int) -> CounterStage:
        """Start another adapter under the same command beside this. Raises NotOffered, and what a start raises."""
        require_tills(stage.counter.ready)
        self._second = second = SecondTill(self._context(case, number=day + 1), kind=self._table.port)
        second.start()
        counter = self._of_day(second.counter, day)
        return replace(stage, counter=counter, scanner=second.scanner, desk=second.name, open_second=None)

    def end_case(self) -> None:
        """End the adapter, unless it lives on and works; a second till's in any case."""
        self._end_second()
        if self._counter is not None and not (self.lives_on and self._counter.idle):
            self._end()

    def is_lost(self, error: BaseException, *, on_stage: bool) -> bool:
        """Whether the adapter fell silent, or could not be started."""
        return isinstance(error, AdapterSilent) or (isinstance(error, PeerViolation) and not on_stage)

    def close(self) -> None:
        """End the adapter and hang up; may be called twice."""
        with ExitStack() as last:
            last.callback(self._drivers.close)
            last.callback(self._end)
            self._end_second()

    def _end_second(self) -> None:
        second, self._second = self._second, None
        if second is not None:
            second.close()

    def _start(self, case: str, *, number: int) -> CounterPort:
        bench, table = self._bench, self._table
        libraries = self._libraries = Libraries(self._folder / "libraries" / f"{number:03d}")
        libraries.fit(64)  # until the adapter says how wide it is
        bench.tape.volatile("libraries", str(libraries.folder))
        for what, path in bench.tls_told.items():
            bench.tape.volatile(f"tls.{what}", path)
        counter = self._counter = create_port(table.port, self._context(case, number=number))
        counter.start()
        self._check_clock(counter)
        if not self._started:
            self._about = {"name": counter.ready.adapter, "version": counter.ready.version}
        self._started += 1
        return counter

    def _context(self, case: str, *, number: int) -> PortContext:
        """What the adapter of the first till is told, and what it writes to."""
        bench, table = self._bench, self._table
        institution = institution_of(bench.file)
        parties = ["scanner", "voucher-centre", "platform", *([TERMINAL] if _has_terminal(bench.file) else [])]
        return PortContext(
            clock=bench.clock,
            tape=bench.tape,
            loop=bench.loop.loop,
            hello=Hello(
                institution={"code": institution.code, "name": institution.name, "admdvs": institution.admdvs},
                operator=dict(OPERATOR),
                endpoints={kind: bench.address(kind) for kind in parties},
                profile=_profile(bench.file.bench.profile),
                state_dir=self._folder / "adapter" / f"{number:03d}",
                seed=case_seed(bench.file.bench.seed, case),
                connect_s=table.connect_s,
                reply_s=table.reply_s,
                kind=institution.kind,
                libraries=self._libraries.paths if self._libraries else {},
                till={"number": 1, "of": table.tills} if table.tills > 1 else {},
                tls=bench.tls_told,
            ),
            command=runnable(bench.file.command),
            folder=self._folder,
            patience_s=table.patience_s,
        )

    def _check_clock(self, counter: CounterPort) -> None:
        """Compare the adapter's clock with what the bench file says of it. Raises ConfigError."""
        said, ready = self._table.clock, counter.ready
        if said is AdapterClock.OWN and ready.clock is AdapterClock.BENCH:
            raise ConfigError(
                f'[counter]: clock = "own", but the adapter {ready.adapter} takes the time from the commands.',
                cause='its `ready.clock` is "bench", and cases would be left out that it can run',
                remedy='leave clock out of [counter], or have it declare `clock` "own"',
            )
        if self.lives_on and ready.clock is AdapterClock.OWN:
            raise _lives_in_one_day(f"The adapter {ready.adapter}")

    def _end(self) -> None:
        counter, self._counter = self._counter, None
        if counter is not None:
            counter.close()


def _lives_in_one_day(who: str) -> ConfigError:
    return ConfigError(
        f'{who}: an adapter with its own clock cannot live through a run (restart = "run").',
        cause="each case would be a working day of its own, and its clock cannot be stepped",
        remedy='set restart = "case" in [counter]',
    )


def institution_of(file: BenchFile) -> Institution:
    """The institution whose counter is under test. Raises ConfigError for one that does not exist."""
    code = file.counter.institution
    for institution in institutions():
        if institution.code == code:
            return institution
    raise ConfigError(
        f"{file.source}, [counter]: there is no institution {code!r}.",
        cause="a slip of the pen",
        remedy=f"use one of: {', '.join(i.code for i in institutions())}",
    )


def _check_command(file: BenchFile) -> None:
    if not file.command:
        raise ConfigError(
            f"{file.source}: there is no adapter to test.",
            cause="[counter] has no command",
            remedy='add command = ["your-adapter", "…"], or name one with --adapter',
        )
    if shutil.which(runnable(file.command)[0]) is None:
        raise ConfigError(
            f"The adapter's command {shlex.join(file.command)!r} cannot be started: there is no program "
            f"{file.command[0]!r}.",
            cause="it is not installed, its path is wrong, or it may not be executed",
            remedy="try the command by hand in the same folder; `python` means the interpreter that runs Liantiao",
        )


def _signs_in_by_message(file: BenchFile) -> bool:
    return load_profile(file.bench.profile).protocol != SHANGHAI


def _has_terminal(file: BenchFile) -> bool:
    return any(spec.kind == TERMINAL for spec in file.devices)


def _profile(name: str) -> dict[str, JsonValue]:
    told: dict[str, JsonValue] = json.loads(json.dumps(load_profile(name).for_adapter()))
    return told
