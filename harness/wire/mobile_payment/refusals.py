"""Why an envelope is refused: one `Pain` for each way in which joint tests go wrong, and the errors that carry it.

What a person reads (in English and Chinese) and the code of an answer stand in the table
`fixtures/mobile_payment/tables/refusals.toml`. Errors are told apart by type, pains by `pain`; nobody parses texts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, partial
from typing import Self

from harness.errors import PeerViolation
from harness.wire.fields import load_toml

APP_ID_MISMATCH = 114
"""The centre's own code for an appId other than the one that the authorisation was given to."""


class Pain(StrEnum):
    """What is wrong with an envelope, as far as it can be told."""

    NO_ENVELOPE = "no-envelope"
    FIELD_MISSING = "field-missing"
    APP_ID = "app-id"
    VERSION = "version"
    PLAIN_TYPE = "plain-type"
    """Not signed, or not encrypted, although both are agreed."""
    UNKNOWN_TYPE = "unknown-type"
    TIMESTAMP_FORM = "timestamp-form"
    TIMESTAMP_AWAY = "timestamp-away"
    CIPHER_NOT_HEX = "cipher-not-hex"
    CIPHER_BASE64 = "cipher-base64"
    CIPHER_CUT = "cipher-cut"
    KEY_DECODED_FROM_HEX = "key-decoded-from-hex"
    KEY_LOWER_CASE = "key-lower-case"
    KEY_IS_SECRET = "key-is-secret"  # noqa: S105 - the name of a mistake
    KEY_IS_APP_ID = "key-is-app-id"
    CIPHER_PADDING = "cipher-padding"
    CIPHER_MODE = "cipher-mode"
    CIPHER_WRONG = "cipher-wrong"
    """Another key, or altered: it cannot be told which."""
    PLAIN_TEXT_GBK = "plain-text-gbk"
    PLAIN_TEXT_DOUBLED = "plain-text-doubled"
    PLAIN_TEXT_NO_JSON = "plain-text-no-json"
    SIGNATURE_MISSING = "signature-missing"
    SIGNATURE_NOT_BASE64 = "signature-not-base64"
    SIGNATURE_HEX = "signature-hex"
    SIGNATURE_DER = "signature-der"
    SIGNATURE_LENGTH = "signature-length"
    SIGNATURE_RANGE = "signature-range"
    HALVES_SWAPPED = "halves-swapped"
    USER_ID_MISSING = "user-id-missing"
    USER_ID_HEX = "user-id-hex"
    IDENTITY_MISSING = "identity-missing"
    """The digest was made without ZA."""
    MESSAGE_HASHED = "message-hashed"
    """A digest of the string was signed as if it were the message."""
    SIGNED_CIPHER = "signed-cipher"
    """It was encrypted first and signed then."""
    CANONICAL = "canonical"
    OWN_KEY = "own-key"
    """It bears a signature of the receiver's own key."""
    SIGNATURE_WRONG = "signature-wrong"
    """Another key, or altered data: it cannot be told which."""
    DATA_ALTERED = "data-altered"
    """Plain data stands beside the cipher, and they differ."""
    REFUSED = "refused"
    """The other side answered with a code of its own."""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One row of the table; `invented` when no public source gives the code."""

    pain: Pain
    code: int
    chinese: str
    problem: str
    cause: str
    remedy: str
    invented: bool


@cache
def refusals() -> Mapping[Pain, Refusal]:
    """The whole table."""
    rows = load_toml("mobile_payment/tables/refusals.toml")["refusal"]
    assert isinstance(rows, list)
    return {
        Pain(row["pain"]): Refusal(
            pain=Pain(row["pain"]),
            code=row["code"],
            chinese=row["chinese"],
            problem=row["problem"],
            cause=row["cause"],
            remedy=row["remedy"],
            invented=row["source"] == "invented",
        )
        for row in rows
    }


class EnvelopeError(PeerViolation):
    """An envelope that must not be acted on. `detail` adds to the table's text; it never holds data or keys."""

    def __init__(self, pain: Pain, detail: str = "") -> None:
        self.pain = pain
        self.detail = detail
        row = refusals()[pain]
        super().__init__(f"{row.problem}: {detail}" if detail else row.problem, cause=row.cause, remedy=row.remedy)

    def __reduce__(self) -> tuple[partial[Self], tuple[()]]:
        return partial(type(self), self.pain, self.detail), ()

    @property
    def code(self) -> int:
        """The code that an answer to this envelope bears."""
        return refusals()[self.pain].code

    @property
    def chinese(self) -> str:
        """What the other side's operator reads."""
        return refusals()[self.pain].chinese


class MalformedEnvelope(EnvelopeError):
    """It is no envelope, or lacks what one must have."""


class WrongApplication(EnvelopeError):
    """It is of another application than the one expected (error 114)."""


class UntimelyEnvelope(EnvelopeError):
    """Its time is not spelled as agreed, or too far from now."""


class CipherRefused(EnvelopeError):
    """Its data could not be had; nothing of it leaves."""


class SignatureRefused(EnvelopeError):
    """Its signature is not good; its data must not be used."""


class AnswerRefused(EnvelopeError):
    """A reply whose code says no."""


def refused(pain: Pain, detail: str = "") -> EnvelopeError:
    """The error of a pain, of its type."""
    return _TYPES[pain](pain, detail)


_OF_CIPHER = (
    Pain.CIPHER_NOT_HEX,
    Pain.CIPHER_BASE64,
    Pain.CIPHER_CUT,
    Pain.KEY_DECODED_FROM_HEX,
    Pain.KEY_LOWER_CASE,
    Pain.KEY_IS_SECRET,
    Pain.KEY_IS_APP_ID,
    Pain.CIPHER_PADDING,
    Pain.CIPHER_MODE,
    Pain.CIPHER_WRONG,
    Pain.PLAIN_TEXT_GBK,
    Pain.PLAIN_TEXT_DOUBLED,
    Pain.PLAIN_TEXT_NO_JSON,
)
_OF_SIGNATURE = (
    Pain.SIGNATURE_MISSING,
    Pain.SIGNATURE_NOT_BASE64,
    Pain.SIGNATURE_HEX,
    Pain.SIGNATURE_DER,
    Pain.SIGNATURE_LENGTH,
    Pain.SIGNATURE_RANGE,
    Pain.HALVES_SWAPPED,
    Pain.USER_ID_MISSING,
    Pain.USER_ID_HEX,
    Pain.IDENTITY_MISSING,
    Pain.MESSAGE_HASHED,
    Pain.SIGNED_CIPHER,
    Pain.CANONICAL,
    Pain.OWN_KEY,
    Pain.SIGNATURE_WRONG,
    Pain.DATA_ALTERED,
)
_TYPES: Mapping[Pain, type[EnvelopeError]] = {
    **dict.fromkeys(Pain, MalformedEnvelope),
    Pain.APP_ID: WrongApplication,
    Pain.TIMESTAMP_FORM: UntimelyEnvelope,
    Pain.TIMESTAMP_AWAY: UntimelyEnvelope,
    **dict.fromkeys(_OF_CIPHER, CipherRefused),
    **dict.fromkeys(_OF_SIGNATURE, SignatureRefused),
    Pain.REFUSED: AnswerRefused,
}
