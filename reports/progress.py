"""The terminal while a run goes, and after it: a live table, quiet lines in a pipe, or JSON lines for machines.

    with progress_view(as_json=False) as view:
        view.began(60)
        view.case_started("pharmacy/purchase", "A good purchase")
        view.case_ended("pharmacy/purchase", "passed", 0, 412)

A terminal shows the bar, the counts, the last cases, and every case that did not pass; a pipe hears of those alone.
"""

import json
import sys
from collections import Counter, deque
from collections.abc import Mapping
from typing import IO, Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from harness.judge.verdict import Verdict
from reports.summary import print_summary
from reports.vocabulary import COLOURS, OUTCOMES, SIGNS, both, pair, printable

__all__ = ["JsonView", "LiveView", "ProgressView", "QuietView", "print_summary", "progress_view"]

LAST = 6
"""How many cases that ended the live table shows, beside those that did not pass."""


class ProgressView(Protocol):
    """Who shows how a run goes; a context, so that what is shown live is put away however the run ends."""

    def began(self, total: int) -> None:
        """A run of so many cases begins."""
        ...

    def case_started(self, case: str, title: str) -> None:
        """A case begins."""
        ...

    def case_ended(self, case: str, verdict: str, findings: int, elapsed_ms: int) -> None:
        """A case has its verdict: `passed`, `failed` or `inconclusive`."""
        ...

    def __enter__(self) -> Self:
        """Start showing."""
        ...

    def __exit__(self, *_: object) -> None:
        """Stop showing."""
        ...


def progress_view(*, as_json: bool = False, console: Console | None = None, out: IO[str] | None = None) -> ProgressView:
    """The view for where the output goes: JSON lines when asked for, a live table on a terminal, else quiet lines."""
    if as_json:
        return JsonView(out or sys.stdout)
    console = console or Console(file=out, highlight=False)
    return LiveView(console) if console.is_terminal else QuietView(console)


class JsonView:
    """One JSON object a line: `{"event": "case-ended", …}`."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out

    def began(self, total: int) -> None:
        """A run begins."""
        self._say("began", total=total)

    def case_started(self, case: str, title: str) -> None:
        """A case begins."""
        self._say("case-started", case=case, title=title)

    def case_ended(self, case: str, verdict: str, findings: int, elapsed_ms: int) -> None:
        """A case has its verdict."""
        self._say("case-ended", case=case, verdict=verdict, findings=findings, elapsed_ms=elapsed_ms)

    def __enter__(self) -> Self:
        """Nothing is shown live."""
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is shown live."""

    def _say(self, event: str, **fields: str | int) -> None:
        self._out.write(json.dumps({"event": event, **fields}, ensure_ascii=False) + "\n")
        self._out.flush()


class QuietView:
    """A line for each case that did not pass, and nothing else."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def began(self, total: int) -> None:
        """A run begins."""

    def case_started(self, case: str, title: str) -> None:
        """A case begins."""

    def case_ended(self, case: str, verdict: str, findings: int, elapsed_ms: int) -> None:
        """A case has its verdict."""
        if verdict != Verdict.PASSED:
            self._console.print(_line(case, verdict, findings), soft_wrap=True)

    def __enter__(self) -> Self:
        """Nothing is shown live."""
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is shown live."""


class LiveView:
    """A table that is redrawn as cases end, with a bar below; put away when the run ends."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last: deque[tuple[str, str, int, int]] = deque(maxlen=LAST)
        self._counts: Counter[str] = Counter()
        self._running = ""
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            expand=True,
        )
        self._task = self._bar.add_task("cases 用例", total=None)
        self._live = Live(console=console, get_renderable=self._draw, refresh_per_second=8, transient=True)

    def began(self, total: int) -> None:
        """A run begins."""
        self._bar.update(self._task, total=total)

    def case_started(self, case: str, title: str) -> None:
        """A case begins."""
        self._running = printable(f"{case}  {title}")

    def case_ended(self, case: str, verdict: str, findings: int, elapsed_ms: int) -> None:
        """A case has its verdict; one that did not pass stays on the screen for good."""
        self._running = ""
        self._counts[verdict] += 1
        self._last.append((case, verdict, findings, elapsed_ms))
        self._bar.advance(self._task)
        if verdict != Verdict.PASSED:
            self._live.console.print(_line(case, verdict, findings), soft_wrap=True)
        self._live.refresh()

    def __enter__(self) -> Self:
        """Start drawing."""
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Clear what was drawn."""
        self._live.stop()

    def _draw(self) -> RenderableType:
        table = Table(box=None, show_header=False, expand=True, padding=(0, 1))
        table.add_column(width=1)
        table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        table.add_column(justify="right", no_wrap=True)
        for case, verdict, _, elapsed_ms in self._last:
            sign = Text(SIGNS.get(verdict, "·"), style=COLOURS.get(verdict, ""))
            table.add_row(sign, Text(printable(case)), Text(f"{elapsed_ms} ms", style="dim"))
        if self._running:
            table.add_row(Text("▸", style="cyan"), Text(self._running, style="cyan"), Text(""))
        return Group(table, _counts(self._counts), self._bar)


def _line(case: str, verdict: str, findings: int) -> Text:
    more = f"  {findings} finding{'s' if findings != 1 else ''} 个问题" if findings else ""
    return Text.assemble(
        (f"{SIGNS.get(verdict, '·')} {both(OUTCOMES, verdict)}", COLOURS.get(verdict, "")), f"  {printable(case)}{more}"
    )


def _counts(counts: Mapping[str, int]) -> Text:
    parts = [
        (f"{counts.get(word, 0)} {' '.join(pair(OUTCOMES, word))}   ", COLOURS[word] if counts.get(word) else "dim")
        for word in ("passed", "failed", "inconclusive")
    ]
    return Text.assemble("  ", *parts)
