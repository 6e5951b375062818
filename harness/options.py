"""What a run of cases may be told, on the command line or as options of pytest, and the bench that comes of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fixtures import fixture
from harness.bench.config import BenchFile, load_bench, parse_bench
from harness.crews import crew_type
from harness.errors import ConfigError
from harness.judge.plan import ADAPTER, Plan
from harness.wire.profile import load_profile


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
    profile: str | None = None
    """The province's profile; the bench file's without one."""
    mutant: str | None = None
    """The mutant of what is under test that is to be tested instead, or KIND:NAME, the mutant of another device."""
    cases: Sequence[str] = ()
    """Only these; all without any."""
    until_finding: bool = False
    """The first case with a finding is enough."""

    def bench_file(self, plan: Plan) -> BenchFile:
        """The bench that these options choose, found fit for cases. Raises ConfigError, before anything is started."""
        file = chosen_bench(
            plan, bench=self.bench, devices=self.devices, seed=self.seed, adapter=self.adapter, profile=self.profile
        )
        if self.mutant is not None:
            file = with_mutant(plan, file, self.mutant)
        crew_type(plan).check(file)
        return file


def chosen_bench(
    plan: Plan,
    *,
    bench: str | None = None,
    devices: Sequence[str] = (),
    seed: int | None = None,
    adapter: str | None = None,
    profile: str | None = None,
) -> BenchFile:
    """The bench file of these choices. Raises ConfigError."""
    if bench is None:
        text = fixture(f"benches/{plan.bench}").read_text(encoding="utf-8")
        file = parse_bench(text, source=plan.bench)
    else:
        file = load_bench(Path(bench))
    file = file.with_overrides(devices=devices, seed=seed, command=adapter, profile=profile)
    load_profile(file.bench.profile)
    return file


def with_mutant(plan: Plan, file: BenchFile, mutant: str) -> BenchFile:
    """The same bench with a mutant of what is under test, or with KIND:NAME, of the device of a kind.

    Raises ConfigError when that is a real device, or has no mutants.
    """
    kind, separator, name = mutant.partition(":")
    if not separator:
        kind, name = plan.subject, mutant
    if kind == ADAPTER:
        return replace(file, command=(*file.command, "--mutant", name))
    if not file.device(kind).virtual:
        raise ConfigError(
            f"There are no mutants of {file.device(kind).at}.",
            cause="it is a real device; only a virtual one can be given a known defect",
            remedy='set at = "virtual", or leave --mutant out',
        )
    return file.with_setting(kind, "mutant", name)
