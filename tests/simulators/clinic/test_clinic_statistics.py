"""Intervals, their coverage, and the gain of common random numbers."""

import math

import numpy as np
import pytest

from simulators.clinic.recursion import waits
from simulators.clinic.statistics import band, batch_means, difference, estimate, standard_error


def test_a_mean_with_its_t_interval() -> None:
    found = estimate([1.0, 2.0, 3.0, 4.0])
    assert found.mean == 2.5
    assert found.half == pytest.approx(3.18245 * math.sqrt(5 / 3) / 2, rel=1e-5)
    assert found.holds(2.5)
    assert standard_error([1.0, 2.0, 3.0, 4.0]) == pytest.approx(math.sqrt(5 / 3) / 2)


def test_one_value_has_no_interval_and_none_has_no_mean() -> None:
    assert math.isnan(estimate([3.0]).half)
    assert math.isnan(estimate([]).mean)
    assert not estimate([3.0]).sure
    assert estimate([math.nan, 2.0, 4.0]).count == 2


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    stream = np.random.default_rng(4)
    covered = sum(estimate(stream.normal(7, 3, 10).tolist()).holds(7.0) for _ in range(2000))
    assert 0.935 <= covered / 2000 <= 0.965


def test_the_interval_of_simulated_means_covers_theory() -> None:
    """M/M/1 at rho .5 has a mean wait of 1: ten replications of 2 000 customers, 300 times."""
    stream = np.random.default_rng(8)
    covered = 0
    for _ in range(300):
        means = []
        for _ in range(10):
            arrivals = np.cumsum(stream.exponential(2.0, 2000)).tolist()
            found = waits(arrivals, stream.exponential(1.0, 2000).tolist(), 1)
            means.append(float(np.mean(found[400:])))
        covered += estimate(means).holds(1.0)
    assert 0.90 <= covered / 300 <= 0.98


def test_common_random_numbers_make_differences_precise() -> None:
    stream = np.random.default_rng(5)
    same = [float(value) for value in stream.normal(10, 3, 10)]
    other = [value - 0.1 + float(stream.normal(0, 0.02)) for value in same]
    apart = [float(value) for value in stream.normal(9.9, 3, 10)]
    paired = difference(same, other)
    assert paired.sure
    assert paired.mean == pytest.approx(0.1, abs=0.03)
    assert paired.half < difference(same, apart).half / 20


def test_a_band_keeps_gaps() -> None:
    mean, low, high = band([np.array([1.0, np.nan, 3.0]), np.array([3.0, np.nan, 3.0])])
    assert (mean[0], mean[2]) == (2.0, 3.0)
    assert low[0] == pytest.approx(1.05)
    assert high[0] == pytest.approx(2.95)
    assert math.isnan(mean[1])


def test_batch_means_want_enough_values() -> None:
    assert batch_means(np.arange(100.0)).mean == pytest.approx(49.5)
    with pytest.raises(ValueError, match="batches"):
        batch_means(np.arange(5.0))
