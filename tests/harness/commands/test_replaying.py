"""The line that a run prints for a case that did not pass runs the same case again, and it comes to the same."""

import html
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from fixtures import fixture
from harness.line.folder import CASES, JUNIT, REPORT

FAILS = """
import pytest

@pytest.mark.case("my/fails", title="fails")
def test_fails(stage):
    assert stage.counter.sign_in() is None, "a check of my own"
"""
ABSENT = "serial:/dev/not-plugged-in"


def liantiao(folder: Path, *words: str) -> str:
    """What the command line says, started in a folder that is not the project's."""
    done = subprocess.run(
        [sys.executable, "-m", "harness", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    assert (done.returncode, done.stderr) == (1, "")
    return done.stdout


def come_to(run: Path) -> list[tuple[str, str, list[Any]]]:
    """What came of each case: its verdict, and the findings in words."""
    cases = [json.loads(line) for line in (run / CASES).read_text(encoding="utf-8").splitlines()]
    told = ("rule", "expected", "seen")
    return [(c["case"], c["verdict"], [[f[name] for name in told] for f in c["findings"]]) for c in cases]


def replayed(folder: Path, *words: str) -> tuple[str, list[Any], list[Any]]:
    """Run cases, then the line that was printed; the line, and what came of both runs."""
    (line,) = re.findall(r"^replay 重放: (.*)$", liantiao(folder, *words), re.MULTILINE)
    (first,) = (folder / "runs").iterdir()
    assert f'<code class="replay">{line}</code>' in html.unescape((first / REPORT).read_text(encoding="utf-8"))
    failures = ET.parse(first / JUNIT).getroot().iter("failure")
    assert f"replay: {line}" in [(failure.text or "").splitlines()[-1] for failure in failures]
    program, *again = shlex.split(line)
    assert program == "liantiao"
    liantiao(folder, *again)
    (second,) = set((folder / "runs").iterdir()) - {first}
    return line, come_to(first), come_to(second)


@pytest.mark.slow
def test_a_bench_a_device_a_mutant_a_seed_are_all_in_the_line(tmp_path: Path) -> None:
    bench = fixture("benches/pharmacy.toml").read_text(encoding="utf-8")
    scanner = 'family = "newland"\nat = "virtual"'
    assert scanner in bench
    (tmp_path / "my bench.toml").write_text(bench.replace(scanner, f'family = "newland"\nat = "{ABSENT}"'), "utf-8")
    words = ["certify", "pharmacy", "--bench", "my bench.toml", "--device", "scanner=virtual", "--seed", "11"]
    case = ["--case", "pharmacy/purchase"]
    line, first, second = replayed(tmp_path, *words, "--mutant", "msgid-too-short", *case)
    for part in ("--bench 'my bench.toml'", "--device scanner=virtual", "--mutant msgid-too-short", "--seed 11"):
        assert part in line
    assert first == second
    assert first[0][1] == "failed"


def test_own_cases_are_named_by_their_paths(tmp_path: Path) -> None:
    own = tmp_path / "自家 用例"
    own.mkdir()
    (own / "test_fails.py").write_text(FAILS, encoding="utf-8")
    adapter = f"{shlex.quote(sys.executable)} -m simulators.his pharmacy"
    line, first, second = replayed(tmp_path, "test", "自家 用例/test_fails.py", "--adapter", adapter)
    assert line.startswith("liantiao test '自家 用例/test_fails.py' --plan pharmacy --adapter ")
    assert first == second
    assert first[0][2][0] == ["case-holds", "the check of the case holds", first[0][2][0][2]]


@pytest.mark.slow
def test_in_a_vendors_own_pytest_the_failure_has_the_line(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text(FAILS, encoding="utf-8")
    words = ["-m", "pytest", "test_own.py::test_fails", "-q", "-p", "no:cacheprovider", "--liantiao-seed", "11"]
    done = subprocess.run(
        [sys.executable, *words], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    line = "liantiao test test_own.py --plan pharmacy --case my/fails --seed 11"
    assert f"replay: {line}" in done.stdout
    liantiao(tmp_path, *shlex.split(line)[1:])
