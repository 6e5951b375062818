"""Laws fitted to measured times: lognormal and gamma, as they are and shifted by a least time, and how well each does.

The best by Akaike's criterion is chosen: likelihood, less one for each parameter. The Kolmogorov-Smirnov distance is
the honest figure beside it: how far the fitted and the measured share of times differ at most. No p-value is given, as
its law does not hold for a distribution that was fitted to the same sample.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats  # type: ignore[import-untyped]  # scipy has no types

POINTS = (1, 5, 10, 25, 50, 75, 90, 95, 99)
FEWEST = 20
"""Fewer values are not fitted."""
GOOD, FAIR = 0.05, 0.10
"""Kolmogorov-Smirnov distances up to which a fit is called good, or fair; else it is poor."""


@dataclass(frozen=True, kw_only=True)
class Law:
    """A fitted law of positive times in seconds."""

    name: str
    shape: float
    scale: float
    """exp(mu) of the lognormal law, theta of the gamma law; `shape` is sigma, or k."""
    distance: float
    """Kolmogorov-Smirnov distance from the measured values."""
    score: float
    """Log-likelihood less the number of parameters."""
    least: float = 0.0
    """What the law is shifted by, in seconds."""

    @property
    def _frozen(self) -> stats.rv_continuous:
        family = stats.lognorm if self.name.endswith("lognormal") else stats.gamma
        return family(self.shape, loc=self.least, scale=self.scale)

    @property
    def mean(self) -> float:
        """In seconds."""
        return float(self._frozen.mean())

    @property
    def cv(self) -> float:
        """Coefficient of variation."""
        return float(self._frozen.std() / self._frozen.mean())

    def quantile(self, point: float) -> float:
        """The value that `point` % do not exceed."""
        return float(self._frozen.ppf(point / 100))

    def draw(self, stream: np.random.Generator, size: int) -> NDArray[np.float64]:
        """Random times."""
        if self.name.endswith("lognormal"):
            return self.least + self.scale * np.exp(self.shape * stream.standard_normal(size))
        return self.least + stream.gamma(self.shape, self.scale, size)


@dataclass(frozen=True, kw_only=True)
class Fit:
    """Measured times and the laws fitted to them, the chosen one first."""

    name: str
    count: int
    mean: float
    cv: float
    greatest: float
    quantiles: tuple[float, ...]
    """At `POINTS`, in seconds."""
    laws: tuple[Law, ...]

    @property
    def law(self) -> Law:
        """The chosen one."""
        return self.laws[0]

    @property
    def quality(self) -> str:
        """In a word."""
        distance = self.law.distance
        return "good" if distance <= GOOD else "fair" if distance <= FAIR else "poor"


def fit(name: str, values: Sequence[float]) -> Fit | None:
    """Fit positive times; None for fewer than `FEWEST` of them."""
    known = np.asarray([value for value in values if value > 0 and math.isfinite(value)])
    if len(known) < FEWEST:
        return None
    deviation = float(known.std(ddof=1))
    found = [_lognormal(known), _gamma(known)]
    if deviation > 1e-9 * float(known.mean()):
        least = max(0.0, float(known.min()) - float(known.mean() - known.min()) / len(known))
        found += [_lognormal(known, least), _gamma(known, least)]
    laws = sorted(found, key=lambda law: -law.score)
    return Fit(
        name=name,
        count=len(known),
        mean=float(known.mean()),
        cv=deviation / float(known.mean()),
        greatest=float(known.max()),
        quantiles=tuple(float(value) for value in np.percentile(known, POINTS)),
        laws=tuple(laws),
    )


def _lognormal(values: NDArray[np.float64], least: float = 0.0) -> Law:
    logs = np.log(values - least)
    return _law("lognormal", max(float(logs.std()), 1e-9), float(np.exp(logs.mean())), values, least)


def _gamma(values: NDArray[np.float64], least: float = 0.0) -> Law:
    over = values - least
    if float(over.std()) < 1e-9 * float(over.mean()):
        return _law("gamma", 1e9, float(over.mean()) / 1e9, values, least)
    shape, _, scale = stats.gamma.fit(over, floc=0)
    return _law("gamma", float(shape), float(scale), values, least)


def _law(family: str, shape: float, scale: float, values: NDArray[np.float64], least: float) -> Law:
    made = stats.lognorm if family == "lognormal" else stats.gamma
    frozen = made(shape, loc=least, scale=scale)
    return Law(
        name=f"shifted {family}" if least else family,
        shape=shape,
        scale=scale,
        distance=float(stats.kstest(values, frozen.cdf).statistic),
        score=float(frozen.logpdf(values).sum()) - (3 if least else 2),
        least=least,
    )
