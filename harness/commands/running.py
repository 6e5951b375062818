"""Running cases: `certify` for a plan, `test` for a vendor's own; pytest does the work, the view shows it."""

import shlex
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import FrameType

import pytest

import harness.suites
from harness.clock import BEIJING
from harness.errors import ConfigError, ExitStatus
from harness.judge.plan import load_plan
from harness.judge.verdict import Verdict
from harness.line.folder import new_folder
from harness.pytest_plugin import VIEW, CasePlugin, View, chosen_bench

SUITES = Path(harness.suites.__file__).parent
INTERRUPTED = 130
_UNUSED_PLUGINS = (
    "terminal",
    "cacheprovider",
    "benchmark",
    "timeout",
    "xdist",
    "junitxml",
    "unraisableexception",
    "threadexception",
)
"""What would print beside the view, or is of use to a project's tests only."""
_STATUS = {
    Verdict.PASSED: ExitStatus.CERTIFIED,
    Verdict.FAILED: ExitStatus.FINDINGS,
    Verdict.INCONCLUSIVE: ExitStatus.INCONCLUSIVE,
}


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What a run of cases may be told on the command line."""

    plan: str
    paths: Sequence[Path] = ()
    """A vendor's own cases; empty for the plan's suite."""
    bench: str | None = None
    runs: Path = Path("runs")
    seed: int | None = None
    devices: Sequence[str] = ()
    adapter: str | None = None
    mutant: str | None = None
    cases: Sequence[str] = field(default_factory=tuple)


def run_cases(options: RunOptions, view: View) -> tuple[Path, int]:
    """Run cases; returns the run's folder and the exit status. Raises ConfigError before anything is started."""
    plan = load_plan(options.plan)
    file = chosen_bench(
        plan, bench=options.bench, devices=list(options.devices), seed=options.seed, adapter=options.adapter
    )
    adapter = options.adapter
    if options.mutant is not None:
        adapter = shlex.join([*file.command, "--mutant", options.mutant])
    for path in options.paths:
        if not path.exists():
            raise ConfigError(f"There is nothing at {path}.", cause="a wrong path", remedy="name a file or a folder")
    folder = new_folder(options.runs, plan.id, now=datetime.now(tz=BEIJING)).resolve()
    problems = _Problems()
    signal.signal(signal.SIGTERM, _as_interrupt)
    plugins: list[object] = [problems, _Named(view)]
    status = pytest.main(_arguments(replace(options, adapter=adapter), plan.suite, folder), plugins=plugins)
    return folder, _status(int(status), problems, folder)


def _arguments(options: RunOptions, suite: str, folder: Path) -> list[str]:
    own = [str(path.resolve()) for path in options.paths]
    words = [*(own or [str(SUITES / suite)]), "-c", str(SUITES / "pytest.ini"), "--rootdir"]
    words += [str(Path(own[0]) if own and Path(own[0]).is_dir() else Path(own[0]).parent) if own else str(SUITES)]
    for plugin in _UNUSED_PLUGINS:
        words += ["-p", f"no:{plugin}"]
    words += ["--liantiao-plan", options.plan, "--liantiao-folder", str(folder)]
    words += ["--liantiao-demand", "collected" if own else "plan"]
    if options.bench is not None:
        words += ["--liantiao-bench", options.bench]
    if options.seed is not None:
        words += ["--liantiao-seed", str(options.seed)]
    if options.adapter is not None:
        words += ["--liantiao-adapter", options.adapter]
    for device in options.devices:
        words += ["--liantiao-device", device]
    for case in options.cases:
        words += ["--liantiao-case", case]
    return words


def _status(status: int, problems: "_Problems", folder: Path) -> int:
    cases = problems.cases
    if cases is not None and cases.fatal is not None:
        raise cases.fatal
    if status == pytest.ExitCode.INTERRUPTED:
        print(f"Interrupted; what was recorded is in {folder}", file=sys.stderr)
        return INTERRUPTED
    if problems.said or cases is None or cases.run is None:
        raise ConfigError(
            "The cases could not be run" + "".join(f"\n{text}" for text in problems.said) or "; none was found.",
            cause="a case file that does not load, a case that does not exist, or a folder without cases",
            remedy="`liantiao cases` lists the plan's; a case is a test with @pytest.mark.case",
        )
    return int(_STATUS[cases.run.verdict])


def _as_interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt


class _Named:
    """Registers a view under the name that the plugin looks for."""

    def __init__(self, view: View) -> None:
        self._view = view

    def pytest_configure(self, config: pytest.Config) -> None:
        config.pluginmanager.register(self._view, VIEW)


class _Problems:
    """Collects what pytest has to say beside the cases' verdicts; the terminal plugin is off."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.cases: CasePlugin | None = None

    def pytest_configure(self, config: pytest.Config) -> None:
        found = config.pluginmanager.get_plugin("liantiao-cases")
        self.cases = found if isinstance(found, CasePlugin) else None

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.said.append(f"{report.nodeid}: {report.longreprtext}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and "CaseFailed" not in report.longreprtext:
            self.said.append(f"{report.nodeid}: {report.longreprtext}")

    def pytest_internalerror(self, excrepr: object) -> None:
        self.said.append(str(excrepr))
