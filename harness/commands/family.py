"""Child processes of a command that begin where it stands, with everything loaded, and end with it however it ends.

The children come from a fork server, which has loaded once what each of them needs; where the system has none (Windows)
each child starts from nothing, which takes longer and changes nothing else.
"""

import multiprocessing
import os
import shlex
import signal
import tempfile
import threading
from collections.abc import Callable, Sequence
from itertools import count
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Self

from harness.errors import BenchError

GRACE_S = 30
"""How long a child may take to put its own house in order."""


class Family:
    """Runs children from any thread; `end` ends those that run and lets no other start.

    `loaded`: modules that a child needs, loaded beforehand.

    A child's standard output is dropped, its input is empty; it gets SIGTERM when we are gone, even killed.
    """

    def __init__(self, *, loaded: Sequence[str] = ()) -> None:
        self._context = _context()
        self._context.set_forkserver_preload(list(loaded))
        self._lock = threading.Lock()
        self._running: set[BaseProcess] = set()
        self._over = False
        self._said = tempfile.TemporaryDirectory(prefix="liantiao-family-")
        self._numbers = count()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        self._said.cleanup()

    def run(self, work: Callable[..., object], *arguments: object, most_s: float) -> tuple[int, str]:
        """Do this work in a child; returns its exit status, or minus the signal that ended it, and its standard error.

        The work and its arguments are pickled. Raises BenchError when it takes longer than `most_s` seconds.
        """
        said = Path(self._said.name) / str(next(self._numbers))
        with self._lock:
            if self._over:
                return -1, "not started, since the command was ending"
            child = self._context.Process(target=_alone, args=(said, work, arguments))
            child.start()
            self._running.add(child)
        try:
            if not wait([child.sentinel], most_s):
                self._end(child)
                raise BenchError(
                    f"A child did not end within {most_s:.0f} s.",
                    cause="an adapter that is slow in every case, or a machine that is far too busy",
                    remedy=f"try fewer at a time, or it alone: {shlex.join(map(str, arguments))}",
                )
            status = self._status(child)
        finally:
            with self._lock:
                self._running.discard(child)
        return status, said.read_text(encoding="utf-8", errors="replace") if said.exists() else ""

    def end(self) -> None:
        """Ask every child to end, wait until it has, and kill the one that does not."""
        with self._lock:
            self._over = True
            running = list(self._running)
            for child in running:
                child.terminate()
        for child in running:
            self._end(child)

    def _end(self, child: BaseProcess) -> None:
        with self._lock:
            child.terminate()
        if not wait([child.sentinel], GRACE_S):
            with self._lock:
                child.kill()
            wait([child.sentinel])

    def _status(self, child: BaseProcess) -> int:
        with self._lock:  # a start in another thread looks at every child, too, and only one look learns the status
            child.join()
            return -1 if child.exitcode is None else child.exitcode


def _context() -> ForkServerContext | SpawnContext:
    if "forkserver" in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("forkserver")
    return multiprocessing.get_context("spawn")


def _alone(said: Path, work: Callable[..., object], arguments: Sequence[object]) -> None:
    """A child's whole life."""
    _redirect(Path(os.devnull), 1)
    _redirect(said, 2)
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(target=_end_with, args=(parent.sentinel,), name="parent", daemon=True).start()
    work(*arguments)


def _redirect(file: Path, number: int) -> None:
    opened = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)
    os.dup2(opened, number)
    os.close(opened)


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
