"""`clinic.html` of a run of the clinic model: one file that answers how many are needed, and what happens if.

It reads the folder that `liantiao model` leaves (`clinic.json`) and nothing else; the pictures are drawn beside it.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from harness.errors import ConfigError
from reports.clinic_plots import draw_all
from reports.html import render

CONTENT, PAGE = "clinic.json", "clinic.html"
Content = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Effect:
    """How a what-if differs from the base, for people."""

    name: str
    run: Content
    slow: float
    """People answered after more than five seconds, more than without."""
    cash: float
    time_outs: float
    left: float
    worst_response: float
    """The worst five minutes' 95th percentile of the response while it lasts and after, in seconds."""
    base_response: float
    calm_again: str
    """Clock time from which all is as without; empty when it never was different, `—` when not within the day."""
    open_reversals: float


SHOWN = (
    ("patients", "Patients", "人数", ""),
    ("settled", "Settled", "已结算", ""),
    ("left", "Left the queue", "放弃排队", ""),
    ("cash", "Paid otherwise", "改用其他方式", ""),
    ("unserved", "Unserved when the day was cut off", "截止时未服务", ""),
    ("wait.mean", "Mean wait", "平均排队", "s"),
    ("wait.p95", "Wait, 95th percentile", "排队 P95", "s"),
    ("wait.window.p95", "Wait at windows, 95th percentile", "窗口排队 P95", "s"),
    ("wait.kiosk.p95", "Wait at self-service machines, 95th percentile", "自助机排队 P95", "s"),
    ("wait.pharmacy.p95", "Wait at pharmacies, 95th percentile", "药店排队 P95", "s"),
    ("wait.clinic.p95", "Wait at village clinics, 95th percentile", "村卫生室排队 P95", "s"),
    ("wait.within", "Served within the limit", "按时服务占比", "%"),
    ("response.mean", "Mean response", "平均响应", "s"),
    ("response.p95", "Response, 95th percentile", "响应 P95", "s"),
    ("response.p99", "Response, 99th percentile", "响应 P99", "s"),
    ("response.max", "Longest response", "最长响应", "s"),
    ("response.slow", "Answered after more than 5 s", "5 秒以上才响应", ""),
    ("total.mean", "Mean time at the institution", "平均在院时间", "s"),
    ("time_outs", "Outcome unknown (time-out)", "超时未知", ""),
    ("reversals", "Reversals sent", "冲正次数", ""),
    ("expired", "Codes expired", "二维码过期", ""),
    ("open_reversals", "Booked and not reversed at the end", "截止时未冲正", ""),
    ("doubled", "Booked twice at the end", "截止时重复记账", ""),
)
"""The measures that the page and the terminal show, in order; the rest is in measures.csv."""


def render_clinic(folder: Path) -> Path:
    """Draw the pictures, write `clinic.html` and return its path. Raises ConfigError when there are no results."""
    content = read_content(folder)
    pictures = {
        name: "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()
        for name, path in draw_all(content, folder).items()
    }
    target = folder / PAGE
    target.write_text(
        render(
            "clinic.html.j2",
            c=content,
            pictures=pictures,
            effects=effects(content),
            shown=SHOWN,
            short=shortfalls(content),
            number=number,
        ),
        encoding="utf-8",
    )
    return target


def read_content(folder: Path) -> Content:
    """What a run of the model left. Raises ConfigError."""
    try:
        found = json.loads((folder / CONTENT).read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{folder} holds no readable {CONTENT}.",
            cause="this is not the folder of a model's run, or the run was cut short",
            remedy="run `liantiao model SCENARIO`; it prints the folder",
        ) from error
    if not isinstance(found, dict):
        raise ConfigError(
            f"{folder / CONTENT} holds no results.", cause="another file of this name", remedy="run the model again"
        )
    return found


def shortfalls(content: Content) -> list[tuple[str, str]]:
    """Where the base run does not keep its service level, in English and Chinese; overload is named as such."""
    if "runs" not in content:
        return []
    measures, level = content["runs"]["base"]["measures"], content["service_level"]
    found: list[tuple[str, str]] = []
    if (measures["unserved"]["mean"] or 0) > 0:
        found.append(
            (
                f"Overload: {number(measures['unserved']['mean'])} people were still there when the day was cut off.",
                "过载：截止时仍有人未获服务。",
            )
        )
    for channel, en, zh in (
        ("window", "windows", "窗口"),
        ("kiosk", "self-service machines", "自助机"),
        ("pharmacy", "pharmacies", "药店"),
        ("clinic", "village clinics", "村卫生室"),
    ):
        within = measures[f"wait.{channel}.within"]["mean"]
        if within is not None and within < level["wait_share"]:
            found.append(
                (
                    f"Only {within:.1%} are served at {en} within {level['wait']:g} s.",
                    f"{zh}仅 {within:.1%} 在 {level['wait']:g} 秒内得到服务。",
                )
            )
    for point in ("p95", "p99"):
        value = measures[f"response.{point}"]["mean"]
        if value is not None and value > level[f"response_{point}"]:
            found.append(
                (
                    f"The response's {point} is {value:.2f} s, above {level[f'response_{point}']:g} s.",
                    f"响应 {point.upper()} 为 {value:.2f} 秒，超过 {level[f'response_{point}']:g} 秒。",
                )
            )
    return found


def effects(content: Content) -> list[Effect]:
    """Every what-if against the base."""
    runs = content.get("runs", {})
    found = []
    for name, run in runs.items():
        if name == "base":
            continue
        change = run["differences"]
        usual = runs["base"]["series"]["response.p95"]["mean"]
        mine = run["series"]["response.p95"]["mean"]
        begins = min((fault["from_h"] for fault in run["faults"]), default=content["time"]["from_h"])
        first = round((begins - content["time"]["from_h"]) * 3600 / content["time"]["bin_s"])
        spell = range(
            first, round((content["time"]["until_h"] - content["time"]["from_h"]) * 3600 / content["time"]["bin_s"])
        )
        worst = max(spell, key=lambda k: mine[k] or 0.0, default=0)
        found.append(
            Effect(
                name=name,
                run=run,
                slow=change["response.slow"]["mean"] or 0.0,
                cash=change["cash"]["mean"] or 0.0,
                time_outs=change["time_outs"]["mean"] or 0.0,
                left=change["left"]["mean"] or 0.0,
                worst_response=mine[worst] or 0.0,
                base_response=usual[worst] or 0.0,
                calm_again=_calm(content, run, usual, spell),
                open_reversals=run["measures"]["open_reversals"]["mean"] or 0.0,
            )
        )
    return found


def _calm(content: Content, run: Content, usual: Sequence[float | None], spell: range) -> str:
    mine, troubled = run["series"]["response.p95"]["mean"], run["series"]["cash"]["mean"]
    rough = [
        k for k in spell if troubled[k] > 0.5 or (mine[k] is not None and mine[k] > 1.2 * (usual[k] or 0.0) + 0.05)
    ]
    if not rough:
        return ""
    if rough[-1] == spell[-1]:
        return "—"
    minutes = round(content["time"]["from_h"] * 60 + (rough[-1] + 1) * content["time"]["bin_s"] / 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def number(value: float | None, unit: str = "") -> str:
    """A number for people: three significant digits, thousands apart, a unit behind it."""
    if value is None:
        return "–"
    if unit == "%":
        return f"{value * 100:.2f}".rstrip("0").rstrip(".") + " %"
    digits = (
        0
        if abs(value) >= 100 or float(value).is_integer()
        else 1
        if abs(value) >= 10
        else 2
        if abs(value) >= 0.1
        else 4
    )
    text = f"{value:,.{digits}f}"
    return f"{text} {unit}".strip() if float(value) else f"0 {unit}".strip()


def print_clinic(folder: Path, console: Console | None = None) -> None:
    """The gist of a run on the terminal. Raises ConfigError when there are no results."""
    content = read_content(folder)
    console = console or Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, 120)
    title = f"{content['scenario']['title']} {content['scenario']['title_zh']}"
    if "find" in content:
        console.print(found_sentence(content["find"]))
        return
    if "sweep" in content:
        console.print(_sweep_table(content["sweep"], title))
        return
    for change in content["changed"]:
        console.print(f"changed 已改: {change['key']} {change['was']} → {change['is']}")
    console.print(_measures_table(content, title))
    if "sizing" in content:
        console.print(_sizing_table(content["sizing"]))
    for effect in effects(content):
        console.print(
            f"{effect.run['title']} {effect.run['title_zh']}: response p95 up to {number(effect.worst_response, 's')} "
            f"(else {number(effect.base_response, 's')}), {number(effect.slow)} more answered late, "
            f"{number(effect.cash)} more paid otherwise, as before from {effect.calm_again or 'the start'}"
        )
    for en, zh in shortfalls(content):
        console.print(f"{en} {zh}", style="red")


def found_sentence(found: Content) -> str:
    """What a search found."""
    limit = f"{found['measure']} {'<=' if found['below'] else '>='} {found['limit']:g}"
    if found["capacity"] is None:
        most = found["tried"][-1]
        return (
            f"No {found['key']} keeps {limit}: at {most['capacity']} it is still {number(most['mean'])}; "
            f"something else is the limit. 无法达到：另有瓶颈。"
        )
    return f"{found['key']} = {found['capacity']} is the smallest that keeps {limit} 满足要求的最小值"


def _measures_table(content: Content, title: str) -> Table:
    against = content.get("against_shipped", {})
    table = Table(title=title, title_justify="left")
    table.add_column("measure 指标")
    table.add_column("mean ± 95 % 均值", justify="right")
    if against:
        table.add_column("change against the shipped scenario 与原场景之差", justify="right")
    for name, en, zh, unit in SHOWN:
        value = content["runs"]["base"]["measures"][name]
        cells = [f"{en} {zh}", f"{number(value['mean'], unit)} ± {number(value['half'], unit)}"]
        if against:
            change = against[name]
            sign = "+" if (change["mean"] or 0) > 0 else ""
            half = number(change["half"], unit)
            cells.append(f"{sign}{number(change['mean'], unit)} ± {half}" if change["mean"] else "=")
        table.add_row(*cells)
    return table


def _sizing_table(sizing: Content) -> Table:
    kept = "the model keeps the service level with it 经模型验证达标" if sizing["kept"] else "NOT kept 未达标"
    table = Table(title=f"How many 需要多少: {kept}", title_justify="left")
    for heading in ("", "has 现有", "needs 至少", "in all 合计"):
        table.add_column(heading, justify="left" if not heading else "right")
    for need in sizing["needs"]:
        table.add_row(f"{need['en']} {need['zh']}", f"{need['has']}", f"{need['needs']}", f"{need['total']:,}")
    boxes = sizing["boxes"]
    table.add_row("Scanner boxes with spares 扫码墩（含备用）", f"{boxes['has']:,}", "", f"{boxes['needs']:,}")
    return table


def _sweep_table(sweep: Content, title: str) -> Table:
    table = Table(title=f"{title}: {sweep['en']} {sweep['zh']}", title_justify="left")
    table.add_column(f"{sweep['key']} ({sweep['unit']})", justify="right")
    names = ("wait.mean", "wait.p95", "wait.within", "response.p95", "response.p99", "left", "cash")
    for name in names:
        table.add_column(name, justify="right")
    for point in sweep["points"]:
        cells = [f"{number(point[n]['mean'])} ± {number(point[n]['half'])}" for n in names]
        table.add_row(f"{point['value']:g}", *cells)
    return table
