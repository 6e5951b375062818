"""An encryption machine under test, from outside: verdict, mutants, judging again, a machine in another process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CASES = (
    "encryption-machine/diagnose",
    "encryption-machine/sign[1]",
    "encryption-machine/altered[c3]",
    "encryption-machine/line-fault[late-reply]",
    "encryption-machine/result-fault[signature-short]",
)


def certify(runs: Path, *words: str, cases: tuple[str, ...] = CASES) -> subprocess.CompletedProcess[str]:
    """Certify some cases in a process of its own."""
    chosen = [word for case in cases for word in ("--case", case)]
    command = [sys.executable, "-m", "harness", "certify", "encryption-machine", "--runs", str(runs), "--json"]
    return subprocess.run([*command, *chosen, *words], capture_output=True, text=True, check=False, timeout=100)


def findings(runs: Path) -> set[str]:
    """The rules that found something."""
    (file,) = runs.glob("*/cases.jsonl")
    return {finding["rule"] for line in file.read_text().splitlines() for finding in json.loads(line)["findings"]}


def test_the_virtual_machine_passes_and_is_judged_again_alike(tmp_path: Path) -> None:
    done = certify(tmp_path)
    assert done.returncode == 0, done.stderr
    (folder,) = tmp_path.iterdir()
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["subject"]["kind"] == "encryption-machine"
    assert "adapter" not in manifest
    judged = [sys.executable, "-m", "harness", "judge", str(folder), "--json"]
    again = subprocess.run(judged, capture_output=True, text=True, check=True, timeout=60)
    assert again.stdout == (folder / "cases.jsonl").read_text()


@pytest.mark.proof
@pytest.mark.slow
@pytest.mark.parametrize(
    ("mutant", "rule"), [("ignores-c3", "machine-codes-as-expected"), ("signs-without-za", "machine-signatures-verify")]
)
def test_a_mutant_is_caught_by_name_of_the_rule(tmp_path: Path, mutant: str, rule: str) -> None:
    done = certify(tmp_path, "--mutant", mutant)
    assert done.returncode == 1, done.stderr
    assert rule in findings(tmp_path)


def test_a_library_that_prints_its_own_lines_is_not_heard(tmp_path: Path) -> None:
    done = certify(tmp_path, cases=("encryption-machine/forgery[verify-01]",))
    assert done.returncode == 0
    assert ".c:" not in done.stderr


@pytest.mark.slow
def test_a_machine_in_another_process_is_tested_at_its_address(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "harness", "simulate", "encryption-machine", "--profile", "payshield-like"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as machine:
        try:
            assert machine.stdout is not None
            at = json.loads(machine.stdout.readline())["at"]
            good = ("encryption-machine/diagnose", "encryption-machine/sign[1]")
            done = certify(tmp_path / "good", "--device", f"encryption-machine={at}", cases=good)
            assert done.returncode == 0, done.stderr
            fault = ("encryption-machine/line-fault[silence]",)
            assert "left_out" in json.loads(next((tmp_path / "good").glob("*/manifest.json")).read_text())
            refused = certify(tmp_path / "fault", "--device", f"encryption-machine={at}", cases=fault)
            assert refused.returncode == 3, refused.stderr
        finally:
            machine.terminate()


def test_no_mutant_of_a_real_machine_and_none_of_another_name(tmp_path: Path) -> None:
    real = certify(tmp_path, "--mutant", "ignores-c3", "--device", "encryption-machine=tcp:127.0.0.1:9")
    assert real.returncode == 2
    assert "real device" in real.stderr
    strange = certify(tmp_path, "--mutant", "ignores-everything")
    assert strange.returncode == 2
    assert "ignores-c3" in strange.stderr
