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
from typing import Any, Self

from harness.bench.bench import Bench
from harness.bench.config import BenchFile
from harness.clock import BEIJING
from harness.crews import crew_type
from harness.errors import LiantiaoError
from harness.interrupt import shielded
from harness.judge.certificate import verdict_content
from harness.judge.charter import BENCH, Charter, read_charter
from harness.judge.counter_talk import living_adapter
from harness.judge.history import CASE, read_histories
from harness.judge.judged import JUDGED, RUN_END, judged_fields
from harness.judge.plan import Plan
from harness.judge.verdict import CaseVerdict, Verdict, judge_case
from harness.line.folder import CASES, MANIFEST, TAPE, VERDICT, append_line, write_json
from harness.line.record import Record
from harness.manifest import record_charter
from harness.scenarios.stage import Stage

DAYS_APART = 3
"""Days from one case to the next where an adapter outlives them: a case may go two days ahead."""


@dataclass(frozen=True, kw_only=True)
class CaseHead:
    """What a case is called and which requirements it cites."""

    id: str
    title: str
    requirements: tuple[str, ...]


class Run:
    """A run under way; one case at a time.

    `demanded` are the cases that the verdict asks for; without any, those that were begun. `again` are the words of the
    command line that run the same cases on the same bench.
    """

    def __init__(
        self,
        *,
        file: BenchFile,
        plan: Plan,
        folder: Path,
        demanded: tuple[str, ...] = (),
        again: tuple[str, ...] = (),
    ) -> None:
        crew = crew_type(plan)
        crew.check(file)
        self.file = file
        self.plan = plan
        self.folder = folder
        self.demanded = demanded
        self.again = again
        self.bench = Bench(file, tape_path=folder / TAPE)
        self.verdicts: list[CaseVerdict] = []
        self.verdict = Verdict.INCONCLUSIVE
        self.in_case = False
        """Whether a case has begun on the tape and not ended."""
        self._began: list[str] = []
        self._started = datetime.now(tz=BEIJING)
        self._crew = crew(self.bench, folder)
        self._charter: Charter
        self._head: tuple[Record, ...] = ()
        self._living: tuple[Record, ...] = ()

    def __enter__(self) -> Self:
        try:
            self.bench.up()
            self._crew.attach()
            self._charter = record_charter(
                self.bench,
                self.plan,
                started=self._started,
                demanded=self.demanded,
                about=self._crew.about,
                again=self.again,
            )
            self._head = tuple(self.bench.tape.recent())
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
        self._learn()
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
        self.bench.reset(head.id, day=day * DAYS_APART if self._crew.lives_on else 0)
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
        self.bench.tape.event(CASE, JUDGED, **judged_fields(verdict))
        self._learn()
        self.verdicts.append(verdict)
        append_line(self.folder / CASES, verdict.line())
        return verdict

    def finish(self) -> Verdict:
        """Give the verdict over the cases that are demanded and write it down."""
        try:
            self._crew.close()
            content = self._content()
            self.bench.tape.event(BENCH, RUN_END, verdict=content["verdict"], certified=content["certified"])
        finally:
            self.close()
        self.verdict = Verdict(content["verdict"])
        write_json(self.folder / VERDICT, self._content())
        return self.verdict

    def _content(self) -> dict[str, Any]:
        return verdict_content(
            self._charter, self.verdicts, demanded=self.demanded or self._began, tape_head=self.bench.tape.head
        )

    def close(self) -> None:
        """End the subject and take the bench down; may be called twice."""
        with ExitStack() as last:
            last.callback(self.bench.down)
            self._crew.close()

    @property
    def has_findings(self) -> bool:
        """Whether a case has failed."""
        return any(verdict.verdict is Verdict.FAILED for verdict in self.verdicts)

    @property
    def is_acquainted(self) -> bool:
        """Whether what is under test has said who it is, in any case so far."""
        return bool(self._crew.about)

    def is_lost(self, error: BaseException, *, on_stage: bool) -> bool:
        """Whether a case ran into this because there is nothing left to test."""
        return self._crew.is_lost(error, on_stage=on_stage)

    def _learn(self) -> None:
        """Take into the manifest what an adapter says of itself when it first is ready."""
        if self._charter.said:
            return
        charter = read_charter([*self._head, *self.bench.tape.recent()])
        if charter is not None and charter.said:
            self._charter = charter
            self._write_manifest()

    def _write_manifest(self) -> None:
        write_json(self.folder / MANIFEST, self._charter.manifest)


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
