"""Certificates of SM2 keys: made for the machine's own test CA, read, and judged. X.509 (RFC 5280), GM/T 0015.

Only what a signature server needs: subject, issuer, serial number, validity, public key, the issuer's signature.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography import x509
from cryptography.x509.oid import NameOID

from harness.gm import PrivateKey, PublicKey, Signature, Signer, der
from harness.gm.errors import GmError
from harness.gm.sm2 import ALGORITHM, SPKI_HEAD

SIGNED_WITH_SM2 = "1.2.156.10197.1.501"
"""SM2 signature with SM3 (GM/T 0006)."""
_SM2_WITH_SM3 = bytes.fromhex("300a06082a811ccf55018375")
_COMMON_NAME, _COUNTRY, _ORGANISATION = (
    bytes.fromhex("0603550403"),
    bytes.fromhex("0603550406"),
    bytes.fromhex("060355040a"),
)
_BASIC_CONSTRAINTS_CA = bytes.fromhex("300f0603551d130101ff040530030101ff")
_UTF8, _PRINTABLE, _SET, _UTC_TIME = 0x0C, 0x13, 0x31, 0x17


class UnreadableCertificate(ValueError):
    """Bytes that are no certificate of an SM2 key."""


@dataclass(frozen=True, kw_only=True)
class ReadCertificate:
    """What a certificate says. `serial` in upper-case hex; moments in UTC; names as RFC 4514 texts."""

    der: bytes = field(repr=False)
    version: int
    serial: str
    subject: str
    issuer: str
    subject_der: bytes = field(repr=False)
    issuer_der: bytes = field(repr=False)
    common_name: str
    organisation: str
    country: str
    issuer_common_name: str
    not_before: datetime
    not_after: datetime
    public: PublicKey
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    def signed_by(self, issuer: "ReadCertificate") -> bool:
        """Whether the issuer's key signed this certificate, with the default user id (GM/T 0015, 5.2)."""
        return self.issuer_der == issuer.subject_der and issuer.public.verify(
            self.signed, self.signature, form=Signature.DER
        )


def read_certificate(stored: bytes) -> ReadCertificate:
    """Read a DER certificate. Raises UnreadableCertificate, also for a key on another curve."""
    try:
        found = x509.load_der_x509_certificate(stored)
        if found.signature_algorithm_oid.dotted_string != SIGNED_WITH_SM2:
            raise UnreadableCertificate("it is not signed with SM2")
        return ReadCertificate(
            der=stored,
            version=found.version.value + 1,
            serial=serial_text(found.serial_number),
            subject=found.subject.rfc4514_string(),
            issuer=found.issuer.rfc4514_string(),
            subject_der=found.subject.public_bytes(),
            issuer_der=found.issuer.public_bytes(),
            common_name=_item(found.subject, NameOID.COMMON_NAME),
            organisation=_item(found.subject, NameOID.ORGANIZATION_NAME),
            country=_item(found.subject, NameOID.COUNTRY_NAME),
            issuer_common_name=_item(found.issuer, NameOID.COMMON_NAME),
            not_before=found.not_valid_before_utc,
            not_after=found.not_valid_after_utc,
            public=_public_key(found.tbs_certificate_bytes),
            signed=found.tbs_certificate_bytes,
            signature=found.signature,
        )
    except (ValueError, TypeError, x509.InvalidVersion) as error:
        raise UnreadableCertificate(str(error)) from error


def make_certificate(
    public: PublicKey,
    *,
    name: str,
    serial: int,
    not_before: datetime,
    not_after: datetime,
    issuer: PrivateKey,
    issuer_name: str,
    authority: bool = False,
) -> bytes:
    """A DER certificate; the same arguments give the same bytes."""
    signature = der.element(der.SEQUENCE, _SM2_WITH_SM3[2:])
    extensions = der.element(0xA3, der.element(der.SEQUENCE, _BASIC_CONSTRAINTS_CA)) if authority else b""
    signed = der.element(
        der.SEQUENCE,
        der.element(0xA0, der.integer(2))
        + der.integer(serial)
        + signature
        + _name(issuer_name)
        + der.element(der.SEQUENCE, _time(not_before) + _time(not_after))
        + _name(name)
        + public.spki
        + extensions,
    )
    value = Signer(issuer, form=Signature.DER, repeatable=True).sign(signed)
    return der.element(der.SEQUENCE, signed + signature + der.element(der.BIT_STRING, b"\0" + value))


def serial_text(number: int) -> str:
    """A serial number as whole bytes in upper-case hex."""
    text = f"{number:X}"
    return text if len(text) % 2 == 0 else "0" + text


def _item(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    found = name.get_attributes_for_oid(oid)
    return str(found[0].value) if found else ""


def _public_key(signed: bytes) -> PublicKey:
    """The public key of a TBSCertificate; the library that reads the rest does not know the curve."""
    try:
        inside = der.sequence_of(signed)
        if inside.tag() == 0xA0:
            inside.take(0xA0)
        inside.take(der.INTEGER)
        for _ in ("signature", "issuer", "validity", "subject"):
            inside.take(der.SEQUENCE)
        spki = der.element(der.SEQUENCE, inside.take(der.SEQUENCE))
        if not spki.startswith(SPKI_HEAD) or ALGORITHM not in spki:
            raise UnreadableCertificate("its key is not an SM2 key")
        return PublicKey.from_spki(spki)
    except GmError as error:
        raise UnreadableCertificate(str(error)) from error


def _name(common_name: str) -> bytes:
    parts = ((_COUNTRY, _PRINTABLE, "CN"), (_ORGANISATION, _UTF8, "Liantiao"), (_COMMON_NAME, _UTF8, common_name))
    return der.element(
        der.SEQUENCE,
        b"".join(
            der.element(_SET, der.element(der.SEQUENCE, oid + der.element(tag, text.encode())))
            for oid, tag, text in parts
        ),
    )


def _time(moment: datetime) -> bytes:
    return der.element(_UTC_TIME, moment.astimezone(UTC).strftime("%y%m%d%H%M%SZ").encode())
