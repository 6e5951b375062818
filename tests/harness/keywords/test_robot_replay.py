"""What Robot Framework ran can be run again by the line that the failure has, and outside of it nothing is made up."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.commands.judging import judge_run
from harness.keywords.pharmacy import PharmacyKeywords

ROBOT = Path(__file__).parents[3] / "robot"
ADAPTER = f"{shlex.quote(sys.executable)} -m simulators.his pharmacy --mutant msgid-too-short"


def robot(folder: Path, *words: str) -> str:
    """What Robot Framework says, started in a folder; one test fails."""
    command = [sys.executable, "-m", "robot", "--output", "NONE", "--log", "NONE", "--report", "NONE", *words]
    environment = {**os.environ, "PYTHONUTF8": "1"}
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=120, check=False, env=environment
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def findings(run: Path) -> list[tuple[str, list[str]]]:
    return [(case.case, [finding.seen for finding in case.findings]) for case in judge_run(run).verdicts]


@pytest.mark.slow
def test_the_line_of_a_failure_runs_the_same_case_again(tmp_path: Path) -> None:
    shutil.copytree(ROBOT, tmp_path / "自家 用例")
    words = ["--variable", f"ADAPTER:{ADAPTER}", "--variable", "SEED:11", "--test", "A Good Purchase"]
    (line,) = re.findall(r"^  replay: (.*)$", robot(tmp_path, *words, "自家 用例/pharmacy.robot"), re.MULTILINE)
    program, *again = shlex.split(line)
    assert (program, again[-1], "SEED:11" in again) == ("robot", "自家 用例/pharmacy.robot", True)
    (first,) = (tmp_path / "runs").iterdir()
    assert line in (first / "junit.xml").read_text(encoding="utf-8").replace("&quot;", '"')
    robot(tmp_path, *again)
    (second,) = set((tmp_path / "runs").iterdir()) - {first}
    assert findings(first) == findings(second)
    assert [name for name, _ in findings(first)] == ["robot/a-good-purchase"]


def test_outside_of_robot_nothing_is_made_up_and_an_id_is_one_word(tmp_path: Path) -> None:
    words = PharmacyKeywords(runs=str(tmp_path))
    folder = Path(words.open_bench(adapter="false"))
    with pytest.raises(Exception, match="exited"):
        words.begin_case("a good  purchase")
    with pytest.raises(AssertionError) as caught:
        words.end_case("FAIL", "no adapter")
    words.close_bench()
    assert "replay:" not in str(caught.value)
    assert [verdict.case for verdict in judge_run(folder).verdicts] == ["robot/a-good-purchase"]
