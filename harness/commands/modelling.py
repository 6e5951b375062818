"""`liantiao model SCENARIO`: runs the clinic model, which is found by its entry point, and shows how far it is."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from harness.clock import BEIJING
from harness.errors import ConfigError, SimulatorDefect
from harness.line.folder import new_folder

GROUP = "liantiao.models"
MODEL = "clinic"
REPLICATIONS = 5
Told = Callable[[int, int, str], None]


class Model(Protocol):
    """What stands behind the entry point."""

    def scenarios(self) -> Sequence[tuple[str, str]]:
        """The shipped scenarios, with their titles."""
        ...

    def run(self, scenario: str, out: Path, *, told: Told | None = None, **wishes: object) -> None:
        """Run a scenario and leave its results in a folder. Raises ConfigError or BenchError."""
        ...


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """What the model may be told on the command line."""

    scenario: str
    replications: int = REPLICATIONS
    jobs: int = 1
    seed: int = 1
    scheduler: str | None = None
    settings: Sequence[str] = ()
    sweep: str | None = None
    find: str | None = None
    what_ifs: Sequence[str] = ()
    curve: bool = True
    sizing: bool = True
    events: bool = False
    out: Path | None = None
    """The results' folder; without one, a new folder below `runs`."""
    runs: Path = Path("runs")


def clinic_model() -> Model:
    """The installed model. Raises SimulatorDefect when none is or it cannot be loaded."""
    points = [point for point in entry_points(group=GROUP) if point.name == MODEL]
    if not points:
        raise SimulatorDefect(
            f"No model is installed under {GROUP}.",
            cause="Liantiao was installed before it had one, or in part",
            remedy="install it again; `python3 run.py setup` from a checkout",
        )
    try:
        loaded: Model = points[0].load()
    except (ImportError, AttributeError) as error:
        raise SimulatorDefect(
            f"The model cannot be loaded: {error}.",
            cause="its package is damaged or needs something that is not installed",
            remedy="install it again; `python3 run.py setup` from a checkout",
        ) from error
    return loaded


def run_model(options: ModelOptions, *, model: Model | None = None, console: Console | None = None) -> Path:
    """Run the model and return the folder with its results. Raises ConfigError or BenchError.

    A terminal sees a bar; a pipe nothing.
    """
    if options.find is not None and options.sweep is not None:
        raise ConfigError(
            "--find and --sweep exclude each other.", cause="two questions at once", remedy="ask one after the other"
        )
    found = model or clinic_model()
    name = f"model-{Path(options.scenario).stem}"
    folder = options.out or new_folder(options.runs, name, now=datetime.now(tz=BEIJING))
    with _bar(console or Console(stderr=True)) as told:
        found.run(
            options.scenario,
            folder,
            told=told,
            replications=options.replications,
            jobs=options.jobs,
            seed=options.seed,
            scheduler=options.scheduler,
            settings=tuple(options.settings),
            sweep=options.sweep,
            find=options.find,
            what_ifs=tuple(options.what_ifs),
            curve=options.curve,
            sizing=options.sizing,
            events=options.events,
        )
    return folder


def list_scenarios(model: Model | None = None) -> str:
    """The shipped scenarios, one a line."""
    return "\n".join(f"{name:14} {title}" for name, title in (model or clinic_model()).scenarios())


@contextmanager
def _bar(console: Console) -> Iterator[Told]:
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
        expand=True,
    )
    with progress:
        task = progress.add_task("days 天", total=None)
        before = 0
        passed = 0

        def told(done: int, of: int, name: str) -> None:
            nonlocal before, passed
            passed += 1
            if done == 1:
                before = passed - 1
            progress.update(task, completed=passed, total=before + of, description=f"days 天: {name}")

        yield told
