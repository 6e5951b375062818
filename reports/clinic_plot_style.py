"""How the pictures of the clinic model look: colours, fonts, labels in both languages, and their axes."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import font_manager
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Content = Mapping[str, Any]
CHANNELS = {
    "window": ("windows", "窗口", "#1d5fa8"),
    "kiosk": ("self-service machines", "自助机", "#c2571a"),
    "pharmacy": ("pharmacies", "药店", "#13734a"),
    "clinic": ("village clinics", "村卫生室", "#8a4fb0"),
}
INK, SOFT, FAULT, LIMIT = "#1c2127", "#5b6570", "#f3c9c5", "#b3261e"
_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Zen Hei",
    "Microsoft YaHei",
    "PingFang SC",
)
WIDTH = 9.2
"""Of every picture, in inches."""
QUARTER = 3
"""Points of a series in a quarter of an hour."""


def figure_of(height: float = 3.7) -> tuple[Figure, Axes]:
    """An empty figure as wide as the page, `height` inches high."""
    return plt.subplots(figsize=(WIDTH, height), layout="constrained")


def panels(rows: int, columns: int, *, height: float = 3.7) -> tuple[Figure, list[Axes]]:
    """A figure of several panels; those below each other share their x axis."""
    figure, axes = plt.subplots(rows, columns, figsize=(WIDTH, height), sharex=rows > 1, layout="constrained")
    return figure, list(axes)


def save(figure: Figure, path: Path) -> Path:
    """Write a figure and forget it."""
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)
    return path


def style() -> dict[str, Any]:
    """Matplotlib's settings for every picture."""
    return {
        "font.family": [*([cjk()] if cjk() else []), "DejaVu Sans"],
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": SOFT,
        "axes.labelcolor": INK,
        "axes.grid": True,
        "grid.color": "#e2e5e8",
        "grid.linewidth": 0.7,
        "xtick.color": SOFT,
        "ytick.color": SOFT,
        "axes.axisbelow": True,
        "axes.unicode_minus": False,
    }


@cache
def cjk() -> str:
    """A font with Chinese characters that this machine has; empty without one."""
    known = {font.name for font in font_manager.fontManager.ttflist}
    return next((name for name in _FONTS if name in known), "")


def both(en: str, zh: str) -> str:
    """A label in both languages, or English alone."""
    return f"{en} {zh}" if cjk() else en


def station(name: str) -> str:
    """What a station is called."""
    short = name.removeprefix("busy.")
    if short in CHANNELS:
        return both(*CHANNELS[short][:2])
    return short.replace(".", " ")


def hours_of(content: Content) -> list[float]:
    """The middle of each point of a series, in hours of the day."""
    axis = content["time"]
    count = len(content["runs"]["base"]["series"]["arrivals"]["mean"])
    step = axis["bin_s"] / 3600
    return [axis["from_h"] + step * (k + 0.5) for k in range(count)]


def last_point(content: Content) -> int:
    """How many points to show: until the day is over or, later, until nothing happens any more in any run."""
    axis = content["time"]
    least = round((axis["until_h"] - axis["from_h"]) * 3600 / axis["bin_s"])
    last: int = least
    for run in content["runs"].values():
        for name in ("settled", "cash", "left"):
            values = run["series"][name]["high"]
            tail: int = max((k + 1 for k, value in enumerate(values) if value and k > least + 1), default=least)
            last = max(last, tail)
    return -(-last // QUARTER) * QUARTER


def quarters(values: Sequence[float]) -> list[float]:
    """Means over quarters of an hour."""
    return [sum(values[k : k + QUARTER]) / len(values[k : k + QUARTER]) for k in range(0, len(values), QUARTER)]


def gaps(values: Sequence[float | None]) -> list[float]:
    """A series with gaps where nothing was measured."""
    return [float("nan") if value is None else value for value in values]


def clock_axis(axes: Axes, content: Content, hours: Sequence[float], *, shade: bool = True) -> None:
    """An x axis of times of day; `shade` greys what is after closing."""
    begin = content["time"]["from_h"]
    end = begin + last_point(content) * content["time"]["bin_s"] / 3600
    step = 0.5 if end - begin <= 5 else 1.0
    first = -(-begin // step) * step
    ticks = [first + step * k for k in range(int((end - first) / step + 1e-9) + 1)]
    axes.set_xticks(ticks, [f"{int(h):02d}:{round(h % 1 * 60):02d}" for h in ticks])
    axes.set_xlim(begin, end)
    if shade and hours and end > content["time"]["until_h"]:
        axes.axvspan(content["time"]["until_h"], end, color="#f3f5f6", zorder=0, lw=0)
