"""The PINs of key indexes: they are compared, and too many wrong ones in a row lock the index."""

import hmac
from enum import StrEnum

from harness.gm import sm3
from simulators.encryption_machine.key_file import KeyFile

PIN_ATTEMPTS = 5
"""Wrong PINs in a row until an index locks."""


class PinCheck(StrEnum):
    """What came of a PIN."""

    RIGHT = "right"
    WRONG = "wrong"
    LOCKED = "locked"


class Pins:
    """The PINs of one key store."""

    def __init__(self, file: KeyFile) -> None:
        self._file = file
        self._right: dict[int, bytes] = {}
        file.changed.append(self._right.clear)

    def check(self, index: int, pin: bytes) -> PinCheck:
        """Compare a PIN; the fifth wrong one in a row locks, and the count survives a restart.

        An index without a PIN takes any.
        """
        self._file.follow()
        digest = pin_digest(index, pin)
        if self._right.get(index) == digest:
            return PinCheck.RIGHT
        with self._file.change(counted=False):
            row = self._file.rows.execute("SELECT pin, wrong FROM slots WHERE idx = ?", (index,)).fetchone()
            if row is None or row[0] is None:
                return PinCheck.RIGHT
            if row[1] >= PIN_ATTEMPTS:
                return PinCheck.LOCKED
            right = hmac.compare_digest(bytes(row[0]), digest)
            wrong = 0 if right else row[1] + 1
            if wrong != row[1]:
                self._file.rows.execute("UPDATE slots SET wrong = ? WHERE idx = ?", (wrong, index))
        if right:
            self._right[index] = digest
            return PinCheck.RIGHT
        return PinCheck.LOCKED if wrong >= PIN_ATTEMPTS else PinCheck.WRONG

    def unlock(self, index: int) -> None:
        """Forget the wrong PINs of an index."""
        with self._file.change(counted=False):
            self._file.rows.execute("UPDATE slots SET wrong = 0 WHERE idx = ?", (index,))

    def lock(self, index: int) -> None:
        """Lock an index as wrong PINs would."""
        with self._file.change(counted=False):
            self._file.rows.execute("UPDATE slots SET wrong = ? WHERE idx = ?", (PIN_ATTEMPTS, index))

    def locked(self, index: int) -> bool:
        """Whether too many wrong PINs were given."""
        row = self._file.rows.execute("SELECT wrong FROM slots WHERE idx = ?", (index,)).fetchone()
        return row is not None and row[0] >= PIN_ATTEMPTS


def pin_digest(index: int, pin: bytes) -> bytes:
    """What is kept of a PIN."""
    return sm3(b"liantiao pin" + index.to_bytes(4) + pin)
