"""`liantiao simulate scanner` as a process of its own, for tests from outside."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx


@dataclass(frozen=True)
class Running:
    """`liantiao simulate scanner` as a process of its own."""

    at: str
    door: httpx.Client

    @property
    def port(self) -> str:
        """The name of its serial port."""
        return self.at.removeprefix("serial:")


@contextmanager
def simulating(*words: str) -> Iterator[Running]:
    """A box with these options, until the end."""
    command = [sys.executable, "-m", "harness", "simulate", "scanner", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            told = json.loads(process.stdout.readline())
            with httpx.Client(base_url=told["also"]["control"], trust_env=False) as door:
                yield Running(told["at"], door)
        finally:
            process.terminate()
