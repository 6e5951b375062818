"""Replications on one or two processes give the same; a scheduler that is not there is said to be absent."""

import importlib.util

import pytest

from harness.errors import BenchError, ConfigError
from simulators.clinic.running import Engine, Job, replicate
from tests.simulators.clinic.clinic_rig import small


def test_processes_and_order_change_nothing() -> None:
    job = Job(name="small", scenario=small())
    told: list[tuple[int, int, str]] = []
    one = replicate([job], replications=3, seed=7, engine=Engine(), told=lambda *words: told.append(words))
    two = replicate([job], replications=3, seed=7, engine=Engine(jobs=2))
    assert [summary.measures for summary in one["small"]] == [summary.measures for summary in two["small"]]
    assert told == [(1, 3, "small"), (2, 3, "small"), (3, 3, "small")]
    assert [summary.replication for summary in two["small"]] == [0, 1, 2]


def test_a_job_may_ask_for_fewer() -> None:
    jobs = [Job(name="a", scenario=small(), replications=1), Job(name="b", scenario=small())]
    found = replicate(jobs, replications=2, seed=7, engine=Engine())
    assert {name: len(summaries) for name, summaries in found.items()} == {"a": 1, "b": 2}


def test_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="--replications"):
        replicate([Job(name="a", scenario=small())], replications=0, seed=1, engine=Engine())
    with pytest.raises(ConfigError, match="--jobs"):
        Engine(jobs=0)


def test_a_scheduler_without_dask_or_without_an_answer_is_an_error_with_a_remedy() -> None:
    engine = Engine(scheduler="tcp://127.0.0.1:9")
    expected = BenchError if importlib.util.find_spec("distributed") else ConfigError
    with pytest.raises(expected, match=r"--scheduler tcp://127\.0\.0\.1:9") as error:
        replicate([Job(name="a", scenario=small())], replications=1, seed=1, engine=engine)
    assert error.value.remedy
