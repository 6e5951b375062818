"""The key texts of the mobile-payment centre, and the SM4 key that both sides derive from the application's secret.

A private key is Base64 of 32 bytes, or of 33 with a leading 00, as Java's BigInteger writes it when the first bit is
set (of 31 when its first byte is 0); a public key is Base64 of 04‖X‖Y, 65 bytes (mobile payment centre, signature).
Other texts are refused by a `KeyTextError` that names what they seem to be: nothing is guessed about a key.
"""

import base64
import binascii
import re
from dataclasses import dataclass, field
from enum import StrEnum

from harness.errors import ConfigError
from harness.gm import InvalidKey, PrivateKey, PublicKey, sm3, sm4
from harness.gm.sm2 import CURVE

KEY_CHARACTERS = 16
"""Characters of the derived text that are the SM4 key, and of the appId that encrypt the secret."""
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+\Z")
_SIZE, _POINT = 32, 65
_SHORTEST = 30
_SPKI = b"\x30\x59\x30\x13"
_WRAPPED = re.compile(rb"\x30(?:.|\x81.)\x02\x01[\x00\x01]", re.DOTALL)
"""How a PKCS#8 or an SEC 1 structure begins: a SEQUENCE with its version."""


class Side(StrEnum):
    """Whose key pair it is."""

    INSTITUTION = "institution"
    CENTRE = "centre"


class KeyForm(StrEnum):
    """What a key text is; all but the first two are refused."""

    BASE64 = "base64"
    """Base64 of the 32 bytes, or of the point."""
    BASE64_JAVA = "base64-java"
    """Base64 of the 33 bytes of a Java BigInteger."""
    HEX = "hex"
    PKCS8 = "pkcs8"
    SPKI = "spki"
    PRIVATE_AS_PUBLIC = "private-as-public"
    PUBLIC_AS_PRIVATE = "public-as-private"
    WITHOUT_04 = "without-04"
    COMPRESSED = "compressed"
    OUT_OF_RANGE = "out-of-range"
    """Of the right size, but no key of the curve."""
    UNKNOWN = "unknown"


_REMEDY = {
    KeyForm.HEX: "give the Base64 of the bytes, not their hex text",
    KeyForm.PKCS8: "give the Base64 of the 32 bytes inside the PKCS#8 structure",
    KeyForm.SPKI: "give the Base64 of the last 65 bytes of the structure, from 04 on",
    KeyForm.PRIVATE_AS_PUBLIC: "give the platform's public key here; the private key stays with its owner",
    KeyForm.PUBLIC_AS_PRIVATE: "give the application's own private key here",
    KeyForm.WITHOUT_04: "put the byte 04 before X and Y, then Base64",
    KeyForm.COMPRESSED: "give the uncompressed key: 04, X, Y",
    KeyForm.OUT_OF_RANGE: "compare the key with what the platform handed out, character by character",
    KeyForm.UNKNOWN: "give Base64 of 32 or 33 bytes for a private key, of 65 bytes for a public one",
}


class KeyTextError(ConfigError):
    """A key text that is none of the centre's; `form` says what it seems to be. The text itself is never shown."""

    def __init__(self, what: str, form: KeyForm) -> None:
        self.what = what
        self.form = form
        super().__init__(
            f"The {what} is not spelled as the mobile-payment centre spells it ({form}).",
            cause="a key was copied in another tool's form, cut, or put in the other key's place",
            remedy=_REMEDY[form],
        )


@dataclass(frozen=True, kw_only=True)
class Application:
    """An application at the centre (appId, appSecret); its text form does not show the secret."""

    app_id: str
    """32 characters at the national centre."""
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.app_id.encode()) < KEY_CHARACTERS or not self.secret:
            raise ConfigError(
                "An application of the mobile-payment centre has an appId of at least 16 characters and a secret.",
                cause="the appId was cut, or the secret is missing",
                remedy="copy both from what the platform handed out; an appId has 32 characters",
            )


class KeyText(StrEnum):
    """How the derived hex text becomes the SM4 key; only the first is right, the others are known mistakes."""

    UPPER_TEXT = "upper-text"
    """The first 16 characters of the upper-case text, as ASCII bytes."""
    LOWER_TEXT = "lower-text"
    """The same of the lower-case text."""
    DECODED = "decoded"
    """The first 16 bytes that the text spells."""


def sm4_key(application: Application, text: KeyText = KeyText.UPPER_TEXT) -> bytes:
    """The 16-byte SM4 key of an application (mobile payment centre, encryption).

    The secret is encrypted under the appId's first 16 bytes (SM4-ECB, PKCS#7); the first 16 characters of the result's
    hex text are the key.
    """
    sealed = sm4.ecb_encrypt(application.app_id.encode()[:KEY_CHARACTERS], application.secret.encode())
    match text:
        case KeyText.UPPER_TEXT:
            return sealed.hex().upper()[:KEY_CHARACTERS].encode()
        case KeyText.LOWER_TEXT:
            return sealed.hex()[:KEY_CHARACTERS].encode()
        case KeyText.DECODED:
            return sealed[:KEY_CHARACTERS]


def seeded_key(seed: int, side: str) -> PrivateKey:
    """The key pair of a side on a bench without keys of its own, the same for the same seed; `side` is a `Side`."""
    first = sm3(f"{seed}/mobile-payment/{side}".encode())
    return PrivateKey(d=1 + int.from_bytes(first + sm3(first)) % (CURVE.n - 2))


def read_private_key(text: str) -> PrivateKey:
    """The key of Base64 of 32 bytes, or of what Java's BigInteger makes of them. Raises KeyTextError."""
    raw = _bytes(text, "private key")
    java = len(raw) == _SIZE + 1 and raw[0] == 0
    short = _SHORTEST <= len(raw) < _SIZE and raw[0] != 0
    if not (java or short or len(raw) == _SIZE):
        raise KeyTextError("private key", _form_of(raw, private=True))
    try:
        return PrivateKey.from_bytes(raw[-_SIZE:].rjust(_SIZE, b"\0"))
    except InvalidKey as error:
        raise KeyTextError("private key", KeyForm.OUT_OF_RANGE) from error


def read_public_key(text: str) -> PublicKey:
    """The key of Base64 of 04‖X‖Y. Raises KeyTextError."""
    raw = _bytes(text, "public key")
    if len(raw) != _POINT or raw[0] != 4:
        raise KeyTextError("public key", _form_of(raw, private=False))
    try:
        return PublicKey.from_point(raw)
    except InvalidKey as error:
        raise KeyTextError("public key", KeyForm.OUT_OF_RANGE) from error


def spell_private_key(key: PrivateKey, form: KeyForm = KeyForm.BASE64) -> str:
    """The key as text; BASE64_JAVA as Java's BigInteger has it, with 33, 32 or fewer bytes. Raises ValueError."""
    raw = key.d.to_bytes(_SIZE)
    match form:
        case KeyForm.BASE64:
            return base64.b64encode(raw).decode()
        case KeyForm.BASE64_JAVA:
            return base64.b64encode(key.d.to_bytes(key.d.bit_length() // 8 + 1)).decode()
        case _:
            raise ValueError(f"a private key is not spelled as {form}")


def spell_public_key(key: PublicKey) -> str:
    """The key as text: Base64 of 65 bytes."""
    return base64.b64encode(key.point).decode()


def _bytes(text: str, what: str) -> bytes:
    text = "".join(text.split())
    # Hex of 64 or 130 characters may be Base64 as well; no key of that form is of such a size then.
    if _HEX.match(text) and len(text) in {2 * _SIZE, 2 * (_SIZE + 1), 4 * _SIZE, 2 * _POINT}:
        raise KeyTextError(what, KeyForm.HEX)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise KeyTextError(what, KeyForm.UNKNOWN) from error


def _form_of(raw: bytes, *, private: bool) -> KeyForm:
    if raw.startswith(_SPKI):
        return KeyForm.SPKI
    if _WRAPPED.match(raw):
        return KeyForm.PKCS8
    if private:
        return KeyForm.PUBLIC_AS_PRIVATE if len(raw) == _POINT and raw[0] == 4 else KeyForm.UNKNOWN
    if len(raw) == _SIZE + 1 and raw[0] in {2, 3}:
        return KeyForm.COMPRESSED
    if len(raw) == _SIZE or (len(raw) == _SIZE + 1 and raw[0] == 0):
        return KeyForm.PRIVATE_AS_PUBLIC
    return KeyForm.WITHOUT_04 if len(raw) == 2 * _SIZE else KeyForm.UNKNOWN
