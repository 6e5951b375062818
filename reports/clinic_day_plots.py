"""Pictures of a clinic's day: queues, waits, stations, institutions, and the day of a what-if."""

from matplotlib.figure import Figure

from reports.clinic_plot_style import (
    CHANNELS,
    FAULT,
    INK,
    LIMIT,
    QUARTER,
    SOFT,
    Content,
    both,
    cjk,
    clock_axis,
    figure_of,
    gaps,
    hours_of,
    last_point,
    panels,
    quarters,
    station,
)


def queues(content: Content) -> Figure | None:
    """Queue length over the day: mean and band by channel."""
    if "runs" not in content:
        return None
    figure, axes = figure_of()
    hours = hours_of(content)
    base = content["runs"]["base"]["series"]
    for channel, (en, zh, colour) in CHANNELS.items():
        values = base[f"queue.{channel}"]
        axes.plot(hours, values["mean"], color=colour, label=both(en, zh), lw=1.8)
        axes.fill_between(hours, values["low"], values["high"], color=colour, alpha=0.18, lw=0)
    axes.set_ylabel(both("people waiting, all places", "等候人数（全部机构）"))
    axes.set_ylim(bottom=0)
    clock_axis(axes, content, hours)
    axes.legend(frameon=False, ncols=2)
    return figure


def waits(content: Content) -> Figure | None:
    """The distribution of waits by channel, with the limit."""
    if "runs" not in content:
        return None
    figure, axes = figure_of()
    grid = content["time"]["wait_grid"]
    limit = content["service_level"]["wait"]
    lowest, reach = 1.0, limit
    for channel, (en, zh, colour) in CHANNELS.items():
        values = content["runs"]["base"]["waits"][channel]
        axes.plot(grid, values["mean"], color=colour, label=both(en, zh), lw=1.8)
        axes.fill_between(grid, values["low"], values["high"], color=colour, alpha=0.18, lw=0)
        lowest = min(lowest, *values["low"])
        reach = max(reach, next((x for x, y in zip(grid, values["low"], strict=True) if y > 0.995), grid[-1]))
    share = content["service_level"]["wait_share"]
    axes.axvline(limit, color=LIMIT, ls="--", lw=1.2)
    axes.axhline(share, color=LIMIT, ls=":", lw=1)
    axes.annotate(
        both(f"limit {limit:g} s for {share:.0%}", "达标线"),
        (limit, lowest),
        xytext=(-6, 4) if limit > reach / 2 else (6, 4),
        textcoords="offset points",
        color=LIMIT,
        ha="right" if limit > reach / 2 else "left",
    )
    axes.set_xlim(0, reach * 1.08)
    axes.set_ylim(max(0.0, lowest - 0.05), 1.005)
    axes.set_xlabel(both("seconds in the queue", "排队秒数"))
    axes.set_ylabel(both("share that waited no longer", "等候不超过者占比"))
    axes.legend(frameon=False, loc="lower right")
    return figure


def utilisation(content: Content) -> Figure | None:
    """Utilisation by station and quarter of an hour."""
    if "runs" not in content:
        return None
    series = content["runs"]["base"]["series"]
    names = [name for name in series if name.startswith("busy.")]
    stop = last_point(content)
    rows = [quarters(series[name]["mean"][:stop]) for name in names]
    figure, axes = figure_of(0.6 + 0.34 * len(rows))
    hours = hours_of(content)
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
    axes.set_yticks(range(len(names)), [station(name) for name in names])
    clock_axis(axes, content, hours[:stop], shade=False)
    axes.grid(visible=False)
    axes.set_xlim(begin, begin + step * len(rows[0]))
    bar = figure.colorbar(image, ax=axes, pad=0.01, fraction=0.03)
    bar.set_label(both("share of servers busy", "繁忙占比"))
    return figure


def institutions(content: Content) -> Figure | None:
    """Service level by institution."""
    if "runs" not in content:
        return None
    rows = sorted(content["runs"]["base"]["institutions"], key=lambda row: row["patients"], reverse=True)
    figure, axes = figure_of(0.9 + 0.21 * len(rows))
    share = content["service_level"]["wait_share"]
    values = [(row["within"]["mean"] or 0.0) * 100 for row in rows]
    half = [(row["within"]["half"] or 0.0) * 100 for row in rows]
    colours = ["#13734a" if value >= share * 100 else LIMIT for value in values]
    places = range(len(rows))
    axes.barh(places, values, xerr=half, color=colours, height=0.66, error_kw={"lw": 1, "ecolor": SOFT})
    names = [row["name"] if cjk() or row["name"].isascii() else f"hospital {k + 1}" for k, row in enumerate(rows)]
    axes.set_yticks(places, names, fontsize=7.5)
    for place, row in zip(places, rows, strict=True):
        axes.text(0.4, place, f"{row['patients']:,.0f}", va="center", fontsize=6.5, color="white")
    axes.invert_yaxis()
    axes.axvline(share * 100, color=LIMIT, ls="--", lw=1)
    axes.set_xlim(0, 101)
    axes.margins(y=0.01)
    axes.set_xlabel(
        both(
            f"% served within {content['service_level']['wait']:g} s (in the bar: people)",
            "按时服务占比（柱内为人数）",
        )
    )
    axes.grid(visible=False, axis="y")
    return figure


def what_if(content: Content, name: str) -> Figure:
    """A what-if beside the base: response, and those who had trouble."""
    run, base = content["runs"][name], content["runs"]["base"]
    figure, (upper, lower) = panels(2, 1, height=4.6)
    hours = hours_of(content)
    for entry, colour, label in (
        (base, SOFT, both("nothing happens", "无故障")),
        (run, "#1d5fa8", both("what if", "假设情形")),
    ):
        values = entry["series"]["response.p95"]
        upper.plot(hours, gaps(values["mean"]), color=colour, lw=1.8, label=label)
        upper.fill_between(hours, gaps(values["low"]), gaps(values["high"]), color=colour, alpha=0.18, lw=0)
    upper.set_ylabel(both("response p95, s", "响应 P95（秒）"))
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
            lower.bar(hours, values, width=width, bottom=bottom, color=colour, label=both(en, zh), lw=0)
            bottom = [a + b for a, b in zip(bottom, values, strict=True)]
    lower.set_ylabel(both("people in 5 minutes", "人数/5 分钟"))
    lower.set_ylim(0, max(1.0, *bottom) * 1.4)
    if any(bottom):
        lower.legend(frameon=False, loc="upper right", ncols=3)
    for axes in (upper, lower):
        for fault in run["faults"]:
            axes.axvspan(fault["from_h"], fault["until_h"], color=FAULT, zorder=0, lw=0)
    clock_axis(lower, content, hours[: last_point(content)], shade=False)
    return figure
