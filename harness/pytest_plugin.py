"""The pytest plugin: gives a case its bench, drivers and counter, and judges its tape when it ends.

    @pytest.mark.case("pharmacy/purchase", title="…", requirements=["GS-PHARMACY"])
    def test_purchase(stage: Stage) -> None: ...

A test without the marker is none of this plugin's business. The variant of a parametrised case stands behind its id:
`pharmacy/channel[wechat]`. A case whose verdict is not `passed` fails its test with the findings as the text.

This module is loaded into every pytest of the environment, so the rest of the harness is imported when it is needed.
"""

from __future__ import annotations

import difflib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.casework import Casework
    from harness.run import CaseHead
    from harness.scenarios.stage import Stage

MARKER = "case"
NAME = "liantiao-cases"


class CaseFailed(AssertionError):
    """A case that did not pass; the text lists why."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of a run."""
    group = parser.getgroup("liantiao", "joint-test cases")
    group.addoption("--liantiao-plan", default="pharmacy", help="the plan whose rules judge the cases")
    group.addoption("--liantiao-bench", default=None, help="the bench file; default: the plan's own, all virtual")
    group.addoption("--liantiao-runs", default="runs", help="where run folders go")
    group.addoption("--liantiao-seed", type=int, default=None, help="overrides the bench file's seed")
    group.addoption("--liantiao-device", action="append", default=[], help="NAME=ADDRESS, overrides the bench file")
    group.addoption("--liantiao-adapter", default=None, help="the adapter's command, overrides the bench file")
    group.addoption("--liantiao-profile", default=None, help="the province's profile, overrides the bench file")
    group.addoption("--liantiao-case", action="append", default=[], help="run this case only; may be repeated")


def pytest_configure(config: pytest.Config) -> None:
    """Announce the marker; the run itself starts with its first case."""
    config.addinivalue_line("markers", f"{MARKER}(id, *, title, requirements): a joint-test case, judged by its tape")
    if not config.pluginmanager.has_plugin(NAME):
        config.pluginmanager.register(CasePlugin(config), NAME)


def case_id(item: pytest.Item) -> str:
    """The id of a test's case with its variant; empty when it is no case."""
    marker = item.get_closest_marker(MARKER)
    if marker is None:
        return ""
    name = str(marker.args[0]) if marker.args else item.nodeid
    variant = getattr(getattr(item, "callspec", None), "id", "")
    return name + (f"[{variant}]" if variant else "")


def head_of(item: pytest.Item) -> CaseHead:
    """The head of a test's case. Raises UsageError when its marker lacks something."""
    from harness.run import CaseHead

    marker = item.get_closest_marker(MARKER)
    if marker is None or not marker.args or "title" not in marker.kwargs:
        raise pytest.UsageError(f"{item.nodeid}: write @pytest.mark.case(ID, title=…, requirements=[…])")
    requirements = tuple(marker.kwargs.get("requirements", ()))
    return CaseHead(id=case_id(item), title=marker.kwargs["title"], requirements=requirements)


class CasePlugin:
    """The cases of one session; `casework` runs them, or one made of the session's options when a case begins."""

    def __init__(self, config: pytest.Config | None = None, *, casework: Casework | None = None) -> None:
        self._config = config
        self._casework = casework
        self._stage: Stage | None = None
        self._cases: tuple[str, ...] = ()
        self.strays: list[str] = []
        """What went wrong outside of any case: a file that does not load, a test that is no case."""

    @pytest.fixture
    def stage(self, request: pytest.FixtureRequest) -> Iterator[Stage]:
        """The drivers and ports of the case."""
        if self._stage is None:
            raise pytest.UsageError(f"{request.node.nodeid} uses `stage` without @pytest.mark.case")
        yield self._stage
        self._stage = None

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Keep the cases asked for. Raises UsageError for one that does not exist, or that stands for two tests."""
        found = [name for name in map(case_id, items) if name]
        for item in items:
            if case_id(item):
                head_of(item)
        twins = sorted({name for name in found if found.count(name) > 1})
        if twins:
            raise pytest.UsageError(f"two cases have the id {', '.join(twins)}: give each its own")
        wanted = set(self._casework.options.cases if self._casework else config.getoption("--liantiao-case"))
        strange = sorted(wanted - set(found))
        if strange:
            near = difflib.get_close_matches(strange[0], found, n=3)
            meant = f"; perhaps {', '.join(near)}" if near else ""
            raise pytest.UsageError(f"there is no case {', '.join(strange)}{meant}")
        if self._casework is not None and not wanted and self._casework.plan.left_out:
            wanted = set(found) - set(self._casework.plan.left_out)
        if wanted:
            config.hook.pytest_deselected(items=[item for item in items if case_id(item) not in wanted])
            items[:] = [item for item in items if case_id(item) in wanted]
        self._cases = tuple(filter(None, map(case_id, items)))

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, None, None]:
        """Begin the case, within pytest's own wrappers; what goes wrong while it is set up belongs to it."""
        if not case_id(item):
            return (yield)
        if hasattr(item.config, "workerinput"):
            raise pytest.UsageError("cases share one bench and run one after the other: leave out -n")
        __tracebackhide__ = True
        work = self._open()
        with self._judged(work):
            self._stage = work.begin(head_of(item))
            yield

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        """Run the case, end it whatever happens, and fail the test unless its verdict is `passed`."""
        if not case_id(item) or self._casework is None:
            return (yield)
        __tracebackhide__ = True
        with self._judged(self._casework):
            yield
        failed = self._casework.end()
        if failed:
            raise CaseFailed(failed)

    @contextmanager
    def _judged(self, work: Casework) -> Iterator[None]:
        """End the case when it runs into something, which then is in its verdict; what ends the session goes on."""
        __tracebackhide__ = True
        try:
            yield
        except BaseException as error:
            failed = work.break_off(_problem(error))
            if isinstance(error, KeyboardInterrupt | pytest.exit.Exception):
                raise
            raise CaseFailed(failed) from None

    def pytest_exception_interact(self, node: pytest.Item | pytest.Collector, call: pytest.CallInfo[object]) -> None:
        """Note what is no case's own failure; those are in the verdict."""
        from harness.casework import in_brief

        error = call.excinfo.value if call.excinfo is not None else None
        if error is not None and not isinstance(error, CaseFailed):
            self.strays.append(f"{node.nodeid or node.name}: {in_brief(error)}")

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
        """Note what broke pytest itself, or one of its plugins; whoever gave the casework says it in their way."""
        from harness.casework import in_brief

        self.strays.append(in_brief(excinfo.value))
        return self._config is None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Take the bench down, write the verdict and render the reports."""
        if self._casework is not None:
            self._casework.finish()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say where the run is, when pytest was started without `liantiao`."""
        if self._casework is not None and self._casework.run is not None:
            terminalreporter.write_line(f"run: {self._casework.run.folder}: {self._casework.run.verdict.value}")

    def _open(self) -> Casework:
        from harness.errors import ExitStatus, LiantiaoError

        try:
            if self._casework is None:
                self._casework = self._of_options()
            self._casework.open(self._cases)
        except LiantiaoError as error:
            pytest.exit(str(error), returncode=int(error.status))
        if self._casework.over:
            fatal = self._casework.fatal
            pytest.exit(self._casework.over, returncode=int(fatal.status if fatal else ExitStatus.FINDINGS))
        return self._casework

    def _of_options(self) -> Casework:
        from harness.casework import Casework
        from harness.options import RunOptions

        assert self._config is not None
        option = self._config.getoption
        return Casework(
            RunOptions(
                plan=option("--liantiao-plan"),
                bench=option("--liantiao-bench"),
                runs=Path(option("--liantiao-runs")),
                seed=option("--liantiao-seed"),
                devices=option("--liantiao-device"),
                adapter=option("--liantiao-adapter"),
                profile=option("--liantiao-profile"),
                cases=option("--liantiao-case"),
            ),
            paths=[Path(name) for name in dict.fromkeys(word.partition("::")[0] for word in self._config.args)],
        )


def _problem(error: BaseException) -> BaseException:
    """What a case ran into, in the harness's own words where it was pytest that broke it off."""
    from harness.errors import BenchError

    match error:
        case pytest.fail.Exception():
            return AssertionError(error.msg).with_traceback(error.__traceback__)
        case pytest.skip.Exception():
            why, cause = f"The case was skipped: {error.msg}", "its code, or a marker on it, says so"
        case KeyboardInterrupt() | pytest.exit.Exception():
            why, cause = "The case was broken off.", "Ctrl-C, a signal, or a call of pytest.exit"
        case _:
            return error
    return BenchError(why, cause=cause, remedy="run it again, whole")
