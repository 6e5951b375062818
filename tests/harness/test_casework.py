"""What a session does when cases go wrong: it goes on, unless there is nothing to test or nothing to record on."""

from pathlib import Path

import pytest

import harness.casework
from harness.casework import Casework, in_brief
from harness.counter.port import AdapterSilent
from harness.errors import BenchError, ConfigError, LiantiaoError, PeerViolation
from harness.judge.verdict import CaseVerdict, Verdict
from harness.options import RunOptions
from harness.run import CaseHead
from harness.scenarios.stage import Stage

HEAD = CaseHead(id="a/case", title="A case", requirements=())
SILENT, BROKEN = AdapterSilent("P", cause="C", remedy="R"), PeerViolation("P", cause="C", remedy="R")


class ScriptedRun:
    """Stands where a Run stands: `start` is what beginning a case raises, `end` what ending it does."""

    start: LiantiaoError | None = None
    end: LiantiaoError | None = None
    up: LiantiaoError | None = None
    is_acquainted = True

    def __init__(self, *, folder: Path, demanded: tuple[str, ...], **_: object) -> None:
        self.folder = folder
        self.demanded = demanded
        self.problems: list[BaseException] = []
        self.in_case = True
        (folder / "tape.bin").touch()

    def __enter__(self) -> "ScriptedRun":
        if self.up is not None:
            raise self.up
        return self

    def begin_case(self, head: CaseHead) -> str:
        assert head is HEAD
        self.problems = []
        if self.start is not None:
            raise self.start
        return "stage"

    def is_lost(self, error: BaseException, *, on_stage: bool) -> bool:
        return isinstance(error, AdapterSilent) or not on_stage

    def note_problem(self, error: BaseException) -> None:
        self.problems.append(error)

    def end_case(self) -> CaseVerdict:
        if self.end is not None:
            raise self.end
        return CaseVerdict(
            case=HEAD.id,
            title=HEAD.title,
            verdict=Verdict.INCONCLUSIVE if self.problems else Verdict.PASSED,
            requirements=(),
            first_seq=0,
            last_seq=1,
            findings=(),
            inconclusive=("it went wrong",) if self.problems else (),
            faults=(),
            elapsed_ms=1,
        )


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Casework:
    """Casework over a scripted run."""
    monkeypatch.setattr(harness.casework, "Run", ScriptedRun)
    return Casework(RunOptions(runs=tmp_path))


def case(work: Casework, *, start: LiantiaoError | None = None, then: BaseException | None = None) -> str:
    """Run one case in which the adapter does not start, or that ends in an error."""
    work.open((HEAD.id,))
    ScriptedRun.start = start
    try:
        _: Stage = work.begin(HEAD)
    except LiantiaoError as error:
        return work.break_off(error)
    return work.end() if then is None else work.break_off(then)


@pytest.mark.parametrize("how", [{"start": BROKEN}, {"start": SILENT}, {"then": SILENT}])
def test_three_cases_in_a_row_without_an_adapter_are_enough(work: Casework, how: dict[str, LiantiaoError]) -> None:
    case(work, **how)
    case(work, **how)
    assert work.over == ""
    assert "inconclusive" in case(work, **how)
    assert "in 3 cases in a row" in work.over
    assert work.fatal is None


@pytest.mark.parametrize("error", [BROKEN, SILENT])
def test_what_never_became_ready_is_not_tried_in_every_case(
    work: Casework, error: LiantiaoError, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ScriptedRun, "is_acquainted", False)
    case(work, start=error)
    assert work.over == "what is under test never became ready, so no further case was tried. P"
    assert work.fatal is None


def test_why_a_case_did_not_pass_has_cause_remedy_and_replay(work: Casework) -> None:
    assert case(work, then=BROKEN).splitlines()[-3:] == [
        "  likely cause: C",
        "  try: R",
        f"  replay: liantiao certify pharmacy --case {HEAD.id} --seed {work.file.bench.seed}",
    ]


def test_a_case_that_ran_shows_that_there_is_an_adapter(work: Casework) -> None:
    for _ in range(3):
        case(work, start=SILENT)
        case(work, start=SILENT)
        assert case(work) == ""
    for _ in range(5):
        case(work, then=BROKEN)
    assert work.over == ""


def test_a_case_that_never_began_is_not_ended(work: Casework, monkeypatch: pytest.MonkeyPatch) -> None:
    work.open((HEAD.id,))
    assert work.run is not None
    monkeypatch.setattr(work.run, "in_case", False)
    monkeypatch.setattr(ScriptedRun, "end", BenchError("never called", cause="C", remedy="R"))
    assert work.break_off(KeyboardInterrupt()) == "the case never began"
    assert work.fatal is None


def test_a_wrong_configuration_ends_the_run_and_is_told(work: Casework) -> None:
    wrong = ConfigError("P", cause="C", remedy="R")
    case(work, start=wrong)
    assert work.fatal is wrong
    assert work.over == str(wrong)


def test_a_case_that_needs_what_the_bench_lacks_does_not_end_the_run(work: Casework) -> None:
    assert "inconclusive" in case(work, then=ConfigError("P", cause="C", remedy="R"))
    assert work.over == ""


def test_a_full_disk_ends_the_run(work: Casework, monkeypatch: pytest.MonkeyPatch) -> None:
    full = BenchError("The disk is full.", cause="C", remedy="R")
    monkeypatch.setattr(ScriptedRun, "end", full)
    assert "could not be ended" in case(work)
    assert work.fatal is full


@pytest.mark.parametrize("seals", [True, False])
def test_what_is_left_is_signed_before_it_is_reported_and_reported_even_unsigned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seals: bool
) -> None:
    full = BenchError("The disk is full.", cause="C", remedy="R")
    did: list[str] = []

    def seal(folder: Path) -> None:
        did.append(f"signed {folder.parent.name}")
        if not seals:
            raise full

    monkeypatch.setattr(harness.casework, "Run", ScriptedRun)
    monkeypatch.setattr(ScriptedRun, "finish", lambda _: did.append("finished"), raising=False)
    monkeypatch.setattr("reports.render.render_all", lambda _: did.append("reported"))
    work = Casework(RunOptions(runs=tmp_path), seal=seal)
    case(work)
    work.finish()
    assert did == ["finished", f"signed {tmp_path.name}", "reported"]
    assert work.fatal is (None if seals else full)


def test_a_bench_that_cannot_come_up_leaves_no_folder(
    work: Casework, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = BenchError("The port is taken.", cause="C", remedy="R")
    monkeypatch.setattr(ScriptedRun, "up", taken)
    work.open((HEAD.id,))
    assert work.fatal is taken
    assert list(tmp_path.iterdir()) == []


def test_the_verdict_demands_what_was_collected_unless_it_is_the_plans(tmp_path: Path, work: Casework) -> None:
    work.open((HEAD.id,))
    assert work.run is not None
    assert work.run.demanded == (HEAD.id,)
    whole = Casework(RunOptions(runs=tmp_path), whole_plan=True)
    whole.open((HEAD.id,))
    assert whole.run is not None
    assert whole.run.demanded == whole.plan.cases
    part = Casework(RunOptions(runs=tmp_path, cases=[HEAD.id]), whole_plan=True)
    part.open((HEAD.id,))
    assert part.run is not None
    assert part.run.demanded == (HEAD.id,)


def test_an_error_in_brief_names_its_place() -> None:
    try:
        dict[str, int]()["nope"]
    except KeyError as error:
        said = in_brief(error)
    assert said.startswith("KeyError: 'nope' (")
    assert "test_casework.py, line " in said
