"""The plugin in a vendor's own pytest, started as they would start it, on their own files."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CONFTEST = """
import pytest

@pytest.fixture
def boom():
    raise RuntimeError("fixture broke")

@pytest.fixture
def late():
    yield
    raise RuntimeError("teardown broke")
"""

CASES = """
import pytest

def case(name, **more):
    return pytest.mark.case(f"my/{name}", title=name, **more)

@case("good", requirements=["GS-PHARMACY"])
def test_good(stage):
    print("noise")
    assert stage.counter.sign_in().accepted

@case("assert")
def test_assert(stage):
    assert 1 == 2

@case("error")
def test_error(stage):
    {}["nope"]

@case("fixture")
def test_fixture(stage, boom):
    pass

@case("late")
def test_late(stage, late):
    pass

@case("skip")
def test_skip(stage):
    pytest.skip("not today")

@pytest.mark.skip(reason="never")
@case("marked")
def test_marked(stage):
    pass

@case("fail")
def test_fail(stage):
    pytest.fail("I say so")

@case("quit")
def test_quit(stage):
    raise SystemExit(5)

@case("variant")
@pytest.mark.parametrize("colour", ["red", "blue"])
def test_variant(stage, colour):
    pass

def test_plain():
    pass

def test_plain_with_stage(stage):
    pass

@case("last")
def test_last(stage):
    pytest.exit("enough", returncode=9)

@case("after")
def test_after(stage):
    pass
"""


def pytest_on(
    folder: Path, *words: str, cases: str = CASES, loaded: bool = False
) -> "subprocess.CompletedProcess[str]":
    """A vendor's pytest in their own folder, with every plugin `loaded` that is installed, or with ours by its name."""
    (folder / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (folder / "test_own.py").write_text(cases, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--liantiao-runs", str(folder / "runs")]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    if not loaded:
        command += ["-p", "harness.pytest_plugin"]
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    return subprocess.run(
        [*command, *words], cwd=folder, capture_output=True, text=True, timeout=60, check=False, env=environment
    )


def verdicts(folder: Path) -> dict[str, dict[str, Any]]:
    """What the one run below a folder says of its cases."""
    (run,) = (folder / "runs").iterdir()
    lines = (run / "cases.jsonl").read_text(encoding="utf-8").splitlines()
    return {case["case"]: case for case in map(json.loads, lines)}


def test_every_way_to_end_has_its_verdict(tmp_path: Path) -> None:
    done = pytest_on(tmp_path, loaded=True)
    found = verdicts(tmp_path)
    assert {name: case["verdict"] for name, case in found.items()} == {
        "my/good": "passed",
        "my/assert": "failed",
        "my/error": "inconclusive",
        "my/fixture": "inconclusive",
        "my/late": "passed",
        "my/skip": "inconclusive",
        "my/marked": "inconclusive",
        "my/fail": "failed",
        "my/quit": "inconclusive",
        "my/variant[red]": "passed",
        "my/variant[blue]": "passed",
        "my/last": "inconclusive",
    }
    assert found["my/good"]["requirements"] == ["GS-PHARMACY"]
    assert found["my/assert"]["findings"][0]["seen"] == "assert 1 == 2 (test_own.py, line 14)"
    assert found["my/error"]["inconclusive"] == ["case: KeyError: 'nope' (test_own.py, line 18)"]
    assert found["my/marked"]["inconclusive"] == ["BenchError: The case was skipped: never"]
    (run,) = (tmp_path / "runs").iterdir()
    assert json.loads((run / "verdict.json").read_bytes())["cases"]["missing"] == ["my/after"]
    assert done.returncode == 9
    assert (run / "report.html").exists()


def test_one_case_is_chosen_and_the_run_is_named(tmp_path: Path) -> None:
    done = pytest_on(tmp_path, "--liantiao-case", "my/variant[red]")
    assert (done.returncode, list(verdicts(tmp_path))) == (0, ["my/variant[red]"])
    (run,) = (tmp_path / "runs").iterdir()
    assert f"run: {run}: passed" in done.stdout


def test_own_cases_run_under_a_province_s_profile(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --liantiao-profile jiangsu\n", encoding="utf-8")
    done = pytest_on(tmp_path, "-k", "good")
    assert (done.returncode, verdicts(tmp_path)["my/good"]["verdict"]) == (0, "passed")
    (run,) = (tmp_path / "runs").iterdir()
    assert json.loads((run / "manifest.json").read_bytes())["profile"] == "jiangsu"


@pytest.mark.slow
def test_cases_refuse_to_run_side_by_side(tmp_path: Path) -> None:
    done = pytest_on(tmp_path, "-p", "xdist", "-n", "2", "-k", "good or variant")
    assert done.returncode == 1
    assert "leave out -n" in done.stdout
    assert "INTERNALERROR" not in done.stdout
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["--liantiao-case", "my/god"], 4, "there is no case my/god; perhaps my/good"),
        pytest.param(["--liantiao-bench", "nowhere.toml"], 2, "nowhere.toml cannot be read", marks=pytest.mark.slow),
        (["--liantiao-adapter", "no-such-program"], 2, "there is no program 'no-such-program'"),
        pytest.param(["--liantiao-profile", "atlantis"], 2, "atlantis", marks=pytest.mark.slow),
        pytest.param(["--liantiao-plan", "nix"], 2, "There is no plan 'nix'", marks=pytest.mark.slow),
    ],
)
def test_a_wrong_option_starts_nothing(tmp_path: Path, words: list[str], status: int, says: str) -> None:
    done = pytest_on(tmp_path, *words)
    assert done.returncode == status
    assert says in done.stdout + done.stderr
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("cases", "says"),
    [
        ("import pytest\n@pytest.mark.case('a')\ndef test_a(stage): ...", "write @pytest.mark.case(ID, title="),
        (
            "import pytest\none = pytest.mark.case('a', title='t')\n@one\ndef test_a(): ...\n@one\ndef test_b(): ...",
            "two cases have the id a",
        ),
    ],
)
def test_a_case_without_a_title_or_an_id_of_its_own_is_refused(tmp_path: Path, cases: str, says: str) -> None:
    done = pytest_on(tmp_path, cases=cases)
    assert done.returncode == 4
    assert says in done.stderr


def test_tests_that_are_no_cases_cost_no_bench(tmp_path: Path) -> None:
    done = pytest_on(tmp_path, "-k", "plain")
    assert "uses `stage` without @pytest.mark.case" in done.stdout
    assert done.returncode == 1
    assert not (tmp_path / "runs").exists()
