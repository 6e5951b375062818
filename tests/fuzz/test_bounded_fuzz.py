"""Each codec, fuzzed by atheris for some seconds in a process of its own, from its own messages and a fixed seed."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.fuzz_targets import TARGETS

SECONDS, SEED, LONGEST_INPUT_S, MOST_MIB = 8, 20201014, 5, 1024
FEWEST_RUNS = 100
"""Inputs that must have been tried, on however slow a host."""
ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed"),
]


def fuzzed(name: str, folder: Path, *options: str) -> tuple[int, str]:
    """The inputs tried, and what there is to complain of: nothing, or the input as hex and what came of it."""
    words = [sys.executable, "-m", "tests.fuzz.fuzz_targets", name, str(folder / "corpus"), f"-seed={SEED}"]
    words += [f"-max_total_time={SECONDS}", f"-timeout={LONGEST_INPUT_S}", f"-rss_limit_mb={MOST_MIB}"]
    words += [f"-artifact_prefix={folder}/found-", *options]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT, errors="replace", timeout=100)
    output = done.stdout + done.stderr
    runs = re.search(r"Done (\d+) runs", output)
    if done.returncode == 0 and runs:
        return int(runs[1]), ""
    inputs = [file.read_bytes().hex() for file in sorted(folder.glob("found-*"))]
    return 0, f"{name} does not survive {inputs or 'its own start'}:\n{output[-3000:]}"


@pytest.mark.parametrize("name", TARGETS)
def test_a_codec_survives_what_atheris_makes(name: str, tmp_path: Path) -> None:
    runs, problem = fuzzed(name, tmp_path)
    assert not problem, problem
    assert runs >= FEWEST_RUNS
    print(f"\n{name}: {runs} inputs in {SECONDS} s")
