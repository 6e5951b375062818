"""What is said to and by a signature server (签名验签服务器, GM/T 0029): request types, calls, answers, codes.

The same values travel as JSON, as forms (`svs_http`) and as DER (`svs_der`); they stand in `svs_messages`, and are part
of this vocabulary.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import partial

from harness.wire.encryption_machine.reasons import Reason
from harness.wire.encryption_machine.svs_messages import (
    DEFAULT_USER_ID,
    SGD_SM3_SM2,
    SGD_SM3_SM2_OTHER,
    CertificateState,
    ExportCert,
    ExportCertReply,
    GenRandom,
    MultiPartInit,
    MultiPartUpdate,
    ParseCert,
    ParseCertReply,
    Part,
    RandomReply,
    SignData,
    SignDataFinal,
    SignedMessageReply,
    SignedReply,
    SignMessage,
    SignMessageFinal,
    StateReply,
    SvsRefusal,
    SvsReply,
    SvsRequest,
    ValidateCert,
    ValidateCertReply,
    VerifiedReply,
    VerifyLevel,
    VerifySignedData,
    VerifySignedDataFinal,
    VerifySignedMessage,
    VerifySignedMessageFinal,
)

__all__ = [
    "CODE_BASE",
    "DEFAULT_USER_ID",
    "SGD_SM3_SM2",
    "SGD_SM3_SM2_OTHER",
    "SUCCESS",
    "WIRE_NAMES",
    "CertificateState",
    "ExportCert",
    "ExportCertReply",
    "GenRandom",
    "MultiPartInit",
    "MultiPartUpdate",
    "ParseCert",
    "ParseCertReply",
    "Part",
    "RandomReply",
    "RequestType",
    "SignData",
    "SignDataFinal",
    "SignMessage",
    "SignMessageFinal",
    "SignedMessageReply",
    "SignedReply",
    "StateReply",
    "SvsAnswer",
    "SvsCall",
    "SvsMalformed",
    "SvsRefusal",
    "SvsReply",
    "SvsRequest",
    "ValidateCert",
    "ValidateCertReply",
    "VerifiedReply",
    "VerifyLevel",
    "VerifySignedData",
    "VerifySignedDataFinal",
    "VerifySignedMessage",
    "VerifySignedMessageFinal",
    "makers",
    "request_type",
]

SUCCESS = 0
CODE_BASE = 0x04000000
"""Response codes are this and one byte (GM/T 0029 App. D); 0 is success."""


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
