"""What a case ran into: its likely cause, what to try and the last log lines, wherever a run is shown."""

import html
import io
import json
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from harness.commands.judging import judge_run
from harness.errors import LiantiaoError
from harness.judge.plan import load_plan
from harness.line.folder import JUNIT, REPORT
from harness.options import RunOptions
from harness.run import CaseHead, Run
from harness.scenarios.counter_stage import CounterStage, at_counter
from harness.scenarios.purchase import Shopper, purchase, usual_basket
from reports.frames import filled, show
from reports.judgement import judgement_lines
from reports.masking import for_show
from reports.render import render_all
from reports.run_folder import read_run_folder
from reports.step_words import event_words
from reports.summary import print_summary

DIES = """
import json, sys
for line in sys.stdin:
    told = json.loads(line)
    if "hello" in told:
        said = {"ready": {"adapter": "vendor", "version": "1", "clock": "bench", "can": ["sign-in", "purchase"]}}
    elif told["do"] == "purchase":
        sys.exit("opening the keystore\\nError: </pre> /etc/his/key.p12 is missing")
    else:
        said = {"id": told["id"], "outcome": "accepted"}
    print(json.dumps(said), flush=True)
"""
CAUSE = """it crashed or gave up
  its last log lines:
    opening the keystore
    Error: </pre> /etc/his/key.p12 is missing"""
REMEDY = "see this case in adapter.log in the run's folder; an adapter ends only after `bye` or the end of input"
NOT_OFFERED = "The adapter vendor does not offer 'refund', which this case needs."
NOT_LISTED = "its `ready.can` does not list it"


def buy(stage: CounterStage) -> None:
    purchase(stage, usual_basket("A0001"), Shopper())


def take_back(stage: CounterStage) -> None:
    stage.counter.refund("A0001")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in which the adapter dies in two cases, and lacks what a third one needs."""
    folder = tmp_path_factory.mktemp("died")
    script = folder / "adapter.py"
    script.write_text(DIES, encoding="utf-8")
    plan = load_plan("pharmacy")
    file = RunOptions(adapter=shlex.join([sys.executable, str(script)])).bench_file(plan)
    with Run(file=file, plan=plan, folder=folder) as run:
        for name, does in (("my/first", buy), ("my/second", buy), ("my/third", take_back)):
            stage = at_counter(run.begin_case(CaseHead(id=name, title=name, requirements=())))
            if does is buy:
                stage.counter.sign_in()
            with pytest.raises(LiantiaoError) as caught:
                does(stage)
            run.note_problem(caught.value)
            run.end_case()
        run.finish()
    render_all(folder)
    return folder


def indented(text: str) -> str:
    return text.replace("\n", "\n  ")


def summary(folder: Path, *, as_json: bool = False) -> str:
    out = io.StringIO()
    print_summary(folder, Console(file=out, width=80, color_system=None), as_json=as_json)
    return out.getvalue()


def test_the_terminal_explains_each_kind_once_with_its_lines_as_they_were(folder: Path) -> None:
    text = summary(folder)
    place = read_run_folder(folder).problems[0].seq
    assert (
        f"! The adapter exited with status 1 in the middle of the dialogue.  my/first (+1), #{place}\n"
        f"  likely cause 可能原因: {indented(CAUSE)}\n  try 处理建议: {REMEDY}\n"
    ) in text
    assert text.count("key.p12") == 1
    assert f"? my/third: NotOffered: {NOT_OFFERED}\n" in text
    assert f"! {NOT_OFFERED}  my/third, #" in text
    assert f"  likely cause 可能原因: {NOT_LISTED}\n" in text
    assert "BenchError" not in text


def test_judging_again_explains_them_alike(folder: Path) -> None:
    text = "\n".join(judgement_lines(judge_run(folder)))
    assert f"  likely cause 可能原因: {indented(CAUSE)}\n  try 处理建议: {REMEDY}\n" in text
    assert text.count("key.p12") == 1
    assert f"  likely cause 可能原因: {NOT_LISTED}\n" in text


def test_machines_are_told_the_same(folder: Path) -> None:
    told = json.loads(summary(folder, as_json=True))["problems"]
    assert [(one["blame"], one["cause"]) for one in told[::2]] == [("PeerViolation", CAUSE), ("NotOffered", NOT_LISTED)]


def test_the_report_has_them_below_the_finding_with_their_line_ends(folder: Path) -> None:
    page = (folder / REPORT).read_text(encoding="utf-8")
    assert page.count('<dl class="problem">') == 3
    first, _, log = html.escape(CAUSE, quote=False).partition("\n")
    assert f"<dd>{first}<pre>{log}</pre></dd>" in page
    assert html.unescape(page).count(f"<dd>{REMEDY}</dd>") == 2
    assert html.unescape(page).count(f"<dd>{NOT_LISTED}</dd>") == 1


def test_a_log_in_an_event_stands_on_lines_of_its_own(folder: Path) -> None:
    run = read_run_folder(folder)
    assert run.tape is not None
    event = next(record for record in run.tape.records if record.name == "problem")
    lines = [line.text for line in filled(show(event), 120).lines]
    start = lines.index('  "cause": "it crashed or gave up"')
    assert [line[2:] for line in lines[start + 1 : start + 4]] == CAUSE.splitlines()[1:]
    assert not any("\\n" in line for line in lines)


def test_the_diagram_has_the_cause_without_the_log(folder: Path) -> None:
    run = read_run_folder(folder)
    history = run.history(run.cases[0])
    assert history is not None
    told = event_words(history.named("problem")[0])
    assert told is not None
    assert told[1] == "it crashed or gave up"


def test_junit_has_them_in_failures_and_errors(folder: Path) -> None:
    root = ET.parse(folder / JUNIT).getroot()
    failures = [failure.text or "" for failure in root.iter("failure")]
    assert len(failures) == 2
    for text in failures:
        assert f"  likely cause: {CAUSE}\n  try: {REMEDY}\n" in text
    (error,) = root.iter("error")
    assert f"NotOffered: {NOT_OFFERED}\n  likely cause: {NOT_LISTED}\n" in (error.text or "")


def test_a_log_line_is_shown_without_personal_data_once_a_device_is_real(folder: Path) -> None:
    run = read_run_folder(folder)
    assert run.tape is not None
    records = [
        replace(r, data=r.data.replace(b"opening the keystore", b"630104199001010014")) for r in run.tape.records
    ]
    devices = tuple(replace(device, virtual=False) for device in run.manifest.devices)
    told = replace(run, manifest=replace(run.manifest, devices=devices), tape=replace(run.tape, records=tuple(records)))
    assert "630104199001010014" in told.problems[0].cause
    cause = for_show(told).problems[0].cause
    assert "    630104**********14\n" in cause
