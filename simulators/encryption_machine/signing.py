"""How the machine signs with a pair it holds: the library's signer, which computes once what depends on the key."""

from typing import Protocol

from harness.gm import PrivateKey, Signer


class Signs(Protocol):
    """Signs as one user."""

    def sign(self, message: bytes) -> bytes:
        """r‖s over SM3(ZA ‖ message)."""
        ...


class QuickSigner(Signer):
    """Signs with one key as one user, each time with a fresh nonce. Raises GmError for a user id that is too long."""

    def __init__(self, key: PrivateKey, *, user_id: bytes) -> None:
        super().__init__(key, user_id=user_id)
