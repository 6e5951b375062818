"""Strict DER: what is accepted has exactly one spelling, and it comes back as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.gm import InvalidEncoding, der

HALF = st.binary(min_size=32, max_size=32)
VALID = der.signature_to_der(bytes.fromhex("80" + "11" * 31 + "00" * 31 + "7f"))


@given(HALF, HALF)
def test_a_raw_signature_survives_der(r: bytes, s: bytes) -> None:
    assert der.signature_from_der(der.signature_to_der(r + s)) == r + s


@given(st.one_of(st.binary(max_size=90), st.builds(lambda a, b: VALID[:a] + b + VALID[a + len(b) :],
       st.integers(0, len(VALID)), st.binary(max_size=4))))  # fmt: skip
def test_whatever_is_accepted_is_the_one_spelling(data: bytes) -> None:
    try:
        raw = der.signature_from_der(data)
    except InvalidEncoding:
        return
    assert der.signature_to_der(raw) == data


def test_every_cut_and_every_extra_byte_is_refused() -> None:
    wrong = [VALID[:size] for size in range(len(VALID))] + [VALID + bytes([value]) for value in range(256)]
    for data in wrong:
        with pytest.raises(InvalidEncoding):
            der.signature_from_der(data)


@pytest.mark.parametrize(
    ("spelled", "why"),
    [
        ("30060201ff020101", "negative"),
        ("300702020001020101", "superfluous leading 00"),
        ("30050200020101", "no bytes"),
        ("3080020101020101", "indefinite"),
        ("308106020101020101", "not the shortest"),
        ("30820006020101020101", "not the shortest"),
        ("3009020101020101020101", "too many"),
        ("3003020101", "too early"),
        ("3106020101020101", "tag 31"),
        ("3006040101020101", "tag 04"),
        ("30ff", "too early"),
    ],
)
def test_each_laxness_is_named(spelled: str, why: str) -> None:
    with pytest.raises(InvalidEncoding, match=why):
        der.signature_from_der(bytes.fromhex(spelled))


def test_a_value_of_more_than_256_bits_does_not_fit() -> None:
    spelled = der.element(der.SEQUENCE, der.integer(1 << 256) + der.integer(1))
    with pytest.raises(InvalidEncoding, match="257 bits"):
        der.signature_from_der(spelled)


@pytest.mark.parametrize("size", [0, 1, 63, 65, 128])
def test_a_raw_signature_has_64_bytes(size: int) -> None:
    with pytest.raises(InvalidEncoding, match="64"):
        der.signature_to_der(bytes(size))


@given(HALF, HALF, HALF, st.binary(max_size=300))
def test_a_ciphertext_survives_der_and_the_old_order(x: bytes, y: bytes, c3: bytes, c2: bytes) -> None:
    plain = b"\x04" + x + y + c3 + c2
    assert der.ciphertext_from_der(der.ciphertext_to_der(plain)) == plain
    assert der.from_old_order(der.to_old_order(plain)) == plain


@pytest.mark.parametrize("wrong", [b"", bytes(96), b"\x04" + bytes(95), b"\x06" + bytes(120)])
def test_what_is_no_ciphertext_is_refused(wrong: bytes) -> None:
    with pytest.raises(InvalidEncoding):
        der.ciphertext_to_der(wrong)
    with pytest.raises(InvalidEncoding):
        der.ciphertext_from_der(wrong)
    if len(wrong) < 97:
        for convert in (der.to_old_order, der.from_old_order):
            with pytest.raises(InvalidEncoding):
                convert(wrong)


def test_c3_has_32_bytes() -> None:
    inside = der.integer(1) + der.integer(1) + der.element(der.OCTET_STRING, bytes(31)) + der.element(4, b"x")
    with pytest.raises(InvalidEncoding, match="C3"):
        der.ciphertext_from_der(der.element(der.SEQUENCE, inside))
