"""Estimates over replications: means with t-intervals, paired differences, bands.

Replications are independent, so an interval over their values is honest; patients within one day are not, so
percentiles are taken in each replication first. A clinic day ends by itself: nothing is cut off its beginning.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit  # type: ignore[import-untyped]  # scipy has no types

LEVEL = 0.95


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A mean over replications; `half` is the half-width of its 95 % interval, NaN from a single one."""

    mean: float
    half: float
    count: int

    @property
    def low(self) -> float:
        """The lower end of the interval."""
        return self.mean - self.half

    @property
    def high(self) -> float:
        """The upper end."""
        return self.mean + self.half

    @property
    def sure(self) -> bool:
        """Whether the interval leaves zero out: of a difference, whether there is one."""
        return math.isfinite(self.half) and (self.low > 0 or self.high < 0)

    def holds(self, truth: float) -> bool:
        """Whether the interval holds a value."""
        return self.low <= truth <= self.high


def estimate(values: Sequence[float], level: float = LEVEL) -> Estimate:
    """The mean of independent replications with its t-interval; those without a value (NaN) are left out."""
    known = [value for value in values if not math.isnan(value)]
    count = len(known)
    if not count:
        return Estimate(mean=math.nan, half=math.nan, count=0)
    mean = math.fsum(known) / count
    if count == 1:
        return Estimate(mean=mean, half=math.nan, count=1)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in known) / (count - 1))
    return Estimate(mean=mean, half=_t(level, count - 1) * deviation / math.sqrt(count), count=count)


def difference(values: Sequence[float], others: Sequence[float], level: float = LEVEL) -> Estimate:
    """The mean of values minus others, paired by replication: common random numbers make it precise."""
    return estimate([value - other for value, other in zip(values, others, strict=True)], level)


def standard_error(values: Sequence[float]) -> float:
    """The standard error of the mean of independent values."""
    found = estimate(values)
    return found.half / _t(LEVEL, found.count - 1) if found.count > 1 else math.nan


def band(series: Sequence[NDArray[np.float64]]) -> tuple[list[float], list[float], list[float]]:
    """Mean, 2.5th and 97.5th percentile over replications, point by point; NaN where no replication has a value."""
    stacked = np.vstack(series)
    empty = np.isnan(stacked).all(axis=0)
    filled = np.where(empty, 0.0, stacked)
    mean = np.where(empty, np.nan, np.nanmean(filled, axis=0))
    low, high = np.nanquantile(filled, [0.025, 0.975], axis=0)
    return mean.tolist(), np.where(empty, np.nan, low).tolist(), np.where(empty, np.nan, high).tolist()


def batch_means(values: NDArray[np.float64], batches: int = 20, level: float = LEVEL) -> Estimate:
    """The mean of one long steady run with an interval from the means of its batches."""
    size = len(values) // batches
    if size < 1:
        raise ValueError(f"{len(values)} values cannot fill {batches} batches")
    means = values[: size * batches].reshape(batches, size).mean(axis=1)
    return estimate(means.tolist(), level)


@cache
def _t(level: float, freedom: int) -> float:
    return float(stdtrit(freedom, (1 + level) / 2))
