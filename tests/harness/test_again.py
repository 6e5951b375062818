"""The command that runs a case again: every option that makes the run what it was, fit for a shell."""

import shlex
from dataclasses import fields
from pathlib import Path

import pytest

from harness.again import robot_words, spell, words_of
from harness.options import RunOptions

GIVEN = RunOptions(
    plan="hall",
    bench="my lab/bench.toml",
    devices=("scanner=serial:/dev/ttyUSB0", "terminal=http://10.0.0.9:8010"),
    adapter="java -jar 'my adapter.jar'",
    profile="jiangsu",
    mutant="platform:double-booking",
)
SAID = {"bench", "devices", "adapter", "profile", "mutant"}
LEFT_TO_SPELL = {"plan", "seed", "cases"}
NO_MATTER = {"runs", "until_finding"}
"""Where the run is left, and when it ends, changes no case."""


def test_what_is_usual_is_not_said() -> None:
    said = spell(words_of(RunOptions()), case="pharmacy/purchase", seed=7)
    assert said == "liantiao certify pharmacy --case pharmacy/purchase --seed 7"


def test_everything_that_was_given_is_said_and_fit_for_a_shell() -> None:
    said = spell(words_of(GIVEN), case="hall/x[a b]", seed=7)
    words = shlex.split(said)
    assert words[:3] == ["liantiao", "certify", "hall"]
    options = list(zip(words[3::2], words[4::2], strict=True))
    assert options == [
        ("--bench", "my lab/bench.toml"),
        ("--adapter", "java -jar 'my adapter.jar'"),
        ("--profile", "jiangsu"),
        ("--mutant", "platform:double-booking"),
        ("--device", "scanner=serial:/dev/ttyUSB0"),
        ("--device", "terminal=http://10.0.0.9:8010"),
        ("--case", "hall/x[a b]"),
        ("--seed", "7"),
    ]


def test_no_option_of_a_run_is_forgotten() -> None:
    assert {field.name for field in fields(RunOptions)} == SAID | LEFT_TO_SPELL | NO_MATTER


def test_own_cases_are_named_by_their_paths() -> None:
    words = words_of(RunOptions(plan="hospital"), [Path("自家 用例/test_a.py"), Path("joint")])
    said = spell(words, case="my/good", seed=None)
    assert said == "liantiao test '自家 用例/test_a.py' joint --plan hospital --case my/good"


def test_a_suite_of_robot_is_named_from_where_it_was_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = robot_words(tmp_path / "自家" / "药店.robot", {"BENCH": "my bench.toml", "ADAPTER": None})
    assert words == ("robot", "--variable", "BENCH:my bench.toml", "自家/药店.robot")
    assert robot_words(Path("/elsewhere/a.robot"), {}) == ("robot", "/elsewhere/a.robot")
    assert robot_words(None, {"BENCH": "x"}) == ()


@pytest.mark.parametrize(
    ("title", "test"),
    [("", "正常购药"), ("A test?", "'A test[?]'"), ("a*b[c]", "'a[*]b[[]c]'"), ("it's", "'it'\"'\"'s'")],
)
def test_a_test_of_robot_is_named_so_that_it_alone_is_meant(title: str, test: str) -> None:
    said = spell(("robot", "a.robot"), case="robot/正常购药", seed=None, title=title)
    assert said.replace("'正常购药'", "正常购药") == f"robot --test {test} a.robot"


@pytest.mark.parametrize("seed", [None, 7])
def test_without_words_there_is_no_command(seed: int | None) -> None:
    assert spell((), case="x", seed=seed) == ""
