"""The 28 digits, what a scan is, and codes that phones compute."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.wire.voucher import (
    ScanKind,
    hmac_sm3,
    issuing_key,
    make_code,
    parse_code,
    password_proof,
    phone_code,
    scan_kind,
    window_of,
)

SAMPLE = "4240941908710459319408630000"


def test_a_code_comes_apart_by_the_layout() -> None:
    code = parse_code(SAMPLE)
    assert (code.unique, code.tail, code.province, code.extension) == ("09419087104593194", "08", "63", "0000")
    assert code.digits == SAMPLE


@given(number=st.integers(0, 10**19 - 1), province=st.sampled_from(["11", "63", "64", "82"]))
def test_what_is_made_comes_apart_again(number: int, province: str) -> None:
    code = make_code(number=number, province=province)
    assert len(code) == 28
    assert scan_kind(code) is ScanKind.VOUCHER
    assert int(parse_code(code).unique + parse_code(code).tail) == number
    assert parse_code(code).province == province


@pytest.mark.parametrize("number", [-1, 10**19])
def test_a_number_out_of_range_makes_no_code(number: int) -> None:
    with pytest.raises(ValueError, match="19 digits"):
        make_code(number=number, province="63")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "digits"),
        (SAMPLE[:-1], "not 27"),
        (SAMPLE + "0", "not 29"),
        ("425" + SAMPLE[3:], "begins with 424"),
        (SAMPLE[:-1] + "X", "digits 0 to 9"),
        ("４２４" + SAMPLE[3:], "digits 0 to 9"),
    ],
)
def test_what_is_no_code_says_why(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_code(text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (SAMPLE, ScanKind.VOUCHER),
        ("134567890123456789", ScanKind.WECHAT_PAY),
        ("103456789012345678", ScanKind.WECHAT_PAY),
        ("153456789012345678", ScanKind.WECHAT_PAY),
        ("163456789012345678", ScanKind.OTHER),
        ("093456789012345678", ScanKind.OTHER),
        ("13456789012345678", ScanKind.OTHER),
        ("2501234567890123", ScanKind.ALIPAY_PAY),
        ("304567890123456789012345", ScanKind.ALIPAY_PAY),
        ("250123456789012", ScanKind.OTHER),
        ("3045678901234567890123456", ScanKind.OTHER),
        ("314567890123456789", ScanKind.OTHER),
        (SAMPLE[:-1], ScanKind.OTHER),
        ("639999198503127031", ScanKind.OTHER),
        ("https://example.invalid/424", ScanKind.OTHER),
        ("", ScanKind.OTHER),
    ],
)
def test_a_scan_is_told_by_its_digits(text: str, kind: ScanKind) -> None:
    assert scan_kind(text) is kind


def test_a_phone_code_depends_on_key_person_channel_and_window() -> None:
    def code(seed: int = 1, id_no: str = "639999198503127031", channel: str = "alipay", window: int = 5) -> str:
        key = issuing_key(seed)
        return phone_code(key=key, id_no=id_no, channel=channel, window=window, insured_place="639900")

    others = {code(seed=2), code(id_no="639999199007257042"), code(channel="wechat"), code(window=6)}
    assert code() == code()
    assert code() not in others
    assert len(others) == 4
    assert parse_code(code()).province == "63"


def test_windows_are_counted_from_1970() -> None:
    assert window_of(59_999_999_999, refresh_s=60) == 0
    assert window_of(60_000_000_000, refresh_s=60) == 1


def test_hmac_sm3_agrees_with_the_standard_library() -> None:
    if "sm3" not in hashlib.algorithms_available:
        pytest.skip("this interpreter's OpenSSL has no SM3 to compare with")
    for key in (b"", b"k", b"k" * 64, b"k" * 65, issuing_key(7)):
        for message in (b"", b"abc", b"m" * 200):
            assert hmac_sm3(key, message) == hmac.new(key, message, "sm3").digest()


def test_a_proof_is_sm3_of_prompt_and_password() -> None:
    if "sm3" not in hashlib.algorithms_available:
        pytest.skip("this interpreter's OpenSSL has no SM3 to compare with")
    assert password_proof("PP1", "143709") == hashlib.new("sm3", b"PP1:143709").hexdigest()
