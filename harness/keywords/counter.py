"""What Robot Framework keywords for a counter share: a suite's run, its cases, sign-in, refunds, faults, expectations.

Keywords that must end in a certain way say so on the tape; whether they did is the judge's business, and `End Case`
fails the test with the findings.
"""

from datetime import date, datetime
from pathlib import Path
from typing import ClassVar

from robot.api.deco import keyword
from robot.libraries.BuiltIn import BuiltIn, RobotNotRunningError

from harness.again import robot_words, spell
from harness.clock import BEIJING
from harness.counter.outcome import Outcome, OutcomeKind, Reason
from harness.errors import BenchError, ConfigError
from harness.faults.catalogue import Effect
from harness.judge.plan import load_plan
from harness.judge.verdict import Verdict, explain
from harness.line.folder import new_folder
from harness.options import RunOptions
from harness.run import CaseHead, Run
from harness.scenarios.counter_stage import CounterStage, at_counter


class CounterKeywords:
    """One suite's run; `Open Bench` starts it and `Close Bench` ends it."""

    plan: ClassVar[str]
    """The plan whose bench and rules these are."""

    def __init__(self, runs: str = "runs") -> None:
        self._runs = Path(runs)
        self._run: Run | None = None
        self._stage: CounterStage | None = None
        self._outcome: Outcome | None = None

    @keyword("Open Bench")
    def open_bench(self, bench: str | None = None, adapter: str | None = None, seed: int | None = None) -> str:
        """Bring up the all-virtual bench, or the one of a bench file; returns the run's folder."""
        plan = load_plan(self.plan)
        file = RunOptions(bench=bench, seed=seed, adapter=adapter).bench_file(plan)
        folder = new_folder(self._runs, "robot", now=datetime.now(tz=BEIJING)).resolve()
        suite = _variable("SUITE SOURCE")
        told = {"BENCH": bench, "ADAPTER": adapter}
        run = Run(file=file, plan=plan, folder=folder, again=robot_words(Path(suite) if suite else None, told))
        run.__enter__()
        self._run = run
        return str(folder)

    @keyword("Close Bench")
    def close_bench(self) -> None:
        """Take the bench down, write the verdict and render the report. Does nothing when it never came up."""
        if self._run is None:
            return
        from reports.render import render_all

        run, self._run = self._run, None
        run.finish()
        render_all(run.folder)

    @keyword("Begin Case")
    def begin_case(self, case: str, *requirements: str) -> None:
        """Begin a case that cites requirements; its id is `robot/<case>`, with hyphens for blanks, and it bears the
        name of its test.
        """
        name = "-".join(case.split())
        head = CaseHead(id=f"robot/{name}", title=_variable("TEST NAME") or case, requirements=requirements)
        self._stage = at_counter(self._open_run().begin_case(head))

    @keyword("End Case")
    def end_case(self, status: str = "PASS", message: str = "") -> None:
        """End the case and fail unless its verdict is `passed`; give it the test's own status and message."""
        run = self._open_run()
        if status == "FAIL":
            run.note_problem(AssertionError(message))
        verdict = run.end_case()
        self._stage = None
        if verdict.verdict is not Verdict.PASSED:
            again = spell(run.again, case=verdict.case, seed=run.file.bench.seed, title=verdict.title)
            raise AssertionError("\n".join([explain(verdict), *([f"  replay: {again}"] if again else [])]))

    @keyword("Sign In")
    def sign_in(self) -> None:
        """Begin the cashier's day."""
        self._on_stage().counter.sign_in()

    @keyword("Refund Order")
    def refund_order(self, order: str) -> None:
        """Take an order back in full."""
        self._outcome = self._on_stage().counter.refund(order)

    @keyword("Disturb")
    def disturb(self, party: str, message: str, effect: Effect) -> None:
        """Disturb the next message of a kind, e.g. `platform  2102  lose-reply`."""
        self._on_stage().disturb(party, message, effect)

    @keyword("Outcome Should Be")
    def outcome_should_be(self, *kinds: OutcomeKind) -> None:
        """The last thing done had to end in one of these ways: accepted, refused, unknown."""
        self._on_stage().expect(self._last(), *kinds)

    @keyword("Outcome Should Be Refused Because")
    def outcome_should_be_refused(self, *reasons: Reason) -> None:
        """The last thing done had to be refused, for one of these reasons."""
        self._on_stage().expect_refused(self._last(), *reasons)

    @keyword("Books Should Agree On")
    def books_should_agree(self, day: date) -> None:
        """Ask the adapter for its books and the day's totals; the judge compares them with the platform's."""
        self._on_stage().settle_day(day)

    def _open_run(self) -> Run:
        if self._run is None:
            raise BenchError("The bench is not up.", cause="`Open Bench` is missing or failed", remedy="open it first")
        return self._run

    def _on_stage(self) -> CounterStage:
        if self._stage is None:
            raise ConfigError("No case has begun.", cause="`Begin Case` is missing", remedy="begin one first")
        return self._stage

    def _last(self) -> Outcome:
        if self._outcome is None:
            raise ConfigError(
                "Nothing has been done yet.", cause="the order of the keywords", remedy="do something first"
            )
        return self._outcome


def _variable(name: str) -> str:
    """A variable of Robot Framework; empty without it, and where Robot Framework does not run."""
    try:
        return str(BuiltIn().get_variable_value(f"${{{name}}}") or "")
    except RobotNotRunningError:
        return ""
