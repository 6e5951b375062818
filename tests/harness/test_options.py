"""What would keep cases from running is found before anything is started, and before a folder is made."""

from dataclasses import replace
from pathlib import Path

import pytest

from fixtures import fixture
from harness.counter.command import runnable
from harness.errors import ConfigError
from harness.judge.plan import load_plan
from harness.options import RunOptions

GOOD = fixture("benches/pharmacy.toml").read_text(encoding="utf-8")


def bench_of(folder: Path, text: str) -> RunOptions:
    """Options that name a bench file with this text."""
    file = folder / "bench.toml"
    file.write_text(text, encoding="utf-8")
    return RunOptions(bench=str(file))


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ("[device.scanner]", "[device.x]\nkind='phone'\n[device.scanner]", "both of kind phone"),
        ("qinghai", "atlantis", "atlantis"),
        ("[counter]", "[counter]\ninstitution = 'P0'", "institution 'P0'"),
        ('port = "process"', 'port = "pigeon"', "port 'pigeon'"),
        ('["python", "-m", "simulators.his", "pharmacy"]', "[]", "no adapter to test"),
        ('"python"', '"no-such-program"', "no program 'no-such-program'"),
        ('"newland"', '"zebra"', "line 12, [device.scanner]"),
        ("[counter]", "[counter]\npatience_s = -1", "more than 0 seconds"),
        ("[counter]", "[counter]\nreply_s = nan", "cannot be nan"),
    ],
)
def test_a_bench_that_is_not_fit_is_refused(tmp_path: Path, old: str, new: str, names: str) -> None:
    options = bench_of(tmp_path, GOOD.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        options.bench_file(load_plan("pharmacy"))
    assert names in str(caught.value)


@pytest.mark.parametrize("kind", ["phone", "scanner", "voucher-centre", "platform"])
def test_a_bench_without_a_device_that_cases_need_is_refused(tmp_path: Path, kind: str) -> None:
    table = GOOD.index(f"[device.{kind}]")
    without = GOOD[:table] + GOOD[GOOD.index("[", table + 1) :]
    with pytest.raises(ConfigError, match=f"no device of kind '{kind}'"):
        bench_of(tmp_path, without).bench_file(load_plan("pharmacy"))


def test_one_adapter_for_the_run_needs_a_clock_that_can_be_stepped(tmp_path: Path) -> None:
    text = GOOD.replace('clock = "bench"', 'clock = "system"').replace("[counter]", '[counter]\nrestart = "run"')
    with pytest.raises(ConfigError, match='needs clock = "bench"'):
        bench_of(tmp_path, text).bench_file(load_plan("pharmacy"))


@pytest.mark.parametrize("plan", ["pharmacy", "hospital", "hall"])
def test_every_counter_speaks_shanghais_protocol(plan: str) -> None:
    assert RunOptions(plan=plan, profile="shanghai").bench_file(load_plan(plan)).bench.profile == "shanghai"


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    assert bench_of(tmp_path, "\ufeff" + GOOD).bench_file(load_plan("pharmacy")).bench.name == "pharmacy, all virtual"


def test_an_adapter_whose_quotation_marks_do_not_match_is_refused() -> None:
    with pytest.raises(ConfigError, match="cannot be taken apart"):
        RunOptions(adapter="'").bench_file(load_plan("pharmacy"))


def test_a_mutant_is_the_benchs_own_adapter_with_a_word_more() -> None:
    plain = RunOptions().bench_file(load_plan("pharmacy"))
    assert RunOptions(mutant="m").bench_file(load_plan("pharmacy")) == replace(
        plain, command=(*plain.command, "--mutant", "m")
    )


def test_a_mutant_of_another_device_is_a_setting_of_it() -> None:
    plain = RunOptions().bench_file(load_plan("pharmacy"))
    file = RunOptions(mutant="platform:books-twice").bench_file(load_plan("pharmacy"))
    assert file.command == plain.command
    assert file.device("platform").settings["mutant"] == "books-twice"
    assert file.device("voucher-centre") == plain.device("voucher-centre")


def test_a_real_device_has_no_mutants() -> None:
    real = RunOptions(mutant="platform:books-twice", devices=["platform=http://127.0.0.1:9"])
    with pytest.raises(ConfigError, match=r"127\.0\.0\.1:9"):
        real.bench_file(load_plan("pharmacy"))


def test_only_the_word_python_means_our_interpreter() -> None:
    assert runnable(("python", "-m", "x"))[0] != "python"
    assert runnable(("python3", "-m", "x")) == ("python3", "-m", "x")
    assert runnable(("java",)) == ("java",)
