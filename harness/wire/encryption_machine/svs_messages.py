"""What is asked of a signature server and what it answers (签名验签服务器, GM/T 0029): requests and replies.

`data`, `signature`, `certificate` and `pin` are the bytes themselves, never Base64. A signature is DER here, as the
standard has it. Lengths on the wire (inDataLen, signerIDLen, hashValueLen) are no fields: the codecs write and compare
them.
"""

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TypeAlias

SGD_SM3_SM2 = 0x00020201
"""Signature method SM3 with SM2, as signature servers have it (131585)."""
SGD_SM3_SM2_OTHER = 0x00020101
"""The same as one library's header has it; both are accepted."""
DEFAULT_USER_ID = b"1234567812345678"


class CertificateState(IntEnum):
    """State in the reply to validateCert; some software sends GOOD as 1 (a trap, so a profile may swap them)."""

    GOOD = 0
    REVOKED = 1
    UNKNOWN = 2


class VerifyLevel(IntEnum):
    """How far a certificate is looked into before its signature counts."""

    TIME = 0
    ISSUER = 1
    REVOCATION = 2


class Part(StrEnum):
    """Which of the four multi-part families an init, update or final belongs to."""

    SIGN_DATA = "signData"
    VERIFY_SIGNED_DATA = "verifySignedData"
    SIGN_MESSAGE = "signMessage"
    VERIFY_SIGNED_MESSAGE = "verifySignedMessage"


@dataclass(frozen=True, kw_only=True)
class ExportCert:
    """The certificate of a name (证书标识)."""

    identification: str


@dataclass(frozen=True, kw_only=True)
class ParseCert:
    """One item of a certificate; `info_type` is a SGD number."""

    info_type: int
    certificate: bytes


@dataclass(frozen=True, kw_only=True)
class ValidateCert:
    """Is the certificate good? `ocsp` asks its issuer."""

    certificate: bytes
    ocsp: bool = False


@dataclass(frozen=True, kw_only=True)
class SignData:
    """Sign with the sign key of an index, opened by its PIN. `user_id` None: the default one, and not on the wire."""

    method: int = SGD_SM3_SM2
    key_index: int
    pin: bytes = field(repr=False, default=b"")
    data: bytes
    user_id: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class VerifySignedData:
    """Verify with a certificate, or with the serial number of one that the server holds: exactly one of the two."""

    certificate: bytes | None = None
    serial: str | None = None
    data: bytes
    signature: bytes
    level: int = VerifyLevel.TIME
    method: int | None = None
    user_id: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class MultiPartInit:
    """The first part; the reply carries the chaining state.

    ZA needs the signer's public key: 04‖X‖Y or a SubjectPublicKeyInfo, as sent.
    """

    part: Part
    method: int = SGD_SM3_SM2
    public_key: bytes | None = None
    user_id: bytes | None = None
    data: bytes = b""


@dataclass(frozen=True, kw_only=True)
class MultiPartUpdate:
    """A further part; `state` is what the last reply carried."""

    part: Part
    method: int = SGD_SM3_SM2
    state: bytes
    data: bytes


@dataclass(frozen=True, kw_only=True)
class SignDataFinal:
    """The end of signing in parts."""

    method: int = SGD_SM3_SM2
    key_index: int
    pin: bytes = field(repr=False, default=b"")
    state: bytes


@dataclass(frozen=True, kw_only=True)
class VerifySignedDataFinal:
    """The end of verifying in parts."""

    method: int = SGD_SM3_SM2
    certificate: bytes | None = None
    serial: str | None = None
    state: bytes
    signature: bytes
    level: int = VerifyLevel.TIME


@dataclass(frozen=True, kw_only=True)
class SignMessage:
    """Make a signed message (PKCS#7 signedData as GM/T 0010 has it). The flags are None where they are not said."""

    method: int = SGD_SM3_SM2
    key_index: int
    pin: bytes = field(repr=False, default=b"")
    data: bytes
    hash_flag: bool | None = None
    original_text: bool | None = None
    certificate_chain: bool | None = None
    crl: bool | None = None
    attributes: bool | None = None


@dataclass(frozen=True, kw_only=True)
class VerifySignedMessage:
    """Verify a signed message; `data` is None when the message holds it."""

    data: bytes | None = None
    signed_message: bytes
    hash_flag: bool | None = None
    original_text: bool | None = None
    certificate_chain: bool | None = None
    crl: bool | None = None
    attributes: bool | None = None


@dataclass(frozen=True, kw_only=True)
class SignMessageFinal:
    """The end of a signed message in parts."""

    method: int = SGD_SM3_SM2
    key_index: int
    pin: bytes = field(repr=False, default=b"")
    state: bytes


@dataclass(frozen=True, kw_only=True)
class VerifySignedMessageFinal:
    """The end of verifying a signed message in parts."""

    method: int = SGD_SM3_SM2
    state: bytes
    signed_message: bytes


@dataclass(frozen=True, kw_only=True)
class GenRandom:
    """A vendor's request: `size` random bytes."""

    size: int


SvsRequest: TypeAlias = (
    ExportCert
    | ParseCert
    | ValidateCert
    | SignData
    | VerifySignedData
    | MultiPartInit
    | MultiPartUpdate
    | SignDataFinal
    | VerifySignedDataFinal
    | SignMessage
    | VerifySignedMessage
    | SignMessageFinal
    | VerifySignedMessageFinal
    | GenRandom
)


@dataclass(frozen=True, kw_only=True)
class SvsRefusal:
    """Any reply whose respValue is not 0."""

    code: int


@dataclass(frozen=True, kw_only=True)
class ExportCertReply:
    """A certificate, DER."""

    certificate: bytes


@dataclass(frozen=True, kw_only=True)
class ParseCertReply:
    """The item asked for, as text."""

    info: str


@dataclass(frozen=True, kw_only=True)
class ValidateCertReply:
    """What the server thinks of a certificate."""

    state: int


@dataclass(frozen=True, kw_only=True)
class SignedReply:
    """A signature, DER: the answer to signData and to signDataFinal."""

    signature: bytes


@dataclass(frozen=True, kw_only=True)
class VerifiedReply:
    """It verified: the answer to everything that verifies. An invalid signature is a `SvsRefusal`."""


@dataclass(frozen=True, kw_only=True)
class StateReply:
    """The chaining state after an init or an update."""

    state: bytes


@dataclass(frozen=True, kw_only=True)
class SignedMessageReply:
    """A signed message: the answer to signMessage and signMessageFinal."""

    signed_message: bytes


@dataclass(frozen=True, kw_only=True)
class RandomReply:
    """Random bytes."""

    data: bytes


SvsReply: TypeAlias = (
    SvsRefusal
    | ExportCertReply
    | ParseCertReply
    | ValidateCertReply
    | SignedReply
    | VerifiedReply
    | StateReply
    | SignedMessageReply
    | RandomReply
)
