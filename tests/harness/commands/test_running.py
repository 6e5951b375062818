"""A vendor's own cases by `liantiao test`: in a folder of their own, with every mistake said in a line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.commands.running import run_cases
from harness.errors import ConfigError
from harness.options import RunOptions

GOOD = """
import pytest

@pytest.mark.case("my/good", title="good")
def test_good(stage):
    print("noise")
    stage.expect_accepted(stage.counter.sign_in())
"""


def liantiao(folder: Path, *words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """The command line, started in a folder that is not the project's; without the plugins that happen to be here."""
    command = [sys.executable, "-m", "harness", *words]
    return subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **variables},
    )


def refused(path: str) -> str:
    """What the command says when it runs nothing of a path."""
    with pytest.raises(ConfigError) as caught:
        run_cases(RunOptions(), Unseen(), paths=[Path(path)])
    return str(caught.value)


class Unseen:
    """A view of a run that has no case."""

    def began(self, total: int) -> None:
        pytest.fail("a bench was brought up")

    def case_started(self, case: str, title: str) -> None:
        pytest.fail("a case began")

    def case_ended(self, case: str, verdict: str, findings: int, elapsed_ms: int) -> None:
        pytest.fail("a case ended")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A vendor's folder."""
    folder = tmp_path / "自家 用例"
    folder.mkdir()
    (folder / "conftest.py").write_text("SETTING = 1\n", encoding="utf-8")
    (folder / "test_good.py").write_text(GOOD, encoding="utf-8")
    return folder


@pytest.mark.parametrize("path", [pytest.param("自家 用例", marks=pytest.mark.slow), "自家 用例/test_good.py"])
def test_own_cases_are_judged_like_the_plans(own: Path, path: str) -> None:
    done = liantiao(own.parent, "test", path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "noise" not in done.stdout
    (run,) = (own.parent / "runs").iterdir()
    assert str(run / "report.html") in done.stdout


def test_what_a_run_leaves_is_signed_and_its_reports_say_by_whom(own: Path) -> None:
    assert liantiao(own.parent, "sign-key", "new", "keys").returncode == 0
    done = liantiao(own.parent, "test", "自家 用例/test_good.py", "--sign", "keys/sign-key.pem")
    assert (done.returncode, done.stderr) == (0, "")
    shown = liantiao(own.parent, "sign-key", "show", "keys/sign-key.pub.pem").stdout.strip()
    (run,) = (own.parent / "runs").iterdir()
    assert f"signed by 签名密钥: {shown}\n" in done.stdout
    assert f"<code>{shown}</code>" in (run / "report.html").read_text(encoding="utf-8")
    told = liantiao(own.parent, "check", str(run), "--trusted", "keys/sign-key.pub.pem", "--json")
    assert (told.returncode, json.loads(told.stdout)["genuine"], told.stderr) == (1, True, "")
    assert liantiao(own.parent, "check", str(run)).returncode == 3
    again = liantiao(own.parent, "sign", str(run), "--key", "keys/sign-key.pem")
    assert (again.returncode, "is signed already" in again.stderr) == (3, True)


def test_a_wrong_key_is_told_before_anything_is_started(own: Path) -> None:
    done = liantiao(own.parent, "test", "自家 用例/test_good.py", "--sign", "自家 用例/conftest.py")
    assert (done.returncode, done.stdout) == (2, "")
    assert "this is no PEM" in done.stderr
    assert not (own.parent / "runs").exists()


def test_own_cases_run_under_another_profile(own: Path) -> None:
    done = liantiao(own.parent, "test", "自家 用例/test_good.py", "--profile", "jiangsu")
    assert (done.returncode, done.stderr) == (0, "")
    (run,) = (own.parent / "runs").iterdir()
    assert json.loads((run / "manifest.json").read_bytes())["profile"] == "jiangsu"
    assert b"_api_signature" in (run / "tape.bin").read_bytes()


FILES = {
    "test_needs_more.py": (
        "import nonexistent_thing",
        "test_needs_more.py, line 1)",
    ),
    "test_no_python.py": ("def (:", "SyntaxError: invalid syntax"),
    "test_no_case.py": ("def test_x(): pass", "There is no case to run"),
    "test_no_title.py": (
        "import pytest\n@pytest.mark.case('a')\ndef test_x(stage): ...",
        "write @pytest.mark.case(ID, title=",
    ),
}
"""A name each: they are loaded into the process of these tests."""


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_that_holds_no_case_is_said_in_a_line(own: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, says = FILES[name]
    (own / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(own)
    said = refused(name)
    assert says in said
    assert len(said.splitlines()) <= 4
    assert not (own / "runs").exists()


def test_a_conftest_that_does_not_load_is_said(own: Path) -> None:
    (own / "conftest.py").write_text("import nonexistent_thing\n", encoding="utf-8")
    done = liantiao(own, "test", ".")
    assert done.returncode == 2
    assert "loading conftest" in done.stderr
    assert "ModuleNotFoundError: No module named 'nonexistent_thing'" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (own / "runs").exists()


def test_what_fails_outside_of_a_case_denies_success(own: Path) -> None:
    (own / "test_plain.py").write_text("def test_plain(): assert 1 == 2\n", encoding="utf-8")
    done = liantiao(own, "test", ".")
    assert done.returncode == 2
    assert "outside of a case: test_plain.py::test_plain: AssertionError" in done.stderr


@pytest.mark.slow
def test_plugins_that_are_installed_do_not_disturb_own_cases(own: Path) -> None:
    done = liantiao(own, "test", ".", PYTEST_DISABLE_PLUGIN_AUTOLOAD="")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_what_is_set_for_other_uses_of_pytest_changes_no_certification(tmp_path: Path) -> None:
    words = ["certify", "pharmacy", "--case", "pharmacy/purchase"]
    done = liantiao(tmp_path, *words, PYTEST_ADDOPTS="-k nothing --bogus -n 2", PYTEST_PLUGINS="nonexistent_thing")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_path_that_does_not_exist_is_said() -> None:
    assert refused("nowhere.py").splitlines()[0] == "There is nothing at nowhere.py."
