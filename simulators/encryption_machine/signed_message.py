"""Signed messages (签名消息): PKCS#7 signedData with SM2 and SM3 as GM/T 0010 has it, without attributes.

    ContentInfo { signedData, [0] SignedData { version 1, { SM3 }, ContentInfo { data, [0] content? },
                  [0] certificates?, { SignerInfo { 1, issuer and serial, SM3, SM2, signature } } } }

The signature is SM2's over SM3(ZA ‖ content) with the default user id, in DER.
"""

from dataclasses import dataclass, field

from harness.gm import GmError, der

SIGNED_DATA = bytes.fromhex("060a2a811ccf550601040202")
DATA = bytes.fromhex("060a2a811ccf550601040201")
SM3_ALGORITHM = bytes.fromhex("300c06082a811ccf550183110500")
SM2_ALGORITHM = bytes.fromhex("300d06092a811ccf5501822d010500")
_SET, _CONTEXT_0 = 0x31, 0xA0


class UnreadableMessage(ValueError):
    """Bytes that are no signed message of this kind."""


@dataclass(frozen=True, kw_only=True)
class SignedMessage:
    """What a signed message holds; `content` None when it is detached. Names and certificates are DER."""

    content: bytes | None
    certificates: tuple[bytes, ...]
    issuer: bytes = field(repr=False)
    serial: int
    signature: bytes


def make_signed_message(
    *, content: bytes | None, certificates: tuple[bytes, ...], issuer: bytes, serial: int, signature: bytes
) -> bytes:
    """The DER of a signed message; `issuer` is the DER name, `signature` DER."""
    inside = b"" if content is None else der.element(_CONTEXT_0, der.element(der.OCTET_STRING, content))
    signer = der.element(
        der.SEQUENCE,
        der.integer(1)
        + der.element(der.SEQUENCE, issuer + der.integer(serial))
        + SM3_ALGORITHM
        + SM2_ALGORITHM
        + der.element(der.OCTET_STRING, signature),
    )
    body = (
        der.integer(1)
        + der.element(_SET, SM3_ALGORITHM)
        + der.element(der.SEQUENCE, DATA + inside)
        + (der.element(_CONTEXT_0, b"".join(certificates)) if certificates else b"")
        + der.element(_SET, signer)
    )
    return der.element(der.SEQUENCE, SIGNED_DATA + der.element(_CONTEXT_0, der.element(der.SEQUENCE, body)))


def read_signed_message(stored: bytes) -> SignedMessage:
    """Read one with exactly one signer. Raises UnreadableMessage."""
    try:
        return _read(stored)
    except GmError as error:
        raise UnreadableMessage(str(error)) from error


def _read(stored: bytes) -> SignedMessage:
    outer = der.sequence_of(stored)
    _demand(der.element(der.OBJECT_IDENTIFIER, outer.take(der.OBJECT_IDENTIFIER)) == SIGNED_DATA, "signedData")
    body = der.sequence_of(outer.take(_CONTEXT_0))
    outer.end()
    _demand(body.integer() == 1, "version 1")
    _demand(der.element(_SET, body.take(_SET)) == der.element(_SET, SM3_ALGORITHM), "SM3")
    content = _content(der.Reader(body.take(der.SEQUENCE)))
    certificates: list[bytes] = []
    if body.tag() == _CONTEXT_0:
        held = der.Reader(body.take(_CONTEXT_0))
        while held.left:
            certificates.append(der.element(der.SEQUENCE, held.take(der.SEQUENCE)))
    signers = der.Reader(body.take(_SET))
    body.end()
    signer = der.Reader(signers.take(der.SEQUENCE))
    signers.end()
    _demand(signer.integer() == 1, "version 1")
    named = der.Reader(signer.take(der.SEQUENCE))
    issuer, serial = der.element(der.SEQUENCE, named.take(der.SEQUENCE)), named.integer()
    named.end()
    _demand(der.element(der.SEQUENCE, signer.take(der.SEQUENCE)) == SM3_ALGORITHM, "SM3")
    _demand(der.element(der.SEQUENCE, signer.take(der.SEQUENCE)) == SM2_ALGORITHM, "SM2")
    signature = signer.take(der.OCTET_STRING)
    signer.end()
    return SignedMessage(
        content=content, certificates=tuple(certificates), issuer=issuer, serial=serial, signature=signature
    )


def _content(info: der.Reader) -> bytes | None:
    _demand(der.element(der.OBJECT_IDENTIFIER, info.take(der.OBJECT_IDENTIFIER)) == DATA, "data")
    if not info.left:
        return None
    held = der.Reader(info.take(_CONTEXT_0))
    info.end()
    content = held.take(der.OCTET_STRING)
    held.end()
    return content


def _demand(fits: bool, due: str) -> None:
    if not fits:
        raise UnreadableMessage(f"{due} is due")
