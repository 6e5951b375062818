"""`load.html` of a load, and its gist on the terminal, from nothing but the folder that `liantiao load` leaves."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from harness.errors import ConfigError
from reports.html import render
from reports.load_plots import Axis, Line, plot

CONTENT, SAMPLES, PAGE = "load.json", "samples.csv", "load.html"
Content = Mapping[str, Any]
VERDICTS = {
    "passed": ("certified", "✓", "Passed", "通过"),
    "failed": ("findings", "✗", "Failed", "未通过"),
    "inconclusive": ("inconclusive", "?", "Inconclusive", "无法判定"),
}
POINTS = ("mean", "p50", "p90", "p95", "p99", "p99.9", "max")
KEPT = 400
"""Points of a curve; more are not seen."""


def render_load(folder: Path) -> Path:
    """Write `load.html` and return its path. Raises ConfigError when the folder is no load's."""
    content = read_content(folder, CONTENT)
    target = folder / PAGE
    target.write_text(
        render(
            "load.html.j2",
            c=content,
            verdict=VERDICTS[content["verdict"]],
            pictures=_pictures(content, _latencies(folder)),
            points=POINTS,
            ms=milliseconds,
            folder=folder.name,
        ),
        encoding="utf-8",
    )
    return target


def read_content(folder: Path, name: str) -> Content:
    """A JSON file of a folder of results. Raises ConfigError."""
    try:
        found = json.loads((folder / name).read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{folder} holds no readable {name}.",
            cause="this is not the folder of a load, or the run was cut short",
            remedy="run `liantiao load`; it prints the folder",
        ) from error
    if not isinstance(found, dict):
        raise ConfigError(
            f"{folder / name} holds no results.", cause="another file of this name", remedy="run it again"
        )
    return found


def milliseconds(value: float | None) -> str:
    """A time for people, from milliseconds."""
    if value is None:
        return "–"
    return f"{value / 1000:.2f} s" if value >= 1000 else f"{value:.0f} ms" if value >= 100 else f"{value:.2f} ms"


def print_load(folder: Path, *, as_json: bool = False, console: Console | None = None) -> None:
    """The gist on the terminal, or all figures as JSON. Raises ConfigError."""
    content = read_content(folder, CONTENT)
    if as_json:
        print(json.dumps({"folder": str(folder), **content}, ensure_ascii=False), flush=True)
        return
    shown = console or Console(highlight=False)
    if not shown.is_terminal:
        shown.width = max(shown.width, 120)
    _, sign, en, zh = VERDICTS[content["verdict"]]
    outcomes = content["outcomes"]
    trace = content["trace"]
    table = Table(title=f"{content['bench']}: {trace['arrivals']} × {trace['origin']}", title_justify="left")
    table.add_column("")
    for point in POINTS:
        table.add_column(point, justify="right")
    rows = {"latency 延迟": content["latency_ms"]["all"], "driver late 发送滞后": content["late_ms"]}
    for name, figures in {**rows, **content["steps_ms"]}.items():
        table.add_row(name, *(milliseconds(figures[point]) for point in POINTS))
    shown.print(table)
    counts = (
        f"accepted 成功 {outcomes['accepted']}, refused 拒绝 {outcomes['refused']}, unknown 未知 {outcomes['unknown']}"
    )
    shown.print(f"{counts}; {content['throughput']:.1f}/s")
    for check in content["checks"]:
        shown.print(f"{'✓' if check['good'] else '✗'} {check['text']}")
    shown.print(f"{sign} {en} {zh}{': ' + '; '.join(content['reasons']) if content['reasons'] else ''}")


def _latencies(folder: Path) -> list[float]:
    try:
        with (folder / SAMPLES).open(encoding="utf-8", newline="") as file:
            return sorted(float(row["latency_ms"]) for row in csv.DictReader(file))
    except (OSError, KeyError, ValueError) as error:
        raise ConfigError(
            f"{folder} holds no readable {SAMPLES}.", cause="the run was cut short", remedy="run it again"
        ) from error


def _pictures(content: Content, latencies: list[float]) -> dict[str, str]:
    if not latencies:
        return {}
    step = max(1, len(latencies) // KEPT)
    curve = [(max(latencies[k], 0.01), (k + 1) / len(latencies)) for k in range(0, len(latencies), step)]
    curve.append((max(latencies[-1], 0.01), 1.0))
    seconds = content["by_second"]
    most = max([1.0, *(s["max_ms"] for s in seconds)])
    by_second = [
        Line(points=[(s["second"], s["max_ms"]) for s in seconds], label="max 最大", colour="bad"),
        Line(points=[(s["second"], s["p50_ms"]) for s in seconds], label="p50", colour="blue"),
        Line(
            points=[(s["second"], s["late_max_ms"]) for s in seconds],
            label="driver late, max 发送滞后最大",
            colour="doubt",
            dashed=True,
        ),
    ]
    arrivals = max(s["arrivals"] for s in seconds)
    time = Axis(label="second of the trace 秒", least=0, most=max(1, seconds[-1]["second"]))
    return {
        "latency": plot(
            "share of customers answered within a time",
            Axis(label="latency, ms 延迟（毫秒）", least=curve[0][0], most=curve[-1][0] * 1.0001, log=True),
            Axis(label="share 占比", least=0, most=1),
            [Line(points=curve, label="all customers 全部", colour="blue")],
        ),
        "seconds": plot("latency by second", time, Axis(label="ms 毫秒", least=0, most=most), by_second),
        "arrivals": plot(
            "arrivals by second",
            time,
            Axis(label="a second 每秒", least=0, most=arrivals),
            [
                Line(points=[(s["second"], s["arrivals"]) for s in seconds], label="arrivals 到达", colour="blue"),
                Line(
                    points=[(s["second"], s["not_accepted"]) for s in seconds],
                    label="not accepted 未成功",
                    colour="bad",
                ),
            ],
        ),
    }
