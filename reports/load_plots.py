"""Small SVG pictures for the pages of a load: lines, bands and points on a linear or logarithmic axis.

Text in them is escaped; colours are the page's own, so that they follow light and dark.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 720, 300
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 14, 44
_DASHES = {False: "", True: ' stroke-dasharray="5 4"'}


@dataclass(frozen=True, kw_only=True)
class Line:
    """Points to be joined, or with `dots` shown by themselves; `colour` is a variable of the page's style."""

    points: Sequence[tuple[float, float]]
    label: str
    colour: str
    dashed: bool = False
    dots: bool = False


@dataclass(frozen=True, kw_only=True)
class Band:
    """The area between two curves: (x, low, high)."""

    points: Sequence[tuple[float, float, float]]
    colour: str


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One axis; `least` and `most` are widened to whole ticks."""

    label: str
    least: float
    most: float
    log: bool = False

    @property
    def ticks(self) -> list[float]:
        """Where the numbers stand, in order."""
        if self.log:
            low, high = math.floor(math.log10(self.least)), math.ceil(math.log10(self.most))
            made = [m * 10.0**e for e in range(low, high + 1) for m in (1, 2, 5)]
            within = [tick for tick in made if self.least <= tick * 1.0001 and tick <= self.most * 1.0001]
            return within if len(within) >= 2 else [self.least, self.most]
        span = self.most - self.least or 1.0
        step = 10.0 ** math.floor(math.log10(span / 4))
        step = next(step * m for m in (1, 2, 5, 10) if span / (step * m) <= 6)
        first = math.ceil(self.least / step - 1e-9)
        return [k * step for k in range(first, math.floor(self.most / step + 1e-9) + 1)]

    def share(self, value: float) -> float:
        """Where a value lies between the ends, 0 to 1."""
        if self.log:
            low, high = math.log10(self.least), math.log10(self.most)
            value = math.log10(max(value, self.least))
        else:
            low, high = self.least, self.most
        return min(1.0, max(0.0, (value - low) / (high - low or 1.0)))


def plot(title: str, x: Axis, y: Axis, lines: Sequence[Line], bands: Sequence[Band] = ()) -> str:
    """An SVG picture; `title` is read out by screen readers."""
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}" xmlns="http://www.w3.org/2000/svg">'
    ]
    for tick in y.ticks:
        at = _down(y, tick)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}" stroke="var(--rule)"/>')
        parts.append(_text(LEFT - 7, at + 4, f"{tick:g}", "end"))
    for tick in x.ticks:
        parts.append(_text(_across(x, tick), HEIGHT - BOTTOM + 17, f"{tick:g}", "middle"))
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, x.label, "middle"))
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(
        f'<text x="14" y="{middle:.0f}" transform="rotate(-90 14 {middle:.0f})" text-anchor="middle" '
        f'font-size="12" fill="var(--soft)">{escape(y.label)}</text>'
    )
    for band in bands:
        upper = [f"{_across(x, a):.1f},{_down(y, high):.1f}" for a, _, high in band.points]
        lower = [f"{_across(x, a):.1f},{_down(y, low):.1f}" for a, low, _ in reversed(band.points)]
        parts.append(f'<polygon points="{" ".join(upper + lower)}" fill="var(--{band.colour})" opacity="0.18"/>')
    parts += [_line(x, y, line) for line in lines]
    for number, line in enumerate(lines):
        at = TOP + 14 + 17 * number
        parts.append(f'<rect x="{LEFT + 12}" y="{at - 9}" width="14" height="4" fill="var(--{line.colour})"/>')
        parts.append(_text(LEFT + 32, at - 2, line.label, "start"))
    return "".join([*parts, "</svg>"])


def _line(x: Axis, y: Axis, line: Line) -> str:
    places = [(_across(x, a), _down(y, b)) for a, b in line.points]
    if line.dots:
        return "".join(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="var(--{line.colour})"/>' for a, b in places)
    joined = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
    dashes = _DASHES[line.dashed]
    return f'<polyline points="{joined}" fill="none" stroke="var(--{line.colour})" stroke-width="1.8"{dashes}/>'


def _across(axis: Axis, value: float) -> float:
    return LEFT + axis.share(value) * (WIDTH - LEFT - RIGHT)


def _down(axis: Axis, value: float) -> float:
    return HEIGHT - BOTTOM - axis.share(value) * (HEIGHT - TOP - BOTTOM)


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="12" fill="var(--soft)">{escape(text)}</text>'
    )
