"""What a host's window receives from a keyboard's events: layout, Caps Lock, Num Lock, Alt codes and an input method.

A scan typed by a wedge is right only if box and host agree on all of these; each is a setting here, so that a case can
have them disagree. Linux does not know Alt codes: their digits arrive as digits (`029` for GS).

The input method is modelled, since real ones differ by maker and version (assumed): PINYIN holds letters back; a digit
or the space bar then picks a candidate, which stands as 〓 here for want of a dictionary, and Enter commits the letters
as they are and is lost; without letters held, digits pass. FULL_WIDTH turns ASCII into its full-width forms.
"""

from dataclasses import dataclass
from enum import StrEnum

from harness.line.wedge_keys import (
    BACKSPACE,
    CAPS_LOCK,
    ESCAPE,
    KEYPAD,
    LEFT_ALT,
    MODIFIER_CODES,
    NUM_LOCK,
    USAGE_OF,
    Country,
    typed,
)
from harness.line.wedge_typing import EV_KEY, EV_SYN, INPUT_EVENT, SYN_DROPPED, SYN_REPORT

CANDIDATE = "〓"
MAX_COMPOSED = 64
_RELEASE, _PRESS = 0, 1


class InputMethod(StrEnum):
    """What stands between keys and the window."""

    NONE = "none"
    PINYIN = "pinyin"
    FULL_WIDTH = "full-width"


class AltCodes(StrEnum):
    """What the host makes of Alt and keypad digits."""

    NONE = "none"
    """The digits leak, as on Linux."""
    GBK = "gbk"
    UNICODE = "unicode"


@dataclass(frozen=True, kw_only=True)
class HostKeyboard:
    """How the host is set; its locks are as they are before the first key."""

    country: Country = Country.US
    caps_lock: bool = False
    num_lock: bool = True
    alt_codes: AltCodes = AltCodes.NONE
    method: InputMethod = InputMethod.NONE


class KeyReader:
    """Text from a stream of `input_event`s, fed in any pieces."""

    def __init__(self, host: HostKeyboard | None = None) -> None:
        self._host = host or HostKeyboard()
        self._held = b""
        self._modifiers = 0
        self._caps = self._host.caps_lock
        self._num = self._host.num_lock
        self._alt_digits = ""
        self._composed = ""
        self._resync = False
        self.dropped = 0
        """How often the kernel said that it had to drop events, since nobody read them in time."""

    def feed(self, data: bytes) -> str:
        """Take bytes; returns what the window has received. Enter is CR, Tab is TAB."""
        held = self._held + data
        whole = len(held) - len(held) % INPUT_EVENT.size
        self._held = held[whole:]
        out = []
        for _, _, kind, code, value in INPUT_EVENT.iter_unpack(held[:whole]):
            if kind == EV_SYN:
                self._synchronise(code)
            elif kind == EV_KEY and not self._resync:
                out.append(self._key(code, value))
        return "".join(out)

    def _synchronise(self, code: int) -> None:
        """After a loss, events up to the next report are worthless, and keys are no longer known to be down."""
        if code == SYN_DROPPED:
            self.dropped += 1
            self._resync = True
        elif code == SYN_REPORT and self._resync:
            self._resync = False
            self._modifiers = 0
            self._alt_digits = ""

    def _key(self, code: int, value: int) -> str:
        if (bit := MODIFIER_CODES.get(code)) is not None:
            self._modifiers = self._modifiers & ~bit if value == _RELEASE else self._modifiers | bit
            return self._alt_released() if bit == LEFT_ALT and value == _RELEASE else ""
        usage = USAGE_OF.get(code)
        if value != _PRESS or usage is None:
            return ""
        match usage:
            case _ if usage == CAPS_LOCK:
                self._caps = not self._caps
                return ""
            case _ if usage == NUM_LOCK:
                self._num = not self._num
                return ""
            case _ if usage in KEYPAD:
                return self._keypad(KEYPAD[usage])
            case _:
                text = typed(self._host.country, usage, self._modifiers, caps_lock=self._caps)
                return self._through_method(usage, text)

    def _keypad(self, digit: str) -> str:
        if self._modifiers & LEFT_ALT and self._host.alt_codes is not AltCodes.NONE:
            self._alt_digits += digit
            return ""
        return self._through_method(0, digit) if self._num else ""

    def _alt_released(self) -> str:
        digits, self._alt_digits = self._alt_digits[:8], ""
        if not digits.isdigit():
            return ""
        number = int(digits)
        try:
            if self._host.alt_codes is AltCodes.UNICODE:
                return chr(number)
            return number.to_bytes(2 if number > 0xFF else 1, "big").decode("gbk")
        except (ValueError, OverflowError):
            return ""

    def _through_method(self, usage: int, text: str) -> str:
        match self._host.method:
            case InputMethod.NONE:
                return text
            case InputMethod.FULL_WIDTH:
                return "".join(_full_width(character) for character in text)
            case InputMethod.PINYIN:
                return self._pinyin(usage, text)

    def _pinyin(self, usage: int, text: str) -> str:
        if usage == BACKSPACE:
            self._composed = self._composed[:-1]
            return ""
        if usage == ESCAPE:
            self._composed = ""
            return ""
        if text.isascii() and text.isalpha():
            self._composed = (self._composed + text)[-MAX_COMPOSED:]
            return ""
        composed, self._composed = self._composed, ""
        if not composed:
            return text
        if text == "\r":
            return composed
        if text == " " or text.isdigit():
            return CANDIDATE
        return CANDIDATE + text


def _full_width(character: str) -> str:
    if character == " ":
        return "\N{IDEOGRAPHIC SPACE}"
    return chr(ord(character) + 0xFEE0) if "!" <= character <= "~" else character
