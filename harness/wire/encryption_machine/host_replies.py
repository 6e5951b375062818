"""What an encryption machine answers over TCP (主机命令应答): replies as frozen values, named like their requests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Any reply whose error code is not 00: two characters; `detail` is whatever a machine says after them."""

    code: str
    detail: bytes = b""


@dataclass(frozen=True, kw_only=True)
class DiagnoseReply:
    """ND: the LMK's check value (16 hex digits) and the firmware (9 characters)."""

    lmk_check: str
    firmware: str


@dataclass(frozen=True, kw_only=True)
class EchoReply:
    """B3."""

    data: bytes


@dataclass(frozen=True, kw_only=True)
class RandomReply:
    """N1."""

    data: bytes


@dataclass(frozen=True, kw_only=True)
class HealthReply:
    """J3: load since it was last reset. Moments are yyMMddHHmmss; `bands` are (from %, to %, periods counted)."""

    serial: str
    since: str
    until: str
    now: str
    seconds: int
    bands: tuple[tuple[int, int, int], ...] = ()


@dataclass(frozen=True, kw_only=True)
class GenerateKeyPairReply:
    """E8: the public key (DER SubjectPublicKeyInfo) and the private key under the LMK."""

    public: bytes
    private: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class LoadKeyPairReply:
    """E2 as a reply: stored."""


@dataclass(frozen=True, kw_only=True)
class GetPublicKeyReply:
    """E3 as a reply."""

    public: bytes


@dataclass(frozen=True, kw_only=True)
class Sm2EncryptReply:
    """E4 as a reply: the ciphertext in the order and form that the profile's `ciphertext` names."""

    ciphertext: bytes


@dataclass(frozen=True, kw_only=True)
class Sm2DecryptReply:
    """E5 as a reply."""

    data: bytes


@dataclass(frozen=True, kw_only=True)
class Sm2SignReply:
    """E6 as a reply: r‖s."""

    signature: bytes


@dataclass(frozen=True, kw_only=True)
class Sm2VerifyReply:
    """E7 as a reply: the signature is valid. An invalid one is a `Refusal`."""


@dataclass(frozen=True, kw_only=True)
class Sm4EncryptReply:
    """S4 as a reply."""

    data: bytes


@dataclass(frozen=True, kw_only=True)
class Sm4DecryptReply:
    """S5."""

    data: bytes


@dataclass(frozen=True, kw_only=True)
class SmBatchReply:
    """SX."""

    blocks: tuple[bytes, ...]


@dataclass(frozen=True, kw_only=True)
class MoveKeyPairReply:
    """TU: of an export the public key (DER) and the private key under the KEK; of an import nothing."""

    public: bytes = b""
    private: bytes = field(repr=False, default=b"")


@dataclass(frozen=True, kw_only=True)
class MoveKeyReply:
    """TY: the key under the KEK or SM2 key (export), or under the LMK (import), and its check value."""

    wrapped: bytes = field(repr=False)
    check: bytes


@dataclass(frozen=True, kw_only=True)
class MacPublicKeyReply:
    """TR: the MAC."""

    mac: bytes


@dataclass(frozen=True, kw_only=True)
class DigestReply:
    """The digest, 32 bytes."""

    digest: bytes


@dataclass(frozen=True, kw_only=True)
class VendorReply:
    """The reply to a `VendorRequest`."""

    values: Mapping[str, object] = field(default_factory=dict)


Reply: TypeAlias = (
    Refusal
    | DiagnoseReply
    | EchoReply
    | RandomReply
    | HealthReply
    | GenerateKeyPairReply
    | LoadKeyPairReply
    | GetPublicKeyReply
    | Sm2EncryptReply
    | Sm2DecryptReply
    | Sm2SignReply
    | Sm2VerifyReply
    | Sm4EncryptReply
    | Sm4DecryptReply
    | SmBatchReply
    | MoveKeyPairReply
    | MoveKeyReply
    | MacPublicKeyReply
    | DigestReply
    | VendorReply
)
