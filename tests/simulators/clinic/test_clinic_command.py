"""What `liantiao model` leaves in its folder: answers, comparisons, sweeps, searches, CSV; and what it refuses."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from harness.errors import ConfigError
from simulators.clinic.command import Request, read_sweep, run
from simulators.clinic.scenario import load_scenario
from tests.simulators.clinic.clinic_rig import SMALL

SETTINGS = tuple(f"{key}={value}" for key, value in SMALL.items())


def asked(out: Path, *settings: str, **more: Any) -> dict[str, Any]:
    wishes = {"scenario": "peak-hour", "replications": 2, "settings": (*SETTINGS, *settings), **more}
    run(Request(**wishes), out)
    found: dict[str, Any] = json.loads((out / "clinic.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("model")
    asked(out, events=True)
    return out


def test_the_folder_answers_how_many_and_what_if(whole: Path) -> None:
    content = json.loads((whole / "clinic.json").read_text(encoding="utf-8"))
    needs = {need["key"]: need for need in content["sizing"]["needs"]}
    assert {"hospital.windows", "bank.machines", "bank.platform_sessions", "platform.workers"} <= needs.keys()
    assert content["sizing"]["kept"] is True
    assert needs["bank.machines"]["needs"] == 2
    assert content["sizing"]["boxes"]["needs"] < content["sizing"]["boxes"]["has"]
    assert set(content["runs"]) == {"base", "machine-fails", "only-machine-fails"}
    assert content["runs"]["machine-fails"]["differences"]["dead_calls"]["mean"] > 0
    assert content["runs"]["only-machine-fails"]["measures"]["cash"]["mean"] > 0
    assert content["runs"]["machine-fails"]["faults"][0]["from"] == "10:00"
    throughput = [point["throughput"] / point["offered"] for point in content["curve"]["points"]]
    assert throughput[0] > 0.9
    assert len(content["parameters"]) == len(load_scenario("peak-hour").parameters)


def test_csv_holds_the_same(whole: Path) -> None:
    content = json.loads((whole / "clinic.json").read_text(encoding="utf-8"))
    with (whole / "measures.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {(row["run"], row["measure"]): row for row in csv.DictReader(file)}
    found = rows["base", "response.p95"]
    assert float(found["mean"]) == pytest.approx(content["runs"]["base"]["measures"]["response.p95"]["mean"])
    assert float(found["replication 0"]) != float(found["replication 1"])
    for name in ("series", "waits", "institutions"):
        assert (whole / f"{name}.csv").stat().st_size > 1000


def test_the_event_log_tells_each_persons_day_in_order(whole: Path) -> None:
    with (whole / "events.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["time"]) for row in rows] == sorted(float(row["time"]) for row in rows)
    first = [row["event"] for row in rows if row["entity_id"] == "0"]
    assert first[0] == "arrival"
    assert first[-1] == "depart_settled"
    assert len(first) == 5


@pytest.mark.slow
def test_one_number_changed_is_compared_with_the_shipped_scenario(tmp_path: Path) -> None:
    own = tmp_path / "mine.toml"
    own.write_text(
        'extends = "peak-hour"\n[step.leave]\nmean = { value = 40.0, unit = "s", source = "assumed: slow printers" }\n',
        encoding="utf-8",
    )
    run(
        Request(scenario=str(own), replications=2, what_ifs=("none",), sizing=False),
        tmp_path / "out",
    )
    content = json.loads((tmp_path / "out" / "clinic.json").read_text(encoding="utf-8"))
    assert [(change["key"], change["was"], change["is"]) for change in content["changed"]] == [
        ("step.leave.mean", 14.0, 40.0)
    ]
    change = content["against_shipped"]["total.mean"]
    assert change["mean"] == pytest.approx(26.0, rel=0.05)
    assert change["sure"]
    assert content["against_shipped"]["patients"]["mean"] == 0
    assert content["against_shipped"]["response.p95"]["mean"] == pytest.approx(0, abs=0.02)


def test_a_sweep_shows_each_value(tmp_path: Path) -> None:
    content = asked(
        tmp_path, "population.insured=1_500_000", "hospital.skew=0.7", sweep="hospital.windows=1,3,6", replications=1
    )
    points = content["sweep"]["points"]
    assert [point["value"] for point in points] == [1, 3, 6]
    waits = [point["wait.window.mean"]["mean"] for point in points]
    assert waits[0] > waits[1] > waits[2]
    assert (tmp_path / "sweep.csv").read_text(encoding="utf-8-sig").startswith("hospital.windows,")


@pytest.mark.slow
def test_a_search_finds_the_smallest(tmp_path: Path) -> None:
    content = asked(tmp_path, "population.insured=1_500_000", find="windows for wait p95 < 60 s")
    found = content["find"]
    met = {point["capacity"]: point["met"] for point in found["tried"]}
    assert met[found["capacity"]]
    assert not met[found["capacity"] - 1]


def test_machines_are_found_under_a_fault(tmp_path: Path) -> None:
    content = asked(tmp_path, find="machines for cash < 1", what_ifs=("machine-fails",))
    assert content["find"]["capacity"] == 2
    assert content["find"]["what_if"].startswith("One of ICBC")


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        ({"settings": ("hospital.windows",)}, "key=value"),
        ({"settings": ("hospital.window=1",)}, "hospital.windows"),
        ({"settings": ("hospital.windows=many",)}, "whole number"),
        ({"settings": ("mix.window=0.9",)}, "sum to"),
        ({"settings": ("platform.workers=0",)}, "platform.workers"),
        ({"sweep": "hospital.windows=5:1:1"}, "no list of values"),
        ({"sweep": "nothing=1,2"}, "'nothing'"),
        ({"find": "machines for nonsense < 3 s"}, "'nonsense'"),
        ({"what_ifs": ("meteor",)}, "'meteor'"),
        ({"replications": 0}, "--replications"),
        ({"scenario": "moon"}, "'moon'"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(tmp_path: Path, wishes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as error:
        run(Request(**{"scenario": "city", "replications": 1, **wishes}), tmp_path)
    assert said in str(error.value)


def test_ranges_of_a_sweep() -> None:
    scenario = load_scenario("peak-hour")
    assert read_sweep(scenario, "day.factor=0.5:1.0:0.25") == ("day.factor", [0.5, 0.75, 1.0])
    assert read_sweep(scenario, "hospital.windows=2,4") == ("hospital.windows", [2, 4])


@pytest.mark.slow
def test_overload_is_told(tmp_path: Path) -> None:
    content = asked(
        tmp_path,
        "population.insured=3_000_000",
        "hospital.windows=1",
        "patience.mean=100000",
        "day.drain=0.2",
        what_ifs=("none",),
        curve=False,
        replications=1,
    )
    assert content["runs"]["base"]["measures"]["unserved"]["mean"] > 100
    assert content["sizing"]["needs"][0]["needs"] > 1
