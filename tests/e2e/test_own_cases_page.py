"""The page for vendors' own cases is true: its example runs as it stands, and passes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pages import blocks


@pytest.mark.slow
@pytest.mark.parametrize("profile", [(), ("--profile", "jiangsu")], ids=["own", "jiangsu"])
def test_the_example_of_the_page_runs_and_passes(tmp_path: Path, profile: tuple[str, ...]) -> None:
    (example,) = (block for block in blocks("own-cases.md") if block.startswith("# joint/"))
    folder = tmp_path / "joint"
    folder.mkdir()
    (folder / "test_cough_syrup.py").write_text(example, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "harness", "test", "joint/", *profile],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "3 demanded" in done.stdout
    assert "3 passed" in done.stdout
