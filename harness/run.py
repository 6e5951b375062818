"""A run: a bench, something under test on it, one case after the other, and the folder that they leave behind.

    with Run(file=bench_file, plan=plan, folder=folder) as run:
        stage = run.begin_case(CaseHead(id="pharmacy/purchase", title="…", requirements=("GS-PHARMACY",)))
        ...
        verdict = run.end_case()
        run.finish()

Used by the pytest plugin and by the Robot Framework keywords alike. `cases.jsonl` grows by a line a case, so a run that
is cut short is readable up to there.
"""

import traceback
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from harness.bench.bench import Bench
from harness.bench.config import BenchFile
from harness.clock import BEIJING
from harness.crews import crew_type
from harness.errors import LiantiaoError
from harness.interrupt import shielded
from harness.judge.history import CASE, living_adapter, read_histories
from harness.judge.plan import Plan
from harness.judge.verdict import CaseVerdict, Verdict, judge_case, plan_verdict
from harness.line.folder import CASES, MANIFEST, TAPE, VERDICT, append_line, write_json
from harness.line.record import Record
from harness.manifest import manifest_of
from harness.scenarios.stage import Stage


@dataclass(frozen=True, kw_only=True)
class CaseHead:
    """What a case is called and which requirements it cites."""

    id: str
    title: str
    requirements: tuple[str, ...]


class Run:
    """A run under way; one case at a time.

    `demanded` are the cases that the verdict asks for; without any, those that were begun.
    """

    def __init__(self, *, file: BenchFile, plan: Plan, folder: Path, demanded: tuple[str, ...] = ()) -> None:
        crew = crew_type(plan)
        crew.check(file)
        self.file = file
        self.plan = plan
        self.folder = folder
        self.demanded = demanded
        self.bench = Bench(file, tape_path=folder / TAPE)
        self.verdicts: list[CaseVerdict] = []
        self.verdict = Verdict.INCONCLUSIVE
        self.in_case = False
        """Whether a case has begun on the tape and not ended."""
        self._began: list[str] = []
        self._started = datetime.now(tz=BEIJING)
        self._crew = crew(self.bench, folder)
        self._head: tuple[Record, ...] = ()
        self._living: tuple[Record, ...] = ()

    def __enter__(self) -> Self:
        try:
            self.bench.up()
            self._crew.attach()
            self.bench.tape.event(
                "bench", "run", plan=self.plan.id, seed=self.file.bench.seed, profile=self.file.bench.profile
            )
            self._write_manifest()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin_case(self, head: CaseHead) -> Stage:
        """Reset the bench and have the crew set the stage.

        Raises what the start of the subject raises; the case has begun on the tape all the same, so `end_case` is due.
        """
        with shielded():
            day = self._open_case(head)
        stage = self._crew.begin(head.id, day=day)
        if not day:
            self._write_manifest()
        return stage

    def _open_case(self, head: CaseHead) -> int:
        """Reset the bench and put the case's begin on the tape; returns how many cases were before it."""
        day = len(self._began)
        recent = tuple(self.bench.tape.recent())
        if day:
            self._living = living_adapter((*self._living, *recent))
        else:
            self._head = recent
        self._began.append(head.id)
        self.bench.reset(head.id, day=day if self._crew.lives_on else 0)
        self.bench.tape.event(CASE, "case-start", case=head.id, title=head.title, requirements=list(head.requirements))
        self.in_case = True
        return day

    def note_problem(self, error: BaseException) -> None:
        """Put on the tape what the case ran into; the type says who is to blame."""
        if isinstance(error, LiantiaoError):
            blame = next(base.__name__ for base in type(error).__mro__ if LiantiaoError in base.__bases__)
            fields = {"problem": error.problem, "cause": error.cause, "remedy": error.remedy}
        else:
            blame = "assertion" if isinstance(error, AssertionError) else "case"
            said = str(error).strip().splitlines() or [""]
            kind = "" if blame == "assertion" else f"{type(error).__name__}: "
            frame = frame_of(error)
            # The file's name alone: paths differ between machines, and the tape must not.
            place = f" ({Path(frame.filename).name}, line {frame.lineno})" if frame else ""
            fields = {"problem": f"{kind}{said[0]}{place}", "cause": "the case's own code", "remedy": "see the case"}
        self.bench.tape.event(CASE, "problem", blame=blame, **fields)

    def end_case(self) -> CaseVerdict:
        """Close the case on the tape, judge it, and add it to the run's folder."""
        self._crew.end_case()
        self.bench.loop.settle()
        self.bench.tape.event(CASE, "case-end")
        self.in_case = False
        (history,) = read_histories([*self._head, *self._living, *self.bench.tape.recent()])
        verdict = judge_case(history, self.plan.rules)
        self.verdicts.append(verdict)
        append_line(self.folder / CASES, verdict.line())
        return verdict

    def finish(self) -> Verdict:
        """Give the verdict over the cases that are demanded and write it down."""
        self.close()
        self.verdict, counts = plan_verdict(self.demanded or self._began, self.verdicts)
        content = {
            "verdict": self.verdict.value,
            "plan": self.plan.id,
            "cases": counts,
            "tape_head": self.bench.tape.head,
            "certified": self.demanded == self.plan.cases and self.verdict is Verdict.PASSED,
        }
        write_json(self.folder / VERDICT, content)
        return self.verdict

    def close(self) -> None:
        """End the subject and take the bench down; may be called twice."""
        with ExitStack() as last:
            last.callback(self.bench.down)
            self._crew.close()

    @property
    def has_findings(self) -> bool:
        """Whether a case has failed."""
        return any(verdict.verdict is Verdict.FAILED for verdict in self.verdicts)

    def is_lost(self, error: BaseException, *, on_stage: bool) -> bool:
        """Whether a case ran into this because there is nothing left to test."""
        return self._crew.is_lost(error, on_stage=on_stage)

    def _write_manifest(self) -> None:
        content = manifest_of(
            self.bench, self.plan, started=self._started, demanded=self.demanded, about=self._crew.about
        )
        write_json(self.folder / MANIFEST, content)


def frame_of(error: BaseException) -> traceback.FrameSummary | None:
    """Where in a case, or in what it uses beside the harness, an error arose."""
    ours = Path(__file__).parent
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if "site-packages" not in frame.filename
        and (not Path(frame.filename).is_relative_to(ours) or Path(frame.filename).is_relative_to(ours / "suites"))
    ]
    return frames[-1] if frames else None
