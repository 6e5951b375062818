"""Looking into envelopes without acting on them: what they hold, and what is wrong with their seal, if anything is.

    look = Opener(application, centre_key, load_variant("national")).look(body, now_ns=at_ns)
    look.data, look.pain                     # what it holds as far as it opens, and "" when its seal is good

For whoever records and judges. A message whose seal is bad shows what it holds all the same: nobody acts on it.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from harness.clock import NS
from harness.gm import GmError, PublicKey, sm4
from harness.gm.sm2 import CURVE
from harness.wire.mobile_payment.canonical import DATA, UNSIGNED, canonical_bytes, decode
from harness.wire.mobile_payment.diagnosis import signed_digest
from harness.wire.mobile_payment.envelope import CODE, ENC_DATA, SIGN_DATA, TIMESTAMP, VERSION, EnvelopeCodec
from harness.wire.mobile_payment.keys import Application, sm4_key
from harness.wire.mobile_payment.refusals import EnvelopeError, Pain
from harness.wire.mobile_payment.timestamp import parse_timestamp
from harness.wire.mobile_payment.variant import Variant

HALF = 32


@dataclass(frozen=True, kw_only=True)
class Look:
    """What an envelope is found to be."""

    members: Mapping[str, object] = field(default_factory=dict)
    """Those beside the data; empty when it is no JSON object."""
    data: Mapping[str, object] = field(default_factory=dict)
    """What it holds, as far as it opens."""
    pain: str = ""
    """What is wrong with its seal, by `Pain`; empty when it is good, or where the sender is ourselves."""
    digest: str = ""
    """The digest over which the sender's signature has to be, in hex; empty for what is not signed."""


class _Reader:
    """A `Machine` that only reads: it verifies the centre's signatures and decrypts."""

    def __init__(self, centre: PublicKey, key: bytes) -> None:
        self._centre = centre
        self._key = key

    def sign(self, message: bytes) -> bytes:
        """Never."""
        raise NotImplementedError(f"{len(message)} bytes are not signed by who only reads")

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether the centre signed the message."""
        return self._centre.verify(message, signature)

    def encrypt(self, data: bytes) -> bytes:
        """Never."""
        raise NotImplementedError(f"{len(data)} bytes are not encrypted by who only reads")

    def decrypt(self, data: bytes) -> bytes:
        """SM4-ECB with PKCS#7. Raises DecryptionFailed."""
        return sm4.ecb_decrypt(self._key, data)


class Opener:
    """Looks into the envelopes of one application and of its centre."""

    def __init__(self, application: Application, centre: PublicKey, variant: Variant) -> None:
        self._application = application
        self._centre = centre
        self._variant = variant
        self._key = sm4_key(application)
        self._codec = EnvelopeCodec(application, _Reader(centre, self._key), variant)

    def look(self, body: bytes, *, now_ns: int | None = None, ours: bool = False) -> Look:
        """What an envelope's bytes are; `ours`: our own, whose seal is not in question.

        `now_ns` is when the centre's message was read; without it the seal is not looked at either.
        """
        members = _members(body)
        if not members:
            return Look(pain=Pain.NO_ENVELOPE.value)
        data = self._data(members)
        if ours:
            return Look(members=members, data=data)
        pain = "" if now_ns is None else self._pain(members, now_ns=now_ns)
        return Look(members=members, data=data, pain=pain, digest=self._digest(members, data))

    def _pain(self, members: Mapping[str, object], *, now_ns: int) -> str:
        try:
            if CODE in members:
                self._codec.open_reply(members, now_ns=now_ns)
            else:
                self._codec.open(members, now_ns=now_ns)
        except EnvelopeError as error:
            return "" if error.pain is Pain.REFUSED else error.pain.value
        return ""

    def text(self, body: bytes) -> str:
        """What is sealed in an envelope's bytes, as it was written; empty when nothing is, or it does not open."""
        return self._text(_members(body).get(ENC_DATA))

    def _text(self, sealed: object) -> str:
        if not isinstance(sealed, str) or not sealed:
            return ""
        try:
            return sm4.ecb_decrypt(self._key, bytes.fromhex(sealed)).decode()
        except (GmError, ValueError):
            return ""

    def _data(self, members: Mapping[str, object]) -> Mapping[str, object]:
        sealed, beside = members.get(ENC_DATA), members.get(DATA)
        if not isinstance(sealed, str) or not sealed:
            return beside if isinstance(beside, dict) else {}
        try:
            found = decode(self._text(sealed))
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def _digest(self, members: Mapping[str, object], data: Mapping[str, object]) -> str:
        if SIGN_DATA not in members:
            return ""
        message = {name: value for name, value in members.items() if name not in UNSIGNED | {DATA}}
        if ENC_DATA in members or DATA in members:
            message[DATA] = data
        due = canonical_bytes(message, secret=self._application.secret, rules=self._variant.canonical)
        return self._centre.digest(due).hex()


def _members(body: bytes) -> Mapping[str, object]:
    try:
        found = decode(body.decode())
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def signed_by(
    centre: PublicKey, body: bytes, variant: Variant, *, data: Mapping[str, object], digest: str, now_ns: int
) -> Look:
    """What an envelope is to somebody without the secret, who is told what it holds and over which digest it is signed.

    The signature is computed from the bytes; the application, version and time are theirs, too.
    """
    members = _members(body)
    if not members:
        return Look(pain=Pain.NO_ENVELOPE.value)
    look = Look(members=members, data=data, digest=digest)
    refused_unsigned = str(members.get(CODE, "0")) != "0" and variant.unsigned_refusals
    if SIGN_DATA not in members:
        return look if refused_unsigned else replace(look, pain=Pain.SIGNATURE_MISSING.value)
    if str(members.get(VERSION)) not in variant.versions:
        return replace(look, pain=Pain.VERSION.value)
    try:
        away = abs(parse_timestamp(str(members.get(TIMESTAMP))) - now_ns)
        raw = base64.b64decode(str(members[SIGN_DATA]), validate=True)
    except ValueError:
        return replace(look, pain=Pain.FIELD_MISSING.value)
    if variant.tolerance_s and away > variant.tolerance_s * NS:
        return replace(look, pain=Pain.TIMESTAMP_AWAY.value)
    if len(raw) != 2 * HALF:
        return replace(look, pain=Pain.SIGNATURE_LENGTH.value)
    said = signed_digest(centre, int.from_bytes(raw[:HALF]), int.from_bytes(raw[HALF:]))
    due = int(digest, 16) % CURVE.n if digest else None
    return look if due is not None and said == due else replace(look, pain=Pain.SIGNATURE_WRONG.value)
