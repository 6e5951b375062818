"""What the reports print is the command of the run's own manifest."""

from pathlib import Path

from reports.replay import replay
from reports.run_folder import Manifest, read_run_folder


def test_the_manifest_says_how_the_run_was_started(run_folder: Path) -> None:
    manifest = read_run_folder(run_folder).manifest
    assert replay(manifest, "pharmacy/purchase") == "liantiao certify pharmacy --case pharmacy/purchase --seed 7"


def test_where_it_does_not_nothing_is_made_up() -> None:
    assert replay(Manifest(plan="pharmacy", seed=7), "pharmacy/purchase") == ""
