"""The adapter's log on standard error: bench time and what was done; nothing of a person in clear."""

from collections.abc import Callable
from typing import TextIO


class Log:
    """Writes lines; `masked` is what becomes of a person's datum."""

    def __init__(self, out: TextIO, masked: Callable[[str], str]) -> None:
        self._out = out
        self._masked = masked
        self.last_person = ""
        """Whoever was written of last, in clear."""

    def write(self, at: str, text: str, *, person: str = "") -> None:
        """One line; `person` is masked."""
        self.last_person = person or self.last_person
        whose = f" of {self._masked(person)}" if person else ""
        self._out.write(f"{at} {text}{whose}\n")
        self._out.flush()
