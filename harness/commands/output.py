"""Standard output and error as they come: closed, pipes that nobody reads, streams that cannot spell Chinese."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedWriter, FileIO, TextIOWrapper
from typing import IO, TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

STANDARD_ERROR = 2


@contextmanager
def even_unread() -> Iterator[None]:
    """Go on although nobody reads standard output any more (`liantiao … | head -1`); what is left is thrown away."""
    try:
        yield
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)


class _EvenUnread(FileIO):
    """A descriptor that leads nowhere once its reader has left (`liantiao … | head -1`): that is no reason to fail."""

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write, or throw away what nobody would read; what fails otherwise fails once, not again at the very end."""
        try:
            return super().write(data)
        except OSError as error:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            if not isinstance(error, BrokenPipeError):
                raise
            return super().write(data)


def spell_everything() -> None:
    """Make both streams fit for all that we say, however we were started: a status then tells of the work alone.

    What their encoding lacks is spelled as escapes, and a reader that leaves is not missed. Descriptors that were
    closed lead nowhere from now on; else the next file to be opened, a tape perhaps, would become standard error.
    """
    while (nowhere := os.open(os.devnull, os.O_RDWR)) <= STANDARD_ERROR:
        os.set_inheritable(nowhere, True)
    os.close(nowhere)
    sys.stdout = _fit(sys.stdout, sys.__stdout__, 1)
    sys.stderr = _fit(sys.stderr, sys.__stderr__, STANDARD_ERROR)


def _fit(stream: TextIO | None, first: TextIO | None, number: int) -> TextIO:
    """The stream to use from now on; one that a program around us has put there stays."""
    if stream is not None and stream is not first:
        return stream
    if not isinstance(stream, TextIOWrapper):
        return writer(number, encoding="utf-8", at_once=True, close=False)
    stream.flush()
    at_once = stream.line_buffering or stream.write_through
    return writer(number, encoding=stream.encoding, at_once=at_once, close=False)


def writer(number: int, *, encoding: str, at_once: bool, close: bool) -> TextIOWrapper:
    """A stream to a descriptor that spells everything and does not miss its reader."""
    bytes_out = BufferedWriter(_EvenUnread(number, "w", closefd=close))
    return TextIOWrapper(bytes_out, encoding=encoding, errors="backslashreplace", line_buffering=at_once)


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
    with writer(number, encoding=sys.stdout.encoding, at_once=False, close=True) as out:
        yield out
