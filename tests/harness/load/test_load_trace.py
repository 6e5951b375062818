"""Arrival traces: what makes one, what a file may hold, and what is refused."""

import statistics
from pathlib import Path

import pytest

from harness.errors import ConfigError
from harness.load.trace import constant, poisson, read_trace, write_trace


def test_poisson_arrivals_have_their_rate_and_are_the_same_for_a_seed() -> None:
    trace = poisson(rate=50, seconds=200, seed=1)
    assert trace.at_s == poisson(rate=50, seconds=200, seed=1).at_s
    assert trace.at_s != poisson(rate=50, seconds=200, seed=2).at_s
    gaps = [b - a for a, b in zip(trace.at_s, trace.at_s[1:], strict=False)]
    assert statistics.mean(gaps) == pytest.approx(1 / 50, rel=0.05)
    assert statistics.stdev(gaps) == pytest.approx(1 / 50, rel=0.05)
    assert trace.at_s[0] > 0
    assert trace.at_s[-1] < 200


def test_constant_arrivals_are_equally_far_apart() -> None:
    assert constant(rate=4, seconds=1).at_s == (0.25, 0.5, 0.75, 1.0)


def test_a_trace_survives_its_file(tmp_path: Path) -> None:
    trace = poisson(rate=3, seconds=10, seed=5)
    write_trace(tmp_path / "trace.csv", trace)
    assert read_trace(tmp_path / "trace.csv").at_s == trace.at_s


def test_a_file_may_have_comments_other_columns_and_ties(tmp_path: Path) -> None:
    path = tmp_path / "trace.csv"
    path.write_text("# a morning\nplace,at_s\nwindow,0.5\n\nkiosk,0.5\nkiosk,1\n", encoding="utf-8-sig")
    assert read_trace(path).at_s == (0.5, 0.5, 1.0)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("1\n0.5\n", "line 2"),
        ("1\nsoon\n", "line 2"),
        ("-1\n", "line 1"),
        ("nan\n", "line 1"),
        ("inf\n", "line 1"),
        ("", "no arrivals"),
        ("at_s\n", "no arrivals"),
    ],
    ids=["out of order", "rubbish", "negative", "nan", "infinite", "empty", "head alone"],
)
def test_a_bad_file_is_refused_by_its_line(tmp_path: Path, content: str, named: str) -> None:
    path = tmp_path / "trace.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=named):
        read_trace(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_trace(tmp_path / "none.csv")


@pytest.mark.parametrize(("rate", "seconds"), [(0, 1), (-5, 1), (1, 0), (float("nan"), 1), (1e6, 1e6)])
def test_a_rate_that_makes_no_trace_is_refused(rate: float, seconds: float) -> None:
    with pytest.raises(ConfigError):
        poisson(rate=rate, seconds=seconds, seed=1)
    with pytest.raises(ConfigError):
        constant(rate=rate, seconds=seconds)
