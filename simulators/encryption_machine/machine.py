"""What the machine can do, whatever dialect asks: keys, signatures, encryption, and its own state.

Keys are named by index or come in the message; each operation either gives its whole result or raises `Refused` with a
`Reason`. Nothing of a plaintext leaves when a decryption fails, and a wrong signature never counts as right.
"""

import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from harness.clock import Clock
from harness.gm import (
    DEFAULT_USER_ID,
    GmError,
    PrivateKey,
    PublicKey,
    ciphertext_to_der,
    sm2_reference,
    sm3,
    sm4,
)
from harness.gm.der import from_old_order, to_old_order
from harness.gm.sm2 import CURVE, MAX_USER_ID, Ciphertext
from harness.wire.encryption_machine.reasons import Reason
from simulators.encryption_machine import block_cipher, lmk
from simulators.encryption_machine.block_cipher import BlockMode, BlockPadding
from simulators.encryption_machine.device_facts import Condition, Diagnosis, HealthReport, Identity, Limits
from simulators.encryption_machine.keys import Pair, Space, SymmetricKey, Use
from simulators.encryption_machine.keystore import KeyStore
from simulators.encryption_machine.pins import PinCheck
from simulators.encryption_machine.refused import Refused

__all__ = ["KEK_TYPE", "CipherForm", "Machine", "NewPair", "Refused"]

KEK_TYPE = "000"
"""Keys of this type live in the index space of KEKs."""


class CipherForm(StrEnum):
    """How an SM2 ciphertext is spelled."""

    C1C3C2 = "c1c3c2"
    C1C2C3 = "c1c2c3"
    XY_C3_C2 = "xy-c3-c2"
    """C1C3C2 without the leading 04."""
    DER = "der"


@dataclass(frozen=True, kw_only=True)
class NewPair:
    """A generated pair: the public key and the private one under the LMK."""

    public: PublicKey
    wrapped: bytes


class Machine:
    """One machine over one key store; `seed` names its randomness, `repeatable` makes nonces depend on it alone."""

    def __init__(
        self,
        store: KeyStore,
        *,
        clock: Clock,
        seed: str,
        identity: Identity | None = None,
        limits: Limits | None = None,
        repeatable: bool = False,
    ) -> None:
        self.store = store
        self.clock = clock
        self.identity = identity or Identity()
        self.limits = limits or Limits()
        self.repeatable = repeatable
        self.condition = Condition.WELL
        self.served = 0
        self.refused = 0
        self.start_again(seed)

    def start_again(self, seed: str) -> None:
        """Randomness from its beginning, and as after switching on."""
        self.chance = random.Random(seed)  # noqa: S311 - repeatable on purpose; nothing here is of worth
        self.switched_on()

    def switched_on(self) -> None:
        """Counters at nothing."""
        self._since_ns = self.clock.now_ns()
        self.served = self.refused = 0

    # The device

    def diagnose(self) -> Diagnosis:
        """Answers in any condition; a machine that lost its keys shows an LMK of zeros."""
        check = "0" * 16 if self.condition is Condition.KEYS_LOST else self.identity.lmk_check or self.store.lmk_check
        return Diagnosis(lmk_check=check, firmware=self.identity.firmware, serial=self.identity.serial)

    def echo(self, data: bytes) -> bytes:
        """The data."""
        self._demand_power()
        return data

    def digest(self, data: bytes) -> bytes:
        """The SM3 of data."""
        self._demand_power()
        return sm3(data)

    def random(self, size: int) -> bytes:
        """Random bytes, at least one."""
        self._demand_power()
        if not 1 <= size <= self.limits.random:
            raise Refused(Reason.DATA_LENGTH, f"1 to {self.limits.random} random bytes, not {size}")
        return self.chance.randbytes(size)

    def health(self) -> HealthReport:
        """Answers in any condition."""
        return HealthReport(
            serial=self.identity.serial,
            since_ns=self._since_ns,
            now_ns=self.clock.now_ns(),
            served=self.served,
            refused=self.refused,
            condition=self.condition,
        )

    # Keys

    def pair(self, index: int, use: Use) -> Pair:
        """The pair at an index. Raises Refused: KEY_INDEX, KEY_MISSING, STORAGE_LOST, HARDWARE."""
        if self.condition is not Condition.WELL:
            self._demand_keys()
        if not self.limits.first_index <= index <= self.limits.last_index:
            raise Refused(Reason.KEY_INDEX, f"index {index}")
        pair = self.store.pair(index, use)
        if pair is None:
            raise Refused(Reason.KEY_MISSING, f"no {use} pair at index {index}")
        return pair

    def opened_pair(self, index: int, use: Use, pin: bytes) -> Pair:
        """The pair at an index, opened by its PIN. Raises Refused, also PIN_WRONG and PIN_LOCKED."""
        pair = self.pair(index, use)
        match self.store.pins.check(index, pin):
            case PinCheck.WRONG:
                raise Refused(Reason.PIN_WRONG)
            case PinCheck.LOCKED:
                raise Refused(Reason.PIN_LOCKED)
            case PinCheck.RIGHT:
                return pair

    def external_public(self, spki: bytes) -> PublicKey:
        """A public key that came in the message. Raises Refused PUBLIC_KEY."""
        self._demand_power()
        try:
            return PublicKey.from_spki(spki)
        except GmError as error:
            raise Refused(Reason.PUBLIC_KEY, str(error)) from error

    def external_private(self, wrapped: bytes) -> Pair:
        """A private key under the LMK that came in the message. Raises Refused KEY_BLOB."""
        self._demand_keys()
        try:
            return Pair(private=lmk.unwrap_private(wrapped), repeatable=self.repeatable)
        except GmError as error:
            raise Refused(Reason.KEY_BLOB, str(error)) from error

    def external_pair(self, spki: bytes, wrapped: bytes) -> Pair:
        """Both, which must belong together. Raises Refused PUBLIC_KEY, KEY_BLOB, PRIVATE_KEY."""
        public = self.external_public(spki)
        pair = self.external_private(wrapped)
        if pair.public != public:
            raise Refused(Reason.PRIVATE_KEY, "the private key is not that of the public one")
        return pair

    def generate_pair(self, index: int | None, label: bytes = b"") -> NewPair:
        """A new pair; with an index it is stored there for both uses, and stands on the disk when this returns."""
        self._demand_keys()
        private = PrivateKey(d=self.number())
        if index is not None:
            self._store_pair(index, private, label)
        return NewPair(public=private.public, wrapped=lmk.wrap_private(private))

    def load_pair(self, index: int, spki: bytes, wrapped: bytes, label: bytes = b"") -> None:
        """Store a pair that the machine once gave out, for both uses."""
        pair = self.external_pair(spki, wrapped)
        self._store_pair(index, pair.private, label)

    def symmetric(self, index: int, key_type: str) -> SymmetricKey:
        """The symmetric key at an index, of that type. Raises Refused KEY_MISSING, KEY_TYPE."""
        self._demand_keys()
        key = self.store.symmetric(Space.KEK if key_type == KEK_TYPE else Space.KEY, index)
        if key is None:
            raise Refused(Reason.KEY_MISSING, f"no key of type {key_type} at index {index}")
        if key.type != key_type:
            raise Refused(Reason.KEY_TYPE, f"the key at index {index} is of type {key.type}")
        return key

    def external_symmetric(self, wrapped: bytes, key_type: str) -> SymmetricKey:
        """A symmetric key under the LMK that came in the message. Raises Refused KEY_LENGTH."""
        self._demand_keys()
        try:
            return SymmetricKey(type=key_type, value=lmk.unwrap_symmetric(wrapped, key_type))
        except GmError as error:
            raise Refused(Reason.KEY_LENGTH, str(error)) from error

    def derived(self, key: SymmetricKey, factors: Sequence[bytes]) -> SymmetricKey:
        """The key spread over factors (分散): each of 16 bytes, encrypted under the key so far, is the next key."""
        for factor in factors:
            if len(factor) != sm4.BLOCK:
                raise Refused(Reason.DATA_LENGTH, f"a factor has {sm4.BLOCK} bytes, not {len(factor)}")
            value = sm4.ecb_encrypt(key.value, factor, padding=sm4.Padding.NONE)
            key = SymmetricKey(type=key.type, value=value)
        return key

    # SM2

    def sign(self, pair: Pair, message: bytes, user_id: bytes = DEFAULT_USER_ID) -> bytes:
        """r‖s over SM3(ZA ‖ message)."""
        if len(message) > self.limits.message or len(user_id) > MAX_USER_ID:
            raise Refused(Reason.DATA_LENGTH, f"{len(message)} bytes, user id of {len(user_id)} bytes")
        return pair.signer(user_id).sign(message)

    def verify(self, public: PublicKey, message: bytes, raw: bytes, user_id: bytes = DEFAULT_USER_ID) -> None:
        """Returns when r‖s is valid. Raises Refused VERIFY_FAILED."""
        if len(message) > self.limits.message or len(user_id) > MAX_USER_ID:
            raise Refused(Reason.DATA_LENGTH, f"{len(message)} bytes, user id of {len(user_id)} bytes")
        if not public.verify(message, raw, user_id=user_id):
            raise Refused(Reason.VERIFY_FAILED)

    def sign_digest(self, pair: Pair, e: bytes) -> bytes:
        """r‖s over a digest that was made in parts."""
        if not self.repeatable:
            return pair.private.sign_digest(e)
        while True:
            try:
                r, s = sm2_reference.sign(CURVE, pair.private.d, int.from_bytes(e), self.number())
            except ValueError:
                continue
            return r.to_bytes(32) + s.to_bytes(32)

    def verify_digest(self, public: PublicKey, e: bytes, raw: bytes) -> None:
        """Returns when r‖s is valid over a digest that was made in parts. Raises Refused VERIFY_FAILED."""
        if not public.verify_digest(e, raw):
            raise Refused(Reason.VERIFY_FAILED)

    def encrypt(self, public: PublicKey, data: bytes, form: CipherForm = CipherForm.C1C3C2) -> bytes:
        """An SM2 ciphertext."""
        self._demand_power()
        if not 1 <= len(data) <= self.limits.sm2_plaintext:
            raise Refused(Reason.DATA_LENGTH, f"1 to {self.limits.sm2_plaintext} bytes, not {len(data)}")
        if self.repeatable:
            plain = sm2_reference.encrypt(CURVE, (public.x, public.y), data, self.number())
        else:
            plain = public.encrypt(data)
        match form:
            case CipherForm.C1C3C2:
                return plain
            case CipherForm.C1C2C3:
                return to_old_order(plain)
            case CipherForm.XY_C3_C2:
                return plain[1:]
            case CipherForm.DER:
                return ciphertext_to_der(plain)

    def decrypt(self, pair: Pair, ciphertext: bytes, form: CipherForm = CipherForm.C1C3C2) -> bytes:
        """The plaintext. Raises Refused DECRYPT_FAILED, always with the same words."""
        try:
            match form:
                case CipherForm.C1C3C2:
                    return pair.private.decrypt(ciphertext)
                case CipherForm.C1C2C3:
                    return pair.private.decrypt(from_old_order(ciphertext))
                case CipherForm.XY_C3_C2:
                    return pair.private.decrypt(b"\x04" + ciphertext)
                case CipherForm.DER:
                    return pair.private.decrypt(ciphertext, form=Ciphertext.DER)
        except GmError:
            raise Refused(Reason.DECRYPT_FAILED) from None

    # SM4

    def sm4_encrypt(
        self, key: SymmetricKey, data: bytes, *, mode: BlockMode, padding: BlockPadding, iv: bytes = b""
    ) -> bytes:
        """ECB or CBC; refusals as `block_cipher.encrypted` has them, and DATA_LENGTH for too much."""
        self._demand_symmetric(data)
        return block_cipher.encrypted(key.value, data, mode=mode, padding=padding, iv=iv)

    def sm4_decrypt(
        self, key: SymmetricKey, data: bytes, *, mode: BlockMode, padding: BlockPadding, iv: bytes = b""
    ) -> bytes:
        """ECB or CBC; refusals as `block_cipher.decrypted` has them, and DATA_LENGTH for too much."""
        self._demand_symmetric(data)
        return block_cipher.decrypted(key.value, data, mode=mode, padding=padding, iv=iv)

    # Inside

    def _store_pair(self, index: int, private: PrivateKey, label: bytes) -> None:
        if not self.limits.first_index <= index <= self.limits.last_index:
            raise Refused(Reason.KEY_INDEX, f"index {index}")
        if len(label) > self.limits.label:
            raise Refused(Reason.DATA_LENGTH, f"a label has at most {self.limits.label} bytes")
        if self.store.pair(index, Use.SIGN) is None and len(self.store.indexes()) >= self.limits.pairs:
            raise Refused(Reason.STORE_FULL)
        self.store.put_pairs(index, {Use.SIGN: private, Use.ENCRYPT: private}, label=label)

    def number(self) -> int:
        """A number for a key or a nonce: 1 to n-2."""
        if self.repeatable or not self.store.persistent:
            return self.chance.randrange(1, CURVE.n - 1)
        return 1 + secrets.randbelow(CURVE.n - 2)

    def _demand_power(self) -> None:
        if self.condition is Condition.ALARM:
            raise Refused(Reason.HARDWARE, "the machine is in alarm")

    def _demand_keys(self) -> None:
        self._demand_power()
        if self.condition is Condition.KEYS_LOST:
            raise Refused(Reason.STORAGE_LOST, "the machine has lost its keys")

    def _demand_symmetric(self, data: bytes) -> None:
        self._demand_keys()
        if len(data) > self.limits.symmetric:
            raise Refused(Reason.DATA_LENGTH, f"at most {self.limits.symmetric} bytes, not {len(data)}")
