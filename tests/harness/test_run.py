"""A run on the shipped bench: what it leaves behind, and one adapter for all of its cases."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.bench.tables import Restart
from harness.commands.judging import judge_run
from harness.errors import ConfigError, PeerViolation
from harness.judge.history import read_histories
from harness.judge.plan import load_plan
from harness.judge.verdict import CaseVerdict, Verdict
from harness.line.folder import CASES, MANIFEST, TAPE, VERDICT
from harness.line.tape import read_tape
from harness.options import RunOptions
from harness.run import CaseHead, Run
from harness.scenarios.counter_stage import at_counter
from harness.scenarios.purchase import Shopper, purchase, usual_basket

PLAN = load_plan("pharmacy")


def run_on(folder: Path, *, adapter: str | None = None, restart: Restart = Restart.CASE) -> Run:
    """A run on the shipped bench, with little patience."""
    file = RunOptions(adapter=adapter).bench_file(PLAN)
    return Run(file=replace(file, counter=replace(file.counter, restart=restart)), plan=PLAN, folder=folder)


def buy(run: Run, name: str) -> CaseVerdict:
    """A case in which somebody buys, with the books compared."""
    stage = at_counter(run.begin_case(CaseHead(id=name, title=name, requirements=("GS-PHARMACY",))))
    stage.counter.sign_in()
    stage.expect_accepted(purchase(stage, usual_basket("A0001"), Shopper()))
    stage.settle_day()
    return run.end_case()


def starts(folder: Path) -> int:
    return sum(record.name == "adapter-started" for record in read_tape(folder / TAPE).records)


@pytest.mark.parametrize(("restart", "adapters"), [(Restart.CASE, 3), (Restart.RUN, 1)])
def test_cases_do_not_disturb_each_other_whoever_outlives_them(tmp_path: Path, restart: Restart, adapters: int) -> None:
    with run_on(tmp_path, restart=restart) as run:
        verdicts = [buy(run, name) for name in ("a", "b", "c")]
        assert run.finish() is Verdict.PASSED
    assert [(v.case, v.findings, v.inconclusive) for v in verdicts] == [(c, (), ()) for c in "abc"]
    assert starts(tmp_path) == adapters
    again = judge_run(tmp_path)
    assert (again.differences, again.broken) == ((), None)
    assert again.text == (tmp_path / CASES).read_text(encoding="utf-8")


def test_one_adapter_sees_each_case_as_a_day_with_orders_of_its_own(tmp_path: Path) -> None:
    with run_on(tmp_path, restart=Restart.RUN) as run:
        buy(run, "a")
        buy(run, "b")
    first, second = read_histories(read_tape(tmp_path / TAPE).records)
    days = [h.operations[0].command.content["at"][:10] for h in (first, second)]
    assert days == ["2020-10-14", "2020-10-17"]
    assert [h.doing("purchase")[0].order for h in (first, second)] == ["D0A0001", "D1A0001"]
    assert (first.adapter_is_older, second.adapter_is_older) == (False, True)
    assert second.hello == first.hello


def test_one_adapter_that_failed_is_replaced_for_the_next_case(tmp_path: Path) -> None:
    with run_on(tmp_path, restart=Restart.RUN) as run:
        stage = at_counter(run.begin_case(CaseHead(id="a", title="a", requirements=())))
        stage.counter.sign_in()
        operation = stage.counter.purchase(usual_basket("A0001"))
        assert operation.until_scan_please()
        run.end_case()
        assert buy(run, "b").verdict is Verdict.PASSED
    assert starts(tmp_path) == 2


def test_an_adapter_that_does_not_start_is_a_finding_and_the_folder_is_whole(tmp_path: Path) -> None:
    with run_on(tmp_path, adapter="false") as run:
        with pytest.raises(PeerViolation) as caught:
            run.begin_case(CaseHead(id="a", title="a", requirements=()))
        run.note_problem(caught.value)
        assert run.end_case().verdict is Verdict.FAILED
        assert run.finish() is Verdict.FAILED
    assert judge_run(tmp_path).differences == ()
    assert json.loads((tmp_path / MANIFEST).read_bytes())["adapter"]["command"] == ["false"]


def test_a_defect_of_the_case_blames_neither_the_adapter_nor_us(tmp_path: Path) -> None:
    with run_on(tmp_path) as run:
        stage = at_counter(run.begin_case(CaseHead(id="a", title="a", requirements=())))
        stage.counter.purchase(usual_basket("A0001"))
        try:
            dict[str, int]()["nope"]
        except KeyError as error:
            run.note_problem(error)
        verdict = run.end_case()
    assert verdict.findings == ()
    assert [reason.partition(" (")[0] for reason in verdict.inconclusive] == ["case: KeyError: 'nope'"]
    assert "test_run.py, line" in verdict.inconclusive[0]


def test_a_certificate_needs_the_whole_plan(tmp_path: Path) -> None:
    with run_on(tmp_path) as run:
        buy(run, PLAN.cases[0])
        run.finish()
    verdict = json.loads((tmp_path / VERDICT).read_bytes())
    assert (verdict["verdict"], verdict["certified"]) == ("passed", False)
    with pytest.raises(ConfigError, match="no adapter to test"):
        run_on(tmp_path, adapter="")


def test_a_demanded_case_that_never_ran_is_missing(tmp_path: Path) -> None:
    file = RunOptions().bench_file(PLAN)
    with Run(file=file, plan=PLAN, folder=tmp_path, demanded=("a", "b")) as run:
        buy(run, "a")
        assert run.finish() is Verdict.INCONCLUSIVE
    assert json.loads((tmp_path / VERDICT).read_bytes())["cases"]["missing"] == ["b"]
    assert judge_run(tmp_path).missing == ("b",)


@pytest.mark.parametrize("lacks", [{}, {"pharmacy/face": ("terminal",)}])
def test_a_certificate_says_what_it_does_not_cover_and_that_its_plan_was_cut(
    tmp_path: Path, lacks: dict[str, tuple[str, ...]]
) -> None:
    plan = replace(PLAN, cases=("pharmacy/purchase",), left_out=lacks)
    with Run(file=RunOptions().bench_file(PLAN), plan=plan, folder=tmp_path, demanded=plan.cases) as run:
        buy(run, "pharmacy/purchase")
        assert run.finish() is Verdict.PASSED
    verdict = json.loads((tmp_path / VERDICT).read_bytes())
    assert (verdict["certified"], verdict["restricted"], verdict["scope"]) == (True, bool(lacks), "whole-plan")
    assert verdict["left_out"] == ({"terminal": ["pharmacy/face"]} if lacks else {})
    assert verdict["plan_differs"].startswith(
        f"differs from the shipped plan: {1 + len(lacks)} of {len(PLAN.cases)} cases"
    )
    again = judge_run(tmp_path)
    assert (again.differences, again.certified) == ((), True)
    assert again.plan_gap is not None


def test_the_settings_of_every_device_stand_on_the_tape(tmp_path: Path) -> None:
    file = RunOptions().bench_file(PLAN).with_setting("voucher-centre", "validity_s", 61)
    file = replace(file, counter=replace(file.counter, reply_s=0.5))
    with Run(file=file, plan=PLAN, folder=tmp_path) as run:
        run.finish()
    settings = json.loads((tmp_path / MANIFEST).read_bytes())["settings"]
    assert settings["device.voucher-centre"]["validity_s"] == 61
    assert settings["counter"]["reply_s"] == "0.5"
    assert set(settings) >= {f"device.{spec.name}" for spec in file.devices}
    assert judge_run(tmp_path).differences == ()


def test_who_the_adapter_is_stands_in_the_manifest_from_its_first_ready_on(tmp_path: Path) -> None:
    with run_on(tmp_path) as run:
        assert "name" not in json.loads((tmp_path / MANIFEST).read_bytes())["adapter"]
        run.begin_case(CaseHead(id="a", title="a", requirements=()))
        told = json.loads((tmp_path / MANIFEST).read_bytes())
        assert told["adapter"]["name"] == told["subject"]["name"] == "liantiao-reference-pharmacy"
        run.end_case()
