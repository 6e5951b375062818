"""The envelope (报文) of the mobile-payment centre: signed, then encrypted, and opened with every doubt named.

    codec = EnvelopeCodec(application, machine, load_variant("national"))
    wire = codec.seal({"payOrdId": "…"}, now_ns=clock.now_ns())          # a JSON object, as `encode` spells it
    codec.open(encode(wire), now_ns=clock.now_ns()).data                  # or an EnvelopeError that says why not

Signing and the cipher are a `Machine`'s; the canonical string, the forms and the checks are here. What a service means
and how messages travel is not.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass

from harness.clock import NS
from harness.gm import DecryptionFailed, InvalidEncoding, signature_from_der, signature_to_der, sm4
from harness.wire.mobile_payment.canonical import (
    DATA,
    UNSIGNED,
    canonical_bytes,
    canonical_data,
    decode,
    spell,
)
from harness.wire.mobile_payment.canonical import Charset as Spelling
from harness.wire.mobile_payment.diagnosis import (
    Suspects,
    diagnose_cipher,
    diagnose_sealed_text,
    diagnose_signature,
    plain_text,
)
from harness.wire.mobile_payment.keys import Application
from harness.wire.mobile_payment.machine import Machine
from harness.wire.mobile_payment.refusals import Pain, refused
from harness.wire.mobile_payment.timestamp import form_of, parse_timestamp, spell_timestamp
from harness.wire.mobile_payment.variant import (
    EncType,
    HexCase,
    PlainForm,
    SignatureForm,
    SignType,
    ValueAs,
    Variant,
)

SIGN_DATA, ENC_DATA, EXTRA = "signData", "encData", "extra"
SIGN_TYPE, ENC_TYPE, TIMESTAMP, VERSION = "signType", "encType", "timestamp", "version"
CODE, MESSAGE, SUCCESS = "code", "message", "success"
_HEX = re.compile(r"[0-9A-Fa-f]+\Z")
_RAW = 64
_NUMBER = re.compile(r"-?[0-9]{1,9}\Z")


@dataclass(frozen=True, kw_only=True)
class Opened:
    """An envelope that was found good. `members` are those beside the data, as they came."""

    data: Mapping[str, object]
    members: Mapping[str, object]
    service: str
    """What the variant's service field says; empty where it has none."""
    at_ns: int
    """Its timestamp, nanoseconds since 1970."""
    signed: bool
    encrypted: bool


class EnvelopeCodec:
    """Builds and opens the envelopes of one application.

    `suspects` are the public keys with which a bad signature is looked into; without them it is only called bad.
    """

    def __init__(
        self,
        application: Application,
        machine: Machine,
        variant: Variant,
        *,
        suspects: Suspects | None = None,
    ) -> None:
        self._application = application
        self._machine = machine
        self._variant = variant
        self._suspects = suspects

    def seal(
        self,
        data: Mapping[str, object],
        *,
        now_ns: int,
        service: str = "",
        extra: Mapping[str, object] | None = None,
    ) -> dict[str, object]:
        """A request. Raises ValueError for data that no message may contain: floats, depth, values that are no JSON."""
        return self._sealed({}, data, now_ns=now_ns, service=service, extra=extra)

    def seal_reply(
        self, code: int, message: str, data: Mapping[str, object] | None = None, *, now_ns: int
    ) -> dict[str, object]:
        """A reply; `code` 0 means done. Raises ValueError as `seal` does."""
        answer: dict[str, object] = {CODE: code, MESSAGE: message, SUCCESS: code == 0}
        return self._sealed(answer, data, now_ns=now_ns, service="", extra=None)

    def open(self, envelope: bytes | Mapping[str, object], *, now_ns: int) -> Opened:
        """A request's data, once everything about it is good. Raises the EnvelopeError of what is not."""
        return self._opened(_object(envelope), now_ns=now_ns, must_have_data=True)

    def open_reply(self, envelope: bytes | Mapping[str, object], *, now_ns: int) -> Opened:
        """A reply's data. Raises AnswerRefused for a code other than 0, and as `open` does."""
        members = _object(envelope)
        code = str(members.get(CODE, ""))
        if _NUMBER.match(code) is None:
            raise refused(Pain.FIELD_MISSING, f"{CODE} is {code!r}")
        said = f"{code} {members.get(MESSAGE) or ''}".strip()
        if int(code) != 0 and SIGN_DATA not in members and self._variant.unsigned_refusals:
            raise refused(Pain.REFUSED, said)
        opened = self._opened(members, now_ns=now_ns, must_have_data=False)
        if int(code) != 0:
            raise refused(Pain.REFUSED, said)
        return opened

    def _sealed(
        self,
        first: Mapping[str, object],
        data: Mapping[str, object] | None,
        *,
        now_ns: int,
        service: str,
        extra: Mapping[str, object] | None,
    ) -> dict[str, object]:
        variant = self._variant
        at = spell_timestamp(now_ns, variant.timestamp)
        message: dict[str, object] = {
            **first,
            variant.app_field: self._application.app_id,
            ENC_TYPE: variant.enc_type.value,
            SIGN_TYPE: variant.sign_type.value,
            TIMESTAMP: int(at) if variant.timestamp_as is ValueAs.NUMBER else at,
            VERSION: variant.version,
        }
        if service and variant.service_field:
            message[variant.service_field] = service
        if data is not None:
            message[DATA] = data
        if variant.sign_type is SignType.SM2:
            signed = canonical_bytes(message, secret=self._application.secret, rules=variant.canonical)
            raw = self._machine.sign(signed)
            spelled = raw if variant.signature is SignatureForm.RAW else signature_to_der(raw)
            message[SIGN_DATA] = base64.b64encode(spelled).decode()
        if variant.enc_type is EncType.SM4 and data is not None:
            sealed = self._machine.encrypt(self._plain(data)).hex()
            message[ENC_DATA] = sealed.upper() if variant.hex_case is HexCase.UPPER else sealed
            if not variant.keep_data:
                del message[DATA]
        if extra:
            message[EXTRA] = extra
        return message

    def _plain(self, data: Mapping[str, object]) -> bytes:
        if self._variant.plain_form is PlainForm.CANONICAL:
            return canonical_data(data, rules=self._variant.canonical).encode()
        return spell(data, Spelling.ESCAPED if self._variant.escape_plain else Spelling.UTF8).encode()

    def _opened(self, members: Mapping[str, object], *, now_ns: int, must_have_data: bool) -> Opened:
        variant = self._variant
        app_id = _text(members, variant.app_field)
        if app_id != self._application.app_id:
            raise refused(Pain.APP_ID)
        version = _text(members, VERSION)
        if version not in variant.versions:
            raise refused(Pain.VERSION, f"{version!r} where {' or '.join(variant.versions)} is due")
        signed = _is_protected(members, SIGN_TYPE, SignType.SM2, plain_accepted=variant.accept_unsigned)
        encrypted = _is_protected(members, ENC_TYPE, EncType.SM4, plain_accepted=variant.accept_plain_data)
        at_ns = self._time(members, now_ns=now_ns)
        data = self._data(members, encrypted=encrypted, must_have_data=must_have_data)
        rest = {name: value for name, value in members.items() if name not in UNSIGNED | {DATA}}
        if signed:
            self._verify(members, rest if data is None else {**rest, DATA: data})
        service = str(rest.get(variant.service_field) or "") if variant.service_field else ""
        return Opened(data=data or {}, members=rest, service=service, at_ns=at_ns, signed=signed, encrypted=encrypted)

    def _time(self, members: Mapping[str, object], *, now_ns: int) -> int:
        variant = self._variant
        text = _text(members, TIMESTAMP)
        form = form_of(text)
        if form is None or (form is not variant.timestamp and not variant.any_timestamp):
            raise refused(Pain.TIMESTAMP_FORM, f"{text[:40]!r} where {variant.timestamp} is due")
        try:
            at_ns = parse_timestamp(text)
        except ValueError as error:
            raise refused(Pain.TIMESTAMP_FORM, f"{text!r}") from error
        away = at_ns - now_ns
        if variant.tolerance_s and abs(away) > variant.tolerance_s * NS:
            where = "ahead of" if away > 0 else "behind"
            raise refused(
                Pain.TIMESTAMP_AWAY, f"{abs(away) // NS} s {where} now, {variant.tolerance_s} s are tolerated"
            )
        return at_ns

    def _data(
        self, members: Mapping[str, object], *, encrypted: bool, must_have_data: bool
    ) -> Mapping[str, object] | None:
        beside, sealed = members.get(DATA), members.get(ENC_DATA)
        if beside is not None and not isinstance(beside, Mapping):
            raise refused(Pain.PLAIN_TEXT_DOUBLED if isinstance(beside, str) else Pain.FIELD_MISSING, DATA)
        if not encrypted:
            if beside is None and must_have_data:
                raise refused(Pain.FIELD_MISSING, DATA)
            return beside
        if sealed is None or sealed == "":
            if must_have_data:
                raise refused(Pain.FIELD_MISSING, ENC_DATA)
            if beside is not None:
                raise refused(Pain.PLAIN_TYPE, "data is there, encData is not")
            return None
        if not isinstance(sealed, str):
            raise refused(Pain.FIELD_MISSING, f"{ENC_DATA} is no text")
        data = self._decrypted(sealed)
        if beside is not None and spell(beside) != spell(data):
            raise refused(Pain.DATA_ALTERED)
        return data

    def _decrypted(self, text: str) -> Mapping[str, object]:
        if _HEX.match(text) is None or len(text) % (2 * sm4.BLOCK):
            raise refused(diagnose_sealed_text(text), f"{len(text)} characters")
        sealed = bytes.fromhex(text)
        try:
            plain = self._machine.decrypt(sealed)
        except DecryptionFailed as error:
            raise refused(*diagnose_cipher(sealed, application=self._application)) from error
        wrong = plain_text(plain)
        if wrong is not None and wrong[0] is Pain.CIPHER_WRONG:
            wrong = diagnose_cipher(sealed, application=self._application)
        if wrong is not None:
            raise refused(*wrong)
        data = decode(plain.decode())
        assert isinstance(data, dict)
        return data

    def _verify(self, members: Mapping[str, object], message: Mapping[str, object]) -> None:
        rules, secret = self._variant.canonical, self._application.secret
        due = canonical_bytes(message, secret=secret, rules=rules)
        raw, is_der = _signature(members.get(SIGN_DATA))
        good = self._machine.verify(due, raw)
        if is_der and not self._variant.accept_der:
            raise refused(Pain.SIGNATURE_DER, "" if good else "and what it holds is not good either")
        if good:
            return
        if self._suspects is None:
            raise refused(Pain.SIGNATURE_WRONG)
        pain, detail = diagnose_signature(
            raw,
            message,
            sealed=str(members.get(ENC_DATA) or ""),
            application=self._application,
            rules=rules,
            suspects=self._suspects,
        )
        raise refused(pain, detail)


def encode(envelope: Mapping[str, object]) -> bytes:
    """An envelope as it travels: UTF-8 JSON without blanks. Raises ValueError for values that are no JSON."""
    return spell(envelope).encode()


def _object(envelope: bytes | Mapping[str, object]) -> Mapping[str, object]:
    if not isinstance(envelope, bytes):
        try:
            spell(envelope).encode()
        except ValueError as error:
            raise refused(Pain.NO_ENVELOPE, str(error)) from error
        return envelope
    if not envelope.strip():
        raise refused(Pain.NO_ENVELOPE, "it is empty")
    try:
        value = decode(envelope.decode())
    except UnicodeDecodeError as error:
        raise refused(Pain.NO_ENVELOPE, "it is not UTF-8") from error
    except ValueError as error:
        raise refused(Pain.NO_ENVELOPE, str(error)) from error
    if not isinstance(value, dict):
        raise refused(Pain.NO_ENVELOPE, "JSON within JSON" if isinstance(value, str) else "no JSON object")
    return value


def _text(members: Mapping[str, object], name: str) -> str:
    value = members.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise refused(Pain.FIELD_MISSING, name)
    return str(value)


def _is_protected(
    members: Mapping[str, object], name: str, agreed: SignType | EncType, *, plain_accepted: bool
) -> bool:
    said = _text(members, name).upper()
    if said == agreed:
        return True
    if said != "PLAIN":
        raise refused(Pain.UNKNOWN_TYPE, f"{name} {said[:40]!r}")
    if not plain_accepted:
        raise refused(Pain.PLAIN_TYPE, name)
    return False


def _signature(spelled: object) -> tuple[bytes, bool]:
    """r‖s, and whether it came as DER."""
    if not isinstance(spelled, str) or not spelled:
        raise refused(Pain.SIGNATURE_MISSING)
    if _HEX.match(spelled) and len(spelled) >= 2 * _RAW:
        raise refused(Pain.SIGNATURE_HEX)
    try:
        raw = base64.b64decode(spelled, validate=True)
    except (binascii.Error, ValueError) as error:
        raise refused(Pain.SIGNATURE_NOT_BASE64, f"{len(spelled)} characters") from error
    if len(raw) == _RAW:
        return raw, False
    try:
        return signature_from_der(raw), True
    except InvalidEncoding:
        raise refused(Pain.SIGNATURE_LENGTH, f"{len(raw)} bytes") from None
