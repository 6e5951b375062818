"""A run: a bench, an adapter under test, one case after the other, and the folder that they leave behind.

    with Run(file=bench_file, plan=plan, folder=folder) as run:
        stage = run.begin_case(CaseHead(id="pharmacy/purchase", title="…", requirements=("GS-PHARMACY",)))
        ...
        verdict = run.end_case()
        run.finish()

Used by the pytest plugin and by the Robot Framework keywords alike. `cases.jsonl` grows by a line a case, so a run that
is cut short is readable up to there.
"""

import json
import traceback
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from harness.bench.bench import Bench, case_seed
from harness.bench.config import BenchFile, Restart
from harness.clock import BEIJING
from harness.counter import create_port
from harness.counter.days import DayCounter
from harness.counter.port import CounterPort, Hello, PortContext
from harness.devices.back_door import BackDoorClient
from harness.devices.phone import PhoneDriver
from harness.devices.scanner import VirtualStage
from harness.errors import LiantiaoError
from harness.judge.history import CASE, living_adapter, read_histories
from harness.judge.plan import Plan
from harness.judge.verdict import CaseVerdict, Verdict, judge_case, plan_verdict
from harness.line.folder import CASES, MANIFEST, TAPE, VERDICT, append_line, write_json
from harness.line.record import JsonValue, Record
from harness.manifest import manifest_of
from harness.options import check_for_cases, institution_of, runnable
from harness.scenarios.stage import Stage
from harness.wire.profile import load_profile

OPERATOR: Mapping[str, str] = {"no": "C0001", "name": "联调收银员", "mac": "00-00-5E-00-53-01", "ip": "127.0.0.1"}
"""The cashier who signs in; the address ranges are those reserved for documentation."""


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
        check_for_cases(file)
        self.file = file
        self.plan = plan
        self.folder = folder
        self.demanded = demanded
        self.bench = Bench(file, tape_path=folder / TAPE)
        self.verdicts: list[CaseVerdict] = []
        self.verdict = Verdict.INCONCLUSIVE
        self._began: list[str] = []
        self._started = datetime.now(tz=BEIJING)
        self._one_adapter = file.counter.restart is Restart.RUN
        self._counter: CounterPort | None = None
        self._drivers = ExitStack()
        self._phone: PhoneDriver
        self._scanner: VirtualStage
        self._back_doors: dict[str, BackDoorClient] = {}
        self._head: tuple[Record, ...] = ()
        self._living: tuple[Record, ...] = ()

    def __enter__(self) -> Self:
        try:
            self.bench.up()
            self._attach_drivers()
            self.bench.tape.event(
                "bench", "run", plan=self.plan.id, seed=self.file.bench.seed, profile=self.file.bench.profile
            )
            self._write_manifest({})
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin_case(self, head: CaseHead) -> Stage:
        """Reset the bench, start the adapter if it is due, and set the stage.

        Raises what the adapter's start raises; the case has begun on the tape all the same, so `end_case` is due.
        """
        day = len(self._began)
        recent = tuple(self.bench.tape.recent())
        if day:
            self._living = living_adapter((*self._living, *recent))
        else:
            self._head = recent
        self._began.append(head.id)
        self.bench.reset(head.id, day=day if self._one_adapter else 0)
        self.bench.tape.event(CASE, "case-start", case=head.id, title=head.title, requirements=list(head.requirements))
        counter = self._counter or self._start_counter(head)
        return Stage(
            phone=self._phone,
            scanner=self._scanner,
            counter=DayCounter(counter, day=day) if self._one_adapter else counter,
            tape=self.bench.tape,
            clock=self.bench.clock,
            step_clock=lambda seconds: self.bench.step(seconds=seconds),
            back_doors=self._back_doors,
            patience_s=self.file.counter.patience_s,
        )

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
        if self._counter is not None and not (self._one_adapter and self._counter.idle):
            self._end_counter()
        self.bench.loop.settle()
        self.bench.tape.event(CASE, "case-end")
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
        """End the adapter and take the bench down; may be called twice."""
        with ExitStack() as last:
            last.callback(self.bench.down)
            last.callback(self._drivers.close)
            self._end_counter()

    def _attach_drivers(self) -> None:
        self._phone = self._drivers.enter_context(PhoneDriver(self.bench.address("phone")))
        self._scanner = VirtualStage(self.bench.back_door("scanner"))
        for device in self.bench.devices.values():
            if "control" in device.endpoints.also:
                client = BackDoorClient(device.endpoints.also["control"], party=device.spec.name)
                self._back_doors[device.spec.kind] = self._drivers.enter_context(client)

    def _start_counter(self, head: CaseHead) -> CounterPort:
        state_dir = self.folder / "adapter" / f"{len(self._began):03d}"
        table = self.file.counter
        institution = institution_of(self.file)
        context = PortContext(
            clock=self.bench.clock,
            tape=self.bench.tape,
            loop=self.bench.loop.loop,
            hello=Hello(
                institution={"code": institution.code, "name": institution.name, "admdvs": institution.admdvs},
                operator=dict(OPERATOR),
                endpoints={kind: self.bench.address(kind) for kind in ("scanner", "voucher-centre", "platform")},
                profile=_profile(self.file.bench.profile),
                state_dir=state_dir,
                seed=case_seed(self.file.bench.seed, head.id),
                connect_s=table.connect_s,
                reply_s=table.reply_s,
            ),
            command=runnable(self.file.command),
            folder=self.folder,
            patience_s=table.patience_s,
        )
        counter = self._counter = create_port(table.port, context)
        counter.start()
        if len(self._began) == 1:
            self._write_manifest({"name": counter.ready.adapter, "version": counter.ready.version})
        return counter

    def _end_counter(self) -> None:
        counter, self._counter = self._counter, None
        if counter is not None:
            counter.close()

    def _write_manifest(self, adapter: Mapping[str, str]) -> None:
        content = manifest_of(self.bench, self.plan, started=self._started, demanded=self.demanded, adapter=adapter)
        write_json(self.folder / MANIFEST, content)


def _profile(name: str) -> dict[str, JsonValue]:
    told: dict[str, JsonValue] = json.loads(json.dumps(load_profile(name).for_adapter()))
    return told


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
