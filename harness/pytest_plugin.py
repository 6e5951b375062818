"""The pytest plugin: gives a case its bench, drivers and counter, and judges its tape when it ends.

    @pytest.mark.case("pharmacy/purchase", title="…", requirements=["GS-PHARMACY"])
    def test_purchase(stage: Stage) -> None: ...

A test without the marker is none of this plugin's business. The variant of a parametrised case stands behind its id:
`pharmacy/channel[wechat]`. A case whose verdict is not `passed` fails its test with the findings as the text.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from harness.bench.config import BenchFile
    from harness.errors import LiantiaoError
    from harness.judge.plan import Plan
    from harness.judge.verdict import CaseVerdict
    from harness.run import CaseHead, Run
    from harness.scenarios.stage import Stage

MARKER = "case"
VIEW = "liantiao-view"
"""The name under which a command registers a `View` of the run."""


class CaseFailed(AssertionError):
    """A case that did not pass; the text lists why."""


class View(Protocol):
    """Whoever wants to show a run as it goes."""

    def began(self, total: int) -> None:
        """So many cases will run."""
        ...

    def case_started(self, case: str, title: str) -> None:
        """A case begins."""
        ...

    def case_ended(self, case: str, verdict: str, findings: int, elapsed_ms: int) -> None:
        """A case has its verdict."""
        ...


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of a run; `liantiao certify` and `liantiao test` pass them."""
    group = parser.getgroup("liantiao", "joint-test cases")
    group.addoption("--liantiao-plan", default="pharmacy", help="the plan whose rules judge the cases")
    group.addoption("--liantiao-bench", default=None, help="the bench file; default: the plan's own, all virtual")
    group.addoption("--liantiao-runs", default="runs", help="where run folders go")
    group.addoption("--liantiao-folder", default=None, help="the run's folder, made already")
    group.addoption("--liantiao-seed", type=int, default=None, help="overrides the bench file's seed")
    group.addoption("--liantiao-device", action="append", default=[], help="NAME=ADDRESS, overrides the bench file")
    group.addoption("--liantiao-adapter", default=None, help="the adapter's command, overrides the bench file")
    group.addoption(
        "--liantiao-demand",
        choices=("plan", "collected"),
        default="collected",
        help="what the verdict demands: the cases of the plan, or those that were found",
    )
    group.addoption("--liantiao-case", action="append", default=[], help="run this case only; may be repeated")


def pytest_configure(config: pytest.Config) -> None:
    """Announce the marker; the run itself starts with its first case."""
    config.addinivalue_line("markers", f"{MARKER}(id, *, title, requirements): a joint-test case, judged by its tape")
    config.pluginmanager.register(CasePlugin(config), "liantiao-cases")


def case_id(item: pytest.Item) -> str:
    """The id of a test's case with its variant; empty when it is no case."""
    marker = item.get_closest_marker(MARKER)
    if marker is None:
        return ""
    variant = getattr(getattr(item, "callspec", None), "id", "")
    return str(marker.args[0]) + (f"[{variant}]" if variant else "")


def head_of(item: pytest.Item) -> CaseHead:
    """The head of a test's case. Raises UsageError when its marker lacks something."""
    from harness.run import CaseHead

    marker = item.get_closest_marker(MARKER)
    if marker is None or not marker.args or "title" not in marker.kwargs:
        raise pytest.UsageError(f"{item.nodeid}: write @pytest.mark.case(ID, title=…, requirements=[…])")
    requirements = tuple(marker.kwargs.get("requirements", ()))
    return CaseHead(id=case_id(item), title=marker.kwargs["title"], requirements=requirements)


def chosen_bench(
    plan: Plan, *, bench: str | None, devices: list[str], seed: int | None, adapter: str | None
) -> BenchFile:
    """The bench file that options choose. Raises ConfigError."""
    from fixtures import fixture
    from harness.bench.config import load_bench, parse_bench

    if bench is None:
        text = fixture(f"benches/{plan.bench}").read_text(encoding="utf-8")
        file = parse_bench(text, source=plan.bench)
    else:
        file = load_bench(Path(bench))
    return file.with_overrides(devices=devices, seed=seed, command=adapter)


def explain(verdict: CaseVerdict) -> str:
    """Why a case did not pass, for a terminal."""
    lines = [f"{verdict.case} is {verdict.verdict.value}"]
    for finding in verdict.findings:
        lines += [
            f"  {finding.rule} ({finding.severity}; {finding.clause}), record {finding.seq}",
            f"    expected: {finding.expected}",
            f"    seen:     {finding.seen}",
        ]
    lines += [f"  inconclusive: {reason}" for reason in verdict.inconclusive]
    return "\n".join(lines)


class CasePlugin:
    """One session's cases and their run."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._stage: Stage | None = None
        self._collected: tuple[str, ...] = ()
        self.run: Run | None = None
        self.fatal: LiantiaoError | None = None
        """What kept the run from going on, if anything did."""

    @pytest.fixture
    def stage(self, request: pytest.FixtureRequest) -> Iterator[Stage]:
        """The drivers and ports of the case."""
        if self._stage is None:
            raise pytest.UsageError(f"{request.node.nodeid} uses `stage` without @pytest.mark.case")
        yield self._stage
        self._stage = None

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Keep the cases asked for. Raises UsageError for one that does not exist."""
        wanted = set(config.getoption("--liantiao-case"))
        strange = wanted - {case_id(item) for item in items}
        if strange:
            raise pytest.UsageError(f"no such case: {', '.join(sorted(strange))}; `liantiao cases` lists them")
        if wanted:
            config.hook.pytest_deselected(items=[item for item in items if case_id(item) not in wanted])
            items[:] = [item for item in items if case_id(item) in wanted]
        self._collected = tuple(filter(None, map(case_id, items)))
        if self._collected and (view := self._view()) is not None:
            view.began(len(self._collected))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, None, None]:
        """Begin the case; what goes wrong while it is set up belongs to it."""
        if not case_id(item):
            return (yield)
        run = self._begin(item)
        try:
            return (yield)
        except Exception as error:
            self._fail(run, error)
            raise

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        """Run the case, end it whatever happens, and fail the test unless its verdict is `passed`."""
        if not case_id(item) or self.run is None:
            return (yield)
        try:
            yield
        except (Exception, pytest.fail.Exception, pytest.skip.Exception) as error:
            verdict = self._fail(self.run, error)
        else:
            verdict = self._end(self.run)
        if verdict.verdict.value != "passed":
            raise CaseFailed(explain(verdict))

    def pytest_sessionfinish(self) -> None:
        """Take the bench down, write the verdict and render the reports."""
        if self.run is None:
            return
        from reports.render import render_all

        chosen = bool(self._config.getoption("--liantiao-case"))
        of_plan = self._config.getoption("--liantiao-demand") == "plan" and not chosen
        self.run.finish(demanded=self.run.plan.cases if of_plan else self._collected)
        render_all(self.run.folder)

    def _begin(self, item: pytest.Item) -> Run:
        from harness.errors import ConfigError, LiantiaoError

        head = head_of(item)
        try:
            run = self.run = self.run or self._open_run()
        except LiantiaoError as error:
            self._give_up(error)
            raise
        if (view := self._view()) is not None:
            view.case_started(head.id, head.title)
        try:
            self._stage = run.begin_case(head)
        except LiantiaoError as error:
            verdict = self._fail(run, error)
            if isinstance(error, ConfigError):
                self._give_up(error)
            raise CaseFailed(explain(verdict)) from error
        return run

    def _fail(self, run: Run, error: BaseException) -> CaseVerdict:
        from harness.errors import LiantiaoError

        try:
            run.note_problem(error)
        except LiantiaoError as refused:
            self._give_up(refused)
        return self._end(run)

    def _end(self, run: Run) -> CaseVerdict:
        from harness.errors import LiantiaoError

        try:
            verdict = run.end_case()
        except LiantiaoError as refused:
            self._give_up(refused)
            raise
        if (view := self._view()) is not None:
            view.case_ended(verdict.case, verdict.verdict.value, len(verdict.findings), verdict.elapsed_ms)
        return verdict

    def _give_up(self, error: LiantiaoError) -> None:
        self.fatal = error
        pytest.exit(str(error), returncode=int(error.status))

    def _view(self) -> View | None:
        view: View | None = self._config.pluginmanager.get_plugin(VIEW)
        return view

    def _open_run(self) -> Run:
        from harness.judge.plan import load_plan
        from harness.run import Run

        option = self._config.getoption
        plan = load_plan(option("--liantiao-plan"))
        file = chosen_bench(
            plan,
            bench=option("--liantiao-bench"),
            devices=option("--liantiao-device"),
            seed=option("--liantiao-seed"),
            adapter=option("--liantiao-adapter"),
        )
        folder = option("--liantiao-folder")
        run = Run(file=file, plan=plan, folder=Path(folder) if folder else self._new_folder(plan))
        run.__enter__()
        return run

    def _new_folder(self, plan: Plan) -> Path:
        from datetime import datetime

        from harness.clock import BEIJING
        from harness.line.folder import new_folder

        return new_folder(Path(self._config.getoption("--liantiao-runs")), plan.id, now=datetime.now(tz=BEIJING))
