"""SM2 as the product uses it, against the plain-Python reference."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
)
from harness.gm.sm2 import CURVE, MAX_USER_ID

KEY = PrivateKey(d=0x128B2FA8BD433C6C068C8D803DFF79792A519A55171B1B650C23661D15897263)
POINT = (KEY.public.x, KEY.public.y)
OTHER = PrivateKey(d=0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8)
QUICK = settings(max_examples=25, deadline=None)


def halves(raw: bytes) -> tuple[int, int]:
    return int.from_bytes(raw[:32]), int.from_bytes(raw[32:])


@QUICK
@given(st.binary(max_size=200), st.binary(max_size=40))
def test_library_and_reference_verify_each_other(message: bytes, user_id: bytes) -> None:
    e = KEY.public.digest(message, user_id=user_id)
    assert e == sm3(sm2_reference.identity_digest(CURVE, POINT, user_id) + message)
    number = int.from_bytes(e)
    assert sm2_reference.verify(CURVE, POINT, number, *halves(KEY.sign(message, user_id=user_id)))
    r, s = sm2_reference.sign(CURVE, KEY.d, number, random.Random(number).randrange(1, CURVE.n))
    raw = r.to_bytes(32) + s.to_bytes(32)
    assert KEY.public.verify(message, raw, user_id=user_id)
    assert KEY.public.verify(message, der.signature_to_der(raw), user_id=user_id, form=Signature.DER)
    assert not KEY.public.verify(message, raw, user_id=user_id + b"\0")
    assert not OTHER.public.verify(message, raw, user_id=user_id)


@QUICK
@given(st.integers(0, 511))
def test_any_changed_bit_is_a_wrong_signature(bit: int) -> None:
    raw = bytearray(KEY.sign(b"message"))
    raw[bit // 8] ^= 1 << bit % 8
    assert not KEY.public.verify(b"message", bytes(raw))


@pytest.mark.parametrize("junk", [b"", b"\0", b"\x30", bytes(63), bytes(64), bytes(65), b"\xff" * 64, b"\xff" * 5000])
def test_junk_is_a_wrong_signature_in_either_form(junk: bytes) -> None:
    for form in Signature:
        assert KEY.public.verify(b"message", junk, form=form) is False


def test_the_form_is_never_guessed() -> None:
    assert not KEY.public.verify(b"message", KEY.sign(b"message", form=Signature.DER), form=Signature.RAW)
    assert not KEY.public.verify(b"message", KEY.sign(b"message"), form=Signature.DER)


def test_the_forgery_with_t_of_zero_is_refused() -> None:
    s = 0x1234567
    x, _ = CURVE.multiply(s, CURVE.base) or (0, 0)
    r = CURVE.n - s
    e = (r - x) % CURVE.n
    assert (e + x) % CURVE.n == r, "a verifier that lacks t ≠ 0 would accept it"
    assert not KEY.public.verify_digest(e.to_bytes(32), r.to_bytes(32) + s.to_bytes(32))
    assert not sm2_reference.verify(CURVE, POINT, e, r, s)


def test_short_halves_keep_their_leading_zeros() -> None:
    e = KEY.public.digest(b"short")
    nonces = random.Random(7)
    for _ in range(600):
        r, s = sm2_reference.sign(CURVE, KEY.d, int.from_bytes(e), nonces.randrange(1, CURVE.n))
        if max(r.bit_length(), s.bit_length()) > 248 and min(r.bit_length(), s.bit_length()) <= 248:
            break
    raw = r.to_bytes(32) + s.to_bytes(32)
    spelled = der.signature_to_der(raw)
    assert len(spelled) < 71
    assert der.signature_from_der(spelled) == raw
    assert KEY.public.verify_digest(e, spelled, form=Signature.DER)


def test_a_repeatable_signer_says_the_same_twice_and_is_valid() -> None:
    for form in Signature:
        first, second = (Signer(KEY, form=form, repeatable=True).sign(b"message") for _ in range(2))
        assert first == second
        assert KEY.public.verify(b"message", first, form=form)
        assert first != Signer(KEY, form=form, repeatable=True).sign(b"messages")
    assert Signer(KEY).sign(b"message") != Signer(KEY).sign(b"message")


def test_a_signer_has_its_user_id() -> None:
    signature = Signer(KEY, user_id=b"ALICE123@YAHOO.COM").sign(b"message")
    assert KEY.public.verify(b"message", signature, user_id=b"ALICE123@YAHOO.COM")
    assert not KEY.public.verify(b"message", signature)


@pytest.mark.parametrize("size", [1, 19, 255, 256, 1984, 5000])
@pytest.mark.parametrize("form", list(Ciphertext))
def test_ciphertexts_of_any_size_come_back(size: int, form: Ciphertext) -> None:
    message = bytes(range(256)) * 20
    message = message[:size]
    ciphertext = KEY.public.encrypt(message, form=form)
    assert KEY.decrypt(ciphertext, form=form) == message
    plain = ciphertext if form is Ciphertext.C1C3C2 else der.ciphertext_from_der(ciphertext)
    assert sm2_reference.decrypt(CURVE, KEY.d, plain) == message
    made = sm2_reference.encrypt(CURVE, POINT, message, 0xABCDEF)
    assert KEY.decrypt(made if form is Ciphertext.C1C3C2 else der.ciphertext_to_der(made), form=form) == message


@pytest.mark.parametrize("size", [20, 300])
def test_any_changed_byte_of_a_ciphertext_gives_nothing(size: int) -> None:
    ciphertext = sm2_reference.encrypt(CURVE, POINT, b"x" * size, 0xABCDEF)
    for position in random.Random(1).sample(range(len(ciphertext)), 24):
        changed = bytearray(ciphertext)
        changed[position] ^= 1
        with pytest.raises((DecryptionFailed, InvalidEncoding)):
            KEY.decrypt(bytes(changed))
    for wrong in (der.to_old_order(ciphertext), ciphertext[:-1], ciphertext + b"\0", ciphertext[1:]):
        with pytest.raises((DecryptionFailed, InvalidEncoding)):
            KEY.decrypt(wrong)
    with pytest.raises(DecryptionFailed):
        OTHER.decrypt(ciphertext)


def test_what_cannot_be_done_is_said() -> None:
    with pytest.raises(GmError, match="empty"):
        KEY.public.encrypt(b"")
    with pytest.raises(GmError, match="32"):
        KEY.sign_digest(b"message")
    with pytest.raises(GmError, match="32"):
        KEY.public.verify_digest(b"message", bytes(64))
    with pytest.raises(GmError, match="user id"):
        KEY.sign(b"", user_id=bytes(MAX_USER_ID + 1))
    assert KEY.public.verify(b"", KEY.sign(b"", user_id=bytes(MAX_USER_ID)), user_id=bytes(MAX_USER_ID))


def test_keys_come_back_from_every_form() -> None:
    assert PublicKey.from_point(KEY.public.point) == KEY.public
    assert PublicKey.from_spki(KEY.public.spki) == KEY.public
    assert PrivateKey.from_pkcs8(KEY.pkcs8) == KEY
    assert PrivateKey.from_bytes(KEY.d.to_bytes(32)) == KEY
    assert PrivateKey.generate() != PrivateKey.generate()


def test_the_ends_of_the_range_of_private_keys() -> None:
    assert PrivateKey(d=1).public == PublicKey(x=CURVE.gx, y=CURVE.gy)
    last = PrivateKey(d=CURVE.n - 2)
    assert last.public.verify(b"message", last.sign(b"message"))
    for d in (-1, 0, CURVE.n - 1, CURVE.n, 1 << 256):
        with pytest.raises(InvalidKey):
            PrivateKey(d=d)


def test_stored_keys_that_are_not_quite_right_are_refused() -> None:
    spki, pkcs8 = KEY.public.spki, KEY.pkcs8
    for wrong in (
        b"",
        spki[:-1],
        spki + b"\0",
        spki.replace(b"\x82\x2d", b"\x82\x2e"),
        spki[26:],
        KEY.public.point[1:],
    ):
        with pytest.raises(InvalidKey):
            PublicKey.from_spki(wrong)
    for wrong in (b"", pkcs8[:-1], pkcs8 + b"\0", pkcs8.replace(b"\x82\x2d", b"\x82\x2e"), spki):
        with pytest.raises(InvalidKey):
            PrivateKey.from_pkcs8(wrong)
    with pytest.raises(InvalidKey):
        PrivateKey.from_bytes(b"\1")


def test_a_private_key_does_not_print_itself() -> None:
    assert f"{KEY.d:x}" not in repr(KEY).lower()
    assert str(KEY.d) not in repr(KEY)


def test_the_reference_names_nonces_that_give_no_signature() -> None:
    for k in (0, CURVE.n):
        with pytest.raises(ValueError, match="nonce"):
            sm2_reference.sign(CURVE, KEY.d, 1, k)
    k = 5
    x, _ = CURVE.multiply(k, CURVE.base) or (0, 0)
    for e in (-x % CURVE.n, (CURVE.n - k - x) % CURVE.n):
        with pytest.raises(ValueError, match="nonce"):
            sm2_reference.sign(CURVE, KEY.d, e, k)
    with pytest.raises(ValueError, match="nonce"):
        sm2_reference.encrypt(CURVE, POINT, b"x", 0)


def test_the_reference_adds_points_as_a_group() -> None:
    g = CURVE.base
    minus = (g[0], CURVE.p - g[1])
    assert CURVE.add(g, minus) is None
    assert CURVE.add(None, g) == CURVE.add(g, None) == g
    assert CURVE.add(g, g) == CURVE.multiply(2, g)
    assert CURVE.multiply(CURVE.n, g) is None
    assert CURVE.multiply(CURVE.n - 1, g) == minus
    assert CURVE.multiply(0, g) is None
    assert CURVE.multiply(3, None) is None


@pytest.mark.parametrize("form", Signature)
@pytest.mark.parametrize("d", [1, 2, 12345, CURVE.n - 2])
def test_every_private_key_signs_what_its_public_one_verifies(d: int, form: Signature) -> None:
    key = PrivateKey(d=d)
    signatures = {key.sign(b"message", form=form) for _ in range(20)}
    assert len(signatures) == 20
    assert all(key.public.verify(b"message", signature, form=form) for signature in signatures)
    assert not any(key.public.verify(b"messages", signature, form=form) for signature in signatures)


def test_multiples_of_the_base_point_laid_out_are_those_of_the_plain_way() -> None:
    curve = sm2_reference.SM2P256V1
    numbers = (0, 1, 2, 15, 16, 17, curve.n - 1, *(int.from_bytes(sm3(bytes([seed]))) % curve.n for seed in range(5)))
    for number in numbers:
        assert curve.multiply_base(number) == curve.multiply(number, curve.base)
