"""Every vector of fixtures/gm-vectors.json, through every interface that it applies to.

`GROUPS` says how many cases of each group are tested here; a group or a case that the file has and this module does not
know fails the first test.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from fixtures import fixture
from harness.gm import (
    Ciphertext,
    DecryptionFailed,
    GmError,
    InvalidEncoding,
    InvalidKey,
    PrivateKey,
    PublicKey,
    Signature,
    Signer,
    der,
    sm2_reference,
    sm3,
    sm3_digest,
    sm4,
)
from harness.gm.sm2 import CURVE, SPKI_HEAD
from harness.gm.sm2_reference import Curve
from harness.gm.sm3 import GmsslDigest

Case = dict[str, Any]

VECTORS: dict[str, Any] = json.loads(fixture("gm-vectors.json").read_text("utf-8"))
GROUPS = {
    "sm3": 4,
    "sm4": 8,
    "sm2_sign": 4,
    "sm2_encrypt": 3,
    "sm2_verify_negative": 19,
    "sm2_pubkey_negative": 6,
    "sm2_privkey_negative": 3,
    "sm2_decrypt_negative": 4,
}
DESCRIPTIONS = {"title", "conventions", "curves"}
STANDARD = "sm2p256v1"
CURVES = {
    name: Curve(**{key: int(row[key], 16) for key in ("p", "a", "b", "n", "gx", "gy")})
    for name, row in VECTORS["curves"].items()
}
NONCE = 0x1234567890ABCDEF


def cases(group: str) -> list[Case]:
    found = VECTORS[group]
    rows: list[Case] = found if isinstance(found, list) else found["cases"]
    return rows


def over(group: str) -> pytest.MarkDecorator:
    def name_of(case: Case) -> str:
        return str(case.get("id") or case.get("name") or f"{case['mode']}-{case['iterations']}")

    return pytest.mark.parametrize("case", cases(group), ids=name_of)


def octets(case: Case, key: str) -> bytes:
    return bytes.fromhex(case[key])


def number(case: Case, key: str) -> int:
    return int(case[key], 16)


def private(case: Case) -> PrivateKey:
    return PrivateKey.from_bytes(octets(case, "d"))


def public(case: Case) -> PublicKey:
    return PublicKey(x=number(case, "px"), y=number(case, "py"))


def context(group: str) -> Case:
    found: Case = VECTORS[group]["context"]
    return found


def test_every_group_and_case_of_the_file_is_tested_here() -> None:
    assert set(VECTORS) == set(GROUPS) | DESCRIPTIONS
    assert {group: len(cases(group)) for group in GROUPS} == GROUPS
    assert all(set(VECTORS[group]) == {"context", "cases"} for group in GROUPS if group.endswith("_negative"))


def test_the_curve_of_the_code_is_the_curve_of_the_file() -> None:
    assert CURVES[STANDARD] == CURVE
    assert bytes.fromhex("2a811ccf5501822d") in SPKI_HEAD
    assert VECTORS["curves"][STANDARD]["oid"] == "1.2.156.10197.1.301"


@over("sm3")
def test_sm3(case: Case) -> None:
    message = octets(case, "msg_hex") * case["repeat"]
    pieces, slow = sm3_digest(), GmsslDigest()
    for start in range(0, len(message), 100_003):
        pieces.update(message[start : start + 100_003])
        slow.update(message[start : start + 100_003])
    assert [sm3(message).hex(), pieces.digest().hex(), slow.digest().hex()] == [case["digest"]] * 3


def _ecb(case: Case) -> tuple[bytes, bytes]:
    key = octets(case, "key")
    return (
        sm4.ecb_encrypt(key, octets(case, "pt"), padding=sm4.Padding.NONE),
        sm4.ecb_decrypt(key, octets(case, "ct"), padding=sm4.Padding.NONE),
    )


def _cbc(case: Case) -> tuple[bytes, bytes]:
    key, iv = octets(case, "key"), octets(case, "iv")
    return (
        sm4.cbc_encrypt(key, iv, octets(case, "pt"), padding=sm4.Padding.NONE),
        sm4.cbc_decrypt(key, iv, octets(case, "ct"), padding=sm4.Padding.NONE),
    )


def _cfb(case: Case) -> tuple[bytes, bytes]:
    key, iv = octets(case, "key"), octets(case, "iv")
    return sm4.cfb_encrypt(key, iv, octets(case, "pt")), sm4.cfb_decrypt(key, iv, octets(case, "ct"))


def _stream(cipher: Callable[[bytes, bytes, bytes], bytes]) -> Callable[[Case], tuple[bytes, bytes]]:
    def both(case: Case) -> tuple[bytes, bytes]:
        key, iv = octets(case, "key"), octets(case, "iv")
        return cipher(key, iv, octets(case, "pt")), cipher(key, iv, octets(case, "ct"))

    return both


def _sealed(
    encrypt: Callable[..., tuple[bytes, bytes]], decrypt: Callable[..., bytes]
) -> Callable[[Case], tuple[bytes, bytes]]:
    def both(case: Case) -> tuple[bytes, bytes]:
        key, iv, aad, tag = (octets(case, name) for name in ("key", "iv", "aad", "tag"))
        ct, made = encrypt(key, iv, octets(case, "pt"), aad=aad)
        assert made == tag
        return ct, decrypt(key, iv, octets(case, "ct"), tag, aad=aad)

    return both


def _encrypted_over_and_over(case: Case) -> bytes:
    # With a zero vector and zero blocks CBC encrypts its own last output: one call instead of a million.
    message = octets(case, "pt") + bytes(sm4.BLOCK * (case["iterations"] - 1))
    chained = sm4.cbc_encrypt(octets(case, "key"), bytes(sm4.BLOCK), message, padding=sm4.Padding.NONE)
    last, before = chained[-16:], chained[-32:-16]
    assert sm4.ecb_decrypt(octets(case, "key"), last, padding=sm4.Padding.NONE) == before
    return last


MODES = {
    "ECB": _ecb,
    "CBC": _cbc,
    "CFB": _cfb,
    "OFB": _stream(sm4.ofb),
    "CTR": _stream(sm4.ctr),
    "GCM": _sealed(sm4.gcm_encrypt, sm4.gcm_decrypt),
    "CCM": _sealed(sm4.ccm_encrypt, sm4.ccm_decrypt),
}


@over("sm4")
def test_sm4(case: Case) -> None:
    if case["iterations"] > 1:
        assert _encrypted_over_and_over(case) == octets(case, "ct")
        return
    assert MODES[case["mode"]](case) == (octets(case, "ct"), octets(case, "pt"))


def _e(case: Case, curve: Curve, point: tuple[int, int]) -> int:
    if case["level"] == "digest":
        return number(case, "e")
    za = sm2_reference.identity_digest(curve, point, octets(case, "id_hex"))
    assert za.hex() == case.get("za", za.hex())
    return int.from_bytes(sm3(za + octets(case, "msg_hex")))


@over("sm2_sign")
def test_sm2_signature_by_the_reference(case: Case) -> None:
    curve = CURVES[case["curve"]]
    point = curve.multiply(number(case, "d"), curve.base)
    assert point is not None
    assert (f"{point[0]:064x}", f"{point[1]:064x}") == (
        case.get("px", f"{point[0]:064x}"),
        case.get("py", f"{point[1]:064x}"),
    )
    e = _e(case, curve, point)
    assert f"{e:064x}" == case.get("e", f"{e:064x}")
    raw = der.signature_from_der(octets(case, "der")) if "der" in case else octets(case, "r") + octets(case, "s")
    r, s = int.from_bytes(raw[:32]), int.from_bytes(raw[32:])
    if "k" in case:
        assert sm2_reference.sign(curve, number(case, "d"), e, number(case, "k")) == (r, s)
    assert sm2_reference.verify(curve, point, e, r, s)
    assert not sm2_reference.verify(curve, point, e + 1, r, s)


@over("sm2_sign")
def test_sm2_signature_by_the_library(case: Case) -> None:
    if case["curve"] != STANDARD:
        with pytest.raises(InvalidKey):
            PublicKey(x=CURVES[case["curve"]].gx, y=CURVES[case["curve"]].gy)
        return
    key, spelled = private(case), octets(case, "der")
    assert key.public == public(case)
    raw = der.signature_from_der(spelled)
    assert der.signature_to_der(raw) == spelled
    assert raw.hex() == case.get("raw", raw.hex())
    e = octets(case, "e")
    for e_signature in (key.sign_digest(e), raw):
        assert key.public.verify_digest(e, e_signature)
        assert key.public.verify_digest(e, der.signature_to_der(e_signature), form=Signature.DER)
    assert not key.public.verify_digest(sm3(e), raw)
    if case["level"] == "message":
        user_id, message = octets(case, "id_hex"), octets(case, "msg_hex")
        assert key.public.identity_digest(user_id) == octets(case, "za")
        assert key.public.digest(message, user_id=user_id) == e
        for form, known in ((Signature.RAW, raw), (Signature.DER, spelled)):
            made = key.sign(message, user_id=user_id, form=form)
            cached = Signer(key, user_id=user_id, form=form).sign(message)
            for signature in (known, made, cached):
                assert key.public.verify(message, signature, user_id=user_id, form=form)
                assert not key.public.verify(message + b"!", signature, user_id=user_id, form=form)


@over("sm2_encrypt")
def test_sm2_ciphertext_by_the_reference(case: Case) -> None:
    curve, message = CURVES[case["curve"]], octets(case, "msg_hex")
    point = curve.multiply(number(case, "d"), curve.base)
    assert point is not None
    spelled = octets(case, "der_gmt0009")
    plain = der.ciphertext_from_der(spelled)
    assert der.ciphertext_to_der(plain) == spelled
    if "k" in case:
        assert sm2_reference.encrypt(curve, point, message, number(case, "k")) == plain
    if "c1c3c2" in case:
        assert plain == octets(case, "c1c3c2") == octets(case, "c1") + octets(case, "c3") + octets(case, "c2")
        assert der.to_old_order(plain) == octets(case, "c1c2c3_old")
        assert der.from_old_order(octets(case, "c1c2c3_old")) == plain
    assert sm2_reference.decrypt(curve, number(case, "d"), plain) == message


@over("sm2_encrypt")
def test_sm2_ciphertext_by_the_library(case: Case) -> None:
    key, message, spelled = private(case), octets(case, "msg_hex"), octets(case, "der_gmt0009")
    if case["curve"] != STANDARD:
        with pytest.raises(DecryptionFailed):
            key.decrypt(spelled, form=Ciphertext.DER)
        return
    assert key.public == public(case)
    assert key.decrypt(spelled, form=Ciphertext.DER) == message
    assert key.decrypt(der.ciphertext_from_der(spelled)) == message
    for form in Ciphertext:
        assert key.decrypt(key.public.encrypt(message, form=form), form=form) == message


@over("sm2_verify_negative")
def test_wrong_signatures_are_refused(case: Case) -> None:
    ground = context("sm2_verify_negative")
    key, message, user_id = public(ground), octets(ground, "msg_hex"), octets(ground, "id_hex")
    e = octets(case, "e") if "e" in case else key.digest(message, user_id=user_id)
    assert key.verify_digest(e, octets(ground, "valid_der"), form=Signature.DER)
    assert {"der", "raw"} & set(case)
    if "der" in case:
        spelled = octets(case, "der")
        assert not key.verify_digest(e, spelled, form=Signature.DER)
        assert not key.verify(message, spelled, user_id=user_id, form=Signature.DER)
        if case["kind"] == "encoding" or "raw" not in case:
            with pytest.raises(InvalidEncoding):
                der.signature_from_der(spelled)
        else:
            assert der.signature_from_der(spelled) == octets(case, "raw")
    if "raw" in case:
        raw = octets(case, "raw")
        assert not key.verify_digest(e, raw)
        assert not key.verify(message, raw, user_id=user_id)
        if case["kind"] == "raw-length":
            with pytest.raises(InvalidEncoding):
                der.signature_to_der(raw)
        else:
            r, s = int.from_bytes(raw[:32]), int.from_bytes(raw[32:])
            assert not sm2_reference.verify(CURVE, (key.x, key.y), int.from_bytes(e), r, s)


@over("sm2_pubkey_negative")
def test_wrong_public_keys_are_refused(case: Case) -> None:
    point = octets(case, "point")
    for make in (PublicKey.from_point, lambda taken: PublicKey.from_spki(SPKI_HEAD + taken)):
        with pytest.raises(InvalidKey):
            make(point)
    if len(point) == der.POINT_SIZE and point.startswith(der.UNCOMPRESSED):
        x, y = int.from_bytes(point[1:33]), int.from_bytes(point[33:])
        with pytest.raises(InvalidKey):
            PublicKey(x=x, y=y)
        assert not sm2_reference.verify(CURVE, (x, y), 1, 1, 1)


@over("sm2_privkey_negative")
def test_wrong_private_keys_are_refused(case: Case) -> None:
    with pytest.raises(InvalidKey):
        PrivateKey.from_bytes(octets(case, "d"))
    with pytest.raises(InvalidKey):
        PrivateKey(d=number(case, "d"))
    stored = PrivateKey(d=NONCE).pkcs8.replace(NONCE.to_bytes(32), octets(case, "d"))
    with pytest.raises(InvalidKey):
        PrivateKey.from_pkcs8(stored)


@over("sm2_decrypt_negative")
def test_wrong_ciphertexts_give_no_plaintext(case: Case) -> None:
    ground = context("sm2_decrypt_negative")
    key = private(ground)
    plaintext = key.decrypt(octets(ground, "valid_der"), form=Ciphertext.DER)
    attempts = ((octets(case, "der"), Ciphertext.DER), (octets(case, "c1c3c2"), Ciphertext.C1C3C2))
    for ciphertext, form in attempts:
        with pytest.raises(GmError) as refused:
            key.decrypt(ciphertext, form=form)
        assert plaintext.decode() not in str(refused.value)
        assert plaintext.hex() not in str(refused.value)
    assert sm2_reference.decrypt(CURVE, key.d, octets(case, "c1c3c2")) is None
