"""`soak scanner`: every code once; a box that loses, doubles or alters codes is counted; the cable pulled meanwhile."""

import json
from pathlib import Path

import pytest

from harness.commands.soaking import RESULT, SoakOptions, SoakResult, progress, show_result, soak
from harness.errors import ConfigError, ExitStatus
from harness.line.folder import TAPE
from harness.line.tape import read_tape


def bench_of(folder: Path, *lines: str, read_s: float = 20.0) -> str:
    """A bench file of a virtual box with these settings, whose scans are waited for so long."""
    file = folder / "bench.toml"
    settings = "\n".join(lines)
    head = '[bench]\nname = "a box"\n[device.scanner]\nkind = "scanner"\n'
    file.write_text(f"{head}{settings}\n[scanner]\nread_s = {read_s}\nquiet_s = 0.03\n", encoding="utf-8")
    return str(file)


def test_every_code_is_delivered_once_and_in_order(tmp_path: Path) -> None:
    seen: list[int] = []
    folder, result = soak(SoakOptions(scans=60, runs=tmp_path), seen.append)
    assert result.good
    assert result.status is ExitStatus.CERTIFIED
    assert (result.delivered, seen[-1]) == (60, 60)
    told = json.loads((folder / RESULT).read_text())
    assert told["delivered"] == 60
    assert told["scans_per_s"] > 1
    codes = [record.event["digits"] for record in read_tape(folder / TAPE).records if record.name == "good-read"]
    assert len(set(codes)) == 60


@pytest.mark.parametrize(
    ("mutant", "counted"),
    [
        ("doubles-scan", {"doubled": 5, "delivered": 5}),
        ("swaps-two-digits", {"wrong": 5, "lost": 5}),
        ("drops-suffix", {"wrong": 5, "lost": 5}),
        ("old-code-after-rotation", {"delivered": 1, "doubled": 1, "out_of_order": 3, "lost": 1}),
    ],
)
def test_what_goes_wrong_is_counted(tmp_path: Path, mutant: str, counted: dict[str, int]) -> None:
    read_s = 20.0 if mutant == "doubles-scan" else 0.2  # of the others some scans never come
    options = SoakOptions(scans=5, bench=bench_of(tmp_path, f'mutant = "{mutant}"', read_s=read_s), runs=tmp_path)
    _, result = soak(options)
    assert result.status is ExitStatus.FINDINGS
    assert {name: getattr(result, name) for name in counted} == counted
    assert result.first


@pytest.mark.parametrize("settings", [[], ['family = "ssi"', "packeted = true"]], ids=["plain", "acknowledged"])
def test_the_cable_is_pulled_in_the_middle_of_scans(tmp_path: Path, settings: list[str]) -> None:
    options = SoakOptions(scans=20, unplugs=4, bench=bench_of(tmp_path, *settings), runs=tmp_path)
    _, result = soak(options)
    assert result.good, result.first
    assert result.unplugs == 4
    assert result.held_up_again == (0 if settings else 4)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("settings", [[], ['family = "ssi"', "packeted = true"]], ids=["plain", "acknowledged"])
def test_unplugged_again_and_again_in_a_thousand_scans(tmp_path: Path, settings: list[str]) -> None:
    options = SoakOptions(scans=1000, unplugs=100, bench=bench_of(tmp_path, *settings), runs=tmp_path)
    _, result = soak(options)
    assert (result.delivered, result.lost, result.doubled, result.wrong, result.out_of_order) == (1000, 0, 0, 0, 0)
    assert result.unplugs == 100


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_ten_thousand_scans(tmp_path: Path) -> None:
    _, result = soak(SoakOptions(scans=10_000, runs=tmp_path))
    assert (result.delivered, result.lost, result.doubled, result.wrong, result.out_of_order) == (10_000, 0, 0, 0, 0)


@pytest.mark.parametrize(("scans", "unplugs"), [(0, 0), (5, 6), (5, -1)])
def test_what_cannot_be_is_refused(scans: int, unplugs: int) -> None:
    with pytest.raises(ConfigError, match="--scans"):
        SoakOptions(scans=scans, unplugs=unplugs)


def test_the_cable_of_a_real_box_is_not_pulled(tmp_path: Path) -> None:
    options = SoakOptions(scans=5, unplugs=1, devices=("scanner=tcp:127.0.0.1:9",), runs=tmp_path)
    with pytest.raises(ConfigError, match="real box"):
        soak(options)
    assert not list(tmp_path.iterdir())


def test_the_result_is_told_in_words_and_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = SoakResult(scans=3, delivered=2, lost=1, unplugs=1, seconds=1.5, first=["scan 2: the code never arrived"])
    show_result(tmp_path, result, as_json=False)
    words = capsys.readouterr().out
    assert "2 delivered" in words
    assert "1 lost" in words
    assert "scan 2" in words
    show_result(tmp_path, result, as_json=True)
    assert json.loads(capsys.readouterr().out)["scans_per_s"] == 2.0


def test_without_a_terminal_there_is_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(10, shown=True) as told:
        told(5)
    assert capsys.readouterr().err == ""
