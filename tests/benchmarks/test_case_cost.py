"""What a case costs over an empty pytest test: the bench's reset, the tape, the judge with every rule, the folder.

The scenario's own work is left out: the case does nothing, and the adapter is started once and only says that it is
ready. CPU seconds of whole pytest processes are compared, by the slope between few and many tests, so that start and
end of the process, the bench and the adapter cancel out.
"""

import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fixtures import fixture

FEW, MANY = 20, 220
BUDGET_S = 0.002
SLACK = 1.5
"""A shared machine's CPU clock is not a stop watch; the measured figure is printed."""

ADAPTER = """
import json, sys
sys.stdin.readline()
print(json.dumps({"ready": {"adapter": "idle", "version": "1", "clock": "bench", "can": []}}), flush=True)
for line in sys.stdin:
    if json.loads(line).get("do") == "bye":
        break
"""
CASES = """
import pytest

@pytest.mark.case("cost/case", title="Nothing", requirements=["QH-JOINT-TEST"])
@pytest.mark.parametrize("number", range({count}))
def test_case(stage, number):
    pass
"""
BARE = """
import pytest

@pytest.fixture
def stage():
    yield object()

@pytest.mark.parametrize("number", range({count}))
def test_bare(stage, number):
    pass
"""


def cpu_of(folder: Path, source: str, count: int) -> float:
    """CPU seconds of a pytest process that runs so many tests."""
    file = folder / f"test_{abs(hash(source)) % 997}_{count}.py"
    file.write_text(source.format(count=count), encoding="utf-8")
    words = [sys.executable, "-m", "pytest", "-q", str(file), "--rootdir", str(folder), "-c", os.devnull]
    words += ["-p", "no:cacheprovider", "-p", "no:benchmark", "-p", "no:timeout", "-p", "no:xdist"]
    words += ["--liantiao-bench", str(folder / "bench.toml"), "--liantiao-runs", str(folder / "runs")]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert f"{count} passed" in done.stdout, done.stdout[-2000:] + done.stderr[-2000:]
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def cost(folder: Path, source: str) -> float:
    """CPU seconds a test, from the slope."""
    return (cpu_of(folder, source, MANY) - cpu_of(folder, source, FEW)) / (MANY - FEW)


@pytest.mark.slow
def test_a_case_costs_at_most_two_milliseconds_over_an_empty_test(benchmark: Any, tmp_path: Path) -> None:
    (tmp_path / "adapter.py").write_text(ADAPTER, encoding="utf-8")
    bench = fixture("benches/pharmacy.toml").read_text(encoding="utf-8")
    head, _, _ = bench.partition("[counter]")
    command = [sys.executable, str(tmp_path / "adapter.py")]
    (tmp_path / "bench.toml").write_text(f'{head}[counter]\nrestart = "run"\ncommand = {command!r}\n', encoding="utf-8")
    costs: list[tuple[float, float]] = []

    def both() -> None:
        costs.append((cost(tmp_path, CASES), cost(tmp_path, BARE)))

    benchmark.pedantic(both, rounds=2, iterations=1)
    over = min(case - bare for case, bare in costs)
    benchmark.extra_info["case_ms"] = round(1000 * min(case for case, _ in costs), 3)
    benchmark.extra_info["bare_ms"] = round(1000 * min(bare for _, bare in costs), 3)
    benchmark.extra_info["over_ms"] = round(1000 * over, 3)
    print(f"\none case over an empty test: {1000 * over:.2f} ms CPU (budget {1000 * BUDGET_S:.0f} ms)")
    assert over <= BUDGET_S * SLACK
