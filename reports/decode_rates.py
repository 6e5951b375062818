"""The decode-rate table as a page and as CSV: what each engine reads under each degradation, beside the reference.

It takes measurements as they are, one an engine and level; who measured them is no business of this module's.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Protocol

PAGE = "decode_rates.html"
TABLE = "decode_rates.csv"
POINTS = 10
"""A row's mean is told as off beyond so many points."""
COLUMNS = ("kind", "degradation", "unit", "level", "engine", "frames", "read", "wrong", "percent", "reference")


class Measured(Protocol):
    """An engine's result at a level of a degradation."""

    @property
    def kind(self) -> str:
        """The kind of code."""

    @property
    def degradation(self) -> str:
        """Its name."""

    @property
    def unit(self) -> str:
        """The unit of the level."""

    @property
    def level(self) -> float:
        """How severe."""

    @property
    def engine(self) -> str:
        """Who decoded."""

    @property
    def frames(self) -> int:
        """Frames shown, one at least."""

    @property
    def read(self) -> int:
        """Frames read."""

    @property
    def wrong(self) -> int:
        """Frames in which another text was read."""

    @property
    def reference(self) -> int | None:
        """The reference's rate in per cent."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A degradation of a kind of code as one engine reads it."""

    kind: str
    degradation: str
    unit: str
    engine: str
    levels: tuple[float, ...]
    rates: tuple[float, ...]
    """In per cent, level by level."""
    reference: tuple[int, ...]
    """Empty where the reference has none."""
    frames: int
    wrong: int

    @property
    def mean(self) -> float:
        """Over all levels, in per cent."""
        return sum(self.rates) / len(self.rates)

    @property
    def apart(self) -> float | None:
        """The mean's distance from the reference's, in points; None without a reference."""
        return self.mean - sum(self.reference) / len(self.reference) if self.reference else None

    @property
    def off(self) -> bool:
        """Whether the mean is further from the reference's than it may be."""
        return self.apart is not None and abs(self.apart) > POINTS


def lines(measured: Iterable[Measured]) -> tuple[Line, ...]:
    """The measurements put together by kind, degradation and engine, in the order in which they come."""
    together: dict[tuple[str, str, str], list[Measured]] = {}
    for one in measured:
        together.setdefault((one.kind, one.degradation, one.engine), []).append(one)
    return tuple(_line(cells) for cells in together.values())


def _line(cells: Sequence[Measured]) -> Line:
    first = cells[0]
    references = tuple(cell.reference for cell in cells if cell.reference is not None)
    return Line(
        kind=first.kind,
        degradation=first.degradation,
        unit=first.unit,
        engine=first.engine,
        levels=tuple(cell.level for cell in cells),
        rates=tuple(100 * cell.read / cell.frames for cell in cells),
        reference=references if len(references) == len(cells) else (),
        frames=sum(cell.frames for cell in cells),
        wrong=sum(cell.wrong for cell in cells),
    )


def as_csv(measured: Iterable[Measured]) -> str:
    """One line a measurement, with a heading."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for one in measured:
        reference = "" if one.reference is None else one.reference
        percent = f"{100 * one.read / one.frames:.1f}"
        kept = (one.kind, one.degradation, one.unit, f"{one.level:g}", one.engine, one.frames, one.read, one.wrong)
        table.writerow((*kept, percent, reference))
    return text.getvalue()


def as_text(measured: Iterable[Measured]) -> str:
    """For a terminal: one line a degradation and engine, per cent level by level, and the distance of the mean."""
    told = []
    for line in lines(measured):
        rates = "/".join(f"{rate:.0f}" for rate in line.rates)
        apart = "" if line.apart is None else f"{line.apart:+6.1f}{' !' if line.off else ''}"
        told.append(f"{line.kind:8} {line.degradation:11} {line.engine:9} {rates:30} {line.mean:5.1f} %{apart}")
    return "\n".join(told) + "\n"


def write_decode_rates(folder: Path, measured: Sequence[Measured]) -> tuple[Path, Path]:
    """Write page and table into a folder, which is made; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    page, table = folder / PAGE, folder / TABLE
    page.write_text(as_page(measured), encoding="utf-8")
    table.write_text(as_csv(measured), encoding="utf-8")
    return page, table


_STYLE = """body{font:14px/1.5 system-ui,sans-serif;margin:2em auto;max-width:72em;padding:0 1em}
table{border-collapse:collapse;width:100%}th,td{padding:.2em .6em;text-align:left;border-bottom:1px solid #8884}
td.n{font-variant-numeric:tabular-nums;text-align:center;color:#111}td.off{font-weight:bold;color:#b00}
small{opacity:.7}h2{margin-top:2em}"""
_HEAD = f"""<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Decode rates 识读率</title>
<style>{_STYLE}</style></head><body>
<h1>Decode rates of the virtual optics <small>虚拟光路识读率</small></h1>
<p>Per cent of frames read, level by level from mild to severe; below it the reference.
<span lang="zh-CN">各级劣化（由轻到重）下的识读百分比，其下为参考值。</span></p>
"""


def as_page(measured: Sequence[Measured]) -> str:
    """The page: a table a kind of code, each cell's colour from red (none read) to green (all)."""
    every = lines(measured)
    parts = [_HEAD]
    for kind in dict.fromkeys(line.kind for line in every):
        parts.append(f"<h2>{escape(kind)}</h2><table><thead><tr><th>Degradation 劣化</th><th>Engine 引擎</th>")
        most = max(len(line.levels) for line in every if line.kind == kind)
        parts.append(
            f'<th colspan="{most}">Levels 等级</th><th>Mean 均值</th><th>Apart 差值</th><th>Wrong 误读</th></tr>'
        )
        parts.append("</thead><tbody>")
        parts += [_row(line, most) for line in every if line.kind == kind]
        parts.append("</tbody></table>")
    return "".join([*parts, "</body></html>\n"])


def _row(line: Line, most: int) -> str:
    references: Sequence[int | None] = line.reference or [None] * len(line.rates)
    cells = "".join(
        f'<td class="n" style="background:hsl({1.2 * rate:.0f} 70% 80%)" title="{level:g} {escape(line.unit)}">'
        f"{rate:.0f}{'' if told is None else f'<br><small>{told}</small>'}</td>"
        for level, rate, told in zip(line.levels, line.rates, references, strict=True)
    )
    empty = "<td></td>" * (most - len(line.rates))
    apart = "–" if line.apart is None else f"{line.apart:+.1f}"
    return (
        f"<tr><td>{escape(line.degradation)}<br><small>{escape(line.unit)}</small></td><td>{escape(line.engine)}</td>"
        f'{cells}{empty}<td>{line.mean:.1f}</td><td class="{"off" if line.off else "in"}">{apart}</td>'
        f"<td>{line.wrong}</td></tr>"
    )
