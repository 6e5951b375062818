"""Machines with one known defect each in an operation: signing, verifying, encrypting, keys, PINs."""

from collections.abc import Sequence
from typing import Any

from harness.gm import DEFAULT_USER_ID, PublicKey, sm2_reference, sm3, sm4
from harness.gm.der import to_old_order
from harness.gm.sm2 import CURVE
from harness.wire.encryption_machine.reasons import Reason
from simulators.encryption_machine.block_cipher import BlockMode, BlockPadding
from simulators.encryption_machine.keys import Pair, SymmetricKey, Use
from simulators.encryption_machine.machine import CipherForm, Machine, NewPair, Refused

ALWAYS_K = 0x59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21
"""The nonce of the standard's own example, which some firmware was once built with."""
HALF = 32


class VerifiesAnything(Machine):
    """A wrong signature counts as right."""

    def verify(self, public: PublicKey, message: bytes, raw: bytes, user_id: bytes = DEFAULT_USER_ID) -> None:
        """Good, whatever it is."""
        try:
            super().verify(public, message, raw, user_id)
        except Refused as refusal:
            if refusal.reason is not Reason.VERIFY_FAILED:
                raise


class VerifiesWithoutUser(Machine):
    """Verifies with the default user id, whatever id is asked for."""

    def verify(self, public: PublicKey, message: bytes, raw: bytes, user_id: bytes = DEFAULT_USER_ID) -> None:
        """As the default user's."""
        super().verify(public, message, raw)


class TakesLongSignatures(Machine):
    """Looks at the first 64 bytes of a signature and not at what follows."""

    def verify(self, public: PublicKey, message: bytes, raw: bytes, user_id: bytes = DEFAULT_USER_ID) -> None:
        """As if it had ended there."""
        super().verify(public, message, raw[: 2 * HALF], user_id)


class SignsWithoutZa(Machine):
    """Signs SM3(M) instead of SM3(ZA ‖ M)."""

    def sign(self, pair: Pair, message: bytes, user_id: bytes = DEFAULT_USER_ID) -> bytes:
        """Over the digest of the message alone."""
        super().sign(pair, message, user_id)
        return pair.private.sign_digest(sm3(message))


class SignsForDefaultUser(Machine):
    """Signs with the default user id, whatever id is asked for."""

    def sign(self, pair: Pair, message: bytes, user_id: bytes = DEFAULT_USER_ID) -> bytes:
        """As the default user."""
        return super().sign(pair, message)


class DropsZeros(Machine):
    """Drops leading zero bytes of r and s, so that one signature in 128 is too short."""

    def sign(self, pair: Pair, message: bytes, user_id: bytes = DEFAULT_USER_ID) -> bytes:
        """r and s as short as they go."""
        raw = super().sign(pair, message, user_id)
        return raw[:HALF].lstrip(b"\0") + raw[HALF:].lstrip(b"\0")


class OneNonce(Machine):
    """Uses the same nonce for every signature."""

    def sign(self, pair: Pair, message: bytes, user_id: bytes = DEFAULT_USER_ID) -> bytes:
        """A signature that gives the private key away with the next one."""
        super().sign(pair, message, user_id)
        e = int.from_bytes(pair.public.digest(message, user_id=user_id))
        r, s = sm2_reference.sign(CURVE, pair.private.d, e, ALWAYS_K)
        return r.to_bytes(HALF) + s.to_bytes(HALF)


class IgnoresC3(Machine):
    """Returns a plaintext although the ciphertext was altered."""

    def decrypt(self, pair: Pair, ciphertext: bytes, form: CipherForm = CipherForm.C1C3C2) -> bytes:
        """Whatever comes out."""
        try:
            return super().decrypt(pair, ciphertext, form)
        except Refused:
            return sm3(ciphertext)


class OldOrder(Machine):
    """Encrypts in the old order C1C2C3."""

    def encrypt(self, public: PublicKey, data: bytes, form: CipherForm = CipherForm.C1C3C2) -> bytes:
        """C1, C2, C3."""
        return to_old_order(super().encrypt(public, data, CipherForm.C1C3C2))


class IgnoresIv(Machine):
    """CBC with an IV of zeros, whatever IV is given; both ways, so that round trips succeed."""

    def sm4_encrypt(
        self, key: SymmetricKey, data: bytes, *, mode: BlockMode, padding: BlockPadding, iv: bytes = b""
    ) -> bytes:
        """With zeros."""
        return super().sm4_encrypt(key, data, mode=mode, padding=padding, iv=bytes(len(iv)))

    def sm4_decrypt(
        self, key: SymmetricKey, data: bytes, *, mode: BlockMode, padding: BlockPadding, iv: bytes = b""
    ) -> bytes:
        """With zeros."""
        return super().sm4_decrypt(key, data, mode=mode, padding=padding, iv=bytes(len(iv)))


class AlwaysPads(Machine):
    """Adds a block of padding that was not asked for."""

    def sm4_encrypt(
        self, key: SymmetricKey, data: bytes, *, mode: BlockMode, padding: BlockPadding, iv: bytes = b""
    ) -> bytes:
        """PKCS#7, always."""
        del padding
        return super().sm4_encrypt(key, data, mode=mode, padding=BlockPadding.PKCS7, iv=iv)


class SameRandom(Machine):
    """Gives the same random bytes every time."""

    def random(self, size: int) -> bytes:
        """The first bytes of one and the same stream."""
        super().random(size)
        return (sm3(b"random") * (size // HALF + 1))[:size]


class NearestKey(Machine):
    """Uses the key at index 1 where an index is empty."""

    def pair(self, index: int, use: Use) -> Pair:
        """A key, in any case."""
        try:
            return super().pair(index, use)
        except Refused as refusal:
            if refusal.reason is not Reason.KEY_MISSING:
                raise
            return super().pair(1, use)


class ForgetsPairs(Machine):
    """Acknowledges a new pair without storing it."""

    def _store_pair(self, index: int, private: Any, label: bytes) -> None:  # noqa: ANN401 - as it comes
        """Nothing."""


class ClearKeys(Machine):
    """Gives a new private key out in clear instead of under the LMK."""

    def generate_pair(self, index: int | None, label: bytes = b"") -> NewPair:
        """With the private key as it is."""
        made = super().generate_pair(index, label)
        private = self.external_private(made.wrapped).private
        return NewPair(public=made.public, wrapped=private.d.to_bytes(HALF))


class TakesAnyPin(Machine):
    """Opens a key whatever PIN comes."""

    def opened_pair(self, index: int, use: Use, pin: bytes) -> Pair:
        """Open."""
        del pin
        return self.pair(index, use)


class NeverLocks(Machine):
    """Lets a client try as many PINs as it likes."""

    def opened_pair(self, index: int, use: Use, pin: bytes) -> Pair:
        """As if each try were the first."""
        self.store.pins.unlock(index)
        return super().opened_pair(index, use, pin)


class TakesAnyPoint(Machine):
    """Takes a public key that is no point of the curve for the generator's."""

    def external_public(self, spki: bytes) -> PublicKey:
        """A key, in any case."""
        try:
            return super().external_public(spki)
        except Refused:
            x, y = CURVE.base
            return PublicKey(x=x, y=y)


class OneFactor(Machine):
    """Derives a key by its first factor alone."""

    def derived(self, key: SymmetricKey, factors: Sequence[bytes]) -> SymmetricKey:
        """One step, at most."""
        return super().derived(key, factors[:1])


class PadsShortly(Machine):
    """Adds no block of padding to data that ends with a whole block."""

    def sm4_encrypt(
        self, key: SymmetricKey, data: bytes, *, mode: BlockMode, padding: BlockPadding, iv: bytes = b""
    ) -> bytes:
        """Only what is missing of a block."""
        whole = len(data) % sm4.BLOCK == 0
        return super().sm4_encrypt(key, data, mode=mode, padding=BlockPadding.NONE if whole else padding, iv=iv)


class TakesAnyPair(Machine):
    """Stores a private key under a public one that is not its own, and goes by the private key."""

    def external_pair(self, spki: bytes, wrapped: bytes) -> Pair:
        """A pair, in any case."""
        self.external_public(spki)
        return self.external_private(wrapped)
