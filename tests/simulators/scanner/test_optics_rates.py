"""The decode-rate table: repeatable in any number of processes, and near the reference's."""

import math
import os
from collections import Counter

import pytest

from harness.errors import ConfigError
from reports.decode_rates import as_text, lines
from simulators.scanner.optics import EngineName
from simulators.scanner.optics.decode_rates import Kind, engines, measure, rows

SAMPLES = "LIANTIAO_DECODE_SAMPLES"
"""How many codes a level; 24 as the reference, a quick check without."""
FAR = {
    ("qr", "resolution", "budget"): 27,
    ("qr", "logo", "budget"): 20,
    ("code128", "motion", "budget"): 22,
}
"""Rows of the optional engine that are known to be more than 10 points from the reference, and how far at most."""


def test_the_same_seed_gives_the_same_table_in_any_number_of_processes() -> None:
    wanted = {"samples": 2, "only": ["occlusion"], "by": [EngineName.STANDARD]}
    one = measure(**wanted, processes=1, seed=4)  # type: ignore[arg-type]  # the same for both calls
    assert one == measure(**wanted, processes=2, seed=4)  # type: ignore[arg-type]  # the same for both calls
    assert one != measure(**wanted, processes=1, seed=5)  # type: ignore[arg-type]  # the same for both calls


def test_every_row_has_a_rate_a_level() -> None:
    assert Counter(row.kind for row in rows()) == {Kind.QR: 17, Kind.CODE128: 10}
    for row in rows():
        assert row.path(row.levels[0]) != row.path(row.levels[-1])
        assert all(len(rates) == len(row.levels) for rates in row.reference.values())
        assert {"standard", "fast", "budget"} <= set(row.reference)


def test_mild_is_read_and_severe_is_not() -> None:
    table = {(r.degradation, r.level): r.percent for r in measure(samples=2, only=["blur"], by=[EngineName.STANDARD])}
    assert table["blur", 0.3] == 100
    assert table["blur", 1.0] == 0


@pytest.mark.parametrize("wrong", [{"only": ["fog"]}, {"samples": 0}, {"processes": 0}])
def test_what_cannot_be_measured_is_said(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError) as error:
        measure(**wrong)  # type: ignore[arg-type]  # wrong on purpose
    assert "glare" in error.value.remedy


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_table_is_near_the_reference() -> None:
    """Each row's mean over its levels, over as many codes a level as the reference's, within 10 points.

    A row's mean is then known to about 4 points, the reference's too. With fewer codes, as a quick check, the bounds
    are as much wider as the means are less certain.
    """
    samples = int(os.environ.get(SAMPLES, "4"))
    table = measure(samples=samples, by=[EngineName.STANDARD] if samples < 24 else ())
    wider = math.sqrt(24 / min(24, samples))
    print("\n" + as_text(table))
    far = {
        (line.kind, line.degradation, line.engine): round(line.apart, 1)
        for line in lines(table)
        if line.apart is not None and abs(line.apart) > wider * FAR.get((line.kind, line.degradation, line.engine), 10)
    }
    assert far == {}
    assert sum(rate.wrong for rate in table if rate.kind == Kind.QR) == 0
    assert {rate.engine for rate in table} == ({EngineName.STANDARD} if samples < 24 else set(engines()))
    wrong, shown = (sum(getattr(rate, name) for rate in table) for name in ("wrong", "frames"))
    assert wrong / shown < 0.002
