"""Standard output and error as they come: pipes that nobody reads, and streams that cannot spell Chinese."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from harness.casework import View


@contextmanager
def even_unread() -> Iterator[None]:
    """Go on although nobody reads standard output any more (`liantiao … | head -1`); what is left is thrown away."""
    try:
        yield
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)


def spell_everything() -> None:
    """Have both streams spell what their encoding lacks as escapes, instead of failing on it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(text: str) -> None:
    """Tell the person at the terminal; standard output belongs to the result."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def own_output() -> Iterator[IO[str] | None]:
    """Standard output as it is now, of its own: pytest captures what cases print, and a view goes on beside that.

    None when standard output is no file (closed, or replaced by a program around us).
    """
    try:
        number = os.dup(sys.stdout.fileno())
    except (AttributeError, OSError, ValueError):
        yield None
        return
    with (
        suppress(BrokenPipeError),
        os.fdopen(number, "w", encoding=sys.stdout.encoding, errors="backslashreplace") as out,
    ):
        yield out


class UnreadView:
    """A view of a run that goes quiet when nobody reads it any more; the run goes on."""

    def __init__(self, view: "View") -> None:
        self._view: View | None = view

    def began(self, total: int) -> None:
        """So many cases will run."""
        self._show(lambda view: view.began(total))

    def case_started(self, case: str, title: str) -> None:
        """A case begins."""
        self._show(lambda view: view.case_started(case, title))

    def case_ended(self, case: str, verdict: str, findings: int, elapsed_ms: int) -> None:
        """A case has its verdict."""
        self._show(lambda view: view.case_ended(case, verdict, findings, elapsed_ms))

    def _show(self, what: Callable[["View"], None]) -> None:
        if self._view is not None:
            try:
                what(self._view)
            except BrokenPipeError:
                self._view = None
