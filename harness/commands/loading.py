"""`liantiao load` and `liantiao calibrate`: a load on a bench; recordings, a prediction of a replay, and its error."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from harness.bench.config import BenchFile
from harness.errors import BenchError, ConfigError, ExitStatus, SimulatorDefect
from harness.interrupt import one_interrupt
from harness.judge.plan import load_plan
from harness.line.folder import new_folder
from harness.load.open_loop import Told
from harness.load.results import Verdict
from harness.load.running import LoadSettings, fit_for_load, load_folder_name, now, run_load
from harness.load.trace import Trace, constant, poisson, read_trace
from harness.options import chosen_bench

GROUP, NAME = "liantiao.models", "calibration"
APART_RATE, MACHINE_RATE, MACHINE_S = 8.0, 20.0, 8.0
"""Arrivals a second of the recordings in which nobody waits: five times as far apart as a purchase takes."""
MACHINE_PLAN = "encryption-machine"
STATUS = {
    Verdict.PASSED: ExitStatus.CERTIFIED,
    Verdict.FAILED: ExitStatus.FINDINGS,
    Verdict.INCONCLUSIVE: ExitStatus.INCONCLUSIVE,
}


class Calibration(Protocol):
    """What stands behind the entry point."""

    def fit(self, out: Path, *, apart: Path, busy: Path, others: Sequence[Path]) -> Mapping[str, object]:
        """Fit service times from recordings; leaves `calibration.json` and a scenario. Raises ConfigError."""
        ...

    def check(
        self, out: Path, *, apart: Path, busy: Path, replayed: Path, replications: int, seed: int
    ) -> Mapping[str, object]:
        """Predict a trace that was replayed, and compare; adds to `calibration.json`. Raises ConfigError."""
        ...


@dataclass(frozen=True, kw_only=True)
class BenchChoice:
    """Which bench is loaded."""

    plan: str = "pharmacy"
    bench: str | None = None
    devices: Sequence[str] = ()
    seed: int = 1

    def file(self) -> BenchFile:
        """The bench, fit for load. Raises ConfigError."""
        return fit_for_load(chosen_bench(load_plan(self.plan), bench=self.bench, devices=self.devices))


@dataclass(frozen=True, kw_only=True)
class LoadOptions:
    """What `liantiao load` may be told."""

    choice: BenchChoice
    rate: float = 20.0
    seconds: float = 10.0
    even: bool = False
    """Arrivals at equal distances instead of Poisson's."""
    trace: Path | None = None
    settings: LoadSettings = field(default_factory=LoadSettings)
    out: Path | None = None
    runs: Path = Path("runs")

    def arrivals(self) -> Trace:
        """The trace. Raises ConfigError."""
        if self.trace is not None:
            return read_trace(self.trace)
        if self.even:
            return constant(rate=self.rate, seconds=self.seconds)
        return poisson(rate=self.rate, seconds=self.seconds, seed=self.choice.seed)


@dataclass(frozen=True, kw_only=True)
class CalibrationOptions:
    """What `liantiao calibrate` may be told; rates are customers a second."""

    choice: BenchChoice
    seconds: float = 20.0
    """How long each recording takes."""
    busy_rate: float = 25.0
    check_rate: float = 30.0
    check_seconds: float = 30.0
    trace: Path | None = None
    """A trace to check the prediction on, instead of a rate."""
    recordings: Sequence[Path] = ()
    """Further folders with a tape, e.g. of a certificate's run, for the scanner's decode times."""
    machine: bool = True
    """Whether to record a virtual encryption machine, too."""
    replications: int = 30
    out: Path | None = None
    runs: Path = Path("runs")


def load(options: LoadOptions, *, console: Console | None = None) -> tuple[Path, ExitStatus]:
    """Put a load on a bench; returns the folder of results and the exit status. Raises ConfigError or BenchError."""
    file = options.choice.file()
    trace = options.arrivals()
    folder = _folder(options.out, options.runs, load_folder_name(file))
    with one_interrupt(), _bar(console) as bar:
        verdict = run_load(file, trace, options.settings, folder, told=bar("customers 客户"))
    return folder, STATUS[verdict]


def calibrate(
    options: CalibrationOptions, *, calibration: Calibration | None = None, console: Console | None = None
) -> tuple[Path, ExitStatus]:
    """Record, fit, replay for real, predict and compare; returns the folder and the exit status.

    0 when the prediction agrees, 1 when not, 3 when the comparison means nothing. Raises ConfigError or BenchError.
    """
    found = calibration or installed_calibration()
    if options.replications < 2:
        raise ConfigError(
            f"--replications cannot be {options.replications}.", cause="a slip of the pen", remedy="give 2 or more"
        )
    file = options.choice.file()
    check = (
        read_trace(options.trace)
        if options.trace is not None
        else poisson(rate=options.check_rate, seconds=options.check_seconds, seed=options.choice.seed)
    )
    apart = constant(rate=APART_RATE, seconds=options.seconds)
    busy = poisson(rate=options.busy_rate, seconds=options.seconds, seed=options.choice.seed + 1)
    folder = _folder(options.out, options.runs, "calibration")
    others = list(options.recordings)
    with one_interrupt(), _bar(console) as bar:

        def recorded(name: str, bench: BenchFile, trace: Trace) -> Path:
            own = _folder(folder / name, options.runs, name)
            if run_load(bench, trace, LoadSettings(), own, told=bar(name)) is Verdict.FAILED:
                raise BenchError(
                    f"The recording {name} does not stand: its books disagree, or outcomes stayed unknown.",
                    cause="the bench cannot carry this load, or has a defect",
                    remedy=f"see {own}/load.json; try a lower rate",
                )
            return own

        apart_folder = recorded("apart", file, apart)
        busy_folder = recorded("busy", file, busy)
        if options.machine:
            machine = BenchChoice(plan=MACHINE_PLAN).file()
            others.append(recorded("machine", machine, constant(rate=MACHINE_RATE, seconds=MACHINE_S)))
        found.fit(folder, apart=apart_folder, busy=busy_folder, others=others)
        replayed = recorded("replayed", file, check)
        content = found.check(
            folder,
            apart=apart_folder,
            busy=busy_folder,
            replayed=replayed,
            replications=options.replications,
            seed=options.choice.seed,
        )
    status = {"agrees": ExitStatus.CERTIFIED, "disagrees": ExitStatus.FINDINGS}
    return folder, status.get(str(content["verdict"]), ExitStatus.INCONCLUSIVE)


def installed_calibration() -> Calibration:
    """The installed calibration. Raises SimulatorDefect when none is or it cannot be loaded."""
    points = [point for point in entry_points(group=GROUP) if point.name == NAME]
    if not points:
        raise SimulatorDefect(
            f"No calibration is installed under {GROUP}.",
            cause="Liantiao was installed before it had one, or in part",
            remedy="install it again; `python3 run.py setup` from a checkout",
        )
    try:
        loaded: Calibration = points[0].load()
    except (ImportError, AttributeError) as error:
        raise SimulatorDefect(
            f"The calibration cannot be loaded: {error}.",
            cause="its package is damaged or needs something that is not installed",
            remedy="install it again; `python3 run.py setup` from a checkout",
        ) from error
    return loaded


def _folder(out: Path | None, runs: Path, name: str) -> Path:
    """The folder for results, made. Raises BenchError, or ConfigError when the named one holds something."""
    if out is None:
        return new_folder(runs, name, now=now())
    try:
        out.mkdir(parents=True, exist_ok=True)
        holds_something = any(out.iterdir())
    except OSError as error:
        raise BenchError(
            f"The folder {out} cannot be made: {error.strerror}.",
            cause="no right to write there, a full disk, or a file where a folder should be",
            remedy="name another place with --out",
        ) from error
    if holds_something:
        raise ConfigError(
            f"The folder {out} is not empty.",
            cause="results of an earlier run, which would be mixed with the new ones",
            remedy="name another folder with --out, or leave it out for a new one below runs",
        )
    return out


@contextmanager
def _bar(console: Console | None) -> Iterator[Callable[[str], Told]]:
    """Bars on a terminal, one for each part of the work; a pipe sees nothing."""
    shown = console or Console(stderr=True)
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=shown,
        disable=not shown.is_terminal,
        transient=True,
        expand=True,
    )

    def bar(name: str) -> Told:
        task = progress.add_task(name, total=None)

        def told(back: int, of: int) -> None:
            progress.update(task, completed=back, total=of)

        return told

    with progress:
        yield bar
