"""The cases of one session of pytest, from the first to the verdict: opens the run, begins and ends cases, gives up.

Knows nothing of pytest's hooks; `harness.pytest_plugin` calls it from them.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from harness.again import spell, words_of
from harness.clock import BEIJING
from harness.crews import crew_type
from harness.errors import BenchError, ConfigError, LiantiaoError
from harness.interrupt import Interruption, shielded
from harness.judge.plan import ADAPTER, load_plan
from harness.judge.verdict import CaseVerdict, Verdict, explain
from harness.line.folder import new_folder
from harness.options import RunOptions
from harness.run import CaseHead, Run, frame_of
from harness.scenarios.stage import Stage

HOPELESS = 3
"""So many cases in a row with nothing left to test are enough."""


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


class Casework:
    """What a session does with its cases. Raises ConfigError when the options allow no run.

    `whole_plan`: the verdict demands all cases of the plan, unless `options` choose some; else the cases collected.
    `paths`: where these are, when they are a vendor's own.
    `interruption`: once it is noted, no further case begins.
    `seal`: what is done to the run's folder once its verdict is written and before it is reported: it is signed.
    """

    def __init__(
        self,
        options: RunOptions,
        *,
        view: View | None = None,
        whole_plan: bool = False,
        paths: Sequence[Path] = (),
        interruption: Interruption | None = None,
        seal: Callable[[Path], object] | None = None,
    ) -> None:
        self.options = options
        self.plan = load_plan(options.plan)
        self.file = options.bench_file(self.plan)
        if self.plan.subject != ADAPTER and not self.file.device(self.plan.subject).virtual:
            self.plan = self.plan.for_real_subject()
        if self.plan.needs:
            self.plan = self.plan.for_subject_with(crew_type(self.plan).offers(self.file))
        self.run: Run | None = None
        self.fatal: LiantiaoError | None = None
        """What kept the run from going on, if anything did."""
        self.again = words_of(options, paths)
        """The words of the command line that run the same cases on the same bench."""
        self._view = view
        self._whole_plan = whole_plan and not options.cases
        self._interruption = interruption
        self._seal = seal
        self._lost = 0
        self._never = False
        self._trouble: LiantiaoError | None = None
        self._on_stage = False

    @property
    def over(self) -> str:
        """Why no further case begins; empty while they do."""
        if self.fatal is not None:
            return str(self.fatal)
        if self._interruption is not None and self._interruption.noted:
            return "interrupted"
        if self.options.until_finding and self.run is not None and self.run.has_findings:
            return "a finding, which is enough"
        if self._never:
            why = self._trouble.problem if self._trouble else ""
            return f"what is under test never became ready, so no further case was tried. {why}".rstrip(". ")
        if self._lost >= HOPELESS:
            return f"in {HOPELESS} cases in a row what is under test could not be started or fell silent"
        return ""

    def open(self, collected: tuple[str, ...]) -> None:
        """Bring the bench up for so many cases, unless it is; what keeps it down is `fatal`."""
        if self.run is not None or self.over:
            return
        if self._view is not None:
            self._view.began(len(collected))
        with self._noting():
            folder = new_folder(self.options.runs, self.plan.id, now=datetime.now(tz=BEIJING)).resolve()
            try:
                demanded = self.plan.cases if self._whole_plan else collected
                run = Run(file=self.file, plan=self.plan, folder=folder, demanded=demanded, again=self.again)
                self.run = run.__enter__()
            except (ConfigError, BenchError, KeyboardInterrupt):
                shutil.rmtree(folder, ignore_errors=True)  # no case has begun: there is nothing to read
                raise

    def begin(self, head: CaseHead) -> Stage:
        """Begin a case. Raises what it ran into; `break_off` is due then."""
        if self._view is not None:
            self._view.case_started(head.id, head.title)
        self._on_stage = False
        stage = self._opened().begin_case(head)
        self._on_stage = True
        return stage

    def end(self) -> str:
        """End a case that ran through; returns why it did not pass, empty when it did."""
        self._lost = 0
        self._trouble = None
        return self._end()

    def break_off(self, error: BaseException) -> str:
        """End a case that ran into something; returns why it did not pass."""
        if not self._opened().in_case:
            return "the case never began"
        lost = self._opened().is_lost(error, on_stage=self._on_stage)
        self._lost = self._lost + 1 if lost else 0
        self._trouble = error if isinstance(error, LiantiaoError) else None
        self._never = lost and not self._on_stage and not self._opened().is_acquainted
        with self._noting():
            self._opened().note_problem(error)
            if isinstance(error, ConfigError) and not self._on_stage:
                self.fatal = error
        return self._end()

    def finish(self) -> None:
        """Take the bench down, write the verdict and render the reports."""
        from reports.render import render_all

        if self.run is not None:
            with shielded(), self._noting():
                self.run.finish()
                try:
                    if self._seal is not None:
                        self._seal(self.run.folder)
                finally:
                    render_all(self.run.folder)

    def _end(self) -> str:
        verdicts: list[CaseVerdict] = []
        with shielded(), self._noting():
            verdicts.append(self._opened().end_case())
        if not verdicts:
            return f"the case could not be ended: {self.fatal}"
        verdict = verdicts[0]
        if self._view is not None:
            self._view.case_ended(verdict.case, verdict.verdict.value, len(verdict.findings), verdict.elapsed_ms)
        return "" if verdict.verdict is Verdict.PASSED else self._why(verdict)

    def _why(self, verdict: CaseVerdict) -> str:
        lines = [explain(verdict)]
        if self._trouble is not None:
            lines += [f"  likely cause: {self._trouble.cause}", f"  try: {self._trouble.remedy}"]
        again = spell(self.again, case=verdict.case, seed=self.file.bench.seed)
        return "\n".join([*lines, f"  replay: {again}"])

    def _opened(self) -> Run:
        assert self.run is not None
        return self.run

    @contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except LiantiaoError as error:
            self.fatal = self.fatal or error
        except OSError as error:
            self.fatal = self.fatal or BenchError(
                f"{error.filename or 'A file of the run'} cannot be written: {error.strerror}.",
                cause="the disk is full or went away, or the folder is not yours",
                remedy="free some space, or name another place with --runs",
            )


def in_brief(error: BaseException) -> str:
    """An error of a vendor's own file in one line, with its place there."""
    error = error.__cause__ or error
    if isinstance(error, SyntaxError):
        return f"SyntaxError: {error.msg} ({error.filename}, line {error.lineno})"
    said = str(error).strip().splitlines() or [""]
    frame = frame_of(error)
    place = f" ({frame.filename}, line {frame.lineno})" if frame else ""
    return f"{type(error).__name__}: {said[0]}{place}"
