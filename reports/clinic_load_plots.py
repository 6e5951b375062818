"""Pictures of how far a clinic's systems go: over load, over a number that is swept, over a capacity that is sought."""

from matplotlib.figure import Figure

from reports.clinic_plot_style import LIMIT, SOFT, Content, both, figure_of, panels


def throughput(content: Content) -> Figure | None:
    """Throughput against offered load, with the line of a system that keeps up."""
    points = content.get("curve", {}).get("points")
    if not points:
        return None
    figure, axes = figure_of()
    offered = [point["offered"] for point in points]
    axes.plot([0, max(offered)], [0, max(offered)], color=SOFT, ls=":", lw=1.2, label=both("all served", "全部完成"))
    axes.plot(
        offered,
        [p["throughput"] for p in points],
        "o-",
        color="#1d5fa8",
        lw=1.8,
        ms=4,
        label=both("settled", "已结算"),
    )
    axes.fill_between(
        offered,
        [p["throughput_low"] for p in points],
        [p["throughput_high"] for p in points],
        color="#1d5fa8",
        alpha=0.18,
        lw=0,
    )
    axes.set_xlabel(both("offered settlements a second", "每秒到达笔数"))
    axes.set_ylabel(both("settled a second", "每秒结算笔数"))
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, loc="upper left")
    return figure


def latency(content: Content) -> Figure | None:
    """Response against load, with the limits."""
    points = content.get("curve", {}).get("points")
    if not points:
        return None
    figure, axes = figure_of()
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
        both(f"limit of p95: {limit:g} s", "P95 上限"),
        (load[0], limit),
        xytext=(0, 4),
        textcoords="offset points",
        color=LIMIT,
    )
    axes.axvline(1.0, color=SOFT, ls=":", lw=1)
    axes.set_yscale("log")
    axes.set_xlabel(both("load, 1 = all that the busiest station can do", "负载（1 = 最忙环节的极限）"))
    axes.set_ylabel(both("response, seconds", "响应时间（秒）"))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_minor_formatter(lambda value, _: f"{value:g}" if f"{value:.0e}"[0] in "25" else "")
    axes.legend(frameon=False, loc="upper left")
    return figure


def sweep(content: Content) -> Figure | None:
    """The main measures against the parameter that was swept."""
    found = content.get("sweep")
    if not found:
        return None
    points = found["points"]
    values = [point["value"] for point in points]
    figure, (left, right) = panels(1, 2)
    for axes, names in (
        (left, (("wait.p95", "wait p95", "排队 P95"), ("wait.mean", "mean wait", "平均排队"))),
        (right, (("response.p95", "response p95", "响应 P95"), ("response.mean", "mean response", "平均响应"))),
    ):
        for (name, en, zh), colour in zip(names, ("#1d5fa8", "#13734a"), strict=True):
            mean = [point[name]["mean"] for point in points]
            half = [point[name]["half"] or 0.0 for point in points]
            axes.errorbar(values, mean, yerr=half, fmt="o-", color=colour, capsize=3, ms=4, label=both(en, zh))
        axes.set_xlabel(f"{found['key']} ({found['unit']})")
        axes.set_ylabel(both("seconds", "秒"))
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False)
    return figure


def find(content: Content) -> Figure | None:
    """The measure against the capacity, with the limit and what was found."""
    found = content.get("find")
    if not found:
        return None
    figure, axes = figure_of()
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
