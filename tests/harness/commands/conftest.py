"""The folder of a small run that passed, made once, and a copy of it for each test to damage."""

import shutil
from pathlib import Path

import pytest

from harness.judge.plan import load_plan
from harness.options import RunOptions
from harness.run import CaseHead, Run
from harness.scenarios.counter_stage import at_counter

CASES = ("my/first", "my/second", "my/third")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of three cases; not to be changed."""
    folder = tmp_path_factory.mktemp("finished")
    plan = load_plan("pharmacy")
    with Run(file=RunOptions().bench_file(plan), plan=plan, folder=folder, demanded=CASES) as run:
        for name in CASES:
            stage = at_counter(run.begin_case(CaseHead(id=name, title=name, requirements=("GS-PHARMACY",))))
            stage.counter.sign_in()
            assert run.end_case().verdict.value == "passed"
        run.finish()
    return folder


@pytest.fixture
def folder(finished: Path, tmp_path: Path) -> Path:
    """A copy, elsewhere."""
    return Path(shutil.copytree(finished, tmp_path / "a copy 副本"))
