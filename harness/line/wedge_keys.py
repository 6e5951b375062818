"""Keys of a USB keyboard: HID usages, Linux key codes, and what each types under a country's layout.

A box that types (keyboard wedge, 键盘口) knows usages; the kernel makes key codes of them; the host's layout makes
characters. The three tables are data: USB HID usage tables (page 7), the Linux input event codes, and the national
layouts for printable ASCII as far as a single key with or without Shift (AltGr where marked) gives it; dead keys are
left out.
"""

from dataclasses import dataclass
from enum import StrEnum

LEFT_CTRL, LEFT_SHIFT, LEFT_ALT, LEFT_GUI, RIGHT_CTRL, RIGHT_SHIFT, RIGHT_ALT, RIGHT_GUI = (
    1 << bit for bit in range(8)
)
"""The bits of a boot report's first byte."""
SHIFTS = LEFT_SHIFT | RIGHT_SHIFT
ALTS = LEFT_ALT
ENTER, ESCAPE, BACKSPACE, TAB, SPACE = 0x28, 0x29, 0x2A, 0x2B, 0x2C
CAPS_LOCK, NUM_LOCK, KP_ENTER, DOWN = 0x39, 0x53, 0x58, 0x51
KP_1, KP_0 = 0x59, 0x62
MODIFIER_CODES = {29: 1, 42: 2, 56: 4, 125: 8, 97: 16, 54: 32, 100: 64, 126: 128}
"""Linux key codes of the modifiers, and their bits."""

_LETTER_CODES = (30, 48, 46, 32, 18, 33, 34, 35, 23, 36, 37, 38, 50, 49, 24, 25, 16, 19, 31, 20, 22, 47, 17, 45, 21, 44)
_FROM_1E = (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 28, 1, 14, 15, 57, 12, 13, 26, 27, 43, 43, 39, 40, 41, 51, 52, 53, 58)
_FROM_3A = (
    59,
    60,
    61,
    62,
    63,
    64,
    65,
    66,
    67,
    68,
    87,
    88,
    99,
    70,
    119,
    110,
    102,
    104,
    111,
    107,
    109,
    106,
    105,
    108,
    103,
)
_FROM_53 = (69, 98, 55, 74, 78, 96, 79, 80, 81, 75, 76, 77, 71, 72, 73, 82, 83, 86)

CODE_OF = {
    **dict(zip(range(0x04, 0x1E), _LETTER_CODES, strict=True)),
    **dict(zip(range(0x1E, 0x3A), _FROM_1E, strict=True)),
    **dict(zip(range(0x3A, 0x53), _FROM_3A, strict=True)),
    **dict(zip(range(0x53, 0x65), _FROM_53, strict=True)),
}
"""HID usage -> Linux key code."""
USAGE_OF = {code: usage for usage, code in reversed(CODE_OF.items())}
"""Linux key code -> HID usage; code 43 is usage 31."""


class Country(StrEnum):
    """A keyboard layout."""

    US = "us"
    """Also the layout of China."""
    FR = "fr"
    """AZERTY: digits need Shift."""
    DE = "de"
    """QWERTZ."""
    IT = "it"


@dataclass(frozen=True, kw_only=True)
class Stroke:
    """One key pressed and released, with modifiers held."""

    usage: int
    modifiers: int = 0


# Rows of keys from HID usages: the number row (35 1E..27 2D 2E), Q row (14 1A .. 2F 30), A row (04 .. 33 34 31), Z row.
_ROWS = (
    (0x35, 0x1E, 0x1F, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x2D, 0x2E),
    (0x14, 0x1A, 0x08, 0x15, 0x17, 0x1C, 0x18, 0x0C, 0x12, 0x13, 0x2F, 0x30),
    (0x04, 0x16, 0x07, 0x09, 0x0A, 0x0B, 0x0D, 0x0E, 0x0F, 0x33, 0x34, 0x31),
    (0x64, 0x1D, 0x1B, 0x06, 0x19, 0x05, 0x11, 0x10, 0x36, 0x37, 0x38),
)
_NONE = "\0"
"""A key that types nothing, a dead key, or one that is not ASCII here."""
_PLAIN = {
    Country.US: ("`1234567890-=", "qwertyuiop[]", "asdfghjkl;'\\", "\0zxcvbnm,./"),
    Country.FR: ("²&é\"'(-è_çà)=", "azertyuiop\0$", "qsdfghjklmù*", "<wxcvbn,;:!"),
    Country.DE: ("\0" + "1234567890ß\0", "qwertzuiopü+", "asdfghjklöä#", "<yxcvbnm,.-"),
    Country.IT: ("\\1234567890'ì", "qwertyuiopè+", "asdfghjklòàù", "<zxcvbnm,.-"),
}
_SHIFTED = {
    Country.US: ("~!@#$%^&*()_+", "QWERTYUIOP{}", 'ASDFGHJKL:"|', "\0ZXCVBNM<>?"),
    Country.FR: ("\0" + "1234567890°+", "AZERTYUIOP\0£", "QSDFGHJKLM%µ", ">WXCVBN?./§"),
    Country.DE: ('°!"§$%&/()=?\0', "QWERTZUIOPÜ*", "ASDFGHJKLÖÄ'", ">YXCVBNM;:_"),
    Country.IT: ('|!"£$%&/()=?^', "QWERTYUIOPé*", "ASDFGHJKLç°§", ">ZXCVBNM;:_"),
}
_ALT_GR = {
    Country.US: {},
    Country.FR: {0x1F: "~", 0x20: "#", 0x21: "{", 0x22: "[", 0x23: "|", 0x24: "`", 0x25: "\\", 0x26: "^", 0x27: "@",
                 0x2D: "]", 0x2E: "}"},
    Country.DE: {0x14: "@", 0x24: "{", 0x25: "[", 0x26: "]", 0x27: "}", 0x2D: "\\", 0x30: "~", 0x64: "|"},
    Country.IT: {0x33: "@", 0x34: "#", 0x2F: "[", 0x30: "]"},
}  # fmt: skip
_FIXED = {ENTER: "\r", KP_ENTER: "\r", TAB: "\t", SPACE: " ", 0x54: "/", 0x55: "*", 0x56: "-", 0x57: "+"}
KEYPAD = {**{KP_1 + at: str(at + 1) for at in range(9)}, KP_0: "0", 0x63: "."}
"""The keypad's digits and point, while Num Lock is on."""


def typed(country: Country, usage: int, modifiers: int, *, caps_lock: bool = False) -> str:
    """What a stroke types under a layout; empty for nothing. Caps Lock turns the case of letters round."""
    if usage in _FIXED:
        return _FIXED[usage]
    if modifiers & RIGHT_ALT:
        return _ALT_GR[country].get(usage, "")
    if modifiers & ~SHIFTS:
        return ""
    plain, shifted = _TYPED[country].get(usage, ("", ""))
    letter = plain.isalpha() and shifted == plain.upper() and plain != shifted
    shift = bool(modifiers & SHIFTS) ^ (caps_lock and letter)
    return shifted if shift else plain


def strokes_for(country: Country, character: str) -> Stroke | None:
    """The stroke that a box set to a country types for a character; None when no key gives it."""
    return _STROKES[country].get(character)


def _layout(country: Country) -> dict[int, tuple[str, str]]:
    found = {}
    for keys, plain, shifted in zip(_ROWS, _PLAIN[country], _SHIFTED[country], strict=True):
        for usage, low, high in zip(keys, plain, shifted, strict=True):
            found[usage] = (low.strip(_NONE), high.strip(_NONE))
    return found


def _strokes(country: Country) -> dict[str, Stroke]:
    found = {text: Stroke(usage=usage) for usage, text in reversed(_FIXED.items()) if usage < 0x54}
    found["\n"] = Stroke(usage=ENTER)
    for usage, text in _ALT_GR[country].items():
        found[text] = Stroke(usage=usage, modifiers=RIGHT_ALT)
    for at, modifiers in ((1, LEFT_SHIFT), (0, 0)):
        for usage, pair in _TYPED[country].items():
            if pair[at]:
                found[pair[at]] = Stroke(usage=usage, modifiers=modifiers)
    return found


_TYPED = {country: _layout(country) for country in Country}
_STROKES = {country: _strokes(country) for country in Country}
