"""What the signature server does (GM/T 0029), whichever of its dialects asks: requests in, replies out.

A key index opens with its PIN; a certificate counts when its time has come (level 0), when the machine's CA has signed
it (level 1), and when it is not revoked (level 2). Multi-part requests keep no state here: it goes to the client and
comes back (see `chaining`).
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from harness.clock import NS
from harness.faults.catalogue import Effect
from harness.gm import GmError, InvalidEncoding, PublicKey, Signature, signature_from_der, signature_to_der
from harness.gm.sm2 import MAX_USER_ID
from harness.wire.encryption_machine import svs
from harness.wire.encryption_machine.reasons import Reason
from harness.wire.encryption_machine.svs import CertificateState, VerifyLevel
from simulators.encryption_machine import chaining, spoiling
from simulators.encryption_machine.certificates import (
    ReadCertificate,
    UnreadableCertificate,
    read_certificate,
)
from simulators.encryption_machine.device_facts import Condition
from simulators.encryption_machine.keys import Certificate, Pair, Use
from simulators.encryption_machine.machine import Machine, Refused
from simulators.encryption_machine.signed_message import (
    SignedMessage,
    UnreadableMessage,
    make_signed_message,
    read_signed_message,
)
from simulators.kit.spoilt_signatures import spoilt_form

METHODS = frozenset({svs.SGD_SM3_SM2, svs.SGD_SM3_SM2_OTHER})
SPKI_SIZE = 91
_KEPT = 64
_INFO: Mapping[int, Callable[[ReadCertificate], str]] = {
    0x01: lambda c: f"V{c.version}",
    0x02: lambda c: c.serial,
    0x05: lambda c: c.issuer,
    0x06: lambda c: f"{_moment(c.not_before)}-{_moment(c.not_after)}",
    0x07: lambda c: c.subject,
    0x08: lambda c: c.public.spki.hex().upper(),
    0x21: lambda c: c.issuer_common_name,
    0x31: lambda c: c.common_name,
    0x32: lambda c: c.organisation,
    0x35: lambda c: _moment(c.not_before),
    0x36: lambda c: _moment(c.not_after),
}
"""SGD numbers of certificate items (GM/T 0006): version, serial, issuer, validity, subject, key, names, moments."""


class SvsService:
    """The signature server of one machine."""

    def __init__(self, machine: Machine, *, user_id: bytes) -> None:
        self._machine = machine
        self._user_id = user_id
        self._read: dict[bytes, ReadCertificate] = {}
        self._handlers: dict[type[Any], Callable[[Any, Effect | None], svs.SvsReply]] = {
            svs.ExportCert: self._export,
            svs.ParseCert: self._parse,
            svs.ValidateCert: self._validate,
            svs.SignData: self._sign,
            svs.VerifySignedData: self._verify,
            svs.MultiPartInit: self._init,
            svs.MultiPartUpdate: self._update,
            svs.SignDataFinal: self._sign_final,
            svs.VerifySignedDataFinal: self._verify_final,
            svs.SignMessage: self._sign_message,
            svs.VerifySignedMessage: self._verify_message,
            svs.SignMessageFinal: self._sign_message_final,
            svs.VerifySignedMessageFinal: self._verify_message_final,
            svs.GenRandom: self._random,
        }

    def serve(self, request: svs.SvsRequest, effect: Effect | None) -> svs.SvsReply:
        """Do it. Raises Refused."""
        if effect is not None and effect in spoiling.REFUSALS:
            raise Refused(spoiling.REFUSALS[effect])
        if self._machine.condition is Condition.ALARM:
            raise Refused(Reason.HARDWARE)
        return self._handlers[type(request)](request, effect)

    # Certificates

    def _export(self, request: svs.ExportCert, _: Effect | None) -> svs.SvsReply:
        for certificate in self._machine.store.certificates():
            if certificate.id == request.identification:
                return svs.ExportCertReply(certificate=certificate.der)
        raise Refused(Reason.CERTIFICATE_ID)

    def _parse(self, request: svs.ParseCert, _: Effect | None) -> svs.SvsReply:
        certificate = self._certificate(request.certificate)
        item = _INFO.get(request.info_type)
        if item is None:
            raise Refused(Reason.INFO_TYPE, f"{request.info_type:#x}")
        return svs.ParseCertReply(info=item(certificate))

    def _validate(self, request: svs.ValidateCert, _: Effect | None) -> svs.SvsReply:
        certificate = self._certificate(request.certificate)
        self._demand_time(certificate)
        if not self._trusted(certificate):
            return svs.ValidateCertReply(state=CertificateState.UNKNOWN)
        revoked = self._revoked(certificate)
        return svs.ValidateCertReply(state=CertificateState.REVOKED if revoked else CertificateState.GOOD)

    # In one piece

    def _sign(self, request: svs.SignData, effect: Effect | None) -> svs.SvsReply:
        _demand_method(request.method)
        pair = self._machine.opened_pair(request.key_index, Use.SIGN, request.pin)
        user_id = self._user_id if request.user_id is None else request.user_id
        raw = self._machine.sign(pair, request.data, user_id)
        if effect is None:
            return svs.SignedReply(signature=signature_to_der(raw))
        return svs.SignedReply(
            signature=spoiling.spoilt_signature(
                effect, pair, request.data, user_id, form=Signature.DER, rng=self._machine.chance
            )
        )

    def _verify(self, request: svs.VerifySignedData, effect: Effect | None) -> svs.SvsReply:
        if request.method is not None:
            _demand_method(request.method)
        if effect is Effect.VERIFY_SAYS_GOOD:
            return svs.VerifiedReply()
        if effect is Effect.VERIFY_SAYS_BAD:
            raise Refused(Reason.VERIFY_FAILED)
        public = self._signer(request.certificate, request.serial, request.level).public
        user_id = self._user_id if request.user_id is None else request.user_id
        self._machine.verify(public, request.data, _raw(request.signature), user_id)
        return svs.VerifiedReply()

    # In parts

    def _init(self, request: svs.MultiPartInit, _: Effect | None) -> svs.SvsReply:
        _demand_method(request.method)
        state = chaining.start()
        if request.public_key is not None:
            user_id = self._user_id if request.user_id is None else request.user_id
            if len(user_id) > MAX_USER_ID:
                raise Refused(Reason.DATA_LENGTH)
            state = chaining.update(state, _public(request.public_key).identity_digest(user_id))
        return svs.StateReply(state=self._more(state, request.data))

    def _update(self, request: svs.MultiPartUpdate, _: Effect | None) -> svs.SvsReply:
        _demand_method(request.method)
        return svs.StateReply(state=self._more(request.state, request.data))

    def _sign_final(self, request: svs.SignDataFinal, effect: Effect | None) -> svs.SvsReply:
        _demand_method(request.method)
        pair = self._machine.opened_pair(request.key_index, Use.SIGN, request.pin)
        if effect is Effect.KEY_ROTATED:
            pair = spoiling.other_pair(pair)
        raw = self._machine.sign_digest(pair, _digest(request.state))
        if effect is None:
            return svs.SignedReply(signature=signature_to_der(raw))
        return svs.SignedReply(signature=spoilt_form(effect, raw, Signature.DER))

    def _verify_final(self, request: svs.VerifySignedDataFinal, effect: Effect | None) -> svs.SvsReply:
        _demand_method(request.method)
        if effect is Effect.VERIFY_SAYS_GOOD:
            return svs.VerifiedReply()
        if effect is Effect.VERIFY_SAYS_BAD:
            raise Refused(Reason.VERIFY_FAILED)
        public = self._signer(request.certificate, request.serial, request.level).public
        self._machine.verify_digest(public, _digest(request.state), _raw(request.signature))
        return svs.VerifiedReply()

    # Signed messages

    def _sign_message(self, request: svs.SignMessage, _: Effect | None) -> svs.SvsReply:
        _demand_method(request.method)
        pair = self._machine.opened_pair(request.key_index, Use.SIGN, request.pin)
        raw = self._machine.sign(pair, request.data)
        return self._signed_message(
            pair,
            raw,
            content=None if request.original_text is False else request.data,
            chain=request.certificate_chain is not False,
        )

    def _sign_message_final(self, request: svs.SignMessageFinal, _: Effect | None) -> svs.SvsReply:
        _demand_method(request.method)
        pair = self._machine.opened_pair(request.key_index, Use.SIGN, request.pin)
        return self._signed_message(
            pair, self._machine.sign_digest(pair, _digest(request.state)), content=None, chain=True
        )

    def _verify_message(self, request: svs.VerifySignedMessage, _: Effect | None) -> svs.SvsReply:
        message = _message(request.signed_message)
        content = request.data if message.content is None else message.content
        if content is None or (request.data is not None and request.data != content):
            raise Refused(Reason.VERIFY_FAILED, "the message does not hold what it is said to sign")
        public = self._message_signer(message.certificates, message.issuer, message.serial).public
        self._machine.verify(public, content, _raw(message.signature))
        return svs.VerifiedReply()

    def _verify_message_final(self, request: svs.VerifySignedMessageFinal, _: Effect | None) -> svs.SvsReply:
        _demand_method(request.method)
        message = _message(request.signed_message)
        public = self._message_signer(message.certificates, message.issuer, message.serial).public
        self._machine.verify_digest(public, _digest(request.state), _raw(message.signature))
        return svs.VerifiedReply()

    def _random(self, request: svs.GenRandom, effect: Effect | None) -> svs.SvsReply:
        reply = svs.RandomReply(data=self._machine.random(request.size))
        return reply if effect is None else spoiling.spoilt_reply(effect, reply)

    # Inside

    def _more(self, state: bytes, data: bytes) -> bytes:
        if len(data) > self._machine.limits.part:
            raise Refused(Reason.DATA_LENGTH, f"a part has at most {self._machine.limits.part} bytes")
        try:
            return chaining.update(state, data)
        except chaining.BadState as error:
            raise Refused(Reason.BAD_INPUT, str(error)) from error

    def _certificate(self, stored: bytes) -> ReadCertificate:
        known = self._read.get(stored)
        if known is None:
            try:
                known = read_certificate(stored)
            except UnreadableCertificate as error:
                raise Refused(Reason.CERTIFICATE_DECODE, str(error)) from error
            if len(self._read) >= _KEPT:
                self._read.clear()
            self._read[stored] = known
        return known

    def _signer(self, stored: bytes | None, serial: str | None, level: int) -> ReadCertificate:
        """The certificate that a request names, if it is good enough for the level. Raises Refused."""
        if stored is None:
            stored = self._by_serial(serial or "").der
        certificate = self._certificate(stored)
        self._demand_time(certificate)
        if level not in set(VerifyLevel):
            raise Refused(Reason.BAD_INPUT, f"level {level}")
        if level >= VerifyLevel.ISSUER and not self._trusted(certificate):
            raise Refused(Reason.CERTIFICATE_ILLEGAL, "its issuer is not known or did not sign it")
        if level >= VerifyLevel.REVOCATION and self._revoked(certificate):
            raise Refused(Reason.CERTIFICATE_REVOKED)
        return certificate

    def _message_signer(self, certificates: tuple[bytes, ...], issuer: bytes, serial: int) -> ReadCertificate:
        for stored in (*certificates, *(c.der for c in self._machine.store.certificates())):
            found = self._certificate(stored)
            if found.issuer_der == issuer and int(found.serial, 16) == serial:
                return self._signer(stored, None, VerifyLevel.REVOCATION)
        raise Refused(Reason.CERTIFICATE_ILLEGAL, "the signer's certificate is not there")

    def _by_serial(self, serial: str) -> Certificate:
        wanted = serial.strip().upper().removeprefix("0X").lstrip("0")
        for certificate in self._machine.store.certificates():
            if wanted and certificate.serial.lstrip("0") == wanted:
                return certificate
        raise Refused(Reason.CERTIFICATE_ID, "there is no certificate of that serial number")

    def _demand_time(self, certificate: ReadCertificate) -> None:
        now = self._today()
        if now > certificate.not_after:
            raise Refused(Reason.CERTIFICATE_EXPIRED)
        if now < certificate.not_before:
            raise Refused(Reason.CERTIFICATE_NOT_YET)

    def _today(self) -> datetime:
        return datetime.fromtimestamp(self._machine.clock.now_ns() / NS, tz=UTC)

    def _trusted(self, certificate: ReadCertificate) -> bool:
        return any(
            certificate.signed_by(self._certificate(authority.der))
            for authority in self._machine.store.certificates()
            if authority.trusted
        )

    def _revoked(self, certificate: ReadCertificate) -> bool:
        return any(known.revoked and known.serial == certificate.serial for known in self._machine.store.certificates())

    def _certificate_of(self, pair: Pair) -> tuple[Certificate, ReadCertificate]:
        """The certificate of a key that a signed message names: one that is good now. Raises Refused."""
        now = self._today()
        for known in self._machine.store.certificates():
            found = self._certificate(known.der)
            in_time = found.not_before <= now <= found.not_after
            if found.public == pair.public and in_time and not known.revoked and self._trusted(found):
                return known, found
        raise Refused(Reason.CERTIFICATE_ILLEGAL, "the key at that index has no certificate that is good now")

    def _signed_message(self, pair: Pair, raw: bytes, *, content: bytes | None, chain: bool) -> svs.SvsReply:
        known, found = self._certificate_of(pair)
        return svs.SignedMessageReply(
            signed_message=make_signed_message(
                content=content,
                certificates=(known.der,) if chain else (),
                issuer=found.issuer_der,
                serial=int(found.serial, 16),
                signature=signature_to_der(raw),
            )
        )


def _demand_method(method: int) -> None:
    if method not in METHODS:
        raise Refused(Reason.SIGN_METHOD, f"{method:#x}")


def _raw(signature: bytes) -> bytes:
    """r‖s of a strict DER signature. Raises Refused VERIFY_FAILED."""
    try:
        return signature_from_der(signature)
    except InvalidEncoding:
        raise Refused(Reason.VERIFY_FAILED) from None


def _public(stored: bytes) -> PublicKey:
    try:
        return PublicKey.from_spki(stored) if len(stored) == SPKI_SIZE else PublicKey.from_point(stored)
    except GmError as error:
        raise Refused(Reason.PUBLIC_KEY, str(error)) from error


def _digest(state: bytes) -> bytes:
    try:
        return chaining.digest(state)
    except chaining.BadState as error:
        raise Refused(Reason.BAD_INPUT, str(error)) from error


def _message(stored: bytes) -> SignedMessage:
    try:
        return read_signed_message(stored)
    except UnreadableMessage as error:
        raise Refused(Reason.BAD_INPUT, str(error)) from error


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y%m%d%H%M%SZ")
