"""A run: a bench, an adapter under test, one case after the other, and the folder that they leave behind.

    with Run(file=bench_file, plan=plan, folder=folder) as run:
        stage = run.begin_case(CaseHead(id="pharmacy/purchase", title="…", requirements=("GS-PHARMACY",)))
        ...
        verdict = run.end_case()

Used by the pytest plugin and by the Robot Framework keywords alike. `cases.jsonl` grows by a line a case, so a run that
is cut short is readable up to there.
"""

import json
import shutil
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from fixtures.population import Institution, institutions
from harness import __version__
from harness.bench.bench import Bench, case_seed
from harness.bench.config import BenchFile, Restart
from harness.clock import BEIJING
from harness.counter import create_port
from harness.counter.port import CounterPort, Hello, PortContext
from harness.devices.back_door import BackDoorClient
from harness.devices.phone import PhoneDriver
from harness.devices.scanner import VirtualStage
from harness.errors import ConfigError, LiantiaoError
from harness.gm import sm3
from harness.judge.history import CASE, read_histories
from harness.judge.plan import Plan
from harness.judge.verdict import CaseVerdict, Verdict, judge_case, plan_verdict
from harness.line.folder import CASES, MANIFEST, TAPE, VERDICT
from harness.line.record import JsonValue
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
    """A run under way; one case at a time."""

    def __init__(self, *, file: BenchFile, plan: Plan, folder: Path) -> None:
        self.file = file
        self.plan = plan
        self.folder = folder
        self.bench = Bench(file, tape_path=folder / TAPE)
        self.verdicts: list[CaseVerdict] = []
        self.verdict = Verdict.INCONCLUSIVE
        self._counter: CounterPort | None = None
        self._drivers = ExitStack()
        self._phone: PhoneDriver | None = None
        self._back_doors: dict[str, BackDoorClient] = {}

    def __enter__(self) -> Self:
        try:
            self.bench.up()
            self.bench.tape.event(
                "bench", "run", plan=self.plan.id, seed=self.file.bench.seed, profile=self.file.bench.profile
            )
            self._write_manifest({})
        except BaseException:
            self.bench.down()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin_case(self, head: CaseHead) -> Stage:
        """Reset the bench, start the adapter if it is due, and set the stage.

        Raises what the adapter's start raises; the case has begun on the tape all the same, so `end_case` is due.
        """
        if self._counter is not None and self.file.counter.restart is Restart.CASE:
            self._end_counter()
        self.bench.reset(head.id)
        self.bench.tape.event(CASE, "case-start", case=head.id, title=head.title, requirements=list(head.requirements))
        if self._counter is None:
            self._start_counter(head)
        assert self._counter is not None
        return self._set_stage(self._counter)

    def note_problem(self, error: BaseException) -> None:
        """Put on the tape what the case ran into; the type says who is to blame."""
        if isinstance(error, LiantiaoError):
            blame = next(
                (
                    base.__name__
                    for base in type(error).__mro__
                    if base.__name__ in {"ConfigError", "BenchError", "PeerViolation", "SimulatorDefect"}
                ),
                "SimulatorDefect",
            )
            fields = {"problem": error.problem, "cause": error.cause, "remedy": error.remedy}
        else:
            blame = "assertion" if isinstance(error, AssertionError) else "SimulatorDefect"
            said = str(error).strip().splitlines()
            fields = {"problem": said[0] if said else type(error).__name__, "cause": type(error).__name__, "remedy": ""}
        self.bench.tape.event(CASE, "problem", blame=blame, **fields)

    def end_case(self) -> CaseVerdict:
        """Close the case on the tape, judge it, and add it to the run's folder."""
        if self._counter is not None and self.file.counter.restart is Restart.CASE:
            self._end_counter()
        self.bench.loop.settle()
        self.bench.tape.event(CASE, "case-end")
        (history,) = read_histories(self.bench.tape.recent())
        verdict = judge_case(history, self.plan.rules)
        self.verdicts.append(verdict)
        with (self.folder / CASES).open("a", encoding="utf-8") as file:
            file.write(verdict.line())
        return verdict

    def finish(self, *, demanded: tuple[str, ...]) -> Verdict:
        """Give the verdict over the cases that a plan demands and write it down."""
        self.close()
        self.verdict, counts = plan_verdict(demanded, self.verdicts)
        whole = demanded == self.plan.cases
        content = {
            "verdict": self.verdict.value,
            "plan": self.plan.id,
            "cases": counts,
            "tape_head": self.bench.tape.head,
            "certified": whole and self.verdict is Verdict.PASSED,
        }
        text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
        (self.folder / VERDICT).write_text(text, encoding="utf-8")
        return self.verdict

    def close(self) -> None:
        """End the adapter and take the bench down; may be called twice."""
        try:
            if self._counter is not None:
                self._end_counter()
        finally:
            self._drivers.close()
            self.bench.down()

    def _set_stage(self, counter: CounterPort) -> Stage:
        if self._phone is None:
            self._phone = self._drivers.enter_context(PhoneDriver(self.bench.address("phone")))
            for device in self.bench.devices.values():
                if "control" in device.endpoints.also:
                    client = BackDoorClient(device.endpoints.also["control"], party=device.spec.name)
                    self._back_doors[device.spec.kind] = self._drivers.enter_context(client)
        return Stage(
            phone=self._phone,
            scanner=VirtualStage(self.bench.back_door("scanner")),
            counter=counter,
            tape=self.bench.tape,
            step_clock=lambda seconds: self.bench.step(seconds=seconds),
            back_doors=self._back_doors,
            patience_s=self.file.counter.patience_s,
        )

    def _start_counter(self, head: CaseHead) -> None:
        if not self.file.command:
            raise ConfigError(
                f"{self.file.source}: there is no adapter to test.",
                cause="[counter] has no command",
                remedy='add command = ["your-adapter", "…"], or name one with --adapter',
            )
        state_dir = self.folder / "adapter" / f"{len(self.verdicts) + 1:03d}"
        state_dir.mkdir(parents=True, exist_ok=True)
        table = self.file.counter
        institution = _institution(table.institution, self.file.source)
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
        self._counter = create_port(table.port, context)
        first = not self.verdicts
        self._counter.start()
        if first:
            ready = self._counter.ready
            self._write_manifest({"name": ready.adapter, "version": ready.version})

    def _end_counter(self) -> None:
        counter, self._counter = self._counter, None
        if counter is not None:
            counter.close()

    def _write_manifest(self, adapter: Mapping[str, str]) -> None:
        cases = list(self.plan.cases)
        content = {
            "liantiao": __version__,
            "plan": self.plan.id,
            "title": self.plan.title,
            "bench": self.file.bench.name,
            "profile": self.file.bench.profile,
            "seed": self.file.bench.seed,
            "clock": self.file.bench.clock.value,
            "started": datetime.now(tz=BEIJING).isoformat(timespec="seconds"),
            "devices": [
                {"name": d.spec.name, "kind": d.spec.kind, "at": d.endpoints.at, "virtual": d.spec.virtual}
                for d in self.bench.devices.values()
            ],
            "adapter": {"command": list(self.file.command), **adapter},
            "cases": cases,
            "cases_sm3": sm3("\n".join(cases).encode()).hex(),
            "rules": {
                name: {"severity": terms.severity.value, "clause": terms.clause}
                for name, terms in self.plan.rules.items()
            },
        }
        target = self.folder / MANIFEST
        draft = target.with_suffix(".new")
        draft.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        draft.replace(target)


def _profile(name: str) -> dict[str, JsonValue]:
    told: dict[str, JsonValue] = json.loads(json.dumps(load_profile(name).for_adapter()))
    return told


def runnable(command: tuple[str, ...]) -> tuple[str, ...]:
    """`python` in a bench file means the interpreter that runs Liantiao, wherever that is."""
    if command[0] in {"python", "python3"} and (shutil.which(command[0]) is None or command[1:2] == ("-m",)):
        return (sys.executable, *command[1:])
    return command


def _institution(code: str, source: str) -> Institution:
    for institution in institutions():
        if institution.code == code:
            return institution
    raise ConfigError(
        f"{source}: there is no institution {code!r}.",
        cause="a slip of the pen in [counter] institution",
        remedy=f"use one of: {', '.join(i.code for i in institutions())}",
    )
