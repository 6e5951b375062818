"""Envelopes that are wrong in one way, as joint tests know them, each with why it has to be refused.

    envelope = FORGERIES["signature-der"].make(forger, data)

All else about them is right, so that a centre that does not look at that one thing acts on them.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from harness.clock import NS
from harness.gm import PrivateKey, Signer, sm4
from harness.wire.mobile_payment import Application, Canonical, EnvelopeCodec, LocalMachine, Machine, Variant
from harness.wire.mobile_payment.canonical import Order, Scalars, Secret, spell
from harness.wire.mobile_payment.keys import KeyText, sm4_key
from harness.wire.mobile_payment.variant import SignatureForm

Data = Mapping[str, object]
Envelope = dict[str, object]
_HALF = 32


@dataclass(frozen=True, kw_only=True)
class Forger:
    """What a forgery is made with: the hospital's own keys, so that only one thing is wrong."""

    application: Application
    own: PrivateKey
    variant: Variant
    now_ns: int
    service: str

    def sealed(
        self,
        data: Data,
        *,
        machine: Machine | None = None,
        variant: Variant | None = None,
        now_ns: int | None = None,
        application: Application | None = None,
    ) -> Envelope:
        """An envelope made with one thing replaced."""
        codec = EnvelopeCodec(application or self.application, machine or self.machine(), variant or self.variant)
        return codec.seal(data, now_ns=self.now_ns if now_ns is None else now_ns, service=self.service)

    def machine(self, *, own: PrivateKey | None = None, key: bytes | None = None) -> LocalMachine:
        """The hospital's machine, or one with another key."""
        signs = own or self.own
        return LocalMachine(own=signs, peer=signs.public, sm4_key=key or sm4_key(self.application), repeatable=True)


class _SignsOtherwise(LocalMachine):
    """The hospital's machine, whose signatures are changed, or made with another user id."""

    def __init__(self, forger: Forger, change: Callable[[bytes], bytes], *, user_id: bytes | None = None) -> None:
        super().__init__(own=forger.own, peer=forger.own.public, sm4_key=sm4_key(forger.application), repeatable=True)
        self._change = change
        self._other = None if user_id is None else Signer(forger.own, user_id=user_id, repeatable=True)

    def sign(self, message: bytes) -> bytes:
        """The signature, changed."""
        return self._change(super().sign(message) if self._other is None else self._other.sign(message))


@dataclass(frozen=True, kw_only=True)
class Forgery:
    """How an envelope is made, and the answers that may refuse it."""

    make: Callable[[Forger, Data], Envelope]
    refused_as: tuple[str, ...]


def _signed(change: Callable[[bytes], bytes], *, user_id: bytes | None = None) -> Callable[[Forger, Data], Envelope]:
    return lambda forger, data: forger.sealed(data, machine=_SignsOtherwise(forger, change, user_id=user_id))


def _spelled(**options: object) -> Callable[[Forger, Data], Envelope]:
    def make(forger: Forger, data: Data) -> Envelope:
        rules: Canonical = replace(forger.variant.canonical, **options)  # type: ignore[arg-type]  # of each option's kind
        return forger.sealed(data, variant=replace(forger.variant, canonical=rules))

    return make


def _changed(change: Callable[[Envelope], object]) -> Callable[[Forger, Data], Envelope]:
    def make(forger: Forger, data: Data) -> Envelope:
        envelope = forger.sealed(data)
        change(envelope)
        return envelope

    return make


def _with_key(text: KeyText) -> Callable[[Forger, Data], Envelope]:
    return lambda forger, data: forger.sealed(data, machine=forger.machine(key=sm4_key(forger.application, text)))


def _away(seconds: int) -> Callable[[Forger, Data], Envelope]:
    """A minute beyond what is tolerated, before or after now."""

    def make(forger: Forger, data: Data) -> Envelope:
        beyond = (forger.variant.tolerance_s + abs(seconds)) * NS
        return forger.sealed(data, now_ns=forger.now_ns + (beyond if seconds > 0 else -beyond))

    return make


def _sealed_as(write: Callable[[bytes], str]) -> Callable[[Forger, Data], Envelope]:
    """The right cipher text, written otherwise."""

    def change(envelope: Envelope) -> None:
        envelope["encData"] = write(bytes.fromhex(str(envelope["encData"])))

    return _changed(change)


def _of_plain(charset: str, doubled: bool) -> Callable[[Forger, Data], Envelope]:
    """Another plain text under the right key."""

    def make(forger: Forger, data: Data) -> Envelope:
        envelope = forger.sealed(data)
        text = spell(spell(data)) if doubled else spell(data)
        envelope["encData"] = sm4.ecb_encrypt(sm4_key(forger.application), text.encode(charset)).hex().upper()
        return envelope

    return make


def _other_data(forger: Forger, data: Data) -> Envelope:
    """The signature of one message, and the cipher text of another."""
    other = forger.sealed({**data, "orgCodg": "X"})
    return {**forger.sealed(data), "encData": other["encData"]}


def _plain(sign: bool) -> Callable[[Forger, Data], Envelope]:
    def make(forger: Forger, data: Data) -> Envelope:
        envelope = forger.sealed(data)
        if sign:
            envelope |= {"signType": "PLAIN"}
            envelope.pop("signData")
        else:
            envelope |= {"encType": "PLAIN", "data": dict(data)}
            envelope.pop("encData")
        return envelope

    return make


def _other_application(forger: Forger, data: Data) -> Envelope:
    other = Application(app_id="B" * 32, secret=forger.application.secret)
    return forger.sealed(data, application=other)


def _other_secret(forger: Forger, data: Data) -> Envelope:
    other = Application(app_id=forger.application.app_id, secret="0" * 32)
    return forger.sealed(data, application=other)


def _flip(raw: bytes) -> bytes:
    return raw[:-1] + bytes([raw[-1] ^ 1])


_WRONG = "signature-wrong"
FORGERIES: Mapping[str, Forgery] = {
    "signature-bit": Forgery(make=_signed(_flip), refused_as=(_WRONG,)),
    "signature-swapped": Forgery(
        make=_signed(lambda raw: raw[_HALF:] + raw[:_HALF]), refused_as=("halves-swapped", _WRONG)
    ),
    "signature-der": Forgery(
        make=lambda forger, data: forger.sealed(data, variant=replace(forger.variant, signature=SignatureForm.DER)),
        refused_as=("signature-der",),
    ),
    "signature-hex": Forgery(
        make=_changed(lambda e: e.update(signData=base64.b64decode(str(e["signData"])).hex())),
        refused_as=("signature-hex", "signature-not-base64", "signature-length"),
    ),
    "signature-missing": Forgery(
        make=_changed(lambda e: e.pop("signData")), refused_as=("signature-missing", "field-missing")
    ),
    "no-user-id": Forgery(make=_signed(lambda raw: raw, user_id=b""), refused_as=("user-id-missing", _WRONG)),
    "another-key": Forgery(
        make=lambda forger, data: forger.sealed(data, machine=forger.machine(own=PrivateKey(d=forger.own.d - 1))),
        refused_as=(_WRONG,),
    ),
    "another-secret": Forgery(make=_other_secret, refused_as=(_WRONG, "cipher-wrong", "canonical")),
    "keys-unsorted": Forgery(make=_spelled(order=Order.AS_SENT), refused_as=("canonical", _WRONG)),
    "numbers-unquoted": Forgery(make=_spelled(scalars=Scalars.JSON), refused_as=("canonical", _WRONG)),
    "no-secret": Forgery(make=_spelled(secret=Secret.MISSING), refused_as=("canonical", _WRONG)),
    "other-data": Forgery(make=_other_data, refused_as=(_WRONG, "data-altered")),
    "cipher-base64": Forgery(
        make=_sealed_as(lambda raw: base64.b64encode(raw).decode()), refused_as=("cipher-base64", "cipher-not-hex")
    ),
    "cipher-cut": Forgery(make=_sealed_as(lambda raw: raw[:-3].hex()), refused_as=("cipher-cut",)),
    "cipher-bit": Forgery(
        make=_sealed_as(lambda raw: _flip(raw).hex()),
        refused_as=("cipher-wrong", "cipher-padding", "plain-text-no-json", _WRONG),
    ),
    "key-lower-case": Forgery(make=_with_key(KeyText.LOWER_TEXT), refused_as=("key-lower-case", "cipher-wrong")),
    "key-decoded": Forgery(make=_with_key(KeyText.DECODED), refused_as=("key-decoded-from-hex", "cipher-wrong")),
    "plain-gbk": Forgery(make=_of_plain("gbk", doubled=False), refused_as=("plain-text-gbk", "cipher-wrong")),
    "plain-doubled": Forgery(make=_of_plain("utf-8", doubled=True), refused_as=("plain-text-doubled",)),
    "not-signed": Forgery(make=_plain(sign=True), refused_as=("plain-type",)),
    "not-encrypted": Forgery(make=_plain(sign=False), refused_as=("plain-type",)),
    "another-application": Forgery(make=_other_application, refused_as=("app-id",)),
    "another-version": Forgery(
        make=lambda forger, data: forger.sealed(data, variant=replace(forger.variant, version="9.9.9")),
        refused_as=("version",),
    ),
    "another-cipher": Forgery(make=_changed(lambda e: e.update(encType="AES")), refused_as=("unknown-type",)),
    "stale": Forgery(make=_away(-60), refused_as=("timestamp-away",)),
    "ahead": Forgery(make=_away(60), refused_as=("timestamp-away",)),
    "time-misspelt": Forgery(
        make=_changed(lambda e: e.update(timestamp="today")), refused_as=("timestamp-form", _WRONG)
    ),
    "no-timestamp": Forgery(make=_changed(lambda e: e.pop("timestamp")), refused_as=("field-missing",)),
    "data-beside": Forgery(
        make=_changed(lambda e: e.update(data={"payOrdId": "another"})), refused_as=("data-altered", _WRONG)
    ),
}
"""Every forgery by its name."""
BROKEN: Mapping[str, tuple[bytes, tuple[str, ...]]] = {
    "nothing": (b"", ("no-envelope",)),
    "text": (b"hello", ("no-envelope",)),
    "array": (b"[]", ("no-envelope",)),
    "cut": (b'{"appId":"43AF', ("no-envelope",)),
    "doubled": (b'"{}"', ("no-envelope",)),
    "gbk": ('{"appId":"医保"}'.encode("gbk"), ("no-envelope",)),
    "empty-object": (b"{}", ("field-missing", "app-id")),
    "deep": (b'{"a":' * 4000 + b"1" + b"}" * 4000, ("no-envelope",)),
    "key-twice": (b'{"appId":"a","appId":"b"}', ("no-envelope",)),
}
"""Bodies that are no envelope at all."""
