"""Replications on several processors, or on a Dask cluster, with the same result whatever runs them and in what order.

results = replicate([Job(name="base", scenario=scenario)], replications=10, seed=1, jobs=2)
results["base"]                  # the summaries, in order of replication
"""

import importlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import joblib  # type: ignore[import-untyped]  # joblib has no types

from harness.errors import BenchError, ConfigError
from simulators.clinic.model import ClinicDay
from simulators.clinic.scenario import Scenario
from simulators.clinic.sizing import counter_needs, peak_loads
from simulators.clinic.summary import Summary, summarise

CONNECT_S = 5
"""How long a scheduler may take to answer."""
Told = Callable[[int, int, str], None]
"""Called as replications end: how many, of how many, which job."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A scenario to be replicated, under a name."""

    name: str
    scenario: Scenario
    replications: int | None = None
    """Fewer than the others."""
    sized: bool = False
    """Whether to find how many counters it needs."""


@dataclass(frozen=True, kw_only=True)
class Engine:
    """Where replications run. Raises ConfigError for less than one process."""

    jobs: int = 1
    scheduler: str | None = None
    """A Dask scheduler, e.g. `tcp://10.0.0.7:8786`."""

    def __post_init__(self) -> None:
        if self.jobs < 1:
            raise ConfigError(
                f"--jobs cannot be {self.jobs}.", cause="a slip of the pen", remedy="give the number of processes"
            )


def replicate(
    jobs: Sequence[Job], *, replications: int, seed: int, engine: Engine, told: Told | None = None
) -> dict[str, list[Summary]]:
    """Run every job's replications. Raises ConfigError or BenchError."""
    if replications < 1:
        raise ConfigError(
            f"--replications cannot be {replications}.", cause="a slip of the pen", remedy="ask for at least 1"
        )
    tasks = [(job, k) for job in jobs for k in range(min(replications, job.replications or replications))]
    found: dict[str, list[Summary]] = {job.name: [] for job in jobs}
    with _workers(engine) as parallel:
        results = parallel(joblib.delayed(_one)(job, seed, k) for job, k in tasks)
        for done, (name, summary) in enumerate(results, start=1):
            found[name].append(summary)
            if told is not None:
                told(done, len(tasks), name)
    for summaries in found.values():
        summaries.sort(key=lambda summary: summary.replication)
    return found


def _one(job: Job, seed: int, replication: int) -> tuple[str, Summary]:
    day = ClinicDay(job.scenario, seed=seed, replication=replication)
    day.run()
    summary = summarise(day, replication)
    if job.sized:
        summary = replace(summary, counters=counter_needs(day), loads=peak_loads(day, summary.series))
    return job.name, summary


@contextmanager
def _workers(engine: Engine) -> Iterator[Callable[..., Iterator[tuple[str, Summary]]]]:
    """Somebody who runs joblib's delayed calls and gives their results as they come."""
    if engine.scheduler is not None:
        with _dask(engine.scheduler):
            yield joblib.Parallel(n_jobs=-1, return_as="generator_unordered")
        return
    if engine.jobs == 1:
        yield lambda tasks: (function(*words, **named) for function, words, named in tasks)
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="A worker stopped while some jobs were given", category=UserWarning)
        yield joblib.Parallel(n_jobs=engine.jobs, backend="loky", return_as="generator_unordered")


@contextmanager
def _dask(address: str) -> Iterator[None]:
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError as error:
        raise ConfigError(
            f"--scheduler {address} needs Dask, which is not installed.",
            cause="Dask is an extra: one machine does without",
            remedy="install the extra: pip install 'liantiao[cluster]'; or leave --scheduler away",
        ) from error
    try:
        client = distributed.Client(address, timeout=CONNECT_S)
    except (OSError, TimeoutError, ValueError) as error:
        raise BenchError(
            f"--scheduler {address}: no Dask scheduler answers there: {error}.",
            cause="it is not running, the address is wrong, or a firewall is between",
            remedy="start one with `dask scheduler` and `dask worker ADDRESS`, or leave --scheduler away",
        ) from error
    with client, joblib.parallel_config(backend="dask"):
        yield
