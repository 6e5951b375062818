"""What a social card's chip remembers: how often in a row its password was typed wrongly, and whether that locked it.

The chip counts, not the terminal, so a terminal that is switched off and on, or another one with the same file, finds
the card as it is. The right password forgets the wrong ones. A locked card takes no password until the card office
(back door, assumed) unlocks it.
"""

import json
import os
from pathlib import Path

from harness.errors import BenchError


class Chips:
    """The chips of everybody's cards, by card serial; `most` wrong passwords in a row lock one. In a file, if named."""

    def __init__(self, *, most: int, file: str = "") -> None:
        self._most = most
        self._file = Path(file) if file else None
        self._wrong: dict[str, int] = {}

    def open(self) -> None:
        """Read the file, if there is one. Raises BenchError for one that is none of ours."""
        if self._file is None or not self._file.exists():
            return
        try:
            self._wrong = _counts(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise BenchError(
                f"The file of the cards {self._file} cannot be read: {error}.",
                cause="it is another file, or it was cut",
                remedy="name another file with the setting cards, or delete this one",
            ) from error

    def locked(self, card_sn: str) -> bool:
        """Whether a card takes no password any more."""
        return self.left(card_sn) == 0

    def left(self, card_sn: str) -> int:
        """How many wrong passwords a card still takes."""
        return max(0, self._most - self._wrong.get(card_sn, 0))

    def wrong(self, card_sn: str) -> int:
        """A wrong password was typed; how many are left. Raises BenchError when the file cannot be written."""
        self._wrong[card_sn] = self._wrong.get(card_sn, 0) + 1
        self._keep()
        return self.left(card_sn)

    def right(self, card_sn: str) -> None:
        """The right one was typed, or the card office has unlocked it. Raises BenchError like `wrong`."""
        if self._wrong.pop(card_sn, None) is not None:
            self._keep()

    def clear(self) -> None:
        """All cards are new. Raises BenchError like `wrong`."""
        self._wrong.clear()
        if self._file is not None and self._file.exists():
            self._keep()

    def state(self) -> dict[str, int]:
        """How many are left of each card that has taken a wrong one, by serial."""
        return {card_sn: self.left(card_sn) for card_sn in sorted(self._wrong)}

    def _keep(self) -> None:
        if self._file is None:
            return
        draft = self._file.with_name(self._file.name + ".new")
        try:
            with draft.open("w", encoding="utf-8") as file:
                json.dump(self._wrong, file)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._file)
        except OSError as error:
            raise BenchError(
                f"The file of the cards {self._file} cannot be written: {error.strerror}.",
                cause="the folder is missing or not yours, or the disk is full",
                remedy="name another file with the setting cards, or leave it out",
            ) from error


def _counts(text: str) -> dict[str, int]:
    found = json.loads(text)
    if not isinstance(found, dict) or not all(type(count) is int for count in found.values()):
        raise ValueError("it is no object of whole numbers")
    return found
