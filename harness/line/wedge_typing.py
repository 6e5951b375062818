"""A box that types: text to boot reports as USB carries them, and reports to the events that the kernel makes of them.

A key is two reports of eight bytes (modifiers, 0, six keys): pressed, then nothing; 28 digits and Enter are 58 reports
and 174 events. What no key of the box's country gives is typed as Alt and keypad digits, or left out, as the box is
set. `KernelKeyboard` compares each report with the one before, so a lost release swallows the same key pressed again.
"""

import struct
from dataclasses import dataclass
from enum import StrEnum

from harness.line.wedge_keys import (
    CODE_OF,
    KEYPAD,
    LEFT_ALT,
    MODIFIER_CODES,
    Country,
    Stroke,
    strokes_for,
)

REPORT_SIZE = 8
RELEASED = bytes(REPORT_SIZE)
INPUT_EVENT = struct.Struct("@llHHi")
"""`struct input_event` of this machine: seconds, microseconds, type, code, value; 24 bytes on 64-bit ones."""
EV_SYN, EV_KEY, EV_MSC = 0, 1, 4
SYN_REPORT, SYN_DROPPED, MSC_SCAN = 0, 3, 4
_KEYPAD_KEYS = {text: usage for usage, text in KEYPAD.items()}
_KEYBOARD_PAGE, _FIRST_MODIFIER = 0x70000, 0xE0
_MODIFIER_CODE = {bit: code for code, bit in MODIFIER_CODES.items()}
_ROLL_OVER = 0x01


class Beyond(StrEnum):
    """What a box does with a character that no key gives."""

    DROP = "drop"
    """Leaves it out, silently, although it has beeped."""
    ALT_GBK = "alt-gbk"
    """Alt and the decimal GBK code on the keypad."""
    ALT_UNICODE = "alt-unicode"
    """Alt and the decimal Unicode code on the keypad."""


@dataclass(frozen=True, kw_only=True)
class Typist:
    """How the box is set: the keyboard it plays, what it does beyond it, and whether it types all by Alt codes."""

    country: Country = Country.US
    beyond: Beyond = Beyond.ALT_GBK
    always_alt: bool = False

    def strokes(self, data: bytes) -> list[Stroke]:
        """The keys for a scan, which is taken for UTF-8."""
        found: list[Stroke] = []
        for character in data.decode("utf-8", errors="replace"):
            stroke = strokes_for(self.country, character)
            if stroke is not None and (not self.always_alt or character in "\r\n\t"):
                found.append(stroke)
            elif (code := self._alt_code(character)) is not None:
                found += [Stroke(usage=_KEYPAD_KEYS[digit], modifiers=LEFT_ALT) for digit in code]
                found.append(Stroke(usage=0))
        return found

    def reports(self, data: bytes) -> list[bytes]:
        """The boot reports for a scan. Alt is held over the digits of one code."""
        found = []
        for stroke in self.strokes(data):
            if stroke.usage:
                found.append(bytes([stroke.modifiers, 0, stroke.usage, 0, 0, 0, 0, 0]))
                found.append(bytes([LEFT_ALT]) + bytes(7) if stroke.modifiers == LEFT_ALT else RELEASED)
            else:
                found.append(RELEASED)
        return found

    def _alt_code(self, character: str) -> str | None:
        """The digits of an Alt code; None when the character is left out."""
        match self.beyond:
            case Beyond.DROP if not (self.always_alt and character.isascii()):
                return None
            case Beyond.ALT_UNICODE:
                number = ord(character)
            case _:
                try:
                    number = int.from_bytes(character.encode("gbk"), "big")
                except UnicodeEncodeError:
                    return None
        return f"{number:04d}" if 0x7F < number <= 0xFF else f"{number:03d}"


class KernelKeyboard:
    """What the kernel makes of a keyboard's reports."""

    def __init__(self) -> None:
        self._modifiers = 0
        self._keys: tuple[int, ...] = ()

    def events(self, report: bytes, *, at_ns: int = 0) -> bytes:
        """The `input_event`s of a report, at a time; nothing when no key has changed, or it is no boot report."""
        if len(report) != REPORT_SIZE or _ROLL_OVER in report[2:]:
            return b""
        changes = [
            (_FIRST_MODIFIER + bit, _MODIFIER_CODE[1 << bit], int(bool(report[0] >> bit & 1)))
            for bit in range(8)
            if (report[0] ^ self._modifiers) >> bit & 1
        ]
        keys = tuple(usage for usage in report[2:] if usage)
        changes += [(usage, CODE_OF.get(usage, 0), 0) for usage in self._keys if usage not in keys]
        changes += [(usage, CODE_OF.get(usage, 0), 1) for usage in keys if usage not in self._keys]
        self._modifiers, self._keys = report[0], keys
        if not changes:
            return b""
        seconds, rest = divmod(at_ns, 1_000_000_000)
        stamp = (seconds, rest // 1000)
        told = b"".join(
            INPUT_EVENT.pack(*stamp, EV_MSC, MSC_SCAN, _KEYBOARD_PAGE + usage)
            + (INPUT_EVENT.pack(*stamp, EV_KEY, code, value) if code else b"")
            for usage, code, value in changes
        )
        return told + INPUT_EVENT.pack(*stamp, EV_SYN, SYN_REPORT, 0)
