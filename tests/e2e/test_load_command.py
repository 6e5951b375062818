"""`liantiao load` and `liantiao calibrate` from options to pages, the bench in a process of its own."""

import csv
import json
from pathlib import Path

import pytest

from harness.commands.loading import BenchChoice, CalibrationOptions, LoadOptions, calibrate, load
from harness.errors import ConfigError, ExitStatus
from harness.line.tape import read_tape
from harness.load.running import LoadSettings
from reports.load import print_load, render_load
from reports.load_calibration import print_calibration, render_calibration
from simulators.clinic.calibration import CALIBRATION
from simulators.clinic.scenario import load_scenario
from tests.harness.load.load_rig import MACHINE, PARTIES


def choice(tmp_path: Path, text: str = PARTIES) -> BenchChoice:
    path = tmp_path / "bench.toml"
    path.write_text(text, encoding="utf-8")
    return BenchChoice(bench=str(path))


def test_a_load_leaves_figures_pages_and_a_trace_to_replay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = LoadSettings(late_limit_s=60.0)  # other tests keep the machine busy; how late it was is not the matter
    options = LoadOptions(choice=choice(tmp_path), rate=10, seconds=1.5, settings=settings, runs=tmp_path / "runs")
    folder, status = load(options)
    content = json.loads((folder / "load.json").read_text(encoding="utf-8"))
    assert status is ExitStatus.CERTIFIED, content["reasons"]
    count = content["trace"]["arrivals"]
    assert content["outcomes"] == {"accepted": count, "refused": 0, "unknown": 0}
    assert {check["name"]: check["good"] for check in content["checks"]} == {
        "amounts-add-up": True,
        "query": True,
        "books": True,
    }
    assert content["latency_ms"]["all"]["count"] == count
    assert content["processor"]["bench"]["had_s"] > 0
    with (folder / "samples.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == count
    assert sum(record.name == "booked" for record in read_tape(folder / "tape.bin").records) == count
    page = render_load(folder).read_text(encoding="utf-8")
    assert page.count("<svg") == 3
    assert "通过" in page
    print_load(folder)
    assert "exactly what was acknowledged" in capsys.readouterr().out

    again = LoadOptions(choice=choice(tmp_path), trace=folder / "trace.csv", settings=settings, out=tmp_path / "again")
    second, _ = load(again)
    assert (second / "trace.csv").read_bytes() == (folder / "trace.csv").read_bytes()


def test_an_encryption_machine_is_loaded(tmp_path: Path) -> None:
    settings = LoadSettings(late_limit_s=60.0)
    options = LoadOptions(
        choice=choice(tmp_path, MACHINE), rate=100, seconds=0.5, even=True, settings=settings, out=tmp_path / "out"
    )
    folder, status = load(options)
    content = json.loads((folder / "load.json").read_text(encoding="utf-8"))
    assert status is ExitStatus.CERTIFIED, content["reasons"]
    assert content["outcomes"]["accepted"] == 50
    assert list(content["steps_ms"]) == ["sign", "verify"]
    assert "signatures" in render_load(folder).read_text(encoding="utf-8")


def test_a_bench_that_cannot_be_loaded_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no voucher-centre and no platform"):
        load(LoadOptions(choice=choice(tmp_path, "[device.phone]\n"), out=tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_results_are_not_mixed_with_older_ones(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old.json").touch()
    with pytest.raises(ConfigError, match="is not empty"):
        load(LoadOptions(choice=choice(tmp_path), out=tmp_path / "out"))


@pytest.mark.slow
def test_a_calibration_predicts_a_replay_and_states_its_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a busy machine it must say inconclusive; the error is stated in any case."""
    options = CalibrationOptions(
        choice=choice(tmp_path),
        seconds=5,
        busy_rate=20,
        check_rate=20,
        check_seconds=6,
        replications=5,
        out=tmp_path / "c",
    )
    folder, status = calibrate(options, calibration=CALIBRATION)
    content = json.loads((folder / "calibration.json").read_text(encoding="utf-8"))
    expected = {
        "agrees": ExitStatus.CERTIFIED,
        "disagrees": ExitStatus.FINDINGS,
        "inconclusive": ExitStatus.INCONCLUSIVE,
    }
    assert status is expected[content["verdict"]]
    assert (content["verdict"] == "inconclusive") == any(not gate["good"] for gate in content["gates"])
    rows = {row["figure"]: row for row in content["models"]["fitted"]["rows"]}
    assert set(rows) == {"mean", "p50", "p95", "p99"}
    for row in rows.values():
        assert row["error"] == pytest.approx(row["predicted_ms"] / row["real_ms"] - 1)
    names = {one["name"] for one in content["fits"]}
    assert {"platform 2102", "voucher-centre ec.query", "encryption-machine sign"} <= names
    scenario = load_scenario(str(folder / "measured.toml"))
    assert scenario.parameters["step.split.mean"].source == "measured"
    assert scenario.number("step.sign.mean") < 0.1
    page = render_calibration(folder).read_text(encoding="utf-8")
    assert page.count("<svg") == 1 + len(content["fits"])
    print_calibration(folder)
    assert "误差" in capsys.readouterr().out
