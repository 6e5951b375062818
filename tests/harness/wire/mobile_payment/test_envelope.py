"""Envelopes: round trips of every variant, and each mistake of joint tests provoked and named."""

import base64
import json
import pickle
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.clock import BENCH_ORIGIN, NS
from harness.errors import ConfigError, PeerViolation
from harness.gm import DEFAULT_USER_ID, DecryptionFailed, PrivateKey, signature_to_der, sm3, sm4
from harness.wire.mobile_payment import (
    Application,
    CheckedMachine,
    EnvelopeCodec,
    EnvelopeError,
    LocalMachine,
    MachineDistrusted,
    Pain,
    Suspects,
    canonical_bytes,
    encode,
    load_variant,
    offered_variants,
    refusals,
    sm4_key,
)
from harness.wire.mobile_payment.canonical import NATIONAL, Canonical, Charset, Numbers, Order, Scalars, Secret
from harness.wire.mobile_payment.keys import KeyText
from harness.wire.mobile_payment.refusals import (
    AnswerRefused,
    CipherRefused,
    MalformedEnvelope,
    SignatureRefused,
    UntimelyEnvelope,
    WrongApplication,
)
from harness.wire.mobile_payment.timestamp import parse_timestamp, spell_timestamp
from harness.wire.mobile_payment.variant import (
    EncType,
    HexCase,
    PlainForm,
    SignatureForm,
    SignType,
    TimestampForm,
    Variant,
    parse_variant,
)

APPLICATION = Application(app_id="43AF047BBA47FC8A1AE8EFB232BDBBCB", secret="4117E877F5FA0A0188891283E4B617D5")
KEY = sm4_key(APPLICATION)
OURS, THEIRS = PrivateKey(d=0x1234567890ABCDEF << 128), PrivateKey(d=0xFEDCBA0987654321 << 128)
NOW = round(BENCH_ORIGIN.timestamp()) * NS
VARIANT = load_variant("national")
DATA: dict[str, Any] = {
    "orgCodg": "H63999900001",
    "medfeeSumamt": Decimal("12.50"),
    "userName": "张三",
    "payOrdId": "",
    "extData": {"b": 1, "a": None},
    "feedetailList": [{"cnt": 2, "pric": Decimal("6.25")}, {"cnt": 0}],
    "empty": [],
}
OPENSSL = shutil.which("openssl")


class Sender(LocalMachine):
    """The other side, which may make mistakes: its ways to sign and to encrypt can be replaced."""

    def __init__(
        self,
        *,
        sign: Callable[[bytes], bytes] = THEIRS.sign,
        encrypt: Callable[[bytes], bytes] | None = None,
        key: bytes = KEY,
    ) -> None:
        super().__init__(own=THEIRS, peer=OURS.public, sm4_key=key)
        self._sign, self._encrypt = sign, encrypt or super().encrypt

    def sign(self, message: bytes) -> bytes:
        return self._sign(message)

    def encrypt(self, data: bytes) -> bytes:
        return self._encrypt(data)


def sender(variant: Variant = VARIANT, *, application: Application = APPLICATION, **mistakes: Any) -> EnvelopeCodec:
    return EnvelopeCodec(application, Sender(**mistakes), variant)


def receiver(variant: Variant = VARIANT, *, suspects: bool = True) -> EnvelopeCodec:
    machine = LocalMachine(own=OURS, peer=THEIRS.public, sm4_key=KEY)
    known = Suspects(peer=THEIRS.public, own=OURS.public) if suspects else None
    return EnvelopeCodec(APPLICATION, machine, variant, suspects=known)


def pain_of(wire: dict[str, object] | bytes, variant: Variant = VARIANT, *, now_ns: int = NOW) -> EnvelopeError:
    with pytest.raises(EnvelopeError) as caught:
        receiver(variant).open(wire if isinstance(wire, bytes) else encode(wire), now_ns=now_ns)
    error = caught.value
    assert error.code == refusals()[error.pain].code
    assert "张三" not in str(error)
    assert APPLICATION.secret not in str(error)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.pain, again.detail) == (type(error), error.pain, error.detail)
    return error


@pytest.mark.parametrize("name", offered_variants())
def test_every_variant_opens_what_it_sealed(name: str) -> None:
    variant = load_variant(name)
    wire = sender(variant).seal(DATA, now_ns=NOW, service="ec.pay", extra={"trace": "1"})
    assert "data" not in wire
    assert "12.50" not in encode(wire).decode()
    assert wire[variant.app_field] == APPLICATION.app_id
    assert wire["version"] == variant.version
    opened = receiver(variant).open(encode(wire), now_ns=NOW)
    assert opened.data == DATA
    assert str(opened.data["medfeeSumamt"]) == "12.50"
    assert opened.service == ("ec.pay" if variant.service_field else "")
    assert opened.signed
    assert opened.encrypted
    assert opened.at_ns == NOW
    for other in offered_variants():
        if {load_variant(other).app_field, load_variant(other).version} != {variant.app_field, variant.version}:
            pain_of(encode(wire), load_variant(other))


def test_the_envelope_is_built_as_the_specification_says() -> None:
    """By hand, from the words of the reference, with nothing of the codec."""
    data = {"userName": "张三", "feeSumamt": Decimal("12.50"), "none": None, "list": [{"b": 1, "a": ""}]}
    wire = sender().seal(data, now_ns=NOW)
    assert list(wire) == ["appId", "encType", "signType", "timestamp", "version", "signData", "encData"]
    assert wire["timestamp"] == "1602635400000"
    key = sm4.ecb_encrypt(APPLICATION.app_id[:16].encode(), APPLICATION.secret.encode()).hex().upper()[:16]
    plain = sm4.ecb_decrypt(key.encode(), bytes.fromhex(str(wire["encData"])))
    assert plain.decode() == '{"userName":"张三","feeSumamt":12.50,"none":null,"list":[{"b":1,"a":""}]}'
    assert wire["encData"] == str(wire["encData"]).upper()
    string = (
        f"appId={APPLICATION.app_id}"
        '&data={"feeSumamt":"12.50","list":[{"b":"1"}],"userName":"张三"}'
        f"&encType=SM4&signType=SM2&timestamp=1602635400000&version=2.0.1&key={APPLICATION.secret}"
    )
    signature = base64.b64decode(str(wire["signData"]))
    assert len(str(wire["signData"])) == 88
    assert THEIRS.public.verify(string.encode(), signature)


@pytest.mark.external
@pytest.mark.skipif(OPENSSL is None, reason="needs the openssl command line tool")
def test_openssl_decrypts_and_verifies_an_envelope(tmp_path: Path) -> None:
    assert OPENSSL is not None
    wire = sender().seal(DATA, now_ns=NOW)
    opened = subprocess.run(
        [OPENSSL, "enc", "-d", "-sm4-ecb", "-K", KEY.hex()],
        input=bytes.fromhex(str(wire["encData"])),
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert json.loads(opened.stdout)["userName"] == "张三"
    message = {name: wire[name] for name in wire if name not in {"encData", "signData"}} | {"data": DATA}
    (tmp_path / "message").write_bytes(canonical_bytes(message, secret=APPLICATION.secret))
    (tmp_path / "signature").write_bytes(signature_to_der(base64.b64decode(str(wire["signData"]))))
    (tmp_path / "key.der").write_bytes(THEIRS.public.spki)
    command = [OPENSSL, "pkeyutl", "-verify", "-pubin", "-inkey", str(tmp_path / "key.der"), "-keyform", "DER"]
    command += ["-rawin", "-digest", "sm3", "-in", str(tmp_path / "message"), "-sigfile", str(tmp_path / "signature")]
    command += ["-pkeyopt", f"distid:{DEFAULT_USER_ID.decode()}"]
    assert subprocess.run(command, check=False, capture_output=True, timeout=60).returncode == 0


def rules(**changed: Any) -> Variant:
    return replace(VARIANT, canonical=replace(NATIONAL, **changed))


SIGNATURES: list[tuple[Pain, str, Callable[[], dict[str, object]]]] = [
    (Pain.SIGNATURE_DER, "", lambda: sender(replace(VARIANT, signature=SignatureForm.DER)).seal(DATA, now_ns=NOW)),
    (
        Pain.SIGNATURE_DER,
        "not good",
        lambda: sender(replace(VARIANT, signature=SignatureForm.DER), sign=lambda m: THEIRS.sign(m, user_id=b"")).seal(
            DATA, now_ns=NOW
        ),
    ),
    (Pain.USER_ID_MISSING, "", lambda: sender(sign=lambda m: THEIRS.sign(m, user_id=b"")).seal(DATA, now_ns=NOW)),
    (
        Pain.USER_ID_HEX,
        "",
        lambda: sender(sign=lambda m: THEIRS.sign(m, user_id=DEFAULT_USER_ID.hex().encode())).seal(DATA, now_ns=NOW),
    ),
    (Pain.IDENTITY_MISSING, "", lambda: sender(sign=lambda m: THEIRS.sign_digest(sm3(m))).seal(DATA, now_ns=NOW)),
    (Pain.MESSAGE_HASHED, "", lambda: sender(sign=lambda m: THEIRS.sign(sm3(m))).seal(DATA, now_ns=NOW)),
    (
        Pain.MESSAGE_HASHED,
        "",
        lambda: sender(sign=lambda m: THEIRS.sign(sm3(m).hex().upper().encode())).seal(DATA, now_ns=NOW),
    ),
    (Pain.HALVES_SWAPPED, "", lambda: sender(sign=lambda m: swapped(THEIRS.sign(m))).seal(DATA, now_ns=NOW)),
    (Pain.OWN_KEY, "", lambda: sender(sign=OURS.sign).seal(DATA, now_ns=NOW)),
    (Pain.SIGNATURE_WRONG, "", lambda: sender(sign=PrivateKey.generate().sign).seal(DATA, now_ns=NOW)),
    (Pain.SIGNATURE_RANGE, "", lambda: sender(sign=lambda _: bytes(64)).seal(DATA, now_ns=NOW)),
    (Pain.SIGNATURE_LENGTH, "63", lambda: sender(sign=lambda m: THEIRS.sign(m)[1:]).seal(DATA, now_ns=NOW)),
    (Pain.CANONICAL, "numbers shortest", lambda: sender(rules(numbers=Numbers.SHORTEST)).seal(DATA, now_ns=NOW)),
    (Pain.CANONICAL, "order as-sent", lambda: sender(rules(order=Order.AS_SENT)).seal(DATA, now_ns=NOW)),
    (Pain.CANONICAL, "scalars json", lambda: sender(rules(scalars=Scalars.JSON)).seal(DATA, now_ns=NOW)),
    (Pain.CANONICAL, "charset gbk", lambda: sender(rules(charset=Charset.GBK)).seal(DATA, now_ns=NOW)),
    (Pain.CANONICAL, "secret missing", lambda: sender(rules(secret=Secret.MISSING)).seal(DATA, now_ns=NOW)),
    (
        Pain.CANONICAL,
        "numbers shortest, charset escaped",
        lambda: sender(rules(numbers=Numbers.SHORTEST, charset=Charset.ESCAPED)).seal(DATA, now_ns=NOW),
    ),
    (
        Pain.SIGNATURE_HEX,
        "",
        lambda: edited(signData=lambda text: base64.b64decode(text).hex()),
    ),
    (Pain.SIGNATURE_NOT_BASE64, "", lambda: edited(signData=lambda text: " " + text[1:])),
    (Pain.SIGNATURE_MISSING, "", lambda: edited(signData=lambda _: "")),
    (Pain.SIGNATURE_WRONG, "", lambda: edited(timestamp=lambda text: str(int(text) + 1))),
    (Pain.SIGNATURE_WRONG, "", lambda: {**sender().seal(DATA, now_ns=NOW), "payToken": "1"}),
]


def swapped(raw: bytes) -> bytes:
    return raw[32:] + raw[:32]


def edited(**edits: Callable[[str], str]) -> dict[str, object]:
    wire = sender().seal(DATA, now_ns=NOW)
    return {name: edits[name](str(value)) if name in edits else value for name, value in wire.items()}


@pytest.mark.parametrize(
    ("pain", "detail", "make"), SIGNATURES, ids=lambda part: str(part) if isinstance(part, str) else ""
)
def test_each_mistake_of_signing_is_named(pain: Pain, detail: str, make: Callable[[], dict[str, object]]) -> None:
    error = pain_of(make())
    assert error.pain is pain
    assert detail in error.detail
    assert isinstance(error, SignatureRefused)
    assert isinstance(error, PeerViolation)


def test_signing_the_cipher_is_named() -> None:
    wire = sender().seal(DATA, now_ns=NOW)
    message = {name: value for name, value in wire.items() if name != "signData"}
    for signed in ({**message, "data": wire["encData"]}, message):
        raw = THEIRS.sign(canonical_bytes(signed, secret=APPLICATION.secret))
        assert pain_of({**wire, "signData": base64.b64encode(raw).decode()}).pain is Pain.SIGNED_CIPHER


def test_without_suspects_a_bad_signature_is_only_called_bad() -> None:
    wire = sender(sign=lambda m: THEIRS.sign(m, user_id=b"")).seal(DATA, now_ns=NOW)
    with pytest.raises(SignatureRefused) as caught:
        receiver(suspects=False).open(wire, now_ns=NOW)
    assert caught.value.pain is Pain.SIGNATURE_WRONG


def test_der_is_accepted_by_option_only_and_only_when_it_is_good() -> None:
    der, lenient = replace(VARIANT, signature=SignatureForm.DER), replace(VARIANT, accept_der=True)
    assert receiver(lenient).open(sender(der).seal(DATA, now_ns=NOW), now_ns=NOW).data == DATA
    assert receiver(lenient).open(sender().seal(DATA, now_ns=NOW), now_ns=NOW).data == DATA
    bad = sender(der, sign=PrivateKey.generate().sign).seal(DATA, now_ns=NOW)
    assert pain_of(bad, lenient).pain is Pain.SIGNATURE_WRONG


def zero_padded(data: bytes) -> bytes:
    return sm4.ecb_encrypt(KEY, data + bytes(-len(data) % 16), padding=sm4.Padding.NONE)


CIPHERS: list[tuple[Pain, Callable[[], dict[str, object]]]] = [
    (
        Pain.KEY_DECODED_FROM_HEX,
        lambda: sender(key=sm4_key(APPLICATION, KeyText.DECODED)).seal(DATA, now_ns=NOW),
    ),
    (Pain.KEY_LOWER_CASE, lambda: sender(key=sm4_key(APPLICATION, KeyText.LOWER_TEXT)).seal(DATA, now_ns=NOW)),
    (Pain.KEY_IS_SECRET, lambda: sender(key=APPLICATION.secret[:16].encode()).seal(DATA, now_ns=NOW)),
    (Pain.KEY_IS_SECRET, lambda: sender(key=bytes.fromhex(APPLICATION.secret)).seal(DATA, now_ns=NOW)),
    (Pain.KEY_IS_APP_ID, lambda: sender(key=APPLICATION.app_id[:16].encode()).seal(DATA, now_ns=NOW)),
    (Pain.CIPHER_PADDING, lambda: sender(encrypt=zero_padded).seal(DATA, now_ns=NOW)),
    (Pain.CIPHER_MODE, lambda: sender(encrypt=lambda d: sm4.cbc_encrypt(KEY, bytes(16), d)).seal(DATA, now_ns=NOW)),
    (Pain.CIPHER_WRONG, lambda: sender(key=bytes(16)).seal(DATA, now_ns=NOW)),
    (Pain.CIPHER_BASE64, lambda: edited(encData=lambda text: base64.b64encode(bytes.fromhex(text)).decode())),
    (Pain.CIPHER_NOT_HEX, lambda: edited(encData=lambda text: "密" + text[1:])),
    (Pain.CIPHER_NOT_HEX, lambda: edited(encData=lambda text: text[:2] + " " + text[2:])),
    (Pain.CIPHER_CUT, lambda: edited(encData=lambda text: text[:-2])),
    (Pain.CIPHER_CUT, lambda: edited(encData=lambda text: text[:-1])),
    (
        Pain.PLAIN_TEXT_GBK,
        lambda: sender(encrypt=lambda d: sm4.ecb_encrypt(KEY, d.decode().encode("gbk"))).seal(DATA, now_ns=NOW),
    ),
    (
        Pain.PLAIN_TEXT_DOUBLED,
        lambda: sender(encrypt=lambda d: sm4.ecb_encrypt(KEY, json.dumps(d.decode()).encode())).seal(DATA, now_ns=NOW),
    ),
    (Pain.PLAIN_TEXT_NO_JSON, lambda: sender(encrypt=lambda d: sm4.ecb_encrypt(KEY, d[:-1])).seal(DATA, now_ns=NOW)),
    (Pain.PLAIN_TEXT_NO_JSON, lambda: sender(encrypt=lambda _: sm4.ecb_encrypt(KEY, b"[]")).seal(DATA, now_ns=NOW)),
    (
        Pain.PLAIN_TEXT_NO_JSON,
        lambda: sender(encrypt=lambda _: sm4.ecb_encrypt(KEY, b'{"a":1,"a":2}')).seal(DATA, now_ns=NOW),
    ),
]


@pytest.mark.parametrize(("pain", "make"), CIPHERS, ids=lambda part: str(part) if isinstance(part, Pain) else "")
def test_each_mistake_of_encrypting_is_named(pain: Pain, make: Callable[[], dict[str, object]]) -> None:
    error = pain_of(make())
    assert error.pain is pain
    assert isinstance(error, CipherRefused)


def test_a_wrong_key_is_named_also_when_its_padding_happens_to_fit() -> None:
    """One wrong key in 256 opens to garbage with a fitting end."""
    found = 0
    for number in range(1200):
        wire = sender(key=sm4_key(APPLICATION, KeyText.DECODED)).seal({"n": str(number)}, now_ns=NOW)
        try:
            sm4.ecb_decrypt(KEY, bytes.fromhex(str(wire["encData"])))
        except DecryptionFailed:
            continue
        found += 1
        assert pain_of(wire).pain is Pain.KEY_DECODED_FROM_HEX
    assert found > 0


def test_swapped_cipher_blocks_are_caught_by_the_signature() -> None:
    """ECB lets blocks be moved; only the signature tells."""
    data = {"a": "x" * 11 + "y" * 16 + "z" * 16, "b": "1"}
    wire = sender().seal(data, now_ns=NOW)
    text = str(wire["encData"])
    moved = {**wire, "encData": text[:32] + text[64:96] + text[32:64] + text[96:]}
    assert pain_of(moved).pain is Pain.SIGNATURE_WRONG


@pytest.mark.parametrize("case", [str.upper, str.lower, str.swapcase])
def test_hex_of_either_case_is_read(case: Callable[[str], str]) -> None:
    lower = sender(replace(VARIANT, hex_case=HexCase.LOWER)).seal(DATA, now_ns=NOW)
    assert str(lower["encData"]) == str(lower["encData"]).lower()
    assert receiver().open({**lower, "encData": case(str(lower["encData"]))}, now_ns=NOW).data == DATA


MALFORMED: list[tuple[Pain, type[EnvelopeError], Callable[[], dict[str, object] | bytes]]] = [
    (Pain.NO_ENVELOPE, MalformedEnvelope, lambda: b""),
    (Pain.NO_ENVELOPE, MalformedEnvelope, lambda: b" \n"),
    (Pain.NO_ENVELOPE, MalformedEnvelope, lambda: b"<html>502</html>"),
    (Pain.NO_ENVELOPE, MalformedEnvelope, lambda: encode(sender().seal(DATA, now_ns=NOW))[:-1]),
    (Pain.NO_ENVELOPE, MalformedEnvelope, lambda: b"[]"),
    (Pain.NO_ENVELOPE, MalformedEnvelope, lambda: json.dumps(encode(edited()).decode()).encode()),
    (Pain.NO_ENVELOPE, MalformedEnvelope, lambda: '{"appId":"张"}'.encode("gbk")),
    (Pain.NO_ENVELOPE, MalformedEnvelope, lambda: b'{"appId":"A","appId":"B"}'),
    (Pain.FIELD_MISSING, MalformedEnvelope, lambda: edited(timestamp=lambda _: "")),
    (Pain.FIELD_MISSING, MalformedEnvelope, lambda: {**edited(), "version": 2.0}),
    (Pain.FIELD_MISSING, MalformedEnvelope, lambda: {**edited(), "encData": 12}),
    (Pain.FIELD_MISSING, MalformedEnvelope, lambda: edited(encData=lambda _: "")),
    (Pain.FIELD_MISSING, MalformedEnvelope, lambda: {**edited(), "data": [1]}),
    (Pain.APP_ID, WrongApplication, lambda: edited(appId=lambda _: "43AF047BBA47FC8A1AE8EFB232BDBBCC")),
    (Pain.VERSION, MalformedEnvelope, lambda: edited(version=lambda _: "1.0.0")),
    (Pain.UNKNOWN_TYPE, MalformedEnvelope, lambda: edited(signType=lambda _: "RSA")),
    (Pain.UNKNOWN_TYPE, MalformedEnvelope, lambda: edited(encType=lambda _: "AES")),
    (Pain.PLAIN_TYPE, MalformedEnvelope, lambda: edited(signType=lambda _: "PLAIN")),
    (Pain.PLAIN_TYPE, MalformedEnvelope, lambda: edited(encType=lambda _: "plain")),
    (Pain.TIMESTAMP_FORM, UntimelyEnvelope, lambda: edited(timestamp=lambda _: "20201014083000")),
    (Pain.TIMESTAMP_FORM, UntimelyEnvelope, lambda: edited(timestamp=lambda text: text[:10])),
    (Pain.TIMESTAMP_FORM, UntimelyEnvelope, lambda: edited(timestamp=lambda _: "yesterday")),
    (Pain.TIMESTAMP_AWAY, UntimelyEnvelope, lambda: sender().seal(DATA, now_ns=NOW - 301 * NS)),
    (Pain.TIMESTAMP_AWAY, UntimelyEnvelope, lambda: sender().seal(DATA, now_ns=NOW + 301 * NS)),
    (Pain.DATA_ALTERED, SignatureRefused, lambda: {**edited(), "data": {**DATA, "medfeeSumamt": Decimal("1.50")}}),
    (Pain.PLAIN_TEXT_DOUBLED, CipherRefused, lambda: {**edited(), "data": "{}"}),
]


@pytest.mark.parametrize(("pain", "kind", "make"), MALFORMED, ids=lambda part: str(part)[:20])
def test_what_is_no_good_envelope_is_named(
    pain: Pain, kind: type[EnvelopeError], make: Callable[[], dict[str, object] | bytes]
) -> None:
    wire = make()
    if isinstance(wire, dict):
        wire = json.dumps(wire, default=float, ensure_ascii=False).encode()
    error = pain_of(wire)
    assert error.pain is pain
    assert type(error) is kind


def test_another_application_is_error_114() -> None:
    error = pain_of(edited(appId=lambda text: text[::-1]))
    assert error.code == 114
    assert error.chinese == "申请支付授权码与授权使用的APPID不一致,请重新授权"
    assert not refusals()[Pain.APP_ID].invented


def test_plain_data_may_stand_beside_the_cipher_when_it_is_the_same() -> None:
    wire = sender(replace(VARIANT, keep_data=True)).seal(DATA, now_ns=NOW)
    assert wire["data"] == DATA
    assert receiver().open(encode(wire), now_ns=NOW).data == DATA


@pytest.mark.parametrize(("seconds", "good"), [(300, True), (-300, True), (301, False), (-301, False)])
def test_the_tolerance_is_exact_both_ways(seconds: int, good: bool) -> None:
    wire = sender().seal(DATA, now_ns=NOW + seconds * NS)
    if good:
        receiver().open(wire, now_ns=NOW)
    else:
        assert pain_of(wire).pain is Pain.TIMESTAMP_AWAY
    timeless = replace(VARIANT, tolerance_s=0)
    assert receiver(timeless).open(wire, now_ns=NOW).at_ns == NOW + seconds * NS


@pytest.mark.parametrize("form", list(TimestampForm))
def test_timestamp_forms(form: TimestampForm) -> None:
    assert parse_timestamp(spell_timestamp(NOW, form)) == NOW
    wire = sender(replace(VARIANT, timestamp=form)).seal(DATA, now_ns=NOW)
    assert receiver(replace(VARIANT, any_timestamp=True)).open(wire, now_ns=NOW).at_ns == NOW
    if form is not TimestampForm.MILLISECONDS:
        assert pain_of(wire).pain is Pain.TIMESTAMP_FORM


def test_a_date_that_does_not_exist_is_no_timestamp() -> None:
    variant = replace(VARIANT, timestamp=TimestampForm.STAMP)
    wire = {**sender(variant).seal(DATA, now_ns=NOW), "timestamp": "20200231000000"}
    assert pain_of(wire, variant).pain is Pain.TIMESTAMP_FORM


def test_plain_types_are_read_only_when_agreed() -> None:
    unsigned = replace(VARIANT, sign_type=SignType.PLAIN)
    plain = replace(VARIANT, enc_type=EncType.PLAIN)
    wire = sender(unsigned).seal(DATA, now_ns=NOW)
    assert "signData" not in wire
    assert pain_of(wire).pain is Pain.PLAIN_TYPE
    opened = receiver(replace(VARIANT, accept_unsigned=True)).open(encode(wire), now_ns=NOW)
    assert not opened.signed
    assert opened.encrypted
    wire = sender(plain).seal(DATA, now_ns=NOW)
    assert "encData" not in wire
    assert pain_of(wire).pain is Pain.PLAIN_TYPE
    opened = receiver(replace(VARIANT, accept_plain_data=True)).open(encode(wire), now_ns=NOW)
    assert opened.signed
    assert not opened.encrypted
    assert opened.data == DATA
    without = {name: value for name, value in wire.items() if name != "data"}
    assert pain_of(without, replace(VARIANT, accept_plain_data=True)).pain is Pain.FIELD_MISSING


def test_the_plain_text_may_be_escaped_or_canonical() -> None:
    for changed, expected in (
        ({"escape_plain": True}, r"\u5f20\u4e09"),
        ({"plain_form": PlainForm.CANONICAL}, '"medfeeSumamt":"12.50"'),
    ):
        wire = sender(replace(VARIANT, **changed)).seal(DATA, now_ns=NOW)
        assert expected in sm4.ecb_decrypt(KEY, bytes.fromhex(str(wire["encData"]))).decode()
        assert receiver().open(wire, now_ns=NOW).data["userName"] == "张三"


def test_replies() -> None:
    theirs, ours = sender(), receiver()
    good = theirs.seal_reply(0, "成功", {"ordStas": "6"}, now_ns=NOW)
    assert good["success"] is True
    assert ours.open_reply(encode(good), now_ns=NOW).data == {"ordStas": "6"}
    assert ours.open_reply(encode(theirs.seal_reply(0, "", now_ns=NOW)), now_ns=NOW).data == {}
    bad = theirs.seal_reply(114, "不一致", now_ns=NOW)
    with pytest.raises(AnswerRefused, match="114 不一致"):
        ours.open_reply(encode(bad), now_ns=NOW)
    altered = {**good, "code": 1}
    with pytest.raises(SignatureRefused):
        ours.open_reply(encode(altered), now_ns=NOW)
    with pytest.raises(AnswerRefused):
        ours.open_reply(b'{"code":-1,"message":"no"}', now_ns=NOW)
    strict = receiver(replace(VARIANT, unsigned_refusals=False))
    with pytest.raises(MalformedEnvelope):
        strict.open_reply(b'{"code":-1,"message":"no"}', now_ns=NOW)
    for code in (b"null", b'"x"', b"{}"):
        with pytest.raises(MalformedEnvelope):
            ours.open_reply(b'{"code":' + code + b"}", now_ns=NOW)


def test_data_that_no_message_may_contain_is_refused_before_anything_is_signed() -> None:
    def never(_: bytes) -> bytes:
        raise AssertionError

    for value in (1.5, "\ud800", b""):
        with pytest.raises(ValueError, match=r".+"):
            sender(sign=never).seal({"a": value}, now_ns=NOW)


def test_a_machine_that_lies_is_not_believed() -> None:
    class Liar(LocalMachine):
        lie = ""

        def sign(self, message: bytes) -> bytes:
            return OURS.sign(message + b"!" if self.lie == "sign" else message)

        def verify(self, message: bytes, signature: bytes) -> bool:
            return super().verify(message, signature) != (self.lie == "verify")

        def encrypt(self, data: bytes) -> bytes:
            return super().encrypt(data + b" " if self.lie == "encrypt" else data)

        def decrypt(self, data: bytes) -> bytes:
            if self.lie == "refuse":
                raise DecryptionFailed("no")
            return super().decrypt(data) + (b" " if self.lie == "decrypt" else b"")

    liar = Liar(own=OURS, peer=THEIRS.public, sm4_key=KEY)
    checked = CheckedMachine(liar, own=OURS.public, peer=THEIRS.public, sm4_key=KEY)
    codec = EnvelopeCodec(APPLICATION, checked, VARIANT)
    wire = sender().seal(DATA, now_ns=NOW)
    forged = sender(sign=OURS.sign).seal(DATA, now_ns=NOW)
    assert codec.open(wire, now_ns=NOW).data == DATA
    assert "signData" in codec.seal(DATA, now_ns=NOW)
    for lie, operation in (("verify", "verify"), ("decrypt", "decrypt"), ("refuse", "decrypt")):
        liar.lie = lie
        with pytest.raises(MachineDistrusted) as caught:
            codec.open(wire, now_ns=NOW)
        assert caught.value.operation == operation
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    liar.lie = "verify"
    with pytest.raises(MachineDistrusted):
        codec.open(forged, now_ns=NOW)
    for lie in ("sign", "encrypt"):
        liar.lie = lie
        with pytest.raises(MachineDistrusted, match="nothing was sent"):
            codec.seal(DATA, now_ns=NOW)
    liar.lie = ""
    with pytest.raises(CipherRefused):
        codec.open({**wire, "encData": "00" * 32}, now_ns=NOW)


def test_variants_are_data_and_checked() -> None:
    assert offered_variants() == ("e-prescription", "national", "nhsa-website", "older")
    with pytest.raises(ConfigError, match="no variant"):
        load_variant("nowhere")
    values = {key: value for key, value in vars(VARIANT).items() if key != "name"}
    with pytest.raises(ConfigError, match="unknown or missing keys: extra"):
        parse_variant("x", {**values, "canonical": {}, "extra": 1})
    for broken in ({"canonical": {"ordr": "sorted"}}, {"canonical": {"order": "up"}}, {"timestamp": "hours"}):
        with pytest.raises(ConfigError, match="cannot be"):
            parse_variant("x", {**values, "canonical": {}, **broken})


def test_every_pain_has_its_row_and_codes_are_unlike() -> None:
    assert set(refusals()) == set(Pain)
    codes = [row.code for row in refusals().values()]
    assert len(set(codes)) == len(codes)
    assert [row.pain for row in refusals().values() if not row.invented] == [Pain.APP_ID]


PLAIN_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(offered_variants()),
    st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), PLAIN_VALUES, max_size=4),
)
def test_any_data_crosses(name: str, data: dict[str, Any]) -> None:
    variant = load_variant(name)
    wire = encode(sender(variant).seal(data, now_ns=NOW))
    assert receiver(variant).open(wire, now_ns=NOW).data == data


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_any_bytes_are_refused_by_an_envelope_error(raw: bytes) -> None:
    for opening in (receiver().open, receiver().open_reply):
        with pytest.raises(EnvelopeError):
            opening(raw, now_ns=NOW)


GOOD = encode(sender().seal(DATA, now_ns=NOW))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_any_changed_byte_is_refused_or_says_the_same(at: int, byte: int) -> None:
    raw = GOOD[:at] + bytes([byte]) + GOOD[at + 1 :]
    try:
        opened = receiver().open(raw, now_ns=NOW)
    except EnvelopeError:
        return
    assert opened.data == DATA
    assert raw.lower() == GOOD.lower() or b"ncType" in raw


def test_canonical_defaults_are_the_national_variant() -> None:
    assert VARIANT.canonical == Canonical()
