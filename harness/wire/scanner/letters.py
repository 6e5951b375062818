"""The single-letter dialect, both sides, without I/O: counter scanners and the boxes that speak like them.

A command is one byte and most have no answer; what is no command is passed over in silence. `i`, `h` and `s` (who are
you, how are you, what is your state) are answered, framed as `SOH STX text ETX EOT` by boxes that frame. `P 01 C`
switches cell-phone mode; `#@nnnnnn<CR>` sets up a CipherLab box by number. Scans leave as on any line.

Assumed, since not published: a box that does not frame its answers ends them as it ends its scans.
"""

import re
from dataclasses import dataclass
from enum import Enum

from harness.wire.scanner.framing import Malformed, Scan, ScanFraming
from harness.wire.scanner.mixed import NEED_MORE, NO_MESSAGE, Message, MixedLine

ANSWER_HEAD = b"\x01\x02"
ANSWER_TAIL = b"\x03\x04"
MAX_ANSWER = 512
SET_UP_SIZE = 9
"""Bytes of `#@nnnnnn<CR>`."""
SILENCE_S = 0.2
"""A command of several bytes whose next byte takes longer is given up (assumed)."""

_SET_UP = re.compile(rb"#(@(\d{0,6}\Z|\d{6}\r)|\Z)")
_CELL_PHONE = b"P\x01C"


class Letter(Enum):
    """The commands."""

    ENABLE = b"E"
    DISABLE = b"D"
    RESET = b"R"
    BEEP = b"B"
    NOT_ON_FILE = b"F"
    FORCE_BEEP = b"\x01"
    BELL = b"\x07"
    IDENTITY = b"i"
    HEALTH = b"h"
    STATE = b"s"
    TRIGGER_PULL = b"T"
    TRIGGER_RELEASE = b"X"
    CELL_PHONE = _CELL_PHONE


_SINGLE = {letter.value[0]: letter for letter in Letter if len(letter.value) == 1}


@dataclass(frozen=True, kw_only=True)
class SetUp:
    """`#@nnnnnn<CR>`: the number of a setting."""

    raw: bytes
    number: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A framed answer."""

    raw: bytes
    text: str


def encode_set_up(number: str) -> bytes:
    """A CipherLab setting. Raises ValueError for what is no number of six digits."""
    if not re.fullmatch(r"[0-9]{6}", number):
        raise ValueError(f"the number of a setting has six digits; {number!r} has not")
    return b"#@" + number.encode() + b"\r"


def encode_answer(text: str) -> bytes:
    """An answer as boxes frame it."""
    return ANSWER_HEAD + text.encode("ascii") + ANSWER_TAIL


class BoxSide:
    """What the host sends, as the box understands it; fed in any pieces."""

    def __init__(self) -> None:
        self._held = b""

    @property
    def pending(self) -> bool:
        """Whether a command of several bytes has begun; `idle` is due after SILENCE_S without a byte."""
        return bool(self._held)

    def feed(self, data: bytes) -> list[Letter | SetUp | Malformed]:
        """Take bytes; returns the commands, and what was none."""
        self._held += data
        found: list[Letter | SetUp | Malformed] = []
        while self._held:
            size, event = self._next()
            if size == 0:
                break
            self._held = self._held[size:]
            found.append(event)
        return found

    def idle(self) -> list[Letter | SetUp | Malformed]:
        """The line has been silent: what has begun is over; letters in it are commands."""
        found: list[Letter | SetUp | Malformed] = []
        while self._held:
            first, rest = self._held[:1], self._held[1:]
            self._held = b""
            found.append(_SINGLE.get(first[0], Malformed(first, "is no command")))
            found += self.feed(rest)
        return found

    def _next(self) -> tuple[int, Letter | SetUp | Malformed]:
        """The first event held and its size; size 0 when more bytes are due."""
        held = self._held
        if held.startswith(_CELL_PHONE):
            return len(_CELL_PHONE), Letter.CELL_PHONE
        if _CELL_PHONE.startswith(held):
            return 0, Letter.CELL_PHONE
        if (letter := _SINGLE.get(held[0])) is not None:
            return 1, letter
        head = held[:SET_UP_SIZE]
        if _SET_UP.match(head):
            if len(head) < SET_UP_SIZE:
                return 0, Letter.CELL_PHONE
            return SET_UP_SIZE, SetUp(raw=head, number=head[2:8].decode())
        return 1, Malformed(held[:1], "is no command")


class HostSide:
    """What the box sends, as the host understands it: framed answers and scans on one line, fed in any pieces."""

    def __init__(self, framing: ScanFraming) -> None:
        self._line = MixedLine(framing, _answer_at, markers=(ANSWER_HEAD[:1],))

    @property
    def pending(self) -> bool:
        """Whether something has begun and not ended; then `idle` is due after the idle gap."""
        return self._line.pending

    def feed(self, data: bytes) -> list[Scan | Answer | Malformed]:
        """Take bytes; returns the scans and answers that are now complete."""
        return [_told(found) for found in self._line.feed(data)]

    def idle(self) -> list[Scan | Answer | Malformed]:
        """The line has been silent for the idle gap: whatever has begun is over."""
        return [_told(found) for found in self._line.idle()]


def _told(found: Scan | Message | Malformed) -> Scan | Answer | Malformed:
    if not isinstance(found, Message):
        return found
    return Answer(raw=found.raw, text=found.raw[2:-2].decode("ascii", errors="backslashreplace"))


def _answer_at(held: bytes, at: int) -> int:
    if not ANSWER_HEAD.startswith(held[at : at + 2]):
        return NO_MESSAGE
    end = held.find(ANSWER_TAIL, at + 2, at + MAX_ANSWER)
    if end >= 0:
        return end + 2 - at
    return NEED_MORE if len(held) - at < MAX_ANSWER else NO_MESSAGE
