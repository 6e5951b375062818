"""What the tape must not hold: private keys, symmetric keys, PINs, also under the (published) LMK.

A frame that carries such bytes is recorded with `*` in their place, byte for byte, in each spelling in which a wire may
carry them (raw, hex, Base64, Base64 in a URL), and an event `key-material-masked` says how many bytes were hidden. What
could not be read as a message is hidden from its first byte that may belong to a key.
"""

import base64
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import quote_from_bytes

from harness.gm import der
from harness.line.record import Direction, JsonValue
from harness.line.tape import Tape

MARK = b"*"
_PIN_NAMES = ("keyValue", "pin", "password")
_HEAD_END = b"\r\n\r\n"


def _however_spelled(name: str) -> bytes:
    """A pattern for a name in JSON or a form, each character perhaps escaped."""
    parts = []
    for char in name:
        codes = "|".join(f"{ord(cased):02x}" for cased in {char.lower(), char.upper()})
        parts.append(rf"(?:{char}|\\u00(?:{codes})|%(?:{codes}))")
    return "".join(parts).encode()


_PIN_FIELDS = re.compile(
    rb"(?P<before>(?:" + b"|".join(_however_spelled(name) for name in _PIN_NAMES) + rb")"
    rb"""\\*["']?\s*[:=]\s*\\*["']?)(?P<pin>(?:\\u[0-9a-f]{4}|\\/|[^"'&,}\s\\])*)""",
    re.IGNORECASE,
)


class Masked(NamedTuple):
    """A frame as it is recorded, and how many of its bytes are hidden."""

    data: bytes
    hidden: int


def masked(frame: bytes, secrets: Sequence[bytes]) -> Masked:
    """A frame without these secrets."""
    for secret in secrets:
        for spelled in _spellings(secret):
            frame = frame.replace(spelled, MARK * len(spelled))
    return Masked(frame, frame.count(MARK) if secrets else 0)


def masked_element(frame: bytes, secret: bytes) -> Masked:
    """A DER message without this secret, where it is the whole of an OCTET STRING."""
    element = der.element(der.OCTET_STRING, secret)
    count = frame.count(element) if secret else 0
    covered = element[: len(element) - len(secret)] + MARK * len(secret)
    return Masked(frame.replace(element, covered) if count else frame, count * len(secret))


def masked_from(frame: bytes, start: int) -> Masked:
    """A frame hidden from a position on."""
    hidden = max(0, len(frame) - start)
    return Masked(frame[:start] + MARK * hidden, hidden)


def masked_fields(message: bytes) -> Masked:
    """An HTTP message without the values of fields that hold PINs; works on what is no JSON, too.

    A body in chunks may have its boundaries anywhere, so it is hidden whole.
    """
    head, end, _ = message.partition(_HEAD_END)
    if end and b"transfer-encoding" in head.lower():
        return masked_from(message, len(head) + len(end))
    hidden = 0

    def hide(found: re.Match[bytes]) -> bytes:
        nonlocal hidden
        hidden += len(found["pin"])
        return found["before"] + MARK * len(found["pin"])

    return Masked(_PIN_FIELDS.sub(hide, message), hidden)


class MaskingTape:
    """The face that a taped HTTP server uses, hiding PINs."""

    def __init__(self, tape: Tape, device: str) -> None:
        self._tape = tape
        self._device = device

    def frame(self, channel: str, direction: Direction, data: bytes) -> int:
        """Record bytes on a line."""
        found = masked_fields(data) if direction is Direction.RECEIVED else Masked(data, 0)
        seq = self._tape.frame(channel, direction, found.data)
        if found.hidden:
            say_masked(self._tape, self._device, channel, found.hidden)
        return seq

    def event(self, channel: str, name: str, /, **fields: JsonValue) -> int:
        """Record something that is not bytes; it holds nothing of a message."""
        return self._tape.event(channel, name, **fields)


def say_masked(tape: Tape, device: str, channel: str, hidden: int) -> None:
    """The event beside a masked frame."""
    tape.event(device, "key-material-masked", on=channel, bytes=hidden)


def _spellings(secret: bytes) -> Iterable[bytes]:
    if not secret:
        return ()
    coded = base64.b64encode(secret)
    quoted = quote_from_bytes(coded, safe="").encode()
    ordered = (secret.hex().encode(), secret.hex().upper().encode(), quoted, quoted.lower(), coded, secret)
    return dict.fromkeys(ordered)
