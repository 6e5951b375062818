"""An encryption machine as the mobile-payment envelope uses it: E5 and E6 to sign and verify, S3 and S4 for the cipher.

Padding is done here, since machines differ in it; long data goes in pieces of whole blocks, over the whole pool. A
message to sign cannot go in pieces: E5 takes what the profile's limit says, and a longer one is a ConfigError.
"""

from dataclasses import dataclass

from harness.devices.encryption_machine import EncryptionMachine
from harness.devices.machine_errors import MachineSpeaksNonsense
from harness.gm import DecryptionFailed, PublicKey, sm4
from harness.wire.encryption_machine.host_messages import SymmetricKeyReference

_FAILED = "this ciphertext was not made with this key and these parameters, or it was altered"


@dataclass(frozen=True, kw_only=True)
class CipherKey:
    """Where the machine finds the SM4 key, and the key's type code, e.g. 00A."""

    key: SymmetricKeyReference
    type: str


class PaymentMachine:
    """A `Machine` of `harness.wire.mobile_payment` behind a line. Its operations raise what the driver raises."""

    def __init__(self, driver: EncryptionMachine, *, sign_index: int, peer: PublicKey, cipher: CipherKey) -> None:
        self._driver = driver
        self._sign_index = sign_index
        self._peer = peer
        self._cipher = cipher
        self._piece = driver.profile.limits["symmetric"] // sm4.BLOCK * sm4.BLOCK

    def sign(self, message: bytes) -> bytes:
        """The signature of the key at the index, r‖s."""
        return self._driver.sign(self._sign_index, message)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether the peer signed the message; its public key travels with the request."""
        return self._driver.verify(self._peer, message, signature)

    def encrypt(self, data: bytes) -> bytes:
        """SM4-ECB with PKCS#7."""
        count = sm4.BLOCK - len(data) % sm4.BLOCK
        padded = data + bytes([count]) * count
        return self._joined(padded, self._driver.sm4_encrypt(self._cipher.key, self._cipher.type, self._cut(padded)))

    def decrypt(self, data: bytes) -> bytes:
        """The opposite; raises DecryptionFailed when length or padding is wrong."""
        if not data or len(data) % sm4.BLOCK:
            raise DecryptionFailed(_FAILED)
        plain = self._joined(data, self._driver.sm4_decrypt(self._cipher.key, self._cipher.type, self._cut(data)))
        count = plain[-1]
        if not 1 <= count <= sm4.BLOCK or not plain.endswith(bytes([count]) * count):
            raise DecryptionFailed(_FAILED)
        return plain[:-count]

    def _cut(self, data: bytes) -> list[bytes]:
        return [data[at : at + self._piece] for at in range(0, len(data), self._piece)]

    def _joined(self, given: bytes, pieces: list[bytes]) -> bytes:
        whole = b"".join(pieces)
        if len(whole) != len(given):
            raise MachineSpeaksNonsense(f"{len(given)} bytes went in, {len(whole)} came out")
        return whole
