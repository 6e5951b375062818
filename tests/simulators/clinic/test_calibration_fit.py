"""Fits: they find the law that made the numbers, and say so when none of theirs did."""

import numpy as np
import pytest

from simulators.clinic.calibration_fit import fit


@pytest.mark.parametrize("family", ["lognormal", "gamma"])
def test_a_law_is_found_again(family: str) -> None:
    stream = np.random.default_rng(5)
    values = 0.01 * (
        np.exp(0.4 * stream.standard_normal(4000)) if family == "lognormal" else stream.gamma(3.0, 1.0, 4000)
    )
    found = fit("x", values.tolist())
    assert found is not None
    assert found.law.name == family
    assert found.quality == "good"
    assert found.law.mean == pytest.approx(values.mean(), rel=0.03)
    assert found.law.cv == pytest.approx(values.std() / values.mean(), rel=0.06)
    assert found.law.quantile(95) == pytest.approx(np.percentile(values, 95), rel=0.04)


def test_a_least_time_is_found() -> None:
    stream = np.random.default_rng(6)
    values = 0.02 + 0.001 * np.exp(0.8 * stream.standard_normal(3000))
    found = fit("x", values.tolist())
    assert found is not None
    assert found.law.name == "shifted lognormal"
    assert found.law.least == pytest.approx(0.02, rel=0.02)
    assert found.law.draw(stream, 20_000).mean() == pytest.approx(values.mean(), rel=0.01)
    assert found.law.draw(stream, 1000).min() >= found.law.least


def test_two_peaks_are_called_a_poor_fit() -> None:
    stream = np.random.default_rng(7)
    values = np.concatenate([stream.normal(0.01, 0.0005, 500), stream.normal(0.05, 0.0005, 500)])
    found = fit("x", values.tolist())
    assert found is not None
    assert found.quality == "poor"


def test_equal_times_can_be_fitted() -> None:
    found = fit("x", [0.004] * 50)
    assert found is not None
    assert found.cv == pytest.approx(0.0, abs=1e-9)
    assert found.law.mean == pytest.approx(0.004)


def test_too_few_are_not_fitted() -> None:
    assert fit("x", [0.01] * 19) is None
