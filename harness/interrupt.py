"""Ctrl-C and SIGTERM: the first one ends the work, the ones after it do not disturb the ending.

    with one_interrupt() as interruption:      # the whole of a command
        ...
        with shielded():                       # what must not be torn apart: a process started, a case ended
            ...

Outside the main thread, which alone may handle signals, both do nothing.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Whether somebody wants the work to end."""

    def __init__(self) -> None:
        self.noted = False

    def take(self, _: int, __: FrameType | None) -> None:
        """Handle a signal: the first raises KeyboardInterrupt; after it the work is ending already."""
        if not self.noted:
            self.noted = True
            raise KeyboardInterrupt


@contextmanager
def one_interrupt() -> Iterator[Interruption]:
    """Let SIGINT and SIGTERM raise KeyboardInterrupt once; `noted` says so for whoever never saw it raised."""
    interruption = Interruption()
    with _handled(interruption.take):
        yield interruption


@contextmanager
def shielded() -> Iterator[None]:
    """Hold SIGINT and SIGTERM back until the block has ended."""
    held: list[int] = []
    try:
        with _handled(lambda number, _: held.append(number)):
            yield
    finally:
        if held:
            signal.raise_signal(held[0])


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in SIGNALS}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, signal.SIG_DFL if former is None else former)
