"""Why a signature or a cipher text is refused: the known mistakes of joint tests, tried one after another.

A signature and a public key fix the digest that was signed (e = r - x([s]G + [t]P) mod n), so it is computed once and
compared with the digest of every mistake: a wrong user id, another spelling of the string, the other key. What fits
none is either another key or altered data; mathematics does not tell which.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.gm import DEFAULT_USER_ID, GmError, PublicKey, sm3, sm4
from harness.gm.sm2 import CURVE
from harness.wire.mobile_payment.canonical import (
    DATA,
    Canonical,
    canonical_bytes,
    decode,
    variations,
)
from harness.wire.mobile_payment.keys import KEY_CHARACTERS, Application, KeyText, sm4_key
from harness.wire.mobile_payment.refusals import Pain

_HALF = 32
_HEX_KEY = 32
Verdict = tuple[Pain, str]


@dataclass(frozen=True, kw_only=True)
class Suspects:
    """The public keys that a diagnosis may look at: the peer's, and the receiver's own if it is known."""

    peer: PublicKey
    own: PublicKey | None = None


def diagnose_signature(
    raw: bytes,
    message: Mapping[str, object],
    *,
    sealed: str,
    application: Application,
    rules: Canonical,
    suspects: Suspects,
) -> Verdict:
    """What is wrong with r‖s over a message with its plain data; `sealed` is its encData, if it has one."""
    r, s = int.from_bytes(raw[:_HALF]), int.from_bytes(raw[_HALF:])
    peer, own = suspects.peer, suspects.own
    signed = signed_digest(peer, r, s)
    if signed is None:
        return Pain.SIGNATURE_RANGE, ""
    secret = application.secret
    due = canonical_bytes(message, secret=secret, rules=rules)
    if _number(peer.digest(due)) == signed_digest(peer, s, r):
        return Pain.HALVES_SWAPPED, ""
    for pain, digest in _other_digests(peer, due):
        if _number(digest) == signed:
            return pain, ""
    for other in _cipher_messages(message, sealed):
        if _number(peer.digest(canonical_bytes(other, secret=secret, rules=rules))) == signed:
            return Pain.SIGNED_CIPHER, ""
    for name, varied in variations(rules):
        if _number(peer.digest(canonical_bytes(message, secret=secret, rules=varied))) == signed:
            return Pain.CANONICAL, name
    if own is not None and _number(own.digest(due)) == signed_digest(own, r, s):
        return Pain.OWN_KEY, ""
    return Pain.SIGNATURE_WRONG, ""


def signed_digest(public: PublicKey, r: int, s: int) -> int | None:
    """The digest, as a number below n, over which (r, s) is this key's signature; None when it can be none."""
    t = (r + s) % CURVE.n
    if not (0 < r < CURVE.n and 0 < s < CURVE.n and t):
        return None
    point = CURVE.add(CURVE.multiply(s, CURVE.base), CURVE.multiply(t, (public.x, public.y)))
    return None if point is None else (r - point[0]) % CURVE.n


def diagnose_cipher(sealed: bytes, *, application: Application) -> Verdict:
    """What is wrong with a cipher text of whole blocks that does not open to a JSON object."""
    for pain, key in _other_keys(application):
        if _opens(key, sealed):
            return pain, ""
    key = sm4_key(application)
    for iv in (bytes(sm4.BLOCK), key):
        try:
            plain = sm4.cbc_decrypt(key, iv, sealed)
        except GmError:
            continue
        if plain_text(plain) is None:
            return Pain.CIPHER_MODE, ""
    unpadded = sm4.ecb_decrypt(key, sealed, padding=sm4.Padding.NONE)
    if plain_text(unpadded.rstrip(b"\0")) is None:
        return Pain.CIPHER_PADDING, ""
    return Pain.CIPHER_WRONG, ""


def plain_text(plain: bytes) -> Verdict | None:
    """What is wrong with a decrypted plain text; None when it is a JSON object in UTF-8."""
    try:
        text = plain.decode()
    except UnicodeDecodeError:
        return (Pain.PLAIN_TEXT_GBK, "") if _is_gbk_object(plain) else (Pain.CIPHER_WRONG, "")
    try:
        value = decode(text)
    except ValueError as error:
        return Pain.PLAIN_TEXT_NO_JSON, "" if "column" in str(error) else str(error)
    if isinstance(value, str):
        return Pain.PLAIN_TEXT_DOUBLED, ""
    return None if isinstance(value, dict) else (Pain.PLAIN_TEXT_NO_JSON, "it is JSON, but no object")


def diagnose_sealed_text(text: str) -> Pain:
    """What is wrong with an encData that is no hex text of whole blocks."""
    if all(character in "0123456789abcdefABCDEF" for character in text):
        return Pain.CIPHER_CUT
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return Pain.CIPHER_NOT_HEX
    return Pain.CIPHER_BASE64 if decoded and len(decoded) % sm4.BLOCK == 0 else Pain.CIPHER_NOT_HEX


def _other_digests(peer: PublicKey, due: bytes) -> Iterator[tuple[Pain, bytes]]:
    yield Pain.USER_ID_MISSING, peer.digest(due, user_id=b"")
    yield Pain.USER_ID_HEX, peer.digest(due, user_id=DEFAULT_USER_ID.hex().encode())
    yield Pain.IDENTITY_MISSING, sm3(due)
    hashed = sm3(due)
    for spelled in (hashed, hashed.hex().encode(), hashed.hex().upper().encode()):
        yield Pain.MESSAGE_HASHED, peer.digest(spelled)


def _cipher_messages(message: Mapping[str, object], sealed: str) -> Iterator[Mapping[str, object]]:
    if sealed:
        yield {**message, DATA: sealed}
        without = {name: value for name, value in message.items() if name != DATA}
        yield without


def _other_keys(application: Application) -> Iterator[tuple[Pain, bytes]]:
    yield Pain.KEY_DECODED_FROM_HEX, sm4_key(application, KeyText.DECODED)
    yield Pain.KEY_LOWER_CASE, sm4_key(application, KeyText.LOWER_TEXT)
    for pain, text in ((Pain.KEY_IS_SECRET, application.secret), (Pain.KEY_IS_APP_ID, application.app_id)):
        if len(text.encode()) >= KEY_CHARACTERS:
            yield pain, text.encode()[:KEY_CHARACTERS]
        if len(text) == _HEX_KEY and all(character in "0123456789abcdefABCDEF" for character in text):
            yield pain, bytes.fromhex(text)


def _opens(key: bytes, sealed: bytes) -> bool:
    try:
        return plain_text(sm4.ecb_decrypt(key, sealed)) is None
    except GmError:
        return False


def _is_gbk_object(plain: bytes) -> bool:
    try:
        return isinstance(decode(plain.decode("gbk")), dict)
    except ValueError:
        return False


def _number(digest: bytes) -> int:
    return int.from_bytes(digest) % CURVE.n
