"""What a run of cases may be told, on the command line or as options of pytest, and the bench that comes of it."""

import shlex
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fixtures import fixture
from fixtures.population import Institution, institutions
from harness.bench.config import BenchFile, ClockKind, Restart, load_bench, parse_bench
from harness.counter import PORTS
from harness.errors import ConfigError
from harness.judge.plan import Plan
from harness.wire.profile import load_profile

NEEDED = ("phone", "scanner", "voucher-centre", "platform")
"""The kinds of devices that every stage has."""


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How to run cases; what is left out comes from the plan and its bench file."""

    plan: str = "pharmacy"
    bench: str | None = None
    """Path of a bench file; the plan's own, all virtual, without one."""
    runs: Path = Path("runs")
    """Where run folders go."""
    seed: int | None = None
    devices: Sequence[str] = ()
    """Addresses that override the bench file's, each `NAME=ADDRESS`."""
    adapter: str | None = None
    """Command of the adapter under test, as for a shell."""
    mutant: str | None = None
    """The mutant of that adapter that is to be tested instead."""
    cases: Sequence[str] = ()
    """Only these; all without any."""

    def bench_file(self, plan: Plan) -> BenchFile:
        """The bench that these options choose, found fit for cases. Raises ConfigError, before anything is started."""
        file = chosen_bench(plan, bench=self.bench, devices=self.devices, seed=self.seed, adapter=self.adapter)
        if self.mutant is not None:
            file = replace(file, command=(*file.command, "--mutant", self.mutant))
        check_for_cases(file)
        return file


def chosen_bench(
    plan: Plan,
    *,
    bench: str | None = None,
    devices: Sequence[str] = (),
    seed: int | None = None,
    adapter: str | None = None,
) -> BenchFile:
    """The bench file of these choices. Raises ConfigError."""
    if bench is None:
        text = fixture(f"benches/{plan.bench}").read_text(encoding="utf-8")
        file = parse_bench(text, source=plan.bench)
    else:
        file = load_bench(Path(bench))
    file = file.with_overrides(devices=devices, seed=seed, command=adapter)
    load_profile(file.bench.profile)
    return file


def check_for_cases(file: BenchFile) -> None:
    """Find whatever would keep cases from being run on this bench. Raises ConfigError for the first."""
    for kind in NEEDED:
        file.device(kind)
    institution_of(file)
    PORTS.check(file.counter.port)
    if file.counter.restart is Restart.RUN and file.bench.clock is ClockKind.SYSTEM:
        raise ConfigError(
            f'{file.source}: restart = "run" needs clock = "bench".',
            cause="an adapter that outlives a case gets a working day for each, so the clock must be stepped",
            remedy='set restart = "case" in [counter], or clock = "bench" in [bench]',
        )
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


def runnable(command: Sequence[str]) -> tuple[str, ...]:
    """A command as it is started: `python` means the interpreter that runs Liantiao, wherever that is."""
    first, *rest = command
    return (sys.executable if first == "python" else first, *rest)
