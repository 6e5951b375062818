"""Error codes as numbers, there and back."""

import pytest

from harness.wire.encryption_machine.error_codes import code_number, code_of_number
from harness.wire.encryption_machine.profile import load_host_profile, offered_host_profiles


def test_hex_digits_are_the_number() -> None:
    assert (code_number("41"), code_number("D2")) == (0x41, 0xD2)


@pytest.mark.parametrize("name", offered_host_profiles())
def test_every_code_of_every_table_goes_there_and_back(name: str) -> None:
    codes = load_host_profile(name).errors
    assert [code_of_number(code_number(code), codes) for code in codes] == list(codes)


def test_a_code_is_spelled_as_in_its_table() -> None:
    assert code_of_number(0xD2, ["d2"]) == "d2"
    assert code_of_number(0xD2, []) == "D2"


@pytest.mark.parametrize("code", ["ZZ", "1", "123", ""])
def test_what_is_not_two_hex_digits_has_no_number(code: str) -> None:
    with pytest.raises(ValueError, match=r"hex|literal"):
        code_number(code)


@pytest.mark.parametrize("number", [-1, 256])
def test_a_number_beyond_two_digits_is_no_code(number: int) -> None:
    with pytest.raises(ValueError, match="0 to 255"):
        code_of_number(number, [])
