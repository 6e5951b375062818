"""A recorder that hides a secret: its bytes stand as `*` on the tape, however a wire spells them."""

import base64
from urllib.parse import quote_from_bytes

from harness.line.record import Direction
from harness.line.tape import Tape

MARK = b"*"


class HidingRecorder:
    """Records frames for a client's line, without these secrets; an empty secret hides nothing."""

    def __init__(self, tape: Tape, secrets: tuple[bytes, ...]) -> None:
        self._tape = tape
        self._spellings = tuple(
            sorted({spelled for secret in secrets if secret for spelled in _spellings(secret)}, key=len, reverse=True)
        )

    def frame(self, channel: str, direction: Direction, data: bytes) -> int:
        """Record bytes on a line; returns the record's number."""
        for spelled in self._spellings:
            data = data.replace(spelled, MARK * len(spelled))
        return self._tape.frame(channel, direction, data)


def _spellings(secret: bytes) -> set[bytes]:
    coded = base64.b64encode(secret)
    quoted = quote_from_bytes(coded, safe="").encode()
    return {secret, secret.hex().encode(), secret.hex().upper().encode(), coded, quoted, quoted.lower()}
