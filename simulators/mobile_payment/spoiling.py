"""Seals that are wrong on purpose: what a fault makes of the signature or the cipher of one message.

The rest of the message is right, so that a client that does not look at the seal is found out, and one that does finds
nothing else to refuse.
"""

from harness.faults.catalogue import Effect
from harness.gm import PrivateKey, Signature, Signer, sm4
from harness.wire.mobile_payment import Machine, Variant
from harness.wire.mobile_payment.variant import EncType, SignatureForm, SignType
from simulators.kit.spoilt_signatures import other_key, spoilt_form

_ON_SIGNATURE: frozenset[Effect] = frozenset(
    {
        Effect.SIGNATURE_BIT,
        Effect.SIGNATURE_DER,
        Effect.SIGNATURE_SWAPPED,
        Effect.SIGNATURE_OTHER_ID,
        Effect.KEY_ROTATED,
    }
)
ON_SEAL = _ON_SIGNATURE | {Effect.WRONG_PADDING}
"""Effects on the seal of an answer or a notice."""
NO_USER_ID = b""
"""What libraries sign with that are given no user id."""


def seal_effects(variant: Variant) -> frozenset[Effect]:
    """What can be wrong with a seal of this variant."""
    found = _ON_SIGNATURE if variant.sign_type is SignType.SM2 else frozenset()
    if variant.signature is SignatureForm.DER:
        found -= {Effect.SIGNATURE_DER}
    return found | ({Effect.WRONG_PADDING} if variant.enc_type is EncType.SM4 else frozenset())


class SpoiltMachine:
    """A `Machine` that gets one thing wrong; `own` and `sm4_key` are those of the right one."""

    def __init__(self, effect: Effect, *, own: PrivateKey, right: Machine, sm4_key: bytes) -> None:
        self._effect = effect
        self._right = right
        self._own = own
        self._key = sm4_key

    def sign(self, message: bytes) -> bytes:
        """The signature, or what the fault makes of it."""
        match self._effect:
            case Effect.SIGNATURE_OTHER_ID:
                return Signer(self._own, user_id=NO_USER_ID, repeatable=True).sign(message)
            case Effect.KEY_ROTATED:
                return Signer(other_key(self._own), repeatable=True).sign(message)
            case effect:
                return spoilt_form(effect, self._right.sign(message), Signature.RAW)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """As the right one."""
        return self._right.verify(message, signature)

    def encrypt(self, data: bytes) -> bytes:
        """The cipher text, or one whose last block is filled with zeros instead of PKCS#7."""
        if self._effect is not Effect.WRONG_PADDING:
            return self._right.encrypt(data)
        filled = data + bytes(sm4.BLOCK - len(data) % sm4.BLOCK)
        return sm4.ecb_encrypt(self._key, filled, padding=sm4.Padding.NONE)

    def decrypt(self, data: bytes) -> bytes:
        """As the right one."""
        return self._right.decrypt(data)
