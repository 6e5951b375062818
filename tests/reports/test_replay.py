"""What the reports print is the command of the run's own manifest."""

from dataclasses import replace
from pathlib import Path

from reports.replay import replay
from reports.run_folder import Manifest, read_run_folder


def test_the_manifest_says_how_the_run_was_started(run_folder: Path) -> None:
    run = read_run_folder(run_folder)
    assert replay(run.manifest, run.cases[0]) == "liantiao certify pharmacy --case pharmacy/purchase --seed 7"


def test_where_it_does_not_nothing_is_made_up(run_folder: Path) -> None:
    case = read_run_folder(run_folder).cases[0]
    assert replay(Manifest(plan="pharmacy", seed=7), case) == ""


def test_what_robot_ran_is_run_by_robot_again(run_folder: Path) -> None:
    case = replace(read_run_folder(run_folder).cases[0], case="robot/a-purchase", title="A purchase [1]")
    manifest = Manifest(again=("robot", "--variable", "BENCH:my bench.toml", "own/suite.robot"), seed=7)
    assert replay(manifest, case) == (
        "robot --test 'A purchase [[]1]' --variable 'BENCH:my bench.toml' --variable SEED:7 own/suite.robot"
    )
