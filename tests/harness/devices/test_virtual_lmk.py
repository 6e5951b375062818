"""The published LMK: one data file, which the virtual machine and hosts that bring their own key both read."""

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from harness.devices.virtual_lmk import lmk_variant, published_lmk, under_test_lmk
from simulators.encryption_machine.lmk import TEST_LMK, unwrap_symmetric

KEY = bytes(range(16))


def test_it_is_what_the_documentation_says() -> None:
    assert published_lmk() == TEST_LMK == b"Liantiao test LM"


def test_a_key_under_it_opens_in_the_machine() -> None:
    wrapped = under_test_lmk(KEY, "00A")
    variant = b"Liantiao test " + bytes([ord("L"), ord("M") ^ 0x0A])
    assert wrapped.wrapped == Cipher(algorithms.SM4(variant), modes.ECB()).encryptor().update(KEY)
    assert unwrap_symmetric(wrapped.wrapped, "00A") == KEY
    assert unwrap_symmetric(wrapped.wrapped, "109") != KEY


@pytest.mark.parametrize("kind", ["1000", "-1", "xyz", ""])
def test_a_key_type_has_three_hex_digits(kind: str) -> None:
    with pytest.raises(ValueError, match=r"three hex digits|invalid literal"):
        lmk_variant(kind)
