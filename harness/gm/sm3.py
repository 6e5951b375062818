"""SM3 (GB/T 32905-2016): the digest of the tape's chain, of signatures and of key derivation.

gmssl-pyx for what is short (a third of the time of a call through hashlib), OpenSSL's through hashlib for what is long
or comes in pieces, where the interpreter's build has it.
"""

import hashlib
from typing import Protocol, Self

import gmssl_pyx

DIGEST_SIZE = 32
_SHORT = 10_000


class Digest(Protocol):
    """An SM3 computation under way."""

    def update(self, data: bytes, /) -> None:
        """Take more of the message."""
        ...

    def digest(self) -> bytes:
        """The 32 bytes of the digest of all data so far."""
        ...

    def copy(self) -> Self:
        """A computation of its own that has taken the same data."""
        ...


def _has_openssl_sm3() -> bool:
    try:
        hashlib.new("sm3")
    except ValueError:
        return False
    return True


_OPENSSL = _has_openssl_sm3()


class GmsslDigest:
    """The same face over gmssl-pyx, which takes a message in one piece alone."""

    def __init__(self, taken: bytes = b"") -> None:
        self._taken = bytearray(taken)

    def update(self, data: bytes, /) -> None:
        """Take more of the message."""
        self._taken += data

    def digest(self) -> bytes:
        """The 32 bytes of the digest of all data so far."""
        return bytes(gmssl_pyx.sm3_hash(bytes(self._taken)))

    def copy(self) -> "GmsslDigest":
        """A computation of its own that has taken the same data."""
        return GmsslDigest(bytes(self._taken))


def sm3_digest() -> Digest:
    """Start a computation that is fed piece by piece."""
    return hashlib.new("sm3") if _OPENSSL else GmsslDigest()


def sm3(data: bytes) -> bytes:
    """The 32-byte SM3 digest of `data`."""
    if len(data) <= _SHORT or not _OPENSSL:
        digest: bytes = gmssl_pyx.sm3_hash(data)
        return digest
    return hashlib.new("sm3", data).digest()
