"""The model as `liantiao model` sees it: its scenarios, and a run that leaves a folder."""

from collections.abc import Callable, Sequence
from pathlib import Path


class ClinicModel:
    """Answers the protocol `harness.commands.modelling.Model`; loads SimPy and NumPy only when it is run."""

    def scenarios(self) -> Sequence[tuple[str, str]]:
        """The shipped scenarios: name, and title in English and Chinese."""
        from simulators.clinic.scenario import load_scenario, shipped_scenarios

        loaded = {name: load_scenario(name) for name in shipped_scenarios()}
        return [(name, f"{one.title} {one.title_zh}".strip()) for name, one in loaded.items()]

    def run(
        self, scenario: str, out: Path, *, told: Callable[[int, int, str], None] | None = None, **wishes: object
    ) -> None:
        """Run a scenario into a folder; `wishes` are the fields of `simulators.clinic.command.Request`."""
        from simulators.clinic.command import Request, run

        run(Request(scenario=scenario, **wishes), out, told)  # type: ignore[arg-type]  # named by the protocol's caller


MODEL = ClinicModel()
