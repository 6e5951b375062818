"""The pictures of a run of the clinic model, as PNG files; they read `clinic.json` and nothing else.

Labels are English and Chinese where the machine has a font for both, English alone elsewhere.
"""

from collections.abc import Callable, Mapping, Sequence
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
FOLDER = "plots"
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
QUARTER = 3
"""Points of a series in a quarter of an hour."""


def draw_all(content: Content, out: Path) -> dict[str, Path]:
    """Draw every picture that the results have data for; returns name to file."""
    folder = out / FOLDER
    folder.mkdir(exist_ok=True)
    plots: dict[str, Callable[[Content], Figure | None]] = {
        "queues": queues,
        "waits": waits,
        "utilisation": utilisation,
        "throughput": throughput,
        "latency": latency,
        "institutions": institutions,
        "sweep": sweep,
        "find": find,
    }
    found = {}
    with mpl.rc_context(_style()):  # type: ignore[arg-type]  # the stub lists every key as a literal
        for name, plot in plots.items():
            figure = plot(content)
            if figure is not None:
                found[name] = _save(figure, folder / f"{name}.png")
        for name in content.get("runs", {}):
            if name != "base":
                found[f"what-if {name}"] = _save(what_if(content, name), folder / f"what-if-{name}.png")
    return found


def queues(content: Content) -> Figure | None:
    """Queue length over the day: mean and band by channel."""
    if "runs" not in content:
        return None
    figure, axes = _figure()
    hours = _hours(content)
    base = content["runs"]["base"]["series"]
    for channel, (en, zh, colour) in CHANNELS.items():
        values = base[f"queue.{channel}"]
        axes.plot(hours, values["mean"], color=colour, label=_both(en, zh), lw=1.8)
        axes.fill_between(hours, values["low"], values["high"], color=colour, alpha=0.18, lw=0)
    axes.set_ylabel(_both("people waiting, all places", "等候人数（全部机构）"))
    axes.set_ylim(bottom=0)
    _clock_axis(axes, content, hours)
    axes.legend(frameon=False, ncols=2)
    return figure


def waits(content: Content) -> Figure | None:
    """The distribution of waits by channel, with the limit."""
    if "runs" not in content:
        return None
    figure, axes = _figure()
    grid = content["time"]["wait_grid"]
    limit = content["service_level"]["wait"]
    lowest, reach = 1.0, limit
    for channel, (en, zh, colour) in CHANNELS.items():
        values = content["runs"]["base"]["waits"][channel]
        axes.plot(grid, values["mean"], color=colour, label=_both(en, zh), lw=1.8)
        axes.fill_between(grid, values["low"], values["high"], color=colour, alpha=0.18, lw=0)
        lowest = min(lowest, *values["low"])
        reach = max(reach, next((x for x, y in zip(grid, values["low"], strict=True) if y > 0.995), grid[-1]))
    share = content["service_level"]["wait_share"]
    axes.axvline(limit, color=LIMIT, ls="--", lw=1.2)
    axes.axhline(share, color=LIMIT, ls=":", lw=1)
    axes.annotate(
        _both(f"limit {limit:g} s for {share:.0%}", "达标线"),
        (limit, lowest),
        xytext=(-6, 4) if limit > reach / 2 else (6, 4),
        textcoords="offset points",
        color=LIMIT,
        ha="right" if limit > reach / 2 else "left",
    )
    axes.set_xlim(0, reach * 1.08)
    axes.set_ylim(max(0.0, lowest - 0.05), 1.005)
    axes.set_xlabel(_both("seconds in the queue", "排队秒数"))
    axes.set_ylabel(_both("share that waited no longer", "等候不超过者占比"))
    axes.legend(frameon=False, loc="lower right")
    return figure


def utilisation(content: Content) -> Figure | None:
    """Utilisation by station and quarter of an hour."""
    if "runs" not in content:
        return None
    series = content["runs"]["base"]["series"]
    names = [name for name in series if name.startswith("busy.")]
    stop = _last(content)
    rows = [_quarters(series[name]["mean"][:stop]) for name in names]
    figure, axes = plt.subplots(figsize=(9.2, 0.6 + 0.34 * len(rows)), layout="constrained")
    hours = _hours(content)
    step = content["time"]["bin_s"] / 3600 * QUARTER
    begin = content["time"]["from_h"]
    image = axes.imshow(
        rows,
        aspect="auto",
        vmin=0,
        vmax=1,
        cmap="YlOrRd",
        extent=(begin, begin + step * len(rows[0]), len(rows) - 0.5, -0.5),
        interpolation="nearest",
    )
    if len(rows[0]) <= 24:
        for y, row in enumerate(rows):
            for x, value in enumerate(row):
                axes.text(
                    begin + step * (x + 0.5),
                    y,
                    f"{value:.0%}" if value >= 0.005 else "·",
                    ha="center",
                    va="center",
                    fontsize=6.5,
                    color="white" if value > 0.6 else INK,
                )
    axes.set_yticks(range(len(names)), [_station(name) for name in names])
    _clock_axis(axes, content, hours[:stop], shade=False)
    axes.grid(visible=False)
    axes.set_xlim(begin, begin + step * len(rows[0]))
    bar = figure.colorbar(image, ax=axes, pad=0.01, fraction=0.03)
    bar.set_label(_both("share of servers busy", "繁忙占比"))
    return figure


def throughput(content: Content) -> Figure | None:
    """Throughput against offered load, with the line of a system that keeps up."""
    points = content.get("curve", {}).get("points")
    if not points:
        return None
    figure, axes = _figure()
    offered = [point["offered"] for point in points]
    axes.plot([0, max(offered)], [0, max(offered)], color=SOFT, ls=":", lw=1.2, label=_both("all served", "全部完成"))
    axes.plot(
        offered,
        [p["throughput"] for p in points],
        "o-",
        color="#1d5fa8",
        lw=1.8,
        ms=4,
        label=_both("settled", "已结算"),
    )
    axes.fill_between(
        offered,
        [p["throughput_low"] for p in points],
        [p["throughput_high"] for p in points],
        color="#1d5fa8",
        alpha=0.18,
        lw=0,
    )
    axes.set_xlabel(_both("offered settlements a second", "每秒到达笔数"))
    axes.set_ylabel(_both("settled a second", "每秒结算笔数"))
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, loc="upper left")
    return figure


def latency(content: Content) -> Figure | None:
    """Response against load, with the limits."""
    points = content.get("curve", {}).get("points")
    if not points:
        return None
    figure, axes = _figure()
    load = [point["load"] for point in points]
    for name, label, colour in (("response.p50", "p50", "#13734a"), ("response.p95", "p95", "#1d5fa8")):
        axes.plot(load, [point[name] for point in points], "o-", color=colour, lw=1.8, ms=4, label=label)
        axes.fill_between(
            load,
            [point[f"{name}.low"] for point in points],
            [point[f"{name}.high"] for point in points],
            color=colour,
            alpha=0.18,
            lw=0,
        )
    limit = content["service_level"]["response_p95"]
    axes.axhline(limit, color=LIMIT, ls="--", lw=1.2)
    axes.annotate(
        _both(f"limit of p95: {limit:g} s", "P95 上限"),
        (load[0], limit),
        xytext=(0, 4),
        textcoords="offset points",
        color=LIMIT,
    )
    axes.axvline(1.0, color=SOFT, ls=":", lw=1)
    axes.set_yscale("log")
    axes.set_xlabel(_both("load, 1 = all that the busiest station can do", "负载（1 = 最忙环节的极限）"))
    axes.set_ylabel(_both("response, seconds", "响应时间（秒）"))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_minor_formatter(lambda value, _: f"{value:g}" if f"{value:.0e}"[0] in "25" else "")
    axes.legend(frameon=False, loc="upper left")
    return figure


def institutions(content: Content) -> Figure | None:
    """Service level by institution."""
    if "runs" not in content:
        return None
    rows = sorted(content["runs"]["base"]["institutions"], key=lambda row: row["patients"], reverse=True)
    figure, axes = plt.subplots(figsize=(9.2, 0.9 + 0.21 * len(rows)), layout="constrained")
    share = content["service_level"]["wait_share"]
    values = [(row["within"]["mean"] or 0.0) * 100 for row in rows]
    half = [(row["within"]["half"] or 0.0) * 100 for row in rows]
    colours = ["#13734a" if value >= share * 100 else LIMIT for value in values]
    places = range(len(rows))
    axes.barh(places, values, xerr=half, color=colours, height=0.66, error_kw={"lw": 1, "ecolor": SOFT})
    names = [row["name"] if _cjk() or row["name"].isascii() else f"hospital {k + 1}" for k, row in enumerate(rows)]
    axes.set_yticks(places, names, fontsize=7.5)
    for place, row in zip(places, rows, strict=True):
        axes.text(0.4, place, f"{row['patients']:,.0f}", va="center", fontsize=6.5, color="white")
    axes.invert_yaxis()
    axes.axvline(share * 100, color=LIMIT, ls="--", lw=1)
    axes.set_xlim(0, 101)
    axes.margins(y=0.01)
    axes.set_xlabel(
        _both(
            f"% served within {content['service_level']['wait']:g} s (in the bar: people)",
            "按时服务占比（柱内为人数）",
        )
    )
    axes.grid(visible=False, axis="y")
    return figure


def what_if(content: Content, name: str) -> Figure:
    """A what-if beside the base: response, and those who had trouble."""
    run, base = content["runs"][name], content["runs"]["base"]
    figure, (upper, lower) = plt.subplots(2, 1, figsize=(9.2, 4.6), sharex=True, layout="constrained")
    hours = _hours(content)
    for entry, colour, label in (
        (base, SOFT, _both("nothing happens", "无故障")),
        (run, "#1d5fa8", _both("what if", "假设情形")),
    ):
        values = entry["series"]["response.p95"]
        upper.plot(hours, _gaps(values["mean"]), color=colour, lw=1.8, label=label)
        upper.fill_between(hours, _gaps(values["low"]), _gaps(values["high"]), color=colour, alpha=0.18, lw=0)
    upper.set_ylabel(_both("response p95, s", "响应 P95（秒）"))
    limit = content["service_level"]["response_p95"]
    upper.axhline(limit, color=LIMIT, ls="--", lw=1)
    upper.set_ylim(0, upper.get_ylim()[1] * 1.15)
    upper.legend(frameon=False, loc="upper right", ncols=2)
    bottom = [0.0] * len(hours)
    width = content["time"]["bin_s"] / 3600
    for series, en, zh, colour in (
        ("slow", "answered after more than 5 s", "5 秒以上才响应", "#e0a030"),
        ("cash", "had to pay otherwise", "改用其他方式支付", LIMIT),
        ("left", "left the queue", "放弃排队", "#8a4fb0"),
    ):
        values = run["series"][series]["mean"]
        if any(values):
            lower.bar(hours, values, width=width, bottom=bottom, color=colour, label=_both(en, zh), lw=0)
            bottom = [a + b for a, b in zip(bottom, values, strict=True)]
    lower.set_ylabel(_both("people in 5 minutes", "人数/5 分钟"))
    lower.set_ylim(0, max(1.0, *bottom) * 1.4)
    if any(bottom):
        lower.legend(frameon=False, loc="upper right", ncols=3)
    for axes in (upper, lower):
        for fault in run["faults"]:
            axes.axvspan(fault["from_h"], fault["until_h"], color=FAULT, zorder=0, lw=0)
    _clock_axis(lower, content, hours[: _last(content)], shade=False)
    return figure


def sweep(content: Content) -> Figure | None:
    """The main measures against the parameter that was swept."""
    found = content.get("sweep")
    if not found:
        return None
    points = found["points"]
    values = [point["value"] for point in points]
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.2, 3.7), layout="constrained")
    for axes, names in (
        (left, (("wait.p95", "wait p95", "排队 P95"), ("wait.mean", "mean wait", "平均排队"))),
        (right, (("response.p95", "response p95", "响应 P95"), ("response.mean", "mean response", "平均响应"))),
    ):
        for (name, en, zh), colour in zip(names, ("#1d5fa8", "#13734a"), strict=True):
            mean = [point[name]["mean"] for point in points]
            half = [point[name]["half"] or 0.0 for point in points]
            axes.errorbar(values, mean, yerr=half, fmt="o-", color=colour, capsize=3, ms=4, label=_both(en, zh))
        axes.set_xlabel(f"{found['key']} ({found['unit']})")
        axes.set_ylabel(_both("seconds", "秒"))
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False)
    return figure


def find(content: Content) -> Figure | None:
    """The measure against the capacity, with the limit and what was found."""
    found = content.get("find")
    if not found:
        return None
    figure, axes = _figure()
    tried = found["tried"]
    axes.errorbar(
        [point["capacity"] for point in tried],
        [point["mean"] for point in tried],
        yerr=[point["half"] or 0.0 for point in tried],
        fmt="o-",
        color="#1d5fa8",
        capsize=3,
        ms=5,
    )
    axes.axhline(found["limit"], color=LIMIT, ls="--", lw=1.2)
    if found["capacity"] is not None:
        axes.axvline(found["capacity"], color="#13734a", lw=1.2)
    axes.set_xlabel(found["key"])
    axes.set_ylabel(found["measure"])
    axes.set_ylim(bottom=0)
    return figure


def _figure() -> tuple[Figure, Axes]:
    return plt.subplots(figsize=(9.2, 3.7), layout="constrained")


def _save(figure: Figure, path: Path) -> Path:
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)
    return path


def _style() -> dict[str, Any]:
    return {
        "font.family": [*([_cjk()] if _cjk() else []), "DejaVu Sans"],
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
def _cjk() -> str:
    known = {font.name for font in font_manager.fontManager.ttflist}
    return next((name for name in _FONTS if name in known), "")


def _both(en: str, zh: str) -> str:
    return f"{en} {zh}" if _cjk() else en


def _station(name: str) -> str:
    short = name.removeprefix("busy.")
    if short in CHANNELS:
        return _both(*CHANNELS[short][:2])
    return short.replace(".", " ")


def _hours(content: Content) -> list[float]:
    axis = content["time"]
    count = len(content["runs"]["base"]["series"]["arrivals"]["mean"])
    step = axis["bin_s"] / 3600
    return [axis["from_h"] + step * (k + 0.5) for k in range(count)]


def _last(content: Content) -> int:
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


def _quarters(values: Sequence[float]) -> list[float]:
    return [sum(values[k : k + QUARTER]) / len(values[k : k + QUARTER]) for k in range(0, len(values), QUARTER)]


def _gaps(values: Sequence[float | None]) -> list[float]:
    return [float("nan") if value is None else value for value in values]


def _clock_axis(axes: Axes, content: Content, hours: Sequence[float], *, shade: bool = True) -> None:
    begin, end = content["time"]["from_h"], content["time"]["from_h"] + _last(content) * content["time"]["bin_s"] / 3600
    step = 0.5 if end - begin <= 5 else 1.0
    first = -(-begin // step) * step
    ticks = [first + step * k for k in range(int((end - first) / step + 1e-9) + 1)]
    axes.set_xticks(ticks, [f"{int(h):02d}:{round(h % 1 * 60):02d}" for h in ticks])
    axes.set_xlim(begin, end)
    if shade and hours and end > content["time"]["until_h"]:
        axes.axvspan(content["time"]["until_h"], end, color="#f3f5f6", zorder=0, lw=0)
