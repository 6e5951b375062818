"""Running cases: `certify` for a plan, `test` for a vendor's own; pytest does the work, the view shows it."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from functools import partial
from io import StringIO
from pathlib import Path

import pytest

import harness.pytest_plugin
import harness.suites
from harness.casework import Casework, View
from harness.commands.output import say
from harness.commands.signing import sign_run
from harness.errors import ConfigError, ExitStatus
from harness.gm import PrivateKey
from harness.interrupt import one_interrupt
from harness.judge.verdict import Verdict
from harness.options import RunOptions
from harness.pytest_plugin import NAME, CasePlugin

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
    "faulthandler",
)
"""What would print beside the view, or is of use to a project's tests only."""
_MEANT_FOR_OTHERS = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")
"""Variables that people set for their own use of pytest."""
_STATUS = {
    Verdict.PASSED: ExitStatus.CERTIFIED,
    Verdict.FAILED: ExitStatus.FINDINGS,
    Verdict.INCONCLUSIVE: ExitStatus.INCONCLUSIVE,
}


def run_cases(
    options: RunOptions, view: View, *, paths: Sequence[Path] = (), key: PrivateKey | None = None
) -> tuple[Path, int]:
    """Run the plan's cases, or a vendor's own in `paths`; returns the run's folder and the exit status.

    With a `key` what the run leaves behind is signed. Raises ConfigError before anything is started, and BenchError
    when the bench cannot be brought up or breaks.
    """
    for path in paths:
        if not path.exists():
            raise ConfigError(f"There is nothing at {path}.", cause="a wrong path", remedy="name a file or a folder")
    with one_interrupt() as interruption:
        seal = None if key is None else partial(sign_run, key=key)
        work = Casework(options, view=view, whole_plan=not paths, paths=paths, interruption=interruption, seal=seal)
        plugin = CasePlugin(casework=work)
        with redirect_stderr(StringIO()) as refusal, _undisturbed():
            status = pytest.main(_arguments(paths, work.plan.suite), plugins=[_Registered(plugin)])
        plugin.strays += _in_brief(refusal.getvalue())
        if interruption.noted and work.run is None:
            raise KeyboardInterrupt
    return _result(work, plugin, interrupted=interruption.noted or status == pytest.ExitCode.INTERRUPTED)


def _arguments(paths: Sequence[Path], suite: str) -> list[str]:
    own = [path.resolve() for path in paths]
    root = (own[0] if own[0].is_dir() else own[0].parent) if own else SUITES
    words = [*map(str, own or [SUITES / suite]), "-c", str(SUITES / "pytest.ini"), "--rootdir", str(root)]
    for plugin in _UNUSED_PLUGINS:
        words += ["-p", f"no:{plugin}"]
    if not own:  # a vendor's cases may use what they have installed; a plan is the same everywhere
        words.append("--disable-plugin-autoload")
    return [*words, "-p", harness.pytest_plugin.__name__]


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Which cases run, and how, is for the command line alone to say."""
    put_away = {name: os.environ.pop(name) for name in _MEANT_FOR_OTHERS if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(put_away)


def _result(work: Casework, plugin: CasePlugin, *, interrupted: bool) -> tuple[Path, int]:
    if work.run is None:
        if work.fatal is not None:
            raise work.fatal
        raise ConfigError(
            "\n  ".join(["No case was run:", *plugin.strays]) if plugin.strays else "There is no case to run.",
            cause="a file that does not load, or a name that does not exist"
            if plugin.strays
            else "no test there has @pytest.mark.case, or no file there is called test_*.py",
            remedy="`liantiao cases` lists the plan's; docs/adding.md shows how to write your own",
        )
    for stray in plugin.strays:
        say(f"error: outside of a case: {stray}")
    folder = work.run.folder
    if work.fatal is not None:
        say(f"What was recorded is in {folder}")
        raise work.fatal
    if interrupted:
        say(f"Interrupted; what was recorded is in {folder}")
        return folder, INTERRUPTED
    if work.over:
        say(f"Stopped early: {work.over}.")
    status = _STATUS[work.run.verdict]
    if plugin.strays and status is not ExitStatus.FINDINGS:
        status = ExitStatus.YOUR_CONFIGURATION
    return folder, int(status)


def _in_brief(refusal: str) -> list[str]:
    """What pytest says when it refuses to start: an option, or a conftest.py that does not load, with its error."""
    lines = [line.removeprefix("ERROR: ").strip() for line in refusal.splitlines() if line.strip()]
    return [line.removeprefix("E ").strip() for line in lines if line == lines[0] or line.startswith("E ")]


class _Registered:
    """Puts the plugin in its place before pytest would make one of its own options."""

    def __init__(self, plugin: CasePlugin) -> None:
        self._plugin = plugin

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        config.pluginmanager.register(self._plugin, NAME)
