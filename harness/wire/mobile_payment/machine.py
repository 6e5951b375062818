"""Who signs and encrypts for an application: a small face that this process and an encryption machine (加密机) share.

`LocalMachine` computes in process. `CheckedMachine` trusts nobody: it stands before any machine and computes again what
that claims, so that a wrong signature, a wrong verdict or a wrong plain text never leaves.
"""

from functools import partial
from typing import Protocol, Self

from harness.errors import PeerViolation
from harness.gm import DecryptionFailed, GmError, PrivateKey, PublicKey, Signer, sm4


class Machine(Protocol):
    """Signs for one application, verifies its peer's signatures, and holds the SM4 key that both have."""

    def sign(self, message: bytes) -> bytes:
        """The own signature over a message, r‖s, with the default user id."""
        ...

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether the peer signed the message; `signature` is r‖s."""
        ...

    def encrypt(self, data: bytes) -> bytes:
        """SM4-ECB with PKCS#7."""
        ...

    def decrypt(self, data: bytes) -> bytes:
        """The opposite; raises DecryptionFailed."""
        ...


class LocalMachine:
    """The machine that this process is; `repeatable` derives nonces, so that equal runs leave equal tapes."""

    def __init__(self, *, own: PrivateKey, peer: PublicKey, sm4_key: bytes, repeatable: bool = False) -> None:
        self._signer = Signer(own, repeatable=repeatable)
        self._peer = peer
        self._key = sm4_key

    def sign(self, message: bytes) -> bytes:
        """The own signature over a message, r‖s, with the default user id."""
        return self._signer.sign(message)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether the peer signed the message."""
        return self._peer.verify(message, signature)

    def encrypt(self, data: bytes) -> bytes:
        """SM4-ECB with PKCS#7."""
        return sm4.ecb_encrypt(self._key, data)

    def decrypt(self, data: bytes) -> bytes:
        """The opposite; raises DecryptionFailed."""
        return sm4.ecb_decrypt(self._key, data)


class MachineDistrusted(PeerViolation):
    """A machine's result that our own computation contradicts; `operation` is sign, verify, encrypt or decrypt."""

    def __init__(self, operation: str, what: str) -> None:
        self.operation = operation
        self.what = what
        super().__init__(
            f"The encryption machine's result is wrong: {what}.",
            cause="its key is not the one registered, a reply belongs to another request, or it is broken",
            remedy="compare the machine's public key and key check value with what is registered; nothing was sent",
        )

    def __reduce__(self) -> tuple[partial[Self], tuple[()]]:
        return partial(type(self), self.operation, self.what), ()


class CheckedMachine:
    """Believes a machine nothing: computes each result again from the registered keys; raises MachineDistrusted."""

    def __init__(self, machine: Machine, *, own: PublicKey, peer: PublicKey, sm4_key: bytes) -> None:
        self._machine = machine
        self._own = own
        self._peer = peer
        self._key = sm4_key

    def sign(self, message: bytes) -> bytes:
        """The machine's signature, if it is one of the registered key over this message."""
        signature = self._machine.sign(message)
        if not self._own.verify(message, signature):
            raise MachineDistrusted("sign", "its signature is not good for the registered public key")
        return signature

    def verify(self, message: bytes, signature: bytes) -> bool:
        """The machine's verdict, if it is right."""
        verdict = self._machine.verify(message, signature)
        if verdict != self._peer.verify(message, signature):
            raise MachineDistrusted("verify", f"it calls a signature {'good' if verdict else 'bad'} that is not")
        return verdict

    def encrypt(self, data: bytes) -> bytes:
        """The machine's cipher text, if it is the one that SM4 gives."""
        sealed = self._machine.encrypt(data)
        if sealed != sm4.ecb_encrypt(self._key, data):
            raise MachineDistrusted("encrypt", "its cipher text is not that of the registered key")
        return sealed

    def decrypt(self, data: bytes) -> bytes:
        """The machine's plain text, if it encrypts to the same cipher text again."""
        try:
            plain = self._machine.decrypt(data)
        except DecryptionFailed:
            if self._opens(data):
                raise MachineDistrusted("decrypt", "it refuses a cipher text that is good") from None
            raise
        if sm4.ecb_encrypt(self._key, plain) != data:
            raise MachineDistrusted("decrypt", "its plain text does not encrypt to the same cipher text")
        return plain

    def _opens(self, data: bytes) -> bool:
        try:
            sm4.ecb_decrypt(self._key, data)
        except GmError:
            return False
        return True
