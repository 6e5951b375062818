"""What is said to and by a signature server (签名验签服务器, GM/T 0029): requests, replies, response codes.

The same values travel as JSON, as forms (`svs_http`) and as DER (`svs_der`). `data`, `signature`, `certificate` and
`pin` are the bytes themselves, never Base64. A signature is DER here, as the standard has it. Lengths on the wire
(inDataLen, signerIDLen, hashValueLen) are no fields: the codecs write and compare them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from functools import partial
from typing import TypeAlias

from harness.wire.encryption_machine.reasons import Reason

SUCCESS = 0
CODE_BASE = 0x04000000
"""Response codes are this and one byte (GM/T 0029 App. D); 0 is success."""

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


class RequestType(IntEnum):
    """The request types; the number is reqType and the context tag of the DER choice."""

    EXPORT_CERT = 0
    PARSE_CERT = 1
    VALIDATE_CERT = 2
    SIGN_DATA = 3
    VERIFY_SIGNED_DATA = 4
    SIGN_DATA_INIT = 5
    SIGN_DATA_UPDATE = 6
    SIGN_DATA_FINAL = 7
    VERIFY_SIGNED_DATA_INIT = 8
    VERIFY_SIGNED_DATA_UPDATE = 9
    VERIFY_SIGNED_DATA_FINAL = 10
    SIGN_MESSAGE = 11
    VERIFY_SIGNED_MESSAGE = 12
    SIGN_MESSAGE_INIT = 13
    SIGN_MESSAGE_UPDATE = 14
    SIGN_MESSAGE_FINAL = 15
    VERIFY_SIGNED_MESSAGE_INIT = 16
    VERIFY_SIGNED_MESSAGE_UPDATE = 17
    VERIFY_SIGNED_MESSAGE_FINAL = 18
    GEN_RANDOM = 100
    """A vendor's own request (GenRandomData); the number is ours and never travels."""


class Part(StrEnum):
    """Which of the four multi-part families an init, update or final belongs to."""

    SIGN_DATA = "signData"
    VERIFY_SIGNED_DATA = "verifySignedData"
    SIGN_MESSAGE = "signMessage"
    VERIFY_SIGNED_MESSAGE = "verifySignedMessage"


# Requests


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


# Replies


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

_PLAIN: Mapping[type[object], RequestType] = {
    ExportCert: RequestType.EXPORT_CERT,
    ParseCert: RequestType.PARSE_CERT,
    ValidateCert: RequestType.VALIDATE_CERT,
    SignData: RequestType.SIGN_DATA,
    VerifySignedData: RequestType.VERIFY_SIGNED_DATA,
    SignDataFinal: RequestType.SIGN_DATA_FINAL,
    VerifySignedDataFinal: RequestType.VERIFY_SIGNED_DATA_FINAL,
    SignMessage: RequestType.SIGN_MESSAGE,
    VerifySignedMessage: RequestType.VERIFY_SIGNED_MESSAGE,
    SignMessageFinal: RequestType.SIGN_MESSAGE_FINAL,
    VerifySignedMessageFinal: RequestType.VERIFY_SIGNED_MESSAGE_FINAL,
    GenRandom: RequestType.GEN_RANDOM,
}
_INIT: Mapping[Part, RequestType] = {
    Part.SIGN_DATA: RequestType.SIGN_DATA_INIT,
    Part.VERIFY_SIGNED_DATA: RequestType.VERIFY_SIGNED_DATA_INIT,
    Part.SIGN_MESSAGE: RequestType.SIGN_MESSAGE_INIT,
    Part.VERIFY_SIGNED_MESSAGE: RequestType.VERIFY_SIGNED_MESSAGE_INIT,
}


def request_type(request: SvsRequest) -> RequestType:
    """Which of the standard's requests this is."""
    match request:
        case MultiPartInit(part=part):
            return _INIT[part]
        case MultiPartUpdate(part=part):
            return RequestType(_INIT[part] + 1)
        case _:
            return _PLAIN[type(request)]


# What a codec finds


@dataclass(frozen=True, kw_only=True)
class SvsCall:
    """A request as the server reads it. `time` is reqTime as sent; "" where the dialect has none."""

    raw: bytes = field(repr=False)
    type: RequestType
    request: SvsRequest
    time: str = ""
    form: bool = False
    """Whether it came as a form, so that the answer is one too."""


@dataclass(frozen=True, kw_only=True)
class SvsAnswer:
    """A reply as the client reads it, and the request it answers. `code` is respValue."""

    raw: bytes = field(repr=False)
    type: RequestType
    request: SvsRequest
    reply: SvsReply
    code: int
    time: str = ""


@dataclass(frozen=True, kw_only=True)
class SvsMalformed:
    """Bytes that are no message, and why; `code` is the respValue that a server answers with.

    `type` None: nobody knows what was asked, so nothing can be answered. `fatal`: the stream is out of step, close it.
    """

    raw: bytes = field(repr=False)
    reason: str
    cause: Reason = Reason.BAD_INPUT
    code: int = 0
    type: RequestType | None = None
    form: bool = False
    fatal: bool = False


WIRE_NAMES: Mapping[RequestType, str] = {
    type_: "genRandomData"
    if type_ is RequestType.GEN_RANDOM
    else type_.name.split("_")[0].lower() + "".join(word.capitalize() for word in type_.name.split("_")[1:])
    for type_ in RequestType
}
"""How the standard spells the request types: exportCert, signDataInit …"""

_REQUESTS: Mapping[RequestType, tuple[Callable[..., SvsRequest], Callable[..., SvsReply]]] = {
    RequestType.EXPORT_CERT: (ExportCert, ExportCertReply),
    RequestType.PARSE_CERT: (ParseCert, ParseCertReply),
    RequestType.VALIDATE_CERT: (ValidateCert, ValidateCertReply),
    RequestType.SIGN_DATA: (SignData, SignedReply),
    RequestType.VERIFY_SIGNED_DATA: (VerifySignedData, VerifiedReply),
    RequestType.SIGN_DATA_FINAL: (SignDataFinal, SignedReply),
    RequestType.VERIFY_SIGNED_DATA_FINAL: (VerifySignedDataFinal, VerifiedReply),
    RequestType.SIGN_MESSAGE: (SignMessage, SignedMessageReply),
    RequestType.VERIFY_SIGNED_MESSAGE: (VerifySignedMessage, VerifiedReply),
    RequestType.SIGN_MESSAGE_FINAL: (SignMessageFinal, SignedMessageReply),
    RequestType.VERIFY_SIGNED_MESSAGE_FINAL: (VerifySignedMessageFinal, VerifiedReply),
    RequestType.GEN_RANDOM: (GenRandom, RandomReply),
    **{_INIT[part]: (partial(MultiPartInit, part=part), StateReply) for part in Part},
    **{RequestType(_INIT[part] + 1): (partial(MultiPartUpdate, part=part), StateReply) for part in Part},
}


def makers(type_: RequestType) -> tuple[Callable[..., SvsRequest], Callable[..., SvsReply]]:
    """What makes the request and the reply of a type from their fields."""
    return _REQUESTS[type_]
