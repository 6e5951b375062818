"""The command to run a case again can be pasted, and runs the same adapter on the same devices."""

from dataclasses import replace
from pathlib import Path

import pytest

from reports.replay import replay
from reports.run_folder import DeviceNote, Manifest, read_run_folder


@pytest.fixture
def manifest(run_folder: Path) -> Manifest:
    return read_run_folder(run_folder).manifest


def test_the_shipped_bench_needs_no_more_than_case_and_seed(manifest: Manifest) -> None:
    assert replay(manifest, "pharmacy/purchase") == "liantiao certify pharmacy --case pharmacy/purchase --seed 7"


def test_variants_are_quoted(manifest: Manifest) -> None:
    assert "--case 'pharmacy/channel[wechat]'" in replay(manifest, "pharmacy/channel[wechat]")


def test_a_case_that_is_not_the_plans_is_run_from_its_own_file(manifest: Manifest) -> None:
    said = replay(manifest, "vendor/own")
    assert said == "liantiao test PATH --plan pharmacy --case vendor/own --seed 7"


def test_another_adapter_is_named(manifest: Manifest) -> None:
    own = replace(manifest, adapter_command=("/opt/his", "--mode", "a b"))
    assert replay(own, "x").endswith("""--adapter '/opt/his --mode '"'"'a b'"'"''""")


def test_a_real_device_and_a_bench_of_your_own_are_named(manifest: Manifest) -> None:
    real = DeviceNote(name="scanner", kind="scanner", at="serial:/dev/ttyUSB0", virtual=False)
    said = replay(replace(manifest, bench="my lab", devices=(*manifest.devices, real)), "x")
    assert said.endswith("--bench FILE --device scanner=serial:/dev/ttyUSB0")


def test_a_profile_that_is_not_the_benchs_is_named(manifest: Manifest) -> None:
    said = replay(replace(manifest, profile="jiangsu"), "pharmacy/purchase")
    assert said == "liantiao certify pharmacy --case pharmacy/purchase --seed 7 --profile jiangsu"
    assert "--profile" not in replay(replace(manifest, profile=""), "x")


def test_of_a_bench_of_your_own_it_is_always_named_since_the_file_is_not_at_hand(manifest: Manifest) -> None:
    assert "--profile qinghai --bench FILE" in replay(replace(manifest, bench="my lab", profile="qinghai"), "x")


def test_a_vendors_own_case_is_run_under_the_same_profile(manifest: Manifest) -> None:
    assert replay(replace(manifest, profile="henan"), "vendor/own").endswith("--seed 7 --profile henan")


def test_a_plan_that_does_not_ship_does_no_harm(manifest: Manifest) -> None:
    assert replay(replace(manifest, plan="gone"), "x").startswith("liantiao certify gone --case x --seed 7")
