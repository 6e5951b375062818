"""SM2 (GB/T 32918 on sm2p256v1): keys, signatures and encryption as the insurance platform and the banks use them.

    key = PrivateKey.generate()
    signature = key.sign(b"message")                       # r‖s, 64 bytes
    key.public.verify(b"message", signature)               # True
    key.sign(b"message", form=Signature.DER, user_id=b"ALICE123@YAHOO.COM")
    key.decrypt(key.public.encrypt(b"message"))            # 04‖C1‖C3‖C2, or form=Ciphertext.DER

A key is checked when it is made, so whoever holds one may use it. Forms are named by the caller and never guessed. The
arithmetic is gmssl-pyx's. Three things it does not offer are computed in plain Python, which is not constant in time:
the public key of a private one, plaintexts of more than 255 bytes, and repeatable signatures.

gmssl-pyx writes a line of its own to stderr whenever it refuses a signature or a ciphertext.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Self

import gmssl_pyx

from harness.gm import der, sm2_reference
from harness.gm.errors import DecryptionFailed, GmError, InvalidEncoding, InvalidKey
from harness.gm.sm3 import DIGEST_SIZE, sm3

CURVE = sm2_reference.SM2P256V1
DEFAULT_USER_ID = b"1234567812345678"
"""The user id (用户身份标识) where nothing else is agreed: 16 ASCII bytes, never their hex text."""
MAX_USER_ID = 0xFFFF // 8
"""Bytes: the length of a user id is hashed in bits, as two bytes."""
SPKI_HEAD = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
"""A SubjectPublicKeyInfo on sm2p256v1 up to its point."""
ALGORITHM = SPKI_HEAD[2:23]
"""AlgorithmIdentifier: ecPublicKey on sm2p256v1."""
_ONE = (1).to_bytes(der.SIZE)
LIBRARY_PLAINTEXT = range(1, 256)
"""Sizes of a plaintext, in bytes, that gmssl-pyx takes."""


class Signature(StrEnum):
    """How a signature is spelled."""

    RAW = "raw"
    """r‖s, 64 bytes: host commands, the insurance interfaces' JSON."""
    DER = "der"
    """SEQUENCE { r, s }: signature servers, OpenSSL."""


class Ciphertext(StrEnum):
    """How a ciphertext is spelled."""

    C1C3C2 = "c1c3c2"
    """04‖x‖y‖C3‖C2."""
    DER = "der"
    """SEQUENCE { x, y, C3, C2 } (GM/T 0009)."""


@dataclass(frozen=True, kw_only=True)
class PublicKey:
    """A point of sm2p256v1; raises InvalidKey unless it is one."""

    x: int
    y: int

    def __post_init__(self) -> None:
        if not CURVE.holds(self.x, self.y):
            raise InvalidKey("the public key is no point of sm2p256v1 with coordinates below p")

    @classmethod
    def from_point(cls, point: bytes) -> Self:
        """From 04‖X‖Y, 65 bytes; compressed and hybrid forms are refused. Raises InvalidKey."""
        if len(point) != der.POINT_SIZE or not point.startswith(der.UNCOMPRESSED):
            raise InvalidKey(f"a public key is 04 and two coordinates, {der.POINT_SIZE} bytes")
        return cls(x=int.from_bytes(point[1 : 1 + der.SIZE]), y=int.from_bytes(point[1 + der.SIZE :]))

    @classmethod
    def from_spki(cls, spki: bytes) -> Self:
        """From a DER SubjectPublicKeyInfo with an uncompressed point. Raises InvalidKey."""
        if not spki.startswith(SPKI_HEAD):
            raise InvalidKey("this is no SubjectPublicKeyInfo of an uncompressed key on sm2p256v1")
        return cls.from_point(spki[len(SPKI_HEAD) :])

    @cached_property
    def point(self) -> bytes:
        """04‖X‖Y, 65 bytes."""
        return der.UNCOMPRESSED + self.x.to_bytes(der.SIZE) + self.y.to_bytes(der.SIZE)

    @property
    def spki(self) -> bytes:
        """The DER SubjectPublicKeyInfo, 91 bytes."""
        return SPKI_HEAD + self.point

    def identity_digest(self, user_id: bytes = DEFAULT_USER_ID) -> bytes:
        """ZA: the digest of user id, curve and key that stands before every signed message (GB/T 32918.2, 5.5)."""
        if len(user_id) > MAX_USER_ID:
            raise GmError(f"a user id has at most {MAX_USER_ID} bytes, not {len(user_id)}")
        numbers = (CURVE.a, CURVE.b, CURVE.gx, CURVE.gy)
        curve = b"".join(number.to_bytes(der.SIZE) for number in numbers)
        return sm3((len(user_id) * 8).to_bytes(2) + user_id + curve + self.point[1:])

    def digest(self, message: bytes, *, user_id: bytes = DEFAULT_USER_ID) -> bytes:
        """e = SM3(ZA ‖ message): what is signed."""
        return sm3(self.identity_digest(user_id) + message)

    def verify(
        self,
        message: bytes,
        signature: bytes,
        *,
        user_id: bytes = DEFAULT_USER_ID,
        form: Signature = Signature.RAW,
    ) -> bool:
        """Whether this key's owner signed the message; a malformed signature is False, as any wrong one."""
        return self.verify_digest(self.digest(message, user_id=user_id), signature, form=form)

    def verify_digest(self, e: bytes, signature: bytes, *, form: Signature = Signature.RAW) -> bool:
        """The same over a digest e that the caller made; raises GmError unless it has 32 bytes."""
        _demand_digest(e)
        try:
            raw = signature if form is Signature.RAW else der.signature_from_der(signature)
            spelled = der.signature_to_der(raw)
        except InvalidEncoding:
            return False
        r, s = int.from_bytes(raw[: der.SIZE]), int.from_bytes(raw[der.SIZE :])
        if not (0 < r < CURVE.n and 0 < s < CURVE.n and r + s != CURVE.n):
            return False
        try:
            return bool(gmssl_pyx.sm2_verify_sm3_digest(self.point[1:], e, spelled))
        except gmssl_pyx.GmsslInnerError:
            return False

    def encrypt(self, message: bytes, *, form: Ciphertext = Ciphertext.C1C3C2) -> bytes:
        """A ciphertext that only the private key opens; raises GmError for an empty message."""
        if not message:
            raise GmError("SM2 cannot encrypt an empty message")
        if len(message) in LIBRARY_PLAINTEXT:
            plain = der.ciphertext_from_der(gmssl_pyx.sm2_encrypt(self.point[1:], message))
        else:
            plain = sm2_reference.encrypt(CURVE, (self.x, self.y), message, secrets.randbelow(CURVE.n - 1) + 1)
        return plain if form is Ciphertext.C1C3C2 else der.ciphertext_to_der(plain)


@dataclass(frozen=True, kw_only=True)
class PrivateKey:
    """A number of 1 to n-2; raises InvalidKey unless it is one. Its text form does not show it."""

    d: int = field(repr=False)

    def __post_init__(self) -> None:
        if not 1 <= self.d <= CURVE.n - 2:
            raise InvalidKey("a private key lies between 1 and n-2")

    @classmethod
    def generate(cls) -> Self:
        """A new key from the machine's randomness."""
        return cls(d=secrets.randbelow(CURVE.n - 2) + 1)

    @classmethod
    def from_bytes(cls, d: bytes) -> Self:
        """From its 32 bytes, big-endian. Raises InvalidKey."""
        if len(d) != der.SIZE:
            raise InvalidKey(f"a private key has {der.SIZE} bytes, not {len(d)}")
        return cls(d=int.from_bytes(d))

    @classmethod
    def from_pkcs8(cls, stored: bytes) -> Self:
        """From an unencrypted DER PKCS#8 key, as OpenSSL writes it. Raises InvalidKey."""
        try:
            outer = der.sequence_of(stored)
            genuine = outer.integer() == 0
            genuine &= der.element(der.SEQUENCE, outer.take(der.SEQUENCE)) == ALGORITHM
            inner = der.sequence_of(outer.take(der.OCTET_STRING))
            genuine &= inner.integer() == 1
            d = inner.take(der.OCTET_STRING)
        except InvalidEncoding as error:
            raise InvalidKey(f"this is no PKCS#8 key: {error}") from error
        if not genuine:
            raise InvalidKey("this PKCS#8 key is not one on sm2p256v1")
        return cls.from_bytes(d)

    @property
    def pkcs8(self) -> bytes:
        """The unencrypted DER PKCS#8 form, with the public key inside."""
        public = der.element(0xA1, der.element(der.BIT_STRING, b"\0" + self.public.point))
        key = der.integer(1) + der.element(der.OCTET_STRING, self.d.to_bytes(der.SIZE)) + public
        inner = der.element(der.OCTET_STRING, der.element(der.SEQUENCE, key))
        return der.element(der.SEQUENCE, der.integer(0) + ALGORITHM + inner)

    @cached_property
    def public(self) -> PublicKey:
        """The public key that belongs to this one."""
        point = CURVE.multiply_base(self.d)
        if point is None:
            raise InvalidKey("a private key lies between 1 and n-2")
        return PublicKey(x=point[0], y=point[1])

    def sign(self, message: bytes, *, user_id: bytes = DEFAULT_USER_ID, form: Signature = Signature.RAW) -> bytes:
        """A signature over the message; who signs much with one user id is faster off with a `Signer`."""
        return self.sign_digest(self.public.digest(message, user_id=user_id), form=form)

    def sign_digest(self, e: bytes, *, form: Signature = Signature.RAW) -> bytes:
        """A signature over a digest e that the caller made; raises GmError unless it has 32 bytes.

        gmssl-pyx computes (1 + d)⁻¹ and the public key anew for each signature. Here it signs with d = 1, for which
        that costs little: s₁ = (k - r) / 2, hence k + r = 2 (s₁ + r), and the signature with the real key and the same
        nonce is s = (1 + d)⁻¹ (k + r) - r (GB/T 32918.2, 6.1). The nonce is gmssl-pyx's, fresh for each signature.
        """
        _demand_digest(e)
        while True:
            spelled = gmssl_pyx.sm2_sign_sm3_digest(_ONE, e)
            middle = 4 + spelled[3]
            r = int.from_bytes(spelled[4:middle])
            s = (self._factor * (int.from_bytes(spelled[middle + 2 :]) + r) - r) % CURVE.n
            if s:
                raw = r.to_bytes(der.SIZE) + s.to_bytes(der.SIZE)
                return raw if form is Signature.RAW else der.signature_to_der(raw)

    @cached_property
    def _factor(self) -> int:
        return 2 * pow(1 + self.d, -1, CURVE.n) % CURVE.n

    def decrypt(self, ciphertext: bytes, *, form: Ciphertext = Ciphertext.C1C3C2) -> bytes:
        """The message; raises DecryptionFailed, or InvalidEncoding when the form is not kept."""
        if form is Ciphertext.DER:
            ciphertext = der.ciphertext_from_der(ciphertext)
        spelled = der.ciphertext_to_der(ciphertext)
        x, y = int.from_bytes(ciphertext[1 : 1 + der.SIZE]), int.from_bytes(ciphertext[1 + der.SIZE : der.POINT_SIZE])
        size = len(ciphertext) - der.POINT_SIZE - der.SIZE
        message = None
        if size in LIBRARY_PLAINTEXT and CURVE.holds(x, y):
            try:
                message = bytes(gmssl_pyx.sm2_decrypt(self.d.to_bytes(der.SIZE), spelled))
            except gmssl_pyx.GmsslInnerError:
                message = None
        elif size:
            message = sm2_reference.decrypt(CURVE, self.d, ciphertext)
        if message is None:
            raise DecryptionFailed("this ciphertext was not made for this key, or it was altered")
        return message


class Signer:
    """Signs many messages as one user: ZA is computed once.

    `repeatable` derives the nonce from key and digest (RFC 6979, 3.2, with HMAC-SM3), so that a bench with the same
    seed leaves the same tape. It takes a millisecond of plain Python, so it is meant for the bench's own test keys.
    """

    def __init__(
        self,
        key: PrivateKey,
        *,
        user_id: bytes = DEFAULT_USER_ID,
        form: Signature = Signature.RAW,
        repeatable: bool = False,
    ) -> None:
        self._key = key
        self._form = form
        self._identity = key.public.identity_digest(user_id)
        self._repeatable = repeatable

    def sign(self, message: bytes) -> bytes:
        """A signature over the message."""
        e = sm3(self._identity + message)
        if not self._repeatable:
            return self._key.sign_digest(e, form=self._form)
        for k in _derived_nonces(self._key.d, e):
            try:
                r, s = sm2_reference.sign(CURVE, self._key.d, int.from_bytes(e), k)
            except ValueError:
                continue
            raw = r.to_bytes(der.SIZE) + s.to_bytes(der.SIZE)
            return raw if self._form is Signature.RAW else der.signature_to_der(raw)
        raise AssertionError("nonces never end")


def _derived_nonces(d: int, e: bytes) -> Iterator[int]:
    def mac(key: bytes, data: bytes) -> bytes:
        return bytes(gmssl_pyx.sm3_hmac(key, data))

    secret = d.to_bytes(der.SIZE) + (int.from_bytes(e) % CURVE.n).to_bytes(der.SIZE)
    key, value = bytes(DIGEST_SIZE), b"\1" * DIGEST_SIZE
    for mark in (b"\0", b"\1"):
        key = mac(key, value + mark + secret)
        value = mac(key, value)
    while True:
        value = mac(key, value)
        if 0 < int.from_bytes(value) < CURVE.n:
            yield int.from_bytes(value)
        key = mac(key, value + b"\0")
        value = mac(key, value)


def _demand_digest(e: bytes) -> None:
    if len(e) != DIGEST_SIZE:
        raise GmError(f"a digest has {DIGEST_SIZE} bytes, not {len(e)}")
