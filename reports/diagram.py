"""The sequence diagram of a case as inline SVG: fixed width a life line, as tall as the case is long.

    svgs = draw(history, anchor="c3", marks={45: "1"})

Every step is a link to `#<anchor>-r<record>`, where the page shows the decoded message; hovering tells the record and
what it says. Records in `marks` are red and bear the mark's text, the number of the finding. Colours are classes, so
that the page decides them for light, dark and print. The same history gives the same bytes.
"""

import math
import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from html import escape

from harness.clock import BEIJING, NS
from harness.judge.history import CaseHistory
from reports.sequence import sequence
from reports.steps import Arrow, Lane, Note, Sequence, Step

MARGIN = 92
"""Left of the life lines: record numbers and the bench clock."""
LANE = 172
HEAD = 52
TOP, BOTTOM = HEAD + 8.0, 10.0
"""Where the first step of a sheet stands, and the room below its last."""
SHEET = 780
"""A case longer than this is split evenly into SVGs, with the parties named again: for the eye, and for paper."""
LINE_HEIGHT = 14
NOTE_WIDTH = LANE - 10
PADDING = 6
SIZE, SMALL = 11.5, 10.5
"""Font sizes of labels and details, in pixels."""
MAX_LINES = 3
PIECES = re.compile(r"[\u2e80-\uffef]+ ?|[^\s\u2e80-\uffef-]*-+ ?|[^\s\u2e80-\uffef-]+ ?")
"""Between these a line may break: after a blank or a hyphen, and where Chinese begins or ends."""


def draw(history: CaseHistory, *, anchor: str = "", marks: Mapping[int, str] | None = None) -> str:
    """The diagram of a case, as one or more SVGs; `anchor` begins the targets of its links, none without it."""
    shown = sequence(history)
    width = MARGIN + LANE * max(1, len(shown.lanes))
    red = _marked_steps(shown.steps, marks or {})
    sheets: list[str] = []
    parts: list[str] = []
    total = sum(_step(step, shown, y=0, width=width, anchor="", mark="")[1] for step in shown.steps)
    fair = TOP + total / math.ceil(total / (SHEET - TOP)) if total else SHEET
    y = TOP
    before: int | None = None
    for number, step in enumerate(shown.steps):
        if y >= fair and parts:
            sheets.append(_sheet(parts, shown.lanes, history.case, width=width, height=y + BOTTOM))
            parts, y, before = [], TOP, None
        text, height = _step(step, shown, y=y, width=width, anchor=anchor, mark=red.get(number, ""))
        parts += [_gutter(step, y=y + PADDING + LINE_HEIGHT, time=step.at_ns != before), text]
        before = step.at_ns
        y += height
    return "".join([*sheets, _sheet(parts, shown.lanes, history.case, width=width, height=y + BOTTOM)])


def _sheet(parts: list[str], lanes: tuple[Lane, ...], case: str, *, width: int, height: float) -> str:
    size = f'viewBox="0 0 {width} {_n(height)}" width="{width}" height="{_n(height)}"'
    label = escape(f"Sequence of {case} 时序图", quote=True)
    opening = f'<svg class="seq" {size} role="img" aria-label="{label}" xmlns="http://www.w3.org/2000/svg">'
    return "".join([opening, *_life_lines(lanes, height), *parts, "</svg>"])


def _marked_steps(steps: tuple[Step, ...], marks: Mapping[int, str]) -> dict[int, str]:
    """Which step shows each marked record: its own, else the last one before it."""
    red: dict[int, str] = {}
    for seq, text in sorted(marks.items()):
        own = [i for i, step in enumerate(steps) if step.seq == seq]
        near = own or [i for i, step in enumerate(steps) if step.seq <= seq][-1:]
        for number in near[:1]:
            red[number] = f"{red[number]}, {text}" if number in red else text
    return red


def _x(lanes: tuple[Lane, ...], name: str) -> float:
    index = next((i for i, lane in enumerate(lanes) if lane.name == name), 0)
    return MARGIN + LANE * (index + 0.5)


def _life_lines(lanes: tuple[Lane, ...], total: float) -> Iterator[str]:
    for number, lane in enumerate(lanes):
        x = MARGIN + LANE * (number + 0.5)
        yield f'<line class="life" x1="{_n(x)}" y1="{HEAD}" x2="{_n(x)}" y2="{_n(total - 4)}"/>'
        kind = " sut" if lane.name == "adapter" else ""
        box = f'x="{_n(x - LANE / 2 + 8)}" y="6" width="{LANE - 16}" height="{HEAD - 10}" rx="6"'
        yield f'<g class="party{kind}"><rect {box}/>'
        en, zh = lane.title
        yield f'<text x="{_n(x)}" y="{24 if zh else 32}">{escape(_cut(en, LANE - 24, 12.5))}</text>'
        if zh:
            yield f'<text class="zh" x="{_n(x)}" y="40">{escape(_cut(zh, LANE - 24, SIZE))}</text>'
        yield "</g>"


def _gutter(step: Step, *, y: float, time: bool) -> str:
    seconds = step.at_ns // NS
    day = (seconds + int(BEIJING.utcoffset(None).total_seconds())) % 86_400
    clock = f"{day // 3600:02d}:{day // 60 % 60:02d}:{day % 60:02d}"
    number = f'<text class="no" x="4" y="{_n(y)}">#{step.seq}</text>' if step.place == step.seq else ""
    return number + (f'<text class="when" x="42" y="{_n(y)}">{clock}</text>' if time else "")


def _step(step: Step, shown: Sequence, *, y: float, width: int, anchor: str, mark: str) -> tuple[str, float]:
    match step:
        case Arrow():
            body, height = _arrow(step, shown.lanes, y=y, mark=mark)
        case Note(lane=""):
            body, height = _band(step, y=y, width=width, mark=mark)
        case Note():
            body, height = _note(step, shown.lanes, y=y, mark=mark)
    says = " · ".join(part for part in (step.label, step.detail) if part)
    red = " bad" if mark else ""
    inner = f"<title>#{step.seq} {escape(says, quote=False)}</title>{body}"
    looks = f"s {step.look.value}{red}"
    if not anchor:
        return f'<g class="{looks}">{inner}</g>', height
    return f'<a class="{looks}" href="#{escape(anchor, quote=True)}-r{step.seq}">{inner}</a>', height


def _arrow(step: Arrow, lanes: tuple[Lane, ...], *, y: float, mark: str) -> tuple[str, float]:
    start, end = _x(lanes, step.source), _x(lanes, step.target)
    if start == end:
        end = start + LANE * 0.4
    forward = 1 if end > start else -1
    room = max(abs(end - start) - 16, LANE - 16)
    labels, details = wrap(step.label, room, SIZE), wrap(step.detail, room, SMALL)
    line = y + PADDING + LINE_HEIGHT * len(labels) + 2
    stop = start + (end - start) * 0.62 if step.lost else end - forward * 2
    middle = (start + (stop if step.lost else end)) / 2
    parts = [_lines(labels, middle, y + PADDING, SIZE, "l"), _lines(details, middle, line + 3, SMALL, "d")]
    parts.append(f'<line class="shaft" x1="{_n(start)}" y1="{_n(line)}" x2="{_n(stop)}" y2="{_n(line)}"/>')
    if step.lost:
        parts.append(f'<path class="cross" d="M{_n(stop - 5)} {_n(line - 5)}l10 10m0 -10l-10 10"/>')
    else:
        parts.append(f'<path class="tip" d="M{_n(stop)} {_n(line)}l{-9 * forward} -4.5v9z"/>')
    parts.append(_badge(mark, start, line))
    return "".join(parts), line - y + 5 + LINE_HEIGHT * len(details) + PADDING


def _note(step: Note, lanes: tuple[Lane, ...], *, y: float, mark: str) -> tuple[str, float]:
    x = _x(lanes, step.lane)
    labels, details = wrap(step.label, NOTE_WIDTH - 12, SIZE), wrap(step.detail, NOTE_WIDTH - 12, SMALL)
    height = LINE_HEIGHT * (len(labels) + len(details)) + 7
    left, top = x - NOTE_WIDTH / 2, y + PADDING
    below = top + 2 + LINE_HEIGHT * len(labels)
    box = f'<rect class="box" x="{_n(left)}" y="{_n(top)}" width="{NOTE_WIDTH}" height="{height}" rx="4"/>'
    text = _lines(labels, x, top + 2, SIZE, "l") + _lines(details, x, below, SMALL, "d")
    return box + text + _badge(mark, left, top), height + 2 * PADDING


def _band(step: Note, *, y: float, width: int, mark: str) -> tuple[str, float]:
    room = width - MARGIN - 24
    labels, details = wrap(step.label, room, SIZE), wrap(step.detail, room, SMALL)
    height = LINE_HEIGHT * (len(labels) + len(details)) + 8
    top, x = y + PADDING, MARGIN + (width - MARGIN) / 2
    box = f'<rect class="box" x="{MARGIN}" y="{_n(top)}" width="{width - MARGIN - 6}" height="{height}" rx="4"/>'
    below = top + 3 + LINE_HEIGHT * len(labels)
    text = _lines(labels, x, top + 3, SIZE, "l") + _lines(details, x, below, SMALL, "d")
    return box + text + _badge(mark, MARGIN, top), height + 2 * PADDING


def _badge(mark: str, x: float, y: float) -> str:
    if not mark:
        return ""
    size = max(18.0, text_width(mark, SMALL) + 10)
    box = f'x="{_n(x - size / 2)}" y="{_n(y - 9)}" width="{_n(size)}" height="18" rx="9"'
    return f'<g class="badge"><rect {box}/><text x="{_n(x)}" y="{_n(y + 4)}">{escape(mark)}</text></g>'


def _lines(lines: tuple[str, ...], x: float, top: float, size: float, kind: str) -> str:
    return "".join(
        f'<text class="{kind}" x="{_n(x)}" y="{_n(top + LINE_HEIGHT * (i + 1) - (LINE_HEIGHT - size))}">'
        f"{escape(line, quote=False)}</text>"
        for i, line in enumerate(lines)
    )


def text_width(text: str, size: float) -> float:
    """About how wide a text is in pixels, rather too wide than too narrow: the reader's font is not known."""
    return sum(size * _em(char) for char in text)


@lru_cache(maxsize=4096)
def _em(char: str) -> float:
    if unicodedata.east_asian_width(char) in "WF":
        return 1.0
    if char in "il.,:;|'!()[] ":
        return 0.36
    return 0.74 if char.isupper() or char in "mwMW%@" else 0.63


@lru_cache(maxsize=4096)
def wrap(text: str, room: float, size: float) -> tuple[str, ...]:
    """A text in at most three lines of a width in pixels; what does not fit ends in an ellipsis."""
    lines = [""]
    for piece in PIECES.findall(" ".join(text.split())):
        word = piece
        if lines[-1] and text_width(lines[-1] + word.rstrip(), size) > room:
            lines.append("")
        while text_width(word.rstrip(), size) > room:
            fits = next(n for n in range(len(word), 0, -1) if n == 1 or text_width(word[:n], size) <= room)
            lines[-1:] = [word[:fits], ""]
            word = word[fits:]
        lines[-1] += word
    lines = [line.rstrip() for line in lines if line.strip()]
    if len(lines) > MAX_LINES:
        lines = [*lines[: MAX_LINES - 1], " ".join(lines[MAX_LINES - 1 : MAX_LINES + 1])]
    return tuple(_cut(line, room, size) for line in lines)


def _cut(text: str, room: float, size: float) -> str:
    if text_width(text, size) <= room:
        return text
    while text and text_width(text + "…", size) > room:
        text = text[:-1]
    return text + "…"


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
