"""The program: its commands as people find them, and how it ends when something is wrong."""

import sys
from pathlib import Path

import pytest
import typer

from harness.cli import main
from harness.cli.entry import app

ORDER = (
    *("certify", "test", "prove", "judge", "sign", "check", "sign-key", "report", "coverage", "tape"),
    *("simulate", "up", "soak", "show", "optics", "devices", "share"),
    *("plans", "profiles", "cases", "model", "load", "calibrate", "version"),
)


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Run the command line in this process; returns its exit status."""
    monkeypatch.setattr(sys, "argv", ["liantiao", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(str(ended.value.code))


def test_commands_are_listed_in_the_order_in_which_people_need_them() -> None:
    group = typer.main.get_command(app)
    assert tuple(group.list_commands(typer.Context(group))) == ORDER  # type: ignore[attr-defined]  # a group, always


@pytest.mark.parametrize("command", [name for name in ORDER if name != "simulate"])
def test_every_command_says_what_it_does(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, command, "--help") == 0
    said = capsys.readouterr().out
    assert said.startswith(f"Usage: liantiao {command} ")
    assert len(said.splitlines()[2].strip()) > 10


def test_an_error_is_one_message_and_its_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "test", str(tmp_path / "nowhere")) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: There is nothing at ")
    assert "  try: name a file or a folder" in said
    assert "Traceback" not in said


def test_the_first_page_names_every_option_of_certify() -> None:
    group = typer.main.get_command(app)
    options = group.commands["certify"].params  # type: ignore[attr-defined]  # a group, always
    page = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    (row,) = [line for line in page.splitlines() if line.startswith("| `certify PLAN` |")]
    shown = {option.opts[0] for option in options if option.opts[0].startswith("--") and not option.hidden}
    assert {option for option in shown if f"`{option}" not in row} == set()
