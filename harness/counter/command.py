"""The command of an adapter under test."""

import sys
from collections.abc import Sequence


def runnable(command: Sequence[str]) -> tuple[str, ...]:
    """A command as it is started: `python` means the interpreter that runs Liantiao, wherever that is."""
    first, *rest = command
    return (sys.executable if first == "python" else first, *rest)
