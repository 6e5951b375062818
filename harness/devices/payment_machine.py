"""An encryption machine as the mobile-payment envelope uses it: E5 and E6 to sign and verify, S3 and S4 for the cipher.

Padding is done here, since machines differ in it; long data goes in pieces of whole blocks, over the whole pool. A
message to sign cannot go in pieces: E5 takes what the profile's limit says. A longer one goes to the signature server
of the same machine where `long` names one, and is a ConfigError otherwise.
"""

from dataclasses import dataclass, field

from harness.devices.encryption_machine import EncryptionMachine
from harness.devices.machine_errors import MachineSpeaksNonsense
from harness.devices.signature_server import SignatureServer
from harness.gm import DecryptionFailed, PublicKey, sm4
from harness.wire.encryption_machine.host_messages import SymmetricKeyReference

_FAILED = "this ciphertext was not made with this key and these parameters, or it was altered"


@dataclass(frozen=True, kw_only=True)
class CipherKey:
    """Where the machine finds the SM4 key, and the key's type code, e.g. 00A."""

    key: SymmetricKeyReference
    type: str


@dataclass(frozen=True, kw_only=True)
class LongMessages:
    """The same keys behind a signature server, for messages that host commands do not take.

    It verifies by certificate alone: the peer's, DER, or the serial number of one that it holds.
    """

    server: SignatureServer
    key_index: int
    pin: bytes = field(repr=False)
    peer_certificate: bytes | None = None
    peer_serial: str | None = None


class PaymentMachine:
    """A `Machine` of `harness.wire.mobile_payment` behind a line. Its operations raise what the driver raises."""

    def __init__(
        self,
        driver: EncryptionMachine,
        *,
        sign_index: int,
        peer: PublicKey,
        cipher: CipherKey,
        long: LongMessages | None = None,
    ) -> None:
        self._driver = driver
        self._sign_index = sign_index
        self._peer = peer
        self._cipher = cipher
        self._long = long
        self._longest = driver.profile.limits["data"]
        self._piece = driver.profile.limits["symmetric"] // sm4.BLOCK * sm4.BLOCK

    def sign(self, message: bytes) -> bytes:
        """The signature of the key at the index, r‖s."""
        if self._long is not None and len(message) > self._longest:
            return self._long.server.sign(self._long.key_index, message, pin=self._long.pin)
        return self._driver.sign(self._sign_index, message)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether the peer signed the message; its public key travels with the request, or its certificate."""
        if self._long is not None and len(message) > self._longest:
            return self._long.server.verify(
                message, signature, certificate=self._long.peer_certificate, serial=self._long.peer_serial
            )
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
