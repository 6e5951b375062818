"""Machines with one known defect each, as the field has them: proof that a plan's rules detect it.

A mutant differs from the machine in one operation (`machine_for`) or in how its host door speaks (`dialect_for`).
"""

from collections.abc import Mapping
from typing import Any

from harness.errors import ConfigError
from harness.faults.catalogue import Effect
from harness.gm import DEFAULT_USER_ID, PublicKey, sm2_reference, sm3
from harness.gm.der import to_old_order
from harness.gm.sm2 import CURVE
from harness.wire.encryption_machine.host import CODE_SIZE, ERROR_SIZE, LENGTH_SIZE
from harness.wire.encryption_machine.reasons import Reason
from simulators.encryption_machine.host_door import Call, HostDialect
from simulators.encryption_machine.keystore import Pair, SymmetricKey, Use
from simulators.encryption_machine.machine import BlockMode, BlockPadding, CipherForm, Machine, NewPair, Refused
from simulators.encryption_machine.tcp_door import Answered

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
        self.store.unlock(index)
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


class _TalkativeDialect(HostDialect):
    def serve(self, call: Call, effect: Effect | None) -> Answered:
        answered = super().serve(call, effect)
        at = LENGTH_SIZE + self._profile.header_length + CODE_SIZE
        if answered.wire[at : at + ERROR_SIZE] in {b"", self._profile.ok.encode()}:
            return answered
        body = answered.wire[LENGTH_SIZE:] + b"near line 1"
        return Answered(len(body).to_bytes(LENGTH_SIZE) + body, None, answered.close)


class _SameCodeDialect(HostDialect):
    def serve(self, call: Call, effect: Effect | None) -> Answered:
        answered = super().serve(call, effect)
        at = LENGTH_SIZE + self._profile.header_length
        wire = answered.wire[:at] + call.code.encode("latin-1") + answered.wire[at + CODE_SIZE :]
        return Answered(wire if answered.wire else b"", None, answered.close)


class _SilentDialect(HostDialect):
    def serve(self, call: Call, effect: Effect | None) -> Answered:
        answered = super().serve(call, effect)
        return answered if call.code in self._profile.commands else Answered(b"")


class _LenientDialect(HostDialect):
    def serve(self, call: Call, effect: Effect | None) -> Answered:
        answered = super().serve(call, effect)
        at = LENGTH_SIZE + self._profile.header_length + CODE_SIZE
        wrong = self._profile.answers[Reason.BAD_INPUT].encode()
        if answered.wire[at : at + ERROR_SIZE] != wrong:
            return answered
        wire = answered.wire[:at] + self._profile.ok.encode() + answered.wire[at + ERROR_SIZE :]
        return Answered(wire, None, answered.close)


_MACHINES: Mapping[str, type[Machine]] = {
    "verifies-anything": VerifiesAnything,
    "verifies-for-default-user": VerifiesWithoutUser,
    "takes-long-signatures": TakesLongSignatures,
    "signs-without-za": SignsWithoutZa,
    "signs-for-default-user": SignsForDefaultUser,
    "drops-leading-zeros": DropsZeros,
    "one-nonce": OneNonce,
    "ignores-c3": IgnoresC3,
    "old-order": OldOrder,
    "ignores-iv": IgnoresIv,
    "always-pads": AlwaysPads,
    "same-random": SameRandom,
    "nearest-key": NearestKey,
    "forgets-pairs": ForgetsPairs,
    "clear-keys": ClearKeys,
    "takes-any-pin": TakesAnyPin,
    "never-locks": NeverLocks,
    "takes-any-point": TakesAnyPoint,
}
_DIALECTS: Mapping[str, tuple[type[HostDialect], str]] = {
    "talkative-refusals": (_TalkativeDialect, "Says more after an error code than the code."),
    "same-reply-code": (_SameCodeDialect, "Answers with the command's own code instead of the next one."),
    "silent-when-unknown": (_SilentDialect, "Does not answer a command that it does not know."),
    "lenient-input": (_LenientDialect, "Answers a malformed request with success."),
}
MUTANTS: Mapping[str, str] = {
    **{name: (kind.__doc__ or "").strip().splitlines()[0] for name, kind in _MACHINES.items()},
    **{name: text for name, (_, text) in _DIALECTS.items()},
}
"""Every mutant with what is wrong with it."""


def machine_for(mutant: str) -> type[Machine]:
    """The machine to build. Raises ConfigError for a mutant that does not exist."""
    if mutant and mutant not in MUTANTS:
        raise ConfigError(
            f"There is no mutant {mutant!r} of the encryption machine.",
            cause="a slip of the pen",
            remedy=f"use one of: {', '.join(MUTANTS)}",
        )
    return _MACHINES.get(mutant, Machine)


def dialect_for(mutant: str) -> type[HostDialect]:
    """How its host door speaks."""
    return _DIALECTS[mutant][0] if mutant in _DIALECTS else HostDialect
