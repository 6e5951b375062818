"""`liantiao model`: finds the model by its entry point, hands it the options, shows how far it is."""

import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console

from harness.commands import modelling
from harness.commands.modelling import ModelOptions, Told, list_scenarios, run_model
from harness.errors import ConfigError, SimulatorDefect


class Noting:
    """A model that notes what it was asked."""

    def __init__(self) -> None:
        self.wishes: dict[str, object] = {}
        self.out = Path()

    def scenarios(self) -> Sequence[tuple[str, str]]:
        return [("one", "First 一")]

    def run(self, scenario: str, out: Path, *, told: Told | None = None, **wishes: object) -> None:
        assert told is not None
        for done in (1, 2):
            told(done, 2, "base")
        told(1, 1, "sized")
        self.wishes, self.out = wishes | {"scenario": scenario}, out


def test_options_reach_the_model_and_a_folder_is_made(tmp_path: Path) -> None:
    model = Noting()
    out = io.StringIO()
    folder = run_model(
        ModelOptions(scenario="a/peak.toml", settings=("x=1",), runs=tmp_path),
        model=model,
        console=Console(file=out, force_terminal=True),
    )
    assert folder == model.out
    assert folder.parent == tmp_path
    assert folder.name.endswith("-model-peak")
    assert model.wishes["settings"] == ("x=1",)
    assert model.wishes["scenario"] == "a/peak.toml"
    assert "days" in out.getvalue()


def test_a_pipe_sees_no_bar(tmp_path: Path) -> None:
    out = io.StringIO()
    run_model(ModelOptions(scenario="x", out=tmp_path), model=Noting(), console=Console(file=out))
    assert out.getvalue() == ""


def test_two_questions_at_once_are_refused() -> None:
    with pytest.raises(ConfigError, match="exclude each other"):
        run_model(ModelOptions(scenario="x", find="a", sweep="b"), model=Noting())


def test_scenarios_are_listed() -> None:
    assert list_scenarios(Noting()).split() == ["one", "First", "一"]


def test_without_an_installed_model_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modelling, "GROUP", "liantiao.no-such-group")
    with pytest.raises(SimulatorDefect, match="No model is installed"):
        modelling.clinic_model()
