"""Child processes of a command that end with it, whichever way it ends."""

import os
import shlex
import subprocess
import threading
from collections.abc import Sequence
from typing import Self

from harness.errors import BenchError

GRACE_S = 30
"""How long a child may take to put its own house in order."""


class Family:
    """Runs children from any thread; `end` ends those that run and lets no other start.

    A child's standard input is a pipe that we never write to: should we be killed, it ends, which the child may heed.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._over = False
        self._theirs, self._ours = os.pipe()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        os.close(self._theirs)
        os.close(self._ours)

    def run(self, words: Sequence[str], *, most_s: float) -> tuple[int, str]:
        """Run a child to its end; returns its status and standard error. Raises BenchError when it takes too long."""
        with self._lock:
            if self._over:
                return -1, "not started, since the command was ending"
            child = subprocess.Popen(
                words, stdin=self._theirs, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
            )
            self._running.add(child)
        try:
            said = child.communicate(timeout=most_s)[1]
        except subprocess.TimeoutExpired as error:
            _end(child)
            child.communicate()
            raise BenchError(
                f"`{shlex.join(words)}` did not end within {most_s:.0f} s.",
                cause="an adapter that is slow in every case, or a machine that is far too busy",
                remedy="run that command by hand, or fewer at a time with --workers",
            ) from error
        finally:
            with self._lock:
                self._running.discard(child)
        return child.returncode, said

    def end(self) -> None:
        """Ask every child to end, wait until it has, and kill the one that does not."""
        with self._lock:
            self._over = True
            running = list(self._running)
        for child in running:
            child.terminate()
        for child in running:
            _end(child)


def _end(child: "subprocess.Popen[str]") -> None:
    child.terminate()
    try:
        child.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
