"""What is asked of an encryption machine over TCP (密码机主机命令): requests and the keys that they name.

Lengths, delimiters and the constants of a layout are no fields. Every bytes field is the decoded content: `data` is
never hex text, a symmetric key under the LMK is the bytes its hex text stands for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TypeAlias

EXTERNAL_INDEX = 9999
"""The index that says "the key is in the message" (外部密钥)."""
DEFAULT_USER_ID = b"1234567812345678"


@dataclass(frozen=True, kw_only=True)
class KeyIndex:
    """A key the machine holds (内部密钥): `K` and its index, 0 to 9998."""

    index: int


@dataclass(frozen=True, kw_only=True)
class ExternalPublicKey:
    """A public key in the message, as a DER SubjectPublicKeyInfo."""

    public: bytes


@dataclass(frozen=True, kw_only=True)
class ExternalPrivateKey:
    """A private key under the LMK in the message."""

    private: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class ExternalKeyPair:
    """A DER public key and its private key under the LMK in the message."""

    public: bytes
    private: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class WrappedKey:
    """A symmetric key under the LMK in the message; `scheme` is its letter (R, P, L, U or X), "" where it has none."""

    scheme: str
    wrapped: bytes = field(repr=False)


PublicKeyReference: TypeAlias = KeyIndex | ExternalPublicKey
PrivateKeyReference: TypeAlias = KeyIndex | ExternalPrivateKey
KeyPairReference: TypeAlias = KeyIndex | ExternalKeyPair | ExternalPrivateKey
SymmetricKeyReference: TypeAlias = KeyIndex | WrappedKey


class Mode(IntEnum):
    """Mode of a symmetric operation."""

    ECB = 0
    CBC = 1
    CFB = 2
    OFB = 3


class KeyType(StrEnum):
    """Type codes of symmetric keys that are known; a layout carries any three hex digits."""

    KEK = "000"
    MDK = "109"
    ZEK = "00A"


NO_SESSION_KEY = 0
NO_PADDING = 0


@dataclass(frozen=True, kw_only=True)
class Diagnose:
    """NC: who are you?"""


@dataclass(frozen=True, kw_only=True)
class Echo:
    """B2: send the data back."""

    data: bytes


@dataclass(frozen=True, kw_only=True)
class Random:
    """N0: `size` random bytes, at most what the profile's `max_random` says."""

    size: int


@dataclass(frozen=True, kw_only=True)
class Health:
    """J2: how loaded have you been?"""


@dataclass(frozen=True, kw_only=True)
class GenerateKeyPair:
    """E7: make an SM2 pair; stored under `index` where one is given, with a label."""

    index: int | None = None
    label: bytes = b""


@dataclass(frozen=True, kw_only=True)
class LoadKeyPair:
    """E1: store a pair that the machine once gave out: `private` is under its LMK."""

    public: bytes
    private: bytes = field(repr=False)
    index: int
    label: bytes = b""


@dataclass(frozen=True, kw_only=True)
class GetPublicKey:
    """E2: the public key of an index."""

    index: int


@dataclass(frozen=True, kw_only=True)
class Sm2Encrypt:
    """E3."""

    data: bytes
    key: PublicKeyReference


@dataclass(frozen=True, kw_only=True)
class Sm2Decrypt:
    """E4."""

    ciphertext: bytes
    key: PrivateKeyReference


@dataclass(frozen=True, kw_only=True)
class Sm2Sign:
    """E5: sign SM3(ZA ‖ data). The machine makes ZA; the reply's signature is r‖s."""

    data: bytes
    key: KeyPairReference
    user_id: bytes = DEFAULT_USER_ID


@dataclass(frozen=True, kw_only=True)
class Sm2Verify:
    """E6: `signature` is r‖s."""

    data: bytes
    signature: bytes
    key: PublicKeyReference
    user_id: bytes = DEFAULT_USER_ID


@dataclass(frozen=True, kw_only=True)
class Sm4Encrypt:
    """S3. `iv` is empty in ECB."""

    mode: int = Mode.ECB
    key_type: str
    key: SymmetricKeyReference
    derive: tuple[bytes, ...] = ()
    session_mode: int = NO_SESSION_KEY
    session_data: bytes = b""
    padding: int = NO_PADDING
    data: bytes
    iv: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Sm4Decrypt:
    """S4. `iv` is empty in ECB."""

    mode: int = Mode.ECB
    key_type: str
    key: SymmetricKeyReference
    derive: tuple[bytes, ...] = ()
    session_mode: int = NO_SESSION_KEY
    session_data: bytes = b""
    padding: int = NO_PADDING
    data: bytes
    iv: bytes = b""


@dataclass(frozen=True, kw_only=True)
class SmBatch:
    """SW: many blocks under one key; `direction` is ENCRYPT or DECRYPT."""

    direction: int
    mode: int = Mode.ECB
    key_type: str
    key: SymmetricKeyReference
    derive: tuple[bytes, ...] = ()
    session_mode: int = NO_SESSION_KEY
    session_data: bytes = b""
    padding: int = NO_PADDING
    blocks: tuple[bytes, ...]
    iv: bytes = b""


ENCRYPT, DECRYPT = 0, 1


@dataclass(frozen=True, kw_only=True)
class Digest:
    """D3 0A: the SM3 of data."""

    data: bytes


class Way(IntEnum):
    """Which way a key is moved."""

    EXPORT = 0
    IMPORT = 1


class Under(IntEnum):
    """What protects a key that is moved: the KEK at an index, or the SM2 pair there."""

    KEK = 0
    SM2 = 1


@dataclass(frozen=True, kw_only=True)
class MoveKeyPair:
    """TT: export the SM2 pair at an index under a KEK, or import one there; then both fields are given."""

    way: int
    kek: int
    index: int
    public: bytes = b""
    private: bytes = field(repr=False, default=b"")


@dataclass(frozen=True, kw_only=True)
class MoveKey:
    """TX: export a symmetric key under a KEK or an SM2 public key, or import one (`wrapped`) under the LMK.

    `protector` is the index of the KEK or of the SM2 pair.
    """

    way: int
    under: int
    protector: int
    key_type: str
    key: SymmetricKeyReference | None = None
    wrapped: bytes = field(repr=False, default=b"")


@dataclass(frozen=True, kw_only=True)
class MacPublicKey:
    """TQ: a MAC under the LMK over a public key (DER), so that it can be kept outside and trusted again."""

    public: bytes


@dataclass(frozen=True, kw_only=True)
class VendorRequest:
    """A command that only a profile knows: its fields by the names of its layout."""

    code: str
    values: Mapping[str, object] = field(default_factory=dict)


Request: TypeAlias = (
    Diagnose
    | Echo
    | Random
    | Health
    | GenerateKeyPair
    | LoadKeyPair
    | GetPublicKey
    | Sm2Encrypt
    | Sm2Decrypt
    | Sm2Sign
    | Sm2Verify
    | Sm4Encrypt
    | Sm4Decrypt
    | SmBatch
    | MoveKeyPair
    | MoveKey
    | MacPublicKey
    | Digest
    | VendorRequest
)
