"""`calibration.html`: the fits, the prediction and its error; reads the folder that `liantiao calibrate` leaves."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from reports.html import render
from reports.load import milliseconds, read_content
from reports.load_plots import Axis, Band, Line, plot

CONTENT, PAGE = "calibration.json", "calibration.html"
Content = Mapping[str, Any]
VERDICTS = {
    "agrees": ("certified", "✓", "The prediction agrees", "预测相符"),
    "disagrees": ("findings", "✗", "The prediction disagrees", "预测不符"),
    "inconclusive": ("inconclusive", "?", "Inconclusive", "无法判定"),
}


def render_calibration(folder: Path) -> Path:
    """Write `calibration.html` and return its path. Raises ConfigError when the folder is no calibration's."""
    content = read_content(folder, CONTENT)
    target = folder / PAGE
    page = render(
        "load_calibration.html.j2",
        c=content,
        verdict=VERDICTS[content["verdict"]],
        overlay=_overlay(content),
        fits=[(one, _quantiles(one)) for one in content["fits"]],
        ms=milliseconds,
        folder=folder.name,
    )
    target.write_text(page, encoding="utf-8")
    return target


def print_calibration(folder: Path, console: Console | None = None) -> None:
    """The gist on the terminal. Raises ConfigError."""
    content = read_content(folder, CONTENT)
    shown = console or Console(highlight=False)
    if not shown.is_terminal:
        shown.width = max(shown.width, 120)
    table = Table(title=f"Predicted and measured 预测与实测: {content['trace']['origin']}", title_justify="left")
    for heading in ("", "measured 实测", "predicted 预测", "95 %", "error 误差"):
        table.add_column(heading, justify="left" if not heading else "right")
    for model, entry in content["models"].items():
        for row in entry["rows"]:
            band = f"{row['low_ms']:.1f}-{row['high_ms']:.1f}"
            cells = [milliseconds(row["real_ms"]), milliseconds(row["predicted_ms"]), band, f"{row['error']:+.1%}"]
            table.add_row(f"{row['figure']} ({model})", *cells)
    null = content["no_queue_ms"]
    mean = content["models"]["fitted"]["rows"][0]["real_ms"]
    cells = [milliseconds(mean), milliseconds(null), "", f"{content['no_queue_error']:+.1%}"]
    table.add_row("mean (nobody waits 不排队)", *cells)
    shown.print(table)
    for gate in content["gates"]:
        sign = "✓" if gate["good"] else "✗"
        shown.print(f"{sign} {gate['name']}: {gate['value']:.3g} {gate['unit']} (limit 上限 {gate['limit']:.3g})")
    _, sign, en, zh = VERDICTS[content["verdict"]]
    shown.print(f"{sign} {en} {zh}")


def _overlay(content: Content) -> str:
    """Measured and predicted share of customers by latency, with the spread over replications."""
    real, predicted = content["real_curve"], content["models"]["fitted"]["curve"]
    values = [p[key] for p in (*real, *predicted) for key in ("ms", "low_ms", "high_ms")]
    band = [(p["point"] / 100, p["low_ms"], p["high_ms"]) for p in predicted]
    return plot(
        "latency by share of customers, measured and predicted",
        Axis(label="share of customers 占比", least=0, most=1),
        Axis(label="latency, ms 延迟（毫秒）", least=max(min(values), 0.01), most=max(values), log=True),
        [
            Line(points=[(p["point"] / 100, p["ms"]) for p in real], label="measured 实测", colour="bad"),
            Line(points=[(p["point"] / 100, p["ms"]) for p in predicted], label="predicted 预测", colour="blue"),
        ],
        [Band(points=band, colour="blue")],
    )


def _quantiles(fit: Content) -> str:
    """Quantiles of a fit against those measured; a perfect one lies on the line."""
    pairs = [(p["measured_ms"], p["fitted_ms"]) for p in fit["points"]]
    least = max(min(min(pair) for pair in pairs), 1e-4)
    most = max([least * 1.1, *(value for pair in pairs for value in pair)])
    return plot(
        f"quantiles of {fit['name']}",
        Axis(label="measured, ms 实测", least=least, most=most, log=True),
        Axis(label="fitted, ms 拟合", least=least, most=most, log=True),
        [
            Line(points=[(least, least), (most, most)], label="equal 相等", colour="faint", dashed=True),
            Line(points=pairs, label="1 % – 99 %", colour="blue", dots=True),
        ],
    )
