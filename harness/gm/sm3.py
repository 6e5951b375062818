"""SM3 (GB/T 32905-2016): the digest of the tape's chain, of signatures and of key derivation.

OpenSSL's implementation through hashlib where the interpreter's build has it, else gmssl-pyx.
"""

import hashlib
from typing import Protocol

import gmssl_pyx

DIGEST_SIZE = 32


class Digest(Protocol):
    """An SM3 computation under way."""

    def update(self, data: bytes, /) -> None:
        """Take more of the message."""
        ...

    def digest(self) -> bytes:
        """The 32 bytes of the digest of all data so far."""
        ...


def _has_openssl_sm3() -> bool:
    try:
        hashlib.new("sm3")
    except ValueError:
        return False
    return True


_OPENSSL = _has_openssl_sm3()


class _GmsslDigest:
    def __init__(self) -> None:
        self._taken = bytearray()

    def update(self, data: bytes, /) -> None:
        self._taken += data

    def digest(self) -> bytes:
        return bytes(gmssl_pyx.sm3_hash(bytes(self._taken)))


def sm3_digest() -> Digest:
    """Start a computation that is fed piece by piece."""
    return hashlib.new("sm3") if _OPENSSL else _GmsslDigest()


def sm3(data: bytes) -> bytes:
    """The 32-byte SM3 digest of `data`."""
    return hashlib.new("sm3", data).digest() if _OPENSSL else bytes(gmssl_pyx.sm3_hash(data))
